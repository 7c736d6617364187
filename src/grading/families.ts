/** What an answer with a letter for whole numbers runs through: `\pm\frac{\pi}{4} + k\pi`, `7k + 3`, `3 \pmod 7`. */
import { rationalOf } from "./exact.js";
import type { Declared } from "./parameters.js";
import { add, gcd, negate, type Rational, rational, same } from "./rational.js";
import { readResidues } from "./residues.js";
import { bothSigns } from "./shape.js";
import { splitTop } from "./split.js";

/** start + k · step for every whole k, in units of π or of 1; the step is positive. */
interface Progression {
  start: Rational;
  step: Rational;
}

export interface Family {
  /** What it is said of: x; null where that is not said. */
  of: string | null;
  unit: "pi" | "one";
  progressions: Progression[];
  /** What runs through the whole numbers; null of residues. */
  letter: string | null;
  /** It is said that the letter stands for all whole numbers. */
  declared: boolean;
}

const SEPARATOR = /[,;]|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z])|\\l(?:or|and)(?![a-zA-Z])/;
const NAMED = /^\s*([A-Za-z]|\\[a-zA-Z]+)\s*(?:=|\\in)\s*(.*)$/s;
/** Where nothing is said of it: with an angle that comes round it is a whole number. */
const CUSTOMARY = ["k", "n", "m"];
const MOST_VALUES = 1000;

/** Null: it runs through nothing, or through what is not read. `other`: what the other answer says of its letters. */
export function families({ text, letters, domain }: Declared, other: Declared): Family | null {
  const modular = readResidues(text);
  if (modular) return ofResidues(modular);
  if (domain === "constant" || domain === "natural" || letters.length > 1) return null;
  const angle = /\\pi|°/.test(text);
  const custom = angle || readResidues(other.text) ? CUSTOMARY : other.letters;
  const written = (letter: string) => placesOf(letter).test(text);
  const letter = letters[0] ?? custom.find(written);
  if (letter === undefined || !/^[a-zA-Z]$/.test(letter)) return null;
  if (CUSTOMARY.some((another) => another !== letter && written(another))) return null;
  const plain = text.replace(/\\text\{([^{}]*)\}/g, " $1 ");
  const parts = splitTop(plain, SEPARATOR).parts.filter((part) => part !== "");
  const names = new Set<string>();
  const progressions: Progression[] = [];
  for (const part of parts) {
    const named = NAMED.exec(part);
    if (named?.[1]) names.add(named[1]);
    const value = named?.[2] ?? part;
    for (const one of bothSigns(value) ?? [value]) {
      const found = progressionsOf(one, letter, angle);
      if (!found) return null;
      progressions.push(...found);
    }
  }
  if (names.size > 1 || progressions.length === 0) return null;
  const unit = angle ? "pi" : "one";
  return { of: [...names][0] ?? null, unit, progressions, letter, declared: letters.length > 0 };
}

function ofResidues({ of, values, modulus }: NonNullable<ReturnType<typeof readResidues>>): Family | null {
  const step = rationalOf(modulus);
  const starts = values.map(rationalOf);
  if (!step || step.n < 2n || step.d !== 1n || starts.some((start) => start?.d !== 1n)) return null;
  if (of !== null && !/^(?:[A-Za-z]|\\[a-zA-Z]+)$/.test(of)) return null;
  const progressions = starts.flatMap((start) => (start ? [{ start, step }] : []));
  return { of, unit: "one", progressions, letter: null, declared: false };
}

/** Where a letter stands by itself. */
const placesOf = (letter: string, flags = ""): RegExp =>
  new RegExp(`(?<![a-zA-Z\\\\])${letter}(?![a-zA-Z_])`, flags);

/** One, or two where even and odd numbers go different ways: (-1)^k. */
function progressionsOf(part: string, letter: string, angle: boolean): Progression[] | null {
  const degrees = part.includes("°");
  if (degrees && part.includes("\\pi")) return null;
  const plain = part.replace(/°/g, "");
  const places = placesOf(letter, "g");
  const values: Rational[] = [];
  for (let k = 0; k < 6; k++) {
    const at = plain.replace(places, (_, offset: number) =>
      /\^\s*$/.test(plain.slice(0, offset)) ? `{${k}}` : `(${k})`,
    );
    const value = rationalOf(degrees ? `\\frac{${at}}{180}` : angle ? `\\frac{${at}}{\\pi}` : at);
    if (!value) return null;
    values.push(value);
  }
  const [a, b, ...more] = values;
  if (!a || !b) return null;
  const gap = (i: number) => add(values[i] ?? a, negate(values[i - 2] ?? a));
  const [even, odd] = [gap(2), gap(3)];
  if (more.length < 4 || !same(even, gap(4)) || !same(odd, gap(5)) || even.n === 0n || odd.n === 0n)
    return null;
  const step = add(b, negate(a));
  return same(add(step, step), even) && same(even, odd)
    ? [{ start: a, step: positive(step) }]
    : [
        { start: a, step: positive(even) },
        { start: b, step: positive(odd) },
      ];
}

const positive = (value: Rational): Rational => (value.n < 0n ? negate(value) : value);

/** Null: more values than are worth counting. */
export function sameFamilies(a: Family, b: Family): boolean | null {
  if (a.unit !== b.unit) return null;
  const all = [...a.progressions, ...b.progressions];
  const period = all.map(({ step }) => step).reduce(leastCommon);
  const [x, y] = [a, b].map(({ progressions }) => valuesWithin(progressions, period));
  if (!x || !y) return null;
  return x.size === y.size && [...x].every((value) => y.has(value));
}

function leastCommon(a: Rational, b: Rational): Rational {
  const [n, d] = [(a.n / gcd(a.n, b.n)) * b.n, gcd(a.d, b.d)];
  return rational(n, d);
}

function valuesWithin(progressions: readonly Progression[], period: Rational): Set<string> | null {
  const values = new Set<string>();
  for (const { start, step } of progressions) {
    const count = (period.n * step.d) / (period.d * step.n);
    if (count + BigInt(values.size) > MOST_VALUES) return null;
    let value = start;
    for (let i = 0n; i < count; i++) {
      const turns = floor(value.n * period.d, value.d * period.n);
      const within = add(value, rational(-turns * period.n, period.d));
      values.add(`${within.n}/${within.d}`);
      value = add(value, step);
    }
  }
  return values;
}

function floor(n: bigint, d: bigint): bigint {
  const quotient = n / d;
  return n % d < 0n ? quotient - 1n : quotient;
}
