/** Numbers and formulas, with or without a unit. */
import { no, undecided, yes } from "./decide.js";
import { equalExpressions, rationalOf, type Symbolic, tryEvaluate } from "./exact.js";
import { type Rational, rational } from "./rational.js";
import type { Shape } from "./shape.js";
import type { Equality } from "./types.js";
import { conversion } from "./units.js";

type Quantity = Extract<Shape, { kind: "expression" }>;

/** A unit left out on one side is forgiven; two units must be the same or convert. */
export function quantities(a: Quantity, b: Quantity, symbolic: Symbolic): Equality {
  const values = (factor?: Rational) => expressions(a.tex, b.tex, symbolic, factor);
  if (a.unit === b.unit) return values();
  if (a.unit === null || b.unit === null) {
    const unit = a.unit ?? b.unit;
    const bare = values();
    if (unit === "%" && bare.equal !== true)
      return a.unit ? values(rational(1n, 100n)) : values(rational(100n));
    if (unit === "%" && isSmall(a.tex)) return undecided("a share or a percentage");
    if (bare.equal === true)
      return yes(`${bare.why}, ${unit === "%" ? "percent sign" : "unit"} on one side only`);
    return unit === "°" && /\\pi/.test(a.tex + b.tex) ? undecided("degrees against radians") : bare;
  }
  const factor = conversion(a.unit, b.unit);
  if (factor === "different") return no(`${a.unit} against ${b.unit}`);
  if (factor !== null) return values(factor);
  const bare = values();
  return bare.equal === false ? bare : undecided(`${a.unit} against ${b.unit}`);
}

/** At most 1 in size, or not a plain number: as a share it would be another value than as a percentage. */
function isSmall(tex: string): boolean {
  const value = rationalOf(tex);
  return value === null || (value.n <= value.d && -value.n <= value.d);
}

/** Infinities first, which no algebra knows; then `factor` times gold against answer. */
export function expressions(gold: string, answer: string, symbolic: Symbolic, factor?: Rational): Equality {
  const [a, b] = [infinity(gold), infinity(answer)];
  if (a !== 0 || b !== 0) {
    if (a !== 0 && b !== 0) return a === b ? yes("both infinite") : no("infinities of opposite sign");
    return tryEvaluate(a === 0 ? gold : answer).value ? no("one is infinite") : undecided("one is infinite");
  }
  return equalExpressions(gold, answer, symbolic, factor);
}

/** 1, -1, or 0 for what is finite. */
export function infinity(tex: string): number {
  const match = /^([+-]?)\s*\\infty$/.exec(tex);
  return match ? (match[1] === "-" ? -1 : 1) : 0;
}
