import { type LineOptions, readLines } from "./lines.js";

/** One line of a JSON-lines file: an object, or why it is none. */
export type JsonLine =
  | { number: number; value: Record<string, unknown>; why?: undefined }
  /** `why` goes on from "line 3 …". */
  | { number: number; value?: undefined; why: string };

/**
 * The objects of a JSON-lines file in its order; empty lines are passed over. Memory holds one line (at most 16 MB: a
 * longer one is told). UTF-8 or UTF-16 with a byte-order mark. The bare `NaN` and `Infinity` that Python writes are null.
 */
export async function* readJsonLines(file: string, options: LineOptions = {}): AsyncGenerator<JsonLine> {
  for await (const { number, text, why } of readLines(file, options)) {
    if (text === null) yield { number, why: why ?? "cannot be read" };
    else if (text.trim() !== "") yield parsed(number, text);
  }
}

function parsed(number: number, text: string): JsonLine {
  const value = parseJson(text);
  if (value instanceof SyntaxError) return { number, why: `is not JSON (${value.message.slice(0, 120)})` };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { number, why: "is not a JSON object" };
  }
  return { number, value: value as Record<string, unknown> };
}

/** As `JSON.parse`; the error is returned. Bare `NaN` and `Infinity`, which Python writes, are null. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (/NaN|Infinity/.test(text)) {
      try {
        return JSON.parse(withoutBare(text));
      } catch {
        // The first error names the place in the text as it is.
      }
    }
    return error instanceof SyntaxError ? error : new SyntaxError("unreadable");
  }
}

/** Between its strings alone; step by step, for one expression over a string of megabytes overflows the stack. */
function withoutBare(text: string): string {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const gap = text.slice(at, quote < 0 ? text.length : quote);
    pieces.push(gap.replace(/-?\b(?:NaN|Infinity)\b/g, "null"));
    if (quote < 0) break;
    at = endOfString(text, quote);
    pieces.push(text.slice(quote, at));
  }
  return pieces.join("");
}

/** Past the closing quote: the first one that no odd run of backslashes stands before. */
function endOfString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = end;
    while (text[slashes - 1] === "\\") slashes--;
    if ((end - slashes) % 2 === 0) return end + 1;
  }
  return text.length;
}
