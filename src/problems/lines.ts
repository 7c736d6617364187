/** Lines of a file as a stream: memory holds one line, whatever the file's size. */
import { isUtf8 } from "node:buffer";
import { type FileHandle, open } from "node:fs/promises";

export interface Line {
  /** 1-based. */
  number: number;
  /** Without its line end (LF or CRLF) and without a byte-order mark; null when it is not UTF-8 or too long. */
  text: string | null;
  why?: string;
  /** Where it stands in the file: [from, to) in bytes, without LF; absent where the file is not UTF-8. */
  bytes?: [number, number];
}

export interface LineOptions {
  signal?: AbortSignal;
  /** How many of the file's bytes were read, now and then. */
  onBytes?: (read: number, of: number) => void;
}

const NEWLINE = 0x0a;
const CHUNK = 1 << 20;
/** A row this long is none; it would only fill the memory. */
const LONGEST = 16 * 1024 * 1024;

/**
 * Every line, empty ones included. UTF-8, or UTF-16 with a byte-order mark. A file that another program is writing is
 * read as far as it went when it was opened; that there is more (or that it became shorter) comes as a last line with
 * `why`. Rejects as `fs` does when the file cannot be read, and with the signal's reason.
 */
export async function* readLines(file: string, options: LineOptions = {}): AsyncGenerator<Line> {
  const handle = await open(file);
  try {
    yield* linesOf(handle, options);
  } finally {
    await handle.close();
  }
}

async function* linesOf(handle: FileHandle, { signal, onBytes }: LineOptions): AsyncGenerator<Line> {
  let pieces: Buffer[] = [];
  let size = 0;
  let number = 0;
  let begin = 0;
  const take = (): Line => {
    const bytes = pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
    const overlong = size > LONGEST;
    const length = size;
    pieces = [];
    size = 0;
    number++;
    const from = begin;
    begin += length + 1;
    const line = overlong
      ? { number, text: null, why: `is longer than ${LONGEST / 1024 / 1024} MB` }
      : decoded(number, bytes);
    return recode ? line : { ...line, bytes: [from, from + length] };
  };
  const keep = (piece: Buffer) => {
    size += piece.length;
    if (size <= LONGEST) pieces.push(piece);
    else pieces = [];
  };
  const { size: total } = await handle.stat();
  let recode: ((chunk: Buffer) => Buffer) | undefined;
  let at = 0;
  while (at < total) {
    signal?.throwIfAborted();
    const room = Buffer.allocUnsafe(Math.min(CHUNK, total - at));
    const { bytesRead } = await handle.read(room, 0, room.length, at);
    if (bytesRead === 0) break;
    let chunk: Buffer = room.subarray(0, bytesRead);
    if (at === 0) recode = utf16(chunk);
    at += bytesRead;
    if (recode) chunk = recode(chunk);
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      from = end + 1;
      yield take();
    }
    keep(chunk.subarray(from));
    onBytes?.(at, total);
  }
  const now = (await handle.stat()).size;
  if (at < total || now < total) {
    yield { number: number + 1, text: null, why: "is missing: the file became shorter while it was read" };
  } else if (now > total) {
    // What stands after the last line end may be half a row.
    yield {
      number: number + 1,
      text: null,
      why: "was still being written; once it is, import the file again",
    };
  } else if (size > 0) yield take();
}

function decoded(number: number, bytes: Buffer): Line {
  if (!isUtf8(bytes)) return { number, text: null, why: "is not UTF-8" };
  const text = bytes.toString("utf8").replace(/\r$/, "");
  return { number, text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text };
}

/** From UTF-16 to UTF-8, chunk by chunk, where a file begins with its byte-order mark. */
function utf16(start: Buffer): ((chunk: Buffer) => Buffer) | undefined {
  const order =
    start[0] === 0xff && start[1] === 0xfe ? "le" : start[0] === 0xfe && start[1] === 0xff ? "be" : null;
  if (order === null) return undefined;
  const decoder = new TextDecoder(`utf-16${order}`);
  return (chunk) => Buffer.from(decoder.decode(chunk, { stream: true }));
}
