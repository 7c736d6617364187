import type { Grade } from "../protocol/types.js";

/** Where a final answer may be read from (src/grading/extract.ts). */
export const ANSWER_READERS = ["boxed", "tag", "hash", "announced", "bold", "lastLine"] as const;
export type AnswerReader = (typeof ANSWER_READERS)[number];

/** What a person may choose of the grader. Runs, the pool and a re-grading use the same. */
export interface GraderSettings {
  /** Readers in use. */
  readers: readonly AnswerReader[];
  /** Relative, between decimals and exact numbers alike; 0: only what is exactly equal. */
  tolerance: number;
  /** A unit that only one side has: forgiven, or the answer is another one. */
  units: "forgive" | "require";
}

export const DEFAULT_GRADER: GraderSettings = { readers: ANSWER_READERS, tolerance: 0, units: "forgive" };

/** Are two answers equal? `null` when it cannot be decided in time or at all. */
export interface Equality {
  equal: boolean | null;
  /** One sentence: the layer that decided, or why none could. */
  why: string;
}

/**
 * A relation in a solution's formulas, as computer algebra sees it: `true` proven, `false` refuted, `unknown` neither.
 * A hint, never a label.
 */
export interface EqualityHint {
  /** UTF-16 offsets into the text, within one formula. */
  start: number;
  end: number;
  verdict: "true" | "false" | "unknown";
  /** What each side is, in words for a person ("left: 14, right: 15"). */
  says: string;
}

/** The one grader of the house: pool verdicts and run rewards both come from it. */
export interface Grader {
  /** Reads the final answer out of `text` and holds it against `gold`. */
  grade(text: string, gold: string): Promise<Grade>;
  equal(gold: string, answer: string): Promise<Equality>;
  /**
   * The relations in a solution, in the order of the text. With the `problem`'s text, the first line is held against
   * the problem's equation. Bounded in time and memory; what could not be looked at in time is left out.
   */
  equalities(text: string, problem?: string): Promise<EqualityHint[]>;
  dispose(): Promise<void>;
}
