/** What several graders say of one attempt, and what becomes of it. */
import type { Verdict } from "./types.js";

/** Why an attempt is in the dispute queue: graders contradict ours; the log's own score does; nobody could tell. */
export type DisputeKind = "disagree" | "imported" | "unsure";
export const DISPUTE_KINDS: readonly DisputeKind[] = ["disagree", "imported", "unsure"];

/** What another grader than ours said of an attempt. */
export interface Opinion {
  id: number;
  attemptId: number;
  /** "imported: exact_match", "math-verify", or the name of a person's command. */
  grader: string;
  /** Of the grader; "" where nobody says. */
  version: string;
  verdict: "correct" | "incorrect" | "unscored";
  /** What it read out of the text; null where it does not say. */
  answer: string | null;
  /** UTF-16 [start, end) within the attempt's text. */
  span: [number, number] | null;
  reason: string;
  at: string;
}

/** A group's answers, clustered by equivalence. */
export interface GroupCard {
  groupId: number;
  /** Row id. */
  problemId: number;
  modelId: string;
  gold: string;
  /** A person called the problem bad: it is in no figure. */
  bad: boolean;
  /** Attempts that are there. */
  size: number;
  scored: number;
  correct: number;
  /** The largest first. */
  clusters: { answer: string | null; verdict: Verdict; attemptIds: number[] }[];
  /** The largest cluster that has an answer; null where no cluster is larger than all others. */
  majority: { answer: string; verdict: Verdict; share: number } | null;
  /** The majority is wrong, and at least half of those with an answer agree on it: the most instructive kind. */
  majorityWrong: boolean;
  /** Unbiased estimator of Chen et al. 2021 over scored attempts, for k = 1, 2, 4, … up to their number. */
  passAtK: { k: number; value: number }[];
}

/** A change that re-grading would make. */
export interface RegradeChange {
  attemptId: number;
  from: Verdict;
  to: Verdict;
  fromAnswer: string | null;
  toAnswer: string | null;
  fromReason: string;
  toReason: string;
}

/** One re-grading: previewed, then applied or dropped; an applied one can be undone as a whole. */
export interface Regrade {
  id: number;
  who: string;
  at: string;
  state: "grading" | "preview" | "applied" | "undone" | "dropped";
  /** The grader's settings, in words. */
  settings: string;
  /** Of which attempts, in words. */
  scope: string;
  graded: number;
  /** Changes by kind; those whose verdict stays but whose answer or reason differs are `from` = `to`. */
  changes: { from: Verdict; to: Verdict; count: number }[];
}
