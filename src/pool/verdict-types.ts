import type { Finish, Verdict } from "../protocol/types.js";
import type { DisputeKind, Opinion, Regrade, RegradeChange } from "../protocol/verdicts.js";
import type { AttemptQuery, SamplingPurpose } from "./types.js";

/** What another grader said; the same word again adds nothing. */
export interface NewOpinion extends Omit<Opinion, "id" | "at"> {
  /** Default: now. */
  at?: string;
}

/** An attempt as it stands between graders. */
export interface AttemptDispute {
  /** null: graders agree, or a person settled it. */
  kind: DisputeKind | null;
  /** Our grader's own verdict, whatever people said. */
  graded: Verdict;
  /** The newest of each grader, by name. */
  opinions: Opinion[];
  /** A person called the problem bad. */
  bad: boolean;
}

/** What a grader needs of an attempt, and what ours said of it. */
export interface GradableAttempt {
  attemptId: number;
  /** "" where the problem has none. */
  gold: string;
  text: string;
  finish: Finish;
  graded: Verdict;
  answer: string | null;
  span: [number, number] | null;
  reason: string;
  /** A person called the problem bad: what graders say of it means nothing. */
  bad: boolean;
}

/** An attempt whose grade a re-grading would change: what it is now, and what it would be. */
export interface NewRegrade {
  attemptId: number;
  old: { verdict: Verdict; answer: string | null; span: [number, number] | null; reason: string };
  new: { verdict: Verdict; answer: string | null; span: [number, number] | null; reason: string };
}

/** What applying or undoing a re-grading did; `skipped` attempts were changed by something else since. */
export interface RegradeResult {
  changed: number;
  skipped: number;
}

/** The answers of one group, in the order of its samples. */
export interface GroupAnswers {
  groupId: number;
  problemId: number;
  modelId: string;
  purpose: SamplingPurpose;
  /** As asked for. */
  size: number;
  gold: string;
  /** A person called the problem bad. */
  bad: boolean;
  attempts: { id: number; answer: string | null; verdict: Verdict }[];
}

/** What the pool keeps of graders, disputes and re-gradings: a part of `Pool`. */
export interface VerdictPool {
  /** Appends what other graders said; how many of them were new. Rejects with "not-found" before anything is written. */
  putOpinions(opinions: readonly NewOpinion[]): Promise<number>;
  /** The newest of each grader, or all of them, oldest first; in the order of the ids. */
  opinionsOf(attemptIds: readonly number[], options?: { history?: boolean }): Promise<Opinion[]>;
  /** Who gave opinions: graders with their versions, and how many attempts their newest words are about. */
  graders(): Promise<{ grader: string; version: string; attempts: number }[]>;
  /** Attempts in dispute, by kind; of a query, or of the whole pool (at once). */
  disputes(query?: AttemptQuery): Promise<Record<DisputeKind, number>>;
  disputeOf(attemptId: number): Promise<AttemptDispute>;
  /** In the order of the ids. @param without only those that this grader of this version said nothing of */
  gradable(
    attemptIds: readonly number[],
    without?: { grader: string; version: string },
  ): Promise<GradableAttempt[]>;

  /** Opens a re-grading in state `grading`: its id. `putRegraded` fills it, `endRegrade` makes it a preview. */
  openRegrade(what: { who: string; settings: string; scope: string }): Promise<number>;
  putRegraded(id: number, changes: readonly NewRegrade[], graded: number): Promise<void>;
  endRegrade(id: number): Promise<Regrade>;
  /** Newest first. */
  regrades(): Promise<Regrade[]>;
  regrade(id: number): Promise<Regrade>;
  /** By attempt id; go on after the last one. */
  regradeChanges(
    id: number,
    page: { from?: Verdict; to?: Verdict; after?: number; limit: number },
  ): Promise<RegradeChange[]>;
  /** All of a preview's changes in one transaction; a person's verdict stands. Rejects with "regrade-state". */
  applyRegrade(id: number): Promise<RegradeResult>;
  /** Puts back exactly what was before; rejects with "regrade-later" while a later one stands on it. */
  undoRegrade(id: number): Promise<RegradeResult>;
  /** Forgets a preview. */
  dropRegrade(id: number): Promise<void>;

  /** Text and gold answer of every problem that a person called bad, of all sets. */
  badTexts(): Promise<{ problem: string; gold: string }[]>;

  /** The answers of an attempt's group; of all groups of a problem (purpose `sample`, the newest first). */
  groupAnswers(of: { attemptId: number } | { problemRowId: number }): Promise<GroupAnswers[]>;
}
