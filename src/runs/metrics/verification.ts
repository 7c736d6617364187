import type { Verification } from "../../protocol/comparison-parts.js";
import type { VerificationTurn } from "../../sampling/second-turns.js";
import { isRight, isScored, ratioChange, tally } from "./paired.js";

/**
 * S²R's metrics of verification (arXiv 2502.12853): a model judges each of its own first attempts without being told
 * anything of it.
 * - verification accuracy: of the verifications, those that say of the attempt what the grader does;
 * - error recall: of the wrong attempts, those that it calls wrong;
 * - correct precision: of the attempts that it calls right, those that are.
 *
 * A verification without a verdict is unparsable: it leaves these denominators, and its share is a figure of its own,
 * over all verifications. `truncated` attempts are wrong ones; `unscored` attempts leave and stand beside. Pooled over
 * attempts, intervals by problem.
 */
export function verification(
  problems: readonly number[],
  a: readonly VerificationTurn[],
  b: readonly VerificationTurn[],
): Verification {
  const of = (value: (saysRight: boolean, isSo: boolean) => boolean | null) => {
    const one = ({ truth, claim }: VerificationTurn) =>
      claim === null || !isScored(truth) ? null : value(claim === "right", isRight(truth));
    return [tally(problems, a, one), tally(problems, b, one)] as const;
  };
  const unparsable = (turns: readonly VerificationTurn[]) =>
    tally(problems, turns, ({ claim }) => claim === null);
  const count = (turns: readonly VerificationTurn[], which: (turn: VerificationTurn) => boolean) =>
    turns.filter(which).length;
  return {
    protocol: "intrinsic",
    accuracy: ratioChange(...of((says, is) => says === is)),
    errorRecall: ratioChange(...of((says, is) => (is ? null : !says))),
    correctPrecision: ratioChange(...of((says, is) => (says ? is : null))),
    unparsable: ratioChange(unparsable(a), unparsable(b)),
    unparsableCount: {
      a: count(a, ({ claim }) => claim === null),
      b: count(b, ({ claim }) => claim === null),
    },
    unscored: {
      a: count(a, ({ truth }) => !isScored(truth)),
      b: count(b, ({ truth }) => !isScored(truth)),
    },
  };
}
