import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { WorkspaceModels } from "../../src/inference/models.js";
import { openPool } from "../../src/pool/pool.js";
import type { Pool } from "../../src/pool/types.js";
import type { RunEvent } from "../../src/protocol/events.js";
import { WorkspaceRuns } from "../../src/runs/store.js";
import { clusterNotAllowed } from "../../src/runs/targets/consent.js";
import type { ClusterAccess } from "../../src/runs/targets/types.js";
import type { RunInfo, RunStatus } from "../../src/runs/types.js";
import { install } from "./cli.fixture.js";
import { type LocalRay, startRay } from "./ray.fixture.js";

let ray: LocalRay;
let workspace: string;
let pool: Pool;
let runs: WorkspaceRuns;

beforeAll(async () => {
  ray = await startRay(2);
}, 120_000);
afterAll(() => ray?.stop(), 60_000);

beforeEach(async () => {
  workspace = mkdtempSync(join(tmpdir(), "errata-ray-"));
  cpSync(resolve("demo/problems/train.jsonl"), join(workspace, "train.jsonl"));
  pool = await openPool(workspace);
  runs = open();
});
afterEach(async () => {
  runs.dispose();
  await pool.close();
  rmSync(workspace, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

function open(access: Partial<ClusterAccess> = {}): WorkspaceRuns {
  return new WorkspaceRuns({
    workspace,
    models: new WorkspaceModels(workspace),
    pool: async () => pool,
    python: () => Promise.reject(new Error("a run on a cluster needs no Python here")),
    cluster: {
      token: async () => ray.token,
      allow: async () => {},
      known: async () => true,
      ...access,
    },
  });
}

function recipe(more: object = {}, target: object = {}): string {
  const file = join(workspace, "r.errata.json");
  const value = {
    ...{ method: "scrpo", model: "demo-base", problems: "train.jsonl", limit: 24, threads: 1 },
    ...{ max_steps: 3, problems_per_step: 2, num_generations: 4, max_completion_length: 24, seed: 1 },
    ...{ correction: { cycle: [2, 1] }, filter: { kind: "mixed" }, checkpoint_every: 2, export: "fp32" },
    ...more,
    target: { kind: "ray", address: ray.address, workers: 2, cpus_per_worker: 1, ...target },
  };
  writeFileSync(file, JSON.stringify(value));
  return file;
}

async function until(id: string, ...statuses: RunStatus[]): Promise<RunInfo> {
  for (let tries = 0; tries < 3000; tries++) {
    const info = await runs.get(id);
    if (statuses.includes(info.status)) return info;
    if (["died", "failed", "finished", "stopped"].includes(info.status)) {
      const log = join(info.folder, "log.txt");
      const words = existsSync(log) ? readFileSync(log, "utf8").slice(-3000) : "no log";
      throw new Error(`the run is ${info.status}: ${info.message}\n${words}`);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`the run is ${JSON.stringify(await runs.get(id))}`);
}

const eventsOf = (folder: string): RunEvent[] =>
  readFileSync(join(folder, "events.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RunEvent);

const stepsOf = (folder: string): number[] =>
  eventsOf(folder).flatMap((event) => (event.type === "metrics" ? [event.step] : []));
/** Each of these takes most of a minute: `npm run test:full`. */
const full = it.runIf(process.env.ERRATA_TEST_FULL === "1");

describe("a run on a Ray cluster", () => {
  it("trains over two workers, tells its story here, and its model is registered", async () => {
    const id = await runs.start(recipe());
    const live: RunEvent[] = [];
    const end = runs.watch(id, (events) => live.push(...events));
    await until(id, "running");
    // Another window takes over in the middle: nothing is lost, nothing is there twice.
    runs.dispose();
    runs = open();
    const info = await until(id, "finished");
    end();
    expect(info).toMatchObject({ step: 3, steps: 3, modelId: id, message: null });
    const events = eventsOf(info.folder);
    expect(stepsOf(info.folder)).toEqual([1, 2, 3]);
    expect(events.filter((event) => event.type === "start")).toHaveLength(1);
    const rollouts = readFileSync(join(info.folder, "rollouts", "step-1.jsonl"), "utf8")
      .trim()
      .split("\n");
    expect(rollouts).toHaveLength(8);
    expect(readdirSync(join(info.folder, "checkpoints")).sort()).toEqual(["checkpoint-2", "checkpoint-3"]);
    const model = await new WorkspaceModels(workspace).get(id);
    expect(model).toMatchObject({ base: "demo-base", run: id, trainable: join(info.folder, "model", "hf") });
    expect(existsSync(join(model.folder, "genai_config.json"))).toBe(true);
  }, 400_000);

  const trains = async (method: string, more: object) => {
    const id = await runs.start(recipe({ method, max_steps: 2, export: "none", ...more }));
    const info = await until(id, "finished");
    expect(info).toMatchObject({ method, step: 2, steps: 2, message: null });
    const events = eventsOf(info.folder);
    expect(stepsOf(info.folder)).toEqual([1, 2]);
    // Of two workers the first one alone tells the story.
    expect(events.filter((event) => event.type === "start")).toHaveLength(1);
    expect(readdirSync(join(info.folder, "checkpoints"))).toEqual(["checkpoint-2"]);
  };

  it("trains the baseline", () => trains("grpo", {}), 400_000);

  const sampled = { max_completion_length: 110, num_generations: 8, data: { examples: "sampled" } };
  it.runIf(process.env.ERRATA_TEST_FULL === "1").each<[name: string, method: string, more: object]>([
    ["DAPO", "dapo", {}],
    ["Dr. GRPO", "dr_grpo", {}],
    ["reflect, retry, reward", "rrr", { correction: { cycle: [1, 1] }, filter: { kind: "all" } }],
    ["SCoRe", "score", { score: { stage_one_steps: 1 } }],
    ["S²R by outcome", "s2r", { s2r: { stage: "outcome", max_solutions: 2 } }],
    ["S²R by process", "s2r", { s2r: { stage: "process", max_solutions: 2 } }],
    ["S²R's initialisation", "s2r", { ...sampled, s2r: { stage: "initialise", max_solutions: 2 } }],
    ["SFT", "sft", { data: { take: "none" }, sft: { examples: ["gold"] } }],
    ["DPO", "dpo", sampled],
  ])("trains %s", (_, method, more) => trains(method, more), 400_000);

  it("is refused with what to do, and nothing is left behind", async () => {
    const refused = async (access: Partial<ClusterAccess>, target: object = {}) => {
      runs.dispose();
      runs = open(access);
      const error: unknown = await runs.start(recipe({}, target)).catch((reason: unknown) => reason);
      expect(await runs.list()).toEqual([]);
      return error as { code: string; message: string; hint: string };
    };
    const none = await refused({ token: async () => undefined });
    expect(none).toMatchObject({ code: "cluster-token", hint: expect.stringContaining("Set Cluster Token") });
    expect(none.message).toContain("it wants a token (HTTP 401)");
    const wrong = await refused({ token: async () => "wrong-token-0123456789" });
    expect(wrong.message).toContain("refuses the token (HTTP 403)");
    expect(wrong.message).not.toContain("wrong-token");
    const asked: string[] = [];
    await refused({
      token: async () => undefined,
      refused: async (origin) => asked.push(origin) < 0,
    });
    expect(asked).toEqual([ray.address]);
    const gone = await refused({}, { address: "http://127.0.0.1:1" });
    expect(gone).toMatchObject({ code: "cluster", hint: expect.stringContaining("port 8265") });
    expect(await refused({}, { address: "ray://127.0.0.1:10001" })).toMatchObject({ code: "bad-cluster" });
    let contacted = false;
    const unasked = await refused({
      allow: async (address) => Promise.reject(clusterNotAllowed(address)),
      token: async () => {
        contacted = true;
        return ray.token;
      },
    });
    expect(unasked).toMatchObject({ code: "cluster-consent" });
    expect(contacted).toBe(false);
  });

  full(
    "stops with a checkpoint, and goes on from it",
    async () => {
      const id = await runs.start(recipe({ max_steps: 300, checkpoint_every: 100, export: "none" }));
      const { folder } = await until(id, "running");
      await expect.poll(() => stepsOf(folder).length, { timeout: 180_000 }).toBeGreaterThan(1);
      await runs.stop(id);
      const stopped = await until(id, "stopped");
      expect(stopped.step).toBeLessThan(300);
      expect(readdirSync(join(folder, "checkpoints"))).toEqual([`checkpoint-${stopped.step}`]);
      writeFileSync(
        join(folder, "recipe.json"),
        JSON.stringify({
          ...JSON.parse(readFileSync(join(folder, "recipe.json"), "utf8")),
          max_steps: stopped.step + 2,
        }),
      );
      await runs.resume(id);
      expect((await runs.get(id)).status).toBe("starting");
      const done = await until(id, "finished");
      expect(done.step).toBe(stopped.step + 2);
      const starts = eventsOf(folder).flatMap((event) => (event.type === "start" ? [event.resumedFrom] : []));
      expect(starts).toEqual([0, stopped.step]);
      expect(stepsOf(folder)).toEqual(Array.from({ length: done.step }, (_, i) => i + 1));
    },
    300_000,
  );

  full(
    "waits for CPUs that are not there, says so, and can be stopped before it began",
    async () => {
      const id = await runs.start(recipe({}, { workers: 4 }));
      await expect
        .poll(async () => (await runs.get(id)).phase, { timeout: 180_000 })
        .toMatch(/waiting for 4 workers with 4 CPUs \(\d of 2 free\)/);
      expect((await runs.get(id)).status).toBe("starting");
      await runs.stop(id);
      expect(await until(id, "stopped")).toMatchObject({ step: 0, modelId: null });
    },
    180_000,
  );

  full(
    "whose trainer fails says why",
    async () => {
      const id = await runs.start(recipe({}, { weights: "/nowhere/model" }));
      const info = await until(id, "failed", "died");
      expect(info.message).toContain("/nowhere/model holds no config.json");
      // What has come is cleared away there.
      const { job } = JSON.parse(readFileSync(join(info.folder, "cluster.json"), "utf8"));
      await expect.poll(() => existsSync(join(ray.outbox, job)), { timeout: 60_000 }).toBe(false);
    },
    180_000,
  );

  full(
    "is started and left by the command line, and brought home by whoever looks",
    async () => {
      vi.stubEnv("HOME", join(workspace, "home"));
      vi.stubEnv("ERRATA_RAY_TOKEN", ray.token);
      const errata = await install();
      try {
        const words = ["run", recipe({ export: "none", max_steps: 2 }), "--detach", "--workspace", workspace];
        const asked = await errata.run(words);
        expect([asked.status, asked.err]).toEqual([
          1,
          expect.stringContaining("you have not agreed to use it"),
        ]);
        const started = await errata.run([...words, "--trust-cluster", "--json"]);
        expect(started.err).toContain("Sending it to");
        expect(JSON.parse(started.out)).toMatchObject({ status: "starting" });
        const list = async () =>
          JSON.parse((await errata.run(["runs", "--json", "--workspace", workspace])).out);
        await expect
          .poll(async () => (await list())[0].status, { timeout: 300_000, interval: 1000 })
          .toBe("finished");
        const [info] = await list();
        expect(stepsOf(info.folder)).toEqual([1, 2]);
        // The command line's bundle travelled, and Node is here: the pool's own grader gave the rewards.
        expect(
          eventsOf(info.folder).filter((event) => event.type === "alarm" && event.kind === "grader"),
        ).toEqual([]);
      } finally {
        vi.unstubAllEnvs();
        errata.remove();
      }
    },
    400_000,
  );
});
