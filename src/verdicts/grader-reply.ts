import type { Opinion } from "../protocol/verdicts.js";

/** A row of the grader's input. */
export interface GraderRow {
  id: number;
  gold: string;
  text: string;
  /** What our grader read out of the text; null where it found nothing. */
  answer: string | null;
}

/** What a grader says of one row. */
export type Said = Pick<Opinion, "verdict" | "answer" | "span" | "reason">;

const LONGEST_ANSWER = 10_000;
const LONGEST_REASON = 2000;

/**
 * A line of a grader's output as what it says of a row, or how it is no such line, in words that follow its name.
 * @param rowOf the row of an id; of none, the one whose turn it is
 */
export function readReply(
  line: string,
  rowOf: (id?: number) => GraderRow | undefined,
): { id: number; said: Said } | string {
  const shown = JSON.stringify(line.length > 200 ? `${line.slice(0, 200)}…` : line);
  const reply = parse(line);
  if (!reply) return `wrote a line that is no JSON object: ${shown}.`;
  const id = reply.id === undefined || reply.id === null ? undefined : Number(reply.id);
  const row = rowOf(id);
  if (!row) return `answers a row that it was not asked about: ${shown}.`;
  const verdict = verdictOf(reply);
  if (verdict === undefined) {
    return `wrote a line without "verdict" ("correct", "incorrect" or "unscored") or "equal" (true, false or null): ${shown}.`;
  }
  const { answer, reason, why, error } = reply;
  return {
    id: row.id,
    said: {
      verdict,
      answer:
        typeof answer === "string" || typeof answer === "number"
          ? String(answer).slice(0, LONGEST_ANSWER)
          : null,
      span: spanOf(reply.span, row.text),
      reason: (
        [reason, why, error].find((word): word is string => typeof word === "string" && word !== "") ?? ""
      ).slice(0, LONGEST_REASON),
    },
  };
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line.replace(/^\uFEFF/, ""));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** A row that the grader calls an error is one that it could not score. */
function verdictOf({ verdict, equal, error }: Record<string, unknown>): Said["verdict"] | undefined {
  if (verdict === "correct" || verdict === "incorrect" || verdict === "unscored") return verdict;
  if (verdict !== undefined && verdict !== null) return undefined;
  if (equal === true) return "correct";
  if (equal === false) return "incorrect";
  return equal === null || typeof error === "string" ? "unscored" : undefined;
}

/** A span that does not lie within the text is none. */
function spanOf(span: unknown, text: string): [number, number] | null {
  if (!Array.isArray(span) || span.length !== 2) return null;
  const [start, end] = span as unknown[];
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) return null;
  const [from, to] = [start as number, end as number];
  return from >= 0 && from <= to && to <= text.length ? [from, to] : null;
}
