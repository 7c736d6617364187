/** What the Re-grade page's host and its webview say to each other. The host owns the state; the view draws it. */
import type { Verdict } from "./types.js";
import type { Regrade, RegradeChange } from "./verdicts.js";

/** Changes of one kind; `from` = `to` where the verdict stays, but what was read or why does not. */
export interface ChangeKind {
  from: Verdict;
  to: Verdict;
}

/** A change with what its attempt is about. */
export interface RegradeRow extends RegradeChange {
  /** Its first characters. */
  problem: string;
  gold: string;
}

export interface RegradeState {
  /** The re-grading that is shown; null where there is none yet. */
  regrade: Regrade | null;
  /** Every one, the newest first. */
  history: Regrade[];
  /** Problems that somebody called bad: they are in no figure. */
  leftOut: number;
  /** What is being done, in words. */
  busy: string | null;
  /** What was just done, in words. */
  notice: string | null;
  /** Why nothing can be changed here; null when it can. */
  readOnly: string | null;
}

export type RegradeToView =
  | { type: "state"; state: RegradeState }
  /** The rows after attempt `after` (0: the first); fewer than were asked for: there are no more. */
  | { type: "rows"; regradeId: number; kind: ChangeKind; after: number; rows: RegradeRow[] };

export type RegradeFromView =
  | { type: "ready" }
  | { type: "rows"; regradeId: number; kind: ChangeKind; after: number }
  | { type: "show"; regradeId: number }
  | { type: "apply"; regradeId: number }
  | { type: "drop"; regradeId: number }
  | { type: "undo"; regradeId: number }
  /** Opens the attempt in Review; the queue is the changes of this kind. */
  | { type: "review"; regradeId: number; attemptId: number; kind: ChangeKind }
  /** Other settings. */
  | { type: "again" };

/** What the page keeps in `setState`. */
export interface RegradeMemory {
  regradeId: number | null;
  kind: ChangeKind | null;
  scroll: number;
}

/** Rows that are asked for at once. */
export const REGRADE_PAGE = 100;
