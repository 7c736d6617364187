import type { PoolFilter } from "../protocol/types.js";

/** A group needs so many scored attempts before a filter may decide on it (docs/methods.md). */
export const MIN_SCORED = 4;

/** Allows for the last digit of a quotient: 12/16 is at least 0.75. */
const EPSILON = 1e-9;

/**
 * Does the filter keep a group of `scored` attempts of which `correct` are right? Variance is p(1-p) over its
 * largest value at that number of attempts (docs/methods.md, ScRPO stage 1): k(n-k) / (⌊n/2⌋⌈n/2⌉).
 */
export function keeps(filter: PoolFilter, correct: number, scored: number): boolean {
  if (filter.kind === "all") return true;
  if (scored < MIN_SCORED) return false;
  const p = correct / scored;
  switch (filter.kind) {
    case "variance": {
      const largest = Math.floor(scored / 2) * Math.ceil(scored / 2);
      return correct * (scored - correct) >= filter.min * largest - EPSILON;
    }
    case "mixed":
      return correct > 0 && correct < scored;
    case "band":
      return p >= filter.low - EPSILON && p <= filter.high + EPSILON;
  }
}

/** Which numbers of successes a filter keeps at group size G, for people: [2, 3, 4, 5, 6] at the default and 8. */
export function keptSuccesses(filter: PoolFilter, group: number): number[] {
  return Array.from({ length: group + 1 }, (_, k) => k).filter((k) => k < group && keeps(filter, k, group));
}

/** The same decision in SQL, over columns `correct` and `scored` of the table named `g`. Numbers only: no quoting. */
export function keepsSql(filter: PoolFilter): string {
  if (filter.kind === "all") return "1";
  const enough = `g.scored >= ${MIN_SCORED}`;
  switch (filter.kind) {
    case "variance":
      return `${enough} AND g.correct * (g.scored - g.correct) >= ${real(filter.min)} * (g.scored / 2) * ((g.scored + 1) / 2) - ${EPSILON}`;
    case "mixed":
      return `${enough} AND g.correct > 0 AND g.correct < g.scored`;
    case "band":
      return `${enough} AND g.correct >= (${real(filter.low)} - ${EPSILON}) * g.scored AND g.correct <= (${real(filter.high)} + ${EPSILON}) * g.scored`;
  }
}

/** A finite number as a SQL real. */
function real(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`A filter's bound must be a number, not ${value}`);
  return value.toExponential();
}
