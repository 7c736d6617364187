import { DATA_KINDS, LEFT_OUT, type LeftOut, type RunData } from "../protocol/run-data.js";
import { ErrataError } from "../protocol/types.js";
import type { CompleteRecipe } from "./recipe.js";

const NAMED = 5;

/** Which field of a recipe leaves something out; "" where none does. */
const FIELDS: Partial<Record<LeftOut, string>> = {
  elsewhere: "problems",
  level: "data.levels",
  kind: "data.kinds",
  model: "data.models",
  errorType: "data.error_types",
  noStep: "data.first_wrong_step",
  notRated: "data.min_rating",
  ratedLower: "data.min_rating",
  notRight: "data.corrections",
  notAccepted: "data.corrections",
  filtered: "filter",
  noSolution: "problems",
};

/** Refuses ids that no attempt has. */
export function refuseMissing(missing: readonly number[]): void {
  if (missing.length === 0) return;
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  throw new ErrataError(
    `data.attempts: the error pool has no attempt ${missing.slice(0, NAMED).join(", ")}${more}.`,
    "The recipe may be of another workspace. Select the errors in the tree again, or set data.take to pool.",
    "bad-selection",
  );
}

/** Refuses a run that was told to take something, or cannot do without, and for which nothing is left. */
export function refuseEmpty(recipe: CompleteRecipe, { counts, sampled }: RunData): void {
  if (counts.some(({ used }) => used > 0) || !needs(recipe, sampled)) return;
  const wanted = counts.map(({ kind }) => DATA_KINDS[kind][1]);
  const what = wanted.length > 0 ? wanted.join(", no ") : "examples: data.take is none";
  const leftOut = counts.flatMap((count) => count.leftOut).sort((a, b) => b.count - a.count);
  const reasons = leftOut.slice(0, 3).map(({ why, count }) => `${count} ${LEFT_OUT[why]}`);
  const field = FIELDS[leftOut[0]?.why ?? "undecided"] ?? "data";
  throw new ErrataError(
    `${field}: nothing is left for the run to learn from, no ${what}.${reasons.length > 0 ? ` Left out: ${reasons.join("; ")}.` : ""}`,
    hint(recipe, field),
    "empty-pool",
  );
}

/** A run that samples and grades its own first attempts can begin with nothing. */
function needs({ method, data, correction, s2r }: CompleteRecipe, sampled: boolean): boolean {
  if (sampled) return false;
  if (method === "sft" || method === "dpo") return true;
  if (method === "s2r") return s2r.stage === "initialise";
  if (method !== "scrpo" && method !== "rrr") return false;
  return data.take === "selection" || correction.cycle[0] === 0;
}

function hint({ method, data, sft }: CompleteRecipe, field: string): string {
  if (method === "scrpo" || method === "rrr") {
    return "Sample the problems first so that the error pool fills, or give correction.cycle a trial stage, such as [6, 4].";
  }
  if (method === "sft" && sft.examples.includes("rejection") && data.take === "pool") {
    return "The error pool holds errors alone: set data.take to all for right attempts.";
  }
  if (field === "problems" && method === "sft" && sft.examples.includes("gold")) {
    return "Gold needs a problem set with worked solutions (the field solution).";
  }
  return "Let the recipe take more, sample the problems first, or set data.examples to sampled.";
}
