import { resolve } from "node:path";
import type { ParseArgsConfig } from "node:util";
import { importFile, type NameOptions, previewImport } from "../exchange/import/index.js";
import { importWords, previewWords } from "../exchange/tell.js";
import type { Pool } from "../pool/types.js";
import type { ImportMapping, ImportPreview } from "../protocol/import.js";
import { ErrataError } from "../protocol/types.js";
import { answer, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";

const OPTIONS = {
  "dry-run": { type: "boolean" },
  map: { type: "string" },
  set: { type: "string" },
  model: { type: "string" },
  run: { type: "string" },
  requests: { type: "string" },
  problems: { type: "string" },
} as const satisfies ParseArgsConfig["options"];

const FIELDS = ["problem", "text", "gold", "id", "model", "sample", "score", "level", "kind"] as const;

/**
 * `errata import FILE`: a log of another tool, or an export of another workspace's pool, into this one's. The same file
 * twice adds nothing; `--dry-run` says what would be taken, and writes nothing.
 */
export async function importCommand(args: readonly string[], context: Context): Promise<void> {
  const { values, words: files, json } = readArguments(args, OPTIONS, ["FILE…"]);
  const named: NameOptions = {
    ...{ set: values.set, model: values.model, run: values.run, signal: context.signal },
    ...(values.map !== undefined && { mapping: mappingOf(values.map) }),
    ...(values.requests !== undefined && { companion: resolve(values.requests) }),
    ...(values.problems !== undefined && { problems: resolve(values.problems) }),
  };
  const results: unknown[] = [];
  const several = files.length > 1;
  for (const word of files) {
    const file = resolve(word);
    let words: string;
    if (values["dry-run"]) {
      const preview = await look(file, named, await there(values.workspace, context), context);
      results.push(preview);
      words = previewWords(preview);
    } else {
      const { report } = context.progress;
      const pool = await context.pool(values.workspace);
      const result = await importFile(pool, file, { ...named, grader: context.grader(), report });
      results.push(result);
      words = several ? `${word}: ${importWords(result)}` : importWords(result);
    }
    context.progress.close();
    // Told at once: a later file may fail.
    if (json !== true) console.log(words);
  }
  await answer(json, several ? results : results[0]);
}

/** Looking at a file makes no pool. */
async function there(workspace: string | undefined, context: Context): Promise<Pool | undefined> {
  try {
    return await context.existingPool(workspace);
  } catch (error) {
    if (error instanceof ErrataError && error.code === "no-pool") return undefined;
    throw error;
  }
}

function look(
  file: string,
  named: NameOptions,
  pool: Pool | undefined,
  context: Context,
): Promise<ImportPreview> {
  return previewImport(file, {
    ...named,
    pool,
    onPreview: ({ attempts }) =>
      context.progress.report({ stage: "Looking", done: 0, total: 0, detail: `${attempts} attempts` }),
  });
}

/** `problem=question,text=response,gold=`: which columns mean what; nothing after the sign is none. */
function mappingOf(text: string): Partial<ImportMapping> {
  const mapping: Partial<ImportMapping> = {};
  for (const part of text.split(",")) {
    const [name = "", column] = part.split(/=(.*)/s).map((word) => word.trim());
    const field = FIELDS.find((known) => known === name);
    if (!field || column === undefined) {
      throw new UsageError(`--map "${part}" is no FIELD=COLUMN; the fields are ${FIELDS.join(", ")}.`);
    }
    mapping[field] = column;
  }
  return mapping;
}
