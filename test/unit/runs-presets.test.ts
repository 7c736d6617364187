import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import schema from "../../schemas/recipe.schema.json" with { type: "json" };
import { METHOD_NAMES } from "../../src/protocol/run-words.js";
import {
  type Preset,
  type PresetSize,
  presetRecipe,
  presets,
  SIZES,
  sizeOfModel,
} from "../../src/runs/presets.js";
import { methodSentence, recipeFacts } from "../../src/runs/preview-words.js";
import { parseRecipe } from "../../src/runs/recipe.js";

const all = await presets();
function presetOf(id: string): Preset {
  const found = all.find((preset) => preset.id === id);
  if (!found) throw new Error(`no preset ${id}`);
  return found;
}
const FILE = "/w/x.errata.json";
const fill = (size: PresetSize) => ({ name: "x", model: "m", problems: "p.jsonl", size });

describe("presets", () => {
  it("there is one for every method, and for each stage of S²R, in an order of their own", () => {
    expect(new Set(all.map(({ method }) => method))).toEqual(new Set(Object.keys(METHOD_NAMES)));
    expect(all.map(({ id }) => id)).toEqual([
      ...["scrpo", "grpo", "dapo", "dr_grpo", "s2r-initialise", "s2r-outcome", "s2r-process"],
      ...["score", "rrr", "sft", "dpo"],
    ]);
    for (const { description, detail } of all) {
      expect(description).toMatch(/^[A-Z].{20,90}[^.]$/u);
      expect(detail).toMatch(/\.$/);
    }
  });

  it.each(all.flatMap((preset) => SIZES.map((size) => ({ preset, size, id: `${preset.id}, ${size}` }))))(
    "$id is a recipe",
    ({ preset, size }) => {
      const text = presetRecipe(preset, fill(size), FILE);
      const written = JSON.parse(text) as Record<string, unknown>;
      const recipe = parseRecipe(text, FILE);
      // Nothing is written that means nothing, and the method's sections are whole.
      for (const section of preset.sections) expect(written[section]).toEqual(recipe[section as never]);
      const own = { correction: 0, filter: 0, pool: 0, dapo: 0, score: 0, s2r: 0, sft: 0, dpo: 0 };
      for (const section of Object.keys(own))
        expect(section in written).toBe(preset.sections.includes(section));
      for (const field of Object.keys(written)) expect(Object.keys(schema.properties)).toContain(field);
      const micro = recipe.micro_batch || 1;
      expect((recipe.problems_per_step * recipe.num_generations) % micro).toBe(0);
      expect(recipe.gradient_checkpointing).toBe(size !== "small");
      expect(recipe.lora === null).toBe(size !== "large");
      for (const { value } of recipeFacts(recipe, 48)) expect(value).not.toMatch(/undefined|NaN|Infinity/);
      expect(methodSentence(recipe)).toMatch(/\.$/);
    },
  );

  it("all weights learn more slowly than adapters do", () => {
    for (const preset of all) {
      const [large, full] = (["large", "full"] as const).map((size) =>
        parseRecipe(presetRecipe(preset, fill(size), FILE), FILE),
      );
      expect(full?.learning_rate).toBeLessThan(large?.learning_rate ?? 0);
    }
  });

  it("keeps what the papers state", () => {
    const full = (id: string) => parseRecipe(presetRecipe(presetOf(id), fill("full"), FILE), FILE);
    for (const id of ["s2r-outcome", "s2r-process"]) {
      const stated = {
        learning_rate: 5e-7,
        temperature: 0.7,
        max_steps: 500,
        beta: 0.05,
        num_generations: 4,
      };
      expect(full(id)).toMatchObject(stated);
    }
    expect(full("s2r-initialise")).toMatchObject({ learning_rate: 5e-6, s2r: { band: [0.1, 0.7] } });
    expect(full("dapo")).toMatchObject({
      epsilon: 0.2,
      epsilon_high: 0.28,
      beta: 0,
      dapo: { max_batches: 10 },
    });
    expect(full("score")).toMatchObject({ beta: 0.01, score: { alpha: 10, beta_first: 0.1 } });
    expect(full("dpo").beta).toBe(0.1);
    expect(full("dr_grpo")).toMatchObject({ scale_rewards: "none", normalise: "constant", beta: 0 });
  });

  it("takes a selection in place of the preset's data", () => {
    const data = { take: "selection", attempts: [3, 5] };
    const text = presetRecipe(presetOf("scrpo"), { ...fill("small"), data }, FILE);
    expect(text).toContain('"attempts": [3, 5]');
    expect(parseRecipe(text, FILE).data).toMatchObject(data);
    const sft = presetRecipe(presetOf("sft"), { ...fill("small"), data }, FILE);
    expect(parseRecipe(sft, FILE).sft.examples).toEqual(["rejection", "pairs"]);
  });
});

describe("the size of a model", () => {
  const folder = mkdtempSync(join(tmpdir(), "errata-size-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is small or large by its parameters", async () => {
    expect(await sizeOfModel("demo/model/hf")).toBe("small");
    writeFileSync(join(folder, "config.json"), JSON.stringify({ torch_dtype: "bfloat16" }));
    writeFileSync(join(folder, "model-1.safetensors"), new Uint8Array(60e6));
    expect(await sizeOfModel(folder)).toBe("small");
    writeFileSync(join(folder, "model-2.safetensors"), new Uint8Array(60e6));
    expect(await sizeOfModel(folder)).toBe("large");
  });
});
