/** Units of measure, as far as answers need them: products of powers of known names, each with an exact factor. */
import { divide, multiply, ONE, power, type Rational, rational } from "./rational.js";

/** Factor to the dimensions' base units, and the dimensions with their exponents ("length" → 2). */
interface Unit {
  factor: Rational;
  dimensions: ReadonlyMap<string, number>;
}

const UNITS = new Map<string, Unit>();
function unit(dimension: string, n: number, d: number, ...names: string[]): void {
  const dimensions = new Map(dimension === "" ? [] : [[dimension, 1]]);
  for (const name of names) UNITS.set(name, { factor: rational(BigInt(n), BigInt(d)), dimensions });
}
unit("length", 1, 1000, "mm", "millimeter", "millimetre");
unit("length", 1, 100, "cm", "centimeter", "centimetre");
unit("length", 1, 10, "dm", "decimeter", "decimetre");
unit("length", 1, 1, "m", "meter", "metre");
unit("length", 1000, 1, "km", "kilometer", "kilometre");
unit("length", 254, 10000, "in", "inch", "inche");
unit("length", 3048, 10000, "ft", "foot", "feet");
unit("length", 9144, 10000, "yd", "yard", "yds");
unit("length", 1609344, 1000, "mi", "mile");
unit("time", 1, 1000, "ms", "millisecond");
unit("time", 1, 1, "s", "sec", "second");
unit("time", 60, 1, "min", "minute");
unit("time", 3600, 1, "h", "hr", "hour", "hrs");
unit("time", 86400, 1, "day");
unit("time", 604800, 1, "week");
unit("mass", 1, 1000, "mg", "milligram");
unit("mass", 1, 1, "g", "gram");
unit("mass", 1000, 1, "kg", "kilogram");
unit("weight", 1, 1, "oz", "ounce");
unit("weight", 16, 1, "lb", "lbs");
unit("pounds", 1, 1, "pound");
unit("money", 1, 100, "cent", "¢", "penny", "pennie");
unit("money", 1, 1, "$", "dollar", "usd");
unit("euro", 1, 1, "€", "euro", "eur");
unit("sterling", 1, 1, "£", "gbp");
unit("angle", 1, 1, "°", "degree", "deg");
unit("radian", 1, 1, "rad", "radian");
unit("volume", 1, 1000, "ml", "milliliter", "millilitre");
unit("volume", 1, 1, "l", "liter", "litre");
unit("celsius", 1, 1, "°c");
unit("fahrenheit", 1, 1, "°f");
unit("", 12, 1, "dozen", "doz");
unit("", 100, 1, "hundred");
unit("", 1_000, 1, "thousand");
unit("", 1_000_000, 1, "million");
unit("", 1_000_000_000, 1, "billion");
unit("", 1_000_000_000_000, 1, "trillion");
for (const [size, ...names] of [
  [2, "half", "halve"],
  [3, "third"],
  [4, "quarter", "fourth"],
  [5, "fifth"],
  [6, "sixth"],
  [7, "seventh"],
  [8, "eighth"],
  [9, "ninth"],
  [10, "tenth"],
  [100, "hundredth"],
  [1000, "thousandth"],
] as const) {
  unit("", 1, size, ...names);
}

/** "square centimeters", "cm^2", "\text{cm}^2" → "cm^2"; "miles per hour", "mph" → "mi/h"; lower case, singular. */
export function unitName(text: string): string {
  const plain = text
    .replace(/\\text\{([^{}]*)\}/g, " $1 ")
    .replace(/\\cdot|\\times|\*/g, " ")
    .replace(/[{}\\.]/g, "")
    .toLowerCase()
    .replace(/\bmph\b/g, "mi/h")
    .replace(/\b(?:kmh|kph)\b/g, "km/h")
    .replace(/\s+per\s+/g, "/")
    .replace(/\s*\/\s*/g, "/")
    .replace(/\s*\^\s*/g, "^")
    .trim();
  return plain
    .split("/")
    .map((part) => part.replace(POWER_WORDS, powerOf).split(/\s+/).map(canonical).join(" "))
    .join("/");
}

const POWER_WORDS = /\b(square|sq|cubic|cu)\s+(\S+)|(\S+)\s+(squared|cubed)\b/g;
function powerOf(_: string, before?: string, name?: string, other?: string, after?: string): string {
  const cubic = before?.startsWith("cu") || after === "cubed";
  return `${singular(name ?? other ?? "")}^${cubic ? 3 : 2}`;
}

/** One spelling for each known unit: the first that has its dimensions and factor. */
function canonical(factor: string): string {
  const [name = "", exponent] = factor.split("^");
  const one = singular(name);
  const known = UNITS.get(one);
  const spelling = known ? ([...UNITS].find(([, other]) => sameUnit(other, known))?.[0] ?? one) : one;
  return exponent ? `${spelling}^${exponent}` : spelling;
}

function sameUnit(a: Unit, b: Unit): boolean {
  const same = a.factor.n === b.factor.n && a.factor.d === b.factor.d;
  return same && [...a.dimensions.keys()].join() === [...b.dimensions.keys()].join();
}

/** The unit behind a name of `unitName`; null when a part of it is unknown. */
function parsed(name: string): Unit | null {
  let factor = ONE;
  const dimensions = new Map<string, number>();
  for (const [place, part] of name.split("/").entries()) {
    for (const word of part.split(" ")) {
      const [base = "", written = "1"] = word.split("^");
      const known = UNITS.get(base);
      const exponent = Number(written) * (place === 0 ? 1 : -1);
      if (!known || !Number.isInteger(exponent) || Math.abs(exponent) > 6) return null;
      factor = multiply(factor, power(known.factor, exponent));
      for (const [dimension, times] of known.dimensions) {
        dimensions.set(dimension, (dimensions.get(dimension) ?? 0) + times * exponent);
      }
    }
  }
  return { factor, dimensions };
}

/** The numbers that a unit begins with, multiplied, and the unit that remains: "million dollars", "dozen". */
export function unscaled(name: string): { scale: Rational; rest: string | null } {
  const words = name.split(" ");
  let scale = ONE;
  for (let number = asNumber(words[0] ?? ""); number !== null; number = asNumber(words[0] ?? "")) {
    scale = multiply(scale, number);
    words.shift();
  }
  return { scale, rest: words.length > 0 ? words.join(" ") : null };
}

/** A unit that is only a number ("million"): which. */
export function asNumber(name: string): Rational | null {
  const found = parsed(name);
  return found && [...found.dimensions.values()].every((times) => times === 0) ? found.factor : null;
}

/**
 * How one unit converts to another: the factor; "different" for other dimensions; null when either is unknown or
 * a part of it was left out (cm against cm^2, $ against $/hour are as often slips of the pen as other quantities).
 */
export function conversion(from: string, to: string): Rational | "different" | null {
  // A pound is money or a weight.
  if (/^(?:pound>(?:£|lb)|(?:£|lb)>pound)$/.test(`${from}>${to}`)) return ONE;
  const [a, b] = [parsed(from), parsed(to)];
  if (!a || !b) return null;
  const names = [...new Set([...a.dimensions.keys(), ...b.dimensions.keys()])];
  const gap = names.filter((name) => (a.dimensions.get(name) ?? 0) !== (b.dimensions.get(name) ?? 0));
  if (gap.length === 0) return divide(a.factor, b.factor);
  const shared = names.some((name) => a.dimensions.has(name) && b.dimensions.has(name));
  return shared ? null : "different";
}

/** Could a number with this unit be `ratio` times itself in another unit of the same kind? */
export function convertsBy(name: string, ratio: Rational): boolean {
  const here = UNITS.get(name);
  if (!here) return false;
  const kind = [...here.dimensions.keys()].join();
  return [...UNITS.values()].some((other) => {
    if ([...other.dimensions.keys()].join() !== kind) return false;
    const factor = divide(here.factor, other.factor);
    return factor.n === ratio.n && factor.d === ratio.d;
  });
}

/** Known, alone, and of this dimension? */
export function isUnit(name: string): boolean {
  return parsed(name) !== null;
}

function singular(name: string): string {
  return name.length > 3 && name.endsWith("s") && !name.endsWith("ss") ? name.slice(0, -1) : name;
}
