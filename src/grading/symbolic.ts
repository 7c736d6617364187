/**
 * The last layer: compute-engine reads both expressions and they are compared as numbers, 60 digits each where they are
 * real, at seeded points. Agreement at every point where both have a value means equal, unless numbers are too large or
 * small for that, or a piece of either was not looked at; one clear difference means different. Relations never come
 * here: compute-engine would call 3x - y + 13 = 0 and 3x + 4y + 14 = 0 equal.
 *
 * Loading takes most of a second, so it happens on first use, and runs in the grading thread, under its time limit.
 */
import { ComputeEngine } from "@cortex-js/compute-engine";
import { no, undecided, yes } from "./decide.js";
import { type Complex, compareNumbers, digitsOf } from "./digits.js";
import { bracketArguments } from "./functions.js";
import { isPositive, type Survey, survey } from "./points.js";
import type { Equality } from "./types.js";
import { longNumber, look, type Point } from "./values.js";

type Expression = NonNullable<ReturnType<ComputeEngine["parse"]>>;
interface Read {
  expression: Expression;
  tree: unknown;
  /** Constant on whole stretches: agreement at points proves nothing. */
  steps: boolean;
  /** A factorial of a letter: only whole numbers are meant. */
  whole: boolean;
  /** Of complex numbers, and not only where a root or logarithm has no real value. */
  complex: boolean;
}

/** Points that must agree. */
const NEEDED = 5;
/** A factorial or an exponent beyond this would be worked out digit by digit. */
const LARGEST_INTEGER = 1e6;
const MOST_NODES = 300;
const KNOWN = new Set(
  (
    "Add Subtract Multiply Divide Negate Power Square Sqrt Root Rational Half Exp Ln Log Lb Abs Factorial Binomial " +
    "Sin Cos Tan Cot Sec Csc Arcsin Arccos Arctan Arccot Arcsec Arccsc Sinh Cosh Tanh Arsinh Arcosh Artanh Degrees " +
    "Floor Ceil Complex"
  ).split(" "),
);
const STEPS = /^(?:Floor|Ceil)$/;

let engine: ComputeEngine | undefined;

function theEngine(): ComputeEngine {
  if (!engine) {
    engine = new ComputeEngine();
    engine.precision = 60;
  }
  return engine;
}

/** Loads what the first comparison would have to, so that its time limit does not have to pay for it. */
export function warmUp(): void {
  for (const tex of ["\\sqrt{2}+\\sin(1)^2", "\\ln(3)+e^{0.5}+\\arctan(2)", "\\cos(30^{\\circ})+2^{1/3}"]) {
    theEngine().parse(tex).N();
  }
  equalSymbolically("\\sin(x)^2+\\cos(x)^2", "\\tan(x)");
}

/** `tolerance`: relative to gold, for constants alone. */
export function equalSymbolically(gold: string, answer: string, tolerance = 0): Equality {
  const a = read(gold);
  const b = read(answer);
  if (typeof a === "string") return undecided(a);
  if (typeof b === "string") return undecided(b);
  // A decimal may be a rounded value: close is then neither equal nor different.
  const rounded = /\d*\.\d/.test(gold + answer);
  const names = [...new Set([...a.expression.unknowns, ...b.expression.unknowns])];
  if (names.length === 0) return equalConstants(a, b, rounded, tolerance);
  const found = equalAtPoints(a, b, names);
  if (found.equal === true) {
    if (rounded) return undecided("a decimal close to an exact value");
    if (a.steps || b.steps) return undecided("agreement at points proves nothing of whole parts");
  }
  // sin^{-1} x is the inverse for most people and 1 / sin x for some.
  const inverse = /\\(?:sin|cos|tan)\s*\^\s*\{\s*-\s*1/.test(gold + answer);
  return found.equal === false && inverse ? undecided("different as an inverse function") : found;
}

function equalConstants(a: Read, b: Read, rounded: boolean, tolerance: number): Equality {
  const [x, y] = [numberOf(a.expression), numberOf(b.expression)];
  if (x && y && tolerance > 0 && Math.hypot(x.re - y.re, x.im - y.im) <= tolerance * Math.hypot(x.re, x.im)) {
    return yes(`within ${tolerance} of each other`);
  }
  const agreement = compareNumbers(x, y);
  const looks = [look(a.tree, {}), look(b.tree, {})];
  if (agreement === true) {
    if (rounded) return undecided("a decimal close to an exact value");
    return looks.some(({ delicate }) => delicate)
      ? undecided("equal as far as digits show")
      : yes("the same value, digit by digit");
  }
  if (agreement === null || !x || !y) return undecided("no two values to compare");
  if (looks.some(({ blurred }) => blurred)) return undecided("different as far as digits show");
  return rounded && compareNumbers({ ...x, digits: null }, { ...y, digits: null }) !== false
    ? undecided("a decimal close to an exact value")
    : no("different values");
}

function equalAtPoints(a: Read, b: Read, names: readonly string[]): Equality {
  const compareAt = (point: Point) =>
    compareNumbers(numberOf(a.expression.subs(point)), numberOf(b.expression.subs(point)));
  const found = survey(a.tree, b.tree, a.whole || b.whole, a.complex || b.complex);
  let agreed = 0;
  for (const [points, counts] of [[found.points, 1] as const, [found.delicate, 0] as const]) {
    for (const point of points) {
      const agreement = compareAt(point);
      if (agreement === false) return differentAt(point, found, compareAt);
      if (agreement === true) agreed += counts;
    }
  }
  // Of several letters under roots and logarithms people mean positive ones.
  if (names.length === 1 && found.oneSided.some((point) => compareAt(point) === false)) {
    return undecided("one has values where the other has none");
  }
  if (found.open !== null) return undecided(found.open);
  if (agreed < NEEDED) return undecided("could not be evaluated at enough points");
  return yes(`the same values at ${agreed} points`);
}

function differentAt(point: Point, { whole }: Survey, compareAt: (point: Point) => boolean | null): Equality {
  if (!isPositive(point)) return undecided("equal for positive values alone");
  // cos(n pi) and (-1)^n are the same to whoever means whole numbers by n.
  const meant = whole.map(compareAt);
  return meant.length > 0 && !meant.includes(false)
    ? undecided("the same for whole numbers")
    : no("different values at a point");
}

/** The canonical expression, or why it is not to be evaluated. */
function read(tex: string): Read | string {
  const raw = theEngine().parse(bracketArguments(tex).replace(/°/g, "^{\\circ}"), { form: "raw" });
  if (!raw?.isValid) return `"${tex}" cannot be read`;
  const tooLarge = visit(raw.json, (operator, node) => {
    const value = typeof node === "number" ? Math.abs(node) : 0;
    const tower = operator === "Power" && Array.isArray(node) && holds(node[2], "Power");
    return value > LARGEST_INTEGER || tower || !Number.isNaN(longNumber(node))
      ? "too large to work out"
      : null;
  });
  if (tooLarge) return tooLarge;
  const expression = raw.canonical;
  if (!expression.isValid) return `"${tex}" cannot be read`;
  let steps = false;
  let whole = false;
  let complex = false;
  const tree = expression.json as unknown;
  const unknown = visit(tree, (operator, node) => {
    if (operator === null) {
      complex ||= node === "ImaginaryUnit";
      return typeof node === "string" && node.startsWith("'") ? "words in a formula" : null;
    }
    complex ||= operator === "Complex";
    steps ||= expression.unknowns.length > 0 && STEPS.test(operator);
    whole ||= /^(?:Factorial|Binomial)$/.test(operator) && expression.unknowns.length > 0;
    return KNOWN.has(operator) ? null : `"${operator}" is not compared`;
  });
  return unknown ?? { expression, tree, steps, whole, complex };
}

/** First complaint about any node of a MathJSON tree; `operator` is null for numbers and symbols. */
function visit(
  tree: unknown,
  complain: (operator: string | null, node: unknown) => string | null,
): string | null {
  let nodes = 0;
  const walk = (node: unknown): string | null => {
    if (++nodes > MOST_NODES) return "too long a formula";
    const [operator, ...operands] = Array.isArray(node) ? (node as unknown[]) : [null];
    const found = complain(operator === null ? null : String(operator), node);
    if (found) return found;
    for (const operand of operands) {
      const inner = walk(operand);
      if (inner) return inner;
    }
    return null;
  };
  return walk(tree);
}

function holds(tree: unknown, operator: string): boolean {
  return visit(tree, (found) => (found === operator ? "found" : null)) !== null;
}

function numberOf(expression: Expression): Complex | null {
  const value = expression.N();
  if (!Number.isFinite(value.re) || !Number.isFinite(value.im)) return null;
  return {
    re: value.re,
    im: value.im,
    digits: value.im === 0 ? digitsOf((value as { numericValue?: unknown }).numericValue) : null,
  };
}
