/** Numbers and formulas, with or without a unit. */
import { no, undecided, yes } from "./decide.js";
import { equalExpressions, rationalOf, type Symbolic, tryEvaluate } from "./exact.js";
import type { Quantity } from "./measures.js";
import { divide, type Rational, rational } from "./rational.js";
import type { Equality } from "./types.js";
import { keepsValue } from "./unit-words.js";
import { conversion, convertsBy, unscaled } from "./units.js";

let required = false;

/** Every comparison begins with what was declared of units. */
export function beginUnits(units: "forgive" | "require"): void {
  required = units === "require";
}

/** A unit left out on one side is forgiven; two units must be the same or convert. */
export function quantities(a: Quantity, b: Quantity, symbolic: Symbolic): Equality {
  if (a.unit === b.unit) return expressions(a.tex, b.tex, symbolic);
  const spelled = asProducts(a, b, symbolic);
  if (spelled) return spelled;
  const [x, y] = [counted(a), counted(b)];
  if ([x, y].some(({ unit }) => unit !== null && !keepsValue(unit)))
    return undecided("the words behind a number may make it another one");
  const found = inUnits(x, y, symbolic);
  if ((x === a) === (y === b) || found.equal === true) return found;
  return expressions(a.tex, b.tex, symbolic).equal === true
    ? undecided(`one counts in "${x === a ? b.unit : a.unit}"`)
    : found;
}

/** "2 dozen eggs" as 24 eggs. */
function counted(quantity: Quantity): Quantity {
  if (quantity.unit === null) return quantity;
  const { scale, rest } = unscaled(quantity.unit);
  if (rest === quantity.unit) return quantity;
  return { ...quantity, tex: `(${quantity.tex})\\cdot\\frac{${scale.n}}{${scale.d}}`, unit: rest };
}

/** `3\,xyz` against `3xyz`: the letters behind a number may be variables. Null: it changes nothing. */
function asProducts(a: Quantity, b: Quantity, symbolic: Symbolic): Equality | null {
  const sides = [a, b];
  if (sides.every(({ product }) => product === undefined)) return null;
  if (sides.some(({ unit, product }) => unit !== null && product === undefined)) return null;
  const multiplied = expressions(a.product ?? a.tex, b.product ?? b.tex, symbolic);
  if (multiplied.equal !== false) return multiplied;
  return expressions(a.tex, b.tex, symbolic).equal === true
    ? undecided("letters behind a number may be a unit or variables")
    : null;
}

function inUnits(a: Quantity, b: Quantity, symbolic: Symbolic): Equality {
  const values = (factor?: Rational) => expressions(a.tex, b.tex, symbolic, factor);
  if (a.unit === b.unit) return values();
  if (a.unit === null || b.unit === null) {
    if (required) return no("a unit on one side only");
    const unit = a.unit ?? b.unit ?? "";
    const bare = values();
    if (unit === "%" && bare.equal !== true)
      return a.unit ? values(rational(1n, 100n)) : values(rational(100n));
    if (unit === "%" && isSmall(a.tex)) return undecided("a share or a percentage");
    if (bare.equal === true)
      return yes(`${bare.why}, ${unit === "%" ? "percent sign" : "unit"} on one side only`);
    if (unit === "°" && /\\pi/.test(a.tex + b.tex)) return undecided("degrees against radians");
    return mayConvert(a, b, unit) ? undecided(`right if the other is not in ${unit}`) : bare;
  }
  const turned = otherScale(a, b);
  if (turned) return expressions(turned, b.tex, symbolic);
  const factor = conversion(a.unit, b.unit);
  if (factor === "different") return no(`${a.unit} against ${b.unit}`);
  if (factor !== null) return values(factor);
  const bare = values();
  return bare.equal === false ? bare : undecided(`${a.unit} against ${b.unit}`);
}

/** Gold in the answer's unit, where that takes more than a rational factor: degrees and radians, °C and °F. */
function otherScale(a: Quantity, b: Quantity): string | null {
  const key = `${a.unit}>${b.unit}`;
  if (key === "°>rad") return `\\frac{(${a.tex})\\pi}{180}`;
  if (key === "rad>°") return `\\frac{180(${a.tex})}{\\pi}`;
  if (key === "°c>°f") return `\\frac{9(${a.tex})}{5}+32`;
  return key === "°f>°c" ? `\\frac{5((${a.tex})-32)}{9}` : null;
}

/** 100 and 1 m: the same if the 100 are centimetres. */
function mayConvert(a: Quantity, b: Quantity, unit: string): boolean {
  const [x, y] = [rationalOf(a.tex), rationalOf(b.tex)];
  if (!x || !y || x.n === 0n || y.n === 0n) return false;
  return convertsBy(unit, a.unit ? divide(y, x) : divide(x, y));
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
