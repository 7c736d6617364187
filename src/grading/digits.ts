/** Numbers as compute-engine works them out: how far two of them agree. */

export interface Complex {
  re: number;
  im: number;
  /** Of a real number, some 60 of its digits; null where only a double is known. */
  digits: Digits | null;
}

/** mantissa times ten to the exponent. */
export interface Digits {
  mantissa: bigint;
  exponent: number;
}

/** Relative: that many places for digits. Between agreeing and differing nothing is decided. */
const AGREE = { places: 50, double: 1e-12 };
const DIFFER = { places: 46, double: 1e-7 };
/** What cancels to nothing leaves dust: there a number is small against ten to this, and not against the other. */
const DUST = -10;

/** From a number, or what holds one as a long decimal in `bignumRe`. */
export function digitsOf(value: unknown): Digits | null {
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { mantissa: BigInt(value), exponent: 0 } : null;
  if (typeof value !== "object" || value === null || !("bignumRe" in value)) return null;
  const match = /^(-?)(\d{1,400})(?:\.(\d{1,400}))?(?:e([-+]?\d{1,3}))?$/i.exec(String(value.bignumRe));
  if (!match) return null;
  const [, sign, whole = "", part = "", power] = match;
  const mantissa = BigInt(whole + part);
  return { mantissa: sign === "-" ? -mantissa : mantissa, exponent: Number(power ?? 0) - part.length };
}

/** `null`: one is missing, or they are too close to be told apart and too far to be the same. */
export function compareNumbers(x: Complex | null, y: Complex | null): boolean | null {
  if (!x || !y) return null;
  if (x.digits && y.digits) return compareDigits(x.digits, y.digits);
  const size = Math.max(Math.hypot(x.re, x.im), Math.hypot(y.re, y.im));
  const distance = Math.hypot(x.re - y.re, x.im - y.im);
  if (distance <= AGREE.double * size) return true;
  return distance > DIFFER.double * size ? false : null;
}

function compareDigits(x: Digits, y: Digits): boolean | null {
  const unit = Math.min(x.exponent, y.exponent, DUST);
  const [a, b] = [inUnits(x, unit), inUnits(y, unit)];
  const distance = magnitude(a - b);
  const size = [magnitude(a), magnitude(b), 10n ** BigInt(DUST - unit)].reduce((most, next) =>
    next > most ? next : most,
  );
  if (distance * 10n ** BigInt(AGREE.places) <= size) return true;
  return distance * 10n ** BigInt(DIFFER.places) > size ? false : null;
}

/** How many times ten to `unit`, which is no larger than the last place of `x`. */
const inUnits = ({ mantissa, exponent }: Digits, unit: number): bigint =>
  mantissa * 10n ** BigInt(exponent - unit);
const magnitude = (n: bigint): bigint => (n < 0n ? -n : n);
