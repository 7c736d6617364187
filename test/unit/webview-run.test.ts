import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { RunEvent, RunMetrics } from "../../src/protocol/events.js";
import { downsample, type RunPoint, type RunToView } from "../../src/protocol/run-panel.js";
import type { RunInfo } from "../../src/runs/types.js";
import { parseRollouts, RunFeed } from "../../src/ui/panels/run-feed.js";

const clean: (() => void)[] = [];
afterEach(() => {
  for (const end of clean.splice(0)) end();
});

const metrics = (step: number, stage: "trial" | "correction" = "trial", reward = 0.5): RunMetrics => ({
  type: "metrics",
  time: step,
  step,
  stage,
  reward,
  accuracy: 0.5,
});

function followed() {
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
    stage: null,
    phase: null,
    startedAt: "",
    secondsLeft: null,
    message: null,
    modelId: null,
  };
  let send: (events: RunEvent[]) => void = () => {};
  const posted: RunToView[] = [];
  const feed = new RunFeed(
    {
      get: async () => ({ ...info }),
      watch: (_id, on) => {
        send = on;
        return () => {};
      },
      onDidChange: () => () => {},
    },
    "r",
    (message) => posted.push(message),
    (error) => {
      throw error;
    },
  );
  clean.push(() => feed.dispose());
  return { folder, info, feed, posted, send: (events: RunEvent[]) => send(events) };
}
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 250));

describe("the feed of a run panel", () => {
  it("sends many events as one delta, and everything as a snapshot", async () => {
    const f = followed();
    await f.feed.snapshot();
    f.posted.length = 0;
    for (let step = 1; step <= 40; step++) f.send([metrics(step)]);
    await soon();
    expect(f.posted).toHaveLength(1);
    expect(f.posted[0]).toMatchObject({ type: "delta" });
    await f.feed.snapshot();
    const last = f.posted.at(-1);
    expect(last?.type === "snapshot" && last.points.map((p) => p.step)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  });

  it("forgets the steps that a resumed run repeats", async () => {
    const f = followed();
    f.send([1, 2, 3, 4, 5].map((n) => metrics(n)));
    f.send([
      {
        type: "start",
        time: 6,
        run: "r",
        method: "scrpo",
        steps: 60,
        resumedFrom: 3,
        device: "cpu",
        model: "base",
        pid: 1,
      },
      metrics(4, "correction", 0.9),
    ]);
    await soon();
    const last = f.posted.at(-1);
    expect(last?.type).toBe("snapshot");
    expect(last?.type === "snapshot" && last.points.map((p) => [p.step, p.reward])).toEqual([
      [1, 0.5],
      [2, 0.5],
      [3, 0.5],
      [4, 0.9],
    ]);
  });

  it("shows the newest rollouts, wrong first, and the log of a run that failed", async () => {
    const f = followed();
    await f.feed.snapshot();
    mkdirSync(join(f.folder, "rollouts"));
    const row = (verdict: string) =>
      JSON.stringify({ problem: "p", completion: verdict, reward: 1, verdict, stage: "trial" });
    writeFileSync(
      join(f.folder, "rollouts/step-2.jsonl"),
      `${row("correct")}\n{"cut off\n${row("incorrect")}\n${row("incorrect")}\n`,
    );
    writeFileSync(join(f.folder, "log.txt"), "ValueError: it broke\n");
    f.send([metrics(2), { type: "rollouts", time: 2, step: 2, file: "rollouts/step-2.jsonl" }]);
    await soon();
    const rollouts = f.posted.find((m) => m.type === "rollouts");
    expect(rollouts?.type === "rollouts" && rollouts.rollouts.rows.map((r) => [r.verdict, r.times])).toEqual([
      ["incorrect", 2],
      ["correct", 1],
    ]);
    f.info.status = "failed";
    f.send([{ type: "end", time: 3, reason: "failed" }]);
    await soon();
    const last = f.posted.at(-1);
    expect(last?.type === "snapshot" && last.log).toContain("it broke");
  });

  it("reads rollouts that another program wrote without stumbling", () => {
    expect(parseRollouts('null\n42\n{"problem":1}\nnot json\n')).toEqual([]);
  });
});

describe("downsampling", () => {
  const points = (n: number): RunPoint[] =>
    Array.from({ length: n }, (_, i) => ({
      step: i + 1,
      stage: i % 10 < 6 ? ("trial" as const) : ("correction" as const),
      reward: i,
      accuracy: 0.5,
      ...(i % 2 === 0 ? { kl: 1 } : {}),
    }));

  it("leaves short runs alone", () => {
    const few = points(100);
    expect(downsample(few, 200)).toEqual({ points: few, averaged: 1 });
  });

  it("keeps the bound, the order, the last step and one stage a point", () => {
    const { points: out, averaged } = downsample(points(20_000), 5000);
    expect(out.length).toBeLessThanOrEqual(5000);
    expect(averaged).toBeGreaterThan(1);
    expect(out.at(-1)?.step).toBe(20_000);
    for (let i = 1; i < out.length; i++) expect((out[i]?.step ?? 0) > (out[i - 1]?.step ?? 0)).toBe(true);
  });

  it("takes the mean of what was measured", () => {
    const [first] = downsample(points(10), 4).points;
    expect(first).toMatchObject({ stage: "trial", reward: 2, kl: 1, step: 5 });
  });
});
