import type { Annotator, JudgementWord } from "../protocol/agreement.js";
import type {
  Annotation,
  AnnotationKind,
  AnnotationTarget,
  AnnotationValue,
  Attempt,
  Finish,
  Generation,
  Grade,
  PoolFilter,
  Problem,
  Reflection,
  SamplingOptions,
  Verdict,
} from "../protocol/types.js";
import type { DisputeKind } from "../protocol/verdicts.js";
import type { ExportReader, Selection } from "./export.js";
import type { Connection } from "./sqlite.js";
import type { TrainingCount, TrainingQuery, TrainingRow } from "./training-types.js";
import type { VerdictPool } from "./verdict-types.js";

export type { TrainingCount, TrainingQuery, TrainingRow } from "./training-types.js";
export type {
  AttemptDispute,
  GradableAttempt,
  GroupAnswers,
  NewOpinion,
  NewRegrade,
  RegradeResult,
} from "./verdict-types.js";

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

/**
 * A turn on an attempt beside its reflections, asked for by a comparison: a `second` attempt after a neutral
 * instruction, a `verification` of the first, or a correction that goes on from an analysis it was given: a `neutral`
 * text as long as the model's own, or another problem's (`shuffled`).
 */
export type TurnKind = "second" | "verification" | "neutral" | "shuffled";

/** Which turns: of one kind, by one model, under one settings' hash. */
export interface TurnQuery {
  kind: TurnKind;
  modelId: string;
  settings: string;
}

export interface NewTurn extends TurnQuery {
  attemptId: number;
  sample: number;
  text: string;
  /** Of its final answer; null for a verification, which has none. */
  verdict: Verdict | null;
  /** What was read out of it: a final answer, or a verification's `right` or `wrong`. */
  answer: string | null;
  reason: string;
  finish: Finish;
  tokens: number;
}

export interface Turn extends NewTurn {
  id: number;
}

/** Right of scored attempts of one problem in one sampling; `truncated` ones are scored, as failures. */
export interface GroupScore {
  problemRowId: number;
  correct: number;
  scored: number;
  truncated: number;
}

/**
 * `inPool` and `reviewed` count attempts. Only purpose `sample` is counted,
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

export type PoolGrouping =
  | "problem"
  | "level"
  | "kind"
  | "answer"
  | "errorType"
  /** What people said: a label of the rubric, their decision on the correction, the overall rating, the first wrong step. */
  | "label"
  | "decision"
  | "rating"
  | "firstWrong"
  | "model";

export interface AttemptQuery {
  /** Default: only attempts in the pool; with `ids`, exactly those. Only purpose `sample`, unless by `ids`. */
  scope?: "pool" | "all";
  verdicts?: Verdict[];
  reviewed?: boolean;
  /**
   * A substring of the problem, the solution, its answer, one of its reflections, or a note or correction that stands
   * on the attempt, its reflections or its problem. Letters A to Z in either case; everything else as it is.
   */
  text?: string;
  problemId?: number;
  /** Here and below, "" means that there is none. */
  level?: string;
  kind?: string;
  answer?: string;
  errorType?: string;
  label?: string;
  decision?: string;
  /** Overall, "1".."5". */
  rating?: string;
  /** A step's number, "0" where a person found none wrong. */
  firstWrong?: string;
  modelId?: string;
  /** Any of these models: those of one run. */
  modelIds?: string[];
  /** Graders differ, or none could tell, and no person settled it; of one kind, or any. Never of bad problems. */
  dispute?: "any" | DisputeKind;
  /**
   * Of groups whose most frequent answer is wrong, and given by at least half of those with an answer. By answers as
   * written: the group card, which sees what is equivalent, finds more of them.
   */
  wrongMajority?: true;
  /** Restrict to these attempts. */
  ids?: number[];
}

/**
 * In which order a queue comes: by problem as stored; shuffled by a seed; groups nearest to one right in two first;
 * disputes first, by kind, and all else after them.
 */
export type QueueOrder = { by: "stored" | "uncertain" | "disputes" } | { by: "random"; seed: number };

/** Bad problems among those that a figure is about. */
export interface LeftOutProblems {
  /** Row ids of a sampling's problems, or of a set's. Absent: of the whole pool. */
  samplingId?: number;
  set?: string;
  problemRowIds?: readonly number[];
}

/** The newest of each thing that a pool holds, and its filter: what is added changes one of them. */
export interface PoolMarks {
  attempts: number;
  reflections: number;
  annotations: number;
  opinions: number;
  /** Those that were applied, and whether they stand. */
  regrades: string;
  filter: string;
}

/** One sitting of review, kept with what was said in it. */
export interface NewSitting {
  who: string;
  order: "stored" | "random" | "uncertain" | "disputes";
  seed: number;
  query: AttemptQuery;
  blind: boolean;
}

/** Under which circumstances something was said. */
export interface Circumstances {
  /** 2: the item came back unseen; the word is kept and never stands. */
  pass?: 1 | 2;
  sitting?: number;
  /** From when the item was shown. */
  seconds?: number;
}

/** One of many things that a person says at once. */
export interface Word {
  target: AnnotationTarget;
  targetId: number;
  value: AnnotationValue;
}

/** The newest word of one person, kind and axis on one target; null: taken back. */
export interface StandingWord {
  /** Of the annotation. */
  id: number;
  said: AnnotationValue["value"];
}

/** How an attempt was cut into steps: UTF-16 [start, end) of each, and the hash of text and cutting rules. */
export interface Cut {
  hash: string;
  spans: [number, number][];
}

/** A row of the tree: one bucket of a grouping. */
export interface PoolBucket {
  /** Value to pass back in an AttemptQuery, under the grouping's name (`modelId` for a model, the row id for a problem). */
  key: string;
  /** The problem's text (its first 2,000 characters), or the key; empty where there is none. */
  label: string;
  attempts: number;
  unreviewed: number;
  /** Only for grouping by problem: scored right, scored, and the group size. */
  correct?: number;
  scored?: number;
}

export interface PoolCount {
  attempts: number;
  /** Those that have such attempts. */
  problems: number;
  unreviewed: number;
}

/** `ready`: everything is indexed. Without, or before, a search reads every text: the same answers, later. */
export interface SearchState {
  state: "none" | "partial" | "ready";
  /** Problems, attempts, reflections, notes and corrections. */
  indexed: number;
  total: number;
  /** Of the index on disk. */
  bytes: number;
}

/** Everything the Review panel shows for one attempt. */
export interface AttemptDetail {
  attempt: Attempt;
  problem: StoredProblem;
  /** Newest first. */
  reflections: Reflection[];
  /** Those that stand, of this attempt, its reflections and its problem. */
  annotations: Annotation[];
  /** Every word on the verdict, oldest first, those that were taken back with them. */
  overrules: Annotation[];
  /** null: no step of it was named yet. */
  cut: Cut | null;
  /** The error type by its generator or a machine; what stands, a person's word first, is `attempt.errorType`. */
  labelled: string | null;
  /** Right and scored attempts of its group. */
  correct: number;
  scored: number;
  group: number;
  siblings: { id: number; answer: string | null; verdict: Verdict; inPool: boolean }[];
}

/** The pool as the rest of the house sees it. Every method rejects with an ErrataError made for people. */
export interface Pool extends VerdictPool {
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

  annotate(
    target: AnnotationTarget,
    targetId: number,
    who: string,
    value: AnnotationValue,
    circumstances?: Circumstances,
  ): Promise<number>;
  /** Says several things as one: all of it is stored, or nothing. Ids in the order of the words. */
  annotateEach(who: string, words: readonly Word[]): Promise<number[]>;
  /** What one person said last of each, by target id; absent where this person never said anything. */
  standing(of: {
    target: AnnotationTarget;
    ids: readonly number[];
    who: string;
    kind: AnnotationKind;
    axis?: string;
  }): Promise<Map<number, StandingWord>>;
  /** Freezes how an attempt is cut into steps; a cut that is there already stays. */
  freezeCut(attemptId: number, cut: Cut): Promise<void>;
  openSitting(sitting: NewSitting): Promise<number>;
  /** Who said how much: persons, adjudicators and machines. */
  people(): Promise<Annotator[]>;
  /**
   * People's standing judgements and their repeats, by annotation id, `limit` at a time; go on after the last id. What
   * machines said is no judgement.
   */
  judgements(after: number, limit: number): Promise<JudgementWord[]>;
  /** Says, as an adjudicator, what holds where people differ; the words that it decides between stay and are kept with it. */
  adjudicate(name: string, word: Word, of: readonly number[]): Promise<number>;
  /** Annotation ids of the words that an adjudicated one decided between; empty for any other. */
  adjudicated(annotationId: number): Promise<number[]>;
  /** Newest last; the whole history. */
  annotations(target: AnnotationTarget, targetId: number): Promise<Annotation[]>;

  stats(): Promise<PoolStats>;
  buckets(
    grouping: PoolGrouping,
    query?: AttemptQuery,
    page?: { after?: string; limit: number; signal?: AbortSignal },
  ): Promise<PoolBucket[]>;
  /**
   * Totals of a query. At once where the query asks for what is counted anyway; a search without an index reads the
   * pool piece by piece: `progress` is told how far it came (0 to 1), and an abort rejects with the signal's reason.
   */
  count(query: AttemptQuery, signal?: AbortSignal, progress?: (share: number) => void): Promise<PoolCount>;
  /** How much of the pool a search finds by its index, and how large that is. */
  searchState(): Promise<SearchState>;
  /**
   * Makes the index of `AttemptQuery.text`, or brings it up to date: in short transactions that let other writes pass,
   * going on where it was stopped. An abort rejects with the signal's reason; what was indexed stays.
   */
  buildSearchIndex(report?: (state: SearchState) => void, signal?: AbortSignal): Promise<SearchState>;
  /**
   * By problem, as stored; `after` is the id of the last attempt that was read. `brief` leaves their texts empty: long
   * ones hold up the main thread on their way through it.
   */
  attempts(
    query: AttemptQuery,
    page?: { after?: number; limit: number; signal?: AbortSignal; brief?: boolean },
  ): Promise<Attempt[]>;
  /** What a list says of attempts beside what they are: was it reviewed, and what came of its newest reflection. */
  seen(
    attemptIds: readonly number[],
  ): Promise<Map<number, { reviewed: boolean; reflection: Verdict | null }>>;
  /** Ids alone; by problem, as stored, unless another order is asked for. */
  attemptIds(query: AttemptQuery, order?: QueueOrder, limit?: number): Promise<number[]>;
  /** Cheap to ask for; the same as before where nothing was added. */
  marks(): Promise<PoolMarks>;
  /** How many problems a person called bad: they are left out of the pool and of every figure. */
  badProblems(of?: LeftOutProblems): Promise<number>;
  /** Attempts of a query, reviewed or not, that a person judged and never judged twice; the oldest judgement first. */
  judgedBy(who: string, query: AttemptQuery): Promise<number[]>;
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

  /** A stored turn is never doubled. */
  putTurns(turns: NewTurn[]): Promise<void>;
  turnsOf(attemptIds: number[], query: TurnQuery): Promise<Turn[]>;

  /** Every problem's row id and text, of all sets. */
  problemTexts(): Promise<{ rowId: number; problem: string }[]>;
  /** Those ids that no attempt has. */
  missing(attemptIds: readonly number[]): Promise<number[]>;
  /** What a run would take, and what would be left out, by reason. */
  countTraining(query: TrainingQuery): Promise<TrainingCount[]>;
  /** Whose reflections a run takes, the most frequent first. */
  countReflections(query: TrainingQuery): Promise<{ by: string; person: boolean; count: number }[]>;
  /** What a run takes, oldest first. */
  training(query: TrainingQuery): Promise<TrainingRow[]>;

  /** What the model generated for one attempt, token by token. */
  tokensOf(attemptId: number): Promise<{ tokenIds: number[]; logprobs: number[] }>;

  /** Reads a selection in one pass, over a connection of its own that the caller closes. */
  exportReader(selection: Selection): Promise<ExportReader>;

  /** A consistent copy (`VACUUM INTO`); refuses to overwrite. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}
