import type { ExportedAttempt } from "../../pool/export.js";
import type { AnnotationKind } from "../../protocol/types.js";
import { stepsOf } from "../steps.js";
import type { ExportContext } from "../types.js";
import { agreed, correctionOf, rulingOf, type Word, wordsOf } from "../words.js";

export type Cell = string | number | boolean | null;
export type ColumnType = "STRING" | "INT32" | "DOUBLE" | "BOOLEAN";

/**
 * One row an attempt. Where people's words are in conflict (and no adjudicator decided) the column is null and `conflicts`
 * names the kind; `words` has everything that stands, with who and when. `steps`, `labels`, `words` and `conflicts` are JSON.
 */
export const COLUMNS = {
  attempt_id: "INT32",
  problem_set: "STRING",
  problem_id: "STRING",
  problem: "STRING",
  gold: "STRING",
  level: "STRING",
  kind: "STRING",
  topic: "STRING",
  model: "STRING",
  sampling: "STRING",
  purpose: "STRING",
  temperature: "DOUBLE",
  seed: "DOUBLE",
  group_size: "INT32",
  group_correct: "INT32",
  group_scored: "INT32",
  sample: "INT32",
  solution: "STRING",
  steps: "STRING",
  answer: "STRING",
  graded: "STRING",
  verdict: "STRING",
  verdict_by: "STRING",
  verdict_at: "STRING",
  verdict_kind: "STRING",
  reason: "STRING",
  finish: "STRING",
  tokens: "INT32",
  in_pool: "BOOLEAN",
  created_at: "STRING",
  error_type: "STRING",
  error_type_kind: "STRING",
  error_type_by: "STRING",
  error_type_at: "STRING",
  reflection_model: "STRING",
  analysis: "STRING",
  corrected_solution: "STRING",
  reflection_verdict: "STRING",
  reflections: "INT32",
  first_wrong_step: "INT32",
  first_wrong_step_by: "STRING",
  first_wrong_step_at: "STRING",
  decision: "STRING",
  decision_by: "STRING",
  decision_at: "STRING",
  rating: "INT32",
  rating_by: "STRING",
  rating_at: "STRING",
  correction: "STRING",
  correction_kind: "STRING",
  correction_by: "STRING",
  correction_at: "STRING",
  bad_problem: "BOOLEAN",
  bad_problem_by: "STRING",
  bad_problem_at: "STRING",
  labels: "STRING",
  words: "STRING",
  conflicts: "STRING",
} as const satisfies Record<string, ColumnType>;
export type FlatRow = Record<keyof typeof COLUMNS, Cell>;

const KINDS = [
  ...["verdict", "firstWrongStep", "decision", "rating", "correction", "errorType", "label", "flag", "note"],
  "badProblem",
] as AnnotationKind[];

export function flatRow(record: ExportedAttempt, { annotator }: ExportContext): FlatRow {
  const { attempt, problem, sampling, group } = record;
  const [newest] = record.reflections;
  const conflicts: string[] = [];
  const one = <K extends AnnotationKind>(kind: K, keep: (word: Word<K>) => boolean = () => true) => {
    const found = agreed(wordsOf(record, kind, annotator).filter(keep));
    if (found === "conflict") conflicts.push(kind);
    return found === "conflict" || found === "none" ? null : found;
  };
  const ruling = rulingOf(record, annotator);
  if (ruling === "conflict") conflicts.push("verdict");
  const by = ruling === "conflict" ? null : ruling.by;
  const correction = correctionOf(record, annotator);
  const mended = correction === "none" || correction === "conflict" ? null : correction;
  // Of several reflections, what is said of the newest.
  const ofNewest = (word: { target: string; targetId: number }): boolean =>
    word.target !== "reflection" || word.targetId === newest?.id;
  const wrong = one("firstWrongStep");
  const decision = one("decision", ofNewest);
  const rating = one("rating", (word) => word.axis === "overall" && ofNewest(word));
  const bad = one("badProblem");
  const type = one("errorType");
  const words = KINDS.flatMap((kind): Word<AnnotationKind>[] => wordsOf(record, kind, annotator));
  const labels = new Set(words.filter(({ kind }) => kind === "label").map(({ axis }) => axis));
  return {
    ...{ attempt_id: attempt.id, problem_set: problem.set, problem_id: problem.id, problem: problem.problem },
    ...{ gold: problem.gold, level: problem.level ?? null, kind: problem.kind ?? null },
    ...{ topic: problem.topic ?? null, model: attempt.modelId, sampling: sampling.key },
    ...{ purpose: record.purpose, temperature: sampling.options.temperature ?? null },
    ...{ seed: sampling.options.seed ?? null, group_size: group.size, group_correct: group.correct },
    ...{ group_scored: group.scored, sample: attempt.sample, solution: attempt.text },
    ...{ steps: JSON.stringify(stepsOf(record)), answer: attempt.answer, graded: record.graded },
    verdict: ruling === "conflict" ? null : ruling.verdict,
    ...(ruling === "conflict"
      ? { verdict_by: null, verdict_at: null }
      : { verdict_by: by?.who ?? "grader", verdict_at: by?.at ?? attempt.createdAt }),
    verdict_kind: ruling === "conflict" ? null : by ? "person" : "machine",
    ...{ reason: attempt.reason, finish: attempt.finish, tokens: attempt.tokens, in_pool: attempt.inPool },
    ...{ created_at: attempt.createdAt, error_type: type?.value ?? attempt.errorType },
    error_type_kind: type ? "person" : attempt.errorTypeSource,
    ...{ error_type_by: type?.who ?? null, error_type_at: type?.at ?? null },
    ...{ reflection_model: newest?.modelId ?? null, analysis: newest?.analysis ?? null },
    corrected_solution: newest?.correctedSolution ?? null,
    ...{ reflection_verdict: newest?.verdict ?? null, reflections: record.reflections.length },
    ...{ first_wrong_step: wrong?.value ?? null, first_wrong_step_by: wrong?.who ?? null },
    first_wrong_step_at: wrong?.at ?? null,
    ...{
      decision: decision?.value ?? null,
      decision_by: decision?.who ?? null,
      decision_at: decision?.at ?? null,
    },
    ...{ rating: rating?.value ?? null, rating_by: rating?.who ?? null, rating_at: rating?.at ?? null },
    ...{ correction: mended?.text ?? null, correction_kind: mended?.how ?? null },
    ...{ correction_by: mended?.by.who ?? null, correction_at: mended?.by.at ?? null },
    ...{ bad_problem: record.bad, bad_problem_by: bad?.who ?? null, bad_problem_at: bad?.at ?? null },
    labels: JSON.stringify([...labels].sort()),
    words: JSON.stringify(
      words.map(({ kind, axis, value, who, at, target, targetId }) => ({
        ...{ kind, axis, value, who, at, target, id: targetId },
      })),
    ),
    conflicts: JSON.stringify([...new Set(conflicts)].sort()),
  };
}
