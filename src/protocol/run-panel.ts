/** What the Run panel's host and its webview say to each other. The host owns the data; the view draws it. */
import type { Rollout, RunMetrics, Stage } from "./events.js";

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
}

/** One step's metrics; a mean over neighbours of the same stage where `averaged` says so. */
export type RunPoint = Omit<RunMetrics, "type" | "time">;

export interface RunAlarmView {
  step: number;
  kind: string;
  message: string;
}

export interface RolloutsView {
  step: number;
  /** Wrong first, then as written; the very same text for the same problem is one row with `times`. */
  rows: (Rollout & { times: number })[];
  /** Rollouts that the rows stand for, and all of the step. */
  shown: number;
  total: number;
}

export type RunToView =
  | {
      type: "snapshot";
      head: RunHead;
      points: RunPoint[];
      /** Steps per point: 1 unless the run is very long. */
      averaged: number;
      alarms: RunAlarmView[];
      rollouts: RolloutsView | null;
      /** The end of `log.txt`, when the run failed. */
      log: string | null;
    }
  | { type: "delta"; head: RunHead; points: RunPoint[]; alarms: RunAlarmView[] }
  | { type: "rollouts"; rollouts: RolloutsView };

export type RunDeed = "stop" | "resume" | "compare" | "recipe" | "log" | "folder";
export type RunFromView = { type: "ready" } | { type: "do"; deed: RunDeed };

/** What a panel keeps in `setState`. */
export interface RunMemory {
  runId: string;
  /** Plots that are shown as tables. */
  tables: string[];
  scroll: number;
}

/** More points than this are not told apart on a screen. */
export const MOST_POINTS = 5000;

/**
 * At most `most` points: neighbours of the same stage become their mean, field by field, at the last one's step.
 * Returns how many steps a point stands for.
 */
export function downsample(points: RunPoint[], most = MOST_POINTS): { points: RunPoint[]; averaged: number } {
  if (points.length <= most) return { points, averaged: 1 };
  const size = Math.ceil((2 * points.length) / most);
  const out: RunPoint[] = [];
  let bucket: RunPoint[] = [];
  const close = (): void => {
    const mean = meanOf(bucket);
    if (mean) out.push(mean);
    bucket = [];
  };
  for (const point of points) {
    if (bucket.length === size || (bucket[0] && bucket[0].stage !== point.stage)) close();
    bucket.push(point);
  }
  close();
  // Stages that alternate at every step leave nothing to merge: then the stage gives way.
  if (out.length > most) return { points: every(out, Math.ceil(out.length / most)), averaged: size };
  return { points: out, averaged: size };
}

function every(points: RunPoint[], nth: number): RunPoint[] {
  return points.filter((_, i) => i % nth === 0 || i === points.length - 1);
}

function meanOf(bucket: RunPoint[]): RunPoint | undefined {
  const last = bucket.at(-1);
  if (!last || bucket.length === 1) return last;
  const mean: Record<string, unknown> = { ...last };
  const fields = new Set(bucket.flatMap((p) => Object.keys(p)));
  for (const field of fields) {
    if (field === "step" || field === "stage") continue;
    const values = bucket
      .map((p) => (p as unknown as Record<string, unknown>)[field])
      .filter((v) => typeof v === "number");
    if (values.length > 0) mean[field] = values.reduce((a, b) => a + b, 0) / values.length;
  }
  return mean as unknown as RunPoint;
}
