import { stat } from "node:fs/promises";
import type { Pool } from "../pool/types.js";
import { readProblemSet } from "../problems/index.js";
import { ErrataError } from "../protocol/types.js";
import { learnsFromExamples, summariseData } from "./data.js";
import type { CompleteRecipe } from "./recipe.js";
import { checkAccelerate } from "./targets/accelerate.js";

/** What is wrong with a recipe that its schema cannot know, and where. */
export interface RecipeFault {
  /** Of the field in the recipe. */
  path: string[];
  message: string;
  /** A warning does not keep a run from starting. */
  severity: "error" | "warning";
}

/** While somebody types, a problem set larger than this is not read again and again; starting a run reads it. */
const READ_WHILE_TYPING = 4 * 2 ** 20;

/** Everything but the model, which the caller looks up, and what `parseRecipe` refuses. `pool` is undefined where the workspace has none yet. */
export async function recipeFaults(recipe: CompleteRecipe, pool: Pool | undefined): Promise<RecipeFault[]> {
  const found: RecipeFault[] = [];
  const error = (path: string[], message: string) => found.push({ path, message, severity: "error" });
  const size = await stat(recipe.problems).then(
    (there) => (there.isFile() ? there.size : undefined),
    () => undefined,
  );
  if (size === undefined) {
    error(["problems"], `There is no problem set at ${recipe.problems} (paths are relative to this file).`);
  }
  const { target } = recipe;
  if (target.kind === "local" && target.accelerate !== undefined) {
    await checkAccelerate(recipe, target.accelerate).catch((fault: unknown) =>
      error(["target", "accelerate"], words(fault)),
    );
  }
  const set = size !== undefined && size < READ_WHILE_TYPING ? await problemsOf(recipe) : undefined;
  if (typeof set === "string") error(["problems"], set);
  else if (set && pool) {
    await summariseData(pool, recipe, set).catch((fault: unknown) => error(fieldOf(fault), words(fault)));
  }
  const problems = Array.isArray(set) ? set.length : null;
  return [...found, ...recipeWarnings(recipe, problems, null)];
}

/** The set's problems, or why it cannot be read. */
async function problemsOf({ problems, limit }: CompleteRecipe) {
  try {
    return (await readProblemSet(problems)).problems.slice(0, limit);
  } catch (error) {
    return words(error);
  }
}

/** What is allowed, and probably not meant. Counts that are not known (null) warn of nothing. */
export function recipeWarnings(
  recipe: CompleteRecipe,
  problems: number | null,
  errors: number | null,
): RecipeFault[] {
  const { method, correction, max_steps, num_generations: group, problems_per_step: places } = recipe;
  const out: RecipeFault[] = [];
  const warn = (path: string[], message: string) => out.push({ path, message, severity: "warning" });
  const [trial, corrections] = correction.cycle;
  const reflects = method === "scrpo" || method === "rrr";
  if (reflects && corrections > 0 && correction.beta === 0) {
    warn(
      ["correction", "beta"],
      "correction.beta is 0: without a KL small models collapsed in self-correction.",
    );
  }
  if (method === "rrr" && correction.mask !== "analysis") {
    warn(
      ["correction", "mask"],
      `correction.mask is ${correction.mask}, and rrr does not read it: its reflections learn whole.`,
    );
  }
  if (reflects && trial >= max_steps) {
    warn(
      ["max_steps"],
      `The run ends before self-correction begins: ${max_steps} steps, and ${trial} of trial come first.`,
    );
  }
  if (reflects && trial === 0 && errors !== null) {
    const uses = errors * recipe.pool.max_uses;
    const wanted = max_steps * places;
    if (uses < wanted) {
      warn(
        ["max_steps"],
        `The errors do not last: ${errors} errors, each used ${recipe.pool.max_uses} times, against ${wanted} places in ${max_steps} steps.`,
      );
    }
  }
  if (method === "score" && recipe.score.stage_one_steps >= max_steps) {
    warn(["score", "stage_one_steps"], `The run ends before stage II begins: ${max_steps} steps in all.`);
  }
  if ((reflects || method === "dapo") && group < 4 && recipe.filter.kind !== "all") {
    warn(["num_generations"], `num_generations is ${group}: groups of fewer than 4 never pass the filter.`);
  }
  if (problems !== null && places > problems && !learnsFromExamples(recipe)) {
    warn(
      ["problems_per_step"],
      `A step has ${places} problems and the set ${problems}: some stand twice in a step.`,
    );
  }
  return out;
}

function words(error: unknown): string {
  return error instanceof ErrataError ? [error.message, error.hint].filter(Boolean).join(" ") : String(error);
}

/** Messages about data begin with the field that they are about. */
function fieldOf(error: unknown): string[] {
  const field = /^([a-z_]+(?:\.[a-z_]+)*):/.exec(error instanceof Error ? error.message : "")?.[1];
  return field?.split(".") ?? ["data"];
}
