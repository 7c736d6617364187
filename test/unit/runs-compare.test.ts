import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Figure } from "../../src/protocol/comparison.js";
import { keptComparisons } from "../../src/runs/compare.js";
import { compareEvaluations } from "../../src/runs/comparison.js";
import { markdownReport } from "../../src/runs/demo-markdown.js";
import { claim, type DemoReport, RATES } from "../../src/runs/demo-report.js";
import { terminalReport } from "../../src/runs/demo-terminal.js";
import type { EvaluatedProblem, Evaluation } from "../../src/sampling/evaluate.js";

/** `right` of `scored` first attempts; `fixed` and `retried` of the wrong ones. */
function problem(
  rowId: number,
  right: number,
  scored: number,
  fixed = 0,
  retried = 0,
  unscored = 0,
): EvaluatedProblem {
  const wrong = scored - right;
  return {
    problem: { rowId, id: `p${rowId}`, set: "s", problem: `Problem ${rowId}`, gold: "1" },
    correct: right,
    scored,
    unscored,
    truncated: 0,
    attemptIds: [rowId * 10],
    lifts: Array.from({ length: wrong }, (_, i) => ({
      attemptId: rowId * 10 + i,
      problemId: rowId,
      reflection: { fixed: Number(i < fixed), scored: 1, unscored: 0 },
      retry: { fixed: Number(i < retried), scored: 1, unscored: 0 },
    })),
  };
}
const evaluation = (modelId: string, problems: EvaluatedProblem[]): Evaluation => ({
  ...{ modelId, group: 8, problems, attempts: [], reflections: [] },
  ...{ made: 0, tokens: 0, seconds: 0, tokensPerSecond: 0, backend: null, notTaken: [] },
  lift: {
    protocol: "oracle-gated",
    attempts: [],
    reflection: { fixed: 0, scored: 0, unscored: 0 },
    retry: { fixed: 0, scored: 0, unscored: 0 },
  },
});

describe("a comparison", () => {
  const before = evaluation("a", [
    problem(1, 8, 8),
    problem(2, 3, 8, 1, 0),
    problem(3, 4, 8, 0, 1),
    problem(4, 0, 8, 2, 0),
    problem(5, 0, 0, 0, 0, 8),
  ]);
  const after = evaluation("b", [
    problem(4, 8, 8),
    problem(3, 3, 8, 5, 1),
    problem(2, 4, 8, 4, 0),
    problem(1, 8, 8),
    problem(5, 8, 8),
  ]);
  /** B mends every wrong attempt of problem 2, one without its sections, and none of problem 4. */
  const crossed = before.problems.flatMap(({ problem, lifts }) =>
    lifts.map(({ attemptId }, i) => ({
      ...{ id: attemptId, attemptId, modelId: "b", sample: 0, text: "", analysis: "", correctedSolution: "" },
      ...{ answer: null, reason: "", createdAt: "", parsed: i > 0 },
      verdict: problem.rowId === 2 ? ("correct" as const) : ("incorrect" as const),
    })),
  );
  const compared = compareEvaluations(before, after, crossed, "set.jsonl");

  it("counts a problem as solved from half of its scored samples on, largest change first", () => {
    expect(compared.fixed.map((one) => one.problemRowId)).toEqual([4, 2]);
    expect(compared.regressed.map((one) => one.problemRowId)).toEqual([3]);
    // Problem 5 has nothing scored under one model: it is in no cell.
    expect(compared.table).toEqual({ both: 1, onlyA: 1, onlyB: 2, neither: 0 });
    expect(compared.mcnemarP).toBeCloseTo(1);
    expect(compared.unscored).toEqual({ a: 8, b: 0 });
    expect(compared.fixed[0]).toEqual({
      ...{ problemRowId: 4, problem: "Problem 4", gold: "1" },
      a: { correct: 0, scored: 8, attemptIds: [40] },
      b: { correct: 8, scored: 8, attemptIds: [40] },
    });
  });

  it("pairs problems whatever their order, and leaves out what is not scored", () => {
    expect(compared.passAt1.a).toMatchObject({ value: (8 + 3 + 4 + 0) / 32, n: 4 });
    expect(compared.passAt1.difference).toMatchObject({ value: (0 + 1 - 1 + 8) / 32, n: 4 });
  });

  it("says how many corrections nobody could score", () => {
    const open = crossed.map((one, i) => ({ ...one, verdict: i < 3 ? ("unscored" as const) : one.verdict }));
    expect(compareEvaluations(before, after, open, "s").unscoredFixes).toEqual({ a: 0, b: 3 });
  });

  it("pairs every difference by problem", () => {
    for (const { a, b, difference } of [compared.accT2, compared.fixRate, compared.retryRate]) {
      expect(difference.value).toBeCloseTo(b.value - a.value);
    }
  });

  it("counts fix and retry over wrong attempts, and the second attempt over all", () => {
    expect(compared.fixRate.a).toMatchObject({ value: 3 / 17, n: 17 });
    expect(compared.retryRate.a).toMatchObject({ value: 1 / 17, n: 17 });
    expect(compared.accT2.a).toMatchObject({ value: 18 / 32, n: 32 });
    // Model B on A's wrong attempts: the same denominator. Its retry is its share of right ones per problem.
    expect(compared.fixRate.b).toMatchObject({ value: 4 / 17, n: 17 });
    expect(compared.retryRate.b).toMatchObject({ value: (5 * 0.5 + 4 * 0.375 + 8 * 1) / 17, n: 17 });
    expect(compared.own.fixRate).toMatchObject({ value: 9 / 9, n: 9 });
    expect(compared.own.retryRate).toMatchObject({ value: 1 / 9, n: 9 });
    for (const { a, b } of [compared.fixRate, compared.retryRate, compared.accT2]) {
      for (const { low, value, high } of [a, b]) expect(low <= value && value <= high).toBe(true);
    }
  });
});

describe("kept comparisons", () => {
  it("come back newest first; what is none of ours is passed over", async () => {
    const workspace = mkdtempSync(join(tmpdir(), "errata-comparisons-"));
    try {
      expect(await keptComparisons(workspace)).toEqual([]);
      const folder = join(workspace, ".errata", "comparisons");
      mkdirSync(folder, { recursive: true });
      const one = compareEvaluations(
        evaluation("a", [problem(1, 8, 8)]),
        evaluation("b", [problem(1, 0, 8)]),
        [],
        "s",
      );
      const keep = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
      keep("older.json", { ...one, createdAt: "2026-01-01T00:00:00.000Z" });
      keep("newer.json", { ...one, createdAt: "2026-02-01T00:00:00.000Z" });
      keep("foreign.json", { modelA: "a", modelB: "b" });
      keep("list.json", [1, 2]);
      writeFileSync(join(folder, "broken.json"), "{");
      const found = await keptComparisons(workspace);
      expect(found.map(({ createdAt }) => createdAt.slice(0, 7))).toEqual(["2026-02", "2026-01"]);
      expect(found[0]?.regressed).toHaveLength(1);
    } finally {
      rmSync(workspace, { recursive: true, force: true });
    }
  });
});

describe("the demo's report", () => {
  const figure = (value: number, n = 100): Figure => ({ value, low: value - 0.05, high: value + 0.05, n });
  const made = (fix: [number, number]): DemoReport => {
    const intervals = Object.fromEntries(
      RATES.map((rate) => [rate, { before: figure(0.3), after: figure(0.3), difference: figure(0) }]),
    ) as DemoReport["intervals"];
    const difference = figure(fix[1] - fix[0]);
    intervals.fixRate = { before: figure(fix[0]), after: figure(fix[1]), difference };
    const values = Object.fromEntries(
      RATES.map((rate) => [rate, { before: 0.3, after: 0.3 }]),
    ) as unknown as DemoReport;
    const changed = { problem: "Solve for $x$: $\\frac{x+2}{4}-1=2$", ...{ attemptIds: [] } };
    const side = (correct: number) => ({ correct, scored: 8, attemptIds: [] });
    return {
      ...values,
      ...{ backend: "cpu", problems: 10, attempts: 80, correct: 20, inPool: 9, reflections: 9 },
      ...{ fixed: 1, regressed: 0, mcnemarP: 0.0004, tokensPerSecond: 1234, heldout: 10, group: 8 },
      ...{ model: "demo-base", trained: "scrpo-01", workspace: "/w", intervals },
      seconds: { sample: 3, train: 65 },
      run: { steps: 60, method: "scrpo", id: "scrpo-01" },
      own: { fixRate: figure(0.2), retryRate: figure(0.2), diagnosis: figure(0.2) },
      pool: { fixRate: figure(0.4), retryRate: figure(0.2) },
      examples: {
        fixed: [{ ...changed, a: side(1), b: side(7) }],
        regressed: [],
        reflection: { problem: "Solve $2x=4$", gold: "2", wrong: "$x=3$", before: "no", after: "yes" },
      },
    };
  };

  it("claims a better fix rate only when the paired difference is above zero", () => {
    expect(claim(made([0.3, 0.6]))).toContain("60 % instead of 30 %");
    expect(claim(made([0.3, 0.6]))).toContain("more than a fresh attempt gives (30 %)");
    const retried = made([0.3, 0.6]);
    retried.intervals.retryRate.after = figure(0.58);
    expect(claim(retried)).toContain("these figures do not tell");
    expect(claim(made([0.3, 0.34]))).toContain("did not clearly rise");
    for (const report of [made([0.3, 0.6]), made([0.3, 0.34])]) {
      expect(claim(report)).toContain("No claim is made that ScRPO is better at first attempts");
    }
  });

  it("shows every figure with its interval, in at most 90 columns, coloured only when asked", () => {
    const text = terminalReport(made([0.3, 0.6]));
    expect(text).not.toContain("\x1b");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(90);
    expect(text).toContain("█".repeat(10) + "▓".repeat(2) + "░".repeat(2));
    expect(text).toContain("(x+2)/4-1=2");
    expect(text).toContain("1/8 → 7/8");
    expect(text).toContain("p = 4.0e-4");
    expect(text).toContain("1 min 05 s");
    const markdown = markdownReport(made([0.3, 0.6]));
    expect(markdown).toContain("60.0 % [55.0, 65.0], n = 100 | 30.0 [25.0, 35.0] |");
    expect(text).toContain("+30.0 [+25.0, +35.0]");
    // A bar within a cell would end it.
    const rows = markdown.split("\n").filter((line) => line.startsWith("| ") && line.includes("n = "));
    expect(rows).toHaveLength(RATES.length);
    expect(rows.every((row) => row.split(/(?<!\\)\|/).length === 6)).toBe(true);
  });
});
