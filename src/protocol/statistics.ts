/** What every interval of the house rests on: seeded random numbers, Wilson's interval, percentiles. */
import type { Figure } from "./comparison.js";

/** Two-sided 95 % quantile of the standard normal distribution. */
const Z95 = 1.959963984540054;

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

/** Linear interpolation between order statistics (R's type 7) of sorted numbers. */
export function quantile(sorted: Float64Array, q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
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

/** For which k pass@k is told of `n` samples: 1, 2, 4, … and n. */
export function passSteps(n: number): number[] {
  const ks: number[] = [];
  for (let k = 1; k < n; k *= 2) ks.push(k);
  return [...ks, n];
}
