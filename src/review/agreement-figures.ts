/**
 * How far people agree beyond chance, from tables of counts. Every coefficient is (observed − chance) / (1 − chance).
 *
 * κ: Cohen 1960; weighted: Cohen 1968. AC1 and AC2: Gwet 2008 (and Gwet, Handbook of Inter-Rater Reliability, ch. 2-3).
 * α: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".
 */
import type { AgreementFigure } from "../protocol/agreement.js";
import { quantile, seededRandom, wilson } from "../protocol/statistics.js";

/** What was observed and what chance would give, both 0..1; or why the coefficient is not defined. */
export type Coefficient = { observed: number; chance: number } | { why: string };

/** Of `k` categories: `table[i * k + j]` counts items that one calls `i` and the other `j`. */
export interface Table {
  k: number;
  cells: Float64Array;
}

/** Weight of a pair of categories, 0..1: 1 where they are the same. */
export type Weights = (i: number, j: number, k: number) => number;
export const nominal: Weights = (i, j) => (i === j ? 1 : 0);
/** 1 − (i − j)² / (k − 1)²: one step apart counts little, the ends of the scale fully. */
export const quadratic: Weights = (i, j, k) => (k < 2 ? nominal(i, j, k) : 1 - (i - j) ** 2 / (k - 1) ** 2);

const NOTHING: Coefficient = { why: "nobody judged the same item" };

export function percent({ k, cells }: Table): Coefficient {
  const n = total(cells);
  return n === 0 ? NOTHING : { observed: agreed(cells, k, nominal) / n, chance: 0 };
}

/** Cohen's kappa: chance is the product of each person's own shares. */
export function kappa({ k, cells }: Table, weights: Weights = nominal): Coefficient {
  const n = total(cells);
  if (n === 0) return NOTHING;
  const { rows, columns } = margins(cells, k);
  let chance = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      chance += (weights(i, j, k) * (rows[i] ?? 0) * (columns[j] ?? 0)) / (n * n);
    }
  }
  if (1 - chance < 1e-12) return { why: "both said the same on every item: kappa is undefined" };
  return { observed: agreed(cells, k, weights) / n, chance };
}

/**
 * Gwet's AC1, with `quadratic` weights AC2: chance is (Σ weights) / (k (k − 1)) · Σ π(1 − π), π the mean share of a
 * category. Stays near the percent agreement where nearly everything falls into one category, where kappa collapses.
 */
export function gwet({ k, cells }: Table, weights: Weights = nominal): Coefficient {
  const n = total(cells);
  if (n === 0) return NOTHING;
  if (k < 2) return { why: "there is only one thing to say" };
  const { rows, columns } = margins(cells, k);
  let all = 0;
  let spread = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) all += weights(i, j, k);
    const share = ((rows[i] ?? 0) + (columns[i] ?? 0)) / (2 * n);
    spread += share * (1 - share);
  }
  return { observed: agreed(cells, k, weights) / n, chance: (all / (k * (k - 1))) * spread };
}

/**
 * Krippendorff's alpha of a coincidence table (each item of m words gives its m (m − 1) ordered pairs, each weighing
 * 1 / (m − 1)), with squared distances for `quadratic` and plain ones otherwise.
 */
export function alpha({ k, cells }: Table, weights: Weights = nominal): Coefficient {
  const n = total(cells);
  if (n < 2) return NOTHING;
  const { rows } = margins(cells, k);
  let disagreement = 0;
  let expected = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      const distance = 1 - weights(i, j, k);
      disagreement += (distance * (cells[i * k + j] ?? 0)) / n;
      expected += (distance * (rows[i] ?? 0) * (rows[j] ?? 0)) / (n * (n - 1));
    }
  }
  if (expected < 1e-12) return { why: "everybody said the same on every item: alpha is undefined" };
  return { observed: 1 - disagreement, chance: 1 - expected };
}

export function coefficient(of: Coefficient): number | null {
  return "why" in of ? null : (of.observed - of.chance) / (1 - of.chance);
}

const total = (cells: Float64Array): number => cells.reduce((sum, count) => sum + count, 0);

function agreed(cells: Float64Array, k: number, weights: Weights): number {
  let sum = 0;
  for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) sum += weights(i, j, k) * (cells[i * k + j] ?? 0);
  return sum;
}

function margins(cells: Float64Array, k: number): { rows: Float64Array; columns: Float64Array } {
  const rows = new Float64Array(k);
  const columns = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < k; j++) {
      const count = cells[i * k + j] ?? 0;
      rows[i] = (rows[i] ?? 0) + count;
      columns[j] = (columns[j] ?? 0) + count;
    }
  }
  return { rows, columns };
}

/** Weights that the items of each problem put into the cells of one or more tables laid end to end. */
export class Tally {
  private readonly problems = new Map<number, { cell: number; weight: number }[]>();
  items = 0;

  constructor(readonly size: number) {}

  get count(): number {
    return this.problems.size;
  }

  add(problem: number, cells: readonly { cell: number; weight: number }[]): void {
    const known = this.problems.get(problem);
    if (known) known.push(...cells);
    else this.problems.set(problem, [...cells]);
    this.items++;
  }

  /** Flat, for thousands of resamples: cells of problem p are `cell[start[p]]` up to `cell[start[p + 1]]`. */
  flat(): { start: Int32Array; cell: Int32Array; weight: Float64Array } {
    // By problem: in whatever order the words came, the same draws fall on the same problems.
    const lists = [...this.problems].sort(([a], [b]) => a - b).map(([, list]) => list);
    const start = new Int32Array(lists.length + 1);
    lists.forEach((list, p) => {
      start[p + 1] = (start[p] ?? 0) + list.length;
    });
    const all = lists.flat();
    return {
      start,
      cell: Int32Array.from(all, ({ cell }) => cell),
      weight: Float64Array.from(all, ({ weight }) => weight),
    };
  }
}

/** Lets others run when this has had the thread for a while: the editor's process must never stand still. */
export class Breath {
  private since = performance.now();
  constructor(
    private readonly signal?: AbortSignal,
    private readonly longest = 10,
  ) {}

  /** Milliseconds are looked at, and the thread given away, no more often than needed. */
  get due(): boolean {
    return performance.now() - this.since > this.longest;
  }

  async take(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.signal?.throwIfAborted();
    this.since = performance.now();
  }
}

export interface Resampling {
  resamples: number;
  seed: number;
  breath: Breath;
}

/**
 * Each coefficient of the summed cells with its 95 % percentile interval over resamples of problems: items of one
 * problem are not independent. The same seed gives the same draws to every row. Where every resample gives the same
 * value the bootstrap would claim certainty: Wilson's interval of the percentage over the problems stands in, carried
 * through the coefficient at the chance that was found. No interval where most resamples leave it undefined.
 */
export async function withIntervals(
  tally: Tally,
  coefficients: readonly ((cells: Float64Array) => Coefficient)[],
  { resamples, seed, breath }: Resampling,
): Promise<AgreementFigure[]> {
  await breath.take();
  const { start, cell, weight } = tally.flat();
  const problems = tally.count;
  const sums = new Float64Array(tally.size);
  const put = (problem: number): void => {
    for (let i = start[problem] ?? 0; i < (start[problem + 1] ?? 0); i++) {
      const at = cell[i] ?? 0;
      sums[at] = (sums[at] ?? 0) + (weight[i] ?? 0);
    }
  };
  for (let problem = 0; problem < problems; problem++) put(problem);
  const found = coefficients.map((of) => of(sums));
  const drawn = coefficients.map(() => new Float64Array(resamples).fill(Number.NaN));
  const random = seededRandom(seed);
  for (let draw = 0; draw < resamples && problems > 1; draw++) {
    if (breath.due) await breath.take();
    sums.fill(0);
    for (let i = 0; i < problems; i++) put(Math.floor(random() * problems));
    coefficients.forEach((of, which) => {
      const value = coefficient(of(sums));
      const draws = drawn[which];
      if (value !== null && draws) draws[draw] = value;
    });
  }
  return found.map((of, which) => interval(of, drawn[which] ?? new Float64Array(), problems));
}

function interval(of: Coefficient, drawn: Float64Array, problems: number): AgreementFigure {
  const value = coefficient(of);
  if (value === null || "why" in of) {
    return { value: null, low: null, high: null, why: "why" in of ? of.why : null };
  }
  if (problems < 2) return { value, low: null, high: null, why: "one problem gives no interval" };
  const defined = drawn.filter((draw) => !Number.isNaN(draw)).sort();
  if (2 * defined.length < drawn.length) {
    return { value, low: null, high: null, why: "it is undefined in most resamples" };
  }
  const [low, high] = [quantile(defined, 0.025), quantile(defined, 0.975)];
  if (high - low > 1e-12) return { value, low, high, why: null };
  const share = wilson(of.observed * problems, problems);
  const at = (observed: number): number => (observed - of.chance) / (1 - of.chance);
  return { value, low: Math.min(value, at(share.low)), high: Math.max(value, at(share.high)), why: null };
}
