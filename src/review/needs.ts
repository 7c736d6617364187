import type { AttemptQuery, Pool } from "../pool/types.js";
import type { ReviewItem, ReviewMode, ReviewOrder, ReviewState, StepHint } from "../protocol/review.js";
import type { Grade } from "../protocol/types.js";
import type { Equal } from "../verdicts/equivalence.js";
import type { GradeText } from "./grades.js";
import type { FindRelations } from "./hints.js";
import type { Repeat } from "./repeats.js";

/** What a person writes of an item. */
export type TextField = "correction" | "note";

/** What a sitting of review works with, and whom it tells. */
export interface SessionNeeds {
  pool(): Promise<Pool>;
  who(): Promise<string>;
  /** Grades a person's correction; absent where nothing may run. So are the next two. */
  readonly grade?: GradeText | undefined;
  readonly equal?: Equal | undefined;
  readonly relations?: FindRelations | undefined;
  /** Share of judged items that come back unseen, 0..1. */
  repeats(): number;
  /** A new 32-bit number. */
  seed(): number;
  /** Milliseconds. */
  now(): number;
  changed(state: ReviewState): void;
  /** A person's judgement was stored. */
  judged(): void;
  prefetched(item: ReviewItem): void;
  /** Of what is shown, also when it is shown once more. */
  hinted(attemptId: number, hints: StepHint[]): void;
  /** Of a draft, as long as it is the newest. */
  graded(attemptId: number, text: string, grade: Grade): void;
  failed(error: unknown): void;
  /** Something beside the work failed: worth a line in the log alone. */
  noted(error: unknown): void;
}

/** What a sitting comes back with after the window was loaded again. */
export interface SessionMemory {
  attemptId: number | null;
  /** It was the second, unknowing look at it. */
  again: boolean;
  query: AttemptQuery;
  order: ReviewOrder;
  seed: number;
  blind: boolean;
  mode: ReviewMode;
  axis: string;
  cursor: number;
  repeats: readonly Repeat[];
}
