/**
 * What the Compare panel's host and its webview say to each other. The view draws a comparison that the host holds;
 * the shapes repeat `Comparison` of runs/types.ts, of which the webview may not know.
 */
export interface FigureView {
  value: number;
  low: number;
  high: number;
  n: number;
}
export interface PairView {
  a: FigureView;
  b: FigureView;
}
/** `difference` is b − a, paired by problem. */
export interface ChangeView extends PairView {
  difference: FigureView;
}
export interface SideView {
  correct: number;
  scored: number;
  attemptIds: number[];
}
export interface ComparedView {
  problemRowId: number;
  problem: string;
  gold: string;
  level?: string;
  kind?: string;
  a: SideView;
  b: SideView;
}
export interface ComparisonView {
  modelA: string;
  modelB: string;
  problems: string;
  protocol: string;
  group: number;
  passAt1: ChangeView;
  accT2: ChangeView;
  /** Both models on the wrong attempts of model A. */
  fixRate: ChangeView;
  retryRate: ChangeView;
  table: { both: number; onlyA: number; onlyB: number; neither: number };
  fixed: ComparedView[];
  regressed: ComparedView[];
  mcnemarP: number;
  unscored: { a: number; b: number };
  createdAt: string;
}

export type CompareToView = { type: "comparison"; comparison: ComparisonView };
export type CompareFromView =
  | { type: "ready" }
  /** Shows these attempts in Review, as a queue of their own. */
  | { type: "open"; attemptIds: number[] };

/** What a panel keeps in `setState`: the key under which the workspace's state holds the comparison. */
export interface CompareMemory {
  key: string;
  scroll: number;
}
