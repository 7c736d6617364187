import type { AttemptDetail } from "../pool/types.js";
import { VERDICTS } from "../protocol/types.js";
import { type Equal, sameAnswers } from "../verdicts/equivalence.js";

/** The answer that stands for this one among the attempts of its problem. */
export type StandsFor = (answer: string) => string;

/** Groups of attempts whose answers are kept sorted out. */
const KEPT = 100;

const itself: StandsFor = (answer) => answer;

/**
 * Which answers of a group mean the same ("1/2" and "0.5"), as the grader sees it. An answer is held against those of
 * the same verdict alone: what the grader told apart stays apart.
 */
export class Equivalents {
  private readonly known = new Map<string, ReadonlyMap<string, string>>();

  constructor(
    /** Undefined where nothing may run. */
    private readonly equal: () => Equal | undefined,
  ) {}

  of(detail: AttemptDetail): StandsFor {
    const known = this.known.get(keyOf(detail));
    return known ? (answer) => known.get(answer) ?? answer : itself;
  }

  /** Sorts a group's answers out; true when that brought some together that were apart. */
  async settle(detail: AttemptDetail): Promise<boolean> {
    const key = keyOf(detail);
    const equal = this.equal();
    if (this.known.has(key) || !equal) return false;
    const stands = new Map<string, string>();
    for (const verdict of VERDICTS) {
      const answers = detail.siblings.flatMap((sibling) =>
        sibling.verdict === verdict && sibling.answer !== null ? [sibling.answer] : [],
      );
      for (const [answer, same] of await sameAnswers(answers, equal)) stands.set(answer, same);
    }
    this.known.set(key, stands);
    if (this.known.size > KEPT) this.known.delete(this.known.keys().next().value ?? key);
    return stands.size > 0;
  }
}

/** Answers and verdicts of a group may change: attempts come in, people overrule. */
function keyOf({ attempt, siblings }: AttemptDetail): string {
  return JSON.stringify([attempt.groupId, ...siblings.map((s) => [s.verdict, s.answer])]);
}
