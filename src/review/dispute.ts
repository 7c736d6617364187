import type { AttemptDispute } from "../pool/types.js";
import type { Dispute } from "../protocol/review.js";
import type { Verdict } from "../protocol/types.js";
import type { Opinion } from "../protocol/verdicts.js";

/** Graders that are named; of more, their number. */
const NAMED = 3;
/** Of a grader's name. */
const NAME = 60;

const SAYS: Readonly<Record<Verdict, string>> = {
  correct: "correct",
  incorrect: "incorrect",
  unscored: "unsure",
  truncated: "cut off",
};

/** Why an attempt is in dispute, in words: who says what, and what ours says. */
export function disputeOf({ kind, graded, opinions }: AttemptDispute): Dispute | null {
  if (kind === null) return null;
  const ours = `ours ${SAYS[graded]}`;
  if (kind === "unsure") {
    const unsure = opinions.filter(({ verdict }) => verdict === "unscored");
    if (graded === "unscored") {
      const others = told(opinions.filter(({ verdict }) => verdict !== "unscored"));
      return { kind, words: others ? `ours could not tell; ${others}` : "ours could not tell" };
    }
    return { kind, words: `${names(unsure)} could not tell; ${ours}` };
  }
  const counted = graded === "truncated" ? "incorrect" : graded;
  const imported = kind === "imported";
  const against = opinions.filter(
    ({ grader, verdict }) => isImported(grader) === imported && verdict !== "unscored" && verdict !== counted,
  );
  return { kind, words: `${told(against)}; ${ours}` };
}

const isImported = (grader: string): boolean => grader.startsWith("imported:");

/** "math-verify says correct, judge.py says incorrect" */
function told(opinions: readonly Opinion[]): string {
  return (["correct", "incorrect", "unscored"] as const)
    .map((said) => ({ said, of: opinions.filter(({ verdict }) => verdict === said) }))
    .filter(({ of }) => of.length > 0)
    .map(({ said, of }) => `${names(of)} ${of.length === 1 ? "says" : "say"} ${SAYS[said]}`)
    .join(", ");
}

function names(of: readonly Opinion[]): string {
  const some = of.slice(0, NAMED).map(({ grader }) => grader.slice(0, NAME));
  if (of.length > NAMED) some.push(`${of.length - NAMED} more`);
  const last = some.pop() ?? "";
  return some.length === 0 ? last : `${some.join(", ")} and ${last}`;
}

/** Which reader found the answer, as the grader's reason says it; null where it does not. */
export function answerHow(reason: string): string | null {
  return /; read from (.{1,40}?)\.?$/.exec(reason)?.[1] ?? null;
}
