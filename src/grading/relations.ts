/** Equations and inequalities as what they say, never by the numeric equality of their sides. */
import { asLinear, cleared, degreeOf, minus, plus, ratio, type Value, variablesOf } from "./algebra.js";
import { all, no, undecided, yes } from "./decide.js";
import { equalExpressions, type Symbolic, tryEvaluate } from "./exact.js";
import { divide, negate, type Rational } from "./rational.js";
import type { RelationSign, Shape } from "./shape.js";
import type { Equality } from "./types.js";
import { TooLarge } from "./work.js";

export type Relation = Extract<Shape, { kind: "relation" }>;

/** From `low` to `high`, LaTeX or null for without end. */
export interface Interval {
  low: string | null;
  lowClosed: boolean;
  high: string | null;
  highClosed: boolean;
}

const TURNED: Partial<Record<RelationSign, RelationSign>> = {
  "<": ">",
  ">": "<",
  "\\le": "\\ge",
  "\\ge": "\\le",
  "=": "=",
  "\\ne": "\\ne",
};

export function isEquation(relation: Relation): boolean {
  return relation.signs.every((sign) => sign === "=");
}

/** The solutions of `x < 2`, `-1 \le x < 3`, `2x < 4` or `x \ne 2` as intervals; null for anything else. */
export function asIntervals(relation: Relation): Interval[] | null {
  const { sides, signs } = relation;
  const [left = "", middle = "", right = ""] = sides;
  const [first, second] = signs;
  if (signs.length === 1 && first) {
    if (isVariable(left) && isNumber(middle)) return ray(first, middle);
    const turned = TURNED[first];
    if (isVariable(middle) && isNumber(left) && turned) return ray(turned, left);
    return linearRay(left, first, middle);
  }
  if (signs.length === 2 && isVariable(middle) && isNumber(left) && isNumber(right)) {
    const rising = [first, second].every((sign) => sign === "<" || sign === "\\le");
    const falling = [first, second].every((sign) => sign === ">" || sign === "\\ge");
    const closedFirst = first === "\\le" || first === "\\ge";
    const closedSecond = second === "\\le" || second === "\\ge";
    if (rising) return [{ low: left, lowClosed: closedFirst, high: right, highClosed: closedSecond }];
    if (falling) return [{ low: right, lowClosed: closedSecond, high: left, highClosed: closedFirst }];
  }
  return null;
}

/** `gold` and `answer` with one sign each. */
export function equalRelations(gold: Relation, answer: Relation, symbolic: Symbolic): Equality {
  if (gold.signs.length !== 1 || answer.signs.length !== 1) {
    if (gold.signs.length !== answer.signs.length || gold.signs.some((sign, i) => sign !== answer.signs[i])) {
      return undecided("the chains of relations are built differently");
    }
    return positive(
      all(
        gold.sides.map((side, i) => equalExpressions(side, answer.sides[i] ?? "", symbolic)),
        "the same chain of relations",
      ),
    );
  }
  const a = difference(gold);
  const b = difference(answer);
  if (a === null || b === null) return sideBySide(gold, answer, symbolic);
  const [signA = "=", signB = "="] = [gold.signs[0], answer.signs[0]];
  if ((signA === "=") !== (signB === "=") || (signA === "\\ne") !== (signB === "\\ne")) {
    return no("an equation against an inequality");
  }
  try {
    const [[top, bottom], [otherTop, otherBottom]] = [cleared(a), cleared(b)];
    if (variablesOf(bottom).length === 0 && variablesOf(otherBottom).length === 0)
      return proportional(a, signA, b, signB);
    // Multiplied out, a relation may hold where its denominator is zero, and an inequality may turn round.
    const open = undecided("relations with denominators");
    if (signA !== "=" || ratio(bottom, otherBottom) === null) return open;
    const found = proportional(top, signA, otherTop, signB);
    // A denominator of several terms may take away a solution of either numerator.
    return found.equal === true || bottom.numerator.size === 1 ? found : open;
  } catch (error) {
    if (error instanceof TooLarge) return undecided("too large to work out");
    throw error;
  }
}

function proportional(a: Value, signA: RelationSign, b: Value, signB: RelationSign): Equality {
  if (a.numerator.size === 0 || b.numerator.size === 0) return undecided("one relation says nothing");
  const c = ratio(a, b);
  const strict = (sign: RelationSign) => sign === "<" || sign === ">";
  if (signA === "=" || signA === "\\ne") {
    if (c !== null) return yes("the same relation up to a constant factor");
    // x^2 = 4 and x = 2, or (x-1)^2 = 0 and x = 1: other equations, though perhaps the same solutions.
    return degreeOf(a) === degreeOf(b) || sorted(a) !== sorted(b)
      ? no("different equations")
      : undecided("equations of different degree");
  }
  if (c === "constant") return undecided("the factor between the inequalities has no clear sign");
  if (c === null) return no("different inequalities");
  if (strict(signA) !== strict(signB)) return no("one bound belongs to it, the other does not");
  const turned = c.n < 0n ? TURNED[signB] : signB;
  return turned === signA
    ? yes("the same inequality up to a factor")
    : no("the inequality points the other way");
}

function sorted(value: Value): string {
  return variablesOf(value).join(" ");
}

/** Left minus right, exactly; null where algebra does not reach. */
function difference({ sides }: Relation): Value | null {
  const left = tryEvaluate(sides[0] ?? "").value;
  const right = tryEvaluate(sides[1] ?? "").value;
  if (!left || !right) return null;
  try {
    return plus(left, minus(right));
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
}

/** Equal when both sides are; never different, since many spellings say the same. */
function sideBySide(gold: Relation, answer: Relation, symbolic: Symbolic): Equality {
  if (gold.signs[0] !== answer.signs[0]) return undecided("relations that algebra does not cover");
  const sides = gold.sides.map((side, i) => equalExpressions(side, answer.sides[i] ?? "", symbolic));
  return positive(all(sides, "both sides are equal"));
}

function positive(equality: Equality): Equality {
  return equality.equal === false ? undecided("relations that algebra does not cover") : equality;
}

function isVariable(s: string): boolean {
  return /^\{?(?:[A-Za-z]|\\[a-zA-Z]+)\}?(?:_\w)?$/.test(s) && !/^\\(?:infty|pi)$/.test(s) && s !== "e";
}

function isNumber(s: string): boolean {
  if (/\\infty/.test(s)) return true;
  const { value } = tryEvaluate(s);
  return value !== null && variablesOf(value).length === 0;
}

function ray(sign: RelationSign, bound: string): Interval[] | null {
  const open = { low: null, lowClosed: false, high: null, highClosed: false };
  if (sign === "<" || sign === "\\le") return [{ ...open, high: bound, highClosed: sign === "\\le" }];
  if (sign === ">" || sign === "\\ge") return [{ ...open, low: bound, lowClosed: sign === "\\ge" }];
  if (sign === "\\ne")
    return [
      { ...open, high: bound },
      { ...open, low: bound },
    ];
  return null;
}

/** a x + b < 0 with rational a and b. */
function linearRay(left: string, sign: RelationSign, right: string): Interval[] | null {
  if (sign === "=" || sign === "\\in") return null;
  const value = difference({ kind: "relation", sides: [left, right], signs: [sign] });
  const linear = value && asLinear(value);
  if (!linear) return null;
  const bound: Rational = divide(negate(linear.constant), linear.slope);
  const turned = linear.slope.n < 0n ? TURNED[sign] : sign;
  return turned ? ray(turned, `\\frac{${bound.n}}{${bound.d}}`) : null;
}
