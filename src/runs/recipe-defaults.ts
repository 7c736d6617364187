import schema from "../../schemas/recipe.schema.json" with { type: "json" };
import { isRecord } from "../protocol/json-lines.js";

/** As much of JSON Schema as the recipe's uses. */
export interface Part {
  type?: string;
  const?: unknown;
  default?: unknown;
  properties?: Record<string, Part>;
  oneOf?: Part[];
}

const METHODS: Record<string, unknown> = schema["x-method-defaults"];

/**
 * A copy with every default of the schema filled in, at any depth: the method's own where it has one
 * (`x-method-defaults`), else the field's. What is there stays as it is, right or wrong: the validator looks at it after.
 */
export function withDefaults(recipe: Record<string, unknown>): unknown {
  const own = METHODS[String(recipe.method)];
  return fill(schema as Part, isRecord(own) ? over(own, recipe) : recipe);
}

function fill(part: Part, given: unknown): unknown {
  const value = given === undefined ? structuredClone(part.default) : given;
  const meant = part.oneOf ? branchOf(part.oneOf, value) : part;
  if (!meant?.properties) return value;
  if (value !== undefined && !isRecord(value)) return value;
  const out: Record<string, unknown> = { ...value };
  for (const [name, inner] of Object.entries(meant.properties)) {
    const filled = fill(inner, out[name]);
    if (filled !== undefined) out[name] = filled;
  }
  return out;
}

/** The branch of a union that a value was meant for: by its `kind`, else by what sort of value it is. */
export function branchOf<B extends Part>(branches: readonly B[], value: unknown): B | undefined {
  if (!isRecord(value)) return branches.find((branch) => !branch.properties && fits(branch, value));
  const objects = branches.filter((branch) => branch.properties);
  const kinds = objects.filter((branch) => branch.properties?.kind);
  return kinds.length > 0 ? kinds.find((b) => b.properties?.kind?.const === value.kind) : objects[0];
}

function fits(branch: Part, value: unknown): boolean {
  if (branch.const !== undefined) return branch.const === value;
  return branch.type === (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
}

/** `theirs` over `ours`, field by field; a value with a `kind` is taken whole: half of two kinds is none. */
export function over(
  ours: Record<string, unknown>,
  theirs: Record<string, unknown>,
): Record<string, unknown> {
  const out = structuredClone(ours);
  for (const [name, value] of Object.entries(theirs)) {
    const before = out[name];
    const merge = isRecord(before) && isRecord(value) && before.kind === undefined;
    out[name] = merge ? over(before, value) : value;
  }
  return out;
}
