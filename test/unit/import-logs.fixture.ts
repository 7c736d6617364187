import { join } from "node:path";
import { readStart } from "../../src/exchange/import/start.js";
import type { ForeignAttempt, ForeignRow, Format, ReadOptions } from "../../src/exchange/import/types.js";

/** A log that another tool wrote (or its layout), under test/fixtures/logs. */
export const log = (...path: string[]): string => join(__dirname, "../fixtures/logs", ...path);

/** All rows of a file, which the format must know by its beginning. */
export async function readAll(
  format: Format,
  file: string,
  options: ReadOptions = {},
): Promise<ForeignRow[]> {
  if (!format.reads(await readStart(file))) throw new Error(`${format.id} does not know ${file}`);
  const rows: ForeignRow[] = [];
  for await (const row of format.rows(file, options)) rows.push(row);
  return rows;
}

export const attemptsOf = (rows: readonly ForeignRow[]): ForeignAttempt[] =>
  rows.filter((row) => row.kind === "attempt");

/** Reason to places. */
export function skippedOf(rows: readonly ForeignRow[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const row of rows) {
    if (row.kind !== "skipped") continue;
    const places = found[row.why] ?? [];
    found[row.why] = [...places, row.place];
  }
  return found;
}
