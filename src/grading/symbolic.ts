/**
 * The last layer: compute-engine reads both expressions and they are compared as numbers, 20 digits each, at seeded
 * points. Agreement at every point where both have a value means equal; one clear difference means different.
 * Relations never come here: compute-engine would call 3x - y + 13 = 0 and 3x + 4y + 14 = 0 equal.
 *
 * Loading takes most of a second, so it happens on first use, and runs in the grading thread, under its time limit.
 */
import { ComputeEngine } from "@cortex-js/compute-engine";
import { no, undecided, yes } from "./decide.js";
import type { Equality } from "./types.js";

type Expression = NonNullable<ReturnType<ComputeEngine["parse"]>>;
interface Complex {
  re: number;
  im: number;
}

/** Points with positive values, of which so many must give numbers, and points with negative ones among them. */
const POSITIVE = 8;
const NEEDED = 5;
const MIXED = 4;
/** Relative; doubles of a 20-digit evaluation, less what cancels. Between the two nothing is decided. */
const AGREE = 1e-12;
const DIFFER = 1e-7;
/** A factorial or an exponent beyond this would be worked out digit by digit. */
const LARGEST_INTEGER = 1e6;
const MOST_NODES = 300;
const KNOWN = new Set(
  (
    "Add Subtract Multiply Divide Negate Power Square Sqrt Root Rational Half Exp Ln Log Lb Abs Factorial Binomial " +
    "Sin Cos Tan Cot Sec Csc Arcsin Arccos Arctan Arccot Arcsec Arccsc Sinh Cosh Tanh Arsinh Arcosh Artanh Degrees " +
    "Floor Ceil"
  ).split(" "),
);
/** Constant on whole stretches: agreement at points proves nothing. */
const STEPS = /^(?:Floor|Ceil)$/;

let engine: ComputeEngine | undefined;

/** Loads compute-engine, so that the first comparison's time limit does not have to pay for it. */
export function warmUp(): void {
  engine ??= new ComputeEngine();
  engine.parse("\\sqrt{2}").N();
}

export function equalSymbolically(gold: string, answer: string): Equality {
  engine ??= new ComputeEngine();
  const a = read(engine, gold);
  const b = read(engine, answer);
  if (typeof a === "string") return undecided(a);
  if (typeof b === "string") return undecided(b);
  // A decimal may be a rounded value: close is then neither equal nor different.
  const rounded = /\d*\.\d/.test(gold + answer);
  const close = () => undecided("a decimal close to an exact value");
  const names = [...new Set([...a.unknowns, ...b.unknowns])].sort();
  if (names.length === 0) {
    const agreement = compare(numberOf(a), numberOf(b));
    if (agreement === true) return rounded ? close() : yes("the same value to 12 digits");
    return agreement === false ? no("different values") : undecided("no two values to compare");
  }
  let agreed = 0;
  for (const { point, positive } of points(names)) {
    const agreement = compare(numberOf(a.subs(point)), numberOf(b.subs(point)));
    if (agreement === false) {
      return positive ? no("different values at a point") : undecided("equal for positive values alone");
    }
    if (agreement === true && positive) agreed++;
  }
  if (agreed < NEEDED) return undecided("could not be evaluated at enough points");
  return rounded ? close() : yes(`the same values at ${agreed} points`);
}

/** The canonical expression, or why it is not to be evaluated. */
function read(ce: ComputeEngine, tex: string): Expression | string {
  const raw = ce.parse(tex.replace(/°/g, "^{\\circ}"), { form: "raw" });
  if (!raw?.isValid) return `"${tex}" cannot be read`;
  const tooLarge = visit(raw.json, (operator, node) => {
    const value = typeof node === "number" ? Math.abs(node) : 0;
    const tower = operator === "Power" && Array.isArray(node) && holds(node[2], "Power");
    return value > LARGEST_INTEGER || tower || isLongNumber(node) ? "too large to work out" : null;
  });
  if (tooLarge) return tooLarge;
  const expression = raw.canonical;
  if (!expression.isValid) return `"${tex}" cannot be read`;
  const stepwise = expression.unknowns.length > 0;
  const unknown = visit(expression.json, (operator, node) => {
    if (operator === null)
      return typeof node === "string" && node.startsWith("'") ? "words in a formula" : null;
    return KNOWN.has(operator) && !(stepwise && STEPS.test(operator))
      ? null
      : `"${operator}" is not compared`;
  });
  return unknown ?? expression;
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

/** Numbers too long for a double come as `{ num: "…" }`. */
function isLongNumber(node: unknown): boolean {
  return typeof node === "object" && node !== null && "num" in node;
}

function numberOf(expression: Expression): Complex | null {
  const value = expression.N();
  return Number.isFinite(value.re) && Number.isFinite(value.im) ? { re: value.re, im: value.im } : null;
}

function compare(x: Complex | null, y: Complex | null): boolean | null {
  if (!x || !y) return null;
  const size = Math.max(Math.hypot(x.re, x.im), Math.hypot(y.re, y.im));
  const distance = Math.hypot(x.re - y.re, x.im - y.im);
  if (distance <= AGREE * size) return true;
  return distance > DIFFER * size ? false : null;
}

/** The same points for the same names, so that a verdict repeats: a golden-ratio sequence over 0.2 .. 3.8. */
function* points(names: string[]): Generator<{ point: Record<string, number>; positive: boolean }> {
  let step = 0;
  for (let i = 0; i < POSITIVE + MIXED; i++) {
    const positive = i < POSITIVE;
    const point: Record<string, number> = {};
    for (const name of names) {
      const value = 0.2 + 3.6 * ((0.5 + ++step * 0.6180339887498949) % 1);
      point[name] = positive || step % 2 === 0 ? value : -value;
    }
    yield { point, positive };
  }
}
