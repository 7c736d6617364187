/**
 * Are two answers equal? In layers, each naming its reason: written alike, then by what kind of thing they are
 * (numbers, units, tuples, sets, intervals, relations, matrices, words), exact algebra, and last the symbolic layer
 * that the caller passes in. A wrong "equal" is worse than a missed one: whatever stays open is `null`.
 */
import { all, anyOrder, no, undecided, yes } from "./decide.js";
import { equalExpressions, rationalOf, type Symbolic, tryEvaluate } from "./exact.js";
import { compact, hasThousands, normalise } from "./normalise.js";
import { type Rational, rational, same } from "./rational.js";
import { asIntervals, equalRelations, type Interval, isEquation, type Relation } from "./relations.js";
import { isName, readShape, type Shape } from "./shape.js";
import type { Equality } from "./types.js";
import { conversion } from "./units.js";

type Of<K extends Shape["kind"]> = Extract<Shape, { kind: K }>;

const MOST_CHARACTERS = 1000;

/** Pure string and rational work, bounded; only `symbolic` may take long. */
export function equalAnswers(gold: string, answer: string, symbolic: Symbolic): Equality {
  if (gold.length > MOST_CHARACTERS || answer.length > MOST_CHARACTERS)
    return undecided("too long for an answer");
  const a = readShape(gold);
  const b = readShape(answer);
  if (a.kind === "nothing" || b.kind === "nothing") return undecided("there is no answer to compare");
  if (compact(normalise(gold)) === compact(normalise(answer)) && wellFormed(answer)) {
    return yes("written alike");
  }
  const found = equalShapes(a, b, symbolic);
  if (found.equal !== true && (hasThousands(gold) || hasThousands(answer))) {
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

function quantities(a: Of<"expression">, b: Of<"expression">, symbolic: Symbolic): Equality {
  const values = (factor?: Rational) => expressions(a.tex, b.tex, symbolic, factor);
  if (a.unit === b.unit) return values();
  if (a.unit === null || b.unit === null) {
    const unit = a.unit ?? b.unit;
    const bare = values();
    if (unit === "%" && bare.equal !== true)
      return a.unit ? values(rational(1n, 100n)) : values(rational(100n));
    if (bare.equal === true)
      return yes(`${bare.why}, ${unit === "%" ? "percent sign" : "unit"} on one side only`);
    return unit === "°" && /\\pi/.test(a.tex + b.tex) ? undecided("degrees against radians") : bare;
  }
  const factor = conversion(a.unit, b.unit);
  if (factor === "different") return no(`${a.unit} against ${b.unit}`);
  if (factor !== null) return values(factor);
  const bare = values();
  return bare.equal === false ? bare : undecided(`${a.unit} against ${b.unit}`);
}

function expressions(gold: string, answer: string, symbolic: Symbolic, factor?: Rational): Equality {
  const [a, b] = [infinity(gold), infinity(answer)];
  if (a !== 0 || b !== 0) {
    if (a !== 0 && b !== 0) return a === b ? yes("both infinite") : no("infinities of opposite sign");
    return tryEvaluate(a === 0 ? gold : answer).value ? no("one is infinite") : undecided("one is infinite");
  }
  return equalExpressions(gold, answer, symbolic, factor);
}

function infinity(tex: string): number {
  const match = /^([+-]?)\s*\\infty$/.exec(tex);
  return match ? (match[1] === "-" ? -1 : 1) : 0;
}

function choices(a: Shape, b: Shape, recurse: (x: Shape, y: Shape) => Equality): Equality {
  if (a.kind === "choice" && b.kind === "choice") {
    return a.letter === b.letter ? yes("the same choice") : no("another choice");
  }
  const [choice, other] = a.kind === "choice" ? [a, b] : [b as Of<"choice">, a];
  if (choice.rest === "") {
    const number = other.kind === "expression" && rationalOf(other.tex) !== null;
    return number ? no("a choice against a number") : undecided("a choice against something else");
  }
  const content = readShape(choice.rest);
  const found = a === choice ? recurse(content, other) : recurse(other, content);
  return found.equal === true
    ? yes("the content of the choice is the same")
    : undecided("a choice against its content");
}

const NUMBER_WORDS = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " +
  "eighteen nineteen twenty"
).split(" ");
const WORDS_WITH_VALUE =
  /\b(?:dozen|half|third|quarter|twice|hundred|thousand|million|thirty|forty|fifty|pi|root)\b/;

function texts(a: Shape, b: Shape): Equality {
  if (a.kind === "text" && b.kind === "text") {
    if (a.words === b.words) return yes("the same words");
    const [x, y] = [a.words.split(" "), b.words.split(" ")];
    const numbers = [NUMBER_WORDS.includes(a.words), NUMBER_WORDS.includes(b.words)];
    if (numbers[0] && numbers[1]) return no("different numbers");
    const letters = (words: string) => [...words].sort().join("");
    if (letters(a.words) === letters(b.words)) return undecided("the same letters in another order");
    return x.length === 1 && y.length === 1 ? no("different words") : undecided("other words");
  }
  const [words, other] = a.kind === "text" ? [a.words, b] : [(b as Of<"text">).words, a];
  if (other.kind === "set" && other.items.length === 0) return undecided("words against the empty set");
  const value = other.kind === "expression" ? rationalOf(other.tex) : null;
  const spelled = NUMBER_WORDS.indexOf(words);
  if (spelled >= 0 && value) {
    return same(value, rational(BigInt(spelled))) ? yes("the same number in words") : no("different numbers");
  }
  return value && !WORDS_WITH_VALUE.test(words) && !NUMBER_WORDS.some((word) => words.includes(word))
    ? no("words against a number")
    : undecided("words against mathematics");
}

function written(a: Shape, b: Shape): Equality {
  if (a.kind === "written" && b.kind === "written" && a.of === "base" && b.of === "base") {
    if (a.text === b.text || (a.digits === b.digits && a.base === b.base))
      return yes("the same digits and base");
    if (a.base === b.base) return no("different digits in the same base");
    if (a.digits === b.digits) return no("the same digits in another base");
  }
  return undecided("only identical spellings of bases, ratios and times are decided");
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

/** What can be read as intervals: [a, b), unions of them, \mathbb{R}; a pair in brackets only against another. */
function intervalsOf(shape: Shape): Interval[] | null {
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
