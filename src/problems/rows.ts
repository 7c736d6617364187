/** The rows of a problem set, whatever file it is: JSON lines, one JSON document, CSV or Parquet. */
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { ErrataError } from "../protocol/types.js";
import { beginning } from "./beginning.js";
import { csvDelimiter, readCsvRows } from "./csv-rows.js";
import { readJsonArray } from "./json-array.js";
import { parseJson, readJsonLines } from "./json-lines.js";
import { NAMES } from "./names.js";

export interface SetRow {
  /** 1-based: a line, or the row of a table without lines. */
  line: number;
  value?: unknown;
  /** Why it cannot be read; goes on from "line 3 …". */
  why?: string | undefined;
}

export interface SetRows {
  /** What `line` counts. */
  unit: "line" | "row";
  rows: AsyncIterable<SetRow>;
}

/** How much of a file tells what it is. Bytes. */
const START = 64 * 1024;
/** A JSON document that is no array is read as a whole. */
const LARGEST = 64 << 20;

/** Rejects with "no-file" or "encoding". */
export async function openRows(file: string): Promise<SetRows> {
  const { bytes, size } = await startOf(file);
  if (bytes.toString("latin1", 0, 4) === "PAR1") return { unit: "row", rows: parquet(file) };
  const wide = /^(?:fffe|feff)/.test(bytes.toString("hex", 0, 2));
  const text = wide ? textOf(bytes) : bytes.toString("utf8").replace(/^\ufeff/, "");
  if (/^\s*\[/.test(text)) {
    if (wide) throw new ErrataError(`${file} is UTF-16.`, "Save it as UTF-8 and try again.", "encoding");
    return { unit: "line", rows: readJsonArray(file) };
  }
  const ending = extname(file).toLowerCase();
  if (ending === ".json" && size <= LARGEST) {
    const rows = rowsWithin(parseJson(wide ? "" : (await readFile(file, "utf8")).replace(/^\ufeff/, "")));
    if (rows) return { unit: "row", rows: listed(rows) };
  }
  const delimiter = csvDelimiter({ text });
  if (delimiter !== undefined && (/^\.[ct]sv$/.test(ending) || namesProblem(text, delimiter))) {
    return { unit: "line", rows: readCsvRows(file, { delimiter }) };
  }
  return { unit: "line", rows: jsonLines(file) };
}

const startOf = (file: string) =>
  beginning(file, {
    bytes: START,
    called: `The problem set ${file}`,
    advice: "Choose a file of JSON lines (*.jsonl), JSON, CSV or Parquet.",
  });

const textOf = (bytes: Buffer): string =>
  new TextDecoder(bytes[0] === 0xff ? "utf-16le" : "utf-16be").decode(bytes);

/** Does a table's first line name a column of problems? */
function namesProblem(text: string, delimiter: string): boolean {
  const [first = ""] = text.split(/\r?\n/, 1);
  const names = first.split(delimiter).map((name) => name.replace(/["']/g, "").trim().toLowerCase());
  return names.some((name) => (NAMES.problem as readonly string[]).includes(name));
}

/** The rows in one JSON object: of its only list of objects, or its values by id; undefined where it is a row itself. */
function rowsWithin(document: unknown): unknown[] | undefined {
  if (typeof document !== "object" || document === null || Array.isArray(document)) return undefined;
  if (document instanceof Error) return undefined;
  const isRow = (value: unknown): boolean =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = Object.entries(document);
  const lists = entries
    .map(([, value]) => value as unknown)
    .filter((value) => Array.isArray(value) && value.length > 0);
  const tables = lists.filter((list): list is unknown[] => Array.isArray(list) && list.every(isRow));
  const isProblem = entries.some(([name]) =>
    (NAMES.problem as readonly string[]).includes(name.toLowerCase()),
  );
  if (isProblem) return undefined;
  if (tables.length === 1) return tables[0];
  if (entries.length > 0 && entries.every(([, value]) => isRow(value))) {
    return entries.map(([id, value]) => ({ id, ...(value as object) }));
  }
  return undefined;
}

async function* listed(rows: readonly unknown[]): AsyncGenerator<SetRow> {
  for (const [i, value] of rows.entries()) yield { line: i + 1, value };
}

async function* parquet(file: string): AsyncGenerator<SetRow> {
  const { readParquetRows } = await import("./parquet-rows.js");
  for await (const { index, value } of readParquetRows(file)) yield { line: index + 1, value };
}

async function* jsonLines(file: string): AsyncGenerator<SetRow> {
  for await (const { number, ...row } of readJsonLines(file)) yield { line: number, ...row };
}
