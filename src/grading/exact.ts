/** Two expressions by exact algebra; what that does not cover goes to the symbolic layer. */
import {
  asRational,
  constant,
  equalValues,
  freshAllowance,
  times,
  Unsupported,
  type Value,
} from "./algebra.js";
import { no, undecided, yes } from "./decide.js";
import { Ambiguous, evaluate, Unreadable } from "./expression.js";
import { compact } from "./normalise.js";
import { type Rational, TooLarge } from "./rational.js";
import type { Equality } from "./types.js";

/** Decides two LaTeX expressions that exact algebra could not; undecided where it cannot either. */
export type Symbolic = (gold: string, answer: string) => Equality;

/** The value, or why there is none. `symbolic` tells whether another layer may try. */
export type Evaluated = { value: Value } | { value: null; symbolic: boolean; why: string };

/** Of one comparison: in a list every item is held against every other. */
const evaluated = new Map<string, Evaluated>();

/** Every comparison begins with a fresh allowance of work. */
export function beginComparison(): void {
  evaluated.clear();
  freshAllowance();
}

export function tryEvaluate(tex: string): Evaluated {
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

/** `factor` times gold against answer. */
export function equalExpressions(
  gold: string,
  answer: string,
  symbolic: Symbolic,
  factor?: Rational,
): Equality {
  const a = tryEvaluate(gold);
  const b = tryEvaluate(answer);
  if (a.value && b.value) {
    try {
      const scaled = factor ? times(a.value, constant(factor)) : a.value;
      const numbers = asRational(scaled) !== null && asRational(b.value) !== null;
      return equalValues(scaled, b.value)
        ? yes(numbers ? "the same number" : "equal by exact algebra")
        : no(numbers ? "different numbers" : "different by exact algebra");
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
  return factor ? undecided("units of a formula were not converted") : symbolic(gold, answer);
}
