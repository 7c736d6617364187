import { describe, expect, it } from "vitest";
import { fill, open, workspace } from "./pool.fixture.js";

describe("what a review reads of the pool", () => {
  it("orders a queue at random by the seed alone, and other seeds put other attempts side by side", async () => {
    const pool = await open(workspace());
    await fill(pool, Array<string>(40).fill("CCCCIIII"));
    await pool.applyFilter({ kind: "all" });
    const stored = await pool.attemptIds({});
    const one = await pool.attemptIds({}, { by: "random", seed: 1 });
    const again = await pool.attemptIds({}, { by: "random", seed: 1 });
    const two = await pool.attemptIds({}, { by: "random", seed: 2 ** 32 - 1 });
    expect(again).toEqual(one);
    for (const ids of [one, two]) {
      expect(ids).not.toEqual(stored);
      expect(ids.toSorted((a, b) => a - b)).toEqual(stored.toSorted((a, b) => a - b));
    }
    const pairs = (ids: number[]): Set<string> => new Set(ids.slice(1).map((id, i) => `${ids[i]} ${id}`));
    const shared = [...pairs(one)].filter((pair) => pairs(two).has(pair));
    expect(shared.length).toBeLessThan(stored.length / 10);
  });

  it("puts the groups nearest to one right in two first, and gives as many as are asked for", async () => {
    const pool = await open(workspace());
    const { attemptIds } = await fill(pool, ["CIIIIIII", "CCCCIIII", "CCCCCCII"]);
    await pool.applyFilter({ kind: "all" });
    const ids = await pool.attemptIds({}, { by: "uncertain" });
    expect(ids.slice(0, 4)).toEqual(attemptIds[1]?.slice(4));
    expect(await pool.attemptIds({}, { by: "uncertain" }, 2)).toEqual(ids.slice(0, 2));
    expect(await pool.attemptIds({ text: "nowhere" })).toEqual([]);
  });

  it("marks change with what is added, and not without", async () => {
    const pool = await open(workspace());
    const { attemptIds } = await fill(pool, ["CCCCIIII"]);
    const before = await pool.marks();
    expect(await pool.marks()).toEqual(before);
    await pool.annotate("attempt", attemptIds[0]?.[7] ?? -1, "ada", { kind: "flag", value: true });
    expect((await pool.marks()).annotations).toBe(before.annotations + 1);
    await pool.applyFilter({ kind: "all" });
    expect((await pool.marks()).filter).not.toBe(before.filter);
  });

  it("knows what a person judged once, the oldest first, by attempt or by reflection", async () => {
    const pool = await open(workspace());
    const { attemptIds, rowIds } = await fill(pool, ["CCCCIIII", "CCCCIIII"]);
    const [a = -1, b = -1, c = -1, d = -1] = attemptIds[0]?.slice(4) ?? [];
    const [reflection = -1] = await pool.putReflections([
      {
        attemptId: b,
        modelId: "base",
        sample: 0,
        generation: { text: "…", tokenIds: [1], logprobs: [-1], finish: "stop" },
        analysis: "",
        correctedSolution: "",
        parsed: false,
        grade: { verdict: "unscored", answer: null, span: null, reason: "" },
      },
    ]);
    await pool.annotate("reflection", reflection, "ada", { kind: "rating", axis: "overall", value: 3 });
    await pool.annotate("attempt", a, "ada", { kind: "firstWrongStep", value: 1 });
    await pool.annotate("attempt", c, "ada", { kind: "note", value: "not a judgement" });
    await pool.annotate("attempt", d, "bob", { kind: "firstWrongStep", value: 1 });
    expect(await pool.judgedBy("ada", {})).toEqual([b, a]);
    expect(await pool.judgedBy("ada", { reviewed: false })).toEqual([b, a]);
    expect(await pool.judgedBy("ada", { problemId: rowIds[1] ?? -1 })).toEqual([]);
    await pool.annotate("attempt", a, "ada", { kind: "firstWrongStep", value: 2 }, { pass: 2 });
    expect(await pool.judgedBy("ada", {})).toEqual([b]);
    await pool.annotate("attempt", b, "ada", { kind: "verdict", value: "correct" });
    expect(await pool.judgedBy("ada", { scope: "all" })).toEqual([]);
  });

  it("counts the problems that are left out", async () => {
    const pool = await open(workspace());
    const { rowIds } = await fill(pool, ["CCCCIIII", "CCCCIIII"]);
    expect(await pool.badProblems()).toBe(0);
    await pool.annotate("problem", rowIds[0] ?? -1, "ada", { kind: "badProblem", value: true });
    expect(await pool.badProblems()).toBe(1);
    await pool.annotate("problem", rowIds[0] ?? -1, "ada", { kind: "badProblem", value: null });
    expect(await pool.badProblems()).toBe(0);
  });
});
