import { expect, test } from "vitest";
import { Connection } from "../../src/pool/sqlite.js";
import type { Pool } from "../../src/pool/types.js";
import { attempt, fill, open, workspace } from "./pool.fixture.js";

const reflect = async (pool: Pool, attemptId: number): Promise<number> => {
  const [id] = await pool.putReflections([
    {
      ...attempt(0, 0, "C"),
      ...{ attemptId, modelId: "base", sample: 0, analysis: "a", correctedSolution: "s", parsed: true },
    },
  ]);
  return id ?? -1;
};

test("the newest of the same person, kind and axis stands; null takes it back; the history stays", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const id = attemptIds[0]?.[2] ?? -1;
  const reflection = await reflect(pool, id);
  const rate = (who: string, axis: string, value: number | null) =>
    pool.annotate("reflection", reflection, who, { kind: "rating", axis, value });
  await rate("ann", "overall", 2);
  await rate("ann", "locates", 5);
  await rate("ann", "overall", 4);
  await rate("bob", "overall", 1);
  await rate("bob", "overall", null);
  const standing = (await pool.detail(id)).annotations.map((a) => [a.who, a.value]);
  expect(standing).toEqual([
    ["ann", { kind: "rating", axis: "locates", value: 5 }],
    ["ann", { kind: "rating", axis: "overall", value: 4 }],
  ]);
  const history = await pool.annotations("reflection", reflection);
  expect(history.map((a) => ("value" in a.value ? a.value.value : undefined))).toEqual([2, 5, 4, 1, null]);
  await expect(rate("ann", "overall", 6)).rejects.toMatchObject({ code: "bad-value" });
});

test("the history cannot be rewritten, not even by another program", async () => {
  const pool = await open(workspace());
  const { rowIds } = await fill(pool, ["CCIIIIII"]);
  await pool.annotate("problem", rowIds[0] ?? -1, "ann", { kind: "note", value: "odd" });
  const other = await Connection.open(pool.file, "write");
  await expect(other.run("UPDATE annotations SET value = '1'")).rejects.toThrow(/only ever appended/);
  await expect(other.run("DELETE FROM annotations")).rejects.toThrow(/only ever appended/);
  await other.close();
});

test("an attempt is reviewed while a person's judgement of it or of its reflection stands", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const [, , first = -1, second = -1, third = -1] = attemptIds[0] ?? [];
  const reflection = await reflect(pool, second);
  const unreviewed = async () => (await pool.attempts({ reviewed: false })).map((a) => a.id);
  await pool.annotate("attempt", first, "ann", { kind: "note", value: "look later" });
  await pool.annotate("attempt", first, "ann", { kind: "flag", value: true });
  await pool.annotate("attempt", third, "machine:labeller", { kind: "firstWrongStep", value: 1 });
  expect((await pool.stats()).reviewed).toBe(0);
  await pool.annotate("attempt", first, "ann", { kind: "firstWrongStep", value: 0 });
  await pool.annotate("reflection", reflection, "ann", { kind: "decision", value: "rejected" });
  expect((await pool.stats()).reviewed).toBe(2);
  expect(await unreviewed()).not.toContain(second);
  expect(await pool.buckets("problem")).toMatchObject([
    { attempts: 6, unreviewed: 4, correct: 2, scored: 8 },
  ]);
  await pool.annotate("reflection", reflection, "ann", { kind: "decision", value: null });
  expect(await unreviewed()).toContain(second);
  expect((await pool.stats()).reviewed).toBe(1);
});

test("a person's verdict stands before the grader's, and the pool follows", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CIIIIIII"]);
  const [, id = -1] = attemptIds[0] ?? [];
  expect((await pool.stats()).inPool).toBe(0);
  const say = (who: string, value: "correct" | "incorrect" | null) =>
    pool.annotate("attempt", id, who, { kind: "verdict", value });
  await say("ann", "correct");
  expect(await pool.stats()).toMatchObject({ correct: 2, incorrect: 6, inPool: 6 });
  await say("bob", "incorrect");
  expect(await pool.stats()).toMatchObject({ correct: 1, incorrect: 7, inPool: 0 });
  await say("bob", null);
  expect((await pool.detail(id)).attempt.verdict).toBe("correct");
  await say("ann", null);
  expect(await pool.stats()).toMatchObject({ correct: 1, incorrect: 7, inPool: 0, reviewed: 0 });
});

test("a bad problem leaves the pool and every figure, and can come back", async () => {
  const pool = await open(workspace());
  const { rowIds, samplingId } = await fill(pool, ["CCIIIIII", "CCCIIIII"]);
  const bad = (value: boolean | null) =>
    pool.annotate("problem", rowIds[0] ?? -1, "ann", { kind: "badProblem", value });
  const before = await pool.stats();
  await bad(true);
  expect(await pool.stats()).toMatchObject({ problems: 1, attempts: 8, correct: 3, inPool: 5 });
  expect(await pool.groupScores(samplingId)).toHaveLength(1);
  expect((await pool.buckets("problem")).map((b) => b.key)).toEqual([String(rowIds[1])]);
  await pool.applyFilter({ kind: "all" });
  expect((await pool.stats()).inPool).toBe(5);
  await pool.applyFilter({ kind: "variance", min: 0.5 });
  await bad(null);
  expect(await pool.stats()).toEqual(before);
});

test("error types: a person's stands before the generator's, which comes back when it is withdrawn", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const id = attemptIds[0]?.[2] ?? -1;
  const now = async () => {
    const { attempt: a } = await pool.detail(id);
    return [a.errorType, a.errorTypeSource];
  };
  await pool.setErrorTypes([{ attemptId: id, errorType: "sign", source: "generator" }]);
  expect(await now()).toEqual(["sign", "generator"]);
  await pool.annotate("attempt", id, "ann", { kind: "errorType", value: "product" });
  await pool.setErrorTypes([{ attemptId: id, errorType: "x-term", source: "machine" }]);
  expect(await now()).toEqual(["product", "person"]);
  expect(await pool.buckets("errorType")).toEqual([
    { key: "", label: "", attempts: 5, unreviewed: 5 },
    { key: "product", label: "product", attempts: 1, unreviewed: 1 },
  ]);
  await pool.annotate("attempt", id, "ann", { kind: "errorType", value: null });
  expect(await now()).toEqual(["x-term", "machine"]);
});
