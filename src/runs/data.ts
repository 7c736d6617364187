import type { Pool, TrainingCount, TrainingQuery, TrainingRow } from "../pool/types.js";
import type { DataCount, RunData } from "../protocol/run-data.js";
import type { Problem } from "../protocol/types.js";
import { parseReflection } from "../reflection/parse.js";
import { refuseEmpty, refuseMissing } from "./data-faults.js";
import type { CompleteRecipe } from "./recipe.js";

/** One line of a run's `pool.jsonl`: an attempt that it is given (trainer/errata_trainer/recipe.py, `Stored`). */
export interface DataRow {
  /** The problem's id in the run's problem set. */
  problem_id: string;
  problem: string;
  gold: string;
  solution: string;
  answer: string | null;
  /** Of errors: the run's pool holds one of each answer and first wrong line. */
  wrong_line: string | null;
  /** Of errors: what stands, a person's word first. */
  error_type: string | null;
  verdict: string;
  /** Attempts of one group were sampled together. */
  group: number;
  attempt_id: number;
  /** Analysis and corrected solution, where the recipe asks for one; a person's edit stands in it. */
  reflection: string | null;
  /** The correction is right: a person's word first, then the grader's. */
  fixed: boolean;
}

export interface GatheredData {
  rows: DataRow[];
  summary: RunData;
}

type PoolKind = TrainingQuery["take"];

/** S²R builds trajectories of both: as many of a group and verdict as it could ever use. */
const ATTEMPTS_OF_A_GROUP = 64;

/**
 * What a run takes from the workspace's pool, as its recipe says, and what is left out and why. Only attempts at
 * problems of the run's own set are taken: the pool may hold problems that were kept out of it to be evaluated on.
 * A fixed number of statements, whatever the pool's size; memory holds what is taken.
 *
 * Rejects with "bad-selection" where named attempts are not there, and "empty-pool" where nothing is left of what the run
 * cannot do without.
 */
export async function gatherData(
  pool: Pool,
  recipe: CompleteRecipe,
  problems: readonly Problem[],
): Promise<GatheredData> {
  const { queries, summary } = await planData(pool, recipe, problems);
  const rows: DataRow[] = [];
  for (const query of queries) {
    for (const row of await pool.training(query)) {
      const problem = problems[row.place];
      if (problem) rows.push(dataRow(row, problem));
    }
  }
  return { rows, summary };
}

/** The same figures without the texts: nothing is written, and nothing long is read. */
export async function summariseData(
  pool: Pool,
  recipe: CompleteRecipe,
  problems: readonly Problem[],
): Promise<RunData> {
  return (await planData(pool, recipe, problems)).summary;
}

interface Planned {
  queries: TrainingQuery[];
  summary: RunData;
}

async function planData(pool: Pool, recipe: CompleteRecipe, problems: readonly Problem[]): Promise<Planned> {
  const { data, method, sft } = recipe;
  const kinds = kindsOf(recipe);
  const sampled = data.examples === "sampled" && learnsFromExamples(recipe) && kinds.length > 0;
  const summary: RunData = { problems: problems.length, sampled, counts: [], reflections: [] };
  if (method === "sft" && sft.examples.includes("gold")) summary.counts.push(await goldCount(pool, problems));
  const queries: TrainingQuery[] = [];
  if (data.take !== "none" && !sampled && kinds.length > 0) {
    if (data.take === "selection") refuseMissing(await pool.missing(data.attempts));
    const places = new Map(problems.map(({ problem }, place) => [problem, place]));
    const rowIds = new Map<number, number>();
    for (const { rowId, problem } of await pool.problemTexts()) {
      const place = places.get(problem);
      if (place !== undefined) rowIds.set(rowId, place);
    }
    for (const kind of kinds) {
      const query = queryOf(kind, recipe, rowIds);
      queries.push(query);
      summary.counts.push(countOf(query, await pool.countTraining(query)));
      // Without a condition on them no reflection is taken.
      if (mends(kind) || data.corrections !== "any" || data.min_rating !== null) {
        summary.reflections.push(...(await pool.countReflections(query)));
      }
    }
  }
  refuseEmpty(recipe, summary);
  return { queries, summary };
}

/** Those that nobody called bad in the pool: with this text and this gold answer, in whatever set. */
export async function withoutBad(pool: Pool, problems: readonly Problem[]): Promise<Problem[]> {
  const key = ({ problem, gold }: { problem: string; gold: string }): string =>
    JSON.stringify([problem, gold]);
  const bad = new Set((await pool.badTexts()).map(key));
  return problems.filter((problem) => !bad.has(key(problem)));
}

/** Methods that learn from a fixed set of examples, which may be stored or sampled first. */
export function learnsFromExamples({ method, s2r }: CompleteRecipe): boolean {
  return method === "sft" || method === "dpo" || (method === "s2r" && s2r.stage === "initialise");
}

/** What a method takes of the pool. */
function kindsOf(recipe: CompleteRecipe): PoolKind[] {
  const { method, sft } = recipe;
  if (method === "scrpo" || method === "rrr") return ["errors"];
  if (method === "dpo") return ["preferences"];
  if (method === "s2r") return learnsFromExamples(recipe) ? ["attempts"] : [];
  if (method !== "sft") return [];
  const named = { rejection: "right", corrections: "corrections", pairs: "pairs" } as const;
  return sft.examples.flatMap((example) => (example === "gold" ? [] : [named[example]]));
}

/** Made of the right correction of a wrong attempt? */
function mends(kind: PoolKind): boolean {
  return kind === "pairs" || kind === "corrections";
}

function queryOf(kind: PoolKind, recipe: CompleteRecipe, problems: Map<number, number>): TrainingQuery {
  const { data, pool, sft, dpo, filter } = recipe;
  const groups = kind === "preferences" || kind === "attempts";
  return {
    take: kind,
    scope: data.take === "selection" ? "ids" : data.take === "all" ? "all" : "pool",
    ids: data.attempts,
    partners: groups,
    problems,
    levels: data.levels,
    kinds: data.kinds,
    models: data.models,
    errorTypes: data.error_types,
    marked: data.first_wrong_step === "marked",
    corrections: data.corrections,
    minRating: data.min_rating,
    reflections: mends(kind),
    fixed: mends(kind),
    filter: kind === "preferences" ? filter : null,
    perProblem: {
      errors: pool.per_problem,
      right: sft.per_problem,
      corrections: sft.per_problem,
      pairs: sft.per_problem,
      preferences: dpo.per_problem,
      attempts: ATTEMPTS_OF_A_GROUP,
    }[kind],
    ...(kind === "errors" ? { limit: pool.max_size } : {}),
  };
}

function countOf({ take, limit }: TrainingQuery, found: readonly TrainingCount[]): DataCount {
  const taken = found.find(({ why }) => why === null) ?? { count: 0, problems: 0 };
  const used = Math.min(taken.count, limit ?? taken.count);
  const leftOut = found.flatMap(({ why, count }) => (why === null ? [] : [{ why, count }]));
  if (used < taken.count) leftOut.push({ why: "poolSize", count: taken.count - used });
  leftOut.sort((a, b) => b.count - a.count);
  return { kind: take, used, problems: Math.min(taken.problems, used), leftOut };
}

async function goldCount(pool: Pool, problems: readonly Problem[]): Promise<DataCount> {
  const good = await withoutBad(pool, problems);
  const used = good.filter(({ solution }) => solution !== undefined).length;
  const leftOut = [
    { why: "badProblem" as const, count: problems.length - good.length },
    { why: "noSolution" as const, count: good.length - used },
  ].filter(({ count }) => count > 0);
  return { kind: "gold", used, problems: used, leftOut };
}

function dataRow(row: TrainingRow, { id, problem, gold }: Problem): DataRow {
  return {
    problem_id: id,
    problem,
    gold,
    solution: row.text,
    answer: row.answer,
    wrong_line: row.wrongLine,
    error_type: row.errorType,
    verdict: row.verdict,
    group: row.groupId,
    attempt_id: row.attemptId,
    reflection: row.reflection && reflectionText(row.reflection),
    fixed: row.reflection?.fixed ?? false,
  };
}

/** As the model wrote it; a person's correction stands after the model's own analysis and heading, where it has them. */
function reflectionText({ text, analysis, edit }: NonNullable<TrainingRow["reflection"]>): string {
  if (!edit) return text;
  const { parsed, boundary } = parseReflection(text);
  const head = parsed ? text.slice(0, boundary) : `Analysis: ${analysis.trim()}\nCorrected Solution:`;
  return `${head}\n${edit.text}`;
}
