import { describe, expect, test } from "vitest";
import type { Pool } from "../../src/pool/types.js";
import { DEFAULT_RUBRIC } from "../../src/protocol/rubric.js";
import { agreement } from "../../src/review/agreement.js";
import { disagreements } from "../../src/review/agreement-differences.js";
import { Breath } from "../../src/review/agreement-figures.js";
import { adjudicatedWord, adjudicationItem } from "../../src/review/agreement-item.js";
import { allJudgements } from "../../src/review/agreement-read.js";
import { fill, open, workspace } from "./pool.fixture.js";

const setUp = async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII", "CCIIIIII"]);
  return { pool, ids: attemptIds.flat() };
};
const sides = { a: "ann", b: "bob" };
const item = async (pool: Pool, id: number, of = sides) =>
  adjudicationItem(await pool.detail(id), await pool.annotations("attempt", id), of, DEFAULT_RUBRIC);
const take = async (
  pool: Pool,
  id: number,
  key: string,
  said: { from: "a" | "b" | null; value: string | null },
) => {
  const word = adjudicatedWord(await pool.annotations("attempt", id), sides, key, said);
  await pool.adjudicate("cy", word, word.of);
};
const found = async (pool: Pool) => {
  const words = await allJudgements(pool);
  const query = { people: ["ann", "bob"], kind: "pair" as const, rubric: DEFAULT_RUBRIC, resamples: 50 };
  const { report, subjects } = await agreement(words, query);
  return { report, list: await disagreements(subjects, new Breath()) };
};

describe("where two people differ", () => {
  test("the most instructive first; what they say alike, or one alone says, is not there", async () => {
    const { pool, ids } = await setUp();
    const [a = -1, b = -1, c = -1, d = -1] = ids;
    const rate = (id: number, who: string, value: number) =>
      pool.annotate("attempt", id, who, { kind: "rating", axis: "overall", value });
    await rate(a, "ann", 3);
    await rate(a, "bob", 2);
    await rate(b, "ann", 5);
    await rate(b, "bob", 2);
    await rate(c, "ann", 4);
    await rate(c, "bob", 4);
    await rate(d, "ann", 1);
    await pool.annotate("attempt", a, "bob", { kind: "label", axis: "odd", value: true });
    const { list } = await found(pool);
    expect(list.map(({ attemptId, differences }) => [attemptId, differences.map(({ row }) => row)])).toEqual([
      [b, ["rating:overall"]],
      [a, ["label:odd", "rating:overall"]],
    ]);
  });

  test("adjudicating changes what stands, and no figure; a later word opens it again", async () => {
    const { pool, ids } = await setUp();
    const [id = -1, other = -1] = ids;
    const step = (who: string, of: number, value: number) =>
      pool.annotate("attempt", of, who, { kind: "firstWrongStep", value });
    for (const who of ["ann", "bob"]) await step(who, other, 2);
    await step("ann", id, 1);
    await step("bob", id, 3);
    const before = await found(pool);
    const key = `attempt:${id}:firstWrongStep:`;
    await take(pool, id, key, { from: "b", value: null });
    const after = await found(pool);
    expect(after.report).toEqual(before.report);
    expect(after.list[0]?.differences[0]?.settled).toBe("adjudicated:cy");
    expect((await pool.attempts({ scope: "all", firstWrong: "3" })).map((one) => one.id)).toEqual([id]);
    const shown = (await item(pool, id)).subjects[0];
    expect(shown).toMatchObject({
      a: "step 1",
      b: "step 3",
      differs: true,
      settled: { who: "cy", words: "step 3" },
    });
    await take(pool, id, key, { from: null, value: "0" });
    expect((await item(pool, id)).subjects[0]?.settled).toEqual({ who: "cy", words: "none wrong" });
    await take(pool, id, key, { from: null, value: null });
    expect((await item(pool, id)).subjects[0]?.settled).toBeNull();
    await take(pool, id, key, { from: "a", value: null });
    await step("bob", id, 2);
    expect((await item(pool, id)).subjects[0]).toMatchObject({ b: "step 2", settled: null });
    expect((await found(pool)).list[0]?.differences[0]?.settled).toBeNull();
  });
});

describe("an attempt side by side", () => {
  test("holds every judgement of the two, their texts, and the difference of their corrections", async () => {
    const { pool, ids } = await setUp();
    const id = ids[2] ?? -1;
    const say = (who: string, value: Parameters<Pool["annotate"]>[3]) =>
      pool.annotate("attempt", id, who, value);
    await say("ann", { kind: "correction", value: "$x=1$\n\\boxed{1}" });
    await say("bob", { kind: "correction", value: "$x=2$\n\\boxed{1}" });
    await say("ann", { kind: "note", value: "odd" });
    await say("ann", { kind: "errorType", value: "sign" });
    await say("bob", { kind: "label", axis: "odd", value: true });
    await say("machine:judge", { kind: "errorType", value: "algebra" });
    await say("bob", { kind: "decision", value: "accepted" });
    await say("bob", { kind: "decision", value: null });
    const shown = await item(pool, id);
    expect(shown.subjects.map(({ title, a, b, differs }) => [title, a, b, differs])).toEqual([
      ["Own correction", "wrote one", "wrote one", true],
      ["Error type", "Sign", null, false],
      ["Label odd", "not set", "set", true],
    ]);
    expect(shown.texts).toMatchObject({
      a: { note: "odd", correction: { steps: [{ n: 1 }, { n: 2 }] } },
      b: { note: null },
    });
    expect(shown.change?.map(({ kind, text }) => `${kind} ${text}`)).toEqual([
      ...["same $x=", "removed 1", "added 2", "same $\n\\boxed{1}"],
    ]);
    await take(pool, id, `attempt:${id}:correction:`, { from: "b", value: null });
    expect((await item(pool, id)).subjects[0]?.settled?.words).toBe("the second’s");
    await take(pool, id, `attempt:${id}:label:odd`, { from: "a", value: null });
    expect(await pool.attempts({ scope: "all", label: "odd" })).toEqual([]);
    await expect(take(pool, id, "attempt:1:flag:", { from: "a", value: null })).rejects.toMatchObject({
      code: "not-found",
    });
  });

  test("of one person it shows the word before the repeat, and the repeat", async () => {
    const { pool, ids } = await setUp();
    const id = ids[0] ?? -1;
    const step = (value: number, pass: 1 | 2) =>
      pool.annotate("attempt", id, "ann", { kind: "firstWrongStep", value }, { pass });
    await step(1, 1);
    await step(3, 2);
    await step(4, 1);
    const shown = await item(pool, id, { a: "ann", b: "ann" });
    expect(shown.subjects).toMatchObject([{ a: "step 1", b: "step 3", differs: true }]);
    expect(shown.steps).toEqual({ a: 1, b: 3 });
  });
});
