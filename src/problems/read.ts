/** Reads a problem set: one problem a line, or a row of a table. */
import { basename } from "node:path";
import { ErrataError, type Problem } from "../protocol/types.js";
import { derivedId, EXAMPLE_LINE, toProblem } from "./fields.js";
import { openRows, type SetRow } from "./rows.js";

export interface ProblemIssue {
  /** 1-based: a line, or a row where `unit` says so. */
  line: number;
  unit?: "row";
  /** Goes on from "line 3 …". */
  message: string;
}

export interface ProblemSet {
  /** In the file's order; ids are unique. */
  problems: Problem[];
  issues: ProblemIssue[];
}

/**
 * JSON lines, a JSON document, CSV or Parquet, told apart by their content. Lines that cannot be used are reported and the
 * rest loads. A problem without an id gets one from its text; an id used twice is reported, and the second problem, when
 * it is another one, loads under an id of its own.
 *
 * Rejects with an ErrataError: "no-file", "encoding", "bad-file" (a table that is damaged, and where), or "empty-set"
 * when no line holds a problem.
 */
export async function readProblemSet(file: string): Promise<ProblemSet> {
  const { unit, rows } = await openRows(file);
  const problems: Problem[] = [];
  const issues: ProblemIssue[] = [];
  const seen = new Map<string, { line: number; problem: Problem }>();
  const tell = (line: number, message: string): void => {
    issues.push({ line, ...(unit === "row" && { unit }), message });
  };
  for await (const { line, value, why } of whole(rows)) {
    const read = why ?? toProblem(value);
    if (typeof read === "string") {
      tell(line, read);
      continue;
    }
    const earlier = seen.get(read.id);
    if (earlier) {
      const same = earlier.problem.problem === read.problem && earlier.problem.gold === read.gold;
      const id = `${read.id}-${derivedId(`${read.problem}\n${read.gold}`).slice(2, 8)}`;
      const again = `has the id "${read.id}" of ${unit} ${earlier.line}`;
      if (same || seen.has(id)) {
        tell(line, `${again} and the same content; it was left out`);
        continue;
      }
      tell(line, `${again} with another content; it was loaded as "${id}"`);
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

/** A table that is damaged half-way is no problem set: half of one would be taken for all of it. */
async function* whole(rows: AsyncIterable<SetRow>): AsyncGenerator<SetRow> {
  try {
    yield* rows;
  } catch (error) {
    if (!(error instanceof ErrataError)) throw error;
    throw new ErrataError(error.message, "Mend it there, or make the file again.", "bad-file");
  }
}

/**
 * For people: what is wrong and where, the same thing once with how many lines have it, the first few things and how many
 * lines more there are. Empty without issues.
 */
export function describeIssues(file: string, issues: readonly ProblemIssue[], most = 5): string {
  const kinds = new Map<string, ProblemIssue[]>();
  for (const issue of issues) {
    const like = kinds.get(issue.message);
    if (like) like.push(issue);
    else kinds.set(issue.message, [issue]);
  }
  const lines = [...kinds.values()].slice(0, most).map((like) => {
    const [{ line, unit, message } = { line: 0, message: "" }] = like;
    const more = like.length > 1 ? ` (and ${like.length - 1} more like it)` : "";
    return `${basename(file)}${unit ? ` ${unit} ` : ":"}${line} ${message}${more}`;
  });
  const rest = [...kinds.values()].slice(most).reduce((sum, like) => sum + like.length, 0);
  if (rest > 0) lines.push(`… and ${rest} more lines`);
  return lines.join("\n");
}
