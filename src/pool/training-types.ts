import type { DataKind, LeftOut } from "../protocol/run-data.js";
import type { PoolFilter, Verdict } from "../protocol/types.js";

/** What a run wants of the pool (src/pool/training.ts). Conditions on errors and reflections hold for wrong attempts. */
export interface TrainingQuery {
  /** `errors` and `pairs` are wrong attempts, `right` right ones, `preferences` and `attempts` both, by group. */
  take: Exclude<DataKind, "gold">;
  scope: "pool" | "all" | "ids";
  /** Of scope `ids`. */
  ids: readonly number[];
  /** The right attempts of the groups of wrong ones in scope are in question, too. */
  partners: boolean;
  /** Row ids of the run's problems in the pool, and the place of each in the run's set. */
  problems: ReadonlyMap<number, number>;
  /** Here and below, none named means all. */
  levels: readonly string[];
  kinds: readonly string[];
  models: readonly string[];
  errorTypes: readonly string[];
  /** Only with a first wrong step that a person marked. */
  marked: boolean;
  corrections: "any" | "right" | "accepted";
  minRating: { axis: string; value: number } | null;
  /** Only with a reflection whose two sections are there (of which the second may be a person's). */
  reflections: boolean;
  /** Only with a reflection whose correction is right. */
  fixed: boolean;
  /** Groups that a filter keeps; null keeps all. */
  filter: PoolFilter | null;
  /** Different ones of a problem at most; of `preferences` and `attempts`, of a group and verdict. */
  perProblem: number;
  /** In all at most, the newest; absent is all. */
  limit?: number;
}

export interface TrainingCount {
  /** null: taken. */
  why: LeftOut | null;
  count: number;
  problems: number;
}

export interface TrainingRow {
  attemptId: number;
  /** Of its problem in the run's set. */
  place: number;
  groupId: number;
  verdict: Verdict;
  text: string;
  answer: string | null;
  /** Of errors: the line that two of the same mistake have in common (training-sql.ts). */
  wrongLine: string | null;
  /** Of errors: what stands, a person's word first. */
  errorType: string | null;
  /** The one that fits the query best: a person's before the model's, the newest first. */
  reflection: {
    text: string;
    analysis: string;
    modelId: string;
    /** A person's mended correction. */
    edit: { text: string; who: string } | null;
    /** A person's word first, then the grader's. */
    fixed: boolean;
  } | null;
}
