import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, resolve } from "node:path";
import type { ErrorObject, ValidateFunction } from "ajv";
import schema from "../../schemas/recipe.schema.json" with { type: "json" };
import type { Recipe } from "../protocol/generated/recipe.js";
import { ErrataError, type PoolFilter } from "../protocol/types.js";
import { lineOfField, lineOfSyntaxError } from "./json-lines.js";

/** A recipe with every default filled in: with it and its seed a run repeats. */
export type CompleteRecipe = Required<
  Omit<Recipe, "$schema" | "limit" | "correction" | "filter" | "pool">
> & {
  limit?: number;
  correction: Required<NonNullable<Recipe["correction"]>>;
  filter: PoolFilter;
  pool: Required<NonNullable<Recipe["pool"]>>;
};

let compiled: ValidateFunction<CompleteRecipe> | undefined;

/** Loaded and compiled at first use: ajv takes longer than all the rest of the editor's activation. */
function validator(): ValidateFunction<CompleteRecipe> {
  // `strict: false`: the defaults within `oneOf` are for the editor's hover; ajv leaves those to us.
  const options = { allErrors: true, useDefaults: true, verbose: true, strict: false };
  if (!compiled) {
    const { Ajv } = require("ajv") as typeof import("ajv");
    compiled = new Ajv(options).compile<CompleteRecipe>(schema);
  }
  return compiled;
}

/**
 * Reads a `*.errata.json`, fills every default and makes `problems` absolute (the file names it relative to itself).
 * `model` stays as it was written: only the caller knows which ids there are.
 * Rejects with "bad-recipe", naming file, line, field and what is allowed, all mistakes at once.
 */
export async function readRecipe(file: string): Promise<CompleteRecipe> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new ErrataError(
      `The recipe ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`,
      "Check the path.",
      "bad-recipe",
    );
  }
  return parseRecipe(text, file);
}

/** `readRecipe` on a text that is already there; `file` is named in errors and resolves relative paths. */
export function parseRecipe(text: string, file: string): CompleteRecipe {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const line = lineOfSyntaxError(text, error);
    const at = line === undefined ? file : `${file}:${line}`;
    throw new ErrataError(
      `${at}: not valid JSON: ${(error as Error).message}.`,
      "Mend the line; the editor marks it.",
      "bad-recipe",
    );
  }
  // ajv fills defaults within an object only when the object is there.
  if (isRecord(value)) {
    value.correction ??= {};
    value.pool ??= {};
    value.filter ??= {};
    const { filter } = value;
    if (isRecord(filter) && (filter.kind ?? "variance") === "variance") {
      value.filter = { kind: "variance", min: 0.5, ...filter };
    }
  }
  const validate = validator();
  if (!validate(value)) {
    const lines = mistakes(validate.errors ?? []).map(
      ({ path, message }) => `${file}:${lineOfField(text, path)}: ${message}`,
    );
    throw new ErrataError(
      [...new Set(lines)].join("\n"),
      "Completion and hover in the editor show what each field allows.",
      "bad-recipe",
    );
  }
  const { $schema: _, ...recipe } = value as CompleteRecipe & { $schema?: string };
  if (recipe.method === "scrpo" && recipe.correction.cycle[0] + recipe.correction.cycle[1] === 0) {
    const at = lineOfField(text, ["correction", "cycle"]);
    throw new ErrataError(
      `${file}:${at}: correction.cycle is [0, 0]: no step of either stage.`,
      "Use [6, 4], or [0, 4] for correction alone.",
      "bad-recipe",
    );
  }
  return {
    ...recipe,
    name: recipe.name ?? recipe.method,
    problems: fromFile(file, recipe.problems),
  };
}

/** A path that a recipe names, made absolute. */
export function fromFile(file: string, path: string): string {
  return isAbsolute(path) ? path : resolve(dirname(file), path);
}

interface Mistake {
  path: string[];
  message: string;
}

/** ajv's errors as people say them. Of `oneOf` only the branch that was meant is reported. */
function mistakes(errors: ErrorObject[]): Mistake[] {
  const out: Mistake[] = [];
  for (const error of errors) {
    const path = error.instancePath.split("/").slice(1);
    if (path[0] === "filter" && error.schemaPath.includes("/oneOf/")) {
      const message = filterMistake(error, path);
      if (message) out.push(message);
    } else if (error.keyword !== "oneOf" || path[0] !== "filter" || !hasKind(error.data)) {
      out.push(describe(error, path));
    }
  }
  return out;
}

const KINDS = ["variance", "mixed", "band", "all"];

function hasKind(filter: unknown): boolean {
  return isRecord(filter) && KINDS.includes(String(filter.kind));
}

function filterMistake(error: ErrorObject, path: string[]): Mistake | undefined {
  const branch = KINDS[Number(/\/oneOf\/(\d)\//.exec(error.schemaPath)?.[1])];
  const filter = path.length === 1 ? error.data : undefined;
  // Errors below `filter` carry no kind with them; only `min`, `low` and `high` exist there, each in one branch.
  if (path.length > 1) return path[1] === "kind" ? undefined : describe(error, path);
  return isRecord(filter) && filter.kind === branch ? describe(error, path) : undefined;
}

function describe(error: ErrorObject, path: string[]): Mistake {
  const field = path.join(".") || "the recipe";
  const params = error.params as Record<string, unknown>;
  const got = JSON.stringify(error.data);
  switch (error.keyword) {
    case "required":
      return { path, message: `${[...path, params.missingProperty].join(".")} is missing.` };
    case "additionalProperties": {
      const name = String(params.additionalProperty);
      const known = Object.keys((error.parentSchema as { properties?: object }).properties ?? {});
      return {
        path: [...path, name],
        message: `${[...path, name].join(".")} is no field of a recipe. Known here: ${known.join(", ")}.`,
      };
    }
    case "enum":
      return {
        path,
        message: `${field} is ${got}; allowed: ${(params.allowedValues as unknown[]).map((v) => JSON.stringify(v)).join(", ")}.`,
      };
    case "oneOf":
      return {
        path,
        message: `${field} must be {"kind": "variance", "min": 0.5}, {"kind": "mixed"}, {"kind": "band", "low": 0.1, "high": 0.7} or {"kind": "all"}.`,
      };
    default:
      return { path, message: `${field} is ${got}: it ${error.message ?? "is not allowed"}.` };
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
