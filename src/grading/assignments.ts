/** Equations that give something a value: `x = 3`, `f(x) = x^2`, `(x, y) = (1, 2)`, `m + n = 116`. */
import { no, undecided, yes } from "./decide.js";
import { rationalOf, type Symbolic, tryEvaluate } from "./exact.js";
import { asSameIntervals } from "./intervals.js";
import { compact } from "./normalise.js";
import { same } from "./rational.js";
import { equalRelations, isEquation, type Relation } from "./relations.js";
import { isName, readShape, type Shape } from "./shape.js";
import { splitTop, wraps } from "./split.js";
import type { Equality } from "./types.js";

type Of<K extends Shape["kind"]> = Extract<Shape, { kind: K }>;
type Compare = (x: Shape, y: Shape) => Equality;
export interface Assignment {
  name: string;
  value: Shape;
}

/** `x = 2, x = 3` lists the values of one unknown; `(x, y) = (1, 2)` is a tuple, or against assignments gives each its own. */
export function unfolded(shape: Shape, other: Shape): Shape {
  if (shape.kind === "relation" && other.kind === "tuple" && together(shape))
    return readShape(shape.sides[1] ?? "");
  if (shape.kind === "relation") return (other.kind === "list" && together(shape)) || shape;
  const given = shape.kind === "list" ? assignments(shape) : null;
  const [name, ...others] = new Set(given?.map((one) => one.name));
  return given && name !== undefined && others.length === 0
    ? { kind: "list", items: given.map(({ value }) => value), of: name }
    : shape;
}

/** Values with a name each. */
export interface Named {
  values: Shape[];
  /** `values` are in this order: x before y, x_1 before x_2. Null: b and m have none. */
  order: "letters" | "indices" | null;
}

/** No neighbours in the alphabet, and yet everybody gives them in this order. */
const CUSTOMARY = [
  ["h", "k"],
  ["r", "\\theta"],
];

export function valuesByName(shape: Shape): Named | null {
  const given = namedValues(shape);
  if (!given) return null;
  const values = given.map(({ value }) => value);
  const names = given.map(({ name }) => name);
  const customary = CUSTOMARY.find((order) => [...order].sort().join() === [...names].sort().join());
  if (customary)
    return { values: customary.flatMap((name) => values[names.indexOf(name)] ?? []), order: "letters" };
  const codes = names.map((name) => name.charCodeAt(0));
  // Other letters than neighbours (x and y, but not b and m) are in no order that everybody would give them.
  if (names.every((name, i) => name.length === 1 && (i === 0 || codes[i] === (codes[i - 1] ?? 0) + 1)))
    return { values, order: "letters" };
  const indices = names.map((name) => /^[a-zA-Z]_\{?(\d)\}?$/.exec(name)?.[1]);
  const roots = indices.every((index) => index !== undefined) && new Set(codes).size === 1;
  return { values, order: roots ? "indices" : null };
}

/** Each name once, in alphabetical order; null when not all of them are assignments. */
export function namedValues(shape: Shape): Assignment[] | null {
  const given = shape.kind === "list" ? assignments(shape) : null;
  if (!given || new Set(given.map(({ name }) => name)).size < given.length) return null;
  return given.sort((x, y) => (x.name < y.name ? -1 : 1));
}

function assignments(list: Of<"list">): Assignment[] | null {
  const given = list.items.map((item) =>
    item.kind === "relation" && isEquation(item) ? assigned(item) : null,
  );
  return given.every((one) => one !== null) ? given : null;
}

function together({ sides, signs }: Relation): Shape | null {
  const [left = "", right = ""] = sides;
  if (signs.length !== 1 || signs[0] !== "=" || !left.startsWith("(") || !right.startsWith("(")) return null;
  if (!wraps(left) || !wraps(right)) return null;
  const [names, values] = [left, right].map((side) => splitTop(side.slice(1, -1), /[,;]/).parts);
  if (!names || !values || names.length < 2 || names.length !== values.length || !names.every(isName))
    return null;
  return {
    kind: "list",
    items: names.map((name, i) => ({ kind: "relation", sides: [name, values[i] ?? ""], signs: ["="] })),
  };
}

/** xy = 12 and \ln(x) = 3 are yet to be solved; ab may be a length, and \sin(\theta) what was asked for. */
const UNSOLVED = /^(?=.*[xyz])[a-z]{2}$|^xyz$|^\\(?:ln|log|lg|exp|(?:arc)?(?:sin|cos|tan)h?)\(.*[xyz]/;

/** One of them is a relation at least. */
export function withRelations(a: Shape, b: Shape, symbolic: Symbolic, compare: Compare): Equality {
  const intervals = asSameIntervals(a, b, symbolic);
  if (intervals) return intervals;
  if (a.kind === "relation" && b.kind === "relation") {
    const [x, y] = [assigned(a), assigned(b)];
    if (x && y && isEquation(a) && isEquation(b)) return twoAssignments(x, y, a, b, symbolic, compare);
    return equalRelations(a, b, symbolic);
  }
  const [relation, other] = a.kind === "relation" ? [a, b] : [b as Relation, a];
  if (!isEquation(relation)) {
    return other.kind === "expression" && rationalOf(other.tex) !== null
      ? undecided("an inequality against a number")
      : undecided("an inequality against something else");
  }
  const given = assigned(relation) ?? stated(relation);
  if (!given || UNSOLVED.test(given.name)) return undecided("an equation against a value");
  if (other.of !== undefined && other.of !== given.name)
    return undecided(`${given.name} against ${other.of}`);
  const found = a === relation ? compare(given.value, other) : compare(other, given.value);
  return found.equal === true ? yes(`${found.why}, after ${given.name} =`) : found;
}

function twoAssignments(
  x: Assignment,
  y: Assignment,
  a: Relation,
  b: Relation,
  symbolic: Symbolic,
  compare: Compare,
): Equality {
  if (x.name === y.name) return compare(x.value, y.value);
  const [f, g] = [asFunction(x.name), asFunction(y.name)];
  const [left, right] = [x.value, y.value];
  if (f && g && f.letter === g.letter && left.kind === "expression" && right.kind === "expression") {
    // The letter of the argument is bound: f(t) = t^2 says what f(x) = x^2 does.
    const renamed = rename(right.tex, g.argument, f.argument);
    if (renamed !== null) return compare(left, { ...right, tex: renamed });
  }
  if ((f && y.name === "y") || (g && x.name === "y")) {
    const found = compare(left, right);
    return found.equal === true ? yes(`${found.why}, y for the function's name`) : found;
  }
  const numbers = [x, y].every(({ value }) => value.kind === "expression" && rationalOf(value.tex) !== null);
  return numbers ? undecided(`${x.name} against ${y.name}`) : equalRelations(a, b, symbolic);
}

function asFunction(name: string): { letter: string; argument: string } | null {
  const match = /^([a-zA-Z])\(([a-z])\)$/.exec(name);
  return match?.[1] && match[2] ? { letter: match[1], argument: match[2] } : null;
}

/** Null when the new letter already means something there. */
function rename(tex: string, from: string, to: string): string | null {
  const letter = (name: string) => new RegExp(`(?<![\\\\a-zA-Z])${name}(?![a-zA-Z])`, "g");
  return letter(to).test(tex) && from !== to ? null : tex.replace(letter(from), to);
}

/** `x = 3`, `3 = x`, `x = 6/2 = 3`: the name and its last value. */
export function assigned(relation: Relation): Assignment | null {
  const [left = "", ...rest] = relation.sides;
  const last = rest.at(-1) ?? "";
  if (isName(left)) return { name: compact(left), value: readShape(last) };
  if (rest.length === 1 && isName(last)) return { name: compact(last), value: readShape(left) };
  return null;
}

/**
 * `m + n = 116` states the value that was asked for, and `2 + 7 = 9` works one out. `x + y = 5` does not: x, y and z
 * are unknowns; nor do `2a = 10` and `r^2 = 9`, which are yet to be solved.
 */
function stated(relation: Relation): Assignment | null {
  const [left = "", ...rest] = relation.sides;
  const last = rest.at(-1) ?? "";
  const [read, value] = [tryEvaluate(left).value, rationalOf(last)];
  if (!read || value === null) return null;
  const number = rationalOf(left);
  if (number !== null) return same(number, value) ? { name: left, value: readShape(last) } : null;
  return /^[a-w](?:_\w)?(?:\s*\+\s*[a-w](?:_\w)?)+$/i.test(left)
    ? { name: left, value: readShape(last) }
    : null;
}

/** Both are lists of assignments to the same names: by name, in whatever order. Null for anything else. */
export function byNames(a: Shape, b: Shape, compare: Compare): Equality | null {
  const [x, y] = [namedValues(a), namedValues(b)];
  if (!x || !y || x.map(({ name }) => name).join() !== y.map(({ name }) => name).join()) return null;
  const found = x.map(({ value }, i) => compare(value, y[i]?.value ?? { kind: "nothing" }));
  return (
    found.find(({ equal }) => equal === false) ??
    found.find(({ equal }) => equal === null) ??
    (x.length > 0 ? yes("the same values by their names") : no("no values"))
  );
}
