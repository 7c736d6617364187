import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { verdictOf } from "../../src/pool/rows.js";
import { attempt, fill, open, spec, workspace } from "./pool.fixture.js";

test("attempts come back as stored, with their tokens, and are never doubled", async () => {
  const pool = await open(workspace());
  const { attemptIds, groupIds, rowIds } = await fill(pool, ["CCIIIIIT"]);
  const [ids] = attemptIds;
  const again = await pool.putAttempts([
    attempt(groupIds[0] ?? -1, 2, "C"),
    attempt(groupIds[0] ?? -1, 3, "I"),
  ]);
  expect(again).toEqual(ids?.slice(2, 4));
  const stored = await pool.attempts({ scope: "all" });
  expect(stored.map((a) => a.id)).toEqual(ids);
  expect(stored[2]).toMatchObject({
    problemId: rowIds[0],
    sample: 2,
    modelId: "base",
    text: `solution 2 of group ${groupIds[0]}`,
    verdict: "incorrect",
    answer: "2",
    answerSpan: [3, 4],
    tokens: 3,
    inPool: true,
  });
  expect(stored[7]).toMatchObject({ verdict: "truncated", answer: null, answerSpan: null, inPool: false });
  expect(await pool.tokensOf(ids?.[2] ?? -1)).toEqual({
    tokenIds: [5, 70_000, 2],
    logprobs: [-0.5, -1.25, -0.125],
  });
});

test("a sampling is found again by what determines it, with what is missing", async () => {
  const folder = workspace();
  const first = await open(folder);
  const rowIds = await first.putProblems("set", [
    { id: "a", problem: "A", gold: "1" },
    { id: "b", problem: "B", gold: "2" },
  ]);
  const sampling = await first.openSampling(spec("sample", 4), rowIds);
  await first.putAttempts([0, 2].map((n) => attempt(sampling.groups[0]?.groupId ?? -1, n, "I")));
  await first.putAttempts([0, 1, 2, 3].map((n) => attempt(sampling.groups[1]?.groupId ?? -1, n, "C")));
  await first.close();

  const pool = await open(folder);
  const resumed = await pool.openSampling(spec("sample", 4), rowIds);
  expect(resumed.samplingId).toBe(sampling.samplingId);
  expect(resumed.groups.map((g) => [g.problem.id, g.missing])).toEqual([["a", [1, 3]]]);
  const other = await pool.openSampling(spec("sample", 4, 2), rowIds);
  expect(other.samplingId).not.toBe(sampling.samplingId);
  expect(other.groups.map((g) => g.missing.length)).toEqual([4, 4]);
  const otherWeights = await pool.openSampling({ ...spec("sample", 4), modelHash: "2" }, rowIds);
  expect(otherWeights.samplingId).not.toBe(sampling.samplingId);
});

test("evaluations and retries are kept apart from the pool and its figures", async () => {
  const pool = await open(workspace());
  const { samplingId } = await fill(pool, ["CCIIIIIU", "IIIIIIII"], "evaluation");
  expect(await pool.stats()).toEqual({
    ...{
      problems: 0,
      attempts: 0,
      correct: 0,
      incorrect: 0,
      unscored: 0,
      truncated: 0,
      inPool: 0,
      reviewed: 0,
    },
  });
  expect(await pool.attempts({ scope: "all" })).toEqual([]);
  expect(await pool.groupScores(samplingId)).toMatchObject([
    { correct: 2, scored: 7, truncated: 0 },
    { correct: 0, scored: 8, truncated: 0 },
  ]);
  const found = await pool.attemptsOfSampling(samplingId);
  expect(found).toHaveLength(16);
  expect(await pool.attempts({ ids: [found[3]?.id ?? -1] })).toHaveLength(1);
});

test("problems are updated in place, in input order", async () => {
  const pool = await open(workspace());
  const ids = await pool.putProblems("set", [
    { id: "a", problem: "A", gold: "1" },
    { id: "b", problem: "B", gold: "2" },
  ]);
  const again = await pool.putProblems("set", [
    { id: "b", problem: "B!", gold: "3", level: "5" },
    { id: "a", problem: "A", gold: "1" },
  ]);
  expect(again).toEqual([...ids].reverse());
  expect(await pool.problem(ids[1] ?? -1)).toEqual({
    ...{ rowId: ids[1], set: "set", id: "b", problem: "B!", gold: "3", level: "5" },
  });
  expect((await pool.putProblems("other", [{ id: "a", problem: "A", gold: "1" }]))[0]).not.toBe(ids[0]);
});

test("reflections are stored once for each attempt, model, settings and sample", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const of = (settings: string, sample: number) => ({
    ...attempt(0, sample, "C"),
    attemptId: attemptIds[0]?.[3] ?? -1,
    modelId: "base",
    settings,
    sample,
    analysis: "Line 1 is wrong.",
    correctedSolution: "\\boxed{1}",
    parsed: true,
  });
  const ids = await pool.putReflections([of("s", 0), of("s", 1), of("t", 0)]);
  expect(new Set(ids).size).toBe(3);
  expect(await pool.putReflections([of("s", 1)])).toEqual([ids[1]]);
  const id = attemptIds[0]?.[3] ?? -1;
  expect(await pool.reflectionKeys([id], "base", "s")).toEqual(new Set([`${id}:0`, `${id}:1`]));
  expect((await pool.detail(id)).reflections.map((r) => r.id)).toEqual([...ids].reverse());
  expect(await pool.reflectionsOf([id], "another")).toEqual([]);
});

test("what is large stays out of version control, a person's own .gitignore stays", async () => {
  const folder = workspace();
  const pool = await open(folder);
  expect(readFileSync(join(folder, ".errata", ".gitignore"), "utf8")).toMatch(/^pool\.sqlite\*$/m);
  const copy = join(folder, "copies", "pool.sqlite");
  await fill(pool, ["CCIIIIII"]);
  await pool.backup(copy);
  expect(existsSync(copy)).toBe(true);
  await expect(pool.backup(copy)).rejects.toMatchObject({ code: "exists" });
});

test("what is not there is named", async () => {
  const pool = await open(workspace());
  await expect(pool.detail(7)).rejects.toMatchObject({ code: "not-found" });
  await expect(pool.annotate("reflection", 7, "ann", { kind: "note", value: "x" })).rejects.toMatchObject({
    code: "not-found",
  });
  await expect(pool.putAttempts([attempt(9, 0, "C")])).rejects.toMatchObject({ code: "not-found" });
});

test("an answer that the token limit may have cut is truncated, one that is closed counts", () => {
  const grade = (text: string, answer: string) => {
    const at = text.lastIndexOf(answer);
    return { verdict: "incorrect", answer, span: [at, at + answer.length], reason: "" } as const;
  };
  const of = (text: string, answer: string) =>
    verdictOf("length", text, { ...grade(text, answer), span: [...grade(text, answer).span] });
  expect(of("$2x=24$\n$x=1", "1")).toBe("truncated");
  expect(of("$2x=24$\n$x=12$\n", "12")).toBe("truncated");
  expect(of("#### 1", "1")).toBe("truncated");
  expect(of("so \\boxed{1} and then", "1")).toBe("incorrect");
  expect(of("\\boxed{1}", "1")).toBe("incorrect");
  expect(verdictOf("length", "so", { verdict: "unscored", answer: null, span: null, reason: "" })).toBe(
    "truncated",
  );
  expect(verdictOf("stop", "so", { verdict: "unscored", answer: null, span: null, reason: "" })).toBe(
    "unscored",
  );
});

test("problems of any id get the row that they have", async () => {
  const pool = await open(workspace());
  const problems = ["null\u0000byte", "lone \ud800", "plain", "%_'\""].map((id) => ({
    id,
    problem: id,
    gold: "1",
  }));
  const first = await pool.putProblems("s", problems);
  expect(first.every((id) => id > 0)).toBe(true);
  expect(new Set(first).size).toBe(4);
  expect(await pool.putProblems("s", problems)).toEqual(first);
});
