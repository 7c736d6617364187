import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { lineOfField } from "../../src/protocol/json-lines.js";
import { ErrataError } from "../../src/protocol/types.js";
import { parseRecipe, readRecipe } from "../../src/runs/recipe.js";

const file = "/home/ada/work/scrpo.errata.json";
const minimal = { method: "scrpo", model: "demo-base", problems: "sets/train.jsonl" };
const parse = (value: unknown) => parseRecipe(JSON.stringify(value, null, 2), file);

function mistake(text: string): string {
  try {
    parseRecipe(text, file);
  } catch (error) {
    expect(error).toBeInstanceOf(ErrataError);
    expect((error as ErrataError).code).toBe("bad-recipe");
    return (error as ErrataError).message;
  }
  throw new Error("accepted");
}
const mistakeOf = (value: unknown) => mistake(JSON.stringify(value, null, 2));

describe("a recipe", () => {
  it("is completed with the schema's defaults, also within objects that are not there", () => {
    const recipe = parse(minimal);
    expect(recipe).toMatchObject({
      name: "scrpo",
      seed: 0,
      max_steps: 60,
      filter: { kind: "variance", min: 0.5 },
      correction: { cycle: [6, 4], mask: "analysis", on_failure: "skip", think_mask: 0 },
      data: { take: "pool", corrections: "any", min_rating: null },
      lora: null,
      target: { kind: "local", processes: 1 },
      pool: { max_size: 1024, max_uses: 2 },
      export: "fp32",
    });
    expect(parse({ ...minimal, correction: { mask: "all" } }).correction).toMatchObject({
      mask: "all",
      cycle: [6, 4],
    });
    expect(parse({ ...minimal, filter: { kind: "variance" } }).filter).toEqual({
      kind: "variance",
      min: 0.5,
    });
  });

  it("takes its method's own defaults, and what is written over both", () => {
    expect(parse({ ...minimal, method: "dapo" })).toMatchObject({
      beta: 0,
      epsilon: 0.2,
      epsilon_high: 0.28,
      filter: { kind: "mixed" },
    });
    expect(parse({ ...minimal, method: "dr_grpo", beta: 0.1 })).toMatchObject({
      beta: 0.1,
      scale_rewards: "none",
      normalise: "constant",
    });
    const rrr = parse({ ...minimal, method: "rrr", correction: { mask: "all" } });
    expect(rrr.correction).toMatchObject({ mask: "all", on_failure: "signed", cycle: [1, 1] });
    const dpo = parse({ ...minimal, method: "dpo", filter: { kind: "variance" } });
    expect(dpo).toMatchObject({ beta: 0.1, filter: { kind: "variance", min: 0.5 }, data: { take: "all" } });
  });

  it("completes what a union holds", () => {
    expect(parse({ ...minimal, lora: { rank: 4 } }).lora).toEqual({
      rank: 4,
      alpha: 32,
      dropout: 0,
      targets: "all-linear",
    });
    const ray = parse({ ...minimal, target: { kind: "ray", address: "http://127.0.0.1:8265" } }).target;
    expect(ray).toMatchObject({ workers: 1, cpus_per_worker: 1, gpus_per_worker: 0 });
    expect(parse({ ...minimal, data: { min_rating: { value: 4 } } }).data.min_rating).toEqual({
      axis: "overall",
      value: 4,
    });
  });

  it("names its problem set relative to itself and keeps absolute paths", () => {
    expect(parse(minimal).problems).toBe("/home/ada/work/sets/train.jsonl");
    expect(parse({ ...minimal, problems: "/data/t.jsonl" }).problems).toBe("/data/t.jsonl");
    const target = { kind: "local", accelerate: "a.yaml" };
    expect(parse({ ...minimal, target }).target).toMatchObject({ accelerate: "/home/ada/work/a.yaml" });
  });

  it("does not leak defaults of one recipe into the next", () => {
    parse({ ...minimal, correction: { cycle: [0, 1] } });
    expect(parse(minimal).correction.cycle).toEqual([6, 4]);
  });

  it.each([
    [{ ...minimal, method: "ppo" }, ':2: method is "ppo"; allowed: "scrpo", "grpo", "dapo",'],
    [{ ...minimal, max_steps: 0 }, ":5: max_steps is 0: it must be >= 1."],
    [{ ...minimal, stepz: 4 }, ":5: stepz is no field of a recipe."],
    [{ ...minimal, correction: { beta: -1 } }, ":6: correction.beta is -1: it must be >= 0."],
    [{ ...minimal, correction: { cycle: [1] } }, ":6: correction.cycle is [1]: it must NOT have fewer"],
    [{ ...minimal, correction: { cycle: [1, -2] } }, ":8: correction.cycle.1 is -2"],
    [{ ...minimal, filter: { kind: "band", low: 0.1 } }, ":5: filter.high is missing."],
    [
      { ...minimal, filter: { kind: "some" } },
      ':5: filter is {"kind":"some"}; allowed: {"kind": "variance", …}, {"kind": "mixed", …}',
    ],
    [{ ...minimal, filter: { kind: "variance", min: 3 } }, ":7: filter.min is 3: it must be <= 1."],
    [{ ...minimal, correction: { cycle: [0, 0] } }, ":6: correction.cycle is [0, 0]"],
    [
      { ...minimal, method: "rrr", correction: { cycle: [3, 0] } },
      ":6: correction.cycle is [3, 0]: rrr learns in its correction steps alone",
    ],
    [
      { ...minimal, filter: { kind: "band", low: 0.8, high: 0.2 } },
      ":7: filter.low is 0.8 and filter.high 0.2: no group",
    ],
    [{ ...minimal, adam_beta1: 1 }, ":5: adam_beta1 is 1: it must be < 1."],
    [{ ...minimal, adam_beta2: 1 }, ":5: adam_beta2 is 1: it must be < 1."],
    [
      { ...minimal, micro_batch: 5 },
      ":5: micro_batch is 5: 128 rollouts a step cannot be cut into pieces of 5.",
    ],
    [{ ...minimal, method: "sft", micro_batch: 5 }, ":5: micro_batch is 5: 16 examples a step"],
    [
      { ...minimal, target: { kind: "local", processes: 3 } },
      ":7: target.processes gives 3 processes: 128 rollouts a step cannot be shared",
    ],
    [
      { ...minimal, target: { kind: "ray", address: "http://127.0.0.1:8265", workers: 3 } },
      ":8: target.workers gives 3 processes: 128 rollouts",
    ],
    [{ ...minimal, lora: true }, ":5: lora is true; allowed: null, object."],
    [{ ...minimal, lora: { rank: 0 } }, ":6: lora.rank is 0: it must be >= 1."],
    [{ ...minimal, lora: { rank: 4, targets: 3 } }, ':7: lora.targets is 3; allowed: "all-linear", array.'],
    [{ ...minimal, target: { kind: "ray" } }, ":5: target.address is missing."],
    [
      { ...minimal, target: { kind: "slurm" } },
      ':5: target is {"kind":"slurm"}; allowed: {"kind": "local", …}, {"kind": "ray", …}.',
    ],
    [
      { ...minimal, data: { take: "selection" } },
      ":6: data.take is selection, and data.attempts names none.",
    ],
    [{ ...minimal, data: { min_rating: { value: 6 } } }, ":7: data.min_rating.value is 6: it must be <= 5."],
    [{ model: "m", problems: "p" }, ":1: method is missing."],
    [[], ":1: the recipe is []: it must be object."],
  ])("with a mistake is refused with line, field and what is allowed: %j", (value, message) => {
    expect(mistakeOf(value)).toContain(`${file}${message}`);
  });

  it("reports one line per mistake, and no branch of the filter that was not meant", () => {
    const message = mistakeOf({ ...minimal, max_steps: 0, filter: { kind: "band", low: 2, high: 1 } });
    expect(message.split("\n")).toHaveLength(2);
  });

  it("that is not JSON is refused with the line", () => {
    expect(mistake('{\n "method": "scrpo",\n "model" 3}')).toMatch(`${file}:3: not valid JSON`);
    expect(mistake("")).toMatch(`${file}:1: not valid JSON`);
  });

  it("that is not there is refused", async () => {
    await expect(readRecipe("/nowhere/a.errata.json")).rejects.toMatchObject({ code: "bad-recipe" });
  });
});

describe("lineOfField", () => {
  const text = '{\n "a": {"b": [\n  1,\n  {"c:": "}{"}\n ]},\n "b": 2\n}';
  it.each([
    [[], 1],
    [["a"], 2],
    [["b"], 6],
    [["a", "b", "1"], 4],
    [["a", "b", "1", "c:"], 4],
    [["a", "x"], 2],
  ])("%j is on line %i", (path, line) => {
    expect(lineOfField(text, path)).toBe(line);
  });
});

it("the generated types are current", async () => {
  const script = resolve("scripts/generate-types.mjs");
  const { recipeTypes } = (await import(script)) as { recipeTypes(): Promise<string> };
  expect(readFileSync(join("src/protocol/generated/recipe.ts"), "utf8")).toBe(await recipeTypes());
});
