/** Reads a problem set: JSON lines, one problem a line. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { ErrataError, type Problem } from "../protocol/types.js";
import { derivedId, EXAMPLE_LINE, toProblem } from "./fields.js";
import { readLines } from "./lines.js";

export interface ProblemIssue {
  /** 1-based. */
  line: number;
  /** Goes on from "line 3 …". */
  message: string;
}

export interface ProblemSet {
  /** In the file's order; ids are unique. */
  problems: Problem[];
  issues: ProblemIssue[];
}

/**
 * Lines that cannot be used are reported and the rest loads. A problem without an id gets one from its text; an id
 * used twice is reported, and the second problem, when it is another one, loads under an id of its own.
 *
 * Rejects with an ErrataError: "no-file", "encoding", "json-array", or "empty-set" when no line holds a problem.
 */
export async function readProblemSet(file: string): Promise<ProblemSet> {
  await refuseOtherFormats(file);
  const problems: Problem[] = [];
  const issues: ProblemIssue[] = [];
  const seen = new Map<string, { line: number; problem: Problem }>();
  for await (const { number: line, text, why } of readLines(file)) {
    if (text === null) {
      issues.push({ line, message: why ?? "cannot be read" });
      continue;
    }
    if (text.trim() === "") continue;
    const read = parse(text);
    if (typeof read === "string") {
      issues.push({ line, message: read });
      continue;
    }
    const earlier = seen.get(read.id);
    if (earlier) {
      const same = earlier.problem.problem === read.problem && earlier.problem.gold === read.gold;
      const id = `${read.id}-${derivedId(`${read.problem}\n${read.gold}`).slice(2, 8)}`;
      const again = `has the id "${read.id}" of line ${earlier.line}`;
      if (same || seen.has(id)) {
        issues.push({ line, message: `${again} and the same content; it was left out` });
        continue;
      }
      issues.push({ line, message: `${again} with another content; it was loaded as "${id}"` });
      read.id = id;
    }
    seen.set(read.id, { line, problem: read });
    problems.push(read);
  }
  if (problems.length === 0) {
    const found = issues.length > 0 ? `\n${describeIssues(file, issues)}` : "";
    throw new ErrataError(
      `No problem was found in ${file}.${found}`,
      `Each line should be one problem, such as ${EXAMPLE_LINE}`,
      "empty-set",
    );
  }
  return { problems, issues };
}

/** For people: the first few issues by file and line, and how many more there are. Empty without issues. */
export function describeIssues(file: string, issues: readonly ProblemIssue[], most = 5): string {
  const lines = issues.slice(0, most).map(({ line, message }) => `${basename(file)}:${line} ${message}`);
  if (issues.length > most) lines.push(`… and ${issues.length - most} more lines`);
  return lines.join("\n");
}

function parse(text: string): Problem | string {
  try {
    return toProblem(JSON.parse(text));
  } catch (error) {
    return `is not JSON (${error instanceof Error ? error.message.slice(0, 120) : "unreadable"})`;
  }
}

/** Files that would only give an error on every line get one message that says what to do. */
async function refuseOtherFormats(file: string): Promise<void> {
  let start: Buffer;
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
      start = buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `cannot be read (${code})`;
    throw new ErrataError(
      `The problem set ${file} ${why}.`,
      "Choose a JSON lines file (*.jsonl).",
      "no-file",
    );
  }
  if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff)) {
    throw new ErrataError(`${file} is UTF-16.`, "Save it as UTF-8 and try again.", "encoding");
  }
  if (/^\uFEFF?\s*\[/.test(start.toString("utf8"))) {
    throw new ErrataError(
      `${file} is one JSON array; a problem set has one JSON object on each line.`,
      `Convert it, for example with: jq -c '.[]' "${basename(file)}" > problems.jsonl`,
      "json-array",
    );
  }
}
