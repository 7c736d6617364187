import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { ErrataError } from "../protocol/types.js";

export interface ParquetRow {
  /** 0-based, in the file. */
  index: number;
  /** Structs are objects and lists arrays; integers are numbers, dates ISO text, bytes text. */
  value: Record<string, unknown>;
}

export interface ParquetOptions {
  /** Only these top-level columns; default all. */
  columns?: string[];
  signal?: AbortSignal;
  /** How much of the file was read, 0..1. */
  progress?: (share: number) => void;
}

/** Unpacked bytes that are read at once, roughly: slices of a larger row group. */
const SLICE = 32 << 20;
/** Packed bytes of one column within one row group: they are held while it is read. */
const LARGEST = 256 << 20;

/** The names of a file's top-level columns, and how many rows it has. Rejects with "bad-import". */
export async function parquetColumns(file: string): Promise<{ columns: string[]; rows: number }> {
  return withFile(file, async (_, metadata) => ({
    columns: topLevel(metadata),
    rows: Number(metadata.num_rows),
  }));
}

/**
 * Rows of a Parquet file in its order; memory holds a slice of one row group. Rejects with "bad-import" (naming the
 * first row that is lost) where the file is cut off or damaged, after the rows before.
 */
export async function* readParquetRows(
  file: string,
  { columns, signal, progress }: ParquetOptions = {},
): AsyncGenerator<ParquetRow> {
  const handle = await open(file);
  try {
    const buffer = await asyncBuffer(handle);
    const metadata = await metadataOf(file, buffer);
    const wanted = columns?.filter((name) => topLevel(metadata).includes(name));
    const total = Number(metadata.num_rows);
    for (const [rowStart, rowEnd] of slices(file, metadata, wanted)) {
      signal?.throwIfAborted();
      let rows: Record<string, unknown>[];
      try {
        rows = await parquetReadObjects({
          ...{ file: buffer, metadata, compressors, rowStart, rowEnd, useOffsetIndex: true },
          ...(wanted && { columns: wanted }),
        });
      } catch (error) {
        throw bad(file, `cannot be read from row ${rowStart + 1} on (${told(error)})`);
      }
      for (const [i, row] of rows.entries())
        yield { index: rowStart + i, value: plain(row) as ParquetRow["value"] };
      progress?.(total === 0 ? 1 : rowEnd / total);
    }
  } finally {
    await handle.close();
  }
}

async function withFile<T>(
  file: string,
  work: (buffer: AsyncBuffer, metadata: FileMetaData) => Promise<T>,
): Promise<T> {
  const handle = await open(file);
  try {
    const buffer = await asyncBuffer(handle);
    return await work(buffer, await metadataOf(file, buffer));
  } finally {
    await handle.close();
  }
}

/** Rows that are read at once: [from, to), each within one row group. */
function slices(file: string, metadata: FileMetaData, columns: string[] | undefined): [number, number][] {
  const found: [number, number][] = [];
  let from = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    let bytes = 0;
    for (const { meta_data: column } of group.columns) {
      if (!column || (columns && !columns.includes(column.path_in_schema[0] ?? ""))) continue;
      bytes += Number(column.total_uncompressed_size);
      if (Number(column.total_compressed_size) > LARGEST) {
        throw bad(
          file,
          `has a row group (rows ${from + 1} to ${from + rows}) of more than ${LARGEST >> 20} MB in one column, too much to read`,
          "Write it again with smaller row groups, for example with row_group_size=10000.",
        );
      }
    }
    const parts = Math.max(1, Math.min(rows, Math.ceil(bytes / SLICE)));
    const step = Math.max(1, Math.ceil(rows / parts));
    for (let at = 0; at < rows; at += step) found.push([from + at, from + Math.min(rows, at + step)]);
    from += rows;
  }
  return found;
}

async function asyncBuffer(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const length = Math.max(0, Math.min(end, size) - start);
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, start + done);
        if (bytesRead === 0) throw new Error("the file became shorter while it was read");
        done += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

async function metadataOf(file: string, buffer: AsyncBuffer): Promise<FileMetaData> {
  try {
    return await parquetMetadataAsync(buffer);
  } catch (error) {
    throw bad(file, `is a Parquet file without its end: it was cut off or is damaged (${told(error)})`);
  }
}

function topLevel(metadata: FileMetaData): string[] {
  const names = new Set<string>();
  for (const { columns } of metadata.row_groups) {
    for (const { meta_data: column } of columns) names.add(column?.path_in_schema[0] ?? "");
  }
  return [...names].filter((name) => name !== "");
}

/** What JSON has for it: integers of 64 bits as numbers, dates as ISO text, bytes as text. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number | bigint>, plain);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

const told = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 160);

function bad(file: string, what: string, hint?: string): ErrataError {
  return new ErrataError(
    `${basename(file)} ${what}.`,
    hint ?? "Copy or write it again. What came before may be imported; a whole file goes on from there.",
    "bad-import",
  );
}
