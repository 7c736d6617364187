import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/protocol/events.js";
import { MOST_POINTS } from "../../src/protocol/run-curve.js";
import { parseRollouts } from "../../src/ui/panels/run-rollouts.js";
import { followed, last, metrics, scrpoStep, soon } from "./run.fixture.js";

const start = (resumedFrom: number, time: number): RunEvent => ({
  type: "start",
  time,
  run: "r",
  method: "scrpo",
  steps: 60,
  resumedFrom,
  device: "cpu",
  model: "base",
  pid: 1,
});

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
    expect(last(f.posted, "snapshot")?.curve.points.map((p) => p.step)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  });

  it("forgets the steps that a resumed run repeats, and counts no time between", async () => {
    const f = followed();
    f.send([start(0, 0), ...[1, 2, 3, 4, 5].map((n) => metrics(n))]);
    f.send([
      { type: "rollouts", time: 5, step: 2, file: "rollouts/step-2.jsonl" },
      { type: "rollouts", time: 5, step: 5, file: "rollouts/step-5.jsonl" },
      start(3, 1000),
      { ...metrics(4, "correction", 0.9), time: 1002 },
    ]);
    await soon();
    const { points } = last(f.posted, "snapshot")?.curve ?? { points: [] };
    expect(points.map((p) => [p.step, p.reward, p.elapsed])).toEqual([
      [1, 0.5, 1],
      [2, 0.5, 2],
      [3, 0.5, 3],
      [4, 0.9, 5],
    ]);
    expect([...f.feed.data.rollouts.keys()]).toEqual([2]);
  });

  it("keeps 100,000 steps, sends few, and all of a range that is looked at", async () => {
    const f = followed();
    const events = Array.from({ length: 100_000 }, (_, i) => scrpoStep(i + 1));
    f.send(events.slice(0, 60_000));
    f.send(events.slice(60_000));
    await f.feed.snapshot();
    const snapshot = last(f.posted, "snapshot");
    expect(f.feed.data.points).toHaveLength(100_000);
    expect(snapshot?.curve.points.length).toBeLessThanOrEqual(MOST_POINTS);
    expect(snapshot?.curve.averaged).toBe(100);
    expect(snapshot?.curve.bands).toBeNull();
    // What crosses to the view, whatever the run's length.
    expect(JSON.stringify(snapshot).length).toBeLessThan(1.2e6);
    f.posted.length = 0;
    await soon();
    expect(JSON.stringify(f.posted).length).toBeLessThan(1.2e6);

    f.feed.detail({ from: 50_001, to: 50_100 }, "step");
    const detail = last(f.posted, "detail")?.curves.r;
    expect(detail?.averaged).toBe(1);
    // One more at each side, so that lines leave the plot.
    expect(detail?.points.map((p) => p.step)).toEqual(Array.from({ length: 102 }, (_, i) => 50_000 + i));
    expect(detail?.bands?.[1]).toEqual([50_007, 50_010]);
    f.feed.detail({ from: 2e7, to: 2.01e7 }, "tokens");
    expect(last(f.posted, "detail")?.curves.r?.points.at(1)?.step).toBe(20_000);

    f.posted.length = 0;
    f.send([scrpoStep(100_001)]);
    await soon();
    expect(f.posted).toHaveLength(1);
    expect(JSON.stringify(f.posted).length).toBeLessThan(3000);
  });

  it("thins out alarms that repeat, kind by kind", async () => {
    const f = followed();
    f.send(
      Array.from({ length: 4000 }, (_, i) => ({
        type: "alarm" as const,
        time: i,
        step: i,
        kind: i % 2 ? "collapse" : "zero-variance",
        message: "m",
      })),
    );
    await f.feed.snapshot();
    const alarms = last(f.posted, "snapshot")?.alarms ?? [];
    expect(alarms.length).toBeLessThanOrEqual(602);
    expect(alarms.at(-1)?.step).toBe(3999);
    expect(new Set(alarms.map((a) => a.kind)).size).toBe(2);
  });

  it("takes figures alone from a log that another program wrote", async () => {
    const f = followed();
    f.send([
      { ...metrics(1), reward: "high", kl: null, entropy: Number.POSITIVE_INFINITY } as unknown as RunEvent,
      { ...metrics(2), step: "two" } as unknown as RunEvent,
      { type: "rollouts", time: 1, step: 1, file: "../../../secrets.jsonl" },
      {
        type: "examples",
        time: 1,
        counts: { gold: 12, odd: "many" },
        left_out: null,
        file: "x",
      } as unknown as RunEvent,
    ]);
    expect(f.feed.data.examples).toEqual({ counts: { gold: 12 }, leftOut: {} });
    const [point] = f.feed.data.points;
    expect(Object.keys(point ?? {}).sort()).toEqual(["accuracy", "elapsed", "stage", "step", "time", "type"]);
    expect(f.feed.data.points).toHaveLength(1);
    expect(f.feed.data.rollouts.size).toBe(0);
  });

  it("draws other runs over it, goes on with them, and leaves out those that are gone", async () => {
    const f = followed();
    f.gone.add("deleted");
    await f.feed.snapshot();
    await f.feed.setOthers(["a", "deleted", "r"]);
    f.send([metrics(1), metrics(2)], "a");
    await soon();
    expect(last(f.posted, "others")?.others.map((o) => o.id)).toEqual(["a"]);
    expect(last(f.posted, "delta")?.others.a?.map((p) => p.step)).toEqual([1, 2]);
    expect(f.logs.has("deleted")).toBe(false);
    await f.feed.snapshot();
    expect(last(f.posted, "snapshot")?.others[0]?.curve.points).toHaveLength(2);
    await f.feed.setOthers([]);
    expect(f.logs.has("a")).toBe(false);
  });

  it("says that a run cannot be shown", async () => {
    const f = followed();
    f.gone.add("r");
    await f.feed.snapshot();
    expect(f.posted).toEqual([{ type: "unreadable", message: "There is no run r." }]);
  });
});

describe("rollouts and log", () => {
  const row = (verdict: string, n = 0) =>
    JSON.stringify({ problem: "p", completion: `${verdict}${n}`, reward: 1, verdict, stage: "trial" });
  const write = (folder: string, step: number, rows: string[]): RunEvent => {
    mkdirSync(join(folder, "rollouts"), { recursive: true });
    writeFileSync(join(folder, `rollouts/step-${step}.jsonl`), `${rows.join("\n")}\n`);
    return { type: "rollouts", time: step, step, file: `rollouts/step-${step}.jsonl` };
  };

  it("follows the newest step, wrong first, the very same text once", async () => {
    const f = followed();
    await f.feed.snapshot();
    const rows = [row("correct"), '{"cut off', row("incorrect"), row("incorrect")];
    f.send([metrics(2), write(f.folder, 2, rows)]);
    await soon();
    const view = last(f.posted, "rollouts")?.rollouts;
    expect(view?.rows.map((r) => [r.verdict, r.times])).toEqual([
      ["incorrect", 2],
      ["correct", 1],
    ]);
    expect(view).toMatchObject({ step: 2, following: true, shown: 3, total: 3, previous: null, next: null });
  });

  it("goes to an earlier step, keeps it while the run goes on, pages and filters", async () => {
    const f = followed();
    const many = Array.from({ length: 90 }, (_, i) => row(i % 3 ? "incorrect" : "correct", i));
    f.send([
      write(f.folder, 1, many),
      write(f.folder, 5, [row("correct")]),
      write(f.folder, 9, [row("correct")]),
    ]);
    await f.feed.snapshot();
    // Step 2 has none: the nearest is shown.
    await f.feed.ask({ step: 2, verdicts: [], rows: 40 });
    const view = last(f.posted, "rollouts")?.rollouts;
    expect(view).toMatchObject({
      step: 1,
      following: false,
      shown: 40,
      matching: 90,
      next: 5,
      first: 1,
      last: 9,
    });
    expect(view?.counts).toEqual({ incorrect: 60, correct: 30 });
    await f.feed.ask({ step: 1, verdicts: ["correct"], rows: 80 });
    expect(last(f.posted, "rollouts")?.rollouts).toMatchObject({ shown: 30, matching: 30, total: 90 });
    f.posted.length = 0;
    f.send([write(f.folder, 12, [row("incorrect")]), metrics(12)]);
    await soon();
    expect(last(f.posted, "rollouts")).toBeUndefined();
    await f.feed.ask({ step: null, verdicts: [], rows: 40 });
    expect(last(f.posted, "rollouts")?.rollouts).toMatchObject({ step: 12, following: true, previous: 9 });
  });

  it("reads rollouts that another program wrote without stumbling", () => {
    expect(parseRollouts('null\n42\n{"problem":1}\nnot json\n')).toEqual([]);
    const [odd] = parseRollouts(
      '{"problem":"p","completion":"c","reward":0,"verdict":"<b>","wrong":7,"turns":[null,{"text":"t"}]}',
    );
    expect(odd).toMatchObject({ verdict: "unscored", turns: [{ text: "t" }] });
    expect(odd).not.toHaveProperty("wrong");
    expect(parseRollouts('{"problem":"p","completion":"c","reward":null,"verdict":"unscored"}')).toHaveLength(
      1,
    );
    const [long] = parseRollouts(
      JSON.stringify({ problem: "p", completion: "x".repeat(50_000), reward: 0, verdict: "incorrect" }),
    );
    expect(long?.completion).toMatch(/x\n… 30000 more characters are in the file\.$/);
  });

  it("tells the log's end when it changes: of a progress bar its last state, without colours", async () => {
    const f = followed();
    const file = join(f.folder, "log.txt");
    writeFileSync(
      file,
      `${"x".repeat(30_000)}\nloading\r 50%\r100%\n\u001b[31mValueError: it broke\u001b[0m\n`,
    );
    f.feed.followLog(true);
    await soon();
    expect(last(f.posted, "log")?.text).toBe("100%\nValueError: it broke\n");
    f.posted.length = 0;
    // It looks twice a second; what it saw unchanged would stand among what is told in the end.
    await new Promise((resolve) => setTimeout(resolve, 700));
    writeFileSync(file, "again\n");
    await expect.poll(() => f.posted, { timeout: 30_000 }).toContainEqual({ type: "log", text: "again\n" });
    expect(f.posted).toEqual([{ type: "log", text: "again\n" }]);
    f.feed.followLog(false);
  });
});
