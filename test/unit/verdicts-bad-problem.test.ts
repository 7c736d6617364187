import { expect, test } from "vitest";
import type { Pool, TrainingQuery } from "../../src/pool/types.js";
import { withoutBad } from "../../src/runs/data.js";
import { askOpinions, groupCards, type OpinionGrader, previewRegrade } from "../../src/verdicts/index.js";
import { exported } from "./exchange.fixture.js";
import { attempt, fill, open, spec, workspace } from "./pool.fixture.js";

const ALL = { scope: "all" } as const;
const PROMPT = "{# user #}\n{{ problem }}";

const training = (rowIds: readonly number[]): TrainingQuery => ({
  ...{
    take: "errors",
    scope: "all",
    ids: [],
    partners: false,
    levels: [],
    kinds: [],
    models: [],
    errorTypes: [],
  },
  ...{ problems: new Map(rowIds.map((id, place) => [id, place])), marked: false, corrections: "any" },
  ...{ minRating: null, reflections: false, fixed: false, filter: null, perProblem: 99 },
});

/** Every figure and every training file, by name. What is about the second problem shows as a number of its own. */
async function figures(pool: Pool, rowIds: number[], samplingId: number, evaluation: number) {
  const scores = async (id: number) =>
    (await pool.groupScores(id)).map(({ problemRowId }) => rowIds.indexOf(problemRowId));
  const asked: number[] = [];
  const grader: OpinionGrader = {
    ...{ name: `counting ${Math.random()}`, version: "", close: async () => undefined },
    ask: async ({ id }) => {
      asked.push(id);
      return { verdict: "unscored", answer: null, span: null, reason: "" };
    },
  };
  await askOpinions(pool, ALL, grader);
  const regrade = await previewRegrade(
    pool,
    ALL,
    { grade: async () => ({ verdict: "correct", answer: "9", span: null, reason: "anew" }) },
    { who: "ann", settings: "", scope: "" },
  );
  await pool.dropRegrade(regrade.id);
  const files: Record<string, number> = {};
  for (const format of ["sft", "dpo", "kto", "grader-tests"] as const) {
    const { text, result } = await exported(pool, format);
    files[format] = text.includes("Problem 1") ? -1 : result.rows;
  }
  return {
    stats: await pool.stats(),
    inPool: (await pool.count({})).attempts,
    listed: (await pool.attempts({})).length,
    queue: (await pool.attemptIds({}, { by: "disputes" })).length,
    tree: (await pool.buckets("problem")).length,
    levels: (await pool.buckets("level")).length,
    disputes: await pool.disputes(),
    disputed: (await pool.attempts({ ...ALL, dispute: "any" })).length,
    wrongMajority: (await pool.buckets("problem", { ...ALL, wrongMajority: true })).length,
    groupScores: await scores(samplingId),
    evaluated: await scores(evaluation),
    training: (await pool.countTraining(training(rowIds))).map(({ why, count }) => `${why} ${count}`),
    judgements: (await pool.judgements(0, 99)).length,
    repeats: (await pool.judgedBy("ann", ALL)).length,
    asked: asked.length,
    regraded: regrade.graded,
    card: (await groupCards(pool, rowIds[1] ?? 0, undefined)).map(({ bad, majorityWrong }) => ({
      bad,
      majorityWrong,
    })),
    runSet: (await withoutBad(pool, await pool.problems(rowIds))).length,
    leftOut: [
      ...[
        await pool.badProblems(),
        await pool.badProblems({ samplingId }),
        await pool.badProblems({ set: "set" }),
      ],
      ...[
        await pool.badProblems({ problemRowIds: rowIds.slice(0, 1) }),
        await pool.badProblems({ set: "other" }),
      ],
    ],
    files,
  };
}

test("a bad problem is in no figure and no training file, its count is told, and it comes back whole", async () => {
  const pool = await open(workspace());
  await pool.applyFilter({ kind: "all" });
  const rowIds = await pool.putProblems("set", [
    { id: "p0", problem: "Problem 0", gold: "1", level: "1" },
    { id: "p1", problem: "Problem 1", gold: "1", level: "2" },
  ]);
  const { samplingId, groups } = await pool.openSampling({ ...spec("sample", 6), prompt: PROMPT }, rowIds);
  const ids: number[][] = [];
  for (const { groupId } of groups) {
    ids.push(await pool.putAttempts([..."IIIICU"].map((letter, n) => attempt(groupId, n * 2, letter))));
  }
  const evaluation = await fill(pool, ["CI", "CI"], "evaluation");
  for (const [a = 0] of ids) {
    await pool.annotate("attempt", a, "ann", { kind: "rating", axis: "overall", value: 3 });
    await pool.annotate("attempt", a, "ann", { kind: "verdict", value: "incorrect" });
    await pool.putOpinions([
      {
        attemptId: a + 1,
        grader: "mine",
        version: "",
        verdict: "correct",
        answer: null,
        span: null,
        reason: "",
      },
    ]);
  }
  const read = () => figures(pool, rowIds, samplingId, evaluation.samplingId);
  const before = await read();
  expect(before.leftOut).toEqual([0, 0, 0, 0, 0]);

  await pool.annotate("problem", rowIds[1] ?? 0, "ann", { kind: "badProblem", value: true });
  const half = (n: number): number => n / 2;
  expect(await read()).toEqual({
    stats: Object.fromEntries(Object.entries(before.stats).map(([name, n]) => [name, half(n)])),
    ...{
      inPool: half(before.inPool),
      listed: half(before.listed),
      queue: half(before.queue),
      tree: 1,
      levels: 1,
    },
    disputes: { disagree: 1, imported: 0, unsure: half(before.disputes.unsure) },
    ...{ disputed: half(before.disputed), wrongMajority: 1, groupScores: [0], evaluated: [0] },
    training: expect.arrayContaining([expect.stringMatching(/^badProblem /)]),
    ...{ judgements: half(before.judgements), repeats: half(before.repeats) },
    ...{ asked: half(before.asked), regraded: half(before.regraded), runSet: 1 },
    card: [{ bad: true, majorityWrong: false }],
    leftOut: [1, 1, 1, 0, 0],
    files: Object.fromEntries(Object.keys(before.files).map((format) => [format, expect.any(Number)])),
  });
  for (const [format, rows] of Object.entries((await read()).files)) expect(rows, format).toBeGreaterThan(0);

  await pool.annotate("problem", rowIds[1] ?? 0, "ann", { kind: "badProblem", value: null });
  const after = await read();
  expect(after).toEqual({
    ...before,
    disputes: after.disputes,
    disputed: after.disputed,
    queue: after.queue,
  });
});
