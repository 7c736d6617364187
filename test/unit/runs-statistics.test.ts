import { describe, expect, it } from "vitest";
import { passAtK } from "../../src/protocol/statistics.js";
import {
  bootstrapMean,
  bootstrapRatio,
  mcnemarExact,
  pairedDifference,
  pairedRatioDifference,
  seededRandom,
  wilson,
} from "../../src/runs/statistics.js";

describe("wilson", () => {
  it("gives the published values", () => {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    const cases: [number, number, number, number][] = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ];
    for (const [successes, n, low, high] of cases) {
      const figure = wilson(successes, n);
      expect(figure.low).toBeCloseTo(low, 4);
      expect(figure.high).toBeCloseTo(high, 4);
      expect(figure.n).toBe(n);
    }
  });
  it("is exact at the ends and wide open where nothing was counted", () => {
    expect(wilson(0, 5).low).toBe(0);
    expect(wilson(5, 5).high).toBe(1);
    expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1, n: 0 });
  });
});

describe("bootstrap by problem", () => {
  const values = Array.from({ length: 100 }, (_, i) => (i % 10 < 3 ? 1 : i % 10 < 5 ? 0.5 : 0));

  it("repeats with its seed and changes with it", () => {
    expect(bootstrapMean(values)).toEqual(bootstrapMean(values));
    expect(bootstrapMean(values, { seed: 1, resamples: 25 })).not.toEqual(
      bootstrapMean(values, { seed: 2, resamples: 25 }),
    );
  });
  it("agrees with the normal approximation on a mean of 100 problems", () => {
    const figure = bootstrapMean(values, { resamples: 20000 });
    const mean = 0.4;
    const sd = Math.sqrt(values.reduce<number>((s, v) => s + (v - mean) ** 2, 0) / values.length);
    expect(figure.value).toBeCloseTo(mean, 12);
    expect(figure.n).toBe(100);
    expect(figure.low).toBeCloseTo(mean - (1.96 * sd) / 10, 2);
    expect(figure.high).toBeCloseTo(mean + (1.96 * sd) / 10, 2);
  });
  it("resamples clusters, so that identical attempts of one problem do not narrow the interval", () => {
    const one = bootstrapRatio(values.map((v) => ({ correct: v, scored: 1 })));
    const eight = bootstrapRatio(values.map((v) => ({ correct: 8 * v, scored: 8 })));
    expect(eight.n).toBe(800);
    expect(eight.low).toBeCloseTo(one.low, 12);
    expect(eight.high).toBeCloseTo(one.high, 12);
  });
  it("weights by scored attempts and leaves out clusters without one", () => {
    const figure = bootstrapRatio([
      { correct: 1, scored: 2 },
      { correct: 0, scored: 6 },
      { correct: 0, scored: 0 },
    ]);
    expect(figure.value).toBe(1 / 8);
    expect(figure.n).toBe(8);
  });
  it("never claims certainty because every problem scored alike", () => {
    const figure = bootstrapMean(new Array<number>(10).fill(0));
    expect(figure).toEqual({ ...wilson(0, 10), n: 10 });
    expect(figure.high).toBeGreaterThan(0.2);
    expect(bootstrapMean([])).toEqual({ value: 0, low: 0, high: 1, n: 0 });
  });
});

describe("a difference that is the same for every problem", () => {
  it("is no certainty: as wide as Wilson's bound on the share that could differ", () => {
    const { high: share } = wilson(0, 8);
    const [zeros, halves] = [new Array<number>(8).fill(0), new Array<number>(8).fill(0.5)];
    const found = pairedDifference(zeros, halves);
    expect(found).toEqual({ value: 0.5, low: 0.5 - share, high: 0.5 + share, n: 8 });
    expect(pairedDifference(zeros, new Array<number>(8).fill(1)).high).toBe(1);
    const [none, all] = [
      zeros.map(() => ({ correct: 0, scored: 2 })),
      zeros.map((_, i) => ({ correct: i + 1, scored: i + 1 })),
    ];
    expect(pairedRatioDifference(none, all)).toEqual({ value: 1, low: 1 - share, high: 1, n: 8 });
  });
});

describe("pairedDifference", () => {
  it("uses the pairing", () => {
    const random = seededRandom(7);
    const a = Array.from({ length: 200 }, () => random() * 0.8);
    const b = a.map((value) => value + 0.1);
    b[0] = (a[0] ?? 0) + 0.2;
    const figure = pairedDifference(a, b);
    expect(figure.value).toBeCloseTo(0.1005, 6);
    // Unpaired, the interval would be about ±0.045 wide.
    expect(figure.high - figure.low).toBeLessThan(0.01);
    expect(figure.low).toBeLessThanOrEqual(figure.value);
    expect(figure.high).toBeGreaterThanOrEqual(figure.value);
  });
  it("changes its sign with the order of the models", () => {
    const a = [0, 1, 0, 1, 1, 0, 0.5, 1];
    const b = [1, 1, 0, 1, 1, 1, 1, 0];
    expect(pairedDifference(a, b).value).toBe(-pairedDifference(b, a).value);
  });
  it("stays open where nothing differed, and refuses lists that do not pair", () => {
    const figure = pairedDifference([1, 0, 1], [1, 0, 1]);
    expect(figure.low).toBeLessThan(0);
    expect(figure.high).toBeGreaterThan(0);
    expect(() => pairedDifference([1], [1, 0])).toThrow(RangeError);
    expect(pairedDifference([], [])).toEqual({ value: 0, low: -1, high: 1, n: 0 });
  });
});

describe("passAtK", () => {
  it("is the share of k-subsets that hold a right sample, counted one by one", () => {
    for (let n = 1; n <= 7; n++)
      for (let c = 0; c <= n; c++)
        for (let k = 1; k <= n; k++) {
          let subsets = 0;
          let hits = 0;
          for (let bits = 0; bits < 1 << n; bits++) {
            const chosen = [...Array(n).keys()].filter((i) => bits & (1 << i));
            if (chosen.length !== k) continue;
            subsets++;
            if (chosen.some((i) => i < c)) hits++;
          }
          expect(passAtK(n, c, k)).toBeCloseTo(hits / subsets, 12);
        }
  });
  it("refuses more samples than there are", () => {
    expect(() => passAtK(4, 1, 5)).toThrow(RangeError);
  });
});

describe("mcnemarExact", () => {
  it("gives the binomial values", () => {
    expect(mcnemarExact(0, 0)).toBe(1);
    expect(mcnemarExact(5, 5)).toBe(1);
    expect(mcnemarExact(0, 6)).toBeCloseTo(2 / 64, 12);
    // 2 * (1 + 10 + 45) / 1024
    expect(mcnemarExact(2, 8)).toBeCloseTo(112 / 1024, 12);
    expect(mcnemarExact(8, 2)).toBe(mcnemarExact(2, 8));
  });
  it("does not underflow on thousands of discordant problems", () => {
    expect(mcnemarExact(2000, 2010)).toBeGreaterThan(0.8);
    expect(mcnemarExact(1900, 2100)).toBeCloseTo(0.0016492663751, 10);
  });
});

describe("pairedRatioDifference", () => {
  const a = Array.from({ length: 60 }, (_, i) => ({ correct: i % 3 === 0 ? 4 : 0, scored: 8 }));
  it("is the difference of the two ratios, with an interval narrower than that of unpaired ones", () => {
    const b = a.map(({ correct, scored }) => ({ correct: correct + 1, scored }));
    const { value, low, high, n } = pairedRatioDifference(a, b);
    expect(value).toBeCloseTo(1 / 8);
    expect(n).toBe(60);
    // Every cluster gains the same: pairing removes all of the spread between them.
    expect(high - low).toBeLessThan(1e-9);
    const apart = bootstrapRatio(a);
    expect(apart.high - apart.low).toBeGreaterThan(0.05);
  });
  it("weighs by what was scored, and covers zero when nothing changed", () => {
    const weighted = pairedRatioDifference(
      [
        { correct: 0, scored: 1 },
        { correct: 3, scored: 3 },
      ],
      [
        { correct: 1, scored: 1 },
        { correct: 0, scored: 1 },
      ],
    );
    expect(weighted.value).toBeCloseTo(1 / 2 - 3 / 4);
    const same = pairedRatioDifference(a, a);
    expect(same.value).toBe(0);
    expect(same.low).toBeLessThan(0);
    expect(same.high).toBeGreaterThan(0);
  });
  it("knows nothing without a denominator on either side, and refuses lists that do not pair", () => {
    expect(pairedRatioDifference([{ correct: 0, scored: 0 }], [{ correct: 1, scored: 1 }])).toEqual({
      ...{ value: 0, low: -1, high: 1, n: 0 },
    });
    expect(() => pairedRatioDifference(a, [])).toThrow(RangeError);
  });
});
