import { describe, expect, it, test } from "vitest";
import type { Verdict } from "../../src/protocol/types.js";
import { alarmsOf } from "../../src/runs/metrics/alarms.js";
import { boundary, stateOf, variance } from "../../src/runs/metrics/boundary.js";
import { intrinsic } from "../../src/runs/metrics/intrinsic.js";
import { liftFigures } from "../../src/runs/metrics/lift.js";
import { passCurve } from "../../src/runs/metrics/pass-at-k.js";
import { verification } from "../../src/runs/metrics/verification.js";
import { seededRandom } from "../../src/runs/statistics.js";
import type { Evaluation } from "../../src/sampling/evaluate.js";
import type { LiftTurn, SecondTurn, VerificationTurn } from "../../src/sampling/second-turns.js";

const of8 = (...right: number[]) => right.map((correct) => ({ correct, scored: 8 }));
const inside = ({ low, value, high }: { low: number; value: number; high: number }) =>
  low <= value && value <= high;

describe("pass@k", () => {
  it("is unbiased for each k, and avg@G is pass@1", () => {
    // 1 of 4 right: pass@1 1/4, pass@2 1 - C(3,2)/C(4,2) = 1/2, pass@4 1. None of 4: 0.
    const a = [
      { correct: 1, scored: 4 },
      { correct: 0, scored: 4 },
    ];
    const b = [
      { correct: 4, scored: 4 },
      { correct: 0, scored: 4 },
    ];
    const { curve, average } = passCurve(a, b, 4);
    expect(curve.map(({ k }) => k)).toEqual([1, 2, 4]);
    expect(curve.map((one) => one.a.value)).toEqual([0.125, 0.25, 0.5]);
    expect(curve.map((one) => one.b.value)).toEqual([0.5, 0.5, 0.5]);
    expect(curve.map((one) => one.difference.value)).toEqual([0.375, 0.25, 0]);
    expect(average).toMatchObject({ k: 4, a: { value: 0.125, n: 2 }, b: { value: 0.5 } });
  });

  it("leaves out, at each k, problems with fewer scored samples under either model", () => {
    const [a, b] = [[...of8(4, 8), { correct: 2, scored: 3 }], of8(8, 8, 8)];
    const { curve } = passCurve(a, b, 8);
    expect(curve.map(({ k, a }) => [k, a.n])).toEqual([
      [1, 3],
      [2, 3],
      [4, 2],
      [8, 2],
    ]);
  });

  it.each([
    [1, [1]],
    [6, [1, 2, 4, 6]],
    [16, [1, 2, 4, 8, 16]],
  ])("at G = %i stands for k = %j", (group, ks) => {
    const none = [{ correct: 0, scored: group }];
    expect(passCurve(none, none, group).curve.map(({ k }) => k)).toEqual(ks);
  });
});

describe("the boundary", () => {
  const a = of8(0, 0, 4, 8, 2);
  const b = of8(0, 3, 8, 8, 1);
  const found = boundary(a, b);

  it("is where a problem is neither never nor always solved", () => {
    expect([0, 1, 7, 8].map((correct) => stateOf({ correct, scored: 8 }))).toEqual([
      ...["unsolved", "edge", "edge", "mastered"],
    ]);
    expect(variance({ correct: 2, scored: 8 })).toBe(0.1875);
  });

  it("moves problems between nine cells", () => {
    expect(found.migration).toEqual({
      unsolved: { unsolved: 1, edge: 1, mastered: 0 },
      edge: { unsolved: 0, edge: 1, mastered: 1 },
      mastered: { unsolved: 0, edge: 0, mastered: 1 },
    });
    expect(found.zeroVariance).toMatchObject({ a: { value: 0.6, n: 5 }, b: { value: 0.6 } });
    expect(found.states.edge.a.value).toBe(0.4);
    expect(found.states.mastered.difference.value).toBeCloseTo(0.2);
  });

  it("puts each problem in one bin of p(1-p)", () => {
    expect(found.histogram.map(({ above, upTo }) => [above, upTo])).toEqual([
      [0, 0],
      [0, 0.05],
      [0.05, 0.1],
      [0.1, 0.15],
      [0.15, 0.2],
      [0.2, 0.25],
    ]);
    expect(found.histogram.map((bin) => bin.a.value)).toEqual([0.6, 0, 0, 0, 0.2, 0.2]);
    expect(found.histogram.map((bin) => bin.b.value)).toEqual([0.6, 0, 0, 0.2, 0, 0.2]);
    for (const scored of [3, 7, 15, 16, 64]) {
      const every = Array.from({ length: scored + 1 }, (_, correct) => ({ correct, scored }));
      const total = boundary(every, every).histogram.reduce((sum, bin) => sum + bin.a.value, 0);
      expect(total).toBeCloseTo(1);
    }
  });
});

const look = (problemId: number, first: Verdict, second: Verdict, more: Partial<SecondTurn> = {}) => ({
  ...{ attemptId: 0, problemId, first, second, changed: first !== second, editRatio: 0 },
  ...more,
});

describe("intrinsic self-correction", () => {
  // Problem 1: c→c, c→i, i→c, i→i. Problem 2: i→c, i→truncated, and one that nobody can score.
  const a = [
    look(1, "correct", "correct"),
    look(1, "correct", "incorrect", { editRatio: 0.4 }),
    look(1, "incorrect", "correct", { editRatio: 0.4 }),
    look(1, "incorrect", "incorrect", { changed: true }),
    look(2, "incorrect", "correct", { editRatio: 0.6 }),
    look(2, "truncated", "truncated", { changed: null }),
    look(2, "unscored", "correct", { changed: null }),
  ];
  const b = [look(1, "correct", "correct"), look(2, "incorrect", "correct"), look(3, "correct", "correct")];
  const found = intrinsic([1, 2, 3], a, b);

  it("counts shares of all attempts, averaged over the problems that both models have", () => {
    expect(found.protocol).toBe("intrinsic");
    expect(found.accT1.a).toMatchObject({ value: (2 / 4 + 0) / 2, n: 2 });
    expect(found.accT2.a.value).toBe((2 / 4 + 1 / 2) / 2);
    expect(found.delta.a.value).toBe(0.25);
    expect(found.deltaIC.a.value).toBe((1 / 4 + 1 / 2) / 2);
    expect(found.deltaCI.a.value).toBe((1 / 4 + 0) / 2);
    expect(found.delta.b.value).toBe(0.5);
    expect(found.delta.difference.value).toBe(0.25);
    expect(found.changedAnswer.a.value).toBe((3 / 4 + 1) / 2);
    expect(found.editRatio.a.value).toBeCloseTo((0.8 / 4 + 0.6 / 3) / 2);
    expect(found.unscored).toEqual({ a: 1, b: 0 });
  });

  it("keeps S²R's conditional rates apart: of the wrong ones, of the right ones", () => {
    expect(found.conditional.icr.a).toMatchObject({ value: 2 / 4, n: 4 });
    expect(found.conditional.cir.a).toMatchObject({ value: 1 / 2, n: 2 });
    expect(found.conditional.cir.b).toMatchObject({ value: 0, n: 2 });
  });

  test("Δ = Acc@t2 − Acc@t1 = Δ i→c − Δ c→i, whatever was measured", () => {
    const verdicts: Verdict[] = ["correct", "incorrect", "truncated", "unscored"];
    for (let seed = 0; seed < 25; seed++) {
      const random = seededRandom(seed);
      const pick = () => verdicts[Math.floor(random() * verdicts.length)] ?? "correct";
      const problems = Array.from({ length: 1 + Math.floor(random() * 9) }, (_, i) => i);
      const turns = () =>
        problems.flatMap((id) =>
          Array.from({ length: Math.floor(random() * 6) }, () => look(id, pick(), pick())),
        );
      const any = intrinsic(problems, turns(), turns());
      for (const side of ["a", "b", "difference"] as const) {
        const { accT1, accT2, delta, deltaIC, deltaCI } = any;
        expect(delta[side].value).toBeCloseTo(deltaIC[side].value - deltaCI[side].value, 12);
        expect(delta[side].value).toBeCloseTo(accT2[side].value - accT1[side].value, 12);
        expect(inside(delta[side])).toBe(true);
      }
    }
  });
});

describe("verification", () => {
  const turn = (problemId: number, truth: Verdict, claim: VerificationTurn["claim"]): VerificationTurn => ({
    ...{ attemptId: 0, problemId, truth, claim },
  });
  const a = [
    turn(1, "correct", "right"),
    turn(1, "correct", "wrong"),
    turn(1, "incorrect", "wrong"),
    turn(2, "incorrect", "right"),
    turn(2, "truncated", "wrong"),
    turn(2, "correct", null),
    turn(2, "unscored", "right"),
  ];
  const found = verification([1, 2], a, [turn(1, "correct", "right")]);

  it("judges the judgements; what has no verdict is counted and leaves", () => {
    expect(found.accuracy.a).toMatchObject({ value: 3 / 5, n: 5 });
    expect(found.errorRecall.a).toMatchObject({ value: 2 / 3, n: 3 });
    expect(found.correctPrecision.a).toMatchObject({ value: 1 / 2, n: 2 });
    expect(found.unparsable.a).toMatchObject({ value: 1 / 7, n: 7 });
    expect(found.unparsableCount).toEqual({ a: 1, b: 0 });
    expect(found.unscored).toEqual({ a: 1, b: 0 });
  });

  it("says that nothing is known where nothing was counted", () => {
    expect(found.errorRecall.b).toEqual({ value: 0, low: 0, high: 1, n: 0 });
  });
});

describe("reflection lift", () => {
  const lift = (problemId: number, own: Verdict, neutral: Verdict, shuffled: Verdict | null): LiftTurn => ({
    ...{ attemptId: 0, problemId, own, neutral, shuffled },
  });

  it("is the fix rate with the analysis minus the one without, on the same attempts", () => {
    const found = liftFigures(
      [1, 2],
      [
        lift(1, "correct", "incorrect", "incorrect"),
        lift(1, "correct", "correct", "incorrect"),
        lift(2, "incorrect", "incorrect", "correct"),
        lift(2, "correct", "truncated", "incorrect"),
        lift(2, "correct", "unscored", "correct"),
      ],
    );
    expect(found.own).toMatchObject({ value: 3 / 4, n: 4 });
    expect(found.neutral.value).toBe(1 / 4);
    expect(found.shuffled?.value).toBe(1 / 4);
    expect(found.lift.value).toBe(1 / 2);
    expect(found.shuffleDrop?.value).toBe(1 / 2);
    expect(found.unscored).toBe(1);
  });

  it("stands without a shuffle where analyses cannot be shuffled", () => {
    const found = liftFigures([1], [lift(1, "correct", "incorrect", null)]);
    expect(found).toMatchObject({ shuffled: null, shuffleDrop: null, lift: { value: 1 } });
  });
});

describe("alarms", () => {
  const evaluation = (more: Partial<Evaluation>): Evaluation => ({
    ...{ modelId: "m", group: 4, problems: [], attempts: [], reflections: [] },
    ...{ made: 0, tokens: 0, seconds: 0, tokensPerSecond: 0, backend: null, notTaken: [] },
    lift: {
      protocol: "oracle-gated",
      attempts: [],
      reflection: { fixed: 0, scored: 0, unscored: 0 },
      retry: { fixed: 0, scored: 0, unscored: 0 },
    },
    ...more,
  });
  const looks = (changed: number, n: number) =>
    Array.from({ length: n }, (_, i) => look(i, "incorrect", "incorrect", { changed: i < changed }));
  const kinds = (more: Partial<Evaluation>) => alarmsOf(evaluation(more)).map(({ kind }) => kind);

  it.each([
    [0, 40, ["never-changes"]],
    [40, 40, ["always-changes"]],
    [1, 40, []],
    [20, 40, []],
    [0, 19, []],
  ])("%i of %i answers changed sounds %j", (changed, n, sounds) => {
    expect(kinds({ looks: looks(changed, n) })).toEqual(sounds);
  });

  it("sounds when success is unharmed by another problem's analysis, and not when it is harmed", () => {
    const lifts = (own: number, shuffled: number): LiftTurn[] =>
      Array.from({ length: 40 }, (_, i) => ({
        ...{ attemptId: i, problemId: i, neutral: "incorrect" as const },
        own: i % 10 < own ? "correct" : "incorrect",
        shuffled: i % 10 < shuffled ? "correct" : "incorrect",
      }));
    const problems = Array.from({ length: 40 }, (_, i) => i);
    const sound = (own: number, shuffled: number) =>
      alarmsOf(evaluation({}), liftFigures(problems, lifts(own, shuffled))).map(({ kind }) => kind);
    expect(sound(5, 5)).toEqual(["shuffle-unharmed"]);
    expect(sound(5, 2)).toEqual([]);
    expect(sound(0, 0)).toEqual([]);
  });

  it("reads the analyses: a final answer in them, the same for all, none that ends", () => {
    const attempts = Array.from({ length: 24 }, (_, id) => ({ id, problemId: id % 8 }));
    const said = (text: (id: number) => string, analysis: (id: number) => string) => ({
      attempts: attempts as Evaluation["attempts"],
      reflections: attempts.map(({ id }) => ({
        ...{ id, attemptId: id, text: text(id), analysis: analysis(id) },
      })) as Evaluation["reflections"],
    });
    const whole = (id: number) => `Analysis: line ${id}.\nCorrected Solution:\n$1$`;
    expect(kinds(said(whole, (id) => `line ${id}.`))).toEqual([]);
    expect(kinds(said(whole, (id) => `so \\boxed{${id}}`))).toEqual(["answer-in-analysis"]);
    expect(kinds(said(whole, () => "Check the signs."))).toEqual(["same-analysis"]);
    expect(
      kinds(
        said(
          (id) => `Analysis: ${id}`,
          () => "",
        ),
      ),
    ).toEqual(["unclosed"]);
  });
});
