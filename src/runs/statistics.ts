/**
 * Intervals and tests behind every figure of the house. All intervals are 95 %, all randomness is seeded, so the
 * same attempts always give the same report.
 *
 * Nothing counted (`n: 0`) gives the widest interval there is rather than NaN, which JSON cannot carry.
 */
import type { Figure } from "../protocol/comparison.js";
import { quantile, seededRandom, wilson } from "../protocol/statistics.js";

export { seededRandom, wilson };

export interface BootstrapOptions {
  /** Resamples; default 2000. */
  resamples?: number;
  /** Default 0. */
  seed?: number;
}

/** Right and scored attempts of one problem (or any other cluster). */
export interface Score {
  correct: number;
  scored: number;
}

/**
 * Mean of one number in 0..1 per problem, with a percentile bootstrap by problem (samples of one problem are not
 * independent, problems are). `n` is the number of problems. Where every problem has the same value the bootstrap
 * would claim certainty; Wilson's interval over the problems stands in.
 */
export function bootstrapMean(values: readonly number[], options: BootstrapOptions = {}): Figure {
  return bootstrapRatio(
    values.map((value) => ({ correct: value, scored: 1 })),
    options,
  );
}

/**
 * Σ correct / Σ scored over clusters (problems), resampled by cluster: rates over attempts, such as the fix rate,
 * whose attempts come in groups. Clusters without a scored attempt are left out. `n` is Σ scored.
 */
export function bootstrapRatio(scores: readonly Score[], options: BootstrapOptions = {}): Figure {
  const used = scores.filter((score) => score.scored > 0);
  const correct = sum(used.map((score) => score.correct));
  const scored = sum(used.map((score) => score.scored));
  if (scored === 0) return { value: 0, low: 0, high: 1, n: 0 };
  const rates = used.map((score) => score.correct / score.scored);
  if (rates.every((rate) => rate === rates[0])) {
    const { low, high } = wilson((correct / scored) * used.length, used.length);
    return { value: correct / scored, low, high, n: scored };
  }
  const columns = [used.map((score) => score.correct), used.map((score) => score.scored)];
  const [low, high] = resample(columns, options, ([hits = 0, all = 0]) => hits / all);
  return { value: correct / scored, low, high, n: scored };
}

/**
 * Mean of `b[i] - a[i]` over the same problems, with a paired percentile bootstrap. Throws a RangeError when the
 * lists differ in length. Where every difference is the same the interval is Wilson's upper bound on the share of
 * problems that could differ, on both sides.
 */
export function pairedDifference(
  a: readonly number[],
  b: readonly number[],
  options: BootstrapOptions = {},
): Figure {
  if (a.length !== b.length) throw new RangeError(`paired lists differ: ${a.length} and ${b.length}`);
  const n = a.length;
  if (n === 0) return { value: 0, low: -1, high: 1, n: 0 };
  const differences = b.map((value, i) => value - (a[i] ?? 0));
  const value = sum(differences) / n;
  if (differences.every((difference) => difference === differences[0])) return alike(value, n);
  const [low, high] = resample([differences], options, ([total = 0]) => total / n);
  return { value, low, high, n };
}

/**
 * Σ b.correct / Σ b.scored − Σ a.correct / Σ a.scored, with a paired percentile bootstrap: `a[i]` and `b[i]` are of
 * the same cluster (problem) and are drawn together. Throws a RangeError when the lists differ in length. `n` is the
 * number of clusters with something scored on either side; without any on one side nothing is known.
 */
export function pairedRatioDifference(
  a: readonly Score[],
  b: readonly Score[],
  options: BootstrapOptions = {},
): Figure {
  if (a.length !== b.length) throw new RangeError(`paired lists differ: ${a.length} and ${b.length}`);
  const none = { correct: 0, scored: 0 };
  const pairs = a
    .map((score, i) => ({ a: score, b: b[i] ?? none }))
    .filter((pair) => pair.a.scored > 0 || pair.b.scored > 0);
  const [scoredA, scoredB] = [sum(a.map((score) => score.scored)), sum(b.map((score) => score.scored))];
  const n = pairs.length;
  if (scoredA === 0 || scoredB === 0) return { value: 0, low: -1, high: 1, n: 0 };
  const value =
    sum(b.map((score) => score.correct)) / scoredB - sum(a.map((score) => score.correct)) / scoredA;
  const same = (rates: readonly number[]) => rates.every((rate) => rate === rates[0]);
  const rates = (side: "a" | "b") =>
    pairs.flatMap((pair) => (pair[side].scored > 0 ? [pair[side].correct / pair[side].scored] : []));
  const paired = pairs.every((pair) => pair.a.correct === pair.b.correct && pair.a.scored === pair.b.scored);
  if (paired || (same(rates("a")) && same(rates("b")))) return alike(value, n);
  const columns = [
    pairs.map((pair) => pair.a.correct),
    pairs.map((pair) => pair.a.scored),
    pairs.map((pair) => pair.b.correct),
    pairs.map((pair) => pair.b.scored),
  ];
  // A resample without any denominator says nothing either way.
  const [low, high] = resample(
    columns,
    options,
    ([ca = 0, sa = 0, cb = 0, sb = 0]) => (sb > 0 ? cb / sb : 0) - (sa > 0 ? ca / sa : 0),
  );
  return { value, low, high, n };
}

/**
 * McNemar's exact test, two-sided: `onlyA` and `onlyB` are the problems that one model alone solves. Under the null
 * each falls either way with chance 1/2; p = min(1, 2 P(X <= min)), X ~ Bin(onlyA + onlyB, 1/2).
 */
export function mcnemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  const least = Math.min(onlyA, onlyB);
  // Logarithms: 2^-n underflows from n = 1075 on.
  let logTerm = -n * Math.LN2;
  let tail = 0;
  for (let i = 0; i <= least; i++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(n - i) - Math.log(i + 1);
  }
  return Math.min(1, 2 * tail);
}

/**
 * A difference that is the same for every problem: the bootstrap would claim certainty. Wilson's upper bound on the
 * share of problems that could differ stands on both sides.
 */
function alike(value: number, n: number): Figure {
  const { high: share } = wilson(0, n);
  const bound = Math.max(1, Math.abs(value));
  return { value, low: Math.max(-bound, value - share), high: Math.min(bound, value + share), n };
}

/** 2.5 % and 97.5 % percentiles of a statistic of the columns' sums over seeded resamples of their rows (clusters). */
function resample(
  columns: readonly (readonly number[])[],
  options: BootstrapOptions,
  statistic: (sums: readonly number[]) => number,
): [number, number] {
  const { resamples = 2000, seed = 0 } = options;
  const n = columns[0]?.length ?? 0;
  const picked = picksOf(n, resamples, seed);
  const rows = columns.map((column) => Float64Array.from(column));
  const draws = Float64Array.from({ length: resamples }, (_, draw) =>
    statistic(rows.map((row) => sumOf(row, picked, draw * n))),
  ).sort();
  return [quantile(draws, 0.025), quantile(draws, 0.975)];
}

/** Sum of the rows that one draw picked: its picks begin at `from`. */
function sumOf(row: Float64Array, picked: Uint32Array, from: number): number {
  let total = 0;
  for (let i = from; i < from + row.length; i++) total += row[picked[i] ?? 0] ?? 0;
  return total;
}

/** The last picks made, the newest last: a comparison asks for a hundred intervals over much the same problems. */
const made = new Map<string, Uint32Array>();
/** Numbers kept in all: 16 MB. */
const KEPT = 4_000_000;

/** Rows drawn with replacement, `resamples` times `n` of them, one draw after another. */
function picksOf(n: number, resamples: number, seed: number): Uint32Array {
  const key = `${n} ${resamples} ${seed}`;
  const known = made.get(key);
  if (known) return known;
  const random = seededRandom(seed);
  const picked = new Uint32Array(n * resamples);
  for (let i = 0; i < picked.length; i++) picked[i] = random() * n;
  made.set(key, picked);
  let kept = sum([...made.values()].map(({ length }) => length));
  for (const [oldest, { length }] of made) {
    if (kept <= KEPT) break;
    made.delete(oldest);
    kept -= length;
  }
  return picked;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
