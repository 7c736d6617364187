/**
 * Are two answers equal? In layers, each naming its reason: written alike, then by what kind of thing they are
 * (numbers, units, tuples, sets, intervals, relations, matrices, words), exact algebra, and last the symbolic layer
 * that the caller passes in. A wrong "equal" is worse than a missed one: whatever stays open is `null`.
 */
import { all, anyOrder, no, undecided, yes } from "./decide.js";
import { beginComparison, rationalOf, type Symbolic, tryEvaluate } from "./exact.js";
import { intervalsOf, sameIntervals } from "./intervals.js";
import { compact, hasThousands, normalise } from "./normalise.js";
import { quantities } from "./quantities.js";
import { same } from "./rational.js";
import { equalRelations, isEquation, type Relation } from "./relations.js";
import { isName, readShape, type Shape } from "./shape.js";
import type { Equality } from "./types.js";
import { choices, texts, written } from "./words.js";

type Of<K extends Shape["kind"]> = Extract<Shape, { kind: K }>;

const MOST_CHARACTERS = 1000;

/** Pure string and rational work, bounded; only `symbolic` may take long. */
export function equalAnswers(gold: string, answer: string, symbolic: Symbolic): Equality {
  if (gold.length > MOST_CHARACTERS || answer.length > MOST_CHARACTERS)
    return undecided("too long for an answer");
  beginComparison();
  const a = readShape(gold);
  const b = readShape(answer);
  if (a.kind === "nothing" || b.kind === "nothing") return undecided("there is no answer to compare");
  if (compact(normalise(gold)) === compact(normalise(answer)) && wellFormed(answer)) {
    return yes("written alike");
  }
  const found = equalShapes(a, b, symbolic);
  const oneList = (a.kind === "list") !== (b.kind === "list");
  if (found.equal !== true && oneList && (hasThousands(gold) || hasThousands(answer))) {
    // "100,200" may also be a list: right if it is when read so.
    const listed = equalShapes(readShape(gold, false), readShape(answer, false), symbolic);
    if (listed.equal === true) return listed;
  }
  return found;
}

function equalShapes(gold: Shape, answer: Shape, symbolic: Symbolic): Equality {
  const a = ofOneName(gold);
  const b = ofOneName(answer);
  const recurse = (x: Shape, y: Shape) => equalShapes(x, y, symbolic);
  if (a.kind === "nothing" || b.kind === "nothing") return undecided("an item is empty");
  if (a.kind === "relation" || b.kind === "relation") return withRelations(a, b, symbolic);
  if (a.kind === "choice" || b.kind === "choice") return choices(a, b, recurse);
  if (a.kind === "text" || b.kind === "text") return texts(a, b);
  if (a.kind === "written" || b.kind === "written") return written(a, b);
  if (a.kind === "matrix" || b.kind === "matrix") return matrices(a, b, symbolic);

  const [first, second] = [intervalsOf(a), intervalsOf(b)];
  if (first && second && (a.kind !== "tuple" || b.kind !== "tuple"))
    return sameIntervals(first, second, symbolic);
  if (a.kind === "union" || b.kind === "union") {
    if (a.kind !== "union" || b.kind !== "union")
      return undecided("a union against something that is no union of intervals");
    return notDifferent(anyOrder(a.parts, b.parts, recurse, true, "the same parts"));
  }
  if (a.kind === "tuple" && b.kind === "tuple") return tuples(a, b, recurse);
  const items = [itemsOf(a), itemsOf(b)] as const;
  if (a.kind === "expression" && b.kind === "expression") return quantities(a, b, symbolic);
  if (decimalComma(a, b) || decimalComma(b, a)) return undecided("a comma may be a decimal point");
  if (a.kind === "tuple" || b.kind === "tuple") {
    // Brackets left off: the order is still that of the tuple.
    const other = a.kind === "tuple" ? b : a;
    const values = byName(other);
    if (values && values.length === itemsOf(a.kind === "tuple" ? a : b).length) {
      const tuple = { ...(a.kind === "tuple" ? a : (b as Of<"tuple">)), items: values };
      const found =
        a === other ? tuples(tuple, b as Of<"tuple">, recurse) : tuples(a as Of<"tuple">, tuple, recurse);
      return found.equal === true ? yes("the same values in the order of their names") : found;
    }
    const parentheses = [a, b].every(
      (shape) => shape.kind !== "tuple" || (shape.open === "(" && shape.close === ")"),
    );
    if (!parentheses) return undecided("an interval or list in brackets against items without");
    if (other.kind === "list" && items[0].length === items[1].length) {
      return all(
        items[0].map((item, i) => recurse(item, items[1][i] ?? { kind: "nothing" })),
        "the same items, brackets left off",
      );
    }
    return other.kind === "set"
      ? undecided("a set against a tuple or interval")
      : no("one is a tuple, the other is not");
  }
  if (a.kind === "set" || b.kind === "set") {
    return anyOrder(items[0], items[1], recurse, false, "the same elements");
  }
  const inOrder = all(
    items[0].map((item, i) => recurse(item, items[1][i] ?? { kind: "nothing" })),
    "the same items",
  );
  if (items[0].length === items[1].length && inOrder.equal === true) return inOrder;
  const any = anyOrder(items[0], items[1], recurse, true, "the same items in another order");
  // Roots have no order; a ranking of names has.
  const named = items[0].some((item) => item.kind === "choice" || item.kind === "text");
  return any.equal === true && named ? undecided("the same items in another order") : any;
}

/** `x = 2, x = 3` lists the values of one unknown. */
function ofOneName(shape: Shape): Shape {
  const given = shape.kind === "list" ? assignments(shape) : null;
  return given && new Set(given.map(({ name }) => name)).size === 1
    ? { kind: "list", items: given.map(({ value }) => value) }
    : shape;
}

/** `x = 1, y = 2` as (1, 2): the values of single letters in alphabetical order. */
function byName(shape: Shape): Shape[] | null {
  const given = shape.kind === "list" ? assignments(shape) : null;
  if (!given?.every(({ name }) => /^[a-zA-Z]$/.test(name))) return null;
  return given.sort((x, y) => (x.name < y.name ? -1 : 1)).map(({ value }) => value);
}

function assignments(list: Of<"list">): { name: string; value: Shape }[] | null {
  const given = list.items.map((item) =>
    item.kind === "relation" && isEquation(item) ? assigned(item) : null,
  );
  return given.every((one) => one !== null) ? given : null;
}

function itemsOf(shape: Shape): Shape[] {
  return shape.kind === "list" || shape.kind === "set" || shape.kind === "tuple" ? shape.items : [shape];
}

/** One number may be anything; what looks like `3,5` may be 3.5. */
function decimalComma(list: Shape, number: Shape): boolean {
  if (list.kind !== "list" || number.kind !== "expression" || list.items.length !== 2) return false;
  const [whole, part] = list.items.map((item) => (item.kind === "expression" ? item.tex : ""));
  if (!/^-?\d+$/.test(whole ?? "") || !/^\d+$/.test(part ?? "")) return false;
  const [read, value] = [rationalOf(`${whole}.${part}`), rationalOf(number.tex)];
  return read !== null && value !== null && same(read, value);
}

function matrices(a: Shape, b: Shape, symbolic: Symbolic): Equality {
  const recurse = (x: string, y: string) => equalShapes(readShape(x), readShape(y), symbolic);
  if (a.kind === "matrix" && b.kind === "matrix") {
    if (a.bars !== b.bars) return undecided("a determinant against a matrix");
    const sameSize =
      a.rows.length === b.rows.length && a.rows.every((row, i) => row.length === b.rows[i]?.length);
    if (!sameSize) return no("matrices of different size");
    return all(
      a.rows.flatMap((row, i) => row.map((cell, j) => recurse(cell, b.rows[i]?.[j] ?? ""))),
      "the same entries",
    );
  }
  const [matrix, other] = a.kind === "matrix" ? [a, b] : [b as Of<"matrix">, a];
  const column = matrix.rows.every((row) => row.length === 1) && !matrix.bars;
  if (!column || other.kind !== "tuple" || other.items.length !== matrix.rows.length) {
    return undecided("a matrix against something else");
  }
  const cells = matrix.rows.map((row) => readShape(row[0] ?? ""));
  return all(
    cells.map((cell, i) => equalShapes(cell, other.items[i] ?? { kind: "nothing" }, symbolic)),
    "the same vector",
  );
}

function tuples(a: Of<"tuple">, b: Of<"tuple">, recurse: (x: Shape, y: Shape) => Equality): Equality {
  if (a.items.length !== b.items.length) return no("tuples of different length");
  const items = all(
    a.items.map((item, i) => recurse(item, b.items[i] ?? { kind: "nothing" })),
    "the same items",
  );
  if (a.open === b.open && a.close === b.close) return items;
  if (items.equal === false) return items;
  return a.items.length === 2 ? no("one end belongs to it, the other does not") : undecided("other brackets");
}

function withRelations(a: Shape, b: Shape, symbolic: Symbolic): Equality {
  const [first, second] = [intervalsOf(a), intervalsOf(b)];
  if (first && second) return sameIntervals(first, second, symbolic);
  if (a.kind === "relation" && b.kind === "relation") {
    const [x, y] = [assigned(a), assigned(b)];
    if (x && y && isEquation(a) && isEquation(b)) {
      if (x.name === y.name) return equalShapes(x.value, y.value, symbolic);
      const numbers = [x, y].every(
        ({ value }) => value.kind === "expression" && rationalOf(value.tex) !== null,
      );
      if (numbers) return undecided(`${x.name} against ${y.name}`);
    }
    return equalRelations(a, b, symbolic);
  }
  const [relation, other] = a.kind === "relation" ? [a, b] : [b as Relation, a];
  if (!isEquation(relation)) {
    return other.kind === "expression" && rationalOf(other.tex) !== null
      ? undecided("an inequality against a number")
      : undecided("an inequality against something else");
  }
  const given = assigned(relation) ?? stated(relation);
  if (!given) return undecided("an equation against a value");
  const found =
    a === relation ? equalShapes(given.value, other, symbolic) : equalShapes(other, given.value, symbolic);
  return found.equal === true ? yes(`${found.why}, after ${given.name} =`) : found;
}

/** `x = 3`, `3 = x`, `x = 6/2 = 3`: the name and its last value. */
function assigned(relation: Relation): { name: string; value: Shape } | null {
  const [left = "", ...rest] = relation.sides;
  const last = rest.at(-1) ?? "";
  if (isName(left)) return { name: compact(left), value: readShape(last) };
  if (rest.length === 1 && isName(last)) return { name: compact(last), value: readShape(left) };
  return null;
}

/**
 * `m + n = 116` states the value that was asked for, and `2 + 7 = 9` works one out. `x + y = 5` does not: x, y and z
 * are unknowns.
 */
function stated(relation: Relation): { name: string; value: Shape } | null {
  const [left = "", ...rest] = relation.sides;
  const last = rest.at(-1) ?? "";
  const [read, value] = [tryEvaluate(left).value, rationalOf(last)];
  if (!read || value === null) return null;
  const number = rationalOf(left);
  if (number !== null) return same(number, value) ? { name: left, value: readShape(last) } : null;
  return /[xyz]/.test(left) ? null : { name: left, value: readShape(last) };
}

/** Parts that could not be matched do not prove that two unions differ. */
function notDifferent(equality: Equality): Equality {
  return equality.equal === false ? undecided("unions that could not be matched") : equality;
}

/** Written alike is only equal when it is written well: two halves of a fraction are no answer. */
function wellFormed(answer: string): boolean {
  let depth = 0;
  for (const char of answer.replace(/\\[{}]/g, "")) {
    if (char === "{") depth++;
    else if (char === "}" && --depth < 0) return false;
  }
  return depth === 0;
}
