/** Answers that are sets of real numbers: intervals, inequalities, unions, "all real numbers except 2". */
import { minus, plus, type Value } from "./algebra.js";
import { no, undecided, yes } from "./decide.js";
import { tryEvaluate } from "./exact.js";
import { infinity } from "./quantities.js";
import {
  ALL,
  complement,
  endOf,
  intersection,
  onlyVariable,
  point,
  type Range,
  type Sign,
  sameRanges,
  solve,
  Unordered,
  union,
} from "./ranges.js";
import type { Relation } from "./relations.js";
import type { Shape } from "./shape.js";
import type { Equality } from "./types.js";
import { TooLarge } from "./work.js";

export interface RealSet {
  ranges: Range[];
  /** The letter it was written with, if any; |z| where the numbers may be complex. */
  variable: string | null;
  /** An infinite end in a square bracket: a slip, or the extended line. */
  closedAtInfinity: boolean;
}

const WHOLE = /^(?:\\mathbb\s*\{?\s*R\s*\}?|\\R|\\Reals)$/;
const TURNED: Record<string, Sign> = { "<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le", "\\ne": "\\ne" };

/** Null: no set of real numbers, or beyond what is worked out exactly. */
export function realSet(shape: Shape): RealSet | null {
  try {
    const set = read(shape);
    return set && shape.of !== undefined ? { ...set, variable: shape.of } : set;
  } catch (error) {
    if (error instanceof Unordered || error instanceof TooLarge || error instanceof RangeError) return null;
    throw error;
  }
}

/** Written as an interval, an inequality or a set of them, and not as a list of points. */
export function isStretch(shape: Shape): boolean {
  return shape.kind !== "set" && shape.kind !== "nothing";
}

export function sameSets(a: RealSet, b: RealSet): Equality {
  try {
    const same = sameRanges(a.ranges, b.ranges);
    const doubtful =
      a.closedAtInfinity !== b.closedAtInfinity ||
      isModulus(a) !== isModulus(b) ||
      (a.variable !== null && b.variable !== null && a.variable !== b.variable);
    if (same)
      return doubtful
        ? undecided("the same interval, written with another letter or bracket")
        : yes("the same set of numbers");
    return no("different sets of numbers");
  } catch (error) {
    if (error instanceof Unordered || error instanceof TooLarge)
      return undecided("ends that are too close to tell apart");
    throw error;
  }
}

function isModulus({ variable }: RealSet): boolean {
  return variable?.startsWith("|") ?? false;
}

const plainSet = (ranges: Range[], variable: string | null = null): RealSet => ({
  ranges,
  variable,
  closedAtInfinity: false,
});

function read(shape: Shape): RealSet | null {
  switch (shape.kind) {
    case "relation":
      return ofRelation(shape);
    case "such":
      return bound(read(shape.condition));
    case "expression":
      return shape.unit === null && WHOLE.test(shape.tex) ? plainSet([ALL]) : null;
    case "text":
      return /^(?:all )?(?:the )?reals?(?: numbers?)?$/.test(shape.words) ? plainSet([ALL]) : null;
    case "tuple":
      return ofPair(shape);
    case "set":
      return ofPoints(shape.items);
    case "union":
      return combined(shape.how, shape.parts.map(read));
    case "list":
      return ofList(shape.items);
    default:
      return null;
  }
}

function bound(set: RealSet | null): RealSet | null {
  return set && { ...set, variable: null };
}

function ofPair({ open, close, items }: Extract<Shape, { kind: "tuple" }>): RealSet | null {
  const [first, second] = items;
  if (items.length !== 2 || first?.kind !== "expression" || second?.kind !== "expression") return null;
  if (first.unit !== null || second.unit !== null) return null;
  const [low, high] = [endAt(first.tex, -1), endAt(second.tex, 1)];
  if (low === undefined || high === undefined || (low && high && low.size > high.size)) return null;
  const range = { low, lowClosed: open === "[", high, highClosed: close === "]" };
  const closedAtInfinity = (low === null && open === "[") || (high === null && close === "]");
  return { ranges: union([range]), variable: null, closedAtInfinity };
}

/** Null: without end in that direction; undefined: no constant. */
function endAt(tex: string, direction: 1 | -1) {
  const infinite = infinity(tex);
  if (infinite !== 0) return infinite === direction ? null : undefined;
  const { value } = tryEvaluate(tex);
  return (value && endOf(value)) ?? undefined;
}

function ofPoints(items: Shape[]): RealSet | null {
  const ends = items.map((item) =>
    item.kind === "expression" && item.unit === null ? endAt(item.tex, 1) : undefined,
  );
  return ends.every((end) => end != null) ? plainSet(union(ends.map(point))) : null;
}

function combined(how: "cup" | "cap" | "minus", parts: (RealSet | null)[]): RealSet | null {
  const [first, ...rest] = parts;
  if (!first || !rest.every((part) => part !== null)) return null;
  const ranges = rest.reduce((so, { ranges }) => {
    if (how === "cup") return union(so.concat(ranges));
    return intersection(so, how === "cap" ? ranges : complement(ranges));
  }, first.ranges);
  const all = [first, ...rest];
  const names = [...new Set(all.map(({ variable }) => variable).filter((name) => name !== null))];
  if (names.length > 1) return null;
  return { ranges, variable: names[0] ?? null, closedAtInfinity: all.some((set) => set.closedAtInfinity) };
}

/** "x < -1, x > 1" means either; where one condition would swallow the other, who knows what was meant. */
function ofList(items: Shape[]): RealSet | null {
  if (
    items.length < 2 ||
    !items.every((item) => item.kind === "relation" && item.signs.every((sign) => sign !== "="))
  ) {
    return null;
  }
  const sets = items.map(read);
  const either = combined("cup", sets);
  return either && either.ranges.length === sets.reduce((sum, set) => sum + (set?.ranges.length ?? 0), 0)
    ? either
    : null;
}

/** A chain holds where each of its links does. */
function ofRelation({ sides, signs }: Relation): RealSet | null {
  if (signs.some((sign) => sign === "=" || sign === "\\in")) return null;
  return combined(
    "cap",
    signs.map((sign, i) => link(sides[i] ?? "", sign as Sign, sides[i + 1] ?? "")),
  );
}

function link(left: string, sign: Sign, right: string): RealSet | null {
  const turned = TURNED[sign] ?? sign;
  return (
    away(left, sign, right) ??
    away(right, turned, left) ??
    simple(left, sign, right) ??
    simple(right, turned, left) ??
    general(left, sign, right)
  );
}

/** x < sqrt(2): any real constant. */
function simple(left: string, sign: Sign, right: string): RealSet | null {
  if (!/^(?:[A-Za-z]|\\[a-zA-Z]+)(?:_\w)?$/.test(left) || /^(?:e|i|\\pi|\\infty)$/.test(left)) return null;
  if (infinity(right) !== 0) return null;
  const end = endAt(right, 1);
  if (!end) return null;
  const closed = sign === "\\le" || sign === "\\ge";
  if (sign === "\\ne") return plainSet(complement([point(end)]), left);
  const range =
    sign === "<" || sign === "\\le"
      ? { ...ALL, high: end, highClosed: closed }
      : { ...ALL, low: end, lowClosed: closed };
  return plainSet([range], left);
}

/** |x - 3| < 2 and the like. */
function away(left: string, sign: Sign, right: string): RealSet | null {
  const inner = /^\|([^|]+)\|$/.exec(left)?.[1];
  if (inner === undefined || sign === "\\ne") return null;
  const [value, limit] = [tryEvaluate(inner).value, tryEvaluate(right).value];
  if (!value || !limit || !endOf(limit)) return null;
  const sides = [value, minus(value)].map((side) => zeroSet(plus(side, minus(limit)), sign));
  const set = combined(sign === "<" || sign === "\\le" ? "cap" : "cup", sides);
  return set && /^[zw]$/.test(set.variable ?? "") ? { ...set, variable: `|${set.variable}|` } : set;
}

function general(left: string, sign: Sign, right: string): RealSet | null {
  const [a, b] = [tryEvaluate(left).value, tryEvaluate(right).value];
  return a && b ? zeroSet(plus(a, minus(b)), sign) : null;
}

function zeroSet(value: Value, sign: Sign): RealSet | null {
  const variable = onlyVariable(value);
  const ranges = variable === null ? null : solve(value, sign);
  return ranges && plainSet(ranges, variable);
}
