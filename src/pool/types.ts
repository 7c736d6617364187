import type {
  Annotation,
  AnnotationTarget,
  AnnotationValue,
  Attempt,
  Generation,
  Grade,
  PoolFilter,
  Problem,
  Reflection,
  SamplingOptions,
  Verdict,
} from "../protocol/types.js";
import type { Connection } from "./sqlite.js";

/** What a sampling was for: only `sample` feeds the error pool. */
export type SamplingPurpose = "sample" | "evaluation" | "retry";

export interface SamplingSpec {
  modelId: string;
  /** Of the model's files (`modelFingerprint`): other weights under the same id are another sampling. */
  modelHash: string;
  purpose: SamplingPurpose;
  group: number;
  options: SamplingOptions;
  /** The prompt template's source, so that a resumed sampling is the same sampling. */
  prompt: string;
}

export interface StoredProblem extends Problem {
  /** Row id. */
  rowId: number;
  set: string;
}

/** What is still to be sampled of one group. */
export interface OpenGroup {
  groupId: number;
  problem: StoredProblem;
  /** Sample numbers that are not stored yet. */
  missing: number[];
}

export interface NewAttempt {
  groupId: number;
  sample: number;
  generation: Generation;
  grade: Grade;
}

export interface NewReflection {
  attemptId: number;
  modelId: string;
  /** Hash of what determines it beside the attempt and the model: options with their seed, and the prompt. */
  settings?: string;
  sample: number;
  generation: Generation;
  analysis: string;
  correctedSolution: string;
  parsed: boolean;
  grade: Grade;
}

/** Right of scored attempts of one problem in one sampling; `truncated` ones are scored, as failures. */
export interface GroupScore {
  problemRowId: number;
  correct: number;
  scored: number;
  truncated: number;
}

/**
 * `inPool` and `reviewed` count attempts (DESIGN: interfaces that stay stable). Only purpose `sample` is counted,
 * and `problems` are those that have such attempts; problems that a person called bad are left out.
 */
export interface PoolStats {
  problems: number;
  attempts: number;
  correct: number;
  incorrect: number;
  unscored: number;
  truncated: number;
  inPool: number;
  reviewed: number;
}

export type PoolGrouping = "problem" | "level" | "kind" | "answer" | "errorType";

export interface AttemptQuery {
  /** Default: only attempts in the pool; with `ids`, exactly those. Only purpose `sample`, unless by `ids`. */
  scope?: "pool" | "all";
  verdicts?: Verdict[];
  reviewed?: boolean;
  /** Substring of problem, text or answer. */
  text?: string;
  problemId?: number;
  /** Here and below, "" means that there is none. */
  level?: string;
  kind?: string;
  answer?: string;
  errorType?: string;
  modelId?: string;
  /** Restrict to these attempts. */
  ids?: number[];
}

/** A row of the tree: one bucket of a grouping. */
export interface PoolBucket {
  /** Value to pass back in an AttemptQuery (`level`, `kind`, `answer`, `errorType`, or the problem's row id). */
  key: string;
  /** The problem's text, or the key; empty where there is none. */
  label: string;
  attempts: number;
  unreviewed: number;
  /** Only for grouping by problem: scored right, scored, and the group size. */
  correct?: number;
  scored?: number;
}

/** Everything the Review panel shows for one attempt. */
export interface AttemptDetail {
  attempt: Attempt;
  problem: StoredProblem;
  /** Newest first. */
  reflections: Reflection[];
  /** Those that stand, of this attempt, its reflections and its problem. */
  annotations: Annotation[];
  /** Right and scored attempts of its group. */
  correct: number;
  scored: number;
  group: number;
  siblings: { id: number; answer: string | null; verdict: Verdict; inPool: boolean }[];
}

/** The pool as the rest of the house sees it. Every method rejects with an ErrataError made for people. */
export interface Pool {
  readonly file: string;
  /** The workspace cannot be written (or may not be): everything that writes rejects with code "read-only". */
  readonly readOnly: boolean;
  /** Fires when another connection or window changed the file, and after our own writes (coalesced). */
  onDidChange(listener: () => void): () => void;

  /** Runs several writes as one: all of it is stored, or nothing. Other writes wait until it ends. */
  transaction<T>(work: (db: Connection) => Promise<T>): Promise<T>;

  /** Inserts or updates problems of a set; stored attempts stay. Returns row ids in input order. */
  putProblems(set: string, problems: Problem[]): Promise<number[]>;
  /** Opens a sampling, or finds the same one again (same model, purpose, options, prompt, group). */
  openSampling(
    spec: SamplingSpec,
    problemRowIds: number[],
  ): Promise<{ samplingId: number; groups: OpenGroup[] }>;
  /** Stores finished attempts; each is committed before the promise resolves. A stored sample is never doubled. */
  putAttempts(attempts: NewAttempt[]): Promise<number[]>;
  putReflections(reflections: NewReflection[]): Promise<number[]>;
  setErrorTypes(
    types: { attemptId: number; errorType: string; source: "generator" | "machine" }[],
  ): Promise<void>;

  filter(): Promise<PoolFilter>;
  /** Changes the filter and recomputes which attempts are in the pool; nothing is sampled again. */
  applyFilter(filter?: PoolFilter): Promise<PoolStats>;

  annotate(target: AnnotationTarget, targetId: number, who: string, value: AnnotationValue): Promise<number>;
  /** Newest last; the whole history. */
  annotations(target: AnnotationTarget, targetId: number): Promise<Annotation[]>;

  stats(): Promise<PoolStats>;
  buckets(
    grouping: PoolGrouping,
    query?: AttemptQuery,
    page?: { after?: string; limit: number },
  ): Promise<PoolBucket[]>;
  /** Attempts in stored order, keyset-paged by id. */
  attempts(query: AttemptQuery, page?: { after?: number; limit: number }): Promise<Attempt[]>;
  /** Ids alone, in review order. */
  attemptIds(query: AttemptQuery): Promise<number[]>;
  detail(attemptId: number): Promise<AttemptDetail>;
  problem(rowId: number): Promise<StoredProblem>;
  /** In the order of the ids; those that are not there are left out. */
  problems(rowIds: number[]): Promise<StoredProblem[]>;
  /** As stored; of one model, and of one settings' hash, when named. */
  reflectionsOf(attemptIds: number[], modelId?: string, settings?: string): Promise<Reflection[]>;
  /** Scored groups of one sampling, for metrics: k right of n scored per problem. */
  groupScores(samplingId: number): Promise<GroupScore[]>;
  /** Keys `attemptId:sample` of the reflections that a model made under one settings' hash. */
  reflectionKeys(attemptIds: number[], modelId: string, settings: string): Promise<Set<string>>;
  attemptsOfSampling(samplingId: number): Promise<Attempt[]>;

  /** What the model generated for one attempt, token by token. */
  tokensOf(attemptId: number): Promise<{ tokenIds: number[]; logprobs: number[] }>;

  /** A consistent copy (`VACUUM INTO`); refuses to overwrite. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}
