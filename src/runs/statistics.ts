/**
 * Intervals and tests behind every figure of the house. All intervals are 95 %, all randomness is seeded, so the
 * same attempts always give the same report.
 *
 * Nothing counted (`n: 0`) gives the widest interval there is rather than NaN, which JSON cannot carry.
 */
import type { Figure } from "../protocol/comparison.js";

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z95 = 1.959963984540054;

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

/** Uniform numbers in [0, 1) from a 32-bit seed: mulberry32 (Tommy Ettinger, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Wilson's score interval (1927) of `successes` in `n` independent trials; `successes` may be fractional. */
export function wilson(successes: number, n: number): Figure {
  if (n <= 0) return { value: 0, low: 0, high: 1, n: 0 };
  const p = successes / n;
  const z2 = (Z95 * Z95) / n;
  const centre = (p + z2 / 2) / (1 + z2);
  const half = (Z95 * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n))) / (1 + z2);
  // At p = 0 and p = 1 the bound is p itself; rounding would leave it a hair off.
  return {
    value: p,
    low: p === 0 ? 0 : Math.max(0, centre - half),
    high: p === 1 ? 1 : Math.min(1, centre + half),
    n,
  };
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
  const [low, high] = resample(used.length, options, (pick) => {
    let hits = 0;
    let all = 0;
    for (let i = 0; i < used.length; i++) {
      const score = used[pick()];
      hits += score?.correct ?? 0;
      all += score?.scored ?? 0;
    }
    return hits / all;
  });
  return { value: correct / scored, low, high, n: scored };
}

/**
 * Mean of `b[i] - a[i]` over the same problems, with a paired percentile bootstrap. Throws a RangeError when the
 * lists differ in length. Where every difference is zero the interval is Wilson's upper bound on the share of
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
  if (differences.every((difference) => difference === 0)) {
    const { high } = wilson(0, n);
    return { value: 0, low: -high, high, n };
  }
  const [low, high] = resample(n, options, (pick) => {
    let total = 0;
    for (let i = 0; i < n; i++) total += differences[pick()] ?? 0;
    return total / n;
  });
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
  if (pairs.every((pair) => pair.a.correct === pair.b.correct && pair.a.scored === pair.b.scored)) {
    const { high } = wilson(0, n);
    return { value: 0, low: -high, high, n };
  }
  const [low, high] = resample(n, options, (pick) => {
    const total = { ca: 0, sa: 0, cb: 0, sb: 0 };
    for (let i = 0; i < n; i++) {
      const pair = pairs[pick()];
      total.ca += pair?.a.correct ?? 0;
      total.sa += pair?.a.scored ?? 0;
      total.cb += pair?.b.correct ?? 0;
      total.sb += pair?.b.scored ?? 0;
    }
    // A resample without any denominator says nothing either way.
    return (total.sb > 0 ? total.cb / total.sb : 0) - (total.sa > 0 ? total.ca / total.sa : 0);
  });
  return { value, low, high, n };
}

/**
 * Unbiased pass@k of one problem: the chance that at least one of `k` samples drawn without replacement from `n`,
 * of which `c` are right, is right: 1 - C(n-c, k) / C(n, k) (Chen et al., arXiv 2107.03374, section 2.1).
 * Throws a RangeError unless 1 <= k <= n and 0 <= c <= n.
 */
export function passAtK(n: number, c: number, k: number): number {
  if (!(k >= 1 && k <= n && c >= 0 && c <= n)) {
    throw new RangeError(`pass@${k} needs 1 <= k <= n and 0 <= c <= n, got n = ${n}, c = ${c}`);
  }
  if (n - c < k) return 1;
  let miss = 1;
  for (let i = n - c + 1; i <= n; i++) miss *= 1 - k / i;
  return 1 - miss;
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

/** 2.5 % and 97.5 % percentiles of `statistic` over seeded resamples of `n` clusters. */
function resample(
  n: number,
  options: BootstrapOptions,
  statistic: (pick: () => number) => number,
): [number, number] {
  const { resamples = 2000, seed = 0 } = options;
  const random = seededRandom(seed);
  const pick = () => Math.floor(random() * n);
  const draws = Float64Array.from({ length: resamples }, () => statistic(pick)).sort();
  return [quantile(draws, 0.025), quantile(draws, 0.975)];
}

/** Linear interpolation between order statistics (R's type 7) of sorted numbers. */
function quantile(sorted: Float64Array, q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
