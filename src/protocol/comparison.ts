import type {
  Boundary,
  ComparisonAlarm,
  Intrinsic,
  PassAtK,
  ReflectionLift,
  Verification,
} from "./comparison-parts.js";
import type { SamplingOptions } from "./types.js";

/** A figure with its 95 % interval and the number of things it was counted over. */
export interface Figure {
  value: number;
  low: number;
  high: number;
  n: number;
}
export interface Pair {
  a: Figure;
  b: Figure;
}
/** Of the same problems under both models: `difference` is b − a, its interval paired by problem. */
export interface Change extends Pair {
  difference: Figure;
}

/** One problem under one model: right of scored. */
export interface ComparedSide {
  correct: number;
  scored: number;
  attemptIds: number[];
}

/** One problem under both models. */
export interface ComparedProblem {
  problemRowId: number;
  problem: string;
  gold: string;
  level?: string;
  kind?: string;
  a: ComparedSide;
  b: ComparedSide;
}

/** What changed from model A to model B; every figure defined in docs/comparing.md. */
export interface Comparison {
  modelA: string;
  modelB: string;
  problems: string;
  /** Always labelled: oracle-gated second turns see only wrong first attempts and are told so. */
  protocol: "oracle-gated";
  group: number;
  passAt1: Change;
  /** First attempt right, or wrong and then corrected: of all scored first attempts (oracle-gated). */
  accT2: Change;
  /**
   * Both on the same wrong attempts, those of model A: each model's own would be a selection by its own skill.
   * A fix is a reflection whose correction is right; a retry, a fresh attempt at the same problem.
   */
  fixRate: Change;
  retryRate: Change;
  /** Model B on its own wrong attempts. */
  own: { fixRate: Figure; retryRate: Figure };
  /** 2x2 by problem: solved means at least half of the scored samples are right. */
  table: { both: number; onlyA: number; onlyB: number; neither: number };
  fixed: ComparedProblem[];
  regressed: ComparedProblem[];
  /** Exact, two-sided, on solved by problem. */
  mcnemarP: number;
  unscored: { a: number; b: number };
  createdAt: string;
  /** First attempts that ended at the token limit: counted as failures. */
  truncated?: { a: number; b: number };
  /** Reflections on A's wrong attempts whose correction is unscored: not in the fix rate. */
  unscoredFixes?: { a: number; b: number };
  /** Problems that a person had called bad: in no figure. Absent in comparisons of an earlier Errata. */
  badProblems?: number;
  /** The same for both models, the seed included. */
  sampling?: SamplingOptions;
  passAtK?: PassAtK;
  boundary?: Boundary;
  /** A protocol of its own, never mixed with the oracle-gated figures. */
  intrinsic?: Intrinsic;
  verification?: Verification;
  lift?: ReflectionLift;
  alarms?: ComparisonAlarm[];
}
