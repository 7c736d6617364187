/** What the Review panel's host and its webview say to each other. The host owns the state; the view draws it. */
import type { LiveMessage } from "./live.js";
import type { Rubric } from "./rubric.js";
import type { Step } from "./steps.js";
import type { Finish, Grade, Verdict } from "./types.js";
import type { DisputeKind, GroupCard, Opinion } from "./verdicts.js";

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
  "axisBefore",
  "axisAfter",
  "errorType",
  "label",
  "accept",
  "reject",
  "overruleCorrect",
  "overruleIncorrect",
  "overruleUnscored",
  "edit",
  "editInEditor",
  "save",
  "leave",
  "raw",
  "siblings",
  "find",
  "badProblem",
  "flag",
  "note",
  "skip",
  "undo",
  "filter",
  "order",
  "blind",
  "help",
  "mode",
  "reflect",
] as const;
export type ReviewAction = (typeof REVIEW_ACTIONS)[number];

/** A solution cut into steps, with the span that the grader read as the answer (offsets into `text`). */
export interface SolutionView {
  text: string;
  /** As frozen when a step of it was first named, else as cut today. */
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
  /** Of the corrected solution. Here and below: null while it is hidden (blind mode). */
  verdict: Verdict | null;
  reason: string | null;
  /** Reflections on this attempt, and how many of them reach the gold answer. */
  count: number;
  fixed: number | null;
}

/**
 * A relation in a solution that computer algebra looked at. A hint, never a label: `false` was refuted, `true` proven,
 * `unknown` is neither. Offsets are UTF-16, into the solution's text, and lie within one formula.
 */
export interface StepHint {
  /** 1-based. */
  step: number;
  start: number;
  end: number;
  verdict: "true" | "false" | "unknown";
  /** What each side is, in words for a person ("left: 14, right: 15"). */
  says: string;
}

/** What somebody else, or a machine, said of this item. */
export interface Said {
  who: string;
  /** ISO 8601, UTC. */
  at: string;
  machine: boolean;
  /** In words, without the name ("accepted the correction", "rated Overall 4"). */
  words: string;
}

/** A word on the verdict, by anybody; newest last. `null` takes an earlier one back. */
export interface Overrule {
  who: string;
  at: string;
  verdict: "correct" | "incorrect" | "unscored" | null;
}

/** What this person said so far; absent means nothing. */
export interface Judgement {
  /** By axis, 1..5. */
  ratings: Readonly<Record<string, number>>;
  errorType?: string;
  /** Ids of the rubric's labels. */
  labels: readonly string[];
  decision?: "accepted" | "rejected";
  /** `about`: of what it was written, in words, where that is not the reflection that is shown. */
  correction?: SolutionView & { verdict: Verdict | null; reason: string; about?: string };
  /** What was said of an earlier reflection, or of the attempt before there was one ("rated Overall 4"); it stands. */
  earlier?: readonly string[];
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
  problem: { set: string; id: string; text: string; gold: string | null; level?: string; kind?: string };
  modelId: string;
  solution: SolutionView;
  /** Gold answer, verdicts, suggestions and what others said are withheld until this person has judged (blind mode). */
  hidden: boolean;
  verdict: Verdict | null;
  reason: string | null;
  finish: Finish;
  tokens: number;
  inPool: boolean;
  /** The generator's or a machine's word, or another person's. */
  errorType: string | null;
  reflection: ReflectionView | null;
  group: { correct: number; scored: number; size: number } | null;
  siblings: SiblingCluster[];
  others: Said[];
  overrules: Overrule[];
  /** The grader's own verdict, whatever people said of it since; null while hidden. */
  graded: Verdict | null;
  /** What other graders say; the newest of each. Empty while hidden. */
  opinions: Opinion[];
  /** Why the verdict is in dispute, in words; null when it is not, or while hidden. */
  dispute: Dispute | null;
  /** Which reader found the answer ("\\boxed{}"), where the grader says; null while hidden. */
  answerHow: string | null;
  /** The group's answers as a whole; null while hidden, and until it is known. */
  card: GroupCard | null;
  mine: Judgement;
  /** Actions that would be refused on this item, each with why, in words for a person: their buttons are disabled. */
  refuses: Readonly<Partial<Record<ReviewAction, string>>>;
}

/** A dispute over the verdict, in words ("math-verify says correct; ours incorrect"). */
export interface Dispute {
  kind: DisputeKind;
  words: string;
}

/** Another attempt at the same problem, to stand beside the one under review. */
export interface SiblingView {
  attemptId: number;
  solution: SolutionView;
  verdict: Verdict;
  reason: string;
  modelId: string;
  /** 0..G-1. */
  sample: number;
}

/**
 * In which order items come. `uncertain`: the groups nearest to one right in two first. `disputes`: where graders
 * disagree first, then where an imported score does, then where nobody could tell; of a queue of disputes alone.
 */
export type ReviewOrder = "stored" | "random" | "uncertain" | "disputes";

export type ReviewMode = "triage" | "localise";

/** The attempt that an action would show now, by action; absent where it shows no other, or none can be told. */
export type Foreseen = Partial<Record<ReviewAction, number>>;

/** What the view shows already, and the action that leads there. */
export interface Ahead {
  attemptId: number;
  action: ReviewAction;
}

export interface ReviewState {
  item: ReviewItem | null;
  foreseen: Foreseen;
  /** 1-based place in the queue; null for an attempt that was opened from outside it, and until the queue is read. */
  position: number | null;
  /** 0 until the queue is read. */
  total: number;
  /** Attempts of the whole pool that somebody reviewed. */
  reviewed: number;
  /** Problems that somebody called bad: they are left out of the pool and of every figure. */
  leftOut: number;
  order: ReviewOrder;
  /** The queue holds what is in dispute alone: a word on the verdict settles it and goes on. */
  disputes: boolean;
  /** Gold, verdicts and others' words are hidden until one's own is given. */
  blind: boolean;
  rubric: Rubric;
  /** The axis that `1`..`5` rate. */
  axis: string;
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
  /** What undo would take back, in words ("rating 4"); absent when there is nothing, or nobody says. */
  undoes?: string;
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
  /** VS Code made this of a key; what it does is told by the states that follow, and that it is done after them. */
  | { type: "pressed"; action: ReviewAction }
  | { type: "done"; action: ReviewAction }
  /** What became of a text that was saved; `ok`: it is stored. */
  | { type: "stored"; field: "correction" | "note"; attemptId: number; text: string; ok: boolean }
  /** Texts that were left unsaved before the page was made, by name ("edit 12": field and attempt). */
  | { type: "unsaved"; texts: [string, string][] }
  /** The panel shows what is being sampled, or goes back to the item. */
  | { type: "watch"; on: boolean }
  /** Only while it is watched. */
  | LiveMessage
  /** Of the item that is shown, once they are worked out. */
  | { type: "hints"; attemptId: number; hints: StepHint[] }
  | { type: "sibling"; attemptId: number; sibling: SiblingView }
  /** The group of the item that is shown is to be open. */
  | { type: "group"; attemptId: number }
  /** What the grader says of the correction as it stands in the text field (or in its editor). */
  | { type: "graded"; attemptId: number; text: string; grade: Grade }
  /** The correction is being written in an editor of its own; null: that editor was closed. */
  | { type: "draft"; attemptId: number; text: string | null }
  /** Keys whose effect is in the view alone: text fields, raw, lists, the table of keys. */
  | { type: "act"; action: ReviewAction };

export type ReviewFromView =
  /** `drawn`: it shows the state that it was made with. */
  | { type: "ready"; drawn: boolean }
  | { type: "focus"; focused: boolean; typing: boolean }
  | { type: "act"; action: ReviewAction }
  /** A key shows an attempt before its command was carried out; null: it did not come to that. */
  | { type: "ahead"; to: Ahead | null }
  /** A rating by the mouse, on any axis; the same value again takes it back. */
  | { type: "rate"; axis: string; value: number }
  | { type: "errorType"; id: string }
  | { type: "label"; id: string }
  /** Show this attempt of the same problem beside the item. */
  | { type: "sibling"; of: number; attemptId: number }
  /** The correction changed; what does the grader say? */
  | { type: "grade"; attemptId: number; text: string }
  /** Open the correction, as it stands, in an editor. */
  | { type: "openCorrection"; attemptId: number; text: string }
  | { type: "cursor"; step: number }
  | { type: "open"; attemptId: number }
  /** The person wants to watch, or to go back to the review. */
  | { type: "watch"; on: boolean }
  /** The newest of the messages about what is being sampled is drawn: the next may come. */
  | { type: "drawn" }
  /** The person is reading: the sample that is shown stays. `id`: the live sample that it was said of. */
  | { type: "hold"; on: boolean; id: number | null }
  /** A text was left unsaved, for now; null: no longer. */
  | { type: "unsaved"; name: string; text: string | null }
  /** A text field was saved; `goOn` moves to the next item. Empty text takes the earlier one back. */
  | { type: "text"; field: "correction" | "note"; attemptId: number; text: string; goOn: boolean };

/** What a panel keeps in `setState`, to come back after a reload of the window. */
export interface ReviewMemory {
  attemptId: number | null;
  scroll: number;
  raw: boolean;
  /** Which key is which action, as far as it was learned. */
  keys?: [string, ReviewAction][];
}
