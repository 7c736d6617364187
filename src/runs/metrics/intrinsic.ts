import type { Intrinsic } from "../../protocol/comparison-parts.js";
import type { SecondTurn } from "../../sampling/second-turns.js";
import { isRight, isScored, meanChange, ratioChange, tally } from "./paired.js";

/**
 * The intrinsic protocol: after EVERY first attempt a neutral instruction that does not say whether it was right, then a
 * second attempt. Never mixed with the oracle-gated figures.
 *
 * SCoRe's metrics (arXiv 2409.12917, section 3), each a share of all pairs of first and second attempt, averaged over
 * problems:
 * - Acc@t1, Acc@t2: right at the first, at the second attempt;
 * - Δ i→c: wrong at first and right at second; Δ c→i: right at first and wrong at second;
 * - Δ = Acc@t2 − Acc@t1 = Δ i→c − Δ c→i;
 * - changed answer: the second final answer is another one, by the grader's equality;
 * - edit-distance ratio: Levenshtein distance over the length of both texts together, in words.
 *
 * S²R's (arXiv 2502.12853) are conditional: ICR of the WRONG first attempts those that end right, CIR of the RIGHT ones
 * those that end wrong; pooled over attempts.
 *
 * `truncated` is a failure on either side; pairs with an `unscored` side leave the accuracies and stand beside.
 */
export function intrinsic(
  problems: readonly number[],
  a: readonly SecondTurn[],
  b: readonly SecondTurn[],
): Intrinsic {
  const of = (value: (turn: SecondTurn) => number | boolean | null) =>
    [tally(problems, a, value), tally(problems, b, value)] as const;
  const scored = (value: (first: boolean, second: boolean) => number | boolean | null) =>
    of(({ first, second }) =>
      isScored(first) && isScored(second) ? value(isRight(first), isRight(second)) : null,
    );
  const undecided = (turns: readonly SecondTurn[]) =>
    turns.filter(({ first, second }) => !isScored(first) || !isScored(second)).length;
  return {
    protocol: "intrinsic",
    accT1: meanChange(...scored((first) => first)),
    accT2: meanChange(...scored((_, second) => second)),
    delta: meanChange(...scored((first, second) => Number(second) - Number(first)), true),
    deltaIC: meanChange(...scored((first, second) => !first && second)),
    deltaCI: meanChange(...scored((first, second) => first && !second)),
    changedAnswer: meanChange(...of(({ changed }) => changed)),
    editRatio: meanChange(...of(({ editRatio }) => editRatio)),
    conditional: {
      icr: ratioChange(...scored((first, second) => (first ? null : second))),
      cir: ratioChange(...scored((first, second) => (first ? !second : null))),
    },
    unscored: { a: undecided(a), b: undecided(b) },
  };
}
