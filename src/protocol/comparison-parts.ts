/** What a comparison says beyond its 2x2 table: each part is there when it was measured. Definitions in docs/comparing.md. */
import type { Change, Figure, Pair } from "./comparison.js";

/** Unbiased pass@k for several k, and avg@G. */
export interface PassAtK {
  /** Ascending; the last k is G. Problems with fewer than k scored samples are left out of that k. */
  curve: (Change & { k: number })[];
  /** Mean accuracy over the k = G samples of each problem: what one sample can be expected to give. */
  average: Change & { k: number };
}

/** Unsolved: no scored sample is right; mastered: every one is; edge: in between, where a group can teach. */
export const STATES = ["unsolved", "edge", "mastered"] as const;
export type State = (typeof STATES)[number];

/** Share of problems whose variance p(1-p) lies in (`above`, `upTo`]; the first bin holds 0 alone. */
export interface VarianceBin extends Pair {
  above: number;
  upTo: number;
}

export interface Boundary {
  /** Of p(1-p) by problem; from 0 to its largest value, 1/4. */
  histogram: VarianceBin[];
  /** Share of problems without variance: all right or all wrong. */
  zeroVariance: Change;
  /** Share of problems in each state. */
  states: Record<State, Change>;
  /** Problems by their state under A (first) and under B. */
  migration: Record<State, Record<State, number>>;
}

/** SCoRe's metrics (arXiv 2409.12917): every first attempt is followed by a neutral instruction. Shares of all attempts. */
export interface Intrinsic {
  protocol: "intrinsic";
  accT1: Change;
  accT2: Change;
  /** Acc@t2 − Acc@t1, which is Δ i→c − Δ c→i. */
  delta: Change;
  deltaIC: Change;
  deltaCI: Change;
  changedAnswer: Change;
  editRatio: Change;
  /** S²R's (arXiv 2502.12853), conditional: of the wrong first attempts, those mended; of the right ones, those spoilt. */
  conditional: { icr: Change; cir: Change };
  /** Pairs without a decided verdict on either side leave every denominator. */
  unscored: { a: number; b: number };
}

/** S²R's metrics of verification (arXiv 2502.12853): a model judges its own first attempts. */
export interface Verification {
  protocol: "intrinsic";
  accuracy: Change;
  /** Of the wrong attempts, those it calls wrong. */
  errorRecall: Change;
  /** Of the attempts it calls right, those that are. */
  correctPrecision: Change;
  /** Verifications without a verdict: share, and how many. They leave the other denominators. */
  unparsable: Change;
  unparsableCount: { a: number; b: number };
  unscored: { a: number; b: number };
}

/** One model's reflections on its own wrong attempts, with what stood in the analysis's place exchanged. */
export interface LiftFigures {
  /** Corrections right, from the model's own analysis, a neutral text of its length, another problem's analysis. */
  own: Figure;
  neutral: Figure;
  shuffled: Figure | null;
  /** own − neutral. */
  lift: Figure;
  /** own − shuffled. */
  shuffleDrop: Figure | null;
  unscored: number;
}

/** Oracle-gated: wrong first attempts whose reflection has both sections. */
export interface ReflectionLift {
  protocol: "oracle-gated";
  a: LiftFigures;
  b: LiftFigures;
}

/** A sign that a model games what is measured. */
export interface ComparisonAlarm {
  model: "a" | "b";
  kind:
    | "never-changes"
    | "always-changes"
    | "shuffle-unharmed"
    | "answer-in-analysis"
    | "same-analysis"
    | "unclosed";
  message: string;
}
