/** What the Review panel's host and its webview say to each other. The host owns the state; the view draws it. */
import type { LiveMessage } from "./live.js";
import type { Step } from "./steps.js";
import type { Finish, Verdict } from "./types.js";

/** What a reviewer can do; each is a command `errata.review.<action>` and a button or a key of the panel. */
export const REVIEW_ACTIONS = [
  "next",
  "previous",
  "stepDown",
  "stepUp",
  "firstWrong",
  "noWrongStep",
  "rate1",
  "rate2",
  "rate3",
  "rate4",
  "rate5",
  "accept",
  "reject",
  "overruleCorrect",
  "overruleIncorrect",
  "overruleUnscored",
  "edit",
  "save",
  "leave",
  "raw",
  "siblings",
  "badProblem",
  "flag",
  "note",
  "skip",
  "undo",
  "help",
  "mode",
  "reflect",
] as const;
export type ReviewAction = (typeof REVIEW_ACTIONS)[number];

/** A solution cut into steps, with the span that the grader read as the answer (offsets into `text`). */
export interface SolutionView {
  text: string;
  steps: Step[];
  answer: string | null;
  span: [number, number] | null;
}

export interface ReflectionView {
  id: number;
  modelId: string;
  /** The whole text: shown when it could not be parsed, and in raw mode. */
  text: string;
  parsed: boolean;
  analysis: string;
  corrected: SolutionView;
  verdict: Verdict;
  reason: string;
  /** Reflections on this attempt, and how many of them reach the gold answer. */
  count: number;
  fixed: number;
}

/** What this person said so far; absent means nothing. */
export interface Judgement {
  rating?: number;
  decision?: "accepted" | "rejected";
  correction?: SolutionView & { verdict: Verdict | null; reason: string };
  note?: string;
  /** 0: no wrong step. */
  firstWrong?: number;
  verdict?: "correct" | "incorrect" | "unscored";
  flag?: true;
  badProblem?: true;
}

export interface SiblingCluster {
  answer: string | null;
  verdict: Verdict;
  attemptIds: number[];
}

export interface ReviewItem {
  attemptId: number;
  problem: { set: string; id: string; text: string; gold: string; level?: string; kind?: string };
  modelId: string;
  solution: SolutionView;
  verdict: Verdict;
  reason: string;
  finish: Finish;
  tokens: number;
  inPool: boolean;
  errorType: string | null;
  reflection: ReflectionView | null;
  group: { correct: number; scored: number; size: number };
  siblings: SiblingCluster[];
  mine: Judgement;
}

export type ReviewMode = "triage" | "localise";

export interface ReviewState {
  item: ReviewItem | null;
  /** 1-based place in the queue; null for an attempt that was opened from outside it. */
  position: number | null;
  total: number;
  reviewed: number;
  /** How the queue is ordered, in words. */
  order: string;
  /** What the queue is restricted to, in words; empty for the whole pool. */
  scope: string;
  /** Median seconds per judged item of this sitting; null before there are any. */
  pace: number | null;
  /** Step that the cursor is on, 1-based. */
  cursor: number;
  mode: ReviewMode;
  /** What was just undone, or why nothing was; shown until the next key. */
  notice: string | null;
  canUndo: boolean;
  /** Long work on this item, in words ("Reflecting…"). */
  busy: string | null;
  /** Something is being sampled that can be watched. */
  watchable: boolean;
  /** Why nothing can be started here (untrusted workspace); null when it can. */
  readOnly: string | null;
}

export type ReviewToView =
  | { type: "state"; state: ReviewState }
  /** The item that comes next, so that it can be typeset ahead. */
  | { type: "prefetch"; item: ReviewItem }
  /** The panel shows what is being sampled, or goes back to the item. */
  | { type: "watch"; on: boolean }
  /** Only while it is watched. */
  | LiveMessage
  /** Keys whose effect is in the view alone: text fields, raw, the table of keys. */
  | { type: "act"; action: ReviewAction };

export type ReviewFromView =
  | { type: "ready" }
  | { type: "focus"; focused: boolean; typing: boolean }
  | { type: "act"; action: ReviewAction }
  | { type: "cursor"; step: number }
  | { type: "open"; attemptId: number }
  /** The person wants to watch, or to go back to the review. */
  | { type: "watch"; on: boolean }
  /** The person is reading: the sample that is shown stays. */
  | { type: "hold"; on: boolean }
  /** A text field was saved; `goOn` moves to the next item. Empty text takes the earlier one back. */
  | { type: "text"; field: "correction" | "note"; attemptId: number; text: string; goOn: boolean };

/** What a panel keeps in `setState`, to come back after a reload of the window. */
export interface ReviewMemory {
  attemptId: number | null;
  scroll: number;
  raw: boolean;
}
