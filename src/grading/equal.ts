/**
 * Are two answers equal? In layers, each naming its reason: written alike, then by what kind of thing they are
 * (numbers, units, tuples, sets, intervals, relations, matrices, words), exact algebra, and last the symbolic layer
 * that the caller passes in. A wrong "equal" is worse than a missed one: whatever stays open is `null`.
 */
import { byNames, type Named, unfolded, valuesByName, withRelations } from "./assignments.js";
import { sameBased } from "./bases.js";
import { sameMoment } from "./clock.js";
import { all, anyOrder, no, undecided, yes } from "./decide.js";
import { comparing, rationalOf, type Symbolic } from "./exact.js";
import { asSameIntervals } from "./intervals.js";
import { determinant, sameSize } from "./matrices.js";
import { compact, hasThousands, normalise } from "./normalise.js";
import { withParameters } from "./parameters.js";
import { beginUnits, infinity, quantities } from "./quantities.js";
import { same } from "./rational.js";
import { isStretch, realSet, sameSets } from "./real-sets.js";
import { residueAgainst, sameResidues } from "./residues.js";
import { readShape, type Shape, shapeOf } from "./shape.js";
import { inPowersOfTen } from "./spelling.js";
import type { ComparisonSettings } from "./thread.js";
import { DEFAULT_GRADER, type Equality } from "./types.js";
import { choices, texts } from "./words.js";

type Of<K extends Shape["kind"]> = Extract<Shape, { kind: K }>;

const NOTHING: Shape = { kind: "nothing" };
const MOST_CHARACTERS = 1000;
/** Nobody can tell whether it still counts. */
const CROSSED_OUT = /\\(?:[bx]?cancel|cancelto|sout)(?![a-zA-Z])/;

/** Pure string and rational work, bounded; only `symbolic` may take long. */
export function equalAnswers(
  gold: string,
  answer: string,
  symbolic: Symbolic,
  settings: ComparisonSettings = DEFAULT_GRADER,
): Equality {
  if (gold.length > MOST_CHARACTERS || answer.length > MOST_CHARACTERS)
    return undecided("too long for an answer");
  return comparing(
    () => compared(gold, answer, symbolic, settings),
    undecided("too large to work out"),
    settings.tolerance,
  );
}

function compared(gold: string, answer: string, symbolic: Symbolic, settings: ComparisonSettings): Equality {
  beginUnits(settings.units);
  const [left, right] = [normalise(gold), normalise(answer)];
  const [a, b] = [shapeOf(left), shapeOf(right)];
  if (a.kind === "nothing" || b.kind === "nothing") return undecided("there is no answer to compare");
  if (compact(left) === compact(right) && wellFormed(answer)) {
    return yes("written alike");
  }
  if (CROSSED_OUT.test(gold) || CROSSED_OUT.test(answer)) return undecided("something is crossed out");
  const free = withParameters(left, right, (x, y) => equalShapes(shapeOf(x), shapeOf(y), symbolic));
  if (free) return free;
  const found = equalAsRead(gold, answer, a, b, symbolic);
  const [x, y] = [inPowersOfTen(gold), inPowersOfTen(answer)];
  if (x === gold && y === answer) return found;
  return equalAsRead(x, y, readShape(x), readShape(y), symbolic).equal === found.equal
    ? found
    : undecided("2e-1 may be 2 e - 1, or 2 times a power of ten");
}

/** @param a what `gold` was read as, `b` what `answer` was. */
function equalAsRead(gold: string, answer: string, a: Shape, b: Shape, symbolic: Symbolic): Equality {
  const found = equalShapes(a, b, symbolic);
  const oneList = (a.kind === "list") !== (b.kind === "list");
  if (found.equal === true || !oneList || !(hasThousands(gold) || hasThousands(answer))) return found;
  // "100,200" may also be a list: right if it is when read so, in the order that it is written in.
  const [x, y] = [readShape(gold, false), readShape(answer, false)];
  const listed = equalShapes(x, y, symbolic);
  if (listed.equal !== true) return found;
  const [first, second] = [itemsOf(x), itemsOf(y)];
  const inOrder = first.every((item, i) => equalShapes(item, second[i] ?? NOTHING, symbolic).equal === true);
  return inOrder ? listed : undecided("a comma may join thousands");
}

function equalShapes(gold: Shape, answer: Shape, symbolic: Symbolic): Equality {
  const a = unfolded(gold, answer);
  const b = unfolded(answer, gold);
  const recurse = (x: Shape, y: Shape) => equalShapes(x, y, symbolic);
  if (a.kind === "nothing" || b.kind === "nothing") return undecided("an item is empty");
  if (a.kind === "open") return undecided(a.why);
  if (b.kind === "open") return undecided(b.why);
  if (a.of !== undefined && b.of !== undefined && a.of !== b.of) return undecided(`${a.of} against ${b.of}`);
  if (a.kind === "residues" || b.kind === "residues") return residues(a, b);
  if (a.kind === "moment" || b.kind === "moment") {
    return a.kind === "moment" && b.kind === "moment"
      ? sameMoment(a.moment, b.moment)
      : undecided("a ratio, a time or a date against something else");
  }
  const sets = setsOf(a, b);
  if (sets) return sets;
  const assignedAlike = byNames(a, b, recurse);
  if (assignedAlike) return assignedAlike;
  if (a.kind === "relation" || b.kind === "relation") return withRelations(a, b, symbolic, recurse);
  if (a.kind === "choice" || b.kind === "choice") return choices(a, b, recurse);
  if (a.kind === "text" || b.kind === "text") return texts(a, b);
  if (a.kind === "base" || b.kind === "base") {
    return a.kind === "base" && b.kind === "base"
      ? sameBased(a, b)
      : undecided("a number in a base against one without");
  }
  if (a.kind === "such" || b.kind === "such")
    return undecided("a set by its condition against something else");
  if (a.kind === "matrix" || b.kind === "matrix") return matrices(a, b, symbolic);

  const intervals = a.kind === "tuple" && b.kind === "tuple" ? null : asSameIntervals(a, b, symbolic);
  if (intervals) return intervals;
  if (a.kind === "union" || b.kind === "union") {
    if (a.kind !== "union" || b.kind !== "union")
      return undecided("a union against something that is no union of intervals");
    if (a.how !== b.how) return undecided("sets put together in different ways");
    if (a.how !== "minus") return notDifferent(anyOrder(a.parts, b.parts, recurse, true, "the same parts"));
    const [[x, ...lessX], [y, ...lessY]] = [a.parts, b.parts];
    if (!x || !y) return undecided("an item is empty");
    return notDifferent(
      all([recurse(x, y), anyOrder(lessX, lessY, recurse, true, "")], "the same set without the same ones"),
    );
  }
  if (a.kind === "tuple" && b.kind === "tuple") return tuples(a, b, recurse);
  const items = [itemsOf(a), itemsOf(b)] as const;
  if (a.kind === "expression" && b.kind === "expression") return quantities(a, b, symbolic);
  if (decimalComma(a, b) || decimalComma(b, a)) return undecided("a comma may be a decimal point");
  const names = [valuesByName(a), valuesByName(b)] as const;
  if (names[0] === null || names[1] === null) {
    const found = namedAgainst(names, [a, b], recurse);
    if (found) return found;
  }
  if (a.kind === "tuple" || b.kind === "tuple") {
    // Brackets left off: the order is still that of the tuple.
    const other = a.kind === "tuple" ? b : a;
    const parentheses = [a, b].every(
      (shape) => shape.kind !== "tuple" || (shape.open === "(" && shape.close === ")"),
    );
    if (!parentheses) return undecided("an interval or list in brackets against items without");
    if (other.of !== undefined) return undecided("values of one name against a tuple or interval");
    if (other.kind === "list" && items[0].length === items[1].length) {
      return all(
        items[0].map((item, i) => recurse(item, items[1][i] ?? NOTHING)),
        "the same items, brackets left off",
      );
    }
    if (other.kind === "set") return undecided("a set against a tuple or interval");
    const vectors =
      other.kind === "expression" && /(?<![a-zA-Z\\])[ijk](?![a-zA-Z])|\\[ij]math/.test(other.tex);
    return vectors ? undecided("perhaps unit vectors") : no("one is a tuple, the other is not");
  }
  if (a.kind === "set" || b.kind === "set") {
    return anyOrder(items[0], items[1], recurse, false, "the same elements");
  }
  const inOrder = all(
    items[0].map((item, i) => recurse(item, items[1][i] ?? NOTHING)),
    "the same items",
  );
  if (items[0].length === items[1].length && inOrder.equal === true) return inOrder;
  const any = anyOrder(items[0], items[1], recurse, true, "the same items in another order");
  if (any.equal === false && anyOrder(items[0], items[1], recurse, false, "").equal === true) {
    return undecided("the same items, some of them repeated");
  }
  // Roots have no order; a ranking of names has.
  const named = items[0].some((item) => item.kind === "choice" || item.kind === "text");
  return any.equal === true && named ? undecided("the same items in another order") : any;
}

/** One has a name for each of its values; in a tuple their order counts, and among roots x_1, x_2 none does. */
function namedAgainst(
  names: readonly [Named | null, Named | null],
  shapes: readonly [Shape, Shape],
  recurse: (x: Shape, y: Shape) => Equality,
): Equality | null {
  const [one, other] = names[0] ? [names[0], shapes[1]] : [names[1], shapes[0]];
  if (!one || (one.order === "indices" && other.kind !== "tuple")) return null;
  const [x = [], y = []] = shapes.map((shape, i) => names[i]?.values ?? itemsOf(shape));
  const inOrder = all(
    x.map((item, i) => recurse(item, y[i] ?? NOTHING)),
    "the same values in the order of their names",
  );
  const ordered = one.order !== null && other.kind !== "set" && other.of === undefined;
  if (x.length === y.length && ordered && (inOrder.equal === true || other.kind === "tuple")) return inOrder;
  const any = anyOrder(x, y, recurse, true, "");
  return any.equal === true
    ? undecided("values with names against values in another order, or in none")
    : any;
}

function isInfinite(shape: Shape | undefined): boolean {
  return shape?.kind === "expression" && infinity(shape.tex) !== 0;
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
    if (!sameSize(a, b)) return no("matrices of different size");
    return all(
      a.rows.flatMap((row, i) => row.map((cell, j) => recurse(cell, b.rows[i]?.[j] ?? ""))),
      "the same entries",
    );
  }
  const [matrix, other] = a.kind === "matrix" ? [a, b] : [b as Of<"matrix">, a];
  if (matrix.bars && other.kind === "expression") {
    const value = determinant(matrix);
    if (value === null) return undecided("a determinant that is not worked out");
    const found: Shape = { kind: "expression", tex: value, unit: null };
    return a === matrix ? equalShapes(found, other, symbolic) : equalShapes(other, found, symbolic);
  }
  const column = matrix.rows.every((row) => row.length === 1) && !matrix.bars;
  if (!column || other.kind !== "tuple" || other.items.length !== matrix.rows.length) {
    return undecided("a matrix against something else");
  }
  const cells = matrix.rows.map((row) => readShape(row[0] ?? ""));
  return all(
    cells.map((cell, i) => equalShapes(cell, other.items[i] ?? NOTHING, symbolic)),
    "the same vector",
  );
}

/** Both are sets of real numbers, and one at least is written as more than points. Null: not decided that way. */
function setsOf(a: Shape, b: Shape): Equality | null {
  if (!isStretch(a) && !isStretch(b)) return null;
  const points = [a, b].filter((shape) => shape.kind === "tuple");
  // (1, 2) may be a point, or the two elements of a set; [1, 2) is neither.
  if (points.length === 2) return null;
  const other = a.kind === "tuple" ? b : a;
  if (
    points.some(
      (pair) => pair.kind === "tuple" && pair.open === "(" && pair.close === ")" && other.kind === "set",
    )
  ) {
    return null;
  }
  const [first, second] = [realSet(a), realSet(b)];
  return first && second ? sameSets(first, second) : null;
}

function residues(a: Shape, b: Shape): Equality {
  if (a.kind === "residues" && b.kind === "residues") return sameResidues(a.residues, b.residues);
  const [modular, other] = a.kind === "residues" ? [a, b] : [b as Of<"residues">, a];
  return other.kind === "expression" && other.unit === null
    ? residueAgainst(modular.residues, other.tex)
    : undecided("a residue against something else");
}

function tuples(a: Of<"tuple">, b: Of<"tuple">, recurse: (x: Shape, y: Shape) => Equality): Equality {
  if (a.items.length !== b.items.length) return no("tuples of different length");
  const items = all(
    a.items.map((item, i) => recurse(item, b.items[i] ?? NOTHING)),
    "the same items",
  );
  if (a.open === b.open && a.close === b.close) return items;
  if (items.equal === false) return items;
  const closed = ({ open, close, items: [low, high] }: Of<"tuple">) =>
    (open === "[" && isInfinite(low)) || (close === "]" && isInfinite(high));
  if (closed(a) || closed(b)) return undecided("a closed bracket at infinity");
  return a.items.length === 2 ? no("one end belongs to it, the other does not") : undecided("other brackets");
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
