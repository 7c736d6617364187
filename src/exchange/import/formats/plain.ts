import { goldOf } from "../../../problems/answers.js";
import { withChoices } from "../../../problems/choices.js";
import { csvDelimiter, readCsvRows } from "../../../problems/csv-rows.js";
import { readJsonArray } from "../../../problems/json-array.js";
import { readJsonLines } from "../../../problems/json-lines.js";
import { fieldsOf } from "../../../problems/names.js";
import { readParquetRows } from "../../../problems/parquet-rows.js";
import type { ForeignScore, ImportMapping } from "../../../protocol/import.js";
import { readStart } from "../start.js";
import type { FieldMeaning, FileStart, ForeignAttempt, ForeignRow, Format, ReadOptions } from "../types.js";
import { isChat } from "./chat-text.js";
import { guessMapping } from "./guess.js";
import { atPath, scalar, textOf } from "./paths.js";

type Row = Record<string, unknown>;
/** A row of a table, or why it is none. */
interface TableRow {
  place: string;
  value?: Row | undefined;
  why?: string | undefined;
}

/** A table of attempts (or problems) of nobody's format: what its columns mean is a mapping. */
interface Plain extends Format {
  table(file: string, options: ReadOptions): AsyncIterable<TableRow>;
}

/** By these the columns of a table, and what they mean, are known. */
const FIRST = 200;

const PLAIN: readonly Plain[] = [
  plain(
    "parquet",
    "Parquet table",
    ({ bytes }) => Buffer.from(bytes.subarray(0, 4)).toString() === "PAR1",
    parquet,
  ),
  plain("jsonl", "JSON lines", ({ text }) => /^\s*\{[ \t]*\S/.test(text), jsonLines),
  plain("json", "JSON array", ({ text }) => /^\s*\[/.test(text), jsonArray),
  plain("csv", "CSV table", (start) => csvDelimiter(start) !== undefined, csv),
];

export const PLAIN_FORMATS: readonly Format[] = PLAIN;
export const isPlain = (format: Format): boolean => PLAIN.some((known) => known === format);

/** The first rows of a table: those before its end or what is wrong with it. Rejects as reading does where there is none. */
export async function firstRows(format: Format, file: string): Promise<Row[]> {
  const rows: Row[] = [];
  const table = PLAIN.find((known) => known === format)?.table(file, {});
  try {
    for await (const { value } of table ?? []) {
      if (value) rows.push(value);
      if (rows.length === FIRST) break;
    }
  } catch (error) {
    if (rows.length === 0) throw error;
  }
  return rows;
}

/** The first rows of a file whose format is built on tables; none of any other. */
export async function rowsWithin(start: FileStart, file: string): Promise<Row[]> {
  const table = PLAIN.find((known) => known.reads(start));
  return table ? firstRows(table, file).catch(() => []) : [];
}

function plain(
  id: string,
  title: string,
  reads: (start: FileStart) => boolean,
  table: (file: string, options: ReadOptions) => AsyncIterable<TableRow>,
): Plain {
  const mappingOf = async (file: string, { mapping }: ReadOptions): Promise<Partial<ImportMapping>> =>
    mapping ?? guessMapping(await firstRows(self, file)).guessed;
  const self: Plain = {
    ...{ id, title, reads, table },
    async *rows(file, options) {
      const mapping = await mappingOf(file, options);
      for await (const { place, value, why } of table(file, options)) {
        if (value) yield* rowsOf(place, value, mapping);
        else yield { kind: "skipped", place, why: `The row ${why ?? "cannot be read"}.` };
      }
    },
    fields: async (file, options) => meanings(await mappingOf(file, options)),
  };
  return self;
}

const MEANS: Record<keyof ImportMapping, string> = {
  problem: "problem",
  text: "solution",
  gold: "gold answer",
  id: "the problem's id",
  model: "model",
  sample: "number of the sample",
  score: "the log's own score",
  level: "level",
  kind: "kind of problem",
};

function meanings(mapping: Partial<ImportMapping>): FieldMeaning[] {
  return Object.entries(mapping).flatMap(([field, column]) =>
    column ? [{ field: column, means: MEANS[field as keyof ImportMapping] }] : [],
  );
}

/** A row is one attempt, or as many as its solution is a list of; without a column of solutions, a problem. */
function* rowsOf(place: string, row: Row, mapping: Partial<ImportMapping>): Generator<ForeignRow> {
  const skip = (why: string): ForeignRow => ({ kind: "skipped", place, why });
  const statement = textOf(atPath(row, mapping.problem ?? ""), "user")?.trim();
  if (!statement) {
    yield skip("The row has no problem.");
    return;
  }
  const problem = problemOf(row, statement, mapping);
  if (!mapping.text) {
    yield { kind: "problem", place, set: null, problem };
    return;
  }
  const solution = atPath(row, mapping.text);
  const texts = Array.isArray(solution) && !isChat(solution) ? solution : [solution];
  const scores = atPath(row, mapping.score ?? "");
  const numbered = texts === solution ? null : sampleOf(atPath(row, mapping.sample ?? ""));
  for (const [i, one] of texts.entries()) {
    const text = textOf(one, "assistant");
    if (text === undefined) {
      yield skip(
        one === undefined || one === null ? "The row has no solution." : "The row's solution is no text.",
      );
      continue;
    }
    yield {
      ...{ kind: "attempt", place, problem, set: null, group: "", text },
      ...{ modelId: scalar(atPath(row, mapping.model ?? "")) || null, sample: numbered },
      ...{ finish: null, tokens: null },
      scores: scoresOf(mapping.score ?? "", Array.isArray(scores) ? scores[i] : scores),
    };
  }
}

function problemOf(row: Row, asked: string, mapping: Partial<ImportMapping>): ForeignAttempt["problem"] {
  const said = (column: string | undefined): string | undefined => scalar(atPath(row, column ?? ""))?.trim();
  const [id, level, kind] = [said(mapping.id), said(mapping.level), said(mapping.kind)];
  // Read as in a problem set: GSM8K's `#### 72`, MATH's box, OlympiadBench's lists.
  const gold = goldOf(atPath(row, mapping.gold ?? "")) ?? null;
  // What can be chosen stands beside the problem, be it in an object of the row.
  const beside = atPath(row, (mapping.problem ?? "").replace(/\.?[^.]*$/, "")) ?? row;
  const text = typeof beside === "object" ? withChoices(asked, fieldsOf(beside), gold ?? "") : asked;
  return {
    ...{ id: id || null, text, gold },
    ...(level && { level: level.replace(/^level\s+/i, "") }),
    ...(kind && { kind }),
  };
}

function sampleOf(value: unknown): number | null {
  const text = scalar(value);
  return text !== undefined && /^\d{1,9}$/.test(text.trim()) ? Number(text) : null;
}

function scoresOf(name: string, value: unknown): ForeignScore[] {
  if (typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)))
    return [{ name, value }];
  if (typeof value !== "string") return [];
  const text = value.trim().toLowerCase();
  if (text === "true" || text === "false") return [{ name, value: text === "true" }];
  return text !== "" && Number.isFinite(Number(text)) ? [{ name, value: Number(text) }] : [];
}

async function* jsonLines(file: string, { signal, progress }: ReadOptions): AsyncGenerator<TableRow> {
  const lines = readJsonLines(file, {
    ...(signal && { signal }),
    onBytes: (read, of) => progress?.(read / of),
  });
  for await (const { number, value, why } of lines) yield { place: `line ${number}`, value, why };
}

async function* jsonArray(file: string, options: ReadOptions): AsyncGenerator<TableRow> {
  for await (const { line, value, why } of readJsonArray(file, options)) {
    const row =
      typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : undefined;
    yield { place: `line ${line}`, value: row, why: why ?? "is not a JSON object" };
  }
}

async function* csv(file: string, { signal, progress }: ReadOptions): AsyncGenerator<TableRow> {
  const delimiter = csvDelimiter(await readStart(file)) ?? ",";
  const rows = readCsvRows(file, { delimiter, ...(signal && { signal }), ...(progress && { progress }) });
  for await (const { line, value, why } of rows) yield { place: `line ${line}`, value, why };
}

async function* parquet(file: string, { signal, progress }: ReadOptions): AsyncGenerator<TableRow> {
  const rows = readParquetRows(file, { ...(signal && { signal }), ...(progress && { progress }) });
  for await (const { index, value } of rows) yield { place: `row ${index + 1}`, value };
}
