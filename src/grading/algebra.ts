/**
 * Exact normal forms for what most answers are: rational functions over Q, extended by roots of rationals, i, pi
 * and e. Two such values are equal exactly when cross-multiplying gives the same normal form, so both "equal" and
 * "different" are proofs:
 *
 * - roots are powers of primes with exponents in (0, 1), linearly independent over Q (Besicovitch 1940);
 * - pi and e count as indeterminates (their algebraic independence is conjectured, and no answer depends on it);
 * - a fractional power of a variable is only formed where (x^a)(x^b) = x^(a+b) is all that is needed of it.
 *
 * Whatever does not fit throws `Unsupported`, whatever grows too large `TooLarge`: the caller decides nothing then.
 */
import {
  add as addQ,
  divide as divideQ,
  isZero,
  multiply as multiplyQ,
  negate as negateQ,
  ONE,
  power as powerQ,
  type Rational,
  rational,
  same,
  ZERO,
} from "./rational.js";
import { charge, TooLarge } from "./work.js";

/** Valid mathematics that this layer does not cover. */
export class Unsupported extends Error {}

/** Powers of atoms: a variable's name, "\\pi", "e", "i", or "#p" for the prime p. Sorted by name. */
type Powers = readonly (readonly [atom: string, exponent: Rational])[];
interface Term {
  powers: Powers;
  coefficient: Rational;
  /** `keyOf(powers)`, once it was needed. */
  key?: string;
}
type Polynomial = ReadonlyMap<string, Term>;

/** numerator / denominator; the denominator is never zero. */
export interface Value {
  readonly numerator: Polynomial;
  readonly denominator: Polynomial;
}

const MOST_TERMS = 400;
const MOST_DEGREE = 200n;
const CONSTANT_ATOM = /^(?:#|\\pi$|e$|i$)/;

export function constant(q: Rational): Value {
  return { numerator: polynomial([{ powers: [], coefficient: q }]), denominator: UNIT };
}
export function variable(name: string): Value {
  return { numerator: polynomial([{ powers: [[name, ONE]], coefficient: ONE }]), denominator: UNIT };
}

export function plus(a: Value, b: Value): Value {
  if (samePolynomial(a.denominator, b.denominator)) {
    return { numerator: sum(a.numerator, b.numerator), denominator: a.denominator };
  }
  return fraction(
    sum(product(a.numerator, b.denominator), product(b.numerator, a.denominator)),
    product(a.denominator, b.denominator),
  );
}
export function minus(a: Value): Value {
  return {
    numerator: polynomial(
      [...a.numerator.values()].map((t) => ({ ...t, coefficient: negateQ(t.coefficient) })),
    ),
    denominator: a.denominator,
  };
}
export function times(a: Value, b: Value): Value {
  return fraction(product(a.numerator, b.numerator), product(a.denominator, b.denominator));
}
/** Throws a RangeError on division by zero. */
export function over(a: Value, b: Value): Value {
  if (b.numerator.size === 0) throw new RangeError("division by zero");
  return fraction(product(a.numerator, b.denominator), product(a.denominator, b.numerator));
}

/** base^exponent for a rational exponent; `root` is true for \sqrt[n]{}, where odd roots of negatives are real. */
export function raise(base: Value, exponent: Value, root = false): Value {
  const e = asRational(exponent);
  if (e === null) throw new Unsupported("exponent");
  if (e.d === 1n) return integerPower(base, e.n);
  if (e.d > 12n || e.n > 50n || e.n < -50n) throw new Unsupported("exponent");
  const term = onlyTerm(base.numerator);
  if (base.numerator.size === 0 && e.n > 0n) return base;
  if (!term || base.denominator !== UNIT) throw new Unsupported("power of a sum");
  return { numerator: polynomial([termPower(term, e, root)]), denominator: UNIT };
}

/** The value as one rational number, or null when it is not one. */
export function asRational(value: Value): Rational | null {
  if (value.numerator.size === 0) return ZERO;
  const numerator = onlyTerm(value.numerator);
  const denominator = onlyTerm(value.denominator);
  if (!numerator || !denominator || numerator.powers.length > 0 || denominator.powers.length > 0) return null;
  return divideQ(numerator.coefficient, denominator.coefficient);
}

export function equalValues(a: Value, b: Value): boolean {
  return samePolynomial(product(a.numerator, b.denominator), product(b.numerator, a.denominator));
}

/** A real constant as a double, for its size and order alone; null with variables, i, or a denominator near zero. */
export function approximate(value: Value): number | null {
  const parts = [value.numerator, value.denominator].map((polynomial) => {
    let total = 0;
    for (const { powers, coefficient } of polynomial.values()) {
      let term = Number(coefficient.n) / Number(coefficient.d);
      for (const [atom, e] of powers) {
        const base = atom === "\\pi" ? Math.PI : atom === "e" ? Math.E : Number(atom.slice(1));
        if (atom === "i" || !CONSTANT_ATOM.test(atom)) return Number.NaN;
        term *= base ** (Number(e.n) / Number(e.d));
      }
      total += term;
    }
    return total;
  });
  const [numerator = Number.NaN, denominator = Number.NaN] = parts;
  const quotient = numerator / denominator;
  return Number.isFinite(quotient) ? quotient : null;
}

/** Names of the indeterminates, without pi, e and i. */
export function variablesOf(value: Value): string[] {
  const names = new Set<string>();
  for (const polynomial of [value.numerator, value.denominator])
    for (const { powers } of polynomial.values())
      for (const [atom] of powers) if (!CONSTANT_ATOM.test(atom)) names.add(atom);
  return [...names].sort();
}

/** Largest total degree in the variables of the numerator. */
export function degreeOf(value: Value): number {
  let most = 0;
  for (const { powers } of value.numerator.values()) {
    let degree = 0;
    for (const [atom, e] of powers) if (!CONSTANT_ATOM.test(atom)) degree += Number(e.n) / Number(e.d);
    most = Math.max(most, degree);
  }
  return most;
}

/** Numerator and denominator without negative powers of variables: the value is zero where the first is and the second not. */
export function cleared({ numerator, denominator }: Value): [numerator: Value, denominator: Value] {
  const factors = [denominators(numerator), denominators(denominator)];
  const times = (p: Polynomial) => ({ numerator: factors.reduce(product, p), denominator: UNIT });
  return [times(numerator), times(denominator)];
}
export function hasDenominator(value: Value): boolean {
  return value.denominator !== UNIT;
}

/**
 * c with a = c b for a constant c (no variables): as a rational when it is one, "constant" for another constant,
 * null when there is none. Both must be non-zero polynomials.
 */
export function ratio(a: Value, b: Value): Rational | "constant" | null {
  const lead = (value: Value) => {
    const groups = byVariables(value.numerator);
    const key = [...groups.keys()].sort().at(-1) ?? "";
    return { key, coefficient: groups.get(key) ?? UNIT };
  };
  const first = lead(a);
  const second = lead(b);
  if (first.key !== second.key) return null;
  if (!samePolynomial(product(a.numerator, second.coefficient), product(b.numerator, first.coefficient))) {
    return null;
  }
  return asRational(fraction(first.coefficient, second.coefficient)) ?? "constant";
}

/** slope and constant of a x + b with rational a and b, or null. */
export function asLinear(value: Value): { variable: string; slope: Rational; constant: Rational } | null {
  const [name, ...others] = variablesOf(value);
  if (name === undefined || others.length > 0 || hasDenominator(value)) return null;
  let slope = ZERO;
  let constant = ZERO;
  for (const { powers, coefficient } of value.numerator.values()) {
    const [power, ...more] = powers;
    if (!power) constant = coefficient;
    else if (more.length === 0 && power[0] === name && same(power[1], ONE)) slope = coefficient;
    else return null;
  }
  return isZero(slope) ? null : { variable: name, slope, constant };
}

const UNIT: Polynomial = polynomial([{ powers: [], coefficient: ONE }]);

function polynomial(terms: Iterable<Term>): Polynomial {
  const map = new Map<string, Term>();
  for (const term of terms) {
    charge(1);
    if (isZero(term.coefficient)) continue;
    const key = term.key ?? keyOf(term.powers);
    const there = map.get(key);
    const coefficient = there ? addQ(there.coefficient, term.coefficient) : term.coefficient;
    if (isZero(coefficient)) map.delete(key);
    else map.set(key, { powers: term.powers, coefficient, key });
    if (map.size > MOST_TERMS) throw new TooLarge();
  }
  return map;
}

function keyOf(powers: Powers): string {
  return powers.map(([atom, e]) => `${atom}^${e.n}/${e.d}`).join(" ");
}

function sum(a: Polynomial, b: Polynomial): Polynomial {
  return polynomial([...a.values(), ...b.values()]);
}

function product(a: Polynomial, b: Polynomial): Polynomial {
  if (a === UNIT) return b;
  if (b === UNIT) return a;
  const terms: Term[] = [];
  for (const x of a.values()) for (const y of b.values()) terms.push(multiplyTerms(x, y));
  return polynomial(terms);
}

function samePolynomial(a: Polynomial, b: Polynomial): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, term] of a) {
    const other = b.get(key);
    if (!other || !same(other.coefficient, term.coefficient)) return false;
  }
  return true;
}

/** A denominator of one term goes into the numerator (x^-1 is a monomial too), so most values have none. */
function fraction(numerator: Polynomial, denominator: Polynomial): Value {
  if (denominator.size === 0) throw new RangeError("division by zero");
  const term = onlyTerm(denominator);
  if (!term) return { numerator, denominator };
  if (denominator === UNIT) return { numerator, denominator };
  const inverse = termPower(term, { n: -1n, d: 1n }, false);
  return { numerator: product(numerator, polynomial([inverse])), denominator: UNIT };
}

function onlyTerm(p: Polynomial): Term | undefined {
  return p.size === 1 ? p.values().next().value : undefined;
}

function multiplyTerms(a: Term, b: Term): Term {
  return normalTerm(multiplyQ(a.coefficient, b.coefficient), [...a.powers, ...b.powers]);
}

/** Collects equal atoms; primes keep an exponent in (0, 1), i keeps exponent 1. */
function normalTerm(coefficient: Rational, powers: Powers): Term {
  let c = coefficient;
  if (powers.length === 0) return { coefficient, powers, key: "" };
  charge(4 * powers.length);
  const sums = new Map<string, Rational>();
  for (const [atom, e] of powers) sums.set(atom, addQ(sums.get(atom) ?? ZERO, e));
  const kept: [string, Rational][] = [];
  for (const [atom, e] of sums) {
    if (atom === "i") {
      const turns = ((e.n % 4n) + 4n) % 4n;
      if (turns >= 2n) c = negateQ(c);
      if (turns % 2n === 1n) kept.push([atom, ONE]);
    } else if (atom.startsWith("#")) {
      const whole = e.n >= 0n ? e.n / e.d : -((-e.n + e.d - 1n) / e.d);
      if (whole !== 0n) c = multiplyQ(c, powerQ(rational(BigInt(atom.slice(1))), Number(whole)));
      const rest = addQ(e, rational(-whole));
      if (!isZero(rest)) kept.push([atom, rest]);
    } else if (!isZero(e)) {
      if (e.n > MOST_DEGREE * e.d || e.n < -MOST_DEGREE * e.d) throw new TooLarge();
      kept.push([atom, e]);
    }
  }
  kept.sort(([x], [y]) => (x < y ? -1 : 1));
  return { coefficient: c, powers: kept };
}

function integerPower(base: Value, n: bigint): Value {
  if (n === 0n) {
    if (base.numerator.size === 0) throw new RangeError("0^0");
    return constant(ONE);
  }
  if (n < 0n) return integerPower(over(constant(ONE), base), -n);
  const term = base.denominator === UNIT ? onlyTerm(base.numerator) : undefined;
  if (term) return { numerator: polynomial([termPower(term, { n, d: 1n }, false)]), denominator: UNIT };
  if (base.numerator.size === 0) return base;
  if (n > 40n) throw new TooLarge();
  let result = base;
  for (let i = 1n; i < n; i++) result = times(result, base);
  return result;
}

function termPower(term: Term, e: Rational, root: boolean): Term {
  if (e.d === 1n) {
    if (e.n > 20_000n || e.n < -20_000n) throw new TooLarge();
    return normalTerm(
      powerQ(term.coefficient, Number(e.n)),
      term.powers.map(([atom, x]) => [atom, multiplyQ(x, e)] as const),
    );
  }
  const powers: (readonly [string, Rational])[] = [];
  const variables = term.powers.filter(([atom]) => !CONSTANT_ATOM.test(atom));
  const negative = term.coefficient.n < 0n;
  // sqrt(x^2) is |x|, and sqrt(-x), sqrt(xy) have branches of their own.
  if (
    variables.length > 1 ||
    variables.some(([, x]) => !same(x, ONE)) ||
    (negative && variables.length > 0)
  ) {
    throw new Unsupported("root of a product of variables");
  }
  if (term.powers.some(([atom]) => atom === "i")) throw new Unsupported("root of a complex number");
  let sign = ONE;
  if (negative) {
    if (e.d === 2n) powers.push(["i", rational(e.n)]);
    else if (root && e.d % 2n === 1n) sign = e.n % 2n === 0n ? ONE : negateQ(ONE);
    else throw new Unsupported("root of a negative number");
  }
  for (const [atom, x] of term.powers) powers.push([atom, multiplyQ(x, e)]);
  const magnitude = negative ? negateQ(term.coefficient) : term.coefficient;
  for (const [p, times] of factor(magnitude.n)) powers.push([`#${p}`, multiplyQ(rational(times), e)]);
  for (const [p, times] of factor(magnitude.d)) powers.push([`#${p}`, multiplyQ(rational(-times), e)]);
  return normalTerm(sign, powers);
}

/** Prime factors of n >= 1 by trial division; Unsupported when a factor above 10^10 would be left undecided. */
function factor(n: bigint): [prime: bigint, times: bigint][] {
  const factors: [bigint, bigint][] = [];
  if (n > 1_000_000_000_000_000n) throw new Unsupported("large radicand");
  let rest = Number(n);
  charge(Math.min(Math.sqrt(rest), 100_000) / 40);
  for (let p = 2; p * p <= rest && p <= 100_000; p += p === 2 ? 1 : 2) {
    let times = 0n;
    while (rest % p === 0) {
      rest /= p;
      times++;
    }
    if (times > 0n) factors.push([BigInt(p), times]);
  }
  if (rest > 10_000_000_000) throw new Unsupported("large radicand");
  if (rest > 1) factors.push([BigInt(rest), 1n]);
  return factors;
}

/** The product of variables that rids a polynomial of their negative powers. */
function denominators(p: Polynomial): Polynomial {
  const lowest = new Map<string, Rational>();
  for (const { powers } of p.values())
    for (const [atom, e] of powers) {
      const other = lowest.get(atom) ?? ZERO;
      if (!CONSTANT_ATOM.test(atom) && e.n * other.d < other.n * e.d) lowest.set(atom, e);
    }
  if (lowest.size === 0) return UNIT;
  const powers = [...lowest].map(([atom, e]) => [atom, negateQ(e)] as const);
  return polynomial([normalTerm(ONE, powers)]);
}

/** Coefficients (constants) by the variables' part of the monomials. */
function byVariables(p: Polynomial): Map<string, Polynomial> {
  const groups = new Map<string, Term[]>();
  for (const { powers, coefficient } of p.values()) {
    const key = keyOf(powers.filter(([atom]) => !CONSTANT_ATOM.test(atom)));
    const constants = powers.filter(([atom]) => CONSTANT_ATOM.test(atom));
    groups.set(key, [...(groups.get(key) ?? []), { powers: constants, coefficient }]);
  }
  return new Map([...groups].map(([key, terms]) => [key, polynomial(terms)]));
}
