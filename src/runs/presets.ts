import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { isRecord } from "../protocol/json-lines.js";
import { assetFile } from "../protocol/paths.js";
import { parseRecipe } from "./recipe.js";
import { over } from "./recipe-defaults.js";

type Fields = Record<string, unknown>;

/** A file of `recipes/`: a method with settings to begin with, for two sizes of model. */
export interface Preset {
  /** The file's name: `scrpo`, `s2r-process`. */
  id: string;
  order: number;
  title: string;
  /** What it does, in a line. */
  description: string;
  /** What else is worth knowing: what the paper states. */
  detail: string;
  paper: string | null;
  method: string;
  /** Sections of the recipe that matter for it; they are written with every field. */
  sections: string[];
  /** For models under `SMALL` parameters, on a CPU. */
  small: Fields;
  /** For 1.5 B to 7 B on GPUs, with LoRA. */
  large: Fields;
  /** Over `large`: all weights, with the papers' learning rates. */
  full: Fields;
}

export const SIZES = ["small", "large", "full"] as const;
export type PresetSize = (typeof SIZES)[number];

/** Parameters from which on a model is large. */
const SMALL = 50e6;

export interface PresetFill {
  name: string;
  model: string;
  /** As the recipe names it: relative to its file. */
  problems: string;
  size: PresetSize;
  /** What the run takes, where it is not what the preset says. */
  data?: Fields;
}

/** All presets, in the order in which they are offered. */
export async function presets(): Promise<Preset[]> {
  const folder = assetFile("recipes");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json"));
  const all = await Promise.all(
    files.map(async (file) => {
      const value = JSON.parse(await readFile(join(folder, file), "utf8")) as Omit<Preset, "id">;
      return { ...value, id: file.replace(/\.json$/, "") };
    }),
  );
  return all.sort((a, b) => a.order - b.order);
}

/**
 * The text of a recipe that begins as the preset says: what a person would change, and the method's sections whole.
 * Everything else has its default, which the schema tells on hover. `file` is where it will lie.
 */
export function presetRecipe(preset: Preset, fill: PresetFill, file: string, schema?: string): string {
  const { name, model, problems, size, data } = fill;
  const sized = size === "full" ? over(preset.large, preset.full) : preset[size];
  const given = over(
    { name, method: preset.method, model, problems, seed: 0, ...sized },
    // What a person points at in the tree are mostly errors: of them SFT learns pairs.
    data ? { data, ...(preset.method === "sft" ? { sft: { examples: ["rejection", "pairs"] } } : {}) } : {},
  );
  const complete: Fields = { ...parseRecipe(JSON.stringify(given), file) };
  const whole = data ? [...new Set([...preset.sections, "data"])] : preset.sections;
  const out: Fields = { ...(schema ? { $schema: schema } : {}), ...given };
  for (const section of whole) {
    delete out[section];
    out[section] = complete[section];
  }
  return text(out);
}

/** Lists of numbers read better on one line. */
function text(value: Fields): string {
  const json = JSON.stringify(value, null, 2);
  return `${json.replace(/\[\s+([\d.e-]+(?:,\s+[\d.e-]+)*)\s+\]/g, (_, list: string) => `[${list.split(/,\s+/).join(", ")}]`)}\n`;
}

/** By the size of a Hugging Face folder's weights and the type that it says they have. */
export async function sizeOfModel(trainable: string): Promise<"small" | "large"> {
  return (await parameters(trainable)) < SMALL ? "small" : "large";
}

async function parameters(folder: string): Promise<number> {
  const config: unknown = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  const type = isRecord(config) ? String(config.dtype ?? config.torch_dtype ?? "float32") : "float32";
  const files = (await readdir(folder)).filter((file) => /\.(safetensors|bin)$/.test(file));
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0) / (type === "float32" ? 4 : 2);
}
