import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DryRun } from "../../src/cli/dry-run.js";
import { openPool } from "../../src/pool/pool.js";
import type { AttemptQuery } from "../../src/pool/types.js";
import { readProblemSet } from "../../src/problems/index.js";
import { countMask } from "../../src/protocol/run-preview.js";
import { exampleRows, withReflections } from "../../src/runs/preview-rows.js";
import { methodSentence } from "../../src/runs/preview-words.js";
import { parseRecipe } from "../../src/runs/recipe.js";
import { recipeFaults } from "../../src/runs/recipe-faults.js";
import { filterAsData } from "../../src/ui/pool/filter-data.js";
import { against, type Installation, install } from "./cli.fixture.js";

let errata: Installation;
let workspace: string;
let train: string;
const python = resolve(".venv/bin/python");

beforeAll(async () => {
  errata = await install();
  workspace = mkdtempSync(join(tmpdir(), "errata-recipe-"));
  train = join(workspace, "train.jsonl");
  const lines = readFileSync("demo/problems/train.jsonl", "utf8").split("\n").slice(0, 12);
  writeFileSync(train, `${lines.join("\n")}\n`);
  const words = ["--model", "demo-base", "--workspace", workspace, "--max-tokens", "110"];
  await errata.run(["sample", train, "--group", "8", ...words]);
  await errata.run(["reflect", ...words]);
});
afterAll(() => {
  errata.remove();
  rmSync(workspace, { recursive: true, force: true });
});

const write = (...words: string[]) =>
  errata.run(["recipe", ...words, "--model", "demo-base", "--problems", train, "--workspace", workspace]);

describe("errata recipe", () => {
  it("lists the methods, and writes a recipe that names its problems relative to itself", async () => {
    const list = await errata.run(["recipe"]);
    expect(list.out).toMatch(/^scrpo +Trial and error/m);
    const file = join(workspace, "first.errata.json");
    expect((await write("scrpo", "--out", file)).status).toBe(0);
    const written = JSON.parse(readFileSync(file, "utf8"));
    expect(written).toMatchObject({
      method: "scrpo",
      problems: "train.jsonl",
      correction: { cycle: [6, 4] },
    });
    const again = await write("scrpo", "--out", file);
    expect(again).toMatchObject({ status: 1, err: expect.stringContaining("is there already") });
  });

  it("says what it lacks", async () => {
    expect((await errata.run(["recipe", "scrpo"])).err).toContain("--model is missing");
    expect((await write("ppo")).err).toContain("one of scrpo, grpo");
    expect((await write("grpo", "--size", "huge")).err).toContain("small, large, full");
    expect(JSON.parse((await write("grpo", "--size", "large")).out).lora).toEqual({ rank: 64, alpha: 128 });
  });
});

// Loading TRL takes seconds, and where other tests run beside it many.
describe("errata run --dry-run", () => {
  it("says what a run would do, take and learn from, and leaves no trace", async () => {
    const file = join(workspace, "dry.errata.json");
    await write("scrpo", "--out", file);
    const before = readdirSync(join(workspace, ".errata"));
    const options = ["--workspace", workspace, "--python", python];
    const { status, out, err } = await errata.run(["run", "--dry-run", file, "--json", ...options]);
    expect({ status, err: status === 0 ? "" : err }).toEqual({ status: 0, err: "" });
    const dry = JSON.parse(out) as DryRun;
    expect(against("dry-run", dry)).toBe("");
    expect(readdirSync(join(workspace, ".errata"))).toEqual(before);
    expect(existsSync(join(workspace, ".errata", "runs"))).toBe(false);
    const [errors] = dry.data.counts;
    expect(errors?.used).toBeGreaterThan(0);
    expect(dry.masks?.fit.context).toBe(256);
    const [item] = dry.masks?.items ?? [];
    expect(item).toMatchObject({ used: true, verdict: "incorrect" });
    const [right, wrong] = item?.parts[0]?.cases ?? [];
    expect(countMask(right?.classes ?? "").reward).toBeGreaterThan(0);
    expect(countMask(wrong?.classes ?? "").reward).toBe(0);
  }, 300_000);

  it("without Python shows everything but the masks, and says what to do", async () => {
    const file = join(workspace, "nopython.errata.json");
    await write("grpo", "--out", file);
    const options = ["--workspace", workspace, "--python", "/nowhere/python"];
    const { status, out } = await errata.run(["run", "--dry-run", file, ...options]);
    expect(status).toBe(0);
    expect(out).toContain("16 problems × 8 generations = 128 rollouts");
    expect(out).toMatch(/No mask preview: .*\/nowhere\/python/);
  });
});

describe("what masks are shown on where a run takes nothing", () => {
  it("errors on the run's problems with a right attempt of their group, or the attempts that were chosen", async () => {
    const { problems } = await readProblemSet(train);
    const pool = await openPool(workspace);
    try {
      const rows = await exampleRows({ problems }, pool, []);
      const wrong = rows.filter(({ verdict }) => verdict === "incorrect");
      const right = rows.filter(({ verdict }) => verdict === "correct");
      expect(wrong.length).toBeGreaterThan(0);
      expect(new Set(rows.map(({ attempt_id }) => attempt_id)).size).toBe(rows.length);
      // Groups in the pool are mixed: each has one.
      expect(new Set(right.map(({ group }) => group))).toEqual(new Set(wrong.map(({ group }) => group)));
      const said = await withReflections(rows, pool);
      for (const row of said) expect(row.reflection !== null).toBe(row.verdict === "incorrect");
      const chosen = wrong.slice(0, 1).map(({ attempt_id }) => attempt_id);
      const few = await exampleRows({ problems }, pool, chosen);
      expect(few.filter(({ verdict }) => verdict === "incorrect").map((row) => row.attempt_id)).toEqual(
        chosen,
      );
      expect(await exampleRows({ problems: [] }, pool, [])).toEqual([]);
    } finally {
      await pool.close();
    }
  });

  it.each<[AttemptQuery, object | null]>([
    [{}, { take: "pool" }],
    [
      { level: "2", scope: "all" },
      { take: "all", levels: ["2"] },
    ],
    [
      { kind: "brackets", errorType: "sign", modelId: "m" },
      { kinds: ["brackets"], error_types: ["sign"], models: ["m"] },
    ],
    [{ text: "x+1" }, null],
    [{ reviewed: false }, null],
    [{ level: "" }, null],
  ])("the tree's filter %j is %j in a recipe", (query, data) => {
    const found = filterAsData(query);
    if (data === null) expect(found).toBeNull();
    else expect(found).toMatchObject(data);
  });
});

it.each([
  ["sampled", "built from attempts that the run samples first."],
  ["stored", "built from stored attempts."],
])("S²R's initialisation from what is %s says so", (examples, words) => {
  const text = { method: "s2r", model: "m", problems: "p", s2r: { stage: "initialise" }, data: { examples } };
  expect(methodSentence(parseRecipe(JSON.stringify(text), "r.errata.json"))).toContain(words);
});

describe("while a recipe is typed", () => {
  const faults = async (more: object) => {
    const file = join(workspace, "typed.errata.json");
    const recipe = parseRecipe(
      JSON.stringify({ method: "scrpo", model: "demo-base", problems: "train.jsonl", ...more }),
      file,
    );
    const pool = await openPool(workspace);
    try {
      return (await recipeFaults(recipe, pool)).map(
        ({ path, message, severity }) => `${severity} ${path.join(".")}: ${message}`,
      );
    } finally {
      await pool.close();
    }
  };

  it.each([
    [{}, "warning problems_per_step: A step has 16 problems and the set 12"],
    [{ problems: "gone.jsonl" }, "error problems: There is no problem set at"],
    [
      { target: { kind: "local", accelerate: "a.yaml" } },
      "error target.accelerate: The accelerate configuration",
    ],
    [
      { method: "rrr", correction: { mask: "all" } },
      "warning correction.mask: correction.mask is all, and rrr does not read it",
    ],
    [
      { data: { take: "selection", attempts: [99999] } },
      "error data.attempts: data.attempts: the error pool has no",
    ],
    [{ method: "sft", data: { levels: ["none such"] } }, "error data.levels: data.levels: nothing is left"],
    [{ correction: { beta: 0 } }, "warning correction.beta: correction.beta is 0"],
    [{ num_generations: 2 }, "warning num_generations: num_generations is 2"],
  ])("%j: %s", async (more, message) => {
    expect((await faults(more)).join("\n")).toContain(message);
  });

  it("nothing is marked in one that is right", async () => {
    expect(await faults({ problems_per_step: 4 })).toEqual([]);
  });
});
