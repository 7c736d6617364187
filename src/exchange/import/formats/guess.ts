import type { ImportMapping } from "../../../protocol/import.js";
import { atPath, scalar, textOf } from "./paths.js";

type Row = Readonly<Record<string, unknown>>;

/** Names in order of preference, compared without regard to case and to what stands between words. */
const NAMES: Record<keyof ImportMapping, readonly string[]> = {
  problem: [
    ...["problem", "question", "problem_text", "prompt", "query", "instruction", "messages", "input"],
    ...["doc.problem", "doc.question", "extra_info.question"],
  ],
  text: [
    ...["response", "responses", "completion", "completions", "generation", "generations", "generated_text"],
    ...["model_output", "model_outputs", "model_response", "model_solution", "rollout", "rollouts"],
    ...["prediction", "predictions", "output", "outputs", "samples", "attempt", "attempts", "code", "text"],
  ],
  gold: [
    ...["gold", "gold_answer", "ground_truth", "reference_answer", "expected_answer", "expected"],
    ...["final_answer", "answer", "target", "gt", "gts", "reward_model.ground_truth", "doc.answer", "label"],
    ...["solution", "reference_solution"],
  ],
  id: ["problem_id", "question_id", "unique_id", "task_id", "problem_idx", "uid", "id"],
  model: ["model", "model_id", "model_name", "generator"],
  sample: [
    ...["sample", "sample_id", "sample_idx", "sample_index", "rollout_idx", "generation_idx", "attempt_idx"],
    "repeat",
  ],
  score: [
    ...[
      "score",
      "correct",
      "is_correct",
      "correctness",
      "reward",
      "accuracy",
      "acc",
      "exact_match",
      "passed",
    ],
    "label",
  ],
  level: ["level", "difficulty"],
  kind: ["kind", "category", "subject", "type"],
};

const bare = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, "");

/** Top-level columns of some rows, and the fields of objects in them (`doc.question`), and what their names say. */
export function guessMapping(rows: readonly Row[]): { columns: string[]; guessed: Partial<ImportMapping> } {
  const columns = columnsOf(rows);
  const guessed: Partial<ImportMapping> = {};
  const taken = new Set<string>();
  for (const field of [
    "problem",
    "text",
    "gold",
    "id",
    "model",
    "sample",
    "score",
    "level",
    "kind",
  ] as const) {
    for (const name of NAMES[field]) {
      const column = columns.find((c) => bare(c) === bare(name));
      if (column === undefined || taken.has(column) || !fits(field, rows, column, guessed)) continue;
      guessed[field] = column;
      taken.add(column);
      break;
    }
  }
  return { columns, guessed };
}

/** Does what stands there look like it? Of texts the most do: single rows may be anything. */
function fits(
  field: keyof ImportMapping,
  rows: readonly Row[],
  column: string,
  { problem }: Partial<ImportMapping>,
): boolean {
  const values = rows
    .map((row) => atPath(row, column))
    .filter((value) => value !== null && value !== undefined);
  const most = (test: (value: unknown) => boolean): boolean =>
    values.filter(test).length * 2 >= values.length;
  switch (field) {
    case "sample":
      return values.every((value) => /^\d+$/.test(scalar(value) ?? ""));
    case "score":
      return values
        .flat()
        .every((value) => /^(-?\d+(\.\d+)?(e-?\d+)?|true|false)$/i.test(scalar(value) ?? ""));
    case "id":
      return (
        values.every((value) => scalar(value) !== undefined) && !numbersRows(rows, problem ?? "", column)
      );
    case "problem":
      return most((value) => textOf(value, "user") !== undefined);
    case "gold":
      if (isVerdict(column, values)) return false;
      return most((value) => scalar(value) !== undefined || Array.isArray(value));
    case "text":
      return most((value) => scalar(value) !== undefined || Array.isArray(value));
    default:
      return most((value) => scalar(value) !== undefined);
  }
}

/** `label` is a gold answer in some tables, and in KTO's whether the completion is desirable. */
const isVerdict = (column: string, values: readonly unknown[]): boolean =>
  bare(column) === "label" && values.every((value) => /^([01](\.0)?|true|false)$/i.test(scalar(value) ?? ""));

/** An id that differs where the problem is the same is one of the row. */
function numbersRows(rows: readonly Row[], problem: string, id: string): boolean {
  const seen = new Map<string, string>();
  for (const row of rows) {
    const text = textOf(atPath(row, problem), "user") ?? "";
    const value = scalar(atPath(row, id)) ?? "";
    if ((seen.get(text) ?? value) !== value) return true;
    seen.set(text, value);
  }
  return false;
}

function columnsOf(rows: readonly Row[]): string[] {
  const columns = new Set<string>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      columns.add(name);
      if (typeof value !== "object" || value === null || Array.isArray(value)) continue;
      for (const inner of Object.keys(value)) columns.add(`${name}.${inner}`);
    }
  }
  return [...columns];
}
