/** What the Compare panel's host and its webview say to each other: the view draws a comparison that the host holds. */
import type { Comparison } from "./comparison.js";

export type CompareToView = { type: "comparison"; comparison: Comparison };
export type CompareFromView =
  | { type: "ready" }
  /** Shows these attempts in Review, as a queue of their own. */
  | { type: "open"; attemptIds: number[] };

/** What a panel keeps in `setState`: the key under which the workspace's state holds the comparison. */
export interface CompareMemory {
  key: string;
  scroll: number;
}
