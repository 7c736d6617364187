import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ErrataError } from "../../protocol/types.js";
import type { CompleteRecipe } from "../recipe.js";
import { unevenShares } from "../recipe-contradictions.js";

/** The run's own copy of the accelerate configuration, so that Resume starts as the run did. */
export const ACCELERATE_FILE = "accelerate.yaml";

/**
 * The text of the configuration that a recipe names. Refuses ("bad-accelerate") what would train for hours and export
 * nothing, and a number of processes that a step cannot be shared by.
 */
export async function checkAccelerate(recipe: CompleteRecipe, file: string): Promise<string> {
  const text = await readAccelerate(file);
  const processes = Number(/^num_processes:\s*["']?(\d+)/m.exec(text)?.[1] ?? 1);
  const uneven = unevenShares(recipe, processes, ["target", "accelerate"]);
  if (uneven) throw new ErrataError(`${file}: ${uneven.message}`, uneven.hint, "bad-accelerate");
  return text;
}

/** Sharded weights are on no process whole. */
async function readAccelerate(file: string): Promise<string> {
  if (!existsSync(file)) {
    throw new ErrataError(
      `The accelerate configuration ${file} does not exist.`,
      "target.accelerate is a path relative to the recipe; `accelerate config --config_file FILE` writes one.",
      "bad-accelerate",
    );
  }
  const text = await readFile(file, "utf8");
  const type = /^distributed_type:\s*["']?(\w+)/m.exec(text)?.[1];
  if (type !== undefined && type !== "NO" && type !== "MULTI_GPU") {
    throw new ErrataError(
      `${file}: distributed_type is ${type}; runs take NO or MULTI_GPU.`,
      type === "MULTI_CPU"
        ? 'Several processes on CPUs start without it: "target": {"kind": "local", "processes": 2}.'
        : "The weights must be whole on every process, or the model could not be exported. LoRA lets larger models fit.",
      "bad-accelerate",
    );
  }
  return text;
}
