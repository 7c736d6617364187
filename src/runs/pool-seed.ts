import type { Pool } from "../pool/types.js";
import type { Problem } from "../protocol/types.js";
import type { CompleteRecipe } from "./recipe.js";

/** One line of a run's `pool.jsonl`: an error to begin with. */
export interface SeedError {
  /** The problem's id in the run's problem set. */
  problem_id: string;
  problem: string;
  gold: string;
  solution: string;
  answer: string | null;
  attempt_id: number;
}
export interface Seed {
  errors: SeedError[];
  /** Errors left out because their problem is not in the run's problem set. */
  elsewhere: number;
}

const PAGE = 500;

/**
 * The errors a run begins with, newest last, at most `pool.max_size`. Only errors on problems of the run's own set
 * are taken: the workspace's pool may hold problems that were kept out of the set to be evaluated on.
 */
export async function seedErrors(
  pool: Pool,
  recipe: CompleteRecipe,
  problems: readonly Problem[],
): Promise<Seed> {
  const { seed_from: from, max_size: most } = recipe.pool;
  if (from === "none" || recipe.method !== "scrpo") return { errors: [], elsewhere: 0 };
  const known = new Map(problems.map((problem) => [problem.problem, problem]));
  const rows = new Map<number, Problem | undefined>();
  const errors: SeedError[] = [];
  let elsewhere = 0;
  let after = 0;
  for (;;) {
    const page = await pool.attempts({ scope: "pool" }, { after, limit: PAGE });
    for (const attempt of page) {
      if (!rows.has(attempt.problemId)) {
        rows.set(attempt.problemId, known.get((await pool.problem(attempt.problemId)).problem));
      }
      if (from === "accepted" && !(await isAccepted(pool, attempt.id))) continue;
      const problem = rows.get(attempt.problemId);
      if (problem === undefined) elsewhere++;
      else {
        errors.push({
          problem_id: problem.id,
          problem: problem.problem,
          gold: problem.gold,
          solution: attempt.text,
          answer: attempt.answer,
          attempt_id: attempt.id,
        });
      }
    }
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE) return { errors: errors.slice(-most), elsewhere };
  }
}

/** Has a person accepted a correction of this attempt? */
async function isAccepted(pool: Pool, attemptId: number): Promise<boolean> {
  const { annotations } = await pool.detail(attemptId);
  return annotations.some(({ value }) => value.kind === "decision" && value.value === "accepted");
}
