import { existsSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { isRecord } from "../protocol/json-lines.js";
import { ErrataError } from "../protocol/types.js";
import { FILES, readJson } from "./run-folder.js";
import { ACCELERATE_FILE } from "./targets/accelerate.js";

/** A recipe made from a run's. */
export interface Clone {
  /** Its fields, paths as the new file will name them. */
  recipe: Record<string, unknown> & { name: string };
  /** What a person should know before starting it. */
  notes: string[];
}

/**
 * The recipe of the run in `folder`, for a file in `into`. A problem set or accelerate configuration that is no longer
 * there is replaced by the run's own copy. Rejects with "bad-run" when the run has no recipe that can be read.
 */
export async function cloneRecipe(folder: string, into: string): Promise<Clone> {
  const recipe = await readJson<Record<string, unknown>>(folder, FILES.recipe);
  if (typeof recipe !== "object" || recipe === null) {
    throw new ErrataError(
      `${join(folder, FILES.recipe)} is missing or damaged.`,
      "Write a recipe anew: Errata: New Run Recipe…",
      "bad-run",
    );
  }
  const notes: string[] = [];
  const file = (named: unknown, own: string, what: string): string => {
    const path = typeof named === "string" ? named : "";
    if ((isAbsolute(path) && existsSync(path)) || !existsSync(join(folder, own)))
      return fromFolder(into, path);
    notes.push(`${path || what} is no longer there: the recipe takes the run's own copy of it.`);
    return fromFolder(into, join(folder, own));
  };
  const problems = file(recipe.problems, FILES.problems, "The problem set");
  const { target } = recipe;
  const accelerate =
    isRecord(target) && target.accelerate !== undefined
      ? file(target.accelerate, ACCELERATE_FILE, "The accelerate configuration")
      : undefined;
  const name = nextName(typeof recipe.name === "string" && recipe.name ? recipe.name : "run");
  const made = { ...recipe, name, problems };
  return {
    recipe:
      accelerate === undefined || !isRecord(target) ? made : { ...made, target: { ...target, accelerate } },
    notes,
  };
}

/** Relative where the file lies within the folder, so that both can be moved together. */
function fromFolder(folder: string, file: string): string {
  const path = relative(folder, file);
  return !isAbsolute(file) || isAbsolute(path) || path.startsWith("..") ? file : path.split(sep).join("/");
}

/** `scrpo` becomes `scrpo-2`, and that `scrpo-3`. */
export function nextName(name: string): string {
  const [, stem = name, number] = /^(.*?)-(\d{1,3})$/.exec(name) ?? [];
  return number === undefined
    ? `${name}-2`
    : `${stem}-${String(Number(number) + 1).padStart(number.length, "0")}`;
}
