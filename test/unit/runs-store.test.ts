import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Models } from "../../src/inference/types.js";
import { openPool } from "../../src/pool/pool.js";
import type { Pool } from "../../src/pool/types.js";
import type { RunEvent } from "../../src/protocol/events.js";
import type { ModelEntry } from "../../src/protocol/types.js";
import { startTime } from "../../src/runs/process.js";
import { WorkspaceRuns } from "../../src/runs/store.js";
import type { RunInfo, RunStatus } from "../../src/runs/types.js";

const trainer = resolve("test/fixtures/runs/trainer.mjs");

/** A registry in memory; the real one has tests of its own. */
function registry(entries: ModelEntry[]): Models & { entries: ModelEntry[] } {
  return {
    entries,
    list: async () => entries,
    get: async (id) =>
      entries.find((entry) => entry.id === id) ?? Promise.reject(new Error(`no model ${id}`)),
    add: async (folder, more) => {
      const entry = { id: "x", name: "x", addedAt: "", ...more, folder };
      if (!entries.some((known) => known.id === entry.id)) entries.push(entry);
      return entry;
    },
    remove: async (id) =>
      void entries.splice(
        entries.findIndex((entry) => entry.id === id),
        1,
      ),
    onDidChange: () => () => {},
  };
}

let workspace: string;
let pool: Pool;
let models: ReturnType<typeof registry>;
let runs: WorkspaceRuns;

beforeEach(async () => {
  workspace = mkdtempSync(join(tmpdir(), "errata-runs-"));
  const hf = join(workspace, "base", "hf");
  mkdirSync(hf, { recursive: true });
  writeFileSync(join(hf, "config.json"), "{}");
  models = registry([
    {
      id: "base",
      name: "Base",
      prompts: "demo",
      folder: join(workspace, "base"),
      trainable: hf,
      addedAt: "",
    },
    { id: "onnx", name: "ONNX alone", folder: join(workspace, "base"), addedAt: "" },
  ]);
  pool = await openPool(workspace);
  runs = open();
  writeFileSync(
    join(workspace, "train.jsonl"),
    ["2", "3"]
      .map((n) => `${JSON.stringify({ id: `p${n}`, problem: `Half of ${n}?`, answer: n })}\n`)
      .join(""),
  );
});
afterEach(async () => {
  for (const run of await runs.list()) if (run.status === "running") await runs.stop(run.id);
  runs.dispose();
  await pool.close();
  rmSync(workspace, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

const open = () =>
  new WorkspaceRuns({ workspace, models, pool: async () => pool, python: async () => trainer });

function recipe(more: object = {}): string {
  const file = join(workspace, "r.errata.json");
  const value = { method: "scrpo", model: "base", problems: "train.jsonl", max_steps: 8, ...more };
  writeFileSync(file, JSON.stringify(value));
  return file;
}

it("leaves out a problem that somebody called bad, and its preview says so", async () => {
  const file = recipe({ method: "grpo" });
  const words = "1 problem left out (bad problem or wrong gold).";
  const before = (await runs.preview(file)).outline;
  expect(before.problems.count).toBe(2);
  expect(before.warnings).not.toContain(words);

  const [bad = 0] = await pool.putProblems("train.jsonl", [{ id: "p3", problem: "Half of 3?", gold: "3" }]);
  await pool.annotate("problem", bad, "ann", { kind: "badProblem", value: true });
  const { outline } = await runs.preview(file);
  expect(outline.problems.count).toBe(1);
  expect(outline.warnings).toContain(words);
});

async function until(id: string, ...statuses: RunStatus[]): Promise<RunInfo> {
  for (let i = 0; i < 300; i++) {
    const info = await runs.get(id);
    if (statuses.includes(info.status)) return info;
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error(`run ${id} is ${(await runs.get(id)).status}, not ${statuses.join(" or ")}`);
}

describe("a run", () => {
  it("gets a folder that tells everything, runs to its end and registers its model once", async () => {
    const id = await runs.start(recipe({ name: "My Run!" }));
    expect(id).toBe("my-run-01");
    const folder = join(workspace, ".errata", "runs", id);
    const complete = JSON.parse(readFileSync(join(folder, "recipe.json"), "utf8"));
    expect(complete).toMatchObject({ method: "scrpo", beta: 0.02, correction: { cycle: [6, 4] } });
    expect(JSON.parse(readFileSync(join(folder, "launch.json"), "utf8"))).toMatchObject({
      run: id,
      model: "base",
      trainable: join(workspace, "base", "hf"),
      resume_from: null,
    });
    expect(readFileSync(join(folder, "problems.jsonl"), "utf8").split("\n")).toHaveLength(3);
    expect(existsSync(join(folder, "prompts", "solve.jinja"))).toBe(true);
    const info = await until(id, "finished");
    expect(info).toMatchObject({ step: 8, steps: 8, model: "base", modelId: id, message: null });
    await Promise.all([runs.get(id), runs.get(id), open().get(id)]);
    expect(models.entries.filter((model) => model.run === id)).toMatchObject([
      { id, base: "base", folder: join(folder, "model"), trainable: join(folder, "model", "hf") },
    ]);
    await models.remove(id);
    expect((await runs.get(id)).modelId).toBeNull();
  });

  it("outlives the window: another one finds it, stops it and resumes it from the checkpoint", async () => {
    const id = await runs.start(recipe({ max_steps: 40, checkpoint_every: 5 }));
    await until(id, "running");
    runs.dispose();
    runs = open();
    await runs.stop(id);
    const stopped = await until(id, "stopped");
    expect(stopped.step).toBeLessThan(40);
    expect(stopped.checkpoint).toBe(stopped.step);
    expect(stopped.modelId).toBe(`${id}-step-${stopped.step}`);
    await runs.resume(id);
    expect((await runs.get(id)).status).not.toBe("stopped");
    const done = await until(id, "finished");
    expect(done).toMatchObject({ step: 40, modelId: id });
    // Another model under its own id: the stopped one's folder has been overwritten.
    expect(models.entries.filter((model) => model.run === id).map((model) => model.id)).toEqual([id]);
    const events: RunEvent[] = [];
    await new Promise<void>((seen) => {
      const end = runs.watch(id, (more) => {
        events.push(...more);
        end();
        seen();
      });
    });
    const starts = events.filter((event) => event.type === "start");
    const saved = events.find((event) => event.type === "checkpoint");
    expect(starts).toHaveLength(2);
    expect(saved?.type === "checkpoint" && starts[1]?.type === "start").toBe(true);
    const steps = events.flatMap((event) => (event.type === "metrics" ? [event.step] : []));
    expect(steps).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    await expect(runs.resume(id)).rejects.toMatchObject({ code: "finished" });
  });

  it("whose process vanished has died, says why, and can be resumed", async () => {
    const id = await runs.start(recipe({ name: "crash" }));
    const info = await until(id, "died");
    expect(info.message).toContain("RuntimeError: CUDA out of memory");
    // It died before its first checkpoint: Resume begins anew, and says so.
    expect(info.checkpoint).toBeNull();
    const said: string[] = [];
    await runs.resume(id, ({ stage }) => said.push(stage));
    expect(said).toContain("No checkpoint was kept: Resume begins again at step 0");
    await until(id, "died");
    expect(info.message).not.toContain("Traceback");
    await runs.remove(id);
    expect(await runs.list()).toEqual([]);
  });

  it("is told from another process that was given its pid", async () => {
    const id = await runs.start(recipe({ name: "crash" }));
    const folder = (await until(id, "died")).folder;
    const beat = { pid: process.pid, started: Date.now() / 1000 - 86_400, time: Date.now() / 1000 };
    writeFileSync(join(folder, "heartbeat.json"), JSON.stringify(beat));
    expect((await runs.get(id)).status).toBe("died");
  });

  it("is not removed, resumed or doubled while it is alive", async () => {
    const id = await runs.start(recipe({ max_steps: 400 }));
    await until(id, "running");
    await expect(runs.remove(id)).rejects.toMatchObject({ code: "running" });
    await expect(runs.resume(id)).rejects.toMatchObject({ code: "running" });
    const second = await runs.start(recipe({ max_steps: 400 }));
    expect(second).not.toBe(id);
    await runs.stop(id);
    await until(id, "stopped");
    await runs.stop(second);
    await until(second, "stopped");
  });

  it("is resumed once when two windows ask for it together, and not deleted meanwhile", async () => {
    const id = await runs.start(recipe({ max_steps: 400, checkpoint_every: 2 }));
    const { folder } = await until(id, "running");
    await runs.stop(id);
    await until(id, "stopped");
    const other = open();
    const asked = await Promise.allSettled([runs.resume(id), other.resume(id)]);
    expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const each of asked)
      if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "running" });
    await until(id, "running");
    const starts = readFileSync(join(folder, "events.jsonl"), "utf8").match(/"type":"start"/g);
    expect(starts).toHaveLength(2);
    await runs.stop(id);
    await until(id, "stopped");
    // Another process, this one here, is at it; then one that is gone was.
    const lock = join(folder, "launch.lock");
    const mine = { pid: process.pid, started: (await startTime(process.pid)) ?? 0 };
    writeFileSync(lock, JSON.stringify(mine));
    await expect(runs.resume(id)).rejects.toMatchObject({ code: "running" });
    await expect(runs.remove(id)).rejects.toMatchObject({ code: "running" });
    writeFileSync(lock, JSON.stringify({ ...mine, started: mine.started - 86_400 }));
    await runs.remove(id);
    expect(existsSync(folder)).toBe(false);
    other.dispose();
  });

  it("is resumed with what the present installation has, though the one it began with is gone", async () => {
    const id = await runs.start(recipe({ max_steps: 400, checkpoint_every: 2 }));
    const { folder } = await until(id, "running");
    await runs.stop(id);
    await until(id, "stopped");
    const file = join(folder, "launch.json");
    const before = JSON.parse(readFileSync(file, "utf8"));
    const old = { grader: ["/gone/node", "/gone/cli.js"], schema: "/gone/s.json", trainable: "/gone/hf" };
    writeFileSync(file, JSON.stringify({ ...before, ...old }));
    await runs.resume(id);
    const { resume_from, ...now } = JSON.parse(readFileSync(file, "utf8"));
    expect({ ...now, resume_from: null }).toEqual(before);
    expect(before.uuid).toMatch(/^[0-9a-f-]{36}$/);
    await until(id, "running");
    await runs.stop(id);
    await until(id, "stopped");
  });

  it("tells its listeners when it changes, and its watchers each event once", async () => {
    let changes = 0;
    runs.onDidChange(() => changes++);
    const id = await runs.start(recipe({ max_steps: 30 }));
    const seen: RunEvent[] = [];
    const end = runs.watch(id, (events) => seen.push(...events));
    const { folder } = await until(id, "finished");
    const before = changes;
    expect(before).toBeGreaterThan(1);
    appendFileSync(join(folder, "events.jsonl"), 'no json\n{"type":"alarm","time":1,');
    appendFileSync(join(folder, "events.jsonl"), '"step":1,"kind":"late","message":"é"}\n');
    await expect.poll(() => seen.at(-1), { timeout: 5000 }).toMatchObject({ kind: "late", message: "é" });
    end();
    expect(seen.filter((event) => event.type === "metrics")).toHaveLength(30);
  });
});

describe("a run is refused", () => {
  it("without trainable weights", async () => {
    await expect(runs.start(recipe({ model: "onnx" }))).rejects.toMatchObject({ code: "no-weights" });
  });
  it("with a mistake in the recipe, or a problem set that is not there", async () => {
    await expect(runs.start(recipe({ max_steps: -1 }))).rejects.toMatchObject({ code: "bad-recipe" });
    await expect(runs.start(recipe({ problems: "no.jsonl" }))).rejects.toMatchObject({ code: "no-file" });
  });
  it("where its step cannot be shared or cut, as its preview is", async () => {
    for (const [fault, field] of [
      [{ micro_batch: 7 }, "micro_batch is 7"],
      [{ target: { kind: "local", processes: 3 } }, "target.processes gives 3 processes"],
      [{ target: { kind: "local", accelerate: "none.yaml" } }, "none.yaml does not exist"],
    ] as const) {
      const refused = { message: expect.stringContaining(field) };
      await expect(runs.preview(recipe(fault))).rejects.toMatchObject(refused);
      await expect(runs.start(recipe(fault))).rejects.toMatchObject(refused);
    }
    expect(await runs.list()).toEqual([]);
  });
  it("for correction alone with an empty pool, and nothing is left behind", async () => {
    await expect(runs.start(recipe({ correction: { cycle: [0, 4] } }))).rejects.toMatchObject({
      code: "empty-pool",
    });
    expect(await runs.list()).toEqual([]);
  });
  it("where its folder cannot be written", async () => {
    // As root no permission stops us; a file where the folder should be does.
    writeFileSync(join(workspace, ".errata", "runs"), "");
    await expect(runs.start(recipe())).rejects.toMatchObject({ code: "read-only" });
    rmSync(join(workspace, ".errata", "runs"));
  });
  it("under an id that leads out of the folder", async () => {
    await expect(runs.get("../../base")).rejects.toMatchObject({ code: "no-run" });
  });
});

describe("the run's pool", () => {
  it("is seeded with the workspace's errors on the run's own problems", async () => {
    const problems = [
      { id: "p2", problem: "Half of 2?", gold: "1" },
      { id: "held", problem: "Half of 8?", gold: "4" },
    ];
    const rows = await pool.putProblems("train", problems);
    const options = { temperature: 1, topP: 1, topK: 0, maxTokens: 9, seed: 0 };
    const { groups } = await pool.openSampling(
      { modelId: "base", modelHash: "", purpose: "sample", group: 4, options, prompt: "" },
      rows,
    );
    await pool.putAttempts(
      groups.flatMap(({ groupId }) =>
        [0, 1, 2, 3].map((sample) => ({
          groupId,
          sample,
          generation: { text: `try ${sample}`, tokenIds: [1], logprobs: [0], finish: "stop" as const },
          grade: {
            verdict: sample < 2 ? ("correct" as const) : ("incorrect" as const),
            answer: String(sample),
            span: null,
            reason: "",
          },
        })),
      ),
    );
    await pool.applyFilter({ kind: "mixed" });
    const id = await runs.start(recipe());
    const text = readFileSync(join(workspace, ".errata", "runs", id, "pool.jsonl"), "utf8");
    const seeds = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(seeds).toMatchObject([
      { problem_id: "p2", solution: "try 2", answer: "2", gold: "2" },
      { problem_id: "p2", solution: "try 3", answer: "3" },
    ]);
    await until(id, "finished");
    const accepted = await runs.start(recipe({ data: { corrections: "accepted" } }));
    expect(readFileSync(join(workspace, ".errata", "runs", accepted, "pool.jsonl"), "utf8")).toBe("");
    await until(accepted, "finished");
  });
});
