import type { Grade } from "../protocol/types.js";

/** Are two answers equal? `null` when it cannot be decided in time or at all. */
export interface Equality {
  equal: boolean | null;
  /** One sentence: the layer that decided, or why none could. */
  why: string;
}

/** The one grader of the house: pool verdicts and run rewards both come from it. */
export interface Grader {
  /** Reads the final answer out of `text` and holds it against `gold`. */
  grade(text: string, gold: string): Promise<Grade>;
  equal(gold: string, answer: string): Promise<Equality>;
  dispose(): Promise<void>;
}
