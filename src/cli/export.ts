import { resolve } from "node:path";
import { exportPool } from "../exchange/export.js";
import { formatOf } from "../exchange/formats/index.js";
import { exportWords } from "../exchange/tell.js";
import { EXPORT_FORMATS, type ExportFormat } from "../exchange/types.js";
import { answer, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";
import { queryOf, SELECTION } from "./selection.js";

const OPTIONS = {
  ...SELECTION,
  out: { type: "string" },
  annotator: { type: "string" },
  force: { type: "boolean" },
} as const;

/** `errata export FORMAT --out FILE`: what the pool holds, for another tool or another workspace. */
export async function exportCommand(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, OPTIONS, ["FORMAT"]);
  const [name = ""] = words;
  if (!isFormat(name)) {
    throw new UsageError(`"${name}" is no export format. There are ${EXPORT_FORMATS.join(", ")}.`);
  }
  if (values.out === undefined || values.out === "") throw new UsageError("--out FILE is missing.");
  const selection = queryOf(values) ?? formatOf(name).selection;
  const pool = await context.existingPool(values.workspace);
  const result = await exportPool(
    pool,
    {
      ...{ format: name, file: resolve(values.out), selection, annotator: values.annotator },
      overwrite: values.force === true,
    },
    context.progress.report,
    context.signal,
  );
  context.progress.close();
  if (await answer(json, result)) return;
  const { summary, skipped } = exportWords(result);
  console.log(
    [`${summary} ${result.file}`, ...result.beside.map((file) => `  beside it: ${file}`)].join("\n"),
  );
  for (const line of skipped) console.log(`  skipped: ${line}`);
}

function isFormat(name: string): name is ExportFormat {
  return (EXPORT_FORMATS as readonly string[]).includes(name);
}
