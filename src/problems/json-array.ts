import { open } from "node:fs/promises";
import { basename } from "node:path";
import { ErrataError } from "../protocol/types.js";
import { parseJson } from "./json-lines.js";

export interface JsonElement {
  /** 1-based line at which it begins. */
  line: number;
  value?: unknown;
  /** Goes on from "line 3 …". */
  why?: string;
}

export interface JsonArrayOptions {
  signal?: AbortSignal | undefined;
  progress?: ((share: number) => void) | undefined;
}

const CHUNK = 1 << 20;
const LONGEST = 16 << 20;
const [QUOTE, BACKSLASH, COMMA, NEWLINE] = [0x22, 0x5c, 0x2c, 0x0a];
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);

/**
 * The elements of a file that is one JSON array, one after another; memory holds one element (at most 16 MB: a longer
 * one is told). UTF-8. Rejects with "bad-import" (file and line) where the array does not end, after the elements before.
 */
export async function* readJsonArray(
  file: string,
  { signal, progress }: JsonArrayOptions = {},
): AsyncGenerator<JsonElement> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    let [depth, inText, escaped, line, began] = [0, false, false, 1, 1];
    let pieces: Buffer[] = [];
    let held = 0;
    const keep = (piece: Buffer): void => {
      held += piece.length;
      if (held <= LONGEST) pieces.push(piece);
      else pieces = [];
    };
    const take = (): JsonElement | undefined => {
      const text = Buffer.concat(pieces).toString("utf8").trim();
      const long = held > LONGEST;
      pieces = [];
      held = 0;
      if (long) return { line: began, why: `is longer than ${LONGEST >> 20} MB` };
      if (text === "") return undefined;
      const value = parseJson(text);
      return value instanceof SyntaxError
        ? { line: began, why: `is not JSON (${value.message.slice(0, 120)})` }
        : { line: began, value };
    };
    for (let at = 0; at < size; ) {
      signal?.throwIfAborted();
      const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, at);
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      at += bytesRead;
      let from = 0;
      for (let i = 0; i < bytesRead; i++) {
        const byte = chunk[i] ?? 0;
        if (byte === NEWLINE) line++;
        if (inText) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inText = false;
          continue;
        }
        if (byte === QUOTE) inText = true;
        else if (OPENING.has(byte)) {
          if (depth === 0) from = i + 1;
          else if (depth === 1) began = line;
          depth++;
        } else if (depth === 1 && (byte === COMMA || CLOSING.has(byte))) {
          keep(chunk.subarray(from, i));
          from = i + 1;
          const element = take();
          if (element) yield element;
          if (byte !== COMMA) return;
        } else if (CLOSING.has(byte)) depth--;
      }
      if (depth > 0) keep(chunk.subarray(from));
      progress?.(at / size);
    }
    throw new ErrataError(
      `${basename(file)}:${line} is the last line, and the JSON array does not end there: the file was cut off.`,
      "Copy or write it again. What came before may be imported; a whole file goes on from there.",
      "bad-import",
    );
  } finally {
    await handle.close();
  }
}
