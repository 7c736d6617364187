/** Numbers in other bases: by their digits, or by their value where both say their base. */
import { no, undecided, yes } from "./decide.js";
import { numberInWords } from "./number-words.js";
import type { Equality } from "./types.js";

export interface Based {
  /** Lower case. */
  digits: string;
  /** As it is written: "8", "eight". */
  base: string;
}

/** Whether `digits` can be digits of a number in `base`: B_{12} may be a point. */
export function isBased(digits: string, base: string): boolean {
  const n = baseOf(base);
  if (n === null || n < 2 || n > 36 || !/\d|^[A-F]{2,}$/.test(digits) || /^[a-z]/.test(digits)) return false;
  return [...digits.toLowerCase()].every((digit) => digitValue(digit) < n);
}

export function sameBased(a: Based, b: Based): Equality {
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x === null || y === null) return undecided("a base that is not known");
  if (x === y)
    return yes(
      baseOf(a.base) === baseOf(b.base) ? "the same digits and base" : "the same number in another base",
    );
  return no("different numbers in their bases");
}

function numberOf({ digits, base }: Based): bigint | null {
  const n = baseOf(base);
  if (n === null || digits.length > 200) return null;
  return [...digits].reduce((value, digit) => value * BigInt(n) + BigInt(digitValue(digit)), 0n);
}

function baseOf(base: string): number | null {
  if (/^\d{1,2}$/.test(base)) return Number(base);
  const named = numberInWords(base.toLowerCase());
  return named?.d === 1n ? Number(named.n) : null;
}

function digitValue(digit: string): number {
  return Number.parseInt(digit, 36);
}
