/**
 * Answers that hold for every value of a letter: arbitrary constants (`x^2 + C`, `C_1 e^x + C_2 e^{-x}`) and whole
 * numbers (`\frac{\pi}{4} + k\pi`). The letter's name says nothing, a constant takes in other constants, and what whole
 * numbers run through is compared as a set of values. Such answers are "different" only where that is certain.
 */
import { no, undecided, yes } from "./decide.js";
import { type Family, families, sameFamilies } from "./families.js";
import { splitTop } from "./split.js";
import type { Equality } from "./types.js";

type Domain = "whole" | "natural" | "constant";

/** An answer without the words that say what its letters stand for. */
export interface Declared {
  text: string;
  letters: string[];
  domain: Domain | null;
}

/** Most answers have nothing of that kind, and need not be looked at. */
const MAY_HAVE = /\\in(?![a-zA-Z])|integer|number|constant|mod|[CcKk]|(?:\\pi|°).*[nm]|[nm].*(?:\\pi|°)/;
/** One letter, or several with an index: in "n\pi, n \in \mathbb{Z}" the first n is no declaration. */
const LETTERS = "(?<![A-Za-z\\\\])(?:[A-Za-z]_\\{?\\d\\}?\\s*,\\s*)*[A-Za-z](?:_(?:\\d|\\{\\d\\}))?";
const IN = `(${LETTERS})\\s*(?:\\\\in\\s*(?:\\\\mathbb\\s*\\{?\\s*([ZRN])\\s*\\}?|\\\\([ZRN])(?![a-zA-Z]))`;
const KIND =
  "(?:positive |non-?negative |arbitrary |real |any )*(?:integer|whole number|natural number|constant|real number|real)s?";
/** ", where k \in \mathbb{Z}", "(n is an integer)", "for any real constant c". */
const DECLARATIONS = [
  new RegExp(
    `[\\s,;:|(]*(?:where|for(?: (?:any|all|every|each|some))?|with)?\\s*${IN}|\\s+(?:is|are|be)?\\s*(?:an? |any )?(${KIND}))\\s*\\)?\\s*$`,
    "i",
  ),
  new RegExp(
    `[\\s,;(]*(?:where|for|with)\\s+(?:any |all |every |each |some |an? )*(${KIND})\\s+(${LETTERS})\\s*\\)?\\s*$`,
    "i",
  ),
];
const TOKEN =
  /\\(?:text|mathbb|mathrm|mathcal|operatorname)\s*\{[^{}]*\}|\\[a-zA-Z]+|[A-Za-z](?:_(?:\{\w+\}|\w))?/g;
/** By custom a constant in a formula, where its index counts from 0 or 1 (C_5 may be a group); without one as an addend. */
const INDEXED = /^[CcKk]_\{?(\d)\}?$/;
const ADDEND = /^\s*([CK])\s*\+(.*)$|^(.*?)[+-]\s*([CK])\s*$/;
/** The difference of two of these may be another constant on each of its pieces. */
const JUMPS = /\\(?:arc|ln|log|sqrt|operatorname|lfloor|lceil)|\||\^\s*\{?\s*-\s*1/;
const MOST_CONSTANTS = 3;
const CAPITALS = undecided("the same but for capital letters");

/**
 * Both are normalised; `compare` judges two normalised answers without parameters. Null: they have none, or what they
 * have changes nothing.
 */
export function withParameters(
  gold: string,
  answer: string,
  compare: (gold: string, answer: string) => Equality,
): Equality | null {
  if (!MAY_HAVE.test(gold) && !MAY_HAVE.test(answer)) return null;
  const [a, b] = [declared(gold), declared(answer)];
  if ([a, b].some(({ text }) => /[<>]|\\[lg]e(?![a-zA-Z])|\\ne(?![a-zA-Z])/.test(text))) return null;
  if (a.domain === "natural" || b.domain === "natural") {
    const found = compare(a.text, renamed(b.text, oneToOne(b.letters, a.letters)));
    return found.equal === true && a.domain === b.domain ? found : undecided("a letter for natural numbers");
  }
  const [x, y] = [families(a, b), families(b, a)];
  if (!x || !y) return constants(a, b, compare);
  const found = ofFamilies(x, y);
  if (found.equal === null || x.certain || y.certain) return found;
  // Nothing was said of its letter: (n-2)\pi may be the angles of one polygon.
  const [inA = "", inB = ""] = [x.letter ?? "", y.letter ?? ""];
  const asWritten = compare(a.text, renamed(b.text, new Map([[inB, inA]])));
  return asWritten.equal === found.equal
    ? found
    : undecided("the same for a given number, or for all whole ones");
}

function ofFamilies(a: Family, b: Family): Equality {
  if (a.of !== null && b.of !== null && a.of !== b.of) return undecided(`${a.of} against ${b.of}`);
  const same = sameFamilies(a, b);
  if (same === null) return undecided("values for every whole number that were not compared");
  return same ? yes("the same values for whole numbers") : no("other values for whole numbers");
}

function constants(
  a: Declared,
  b: Declared,
  compare: (gold: string, answer: string) => Equality,
): Equality | null {
  if (a.domain !== null || b.domain !== null) {
    const asWritten = compare(a.text, b.text);
    if (asWritten.equal === true) return asWritten;
  }
  const [inA, inB] = [lettersOf(a.text), lettersOf(b.text)];
  let [ofA, ofB] = [constantsOf(a, inA), constantsOf(b, inB)];
  if (ofA.length === 0 && ofB.length === 0) return null;
  // A and B against C_1 and C_2: the letters that only one side has.
  const [others, another] = [inB.filter((l) => !inA.includes(l)), inA.filter((l) => !inB.includes(l))];
  if (ofB.length < ofA.length) ofB = [...new Set([...ofB, ...others])];
  else if (ofA.length < ofB.length) ofA = [...new Set([...ofA, ...another])];
  if (ofA.length === 0 || ofB.length === 0) return null;
  if (ofA.length !== ofB.length || ofA.length > MOST_CONSTANTS) return undecided("arbitrary constants");
  const found = addends(a.text, b.text, compare);
  if (found) return found.equal === true && onlyCapitals(ofA, ofB) ? CAPITALS : found;
  for (const order of permutations(ofA)) {
    const { equal, why } = compare(a.text, renamed(b.text, oneToOne(ofB, order)));
    if (equal === true) return onlyCapitals(order, ofB) ? CAPITALS : yes(`${why}, constants renamed`);
  }
  return undecided("arbitrary constants");
}

function onlyCapitals(a: readonly string[], b: readonly string[]): boolean {
  return a.some((name, i) => name !== b[i] && name.toLowerCase() === b[i]?.toLowerCase());
}

/**
 * F + C against G + C: the same where F - G is a constant, which is to say where F(x) - G(x) = F(u) - G(u). Null: they
 * are not both of that form.
 */
function addends(
  gold: string,
  answer: string,
  compare: (gold: string, answer: string) => Equality,
): Equality | null {
  const [f, g] = [withoutAddend(gold), withoutAddend(answer)];
  if (f === null || g === null) return null;
  const [name, ...more] = [...new Set([...lettersOf(f), ...lettersOf(g)])].filter((l) => l !== "e");
  if (name === undefined || more.length > 0 || !/^[a-z]$/.test(name)) return null;
  const without = compare(f, g);
  if (without.equal === true) return without;
  const difference = `(${f})-(${g})`;
  const elsewhere = renamed(difference, new Map([[name, name === "u" ? "v" : "u"]]));
  const found = compare(difference, elsewhere);
  // ln|x| and ln x differ in where they live.
  if (found.equal === true && f.includes("|") === g.includes("|")) return yes("the same but for a constant");
  return found.equal === false && !JUMPS.test(difference)
    ? no("they differ by more than a constant")
    : undecided("arbitrary constants");
}

function withoutAddend(text: string): string | null {
  const { parts, separators } = splitTop(text, /=/);
  if (separators.length > 1) return null;
  const last = parts.at(-1) ?? "";
  // Where C was given, x - C is not x + C.
  if (/-\s*[CK]\s*$/.test(last)) return null;
  const match = ADDEND.exec(last);
  const rest = (match?.[2] ?? match?.[3])?.trim();
  return rest === undefined || rest === "" ? null : rest;
}

/** What the answer says of its letters is taken off its end. */
function declared(answer: string): Declared {
  const such = /^(?:[a-z]\s*\\in\s*)?\\\{\s*(.*)\\\}$/s.exec(answer)?.[1];
  const plain = (such ?? answer)
    .replace(/\\text\{([^{}]*)\}/g, " $1 ")
    .replace(/\s+/g, " ")
    .trim();
  for (const [i, pattern] of DECLARATIONS.entries()) {
    const match = pattern.exec(plain);
    if (!match || match.index === 0) continue;
    const [, first = "", second = "", third = "", fourth = ""] = match;
    const [letters, words] = i === 0 ? [first, second || third || fourth] : [second, first];
    return {
      text: plain.slice(0, match.index).trim(),
      letters: letters.split(/\s*,\s*/),
      domain: domainOf(words),
    };
  }
  return { text: answer, letters: [], domain: null };
}

function domainOf(words: string): Domain {
  if (/^N$|natural|positive|negative/i.test(words)) return "natural";
  return /^Z$|integer|whole/i.test(words) ? "whole" : "constant";
}

function constantsOf(answer: Declared, letters: string[]): string[] {
  const said = answer.domain === null ? [] : answer.letters;
  const addend = ADDEND.exec(answer.text);
  const last = addend?.[1] ?? addend?.[4];
  const indices = letters.flatMap((l) => INDEXED.exec(l)?.[1] ?? []).sort();
  const counted =
    indices.every((digit, i) => Number(digit) === i + Number(indices[0])) && Number(indices[0]) < 2;
  const formula = letters.some((l) => /^[a-z]$/.test(l) && l !== "e" && l !== "i");
  return letters.filter(
    (l) =>
      (formula && ((INDEXED.test(l) && counted) || l === last)) || (said.includes(l) && !/^[xyz]$/.test(l)),
  );
}

function lettersOf(text: string): string[] {
  return [...new Set(text.match(TOKEN) ?? [])].filter((token) => !token.startsWith("\\"));
}

function renamed(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(TOKEN, (token) => names.get(token) ?? token);
}

function oneToOne(from: readonly string[], to: readonly string[]): Map<string, string> {
  return new Map(from.map((name, i) => [name, to[i] ?? name]));
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
