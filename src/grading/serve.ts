/** `errata grade`: JSON lines in, the same lines with a verdict out. */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Equality, Grader } from "./types.js";

/** Comparisons under way at once: the grading thread works on one, the rest only wait their turn in order. */
const IN_FLIGHT = 64;

/** What a reply adds to its line, or `error` alone. */
export interface Reply extends Partial<Equality> {
  verdict?: "correct" | "incorrect" | "unscored";
  answer?: string | null;
  /** UTF-16 offsets in `text`. */
  span?: [number, number] | null;
  error?: string;
}

/**
 * One JSON object a line in, one a line out in the same order, its own fields kept. {"gold", "answer"} compares an
 * answer, {"gold", "text"} reads it out of a solution first; both get `equal`, `why` and `verdict`, the second also
 * `answer` and `span`. A line that is neither gets `error`: nothing ends the service but the end of its input (or
 * `signal`). A reply is written as soon as it and all before it are there; `write` may return a promise to hold the
 * reading back.
 */
export async function serveGrader(
  input: Readable,
  write: (line: string) => unknown,
  grader: Grader,
  signal?: AbortSignal,
): Promise<void> {
  let writing: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (signal?.aborted) break;
    if (line.trim() === "") continue;
    const reply = replyTo(line, grader);
    waiting++;
    writing = writing.then(async () => {
      await write(`${JSON.stringify(await reply)}\n`);
      waiting--;
    });
    if (waiting >= IN_FLIGHT) await writing;
  }
  await writing;
}

async function replyTo(line: string, grader: Grader): Promise<Reply> {
  let row: unknown;
  try {
    row = JSON.parse(line.replace(/^\uFEFF/, ""));
  } catch (error) {
    return { error: `not JSON: ${error instanceof Error ? error.message.slice(0, 120) : "unreadable"}` };
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) return { error: "not a JSON object" };
  const { gold, text, answer } = row as Record<string, unknown>;
  if (typeof gold !== "string") return { ...row, error: 'no "gold" (a string)' };
  if (typeof text === "string") {
    const { verdict, answer: read, span, reason } = await grader.grade(text, gold);
    const equal = verdict === "unscored" ? null : verdict === "correct";
    return { ...row, equal, why: reason, verdict, answer: read, span };
  }
  if (typeof answer !== "string") return { ...row, error: 'neither "answer" nor "text" (a string)' };
  const { equal, why } = await grader.equal(gold, answer);
  return { ...row, equal, why, verdict: equal === null ? "unscored" : equal ? "correct" : "incorrect" };
}
