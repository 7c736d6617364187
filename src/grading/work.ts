/**
 * What one comparison may cost, counted and not timed, so that a verdict repeats on every machine. All items of a list
 * share it: most comparisons run in the extension host, where nothing else can stop them.
 */

/** Nothing here was decided: a number, a polynomial or the work for them grew past what an answer could be. */
export class TooLarge extends Error {}

/** A unit is well below a microsecond, so this is some tens of milliseconds; honest comparisons need a third of it at most. */
const ALLOWANCE = 40_000;

let left = Number.POSITIVE_INFINITY;

export function charge(units: number): void {
  left -= units;
  if (left < 0) throw new TooLarge();
}

/** Runs one comparison with an allowance of its own; `otherwise` is what comes out when it is used up. */
export function withAllowance<T>(compare: () => T, otherwise: T): T {
  const before = left;
  left = ALLOWANCE;
  try {
    const found = compare();
    // Whoever ran out of it on the way may have taken that for "no value".
    return left < 0 ? otherwise : found;
  } catch (error) {
    if (error instanceof TooLarge) return otherwise;
    throw error;
  } finally {
    left = before;
  }
}
