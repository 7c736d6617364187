/** Polynomials in one variable over the rationals: roots that two equations share, without solving either. */
import { type Value, variablesOf } from "./algebra.js";
import { add, divide, isZero, multiply, negate, ONE, type Rational, ZERO } from "./rational.js";

/** Coefficients from the constant upwards; the last is not zero. Empty: the zero polynomial. */
export type Univariate = readonly Rational[];

const LARGEST_DEGREE = 12;

/**
 * The numerator of `value` as a polynomial in its only variable; null when there are several, or roots, pi or e in it.
 * A common factor of the variable is divided out where the value has negative powers.
 */
export function asUnivariate(value: Value): { variable: string; polynomial: Univariate } | null {
  const [variable, ...others] = variablesOf(value);
  if (variable === undefined || others.length > 0) return null;
  const terms: [exponent: number, coefficient: Rational][] = [];
  for (const { powers, coefficient } of value.numerator.values()) {
    const [power, ...more] = powers;
    if (more.length > 0 || (power && (power[0] !== variable || power[1].d !== 1n))) return null;
    terms.push([power ? Number(power[1].n) : 0, coefficient]);
  }
  const lowest = Math.min(0, ...terms.map(([exponent]) => exponent));
  const polynomial: Rational[] = [];
  for (const [exponent, coefficient] of terms) {
    const at = exponent - lowest;
    if (at > LARGEST_DEGREE) return null;
    while (polynomial.length <= at) polynomial.push(ZERO);
    polynomial[at] = coefficient;
  }
  return { variable, polynomial: trimmed(polynomial) };
}

/** Have the two a root in common, in the complex numbers? */
export function shareRoot(a: Univariate, b: Univariate): boolean {
  if (a.length === 0 || b.length === 0) return true;
  return gcd(a, b).length > 1;
}

/** Is every root of `a` one of `b`? */
export function rootsWithin(a: Univariate, b: Univariate): boolean {
  if (a.length < 2) return false;
  let rest = a;
  // What is left of `a` when all that it shares with `b` is divided out, as often as it stands in it.
  for (let common = gcd(rest, b); common.length > 1; common = gcd(rest, b)) rest = quotient(rest, common);
  return rest.length === 1;
}

/** The solution of a linear equation; null for another. */
export function onlyRoot(a: Univariate): Rational | null {
  const [constant, slope] = a;
  return a.length === 2 && constant && slope ? divide(negate(constant), slope) : null;
}

function trimmed(a: Rational[]): Univariate {
  const last = a.findLastIndex((c) => !isZero(c));
  return a.slice(0, last + 1);
}

function gcd(a: Univariate, b: Univariate): Univariate {
  let [x, y] = [a, b];
  while (y.length > 0) [x, y] = [y, monic(divided(x, y).rest)];
  return x;
}

function monic(a: Univariate): Univariate {
  const lead = a.at(-1);
  return lead ? a.map((c) => divide(c, lead)) : a;
}

const quotient = (a: Univariate, b: Univariate): Univariate => divided(a, b).quotient;

function divided(a: Univariate, b: Univariate): { quotient: Univariate; rest: Univariate } {
  const lead = b.at(-1) ?? ONE;
  const rest = [...a];
  const result: Rational[] = Array.from({ length: Math.max(0, a.length - b.length + 1) }, () => ZERO);
  for (let shift = a.length - b.length; shift >= 0; shift--) {
    const factor = divide(rest[shift + b.length - 1] ?? ZERO, lead);
    result[shift] = factor;
    b.forEach((c, i) => {
      rest[shift + i] = add(rest[shift + i] ?? ZERO, negate(multiply(factor, c)));
    });
  }
  return { quotient: trimmed(result), rest: trimmed(rest.slice(0, Math.max(0, b.length - 1))) };
}
