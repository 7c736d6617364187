/** Intervals and unions of them, in whatever notation. */
import { all, anyOrder, no, undecided, yes } from "./decide.js";
import type { Symbolic } from "./exact.js";
import { expressions, infinity } from "./quantities.js";
import { asIntervals, type Interval } from "./relations.js";
import type { Shape } from "./shape.js";
import type { Equality } from "./types.js";

const UNKNOWN = /^\{?(?:(?!e)[a-zA-Z]|\\(?!pi|infty)[a-zA-Z]+)\}?(?:_\w)?$/;

/** What can be read as intervals: [a, b), unions of them, \mathbb{R}; a pair in brackets only against another. */
function intervalsOf(shape: Shape): Interval[] | null {
  if (shape.kind === "relation") return asIntervals(shape);
  if (shape.kind === "expression") {
    const whole = /^(?:\\mathbb\s*\{?\s*R\s*\}?|\\R|\\Reals)$/.test(shape.tex);
    return whole ? [{ low: null, lowClosed: false, high: null, highClosed: false }] : null;
  }
  if (shape.kind === "union") {
    // What parts share, or one without another, is no union: its ends alone do not say what it is.
    const parts = shape.how === "cup" ? shape.parts.map(intervalsOf) : [null];
    return parts.every((part) => part !== null) ? parts.flat() : null;
  }
  if (shape.kind !== "tuple" || shape.items.length !== 2) return null;
  const ends = shape.items.map((item) =>
    item.kind === "expression" && item.unit === null ? item.tex : null,
  );
  const [low, high] = ends;
  if (low == null || high == null) return null;
  return [{ low, lowClosed: shape.open === "[", high, highClosed: shape.close === "]" }];
}

/** Null: one of them cannot be read as intervals. */
export function asSameIntervals(a: Shape, b: Shape, symbolic: Symbolic): Equality | null {
  const [first, second] = [intervalsOf(a), intervalsOf(b)];
  if (!first || !second) return null;
  const found = sameIntervals(first, second, symbolic);
  const [x, y] = [unknownOf(a), unknownOf(b)];
  return found.equal === true && x !== null && y !== null && x !== y ? undecided(`${x} against ${y}`) : found;
}

/** The letter that an interval was written with. */
function unknownOf(shape: Shape): string | null {
  if (shape.kind === "relation") return shape.sides.find((side) => UNKNOWN.test(side)) ?? null;
  if (shape.kind === "union") return shape.parts.map(unknownOf).find((name) => name !== null) ?? null;
  return shape.of ?? null;
}

/** The same intervals in any order; unions that are divided differently stay undecided. */
function sameIntervals(a: Interval[], b: Interval[], symbolic: Symbolic): Equality {
  const end = (x: string | null, y: string | null, sign: number): Equality => {
    const infinite = (tex: string | null) => tex === null || infinity(tex) === sign;
    if (infinite(x) || infinite(y))
      return infinite(x) && infinite(y) ? yes("both without end") : no("one has no end");
    return expressions(x ?? "", y ?? "", symbolic);
  };
  const one = (x: Interval, y: Interval): Equality => {
    const ends = all([end(x.low, y.low, -1), end(x.high, y.high, 1)], "the same interval");
    if (ends.equal === false) return ends;
    const lowClosed = x.lowClosed === y.lowClosed || x.low === null;
    const highClosed = x.highClosed === y.highClosed || x.high === null;
    return lowClosed && highClosed ? ends : no("one end belongs to it, the other does not");
  };
  if (a.length === b.length) return anyOrder(a, b, one, true, "the same intervals");
  return undecided("differently divided unions");
}
