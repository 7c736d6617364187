/** Intervals and unions of them, in whatever notation. */
import { all, anyOrder, no, undecided, yes } from "./decide.js";
import type { Symbolic } from "./exact.js";
import { expressions, infinity } from "./quantities.js";
import { asIntervals, type Interval, isEquation, type Relation } from "./relations.js";
import type { Shape } from "./shape.js";
import type { Equality } from "./types.js";

/** What can be read as intervals: [a, b), unions of them, \mathbb{R}; a pair in brackets only against another. */
export function intervalsOf(shape: Shape): Interval[] | null {
  if (shape.kind === "relation") return asIntervals(shape);
  if (shape.kind === "expression") {
    const whole = /^(?:\\mathbb\s*\{?\s*R\s*\}?|\\R|\\Reals)$/.test(shape.tex);
    return whole ? [{ low: null, lowClosed: false, high: null, highClosed: false }] : null;
  }
  if (shape.kind === "union") {
    const parts = shape.parts.map(intervalsOf);
    return parts.every((part) => part !== null) ? parts.flat() : null;
  }
  if (
    shape.kind === "list" &&
    shape.items.length > 1 &&
    shape.items.every((item) => item.kind === "relation")
  ) {
    const parts = shape.items.map((item) => (isEquation(item as Relation) ? null : intervalsOf(item)));
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

/** The same intervals in any order; unions that are divided differently stay undecided. */
export function sameIntervals(a: Interval[], b: Interval[], symbolic: Symbolic): Equality {
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
