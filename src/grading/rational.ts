/** Exact fractions of bigints, always reduced, denominators positive. */
import { charge, TooLarge } from "./work.js";

export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

/** About 2,400 decimal digits: far beyond any answer, far below what would cost time. */
const MOST_BITS = 8192;
const LARGEST = 1n << BigInt(MOST_BITS);

export const ZERO: Rational = { n: 0n, d: 1n };
export const ONE: Rational = { n: 1n, d: 1n };

export function rational(n: bigint, d = 1n): Rational {
  if (d === 0n) throw new RangeError("division by zero");
  const g = d === 1n ? 1n : gcd(n < 0n ? -n : n, d < 0n ? -d : d);
  const signed = d < 0n ? -g : g;
  return bounded(g === 1n && d > 0n ? { n, d } : { n: n / signed, d: d / signed });
}

function bounded(reduced: Rational): Rational {
  charge(1 + words(reduced.n) + words(reduced.d));
  if (reduced.n > LARGEST || reduced.n < -LARGEST || reduced.d > LARGEST) throw new TooLarge();
  return reduced;
}

/** "12", "-3.50", ".5" exactly; null for anything else. */
export function parseDecimal(text: string): Rational | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
  if (!match || text.length > 400) return null;
  const [, sign, whole = "", fraction = ""] = match;
  if (whole === "" && fraction === "") return null;
  const n = BigInt(whole + fraction);
  return rational(sign === "-" ? -n : n, 10n ** BigInt(fraction.length));
}

export const add = (a: Rational, b: Rational) => rational(a.n * b.d + b.n * a.d, a.d * b.d);
export const negate = (a: Rational): Rational => ({ n: -a.n, d: a.d });
export const multiply = (a: Rational, b: Rational) => rational(a.n * b.n, a.d * b.d);
export const divide = (a: Rational, b: Rational) => rational(a.n * b.d, a.d * b.n);
export const isZero = (a: Rational) => a.n === 0n;
export const same = (a: Rational, b: Rational) => a.n === b.n && a.d === b.d;
export function power(a: Rational, exponent: number): Rational {
  const e = Math.abs(exponent);
  if (Math.max(bits(a.n), bits(a.d)) * e > 2 * MOST_BITS && !(a.d === 1n && (a.n === 1n || a.n === -1n))) {
    throw new TooLarge();
  }
  const n = a.n ** BigInt(e);
  const d = a.d ** BigInt(e);
  if (exponent >= 0) return bounded({ n, d });
  if (n === 0n) throw new RangeError("division by zero");
  return bounded(n < 0n ? { n: -d, d: -n } : { n: d, d: n });
}

/** Of two numbers that are not negative; 1 where both are zero. */
export function gcd(a: bigint, b: bigint): bigint {
  const shorter = Math.min(words(a), words(b));
  // As many divisions as the shorter has digits, each of which costs in proportion to its length.
  charge(2 + shorter * (10 + shorter));
  let x = a;
  let y = b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}

const WORD = 1n << 64n;
/** Of 64 bits; 0 for a number that fits into one. */
function words(n: bigint): number {
  return n < WORD && n > -WORD ? 0 : bits(n) / 64;
}

function bits(n: bigint): number {
  return (n < 0n ? -n : n).toString(16).length * 4;
}
