import type { Change } from "../../protocol/comparison.js";
import type { Verdict } from "../../protocol/types.js";
import {
  bootstrapMean,
  bootstrapRatio,
  pairedDifference,
  pairedRatioDifference,
  type Score,
} from "../statistics.js";

/**
 * For each problem (row id), the sum of what `of` says of its items and how many there are; null leaves the
 * denominator. True counts as 1.
 */
export function tally<T extends { problemId: number }>(
  problems: readonly number[],
  items: readonly T[],
  of: (item: T) => number | boolean | null,
): Score[] {
  const scores = new Map(problems.map((id) => [id, { correct: 0, scored: 0 }]));
  for (const item of items) {
    const value = of(item);
    const score = scores.get(item.problemId);
    if (value === null || !score) continue;
    score.correct += Number(value);
    score.scored++;
  }
  return problems.map((id) => scores.get(id) ?? { correct: 0, scored: 0 });
}

/**
 * Mean over problems of each problem's share, under both models, on the problems that have one under both. `n` is the
 * number of problems. For shares that may be negative (Δ) `signed` takes each model's own interval from the difference
 * against zero.
 */
export function meanChange(a: readonly Score[], b: readonly Score[], signed = false): Change {
  const both = a.flatMap((score, i) => {
    const other = b[i];
    return other && score.scored > 0 && other.scored > 0 ? [{ a: rate(score), b: rate(other) }] : [];
  });
  const [x, y] = [both.map((pair) => pair.a), both.map((pair) => pair.b)];
  const zero = both.map(() => 0);
  const figure = (values: number[]) => (signed ? pairedDifference(zero, values) : bootstrapMean(values));
  return { a: figure(x), b: figure(y), difference: pairedDifference(x, y) };
}

/** Two ratios Σ/Σ over the same problems, and their difference. `n` is the number of scored items of each model. */
export function ratioChange(a: readonly Score[], b: readonly Score[]): Change {
  return { a: bootstrapRatio(a), b: bootstrapRatio(b), difference: pairedRatioDifference(a, b) };
}

export const isScored = (verdict: Verdict): boolean => verdict !== "unscored";
export const isRight = (verdict: Verdict): boolean => verdict === "correct";

function rate({ correct, scored }: Score): number {
  return correct / scored;
}
