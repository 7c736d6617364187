/**
 * Formulas (MathJSON) as doubles: where they have a value, and where sixty digits of it would prove nothing. Nothing is
 * decided by these values; they choose the points that are worked out in full.
 */

export interface Double {
  re: number;
  im: number;
}

export interface Look {
  value: Double;
  finite: boolean;
  /** Every part of it is a finite real number. */
  real: boolean;
  /** A part is so large or small that digits may not show it: agreement proves nothing. */
  delicate: boolean;
  /** Digits cancel, or an angle is huge: a difference proves nothing. */
  blurred: boolean;
}

/** Beyond e to plus or minus this (ten to the eighth), an exponential is delicate. */
const PLAIN_EXPONENT = 8 * Math.LN10;
/** Beyond this or below its inverse, any part is. */
const PLAIN_SIZE = 1e20;
const SMALLEST_NUMBER = 1e-8;
/** A sum of that share of its largest addend has cancelled. */
const CANCELLED = 1e-12;
const LARGEST_ANGLE = 1e8;
const NAMES: Record<string, number> = { Pi: Math.PI, ExponentialE: Math.E, e: Math.E, Half: 0.5 };

const NOWHERE: Double = { re: Number.NaN, im: Number.NaN };
const real = (re: number): Double => ({ re, im: 0 });
const size = ({ re, im }: Double): number => Math.hypot(re, im);
const add = (a: Double, b: Double): Double => ({ re: a.re + b.re, im: a.im + b.im });
const times = (a: Double, b: Double): Double => ({
  re: a.re * b.re - a.im * b.im,
  im: a.im === 0 && b.im === 0 ? 0 : a.re * b.im + a.im * b.re,
});
const negate = (a: Double): Double => ({ re: -a.re, im: a.im === 0 ? 0 : -a.im });
function over(a: Double, b: Double): Double {
  if (a.im === 0 && b.im === 0) return b.re === 0 ? NOWHERE : real(a.re / b.re);
  const square = b.re * b.re + b.im * b.im;
  return square === 0 ? NOWHERE : times(a, { re: b.re / square, im: -b.im / square });
}
const exp = (a: Double): Double =>
  a.im === 0
    ? real(Math.exp(a.re))
    : { re: Math.exp(a.re) * Math.cos(a.im), im: Math.exp(a.re) * Math.sin(a.im) };
const ln = (a: Double): Double =>
  size(a) === 0 ? NOWHERE : { re: Math.log(size(a)), im: Math.atan2(a.im, a.re) };
const sin = ({ re, im }: Double): Double =>
  im === 0 ? real(Math.sin(re)) : { re: Math.sin(re) * Math.cosh(im), im: Math.cos(re) * Math.sinh(im) };
const cos = ({ re, im }: Double): Double =>
  im === 0 ? real(Math.cos(re)) : { re: Math.cos(re) * Math.cosh(im), im: -Math.sin(re) * Math.sinh(im) };

function power(base: Double, exponent: Double): Double {
  if (base.im === 0 && exponent.im === 0) {
    if (base.re === 0 && exponent.re <= 0) return NOWHERE;
    if (base.re >= 0 || Number.isInteger(exponent.re)) return real(base.re ** exponent.re);
  }
  const value = exp(times(exponent, ln(base)));
  return size(value) === 0 ? NOWHERE : value;
}

/** The odd roots of negative numbers are real, as compute-engine and most people have it. */
function root(base: Double, degree: number, times = 1): Double {
  if (base.im !== 0 || base.re >= 0 || degree % 2 === 0) return power(base, real(times / degree));
  return real((times % 2 === 0 ? 1 : -1) * (-base.re) ** (times / degree));
}

function factorial(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > 170) return Number.NaN;
  let product = 1;
  for (let i = 2; i <= n; i++) product *= i;
  return product;
}

/** Functions of real numbers alone. */
const OF_REALS: Record<string, (...x: number[]) => number> = {
  Arcsin: Math.asin,
  Arccos: Math.acos,
  Arctan: Math.atan,
  Arccot: (x = 0) => (x === 0 ? Math.PI / 2 : Math.atan(1 / x)),
  Arcsec: (x = 0) => Math.acos(1 / x),
  Arccsc: (x = 0) => Math.asin(1 / x),
  Arsinh: Math.asinh,
  Arcosh: Math.acosh,
  Artanh: Math.atanh,
  Sinh: Math.sinh,
  Cosh: Math.cosh,
  Tanh: Math.tanh,
  Degrees: (x = 0) => (x * Math.PI) / 180,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Factorial: factorial,
  Binomial: (n = 0, k = 0) => Math.round(factorial(n) / factorial(k) / factorial(n - k)),
};
const ANGLES = new Set(["Sin", "Cos", "Tan", "Cot", "Sec", "Csc"]);
const HYPERBOLIC = new Set(["Sinh", "Cosh", "Tanh"]);
const SINGULAR_AT_ZERO = new Set(["Sqrt", "Root", "Ln", "Log", "Lb"]);
const SINGULAR_AT_ONE = new Set(["Arcsin", "Arccos"]);

/** Numbers too long for a double come as `{ num: "…" }`. */
export function longNumber(node: unknown): number {
  return typeof node === "object" && node !== null && "num" in node ? Number(node.num) : Number.NaN;
}

export type Point = Readonly<Record<string, number>>;

export function look(tree: unknown, point: Point): Look {
  const found = { real: true, delicate: false, blurred: false };

  /** `outermost`: the whole of it, or an addend of the whole. */
  function walk(node: unknown, outermost = false): Double {
    const value = ofNode(node, outermost);
    const magnitude = size(value);
    if (value.im !== 0 || !Number.isFinite(value.re)) found.real = false;
    if (magnitude > PLAIN_SIZE || (magnitude > 0 && magnitude < 1 / PLAIN_SIZE)) found.delicate = true;
    return value;
  }

  function ofNode(node: unknown, outermost: boolean): Double {
    if (typeof node === "number") {
      if (node !== 0 && Math.abs(node) < SMALLEST_NUMBER) found.delicate = true;
      return real(node);
    }
    if (typeof node === "string") return real(point[node] ?? NAMES[node] ?? Number.NaN);
    if (!Array.isArray(node)) return real(longNumber(node));
    const [operator, ...operands] = node as [string, ...unknown[]];
    if (operator === "Power") return powerOf(operands[0], operands[1]);
    const sums = operator === "Add" || operator === "Subtract";
    const values = operands.map((operand) => walk(operand, outermost && (sums || operator === "Negate")));
    const [x = NOWHERE, y] = values;
    if (sums) return sum(operator, values, outermost);
    if (ANGLES.has(operator) && size(x) > LARGEST_ANGLE) found.blurred = true;
    if (HYPERBOLIC.has(operator) && Math.abs(x.re) > PLAIN_EXPONENT) found.delicate = true;
    return applied(operator, values, x, y);
  }

  function sum(operator: string, values: Double[], outermost: boolean): Double {
    const addends = operator === "Add" ? values : values.map((value, i) => (i === 0 ? value : negate(value)));
    const total = addends.reduce(add, real(0));
    const largest = Math.max(...addends.map(size));
    if (largest > 0 && size(total) <= CANCELLED * largest) {
      if (largest > LARGEST_ANGLE) found.blurred = true;
      // Next to nothing, or nothing: whatever is made of it may hide behind the digits.
      if (!outermost) found.delicate = true;
      return { re: 0, im: total.im === 0 ? 0 : total.im };
    }
    return total;
  }

  function powerOf(below: unknown, above: unknown): Double {
    const base = walk(below);
    const [name, numerator, denominator] = Array.isArray(above) ? above : [];
    if (name === "Rational" && typeof numerator === "number" && typeof denominator === "number") {
      if (size(base) === 0) found.blurred = true;
      return root(base, denominator, numerator);
    }
    const exponent = walk(above);
    const value = power(base, exponent);
    const logarithm = Math.abs(Math.log(size(value)));
    // The power of a letter is as large as the letter; no other point would make an exponential plainer.
    const plain = typeof above === "number" && logarithm < Number.POSITIVE_INFINITY && holdsLetter(below);
    if (logarithm > PLAIN_EXPONENT && size(base) > 0 && !plain) found.delicate = true;
    return value;
  }

  /** What cancels to nothing is dust in digits, and its root or logarithm is no dust. */
  function applied(operator: string, values: Double[], x: Double, y: Double | undefined): Double {
    if (SINGULAR_AT_ZERO.has(operator) && size(x) === 0) found.blurred = true;
    if (SINGULAR_AT_ONE.has(operator) && Math.abs(Math.abs(x.re) - 1) < CANCELLED) found.blurred = true;
    switch (operator) {
      case "Multiply":
        return values.reduce(times, real(1));
      case "Divide":
      case "Rational":
        return over(x, y ?? NOWHERE);
      case "Negate":
        return negate(x);
      case "Square":
        return times(x, x);
      case "Sqrt":
        return root(x, 2);
      case "Root":
        return root(x, y?.re ?? 2);
      case "Exp":
        if (Math.abs(x.re) > PLAIN_EXPONENT) found.delicate = true;
        return exp(x);
      case "Ln":
        return y ? over(ln(x), ln(y)) : ln(x);
      case "Log":
        return over(ln(x), ln(y ?? real(10)));
      case "Lb":
        return over(ln(x), real(Math.LN2));
      case "Abs":
        return real(size(x));
      case "Complex":
        return { re: x.re, im: y?.re ?? 0 };
      case "Sin":
        return sin(x);
      case "Cos":
        return cos(x);
      case "Tan":
        return over(sin(x), cos(x));
      case "Cot":
        return over(cos(x), sin(x));
      case "Sec":
        return over(real(1), cos(x));
      case "Csc":
        return over(real(1), sin(x));
    }
    const known = OF_REALS[operator];
    return known && values.every(({ im }) => im === 0) ? real(known(...values.map(({ re }) => re))) : NOWHERE;
  }

  const value = walk(tree, true);
  return { value, finite: Number.isFinite(value.re) && Number.isFinite(value.im), ...found };
}

export function holdsLetter(tree: unknown): boolean {
  return lettersOf(tree).size > 0;
}

export function lettersOf(tree: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(tree)) for (const operand of tree.slice(1)) lettersOf(operand, found);
  else if (typeof tree === "string" && NAMES[tree] === undefined && tree !== "ImaginaryUnit") found.add(tree);
  return found;
}
