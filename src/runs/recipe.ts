import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, resolve } from "node:path";
import type { ErrorObject, ValidateFunction } from "ajv";
import schema from "../../schemas/recipe.schema.json" with { type: "json" };
import type { Recipe } from "../protocol/generated/recipe.js";
import { isRecord, lineOfField, lineOfSyntaxError } from "../protocol/json-lines.js";
import { ErrataError } from "../protocol/types.js";
import { contradiction } from "./recipe-contradictions.js";
import { branchOf, type Part, withDefaults } from "./recipe-defaults.js";

type Complete<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [Field in keyof T]-?: Complete<T[Field]> }
    : T;
type Target = NonNullable<Recipe["target"]>;

/** A recipe with every default filled in: with it and its seed a run repeats. */
export type CompleteRecipe = Complete<Omit<Recipe, "$schema" | "limit" | "target">> & {
  limit?: number;
  target: LocalTarget | RayTarget;
};
export type LocalTarget = { kind: "local"; processes: number; accelerate?: string };
type Ray = Extract<Target, { kind: "ray" }>;
export type RayTarget = Complete<Omit<Ray, "weights" | "storage">> & Pick<Ray, "weights" | "storage">;

let compiled: ValidateFunction<CompleteRecipe> | undefined;

/** Loaded and compiled at first use: ajv takes longer than all the rest of the editor's activation. */
function validator(): ValidateFunction<CompleteRecipe> {
  // `strict: false`: the methods' defaults are a keyword of ours.
  const options = { allErrors: true, verbose: true, strict: false };
  if (!compiled) {
    const { Ajv } = require("ajv") as typeof import("ajv");
    compiled = new Ajv(options).compile<CompleteRecipe>(schema);
  }
  return compiled;
}

/**
 * Reads a `*.errata.json`, fills every default and makes paths absolute (the file names them relative to itself).
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
    throw new ErrataError(
      `${file}:${lineOfSyntaxError(text, error)}: not valid JSON: ${(error as Error).message}.`,
      "Mend the line; the editor marks it.",
      "bad-recipe",
    );
  }
  if (isRecord(value)) value = withDefaults(value);
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
  const unfit = contradiction(recipe);
  if (unfit) {
    const { path, message, hint } = unfit;
    throw new RecipeContradiction(`${file}:${lineOfField(text, path)}: ${message}`, hint, path);
  }
  return {
    ...recipe,
    name: recipe.name ?? recipe.method,
    problems: fromFile(file, recipe.problems),
    target: fromHere(file, recipe.target),
  };
}

/** A path that a recipe names, made absolute. */
export function fromFile(file: string, path: string): string {
  return isAbsolute(path) ? path : resolve(dirname(file), path);
}

function fromHere(file: string, target: CompleteRecipe["target"]): CompleteRecipe["target"] {
  if (target.kind !== "local" || target.accelerate === undefined) return target;
  return { ...target, accelerate: fromFile(file, target.accelerate) };
}

/** A contradiction, at the line of its field. */
export class RecipeContradiction extends ErrataError {
  constructor(
    message: string,
    hint: string,
    readonly path: string[],
  ) {
    super(message, hint, "bad-recipe");
  }
}

interface Mistake {
  path: string[];
  message: string;
}

/** ajv's errors as people say them. Of a union only the branch that was meant is reported. */
function mistakes(errors: ErrorObject[]): Mistake[] {
  const unions = errors.filter(({ keyword }) => keyword === "oneOf");
  const out: Mistake[] = [];
  for (const error of errors) {
    const around = unions.filter((union) => error.schemaPath.startsWith(`${union.schemaPath}/`));
    if (around.some((union) => !error.schemaPath.startsWith(`${union.schemaPath}/${meant(union)}/`)))
      continue;
    if (error.keyword === "oneOf" && meant(error) >= 0) continue;
    out.push(describe(error, error.instancePath.split("/").slice(1)));
  }
  return out;
}

/** Which branch of a union its value was meant for; -1 where nobody can tell. */
function meant({ schema, data }: ErrorObject): number {
  const branches = schema as Part[];
  const branch = branchOf(branches, data);
  return branch ? branches.indexOf(branch) : -1;
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
    case "oneOf": {
      const kinds = (error.schema as { properties?: { kind?: { const?: string } } }[]).flatMap(
        (branch) => branch.properties?.kind?.const ?? [],
      );
      const allowed = kinds.map((kind) => `{"kind": "${kind}", …}`).join(", ");
      return { path, message: `${field} is ${got}; allowed: ${allowed || shapes(error.schema)}.` };
    }
    default:
      return { path, message: `${field} is ${got}: it ${error.message ?? "is not allowed"}.` };
  }
}

/** What a union without kinds takes. */
function shapes(branches: unknown): string {
  return (branches as { type?: string; const?: unknown }[])
    .map(({ type, const: only }) => (only === undefined ? (type ?? "") : JSON.stringify(only)))
    .join(", ");
}
