import { describe, expect, test } from "vitest";
import type { GroupAnswers } from "../../src/pool/types.js";
import type { Verdict } from "../../src/protocol/types.js";
import { cardOf, groupCard, groupCards } from "../../src/verdicts/index.js";
import { builtGrader } from "./grading.fixture.js";
import { attempt, open, spec, workspace } from "./pool.fixture.js";

const { grader } = builtGrader();
const equal = async (a: string, b: string) => (await grader().equal(a, b)).equal;

const VERDICT: Record<string, Verdict> = { C: "correct", I: "incorrect", U: "unscored", T: "truncated" };

/** "C:0.5" is an attempt with this verdict and answer; "U" has none. */
const group = (attempts: string[], more: Partial<GroupAnswers> = {}): GroupAnswers => ({
  ...{
    groupId: 1,
    problemId: 2,
    modelId: "base",
    purpose: "sample",
    size: attempts.length,
    gold: "1/2",
    bad: false,
  },
  attempts: attempts.map((one, i) => {
    const [letter = "", answer] = one.split(":");
    return { id: i + 1, verdict: VERDICT[letter] ?? "unscored", answer: answer ?? null };
  }),
  ...more,
});

/** Verdict, answer and ids of each cluster. */
const clusters = async (attempts: string[], with_: typeof equal | null = equal) =>
  (await cardOf(group(attempts), with_ ?? undefined)).clusters.map(
    ({ answer, verdict, attemptIds }) => `${verdict[0]} ${answer} ${attemptIds.join(",")}`,
  );

describe("a group's card", () => {
  test("clusters what means the same, within a verdict; the most frequent way of writing stands for it", async () => {
    expect(
      await clusters(["C:0.5", "C:\\frac{1}{2}", "I:1/3", "I:\\frac13", "I:1/3", "I:2/6", "U:x", "U"]),
    ).toEqual([...["i 1/3 3,4,5,6", "c 0.5 1,2", "u x 7", "u null 8"]]);
    expect(await clusters(["T:1/3", "I:1/3", "I"])).toEqual(["t 1/3 1", "i 1/3 2", "i null 3"]);
  });

  test("without a grader answers are as they are written, and right ones one cluster all the same", async () => {
    expect(await clusters(["C:0.5", "C:1/2", "I:1/3", "I:2/6"], null)).toEqual([
      ...["c 0.5 1,2", "i 1/3 3", "i 2/6 4"],
    ]);
  });

  const judged = async (...attempts: string[]) => {
    const { majority, majorityWrong } = await cardOf(group(attempts), equal);
    return [majority && `${majority.verdict} ${majority.answer} ${majority.share.toFixed(2)}`, majorityWrong];
  };

  test("the majority is wrong and consistent when half of those with an answer agree on it", async () => {
    expect(await judged("I:1/3", "I:2/6", "C:1/2", "I:7")).toEqual(["incorrect 1/3 0.50", true]);
    expect(await judged("I:1/3", "I:1/3", "C:1/2", "I:7", "I:8")).toEqual(["incorrect 1/3 0.40", false]);
    expect(await judged("C:1/2", "C:0.5", "I:3")).toEqual(["correct 1/2 0.67", false]);
    expect(await judged("I:3", "C:1/2")).toEqual([null, false]);
    expect(await judged("U:3", "U:3", "C:1/2")).toEqual(["unscored 3 0.67", false]);
    // Whoever has no answer, or was cut off, has no vote.
    expect(await judged("I:3", "I:3", "I", "I", "I", "T:9", "T:9", "T:9", "C:1/2")).toEqual([
      "incorrect 3 0.67",
      true,
    ]);
    expect(await judged("I", "T")).toEqual([null, false]);
  });

  test("of a bad problem nothing is called wrong", async () => {
    expect(await cardOf(group(["I:3", "I:3", "C:1/2"], { bad: true }), equal)).toMatchObject({
      ...{ bad: true, majorityWrong: false },
    });
  });

  test("pass@k is unbiased, over scored attempts, truncated ones failures", async () => {
    const card = await cardOf(group(["C:1/2", "C:0.5", "I:3", "T", "U", "I:4"]), equal);
    expect(card).toMatchObject({ size: 6, scored: 5, correct: 2 });
    // By hand: 1 - C(3, k) / C(5, k).
    const byHand = [2 / 5, 1 - 3 / 10, 1, 1];
    expect(card.passAtK.map(({ k }) => k)).toEqual([1, 2, 4, 5]);
    for (const [i, { value }] of card.passAtK.entries()) expect(value).toBeCloseTo(byHand[i] ?? 0, 12);
    expect((await cardOf(group(["U", "U:3"]), equal)).passAtK).toEqual([]);
  });

  test("hostile answers are compared within bounds", async () => {
    const nasty = [
      "9^{9^{9^{9}}}",
      "((((".repeat(2000),
      "\\frac{".repeat(500),
      "\u0000",
      "x".repeat(100_000),
    ];
    const card = await cardOf(group(nasty.flatMap((text) => [`I:${text}`, `I:${text}`])), equal);
    expect(card.clusters.reduce((sum, { attemptIds }) => sum + attemptIds.length, 0)).toBe(10);
    expect(card.clusters.every(({ attemptIds }) => attemptIds.length === 2)).toBe(true);
  });
});

test("of a pool: the card of an attempt's group, and one for each group of a problem, never mixed", async () => {
  const pool = await open(workspace());
  const [rowId = 0] = await pool.putProblems("set", [{ id: "p", problem: "?", gold: "1" }]);
  const put = async (modelId: string, purpose: "sample" | "evaluation", letters: string) => {
    const { groups } = await pool.openSampling({ ...spec(purpose, letters.length), modelId }, [rowId]);
    return pool.putAttempts([...letters].map((letter, n) => attempt(groups[0]?.groupId ?? 0, n * 2, letter)));
  };
  const first = await put("base", "sample", "CIIC");
  await put("tuned", "sample", "CCCI");
  await put("tuned", "evaluation", "IIII");
  expect(await groupCard(pool, first[1] ?? 0, equal)).toMatchObject({
    ...{ modelId: "base", problemId: rowId, size: 4, correct: 2, gold: "1" },
  });
  const cards = await groupCards(pool, rowId, equal);
  expect(cards.map(({ modelId, correct }) => [modelId, correct])).toEqual([
    ["tuned", 3],
    ["base", 2],
  ]);
  await expect(groupCard(pool, 999, equal)).rejects.toMatchObject({ code: "not-found" });
  await expect(groupCards(pool, 999, equal)).rejects.toMatchObject({ code: "not-found" });
});

test("problems whose attempts agree on a wrong answer are found by a query, by answers as written", async () => {
  const pool = await open(workspace());
  const answers: Record<string, string[]> = {
    agreeing: ["I:3", "I:3", "C:1", "I:4"],
    "right, written apart": ["I:3", "I:3", "C:1", "C:1.0", "C:2/2"],
    tied: ["I:3", "C:1"],
    "cut off": ["T:3", "T:3", "T:3", "C:1"],
    "two wrong ones": ["I:3", "I:3", "I:4", "I:4"],
    scattered: ["I:3", "I:3", "I:4", "I:5", "I:6"],
    unscored: ["U:3", "U:3", "I:4"],
    silent: ["I", "I", "C:1"],
    written: ["I:1/3", "I:2/6", "I:3/9", "C:1", "C:1"],
  };
  const rowIds = await pool.putProblems(
    "set",
    Object.keys(answers).map((id) => ({ id, problem: id, gold: "1" })),
  );
  const { groups } = await pool.openSampling(spec("sample", 8), rowIds);
  for (const [i, list] of Object.values(answers).entries()) {
    const made = group(list).attempts;
    await pool.putAttempts(
      made.map(({ verdict, answer }, n) => ({
        ...attempt(groups[i]?.groupId ?? 0, n, "I"),
        grade: { verdict: verdict as "correct", answer, span: null, reason: "" },
      })),
    );
  }
  const query = { scope: "all", wrongMajority: true } as const;
  const found = await pool.buckets("problem", query);
  expect(found.map(({ label }) => label)).toEqual(["agreeing"]);
  expect(await pool.count(query)).toMatchObject({ attempts: 4, problems: 1 });
  expect(await pool.attempts(query)).toHaveLength(4);
  // The card sees more: what is written differently and means the same.
  const cards = await Promise.all(rowIds.map(async (id) => (await groupCards(pool, id, equal))[0]));
  const wrong = Object.keys(answers).filter((_, i) => cards[i]?.majorityWrong);
  expect(wrong).toEqual(["agreeing", "written"]);
});
