/** Two expressions by exact algebra; what that does not cover goes to the symbolic layer. */
import {
  approximate,
  asRational,
  constant,
  equalValues,
  times,
  Unsupported,
  type Value,
  variablesOf,
} from "./algebra.js";
import { no, undecided, yes } from "./decide.js";
import { evaluate } from "./expression.js";
import { compact } from "./normalise.js";
import type { Rational } from "./rational.js";
import { Ambiguous, Unreadable } from "./tokens.js";
import type { Equality } from "./types.js";
import { charge, TooLarge, withAllowance } from "./work.js";

/**
 * Decides two LaTeX expressions that exact algebra could not; undecided where it cannot either. `tolerance`: relative
 * to gold, 0 for none.
 */
export type Symbolic = (gold: string, answer: string, tolerance?: number) => Equality;

/** The value, or why there is none. `symbolic` tells whether another layer may try. */
export type Evaluated = { value: Value } | { value: null; symbolic: boolean; why: string };

/** Of one comparison: in a list every item is held against every other. */
const evaluated = new Map<string, Evaluated>();

let tolerance = 0;

/**
 * Every comparison has a fresh allowance of work; `otherwise` is what comes out beyond it. `within`: the tolerance that
 * was declared for it.
 */
export function comparing<T>(compare: () => T, otherwise: T, within = 0): T {
  evaluated.clear();
  tolerance = within;
  return withAllowance(compare, otherwise);
}

export function tryEvaluate(tex: string): Evaluated {
  charge(2);
  const known = evaluated.get(tex);
  if (known) return known;
  const result = evaluateOnce(tex);
  evaluated.set(tex, result);
  return result;
}

function evaluateOnce(tex: string): Evaluated {
  try {
    return { value: evaluate(tex) };
  } catch (error) {
    if (error instanceof Unsupported) return { value: null, symbolic: true, why: "needs more than algebra" };
    if (error instanceof TooLarge) return { value: null, symbolic: false, why: "too large to work out" };
    if (error instanceof Ambiguous)
      return { value: null, symbolic: false, why: `"${tex}" can be read in two ways` };
    if (error instanceof Unreadable) return { value: null, symbolic: false, why: `"${tex}" cannot be read` };
    if (error instanceof RangeError) return { value: null, symbolic: false, why: `"${tex}" is not defined` };
    throw error;
  }
}

export function rationalOf(tex: string): Rational | null {
  const { value } = tryEvaluate(tex);
  return value && asRational(value);
}

/** `factor` times gold against answer; with a declared tolerance, constants that differ may still be close enough. */
export function equalExpressions(
  gold: string,
  answer: string,
  symbolic: Symbolic,
  factor?: Rational,
): Equality {
  const exactly = equalExactly(gold, answer, symbolic, factor);
  if (tolerance === 0 || exactly.equal === true) return exactly;
  const [a, b] = [tryEvaluate(gold).value, tryEvaluate(answer).value];
  const [x, y] = [a && approximate(a), b && approximate(b)];
  if (x == null || y == null) return exactly;
  const scaled = factor ? x * (Number(factor.n) / Number(factor.d)) : x;
  return Math.abs(scaled - y) <= tolerance * Math.abs(scaled)
    ? yes(`within ${tolerance} of each other`)
    : exactly;
}

function equalExactly(gold: string, answer: string, symbolic: Symbolic, factor?: Rational): Equality {
  const a = tryEvaluate(gold);
  const b = tryEvaluate(answer);
  if (a.value && b.value) {
    try {
      const scaled = factor ? times(a.value, constant(factor)) : a.value;
      const numbers = asRational(scaled) !== null && asRational(b.value) !== null;
      if (equalValues(scaled, b.value)) return yes(numbers ? "the same number" : "equal by exact algebra");
      return (
        (numbers ? null : doubtOf(gold, a.value, answer, b.value)) ??
        no(numbers ? "different numbers" : "different by exact algebra")
      );
    } catch (error) {
      if (error instanceof TooLarge) return undecided("too large to work out");
      throw error;
    }
  }
  const failed = a.value === null ? a : b;
  if (failed.value === null && !failed.symbolic) return undecided(failed.why);
  const other = a.value === null && b.value === null && !b.symbolic ? b : null;
  if (other) return undecided(other.why);
  if (!factor && compact(gold) === compact(answer)) return yes("written alike");
  return factor ? undecided("units of a formula were not converted") : symbolic(gold, answer, tolerance);
}

/** Why two values that differ may yet have been meant as one; null: they differ. */
function doubtOf(gold: string, a: Value, answer: string, b: Value): Equality | null {
  if ((asRational(a) && isLetter(answer, b)) || (asRational(b) && isLetter(gold, a))) {
    return undecided("a letter whose value was not said");
  }
  for (const [meant, why] of OTHER_READINGS) {
    const other = [gold, answer].map((tex) => tex.replace(/\\[a-zA-Z]+|[a-zA-Z]/g, meant));
    if (other[0] === gold && other[1] === answer) continue;
    const [x, y] = other.map((tex) => tryEvaluate(tex).value);
    if (x && y && equalValues(x, y)) return undecided(why);
  }
  return null;
}

function isLetter(tex: string, value: Value): boolean {
  return /^(?:[a-zA-Z]|\\[a-zA-Z]+)$/.test(tex) && variablesOf(value).length === 1;
}

/** What a letter or command may have been meant as. */
const OTHER_READINGS: [meant: (token: string) => string, why: string][] = [
  [(token) => (token.length === 1 ? token.toLowerCase() : token), "the same but for capital letters"],
  [(token) => (token === "j" ? "i" : token), "the same if j is the imaginary unit"],
  [
    (token) => (/^\\(?:var)?phi$/.test(token) ? "(\\frac{1+\\sqrt{5}}{2})" : token),
    "the same if phi is the golden ratio",
  ],
];
