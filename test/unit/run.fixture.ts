import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { RunEvent, RunMetrics, Stage } from "../../src/protocol/events.js";
import { curveOf } from "../../src/protocol/run-curve.js";
import type { RunToView } from "../../src/protocol/run-panel.js";
import type { RunInfo } from "../../src/runs/types.js";
import { RunData } from "../../src/ui/panels/run-data.js";
import { RunFeed } from "../../src/ui/panels/run-feed.js";

const clean: (() => void)[] = [];
afterEach(() => {
  for (const end of clean.splice(0)) end();
});

/** A step of ScRPO with every figure that it measures; six trials, then four corrections. */
export function scrpoStep(step: number): RunMetrics {
  const correction = (step - 1) % 10 >= 6;
  return {
    ...metrics(step, correction ? "correction" : "trial", 0.3 + step / 1e6),
    time: 1000 + 2 * step,
    loss: 0.1234567,
    kl: 0.00123456,
    entropy: 1.23456,
    clip_ratio: 0.012345,
    grad_norm: 0.56789,
    learning_rate: 1e-5,
    completion_length: 42.5,
    variance: 0.17,
    zero_variance: 0.25,
    pool_size: 256,
    pool_unique: 0.87654,
    pool_admitted: 4,
    pool_evicted: 3,
    pool_age: 7.5,
    step_seconds: 2,
    tokens: 1000 * step,
    tokens_per_second: 876.5,
    ...(correction ? { analysis_length: 27 } : {}),
  };
}

export const metrics = (step: number, stage: Stage = "trial", reward = 0.5): RunMetrics => ({
  type: "metrics",
  time: step,
  step,
  stage,
  reward,
  accuracy: 0.5,
});

/** A feed on runs that a test plays: `send` is what their logs say next. */
export function followed() {
  const folder = mkdtempSync(join(tmpdir(), "errata-run-"));
  clean.push(() => rmSync(folder, { recursive: true, force: true }));
  const info: RunInfo = {
    id: "r",
    folder,
    name: "r",
    method: "scrpo",
    model: "base",
    status: "running",
    step: 0,
    steps: 60,
    checkpoint: null,
    stage: null,
    phase: null,
    startedAt: "",
    secondsLeft: null,
    message: null,
    modelId: null,
  };
  const logs = new Map<string, (events: RunEvent[]) => void>();
  const gone = new Set<string>();
  const posted: RunToView[] = [];
  const failures: unknown[] = [];
  const feed = new RunFeed(
    {
      get: async (id) => {
        if (gone.has(id)) throw new Error(`There is no run ${id}.`);
        return { ...info, id, name: id };
      },
      watch: (id, on) => {
        logs.set(id, on);
        // As the store does it: what there is, at once, even when it is nothing.
        queueMicrotask(() => on([]));
        return () => logs.delete(id);
      },
      onDidChange: () => () => {},
    },
    "r",
    (message) => posted.push(message),
    (error) => failures.push(error),
  );
  clean.push(() => feed.dispose());
  const send = (events: RunEvent[], id = "r") => logs.get(id)?.(events);
  return { folder, info, feed, posted, failures, gone, logs, send };
}

/** Longer than the feed waits for more to come. */
export const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 250));

/** The last message of a type. */
export function last<T extends RunToView["type"]>(
  posted: RunToView[],
  type: T,
): (RunToView & { type: T }) | undefined {
  return posted.findLast((m): m is RunToView & { type: T } => m.type === type);
}

/** What the Run page is shown first, of a run with so many steps. */
const pointsOf = (steps: number) => {
  const data = new RunData();
  data.take(Array.from({ length: steps }, (_, i) => scrpoStep(i + 1)));
  return data.points;
};
export const snapshot = (steps: number, others: string[] = []): RunToView => ({
  type: "snapshot",
  head: {
    id: "r",
    name: "scrpo-01",
    method: "scrpo",
    status: "finished",
    stage: "trial",
    phase: null,
    step: steps,
    steps,
    checkpoint: steps,
    stepSeconds: 2,
    secondsLeft: null,
    device: "cpu",
    model: "base",
    modelId: null,
    message: null,
    tokensPerSecond: 800,
    examples: null,
  },
  curve: curveOf(pointsOf(steps), 1000),
  alarms: [
    { step: 24, kind: "zero-variance", message: "92% of the groups are all right or all wrong." },
    { step: 34, kind: "collapse", message: "Analyses shrank." },
  ],
  others: others.map((id) => ({ id, name: id, method: "grpo", curve: curveOf(pointsOf(40)) })),
});
