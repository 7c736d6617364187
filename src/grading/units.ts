/** Units of measure, as far as answers need them. */
import { type Rational, rational, same } from "./rational.js";

/** Factor to the dimension's base unit. */
const UNITS: Record<string, { dimension: string; factor: Rational }> = {};
function unit(dimension: string, n: number, d: number, ...names: string[]): void {
  for (const name of names) UNITS[name] = { dimension, factor: rational(BigInt(n), BigInt(d)) };
}
unit("length", 1, 1000, "mm", "millimeter", "millimetre");
unit("length", 1, 100, "cm", "centimeter", "centimetre");
unit("length", 1, 1, "m", "meter", "metre");
unit("length", 1000, 1, "km", "kilometer", "kilometre");
unit("length", 254, 10000, "in", "inch", "inche");
unit("length", 3048, 10000, "ft", "foot", "feet");
unit("length", 9144, 10000, "yd", "yard");
unit("length", 1609344, 1000, "mi", "mile");
unit("time", 1, 1, "s", "sec", "second");
unit("time", 60, 1, "min", "minute");
unit("time", 3600, 1, "h", "hr", "hour");
unit("time", 86400, 1, "day");
unit("time", 604800, 1, "week");
unit("mass", 1, 1000, "mg", "milligram");
unit("mass", 1, 1, "g", "gram");
unit("mass", 1000, 1, "kg", "kilogram");
unit("money", 1, 100, "cent");
unit("money", 1, 1, "$", "dollar", "usd");
unit("angle", 1, 1, "°", "degree");
unit("volume", 1, 1000, "ml", "milliliter", "millilitre");
unit("volume", 1, 1, "l", "liter", "litre");

/** "square centimeters", "cm^2", "\text{cm}^2" → "cm^2"; "hours" → "hour"; lower case. */
export function unitName(text: string): string {
  let name = text
    .replace(/\\text\{([^{}]*)\}/g, "$1")
    .replace(/[{}\\.]/g, "")
    .toLowerCase()
    .trim();
  const square = /^(?:square|sq)\s+(.*)$/.exec(name);
  const cubic = /^(?:cubic|cu)\s+(.*)$/.exec(name);
  name = square?.[1] ?? cubic?.[1] ?? name;
  const power = /^(.*?)\s*(?:\^\s*(\d)|\s(squared|cubed))$/.exec(name);
  const exponent = square
    ? "2"
    : cubic
      ? "3"
      : (power?.[2] ?? (power?.[3] === "squared" ? "2" : power?.[3] ? "3" : ""));
  name = singular((power?.[1] ?? name).trim());
  const known = UNITS[name];
  // One spelling for each known unit: the first that has its dimension and factor.
  const canonical = known
    ? (Object.keys(UNITS).find(
        (other) =>
          UNITS[other] &&
          UNITS[other].dimension === known.dimension &&
          same(UNITS[other].factor, known.factor),
      ) ?? name)
    : name;
  return exponent ? `${canonical}^${exponent}` : canonical;
}

/**
 * How one unit converts to another: the factor; "different" for other dimensions; null when either is unknown or
 * only the power differs (cm against cm^2 is as often a slip of the pen as another quantity).
 */
export function conversion(from: string, to: string): Rational | "different" | null {
  const a = UNITS[from];
  const b = UNITS[to];
  if (!a || !b) return null;
  if (a.dimension !== b.dimension) return "different";
  return rational(a.factor.n * b.factor.d, a.factor.d * b.factor.n);
}

function singular(name: string): string {
  return name.length > 3 && name.endsWith("s") && !name.endsWith("ss") ? name.slice(0, -1) : name;
}
