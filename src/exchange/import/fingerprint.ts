import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { KnownSource, SourceMark } from "../../pool/sources.js";
import { START } from "./start.js";
import type { FileStart } from "./types.js";

/** What else makes two imports of one file different sources. */
export interface Apart {
  format: string;
  /** Columns that say what an attempt is; "" where the format says it. */
  mapping: string;
  run: string;
}

export interface Identity {
  fingerprint: string;
  /** By what it is known again when it has grown; none of a file that does not grow at its end. */
  marks: SourceMark[];
}

/** Ends of a file, at its imports, that are remembered. */
const ENDS = 100;
/** So many equal bytes are not those of two runs. */
const CHANGED = 1 << 20;

/**
 * By what a file is known again under another name, and when it has grown. A file of lines: the source whose marks it
 * has, else its first complete lines, up to 64 KiB, and how many bytes they are. Any other: its size, its first and its
 * last 64 KiB.
 *
 * @param known sources of this format that the pool has
 */
export async function identityOf(
  file: string,
  start: FileStart,
  apart: Apart,
  known: readonly KnownSource[],
): Promise<Identity> {
  const head = `${apart.format}:${short([apart.mapping, apart.run])}`;
  const bytes = Buffer.from(start.bytes);
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    if (!isLines(bytes))
      return { fingerprint: `${head}:whole:${await ends(handle, bytes, size)}`, marks: [] };
    const own = known.filter(({ fingerprint }) => fingerprint.startsWith(`${head}:`));
    const source = await sourceOf(handle, bytes, size, own);
    const marks = await marksOf(handle, size, source?.marks ?? []);
    if (source) return { fingerprint: source.fingerprint, marks };
    const complete = bytes.lastIndexOf(0x0a) + 1;
    // Little more than a short first line says nothing of the long one behind it.
    const length = complete * 2 >= bytes.length ? complete : bytes.length;
    const fingerprint = `${head}:${length}:${hash(bytes.subarray(0, length))}`;
    const taken = own.some((other) => other.fingerprint === fingerprint);
    return { fingerprint: taken ? `${head}:marks:${hash(JSON.stringify(marks))}` : fingerprint, marks };
  } finally {
    await handle.close();
  }
}

/** The source that this file is, with the marks that still hold of it; of several the one that it shares most with. */
async function sourceOf(
  handle: FileHandle,
  bytes: Buffer,
  size: number,
  known: readonly KnownSource[],
): Promise<KnownSource | undefined> {
  let found: (KnownSource & { shared: number }) | undefined;
  for (const { fingerprint, marks } of known) {
    const { shared, kept } =
      marks.length > 0
        ? await sharedMarks(handle, size, marks)
        : { shared: sharedStart(bytes, fingerprint), kept: [] };
    if (shared > (found?.shared ?? 0)) found = { fingerprint, marks: kept, shared };
  }
  return found;
}

/**
 * How many bytes are those of the source, by its marks; 0: it is another file. One that is shorter than the source was
 * is an older copy of it where it ends as the source once did, or where it is long enough not to share its beginning
 * alone. One that differs has been changed, where it is long and more of it is the same than not.
 */
async function sharedMarks(
  handle: FileHandle,
  size: number,
  marks: readonly SourceMark[],
): Promise<{ shared: number; kept: readonly SourceMark[] }> {
  const within = marks.filter(({ end }) => end <= size);
  const last = marks.at(-1)?.end ?? 0;
  let shared = 0;
  for (const { end, hash: before } of within) {
    if ((await markAt(handle, end)).hash !== before) break;
    shared = end;
  }
  const whole = shared === within.at(-1)?.end;
  const same = whole
    ? size >= last || shared === size || shared >= START
    : shared >= CHANGED && shared * 2 >= Math.min(size, last);
  return { shared: same ? shared : 0, kept: whole ? marks : marks.filter(({ end }) => end <= shared) };
}

/** The same of a source that was imported before there were marks: by the lines that made its fingerprint. */
function sharedStart(bytes: Buffer, fingerprint: string): number {
  const match = /:(\d+):([0-9a-f]+)$/.exec(fingerprint);
  const length = Number(match?.[1]);
  if (!match || length > bytes.length) return 0;
  return hash(bytes.subarray(0, length)) === match[2] ? length : 0;
}

/** At 64 KiB, at every doubling of it, and where the file ends now; where it ended before stays. */
async function marksOf(
  handle: FileHandle,
  size: number,
  before: readonly SourceMark[],
): Promise<SourceMark[]> {
  const marks = new Map(before.map((mark) => [mark.end, mark]));
  for (let end = START; end < size; end *= 2) if (!marks.has(end)) marks.set(end, await markAt(handle, end));
  if (size > 0 && !marks.has(size)) marks.set(size, await markAt(handle, size));
  const all = [...marks.values()].sort((a, b) => a.end - b.end);
  const doublings = all.filter(({ end }) => Number.isInteger(Math.log2(end / START)) && end >= START);
  const kept = new Set([...doublings, ...all.slice(-ENDS)]);
  return all.filter((mark) => kept.has(mark));
}

/** The last 64 KiB before `end`. */
async function markAt(handle: FileHandle, end: number): Promise<SourceMark> {
  const from = Math.max(0, end - START);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - from), 0, end - from, from);
  return { end, hash: hash(buffer.subarray(0, bytesRead)) };
}

/** Neither Parquet nor zip nor one JSON document: what is added comes at the end. */
function isLines(bytes: Buffer): boolean {
  const magic = bytes.toString("latin1", 0, 4);
  if (magic === "PAR1" || magic.startsWith("PK")) return false;
  // An object of one line is a row; a line that is no more than an opening brace is not.
  return !/^\ufeff?\s*(\[|\{\s*[\r\n])/.test(bytes.toString("utf8", 0, 256));
}

async function ends(handle: FileHandle, first: Buffer, size: number): Promise<string> {
  const from = Math.max(0, size - START);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(START), 0, START, from);
  const last = buffer.subarray(0, bytesRead);
  return createHash("sha256").update(String(size)).update(first).update(last).digest("hex").slice(0, 32);
}

const hash = (bytes: Buffer | string): string =>
  createHash("sha256").update(bytes).digest("hex").slice(0, 32);
const short = (parts: string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
