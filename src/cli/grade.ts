import { once } from "node:events";
import { createReadStream } from "node:fs";
import { type GraderSettings, readSettings, serveGrader } from "../grading/index.js";
import { ErrataError } from "../protocol/types.js";
import { answer, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";

/**
 * `errata grade FILE.jsonl`: each line with "equal" and "why" added, to standard output or, with --json, as one array.
 * `errata grade --serve`: the same, line by line, until standard input ends.
 * `--tolerance 0.01`, `--readers boxed,hash` and `--units require` choose the grader's settings.
 */
export async function grade(args: readonly string[], context: Context): Promise<void> {
  const serving = args.includes("--serve");
  const { values, words, json } = readArguments(
    args,
    {
      serve: { type: "boolean" },
      tolerance: { type: "string" },
      readers: { type: "string" },
      units: { type: "string" },
    },
    serving ? [] : ["FILE.jsonl"],
  );
  const grader = context.grader(settingsOf(values));
  if (serving) {
    // Ctrl+C must not wait for a line that never comes.
    context.signal.addEventListener("abort", () => process.stdin.destroy());
    await serveGrader(process.stdin, print, grader, context.signal);
    return;
  }
  const [file = ""] = words;
  const input = createReadStream(file, "utf8");
  await once(input, "open").catch((error: unknown) => {
    throw new ErrataError(
      `${file} cannot be read: ${(error as Error).message}.`,
      "Check the path.",
      "no-file",
    );
  });
  const all: unknown[] = [];
  const write = json === undefined ? print : (line: string) => all.push(JSON.parse(line));
  await serveGrader(input, write, grader, context.signal);
  await answer(json, all);
}

/** Of the options `--tolerance`, `--readers` and `--units`. */
export function settingsOf(given: Parameters<typeof readSettings>[0]): GraderSettings {
  try {
    return readSettings(given);
  } catch (error) {
    if (error instanceof ErrataError) throw new UsageError(`${error.message} ${error.hint ?? ""}`.trim());
    throw error;
  }
}

/** Resolves when standard output takes more, so that a slow reader holds the grader back. */
async function print(line: string): Promise<void> {
  if (!process.stdout.write(line)) await once(process.stdout, "drain");
}
