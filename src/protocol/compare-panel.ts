/** What the Compare panel's host and its webview say to each other: the view draws a comparison that the host holds. */
import type { Comparison } from "./comparison.js";
import type { SolutionView } from "./review.js";
import type { Finish, Verdict } from "./types.js";

/** One attempt of a compared problem, as it is read beside the other model's. */
export interface ComparedAttempt {
  id: number;
  verdict: Verdict;
  /** Why the grader decided so. */
  reason: string;
  finish: Finish;
  tokens: number;
  solution: SolutionView;
}

/** Both models' attempts at one problem, in the order in which they were sampled. */
export interface ComparedAttempts {
  problemRowId: number;
  a: ComparedAttempt[];
  b: ComparedAttempt[];
}

export type CompareToView =
  /** `leftOut`: problems of its set that somebody called bad; absent where nobody knows. */
  | { type: "comparison"; comparison: Comparison; leftOut?: number }
  | { type: "attempts"; attempts: ComparedAttempts };
export type CompareFromView =
  | { type: "ready" }
  /** Wants both models' attempts of this problem. */
  | { type: "attempts"; problemRowId: number }
  /** Shows these attempts in Review, as a queue of their own. */
  | { type: "open"; attemptIds: number[] }
  /** Compares the two again, to measure more; what was sampled is not sampled again. */
  | { type: "measure" };

/** The panel's tabs; the first two are lists of problems. */
export const COMPARE_TABS = ["regressed", "fixed", "first", "reflection", "second", "verification"] as const;
export type CompareTab = (typeof COMPARE_TABS)[number];

/** What a panel keeps in `setState`: the key under which the workspace's state holds the comparison. */
export interface CompareMemory {
  key: string;
  scroll: number;
  tab?: CompareTab;
  /** Row id of the problem whose attempts are shown side by side. */
  problem?: number;
}
