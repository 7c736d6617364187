/** Sets of real numbers as exact, ordered ranges: whichever way they are written, the same set has the same ranges. */
import {
  approximate,
  constant,
  equalValues,
  hasDenominator,
  minus,
  plus,
  raise,
  times,
  type Value,
  variablesOf,
} from "./algebra.js";
import { rational } from "./rational.js";
import { asUnivariate, onlyRoot, type Univariate } from "./univariate.js";

export interface End {
  value: Value;
  size: number;
}
/** From `low` to `high`; null: without end. */
export interface Range {
  low: End | null;
  lowClosed: boolean;
  high: End | null;
  highClosed: boolean;
}
export type Sign = "<" | ">" | "\\le" | "\\ge" | "\\ne";

/** Two ends are too close for their order to be known. */
export class Unordered extends Error {}

export const ALL: Range = { low: null, lowClosed: false, high: null, highClosed: false };

/** Null: no real constant. */
export function endOf(value: Value): End | null {
  const size = approximate(value);
  return size === null ? null : { value, size };
}

export function point(end: End): Range {
  return { low: end, lowClosed: true, high: end, highClosed: true };
}

/** In order, apart from each other, none of them empty. Throws Unordered. */
export function union(ranges: readonly Range[]): Range[] {
  const real = ranges.filter((range) => !isEmpty(range));
  real.sort((a, b) => order(a.low, b.low, -1) || Number(b.lowClosed) - Number(a.lowClosed));
  const merged: Range[] = [];
  for (const range of real) {
    const last = merged.at(-1);
    if (!last || !touches(last, range)) {
      merged.push({ ...range });
      continue;
    }
    const further = order(range.high, last.high, 1);
    if (further > 0) {
      last.high = range.high;
      last.highClosed = range.highClosed;
    } else if (further === 0) last.highClosed ||= range.highClosed;
  }
  return merged;
}

export function complement(ranges: readonly Range[]): Range[] {
  const gaps: Range[] = [];
  let low: End | null = null;
  let lowClosed = false;
  let ended = false;
  for (const range of union(ranges)) {
    if (range.low) gaps.push({ low, lowClosed, high: range.low, highClosed: !range.lowClosed });
    low = range.high;
    lowClosed = !range.highClosed;
    ended = range.high === null;
  }
  if (!ended) gaps.push({ low, lowClosed, high: null, highClosed: false });
  return gaps.filter((gap) => !isEmpty(gap));
}

export function intersection(a: readonly Range[], b: readonly Range[]): Range[] {
  return complement(union([...complement(a), ...complement(b)]));
}

/** Both as `union` returns them. */
export function sameRanges(a: readonly Range[], b: readonly Range[]): boolean {
  return (
    a.length === b.length &&
    a.every((x, i) => {
      const y = b[i];
      return (
        y !== undefined &&
        order(x.low, y.low, -1) === 0 &&
        order(x.high, y.high, 1) === 0 &&
        (x.low === null || x.lowClosed === y.lowClosed) &&
        (x.high === null || x.highClosed === y.highClosed)
      );
    })
  );
}

/** Where `value` (in one variable, at most of degree 2 over the rationals) stands in this relation to 0. */
export function solve(value: Value, sign: Sign): Range[] | null {
  const powers = [...value.numerator.values()].flatMap((term) => term.powers);
  if (hasDenominator(value) || powers.some(([, exponent]) => exponent.n < 0n)) return null;
  const polynomial = asUnivariate(value)?.polynomial;
  const roots = polynomial && rootsOf(polynomial);
  const lead = polynomial?.at(-1);
  if (!roots || !lead) return null;
  if (sign === "\\ne") return complement(roots.map(point));
  const [first, last] = [roots[0] ?? null, roots.at(-1) ?? null];
  const below: Range[] =
    polynomial.length === 2
      ? [{ ...ALL, high: first }]
      : first && last
        ? [{ low: first, lowClosed: false, high: last, highClosed: false }]
        : [];
  // Where it is negative when its first coefficient is positive.
  const negative = union(below);
  const zero = union(roots.map(point));
  const wanted = (sign === "<" || sign === "\\le") === lead.n > 0n;
  const strictly = wanted ? negative : complement(union([...negative, ...zero]));
  return sign === "\\le" || sign === "\\ge" ? union([...strictly, ...zero]) : strictly;
}

/** In ascending order; a double root once. */
function rootsOf(polynomial: Univariate): End[] | null {
  const single = onlyRoot(polynomial);
  if (single) return ends([constant(single)]);
  const [c, b, a] = polynomial.map(constant);
  if (polynomial.length !== 3 || !a || !b || !c) return null;
  const discriminant = plus(times(b, b), minus(times(constant(rational(4n)), times(a, c))));
  const size = approximate(discriminant);
  if (size === null || size < 0) return size === null ? null : [];
  const root = raise(discriminant, constant(rational(1n, 2n)), true);
  const half = raise(times(constant(rational(2n)), a), constant(rational(-1n)));
  const found = ends([root, minus(root)].map((part) => times(plus(minus(b), part), half)));
  return found && (size === 0 ? found.slice(0, 1) : found.sort((x, y) => x.size - y.size));
}

function ends(values: Value[]): End[] | null {
  const found = values.map(endOf);
  return found.every((end) => end !== null) ? found : null;
}

export function onlyVariable(value: Value): string | null {
  const [name, ...more] = variablesOf(value);
  return more.length === 0 ? (name ?? null) : null;
}

/** `infinite`: what null stands for, -1 for a low end and 1 for a high one. */
function order(a: End | null, b: End | null, infinite: 1 | -1): number {
  if (!a || !b) return a === b ? 0 : a ? -infinite : infinite;
  if (equalValues(a.value, b.value)) return 0;
  const gap = a.size - b.size;
  if (Math.abs(gap) <= 1e-9 * Math.max(1, Math.abs(a.size), Math.abs(b.size))) throw new Unordered();
  return Math.sign(gap);
}

function isEmpty({ low, high, lowClosed, highClosed }: Range): boolean {
  if (!low || !high) return false;
  const gap = order(low, high, 1);
  return gap > 0 || (gap === 0 && !(lowClosed && highClosed));
}

/** Nothing lies between the end of `a` and the beginning of `b`, which begins no earlier. */
function touches(a: Range, b: Range): boolean {
  if (!a.high || !b.low) return true;
  const gap = order(b.low, a.high, 1);
  return gap < 0 || (gap === 0 && (a.highClosed || b.lowClosed));
}
