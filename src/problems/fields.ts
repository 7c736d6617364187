/** From the field names that data sets use to ours. */
import { createHash } from "node:crypto";
import type { Problem } from "../protocol/types.js";
import { findBoxes } from "./boxed.js";

/** Names in order of preference, compared without regard to case. */
const NAMES = {
  problem: ["problem", "question", "problem_text", "prompt", "query", "input"],
  gold: ["answer", "gold", "final_answer", "expected_answer", "ground_truth", "gold_answer", "target"],
  solution: ["solution", "reference_solution", "full_solution"],
  id: ["id", "unique_id", "problem_id", "question_id", "uid", "task_id", "idx", "index"],
  level: ["level", "difficulty"],
  kind: ["kind", "category"],
  topic: ["topic", "type", "subject", "subfield", "domain"],
} as const;

/** What a line of a problem set looks like, for messages. */
export const EXAMPLE_LINE = '{"id": "p1", "problem": "Solve for $x$: $2x+1=7$", "answer": "3"}';

/** A problem, or one sentence about what its line lacks. */
export function toProblem(value: unknown): Problem | string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return "is not a JSON object";
  }
  const fields = new Map(
    Object.entries(value).map(([name, field]) => [name.toLowerCase(), field as unknown]),
  );
  const read = (names: readonly string[]) => first(names, (name) => plain(fields.get(name)));

  const problem = first(NAMES.problem, (name) => statement(fields.get(name)));
  if (!problem) return `has no problem text (looked for ${list(NAMES.problem)})`;
  const gold =
    first(NAMES.gold, (name) => answerOf(plain(fields.get(name)))) ??
    answerOf(nested(fields.get("reward_model"), "ground_truth")) ??
    first(NAMES.solution, (name) => answerInSolution(plain(fields.get(name))));
  if (!gold) {
    return `has no answer (looked for ${list(NAMES.gold)}, and for \\boxed{} or #### in ${list(NAMES.solution)})`;
  }
  const level = read(NAMES.level)?.replace(/^level\s+/i, "");
  const kind = read(NAMES.kind);
  const topic = read(NAMES.topic);
  return {
    id: read(NAMES.id) ?? derivedId(problem),
    problem,
    gold,
    ...(level && { level }),
    ...(kind && { kind }),
    ...(topic && { topic }),
  };
}

/** The same text always gets the same id, whatever its spacing. */
export function derivedId(problem: string): string {
  return `p-${createHash("sha256").update(problem.replace(/\s+/g, " ").trim()).digest("hex").slice(0, 12)}`;
}

/**
 * GSM8K's answers end in `#### 72` after a worked solution with `<<48/2=24>>` notes; some sets put MATH's whole
 * solution where the answer belongs. Anything else is the answer itself.
 */
function answerOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return answerInSolution(text) ?? (text.replace(/<<[^<>]*>>/g, "").trim() || undefined);
}

function answerInSolution(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const hashes = /.*####[ \t]*([^\n]+)/s.exec(text)?.[1];
  if (hashes) return hashes.trim();
  const box = findBoxes(text).boxes.at(-1);
  return (box && text.slice(box.start, box.end).trim()) || undefined;
}

/** A string or a number as text; a list of them (OlympiadBench) joined by commas. Empty is absent. */
function plain(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "string") return value.trim() || undefined;
  if (Array.isArray(value) && value.length > 0) {
    const parts = value.map(plain);
    return parts.every((part) => part !== undefined) ? parts.join(", ") : undefined;
  }
  return undefined;
}

/** A problem's text may also be a chat, whose last user message it is. */
function statement(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim() || undefined;
  if (!Array.isArray(value)) return undefined;
  const message: unknown = value.findLast((entry: unknown) => nested(entry, "role") === "user");
  return nested(message, "content");
}

function nested(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return plain((value as Record<string, unknown>)[name]);
}

function first<T>(names: readonly string[], read: (name: string) => T | undefined): T | undefined {
  for (const name of names) {
    const found = read(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
