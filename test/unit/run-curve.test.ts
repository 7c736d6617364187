import { describe, expect, it } from "vitest";
import {
  bandsOf,
  curveOf,
  downsample,
  extended,
  type RunPoint,
  smooth,
  xAtStep,
} from "../../src/protocol/run-curve.js";
import { scrpoStep } from "./run.fixture.js";

const points = (n: number, from = 1): RunPoint[] =>
  Array.from({ length: n }, (_, i) => ({
    type: "metrics" as const,
    time: i,
    step: from + i,
    elapsed: 2 * (from + i),
    stage: (from + i - 1) % 10 < 6 ? ("trial" as const) : ("correction" as const),
    reward: i,
    accuracy: 0.5,
    ...(i % 2 === 0 ? { kl: 1 } : {}),
  }));

describe("downsampling", () => {
  it("leaves short runs alone", () => {
    const few = points(100);
    expect(downsample(few, 200)).toEqual({ points: few, averaged: 1 });
  });

  it("keeps the bound, the order, the last step and one stage a point", () => {
    const { points: out, averaged } = downsample(points(20_000), 5000);
    expect(out.length).toBeLessThanOrEqual(5000);
    expect(averaged).toBeGreaterThan(1);
    expect(out.at(-1)?.step).toBe(20_000);
    for (let i = 1; i < out.length; i++) expect((out[i]?.step ?? 0) > (out[i - 1]?.step ?? 0)).toBe(true);
  });

  it("takes the mean of what was measured, and the last step's place", () => {
    const [first] = downsample(points(10), 4).points;
    expect(first).toMatchObject({ stage: "trial", reward: 2, kl: 1, step: 5, elapsed: 10 });
  });

  it("keeps a curve for each stage, however often they alternate", () => {
    const alternating = points(10_000).map(
      (p, i) => ({ ...p, stage: i % 2 ? "trial" : "correction" }) as RunPoint,
    );
    const out = downsample(alternating, 100).points;
    expect(out.length).toBeLessThanOrEqual(100);
    expect(out.filter((p) => p.stage === "trial").length).toBe(out.length / 2);
  });
});

describe("a curve that goes on", () => {
  it("is the same as one made at once, until it is thinned out", () => {
    const all = points(60);
    let curve = curveOf(all.slice(0, 3));
    for (const point of all.slice(3)) curve = extended(curve, [point]);
    expect(curve).toEqual(curveOf(all));
    expect(curve.bands).toEqual([1, 2, 3, 4, 5, 6].map((n) => [10 * n - 3, 10 * n]));
  });

  it("never holds much more than a screen shows", () => {
    let curve = curveOf([]);
    let most = 0;
    for (let i = 0; i < 50; i++) {
      curve = extended(curve, points(40, 1 + 40 * i), 200);
      most = Math.max(most, curve.points.length);
    }
    expect(most).toBeLessThanOrEqual(240);
    expect(curve.points.at(-1)?.step).toBe(2000);
    expect(curve.averaged).toBeGreaterThanOrEqual(8);
  });

  it("gives up shading where bands are too many", () => {
    expect(bandsOf(points(1000))).toHaveLength(100);
    expect(bandsOf(points(5000))).toBeNull();
  });
});

describe("places and smoothing", () => {
  it("finds a step between two points of another axis", () => {
    const some = [scrpoStep(10), scrpoStep(20)].map((p) => ({ ...p, elapsed: 3 * p.step }));
    expect(xAtStep(some, 15, "tokens")).toBe(15_000);
    expect(xAtStep(some, 15, "time")).toBe(45);
    expect(xAtStep(some, 15, "step")).toBe(15);
    expect(xAtStep(some, 99, "time")).toBe(60);
  });

  it("smooths as Adam does its means: a constant stays, gaps stay, zero weight changes nothing", () => {
    expect(smooth([2, 2, null, 2], 0.9)).toEqual([2, 2, null, 2].map((v) => v && expect.closeTo(v, 9)));
    const [, second] = smooth([0, 1], 0.5);
    expect(second).toBeCloseTo(2 / 3, 9);
    expect(smooth([1, 5], 0)).toEqual([1, 5]);
  });

  it("smooths each stage for itself", () => {
    const stages = ["trial", "correction", "trial", "correction"] as const;
    expect(smooth([1, 9, 1, 9], 0.9, stages)).toEqual([1, 9, 1, 9].map((v) => expect.closeTo(v, 9)));
  });
});
