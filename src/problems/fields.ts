/** From the field names that data sets use to ours. */
import { createHash } from "node:crypto";
import type { Problem } from "../protocol/types.js";
import { answerInSolution, goldOf, workedSolution } from "./answers.js";
import { withChoices } from "./choices.js";
import { type Fields, fieldsOf, first, inner, list, NAMES, plain } from "./names.js";
import { finalAnswer, leftOut } from "./olympiad.js";

/** What a line of a problem set looks like, for messages. */
export const EXAMPLE_LINE = '{"id": "p1", "problem": "Solve for $x$: $2x+1=7$", "answer": "3"}';

/** A problem, or one sentence about what its line lacks. */
export function toProblem(value: unknown): Problem | string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return "is not a JSON object";
  }
  const fields = fieldsOf(value);
  const out = leftOut(fields);
  if (out !== undefined) return out;
  const read = (names: readonly string[]) => first(names, (name) => plain(fields.get(name)));

  const asked = first(NAMES.problem, (name) => statement(fields.get(name)));
  if (!asked) return `has no problem text (looked for ${list(NAMES.problem)})`;
  const gold = goldIn(fields);
  if (!gold) {
    return `has no answer (looked for ${list(NAMES.gold)}, and for \\boxed{} or #### in ${list(NAMES.solution)})`;
  }
  const problem = withChoices(withContext(asked, fields), fields, gold);
  const level = read(NAMES.level)?.replace(/^level\s+/i, "");
  const kind = read(NAMES.kind);
  const topic = read(NAMES.topic);
  const solution =
    workedSolution(
      first(NAMES.solution, (name) => plain(oneOf(fields.get(name)))),
      gold,
    ) ??
    workedSolution(read(NAMES.gold), gold) ??
    workedSolution(plain(inner(fields.get("extra_info"), "answer")), gold);
  return {
    id: read(NAMES.id) ?? verlId(fields) ?? derivedId(problem),
    problem,
    gold,
    ...(level && { level }),
    ...(kind && { kind }),
    ...(topic && { topic }),
    ...(solution && { solution }),
  };
}

/** OlympiadBench has several solutions of a problem; the first stands for them. */
const oneOf = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);

/** The same text always gets the same id, whatever its spacing. */
export function derivedId(problem: string): string {
  return `p-${createHash("sha256").update(problem.replace(/\s+/g, " ").trim()).digest("hex").slice(0, 12)}`;
}

function goldIn(fields: Fields): string | undefined {
  return (
    first(NAMES.gold, (name) =>
      name === "final_answer"
        ? goldOf(finalAnswer(fields.get(name), fields.get("unit")))
        : goldOf(fields.get(name)),
    ) ??
    goldOf(inner(fields.get("reward_model"), "ground_truth")) ??
    first(NAMES.solution, (name) => answerInSolution(plain(fields.get(name))))
  );
}

/** OlympiadBench keeps what several questions have in common beside them. */
function withContext(asked: string, fields: Fields): string {
  const context = fields.has("final_answer") ? plain(fields.get("context")) : undefined;
  return context ? `${context}\n\n${asked}` : asked;
}

/** verl numbers its rows within a data source and a split (docs: "Prepare Data for Post-Training"). */
function verlId(fields: Fields): string | undefined {
  const index = plain(inner(fields.get("extra_info"), "index"));
  if (index === undefined || !fields.has("reward_model")) return undefined;
  const parts = [plain(fields.get("data_source")), plain(inner(fields.get("extra_info"), "split")), index];
  return parts.filter((part) => part !== undefined).join("/");
}

/** A problem's text may also be a chat, whose last user message it is. */
function statement(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim() || undefined;
  if (!Array.isArray(value)) return undefined;
  const message: unknown = value.findLast((entry: unknown) => inner(entry, "role") === "user");
  return plain(inner(message, "content"));
}
