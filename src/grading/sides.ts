/** One side of a stated relation: its value, and what about it forbids a verdict. */
import { asRational, type Value, variablesOf } from "./algebra.js";
import { tryEvaluate } from "./exact.js";
import { normalise } from "./normalise.js";
import { parseDecimal, type Rational } from "./rational.js";
import { readShape } from "./shape.js";
import { keepsValue } from "./unit-words.js";
import { unscaled } from "./units.js";

export interface Measure {
  /** Null where exact algebra does not reach. */
  value: Value | null;
  /** Another layer may try. */
  symbolic: boolean;
  /** As it was read, cleaned. */
  tex: string;
  /** A unit of measure, or null. */
  unit: string | null;
  money: boolean;
  degrees: boolean;
  /** Digits after the point of its coarsest decimal; null without one. */
  decimals: number | null;
}

/** Things that are no quantity: what they are, in words. */
export function measure(source: string): Measure | string {
  if (source === "") return "a side is missing";
  if (/\\(?:[lcdv]dots|ldots|overline|bar|dot)(?![a-zA-Z])|\.\.\.|…/.test(source))
    return "not all digits are written";
  if (/\\p?mod(?![a-zA-Z])|\\bmod|\bmod\b|\\pm|\\mp|±/.test(source)) return "more than one number is meant";
  let s = unboxed(source);
  const money = /\\\$/.test(s);
  s = normalise(s.replace(/\\\$/g, "")).replace(/(\d+(?:\.\d+)?|\.\d+)\s*%/g, "(\\frac{$1}{100})");
  // Without pi, degrees cancel on both sides; whether they may is the caller's to say.
  const trigonometric = /\\(?:arc)?(?:sin|cos|tan|cot|sec|csc)(?![a-zA-Z])/.test(s);
  const degrees = !trigonometric && s.includes("°");
  if (degrees) s = s.replace(/°/g, "");
  const shape = readShape(s);
  // A capital letter alone would be a choice, and three letters words: here they are unknowns.
  const expression =
    shape.kind === "expression"
      ? shape
      : (shape.kind === "choice" && shape.rest === "") || /^[a-zA-Z](?:_\w)?$/.test(s)
        ? { tex: s, unit: null }
        : null;
  if (!expression) return "no single number or formula";
  if (/\\text|\\mathrm/.test(expression.tex)) return "there are words in it";
  if (expression.unit !== null && (unscaled(expression.unit).rest === null || !keepsValue(expression.unit)))
    return "the words behind a number may make it another one";
  const read = tryEvaluate(expression.tex);
  const decimals = [...expression.tex.matchAll(/\d*\.(\d+)/g)].map((m) => (m[1] ?? "").length);
  return {
    value: read.value,
    symbolic: read.value === null && read.symbolic,
    tex: expression.tex,
    unit: expression.unit,
    money,
    degrees,
    decimals: decimals.length > 0 ? Math.min(...decimals) : null,
  };
}

function unboxed(tex: string): string {
  return /^\\(?:boxed|fbox)\s*\{([^{}]*)\}$/.exec(tex)?.[1] ?? tex;
}

export function isConstant(value: Value): boolean {
  return variablesOf(value).length === 0;
}

/** Letters that may be a constant or somebody's index: nothing is refuted over them. */
export function hasLooseLetter({ value }: Measure): boolean {
  return value !== null && atomsOf(value).some((atom) => atom === "e" || atom === "i");
}

export function isIrrational(value: Value): boolean {
  return asRational(value) === null;
}

function atomsOf(value: Value): string[] {
  return [value.numerator, value.denominator].flatMap((polynomial) =>
    [...polynomial.values()].flatMap(({ powers }) => powers.map(([atom]) => atom)),
  );
}

/** A constant as a number; NaN where it is none (complex, or variables in it). */
export function approximate(value: Value): number {
  const of = (polynomial: Value["numerator"]): number => {
    let sum = 0;
    for (const { coefficient, powers } of polynomial.values()) {
      let term = quotient(coefficient);
      for (const [atom, exponent] of powers) {
        const base = atom.startsWith("#")
          ? Number(atom.slice(1))
          : atom === "\\pi"
            ? Math.PI
            : atom === "e"
              ? Math.E
              : Number.NaN;
        term *= base ** quotient(exponent);
      }
      sum += term;
    }
    return sum;
  };
  return of(value.numerator) / of(value.denominator);
}

/** Exact up to a double's precision, however long the two integers are. */
function quotient({ n, d }: Rational): number {
  const plain = Number(n) / Number(d);
  if (Number.isFinite(plain)) return plain;
  const shift = BigInt(Math.max(0, d.toString(2).length - 1000));
  return Number(n >> shift) / Number(d >> shift);
}

/** A value as people write it: 14, 7/2, 0.35 where the text has decimals, else about so much. */
export function inWords({ value, decimals }: Measure): string | null {
  if (!value) return null;
  const exact = asRational(value);
  if (!exact) {
    const number = approximate(value);
    return Number.isFinite(number) ? `about ${short(number)}` : null;
  }
  return rationalInWords(exact, decimals !== null);
}

export function rationalInWords(q: Rational, asDecimal = false): string {
  const number = quotient(q);
  if (q.d === 1n)
    return q.n.toString().length <= 15 ? q.n.toString().replace("-", "−") : `about ${short(number)}`;
  const written = short(number);
  const back = asDecimal ? parseDecimal(written.replace("−", "-")) : null;
  if (back && back.n * q.d === q.n * back.d) return written;
  const fraction = `${q.n}/${q.d}`;
  return fraction.length <= 15 ? fraction.replace("-", "−") : `about ${written}`;
}

function short(number: number): string {
  return String(Number(number.toPrecision(7))).replace("-", "−");
}
