import { learnsFromExamples } from "./data.js";
import type { CompleteRecipe } from "./recipe.js";

/** Every field is right by itself, but not two together: no schema marks it. */
export interface Contradiction {
  path: string[];
  message: string;
  hint: string;
}

/** What no single field can say: where it stands, what is wrong, what to do. */
export function contradiction(recipe: CompleteRecipe): Contradiction | undefined {
  const { method, correction, data, filter, s2r, target } = recipe;
  const [trial, corrections] = correction.cycle;
  if ((method === "scrpo" || method === "rrr") && trial + corrections === 0) {
    return {
      path: ["correction", "cycle"],
      message: "correction.cycle is [0, 0]: no step of either stage.",
      hint: "Use [6, 4], or [0, 4] for correction alone.",
    };
  }
  if (method === "rrr" && corrections === 0) {
    return {
      path: ["correction", "cycle"],
      message: `correction.cycle is [${trial}, 0]: rrr learns in its correction steps alone, and would never learn.`,
      hint: "Use [1, 1].",
    };
  }
  if (data.take === "selection" && data.attempts.length === 0) {
    return {
      path: ["data", "take"],
      message: "data.take is selection, and data.attempts names none.",
      hint: "Select errors in the tree and choose Train on Selection, or take the pool.",
    };
  }
  if (filter.kind === "band" && filter.low > filter.high) {
    return {
      path: ["filter", "low"],
      message: `filter.low is ${filter.low} and filter.high ${filter.high}: no group lies between them.`,
      hint: "Let low be the smaller one.",
    };
  }
  if (s2r.band[0] > s2r.band[1]) {
    return {
      path: ["s2r", "band"],
      message: `s2r.band is [${s2r.band.join(", ")}]: it is empty.`,
      hint: "Use [0.1, 0.7].",
    };
  }
  if (target.kind === "ray") return unevenShares(recipe, target.workers, ["target", "workers"]);
  // An accelerate configuration says itself how many processes there are.
  if (target.accelerate !== undefined) return undefined;
  return unevenShares(recipe, target.processes, ["target", "processes"]);
}

/**
 * A step must be shared equally by its processes, and each share be cut into equal pieces (config.py refuses others,
 * after minutes of loading). `field` says how many processes there are.
 */
export function unevenShares(
  recipe: CompleteRecipe,
  processes: number,
  field: string[],
): Contradiction | undefined {
  const { micro_batch: micro, problems_per_step: places, num_generations: group } = recipe;
  const [rows, what] = learnsFromExamples(recipe) ? [places, "examples"] : [places * group, "rollouts"];
  const own = rows / processes;
  if (!Number.isInteger(own)) {
    return {
      path: field,
      message: `${field.join(".")} gives ${processes} processes: ${rows} ${what} a step cannot be shared equally by them.`,
      hint: `Choose a number of processes that divides ${rows}, or a multiple of ${processes} as problems_per_step.`,
    };
  }
  if (micro === 0 || own % micro === 0) return undefined;
  const each = processes > 1 ? " and process" : "";
  return {
    path: ["micro_batch"],
    message: `micro_batch is ${micro}: ${own} ${what} a step${each} cannot be cut into pieces of ${micro}.`,
    hint: `Choose a divisor of ${own}.`,
  };
}
