import type { Pool } from "../pool/types.js";
import type { Attempt } from "../protocol/types.js";
import type { DataRow } from "./data.js";
import type { RunPlan } from "./launcher.js";

/** Looked through for errors on the run's problems, where the run takes none itself. */
const LOOKED_AT = 400;
const ENOUGH = 24;

/**
 * What the masks are shown on where the run takes nothing from the workspace, or where a person has chosen attempts:
 * stored errors on the run's problems (or just the chosen attempts), each with a right attempt of its group beside it.
 */
export async function exampleRows(
  { problems }: Pick<RunPlan, "problems">,
  pool: Pool,
  wanted: readonly number[],
): Promise<DataRow[]> {
  const known = new Map(problems.map((problem) => [problem.problem, problem]));
  const asked = wanted.length > 0 ? { ids: [...wanted] } : { scope: "pool" as const };
  const found = await pool.attempts(asked, { limit: LOOKED_AT });
  const ids = [...new Set(found.map(({ problemId }) => problemId))];
  const texts = new Map((await pool.problems(ids)).map(({ rowId, problem }) => [rowId, problem]));
  const ours = found.filter(({ problemId }) => known.has(texts.get(problemId) ?? ""));
  const chosen = wanted.length > 0 ? ours : ours.slice(0, ENOUGH);
  const rows: DataRow[] = [];
  const row = (attempt: Attempt): void => {
    const problem = known.get(texts.get(attempt.problemId) ?? "");
    if (!problem || rows.some(({ attempt_id }) => attempt_id === attempt.id)) return;
    rows.push({
      ...{ problem_id: problem.id, problem: problem.problem, gold: problem.gold },
      ...{ solution: attempt.text, answer: attempt.answer, attempt_id: attempt.id, verdict: attempt.verdict },
      ...{ group: attempt.groupId, wrong_line: null, error_type: null, reflection: null, fixed: false },
    });
  };
  for (const attempt of chosen) row(attempt);
  for (const { problemId, groupId } of chosen) {
    const right = await pool.attempts({ scope: "all", problemId, verdicts: ["correct"] }, { limit: 32 });
    const beside = right.find((one) => one.groupId === groupId);
    if (beside) row(beside);
  }
  return rows;
}

/** Beyond these nobody looks: the first of every problem are shown. */
const REFLECTED = 400;

/** Where the run takes errors alone, their newest reflections stand for those that it will sample. */
export async function withReflections(rows: readonly DataRow[], pool: Pool): Promise<DataRow[]> {
  const bare = rows.filter(({ reflection, verdict }) => reflection === null && verdict === "incorrect");
  const ids = bare.slice(0, REFLECTED).map(({ attempt_id }) => attempt_id);
  const said = (await pool.reflectionsOf(ids)).toSorted((a, b) => a.id - b.id);
  const newest = new Map(said.map((one) => [one.attemptId, one]));
  return rows.map((row) => {
    const one = row.reflection === null ? newest.get(row.attempt_id) : undefined;
    return one ? { ...row, reflection: one.text, fixed: one.verdict === "correct" } : row;
  });
}
