/** What the Run panel's host and its webview say to each other. The host owns the data; the view draws it. */
import type { Rollout, Stage } from "./events.js";
import type { Axis, Curve, Range, RunPoint } from "./run-curve.js";

export type RunPanelStatus = "starting" | "running" | "stopping" | "stopped" | "finished" | "failed" | "died";

export interface RunHead {
  id: string;
  name: string;
  method: string;
  status: RunPanelStatus;
  stage: Stage | null;
  phase: string | null;
  step: number;
  steps: number;
  /** Step of the last checkpoint; null where there is none. */
  checkpoint: number | null;
  /** Median of the last steps, in seconds; null before there are any. */
  stepSeconds: number | null;
  secondsLeft: number | null;
  device: string | null;
  /** Model it was started from. */
  model: string;
  /** Model it made, once registered. */
  modelId: string | null;
  /** Why it ended, and the log's last words. */
  message: string | null;
  tokensPerSecond: number | null;
  /** What supervised training learns from, by kind, and what was left out, by reason. */
  examples: { counts: Record<string, number>; leftOut: Record<string, number> } | null;
}

export interface RunAlarmView {
  step: number;
  kind: string;
  message: string;
}

/** A run drawn over the panel's own. */
export interface OtherRun {
  id: string;
  name: string;
  method: string;
  curve: Curve;
}

export type Verdict = Rollout["verdict"];
/** Wrong ones first: what the rollouts are looked through for. */
export const VERDICTS: readonly Verdict[] = ["incorrect", "truncated", "unscored", "correct"];

/** Which rollouts the view wants to see. */
export interface RolloutsQuery {
  /** The step, or the nearest that has rollouts; null follows the latest. */
  step: number | null;
  /** Only these verdicts; all when empty. */
  verdicts: Verdict[];
  /** Rows at most. */
  rows: number;
}
export interface RolloutsView {
  step: number;
  /** The newest step is followed. */
  following: boolean;
  first: number;
  last: number;
  previous: number | null;
  next: number | null;
  /** Wrong first, then as written; the very same text for the same problem is one row with `times`. */
  rows: (Rollout & { times: number })[];
  /** Rollouts that the rows stand for, those that match the query, and all of the step. */
  shown: number;
  matching: number;
  total: number;
  counts: Partial<Record<Verdict, number>>;
}

/** How the curves are looked at; an exported SVG is drawn the same way. */
export interface PlotView {
  axis: Axis;
  /** Weight of the moving average, 0 to 0.99. */
  smoothing: number;
  zoom: Range | null;
  log: boolean;
}

export type RunToView =
  | {
      type: "snapshot";
      head: RunHead;
      curve: Curve;
      alarms: RunAlarmView[];
      /** Runs drawn over this one that are gone are left out. */
      others: OtherRun[];
    }
  | {
      type: "delta";
      head: RunHead;
      points: RunPoint[];
      alarms: RunAlarmView[];
      /** New points of runs drawn over this one. */
      others: Record<string, RunPoint[]>;
    }
  | { type: "others"; others: OtherRun[] }
  /** The run cannot be shown: it was deleted, or its folder cannot be read. */
  | { type: "unreadable"; message: string }
  /** The curves in the range that was asked for, by run. */
  | { type: "detail"; axis: Axis; range: Range; curves: Record<string, Curve> }
  | { type: "rollouts"; rollouts: RolloutsView }
  | { type: "log"; text: string };

export type RunDeed =
  | "stop"
  | "resume"
  | "compare"
  | "recipe"
  | "clone"
  | "log"
  | "rollouts-file"
  | "folder"
  | "delete";
export type RunFromView =
  /** The page is there, with what it remembers. */
  | { type: "ready"; others: string[]; rollouts: RolloutsQuery; log: boolean; zoom: Range | null; axis: Axis }
  | { type: "do"; deed: RunDeed }
  /** Asks a person which runs to draw over this one. */
  | { type: "add-runs" }
  | { type: "remove-run"; id: string }
  | { type: "range"; axis: Axis; range: Range | null }
  | { type: "rollouts"; query: RolloutsQuery }
  /** The end of `log.txt`, for as long as it is looked at. */
  | { type: "log"; follow: boolean }
  /** Saves a plot, or every figure of the run when `plot` is null. */
  | { type: "export"; plot: string | null; view: PlotView };

/** What a panel keeps in `setState`. */
export interface RunMemory {
  runId: string;
  /** Plots that are shown as tables, and those with a logarithmic scale. */
  tables: string[];
  logs: string[];
  axis: Axis;
  smoothing: number;
  zoom: Range | null;
  others: string[];
  rollouts: RolloutsQuery;
  /** Rows that are shown in full. */
  open: string[];
  logOpen: boolean;
  scroll: number;
}

/** Rows of rollouts at first, and at every "Show more". */
export const ROLLOUT_PAGE = 40;
