/** Functions of whole numbers and constants that are worked out exactly. */
import { approximate, asRational, constant, Unsupported, type Value, variablesOf } from "./algebra.js";
import { add, gcd, negate, type Rational, rational, same } from "./rational.js";
import { charge, TooLarge } from "./work.js";

const NUMBER_FUNCTIONS = ["gcd", "lcm", "max", "min"] as const;
export type NumberFunction = (typeof NUMBER_FUNCTIONS)[number];

export function numberFunction(command: string): NumberFunction | undefined {
  return NUMBER_FUNCTIONS.find((name) => command === `\\${name}`);
}

/** gcd and lcm of whole numbers, the largest or smallest of rational ones. */
export function greatest(name: NumberFunction, values: Value[]): Value {
  const numbers = values.map(asRational);
  const known = numbers.filter((number) => number !== null);
  const [first, ...rest] = known;
  if (!first || known.length < numbers.length || values.length < 2) throw new Unsupported(name);
  if (name === "max" || name === "min") {
    const larger = (x: Rational, y: Rational) => x.n * y.d > y.n * x.d;
    return constant(rest.reduce((x, y) => (larger(x, y) === (name === "max") ? x : y), first));
  }
  if (known.some((number) => number.d !== 1n || number.n <= 0n)) throw new Unsupported(name);
  return constant(
    known.reduce((x, y) => {
      const divisor = gcd(x.n, y.n);
      return rational(name === "gcd" ? divisor : (x.n * y.n) / divisor);
    }),
  );
}

/** Of a real constant; where it is not rational, by its double, which must be clear of the next whole number. */
export function wholePart(value: Value, which: "floor" | "ceil"): Value {
  const exact = asRational(value);
  if (exact) {
    const floor = exact.n >= 0n ? exact.n / exact.d : -((-exact.n + exact.d - 1n) / exact.d);
    const whole = rational(floor);
    return constant(which === "floor" || same(whole, exact) ? whole : add(whole, rational(1n)));
  }
  const size = variablesOf(value).length > 0 ? null : approximate(value);
  if (size === null || Math.abs(size) > 1e9 || Math.abs(size - Math.round(size)) < 1e-6) {
    throw new Unsupported("whole part");
  }
  return constant(rational(BigInt(which === "floor" ? Math.floor(size) : Math.ceil(size))));
}

/** Of a complex number; a line above letters or digits may mean a segment or a numeral. */
export function conjugate(value: Value): Value {
  const complex = [...value.numerator.values()].some(({ powers }) => powers.some(([atom]) => atom === "i"));
  if (!complex || variablesOf(value).length > 0 || value.denominator.size !== 1)
    throw new Unsupported("conjugate");
  const numerator = new Map(
    [...value.numerator].map(([key, term]) => [
      key,
      term.powers.some(([atom]) => atom === "i") ? { ...term, coefficient: negate(term.coefficient) } : term,
    ]),
  );
  return { numerator, denominator: value.denominator };
}

export function factorial(q: Rational | null): Rational {
  if (q === null || q.d !== 1n || q.n < 0n) throw new Unsupported("factorial");
  if (q.n > 300n) throw new TooLarge();
  charge(Number(q.n));
  let product = 1n;
  for (let i = 2n; i <= q.n; i++) product *= i;
  return rational(product);
}

export function binomial(n: Rational | null, k: Rational | null): Rational {
  if (n === null || k === null || n.d !== 1n || k.d !== 1n || n.n < 0n || k.n < 0n) {
    throw new Unsupported("binomial");
  }
  if (n.n > 1000n) throw new TooLarge();
  if (k.n > n.n) return rational(0n);
  charge(2 * Number(k.n));
  let result = 1n;
  for (let i = 1n; i <= k.n; i++) result = (result * (n.n - i + 1n)) / i;
  return rational(result);
}
