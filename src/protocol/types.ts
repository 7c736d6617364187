/** The words of the house: what every step, process and webview means by a problem, an attempt, a reflection. */

/** One math problem. `gold` is its answer as the problem set gives it (LaTeX or plain text). */
export interface Problem {
  /** Unique within its problem set; stable across imports. */
  id: string;
  problem: string;
  gold: string;
  level?: string;
  /** What kind of problem it is, in a person's words ("brackets on both sides"). */
  kind?: string;
  topic?: string;
  /** A worked solution, where the problem set has one. Supervised fine-tuning on gold learns it. */
  solution?: string;
}

/**
 * `correct` and `incorrect` are the grader's (or a person's) decision; `unscored` means that nothing could be
 * decided; `truncated` that the text ended at the token limit before it gave an answer. Never a guess.
 */
export const VERDICTS = ["correct", "incorrect", "unscored", "truncated"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What the grader says of one text: what it read, where, and why it decided so. */
export interface Grade {
  verdict: Exclude<Verdict, "truncated">;
  /** The final answer that was read out of the text; null when none was found. */
  answer: string | null;
  /** UTF-16 offsets [start, end) of the answer within the text. */
  span: [number, number] | null;
  /** One sentence for people: the layer that decided, or why nothing could be. */
  reason: string;
  /** The reader that found the answer. */
  how?: "boxed" | "tag" | "hash" | "announced" | "bold" | "lastLine";
}

export interface SamplingOptions {
  /** 0 is greedy. */
  temperature: number;
  /** 1 is off. */
  topP: number;
  /** 0 is off. */
  topK: number;
  /** New tokens at most. */
  maxTokens: number;
  /** Any 32-bit unsigned integer; with the prompt and the sample's number it determines the sample. */
  seed: number;
  /** Generation ends before the first of these; they are not part of the text. */
  stop?: string[];
}

/** Why a text ended: an end token or stop string, or the token limit. */
export type Finish = "stop" | "length";

/** One generated text. */
export interface Generation {
  text: string;
  /** Generated token ids, the end token included when there was one. Empty where a server made the text. */
  tokenIds: number[];
  /**
   * One per token: log-probability under the model at temperature 1, before top-k and top-p. Nats. Of a server: as it
   * defines them, and empty where it gives none.
   */
  logprobs: number[];
  finish: Finish;
  /** How many tokens, where their ids are not known. */
  tokens?: number;
}

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export type ErrorTypeSource = "generator" | "person" | "machine";

/** One sampled solution of one problem, as stored. */
export interface Attempt {
  id: number;
  /** Row id of its problem in the pool (not the problem set's own id). */
  problemId: number;
  groupId: number;
  /** 0..G-1: which sample of its group. */
  sample: number;
  modelId: string;
  text: string;
  finish: Finish;
  tokens: number;
  verdict: Verdict;
  answer: string | null;
  answerSpan: [number, number] | null;
  reason: string;
  inPool: boolean;
  errorType: string | null;
  errorTypeSource: ErrorTypeSource | null;
  createdAt: string;
}

/** The model's own reading of one failed attempt. */
export interface Reflection {
  id: number;
  attemptId: number;
  modelId: string;
  /** 0..n-1 among the reflections of this attempt by this model with this seed. */
  sample: number;
  text: string;
  /** Empty when the section is missing. */
  analysis: string;
  /** Empty when the section is missing. */
  correctedSolution: string;
  /** Both sections were found. */
  parsed: boolean;
  /** Verdict on the corrected solution's answer. */
  verdict: Verdict;
  answer: string | null;
  reason: string;
  createdAt: string;
}

/**
 * One thing a person (or machine) said. Annotations are only ever appended: the newest of the same
 * (target, who, kind, axis) stands, `null` as value takes the earlier one back, the history stays.
 */
export interface Annotation {
  id: number;
  target: AnnotationTarget;
  targetId: number;
  who: string;
  /** ISO 8601, UTC. */
  at: string;
  value: AnnotationValue;
  /** 2: said again, unknowing, to measure a person against themselves; such a word never stands. */
  pass: 1 | 2;
}
export type AnnotationTarget = "attempt" | "reflection" | "problem";
export type AnnotationValue =
  /** 1..5; the plain rating has axis `overall`. */
  | { kind: "rating"; axis: string; value: number | null }
  /** Is the model's correction right, in this person's judgement? */
  | { kind: "decision"; value: "accepted" | "rejected" | null }
  /** A person's mended correction. */
  | { kind: "correction"; value: string | null }
  | { kind: "note"; value: string | null }
  /** 1-based step number; 0 means no wrong step. */
  | { kind: "firstWrongStep"; value: number | null }
  /** Overrules the grader. */
  | { kind: "verdict"; value: "correct" | "incorrect" | "unscored" | null }
  | { kind: "flag"; value: boolean | null }
  /** Bad problem or wrong gold answer: leaves the pool and every metric. */
  | { kind: "badProblem"; value: boolean | null }
  | { kind: "errorType"; value: string | null }
  /** A label of the rubric, by its id. `false` is an adjudicator's: the label does not hold, whoever set it. */
  | { kind: "label"; axis: string; value: boolean | null };
export type AnnotationKind = AnnotationValue["kind"];

/** Which problems' errors are telling. Computed on correctness; a group needs 4 scored attempts. */
export type PoolFilter =
  /** p(1-p) over its largest value at that G is at least `min` (0..1; default 0.5: at G = 8 keeps k = 2..6). */
  | { kind: "variance"; min: number }
  /** Any mixed group, 0 < k < G. */
  | { kind: "mixed" }
  /** low <= p <= high. */
  | { kind: "band"; low: number; high: number }
  /** Every wrong answer. */
  | { kind: "all" };
export const DEFAULT_FILTER: PoolFilter = { kind: "variance", min: 0.5 };

/** A model behind an OpenAI-compatible server (vLLM, SGLang, llama.cpp, LM Studio, …). */
export interface Endpoint {
  /** Up to and with the version: "http://127.0.0.1:8000/v1". */
  url: string;
  /** What the server calls the model. */
  model: string;
  /** Requests under way at once; default 8. */
  concurrency?: number;
}

/** Where a model is: a folder, or a server. What an engine loads. */
export interface ModelSource {
  /** Folder of the ONNX export; absolute, or in `models.json` relative to `.errata`. Empty for an endpoint. */
  folder: string;
  /** Which of a hub folder's graphs, relative to the folder ("onnx/model_q4.onnx"). Absent: the best for this machine. */
  graph?: string;
  endpoint?: Endpoint;
}

/** A model as `models.json` keeps it. */
export interface ModelEntry extends ModelSource {
  id: string;
  name: string;
  /** Trainable Hugging Face folder, when there is one; same rule for relative paths. */
  trainable?: string;
  /** Prompt family: a folder of `prompts/`. */
  prompts?: string;
  /** Where it came from: the model it was trained from and the run that made it. */
  base?: string;
  run?: string;
  addedAt: string;
}

/** Progress of any long work. `done` of `total` in this stage; the estimate is in seconds. */
export interface Progress {
  stage: string;
  done: number;
  total: number;
  secondsLeft?: number;
  /** Something worth saying beside the count, e.g. "4 310 tok/s". */
  detail?: string;
}
export type Report = (progress: Progress) => void;

/** An error made for people: what happened, where, and what to do about it. */
export class ErrataError extends Error {
  constructor(
    message: string,
    /** What to do. */
    readonly hint?: string,
    /** Stable name for tests and for the editor's "mend" actions, e.g. "no-python". */
    readonly code?: string,
  ) {
    super(message);
    this.name = "ErrataError";
  }
}
