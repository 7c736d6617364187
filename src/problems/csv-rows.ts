import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline, Readable } from "node:stream";
import { type CsvError, parse } from "csv-parse";
import { ErrataError } from "../protocol/types.js";

export interface CsvRow {
  /** 1-based line of the file at which the row ends: a quoted field may hold line ends. */
  line: number;
  /** By the names of the first line; undefined where `why` says what is wrong. */
  value?: Record<string, string>;
  why?: string;
}

export interface CsvOptions {
  /** "," where absent. */
  delimiter?: string;
  signal?: AbortSignal;
  progress?: (share: number) => void;
}

/** A row longer than this is a quote that never closes. */
const LONGEST = 16 << 20;

/** The delimiter that the first line of a table speaks for; undefined where it is no table. */
export function csvDelimiter({ text }: { text: string }): string | undefined {
  const [first = ""] = text.split(/\r?\n/, 1);
  const counts = [",", "\t", ";"].map((mark) => [mark, first.split(mark).length - 1] as const);
  const [mark, count] = counts.reduce((best, one) => (one[1] > best[1] ? one : best));
  return count > 0 && !/^\s*[[{]/.test(first) ? mark : undefined;
}

/**
 * Rows of a table with a first line of names, in the order of the file; memory holds one row. A row with too many or
 * too few fields comes with `why`. Rejects with "bad-import" (file and line) at a quote that never closes and at bytes
 * that are no text, after the rows before.
 */
export async function* readCsvRows(
  file: string,
  { delimiter = ",", signal, progress }: CsvOptions = {},
): AsyncGenerator<CsvRow> {
  const { size, skip, recode } = await startOf(file);
  if (size <= skip) return;
  // As far as the file goes now: another program may be writing it.
  const bytes = createReadStream(file, { start: skip, end: size - 1, signal });
  const source = recode ? Readable.from(recoded(bytes, recode)) : bytes;
  const parser = parse({
    // As bytes, so that a field that is no UTF-8 is told apart from one that holds a replacement character.
    ...{ delimiter, encoding: "latin1" as const, info: true, relax_column_count: true },
    // So that what is wrong does not take rows with it that wait to be handed over.
    ...{ skip_empty_lines: true, max_record_size: LONGEST, skip_records_with_error: true },
  });
  let wrong: CsvError | undefined;
  parser.on("skip", (error: CsvError) => {
    wrong ??= error;
  });
  pipeline(source, parser, () => undefined);
  let names: string[] | undefined;
  let line = 0;
  let before: CsvRow | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number; bytes: number };
    }>) {
      // After it, what is a row is anybody's guess.
      if (wrong && info.lines > Number(wrong.lines)) break;
      const fields = record.map(decoded);
      line = info.lines;
      if (!names) {
        names = fields.map((name) => name?.trim() ?? "");
        continue;
      }
      progress?.(Math.min(1, info.bytes / size));
      if (before) yield before;
      before = rowOf(line, names, fields);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  const now = (await stat(file)).size;
  // What stands after the last line end may be half a row.
  if (now > size) before = { line, why: "was still being written; once it is, import the file again" };
  if (before) yield before;
  if (wrong) {
    throw new ErrataError(
      `${basename(file)}:${line + 1} cannot be read as a table (${wrong.message.slice(0, 160)}).`,
      "Mend that line, or export the table again. What came before may be imported; a mended file goes on from there.",
      "bad-import",
    );
  }
}

function rowOf(line: number, names: readonly string[], fields: readonly (string | null)[]): CsvRow {
  if (fields.length !== names.length) {
    return { line, why: `has ${fields.length} fields where the first line names ${names.length}` };
  }
  if (fields.includes(null)) return { line, why: "is not UTF-8" };
  return { line, value: Object.fromEntries(names.map((name, i) => [name, fields[i] ?? ""])) };
}

/** null: no UTF-8. */
function decoded(field: string): string | null {
  const bytes = Buffer.from(field, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : null;
}

async function* recoded(bytes: AsyncIterable<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of bytes) yield Buffer.from(decoder.decode(chunk, { stream: true }));
}

/** By the byte-order mark, which is passed over. */
async function startOf(file: string): Promise<{ size: number; skip: number; recode?: string }> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { buffer } = await handle.read(Buffer.alloc(3), 0, 3, 0);
    const mark = buffer.toString("hex");
    if (mark.startsWith("fffe")) return { size, skip: 2, recode: "utf-16le" };
    if (mark.startsWith("feff")) return { size, skip: 2, recode: "utf-16be" };
    return { size, skip: mark === "efbbbf" ? 3 : 0 };
  } finally {
    await handle.close();
  }
}
