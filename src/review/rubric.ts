import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ErrorObject, ValidateFunction } from "ajv";
import schema from "../../schemas/rubric.schema.json" with { type: "json" };
import { lineOfField, lineOfSyntaxError } from "../protocol/json-lines.js";
import { type Axis, type Choice, DEFAULT_RUBRIC, type Rubric } from "../protocol/rubric.js";
import { ErrataError } from "../protocol/types.js";

/** A rubric is written by hand: a file beyond this is something else. Bytes. */
const LARGEST = 1_000_000;

/** Where a workspace keeps its own rubric. */
export function rubricFile(workspace: string): string {
  return join(workspace, ".errata", "rubric.json");
}

/** The default rubric as a file to begin with. */
export function rubricText(rubric: Rubric = DEFAULT_RUBRIC): string {
  return `${JSON.stringify(rubric, null, 2)}\n`;
}

/**
 * The workspace's rubric: `.errata/rubric.json`, in which whatever is left out stands as in the default; the default
 * where there is no such file. Rejects with "bad-rubric", naming file, line and what is allowed, all mistakes at once.
 */
export async function readRubric(workspace: string): Promise<Rubric> {
  const file = rubricFile(workspace);
  try {
    const { size } = await stat(file);
    if (size > LARGEST) throw bad(`${file}: ${size} bytes are no rubric.`);
    return parseRubric(await readFile(file, "utf8"), file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return DEFAULT_RUBRIC;
    if (error instanceof ErrataError) throw error;
    throw bad(`${file} cannot be read: ${code ?? String(error)}.`);
  }
}

/** `readRubric` on a text that is already there; `file` is named in errors. */
export function parseRubric(written: string, file: string): Rubric {
  const text = written.replace(/^\uFEFF/, "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw bad(`${file}:${lineOfSyntaxError(text, error)}: not valid JSON: ${(error as Error).message}.`);
  }
  const validate = validator();
  if (!validate(value)) throw bad(faultsOf(text, file, (validate.errors ?? []).map(describe)));
  const rubric: Rubric = {
    axes: withOverall(value.axes ?? DEFAULT_RUBRIC.axes),
    errorTypes: value.errorTypes ?? DEFAULT_RUBRIC.errorTypes,
    labels: value.labels ?? DEFAULT_RUBRIC.labels,
  };
  const twice = [
    ...repeated("axes", "id", value.axes ?? []),
    ...repeated("errorTypes", "id", value.errorTypes ?? []),
    ...repeated("errorTypes", "key", value.errorTypes ?? []),
    ...repeated("labels", "id", value.labels ?? []),
    ...repeated("labels", "key", value.labels ?? []),
  ];
  if (twice.length > 0) throw bad(faultsOf(text, file, twice));
  return rubric;
}

let compiled: ValidateFunction<Partial<Rubric>> | undefined;

/** Compiled at first use: ajv takes longer than all the rest of the editor's activation. */
function validator(): ValidateFunction<Partial<Rubric>> {
  if (!compiled) {
    const { Ajv } = require("ajv") as typeof import("ajv");
    compiled = new Ajv({ allErrors: true, verbose: true }).compile<Partial<Rubric>>(schema);
  }
  return compiled;
}

/** `overall` first, the default one where there is none. */
function withOverall(axes: readonly Axis[]): readonly Axis[] {
  const [standard] = DEFAULT_RUBRIC.axes;
  const overall = axes.find(({ id }) => id === "overall") ?? standard;
  const rest = axes.filter(({ id }) => id !== "overall");
  return overall ? [overall, ...rest] : rest;
}

interface Fault {
  path: string[];
  message: string;
}

function repeated(list: string, field: "id" | "key", items: readonly (Axis | Choice)[]): Fault[] {
  const seen = new Map<string, number>();
  return items.flatMap((item, index): Fault[] => {
    const value = field in item ? (item as Choice)[field] : undefined;
    if (value === undefined) return [];
    const first = seen.get(value);
    if (first === undefined) {
      seen.set(value, index);
      return [];
    }
    const path = [list, String(index), field];
    return [{ path, message: `${path.join(".")} is "${value}", which ${list}.${first} has already.` }];
  });
}

function describe({ instancePath, keyword, params, data, message, parentSchema }: ErrorObject): Fault {
  const path = instancePath.split("/").slice(1);
  const field = path.join(".") || "the rubric";
  const extra = (params as { additionalProperty?: string }).additionalProperty;
  if (keyword === "additionalProperties" && extra !== undefined) {
    const known = Object.keys((parentSchema as { properties?: object }).properties ?? {});
    const at = [...path, extra];
    return { path: at, message: `${at.join(".")} is no field here. Known: ${known.join(", ")}.` };
  }
  const missing = (params as { missingProperty?: string }).missingProperty;
  if (keyword === "required" && missing !== undefined) {
    return { path, message: `${[...path, missing].join(".")} is missing.` };
  }
  if (keyword === "pattern" && path.at(-1) === "key") {
    return { path, message: `${field} is ${shown(data)}: a key is one printable character.` };
  }
  if (keyword === "pattern") {
    return {
      path,
      message: `${field} is ${shown(data)}: use letters, digits, “_”, “.” and “-”, 64 at most.`,
    };
  }
  return { path, message: `${field} is ${shown(data)}: it ${message ?? "is not allowed"}.` };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function faultsOf(text: string, file: string, faults: readonly Fault[]): string {
  const lines = faults.map(({ path, message }) => `${file}:${lineOfField(text, path)}: ${message}`);
  return [...new Set(lines)].join("\n");
}

function bad(message: string): ErrataError {
  return new ErrataError(
    message,
    "Until it is mended Review goes on with the rubric it read last; one that opens takes that which Errata brings. Hover and completion show what each field takes.",
    "bad-rubric",
  );
}
