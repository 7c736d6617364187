import { describe, expect, test } from "vitest";
import { hashTokens, philox, uniform } from "../../src/inference/decode/random.js";
import { Sampler, type Shape } from "../../src/inference/decode/sampler.js";

const V = 40;
/** Some logits with no ties, and one that is far above none. */
const LOGITS = Float32Array.from({ length: V }, (_, v) => 3 * Math.sin(v * 1.7) + 0.05 * v);

/** The distribution that the options ask for, computed the plain way: sort everything, cut, normalise. */
function expected({ temperature, topK, topP }: Shape): number[] {
  const weights = Array.from(LOGITS, (l) => Math.exp(l / temperature));
  const order = weights.map((_, v) => v).sort((a, b) => (weights[b] ?? 0) - (weights[a] ?? 0));
  const kept = order.slice(0, topK || V);
  const all = kept.reduce((sum, v) => sum + (weights[v] ?? 0), 0);
  let sum = 0;
  const nucleus = kept.filter((v) => {
    const inside = topP >= 1 || sum < topP * all;
    sum += weights[v] ?? 0;
    return inside;
  });
  const total = nucleus.reduce((s, v) => s + (weights[v] ?? 0), 0);
  return weights.map((w, v) => (nucleus.includes(v) ? w / total : 0));
}

/** Upper 0.1 % point of chi-square with `df` degrees of freedom (Wilson and Hilferty 1931). */
function critical(df: number): number {
  return df * (1 - 2 / (9 * df) + 3.0902 * Math.sqrt(2 / (9 * df))) ** 3;
}

describe("the sampler's distribution", () => {
  const shapes: Shape[] = [
    { temperature: 1, topK: 0, topP: 1 },
    { temperature: 0.6, topK: 0, topP: 1 },
    { temperature: 1.7, topK: 0, topP: 1 },
    { temperature: 1, topK: 7, topP: 1 },
    { temperature: 1, topK: 0, topP: 0.8 },
    { temperature: 0.8, topK: 12, topP: 0.9 },
    { temperature: 1.3, topK: 39, topP: 0.99 },
  ];
  test.each(shapes)("passes a chi-square test at %j", (shape) => {
    const sampler = new Sampler(V);
    const N = 40_000;
    const counts = new Array<number>(V).fill(0);
    for (let i = 0; i < N; i++) {
      const { token } = sampler.sample(LOGITS, 0, shape, uniform(7, [1, 2], i, 3));
      counts[token] = (counts[token] ?? 0) + 1;
    }
    const wanted = expected(shape);
    // Cells that expect fewer than 5 are put together.
    let chi = 0;
    let cells = -1;
    let restWanted = 0;
    let restCount = 0;
    wanted.forEach((p, v) => {
      const count = counts[v] ?? 0;
      if (p === 0) expect(count, `token ${v} is cut off`).toBe(0);
      if (p * N < 5) {
        restWanted += p * N;
        restCount += count;
      } else {
        chi += (count - p * N) ** 2 / (p * N);
        cells++;
      }
    });
    if (restWanted >= 5) {
      chi += (restCount - restWanted) ** 2 / restWanted;
      cells++;
    }
    expect(chi).toBeLessThan(critical(cells));
  });

  test("greedy takes the first of the largest, and the log-probability is the model's own", () => {
    const logits = Float32Array.from([9, 9, 0.5, 2, 2, 0]);
    const sampler = new Sampler(4);
    const pick = sampler.sample(logits, 2, { temperature: 0, topK: 1, topP: 0.1 }, 0.99);
    const total = [0.5, 2, 2, 0].reduce((sum, l) => sum + Math.exp(l), 0);
    expect(pick.token).toBe(1);
    expect(pick.logprob).toBeCloseTo(2 - Math.log(total), 6);
  });

  test("a vocabulary far larger than the nucleus is cut exactly", () => {
    const size = 50_000;
    // Falling by a hair from one token to the next: the nucleus is thousands of tokens wide.
    const slope = Float32Array.from({ length: size }, (_, v) => -1e-4 * v);
    const sampler = new Sampler(size);
    const last = sampler.sample(slope, 0, { temperature: 1, topK: 10, topP: 1 }, 0.999_999).token;
    expect(last).toBe(9);
    const nucleus = sampler.sample(slope, 0, { temperature: 1, topK: 0, topP: 0.5 }, 0.999_999).token;
    // Half of the geometric sum: 1 - q^n = (1 - q^size) / 2.
    const half = -Math.log(1 - (1 - Math.exp(-1e-4 * size)) / 2) / 1e-4;
    expect(Math.abs(nucleus - half)).toBeLessThan(5);
  });

  test("equals of the last token kept stay", () => {
    const sampler = new Sampler(4);
    const tied = Float32Array.of(1, 1, 1, 0);
    expect(sampler.sample(tied, 0, { temperature: 1, topK: 2, topP: 1 }, 0.99).token).toBe(2);
  });

  test("damaged logits are refused", () => {
    const sampler = new Sampler(2);
    expect(() =>
      sampler.sample(Float32Array.of(Number.NaN, Number.NaN), 0, { temperature: 1, topK: 0, topP: 1 }, 0.5),
    ).toThrow(/not a number/);
  });
});

describe("random numbers", () => {
  test("Philox4x32-10 gives the published words", () => {
    // Known answers of the Random123 library (kat_vectors).
    expect(philox(0, 0, 0, 0, 0, 0)).toBe(0x6627e8d5);
    const f = 0xffffffff;
    expect(philox(f, f, f, f, f, f)).toBe(0x408f276d);
    expect(philox(0xa4093822, 0x299f31d0, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344)).toBe(0xd16cfe09);
  });

  test("each of seed, prompt, sample and position makes another number", () => {
    const prompt = hashTokens([3, 1, 4]);
    const all = [
      uniform(1, prompt, 0, 0),
      uniform(2, prompt, 0, 0),
      uniform(1, hashTokens([3, 4, 1]), 0, 0),
      uniform(1, prompt, 1, 0),
      uniform(1, prompt, 0, 1),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(uniform(1, prompt, 0, 0)).toBe(all[0]);
    for (const u of all) expect(u >= 0 && u < 1 && Math.fround(u) === u).toBe(true);
  });
});
