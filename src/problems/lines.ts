/** Lines of a file as a stream: memory holds one line, whatever the file's size. */
import { createReadStream } from "node:fs";

export interface Line {
  /** 1-based. */
  number: number;
  /** Without its line end (LF or CRLF) and without a byte-order mark; null when it is not UTF-8 or too long. */
  text: string | null;
  why?: string;
}

const NEWLINE = 0x0a;
/** A problem this long is no problem; it would only fill the memory. */
const LONGEST = 16 * 1024 * 1024;

/** Every line, empty ones included. Rejects as `fs` does when the file cannot be read. */
export async function* readLines(file: string): AsyncGenerator<Line> {
  // Strict, so that a damaged line is told apart from one that holds a replacement character.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let pieces: Buffer[] = [];
  let size = 0;
  let number = 0;
  const take = (): Line => {
    const bytes = Buffer.concat(pieces);
    const overlong = size > LONGEST;
    pieces = [];
    size = 0;
    number++;
    if (overlong) return { number, text: null, why: `is longer than ${LONGEST / 1024 / 1024} MB` };
    try {
      return { number, text: decoder.decode(bytes).replace(/\r$/, "") };
    } catch {
      return { number, text: null, why: "is not UTF-8" };
    }
  };
  const keep = (piece: Buffer) => {
    size += piece.length;
    if (size <= LONGEST) pieces.push(piece);
  };
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, at));
      from = at + 1;
      yield take();
    }
    keep(chunk.subarray(from));
  }
  if (size > 0) yield take();
}
