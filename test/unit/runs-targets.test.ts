import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WorkspaceModels } from "../../src/inference/models.js";
import { openPool } from "../../src/pool/pool.js";
import type { Pool } from "../../src/pool/types.js";
import type { RunEvent } from "../../src/protocol/events.js";
import { parseRecipe } from "../../src/runs/recipe.js";
import { WorkspaceRuns } from "../../src/runs/store.js";
import { checkAccelerate } from "../../src/runs/targets/accelerate.js";
import { LocalTarget, threadsOf } from "../../src/runs/targets/local.js";

/** A machine may be busy. */
const SOON = { timeout: 30_000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "errata-target-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));

/** An interpreter that notes what it was asked. */
function notes(): string {
  const file = join(folder, "python");
  writeFileSync(
    file,
    `#!/bin/sh\necho "$OMP_NUM_THREADS: $*" > "${folder}/asked.tmp"\nmv "${folder}/asked.tmp" "${folder}/asked"\n`,
  );
  chmodSync(file, 0o755);
  return file;
}

const recipeOf = (more: object) =>
  parseRecipe(JSON.stringify({ method: "grpo", model: "m", problems: "p.jsonl", ...more }), "r.errata.json");

describe("this machine", () => {
  it.each([
    [{ processes: 1 }, false, "-m errata_trainer RUN"],
    [{ processes: 1 }, true, "-m errata_trainer RUN --resume 6"],
    [
      { processes: 3 },
      false,
      "-m torch.distributed.run --standalone --nproc_per_node 3 -m errata_trainer RUN",
    ],
    [
      { processes: 1, accelerate: "a.yaml" },
      true,
      "-m accelerate.commands.launch --config_file RUN/accelerate.yaml -m errata_trainer RUN --resume 6",
    ],
  ])("%j, resumed %s", async (place, resume, words) => {
    const run = join(folder, "run");
    mkdirSync(run);
    writeFileSync(join(run, "launch.json"), JSON.stringify({ threads: 5, resume_from: 6 }));
    const python = notes();
    await new LocalTarget({ kind: "local", ...place }, async () => python).start(run, resume);
    await expect.poll(() => existsSync(join(folder, "asked")), SOON).toBe(true);
    expect(readFileSync(join(folder, "asked"), "utf8").trim()).toBe(`5: ${words.replaceAll("RUN", run)}`);
    expect(JSON.parse(readFileSync(join(run, "process.json"), "utf8")).pid).toBeGreaterThan(0);
  });

  it("shares its cores among the processes", () => {
    const [one, many] = [1, 1000].map((processes) => threadsOf({ kind: "local", processes }));
    expect(one).toBeGreaterThanOrEqual(1);
    expect(many).toBe(1);
  });

  it.each([
    ["FSDP", "LoRA"],
    ["DEEPSPEED", "LoRA"],
    ["MULTI_CPU", '"processes": 2'],
  ])("refuses accelerate's %s, saying what to do", async (type, hint) => {
    const file = join(folder, "a.yaml");
    writeFileSync(file, `compute_environment: LOCAL_MACHINE\ndistributed_type: '${type}'\n`);
    const read = (path: string, more: object = {}) => checkAccelerate(recipeOf(more), path);
    await expect(read(file)).rejects.toMatchObject({
      code: "bad-accelerate",
      hint: expect.stringContaining(hint),
    });
    await expect(read(join(folder, "none.yaml"))).rejects.toMatchObject({ code: "bad-accelerate" });
    writeFileSync(file, "distributed_type: MULTI_GPU\nnum_processes: 4\n");
    expect(await read(file)).toContain("num_processes: 4");
    await expect(read(file, { problems_per_step: 3, num_generations: 2 })).rejects.toMatchObject({
      message: expect.stringContaining("target.accelerate gives 4 processes: 6 rollouts a step"),
    });
  });
});

describe.runIf(process.env.ERRATA_TEST_FULL === "1")("the trainer itself", () => {
  let pool: Pool;
  let runs: WorkspaceRuns;
  beforeEach(async () => {
    pool = await openPool(folder);
    runs = new WorkspaceRuns({
      ...{ workspace: folder, models: new WorkspaceModels(folder), pool: async () => pool },
      python: async () => resolve(".venv/bin/python"),
    });
  });
  afterEach(async () => {
    runs.dispose();
    await pool.close();
  });

  const accelerate =
    "compute_environment: LOCAL_MACHINE\ndistributed_type: 'NO'\nnum_processes: 1\nuse_cpu: true\n";
  it.each([
    ["two processes through torchrun", { processes: 2 }, 8],
    ["accelerate with the user's configuration", { accelerate: "mine.yaml" }, 8],
  ])(
    "runs as %s",
    async (_, more, rollouts) => {
      writeFileSync(join(folder, "mine.yaml"), accelerate);
      const value = {
        ...{ method: "scrpo", model: "demo-base", problems: resolve("demo/problems/train.jsonl"), limit: 24 },
        ...{ max_steps: 3, problems_per_step: 2, num_generations: 4, max_completion_length: 24, threads: 1 },
        ...{ correction: { cycle: [2, 1] }, filter: { kind: "mixed" }, export: "none" },
        target: { kind: "local", ...more },
      };
      writeFileSync(join(folder, "r.errata.json"), JSON.stringify(value));
      const id = await runs.start(join(folder, "r.errata.json"));
      await expect
        .poll(async () => (await runs.get(id)).status, { timeout: 300_000, interval: 500 })
        .not.toMatch(/ing$/);
      const info = await runs.get(id);
      expect(info, info.message ?? "").toMatchObject({ status: "finished", step: 3 });
      const events = readFileSync(join(info.folder, "events.jsonl"), "utf8").trim().split("\n");
      const types = events.map((line) => (JSON.parse(line) as RunEvent).type);
      expect(types.filter((type) => type === "metrics")).toHaveLength(3);
      expect(types.filter((type) => type === "start")).toHaveLength(1);
      const rows = readFileSync(join(info.folder, "rollouts", "step-1.jsonl"), "utf8")
        .trim()
        .split("\n");
      expect(rows).toHaveLength(rollouts);
    },
    180_000,
  );
});
