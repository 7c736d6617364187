import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Grader } from "../grading/types.js";
import { ErrataError } from "../protocol/types.js";
import { answer, readArguments } from "./arguments.js";
import type { Context } from "./context.js";

/** Comparisons under way at once: the grading thread works on one, the rest only wait their turn in order. */
const IN_FLIGHT = 64;

/**
 * `errata grade FILE.jsonl`: each line with "equal" and "why" (or a verdict) added, to standard output or, with
 * --json, as one array. `errata grade --serve`: the same, line by line, until standard input ends.
 */
export async function grade(args: readonly string[], context: Context): Promise<void> {
  const serving = args.includes("--serve");
  const { words, json } = readArguments(args, { serve: { type: "boolean" } }, serving ? [] : ["FILE.jsonl"]);
  const grader = context.grader();
  if (serving) {
    await gradeLines(grader, process.stdin, process.stdout, context.signal);
    return;
  }
  const [file = ""] = words;
  const all: unknown[] = [];
  const input = createReadStream(file, "utf8");
  const failed = new Promise<never>((_, reject) => {
    input.once("error", (error) =>
      reject(new ErrataError(`${file} cannot be read: ${error.message}.`, "Check the path.", "no-file")),
    );
  });
  const collect =
    json === undefined ? process.stdout : { write: (line: string) => all.push(JSON.parse(line)) };
  await Promise.race([gradeLines(grader, input, collect, context.signal), failed]);
  await answer(json, all);
}

/**
 * One JSON object a line in, one a line out in the same order, its fields kept. {"gold", "answer"} gets "equal" and
 * "why"; {"gold", "text"}, a whole solution, gets "verdict", "answer" and "why". A line that is neither gets "error".
 */
export async function gradeLines(
  grader: Grader,
  input: Readable,
  output: Pick<Writable, "write"> | { write(line: string): unknown },
  signal: AbortSignal,
): Promise<void> {
  const waiting: Promise<object>[] = [];
  const flush = async () => output.write(`${JSON.stringify(await waiting.shift())}\n`);
  // Answers must not wait for more input: a caller may send one line and wait for its reply.
  let writing = Promise.resolve<unknown>(undefined);
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (signal.aborted) break;
    if (line.trim() === "") continue;
    waiting.push(gradeLine(grader, line));
    writing = writing.then(flush);
    if (waiting.length >= IN_FLIGHT) await writing;
  }
  await writing;
}

async function gradeLine(grader: Grader, line: string): Promise<object> {
  let row: Record<string, unknown>;
  try {
    row = JSON.parse(line) as Record<string, unknown>;
  } catch (error) {
    return { error: `not JSON: ${(error as Error).message}` };
  }
  const { gold, text, answer: given } = row ?? {};
  if (typeof gold !== "string") return { ...row, error: 'no "gold" (a string)' };
  if (typeof text === "string") {
    const { verdict, answer: read, reason } = await grader.grade(text, gold);
    return { ...row, verdict, answer: read, why: reason };
  }
  if (typeof given !== "string") return { ...row, error: 'neither "answer" nor "text" (a string)' };
  return { ...row, ...(await grader.equal(gold, given)) };
}
