/**
 * Answers that hold for every value of a letter: arbitrary constants (`x^2 + C`, `C_1 e^x + C_2 e^{-x}`) and whole
 * numbers (`\frac{\pi}{4} + k\pi`). The letter's name says nothing, a constant takes in other constants, and what whole
 * numbers run through is compared as a set of values. A letter may as well have been given by the problem: equal and
 * different are only said where that makes no difference.
 */
import { no, undecided, yes } from "./decide.js";
import { type Family, families, sameFamilies } from "./families.js";
import { compact } from "./normalise.js";
import { splitTop } from "./split.js";
import type { Equality } from "./types.js";

type Compare = (gold: string, answer: string) => Equality;

/** An answer without the words that say what its letters stand for. */
export interface Declared {
  text: string;
  letters: string[];
  /** null: nothing is said. */
  domain: "whole" | "natural" | "constant" | null;
  /** What was said, to be the same on both sides. */
  said: string;
}

/** Most answers have nothing of that kind, and need not be looked at. */
const MAY_HAVE =
  /\\in(?![a-zA-Z])|integer|number|constant|real|mod|(?<!\\[a-zA-Z]*)[CcKkAB]|(?:\\pi|°).*[nm]|[nm].*(?:\\pi|°)/;
const ORDERED = /[<>]|\\[lg]e(?![a-zA-Z])|\\ne(?![a-zA-Z])/;
/** One letter, or several with an index: in "n\pi, n \in \mathbb{Z}" the first n is no declaration. */
const LETTERS = "(?<![A-Za-z\\\\])(?:[A-Za-z]_\\{?\\d\\}?\\s*,\\s*)*[A-Za-z](?:_(?:\\d|\\{\\d\\}))?";
const SET =
  "\\\\in\\s*(\\\\mathbb\\s*\\{?\\s*[ZRN]\\s*\\}?(?:\\s*[\\^_]\\s*\\{?[*+]\\}?)?|\\\\[ZRN](?![a-zA-Z]))";
const KIND =
  "(?:positive |non-?negative |non-?zero |arbitrary |real |any )*(?:integer|whole number|natural number|constant|real number|real)s?";
/** ", where k \in \mathbb{Z}", "(n is an integer)", "for any real constant c". */
const DECLARATIONS = [
  new RegExp(
    `[\\s,;:|(]*(?:where|for(?: (?:any|all|every|each|some))?|with)?\\s*(?<letters>${LETTERS})\\s*(?:${SET}|\\s+(?:is|are|be)?\\s*(?:an? |any )?(${KIND}))\\s*\\)?\\s*$`,
    "i",
  ),
  new RegExp(
    `[\\s,;(]*(?:where|for|with)\\s+(?:any |all |every |each |some |an? )*(${KIND})\\s+(?<letters>${LETTERS})\\s*\\)?\\s*$`,
    "i",
  ),
];
const TOKEN =
  /\\(?:text|mathbb|mathrm|mathcal|operatorname)\s*\{[^{}]*\}|\\[a-zA-Z]+|[A-Za-z](?:_(?:\{\w+\}|\w))?/g;
/** What a solution for x or an angle is called; S = (n-2)\pi is a formula in a given n. */
const UNKNOWN = /^(?:[xyzt]|\\(?:theta|alpha|beta|phi|varphi))$/;
/** a_n = is said of every n anyhow. */
const SEQUENCE = /^\s*[a-z]_\{?n\}?\s*=/;
/** Letters that by custom are arbitrary constants, and those among them that count: C_1, C_2. */
const CONSTANT = /^(?:[ABCKck]|[Cck]_\{?\d\}?)$/;
const INDEXED = /^[Cc]_\{?(\d)\}?$/;
const ADDEND = /^(.*?)\+\s*[CK]\s*$|^\s*[CK]\s*\+(.*)$/;
/** V = x^2 + C is rather a quantity of which C is a part. */
const ANTIDERIVATIVE = /^(?:y|[fFgG]\(x\)|\\int(?![a-zA-Z]).*)$/;
const NOT_LINEAR = /\^|\\(?:sin|cos|tan|cot|sec|csc|ln|log|arc|sqrt)/;
/** The difference of two of these may be another constant on each of its pieces. */
const JUMPS = /\\(?:arc|ln|log|sqrt|operatorname|lfloor|lceil)|\||\^\s*\{?\s*-\s*1/;
/** What the sums are of that solve a linear differential equation. */
const ADDS_UP = /e\s*\^|\\(?:exp|sin|cos)h?(?![a-zA-Z])/;
const MOST_CONSTANTS = 3;

/**
 * Both are normalised; `compare` judges two normalised answers without parameters. Null: they have none, or what they
 * have changes nothing.
 */
export function withParameters(gold: string, answer: string, compare: Compare): Equality | null {
  if (!MAY_HAVE.test(gold) && !MAY_HAVE.test(answer)) return null;
  const [a, b] = [declared(gold), declared(answer)];
  if (ORDERED.test(a.text) || ORDERED.test(b.text)) return null;
  return asFamilies(a, b, compare) ?? asDeclared(a, b, compare) ?? asConstants(a.text, b.text, compare);
}

function asFamilies(a: Declared, b: Declared, compare: Compare): Equality | null {
  const [x, y] = [families(a, b), families(b, a)];
  if (!x || !y) return null;
  if ([x, y].some(({ of }) => of !== null && !UNKNOWN.test(of)))
    return undecided("a formula in a whole number");
  if (x.of !== null && y.of !== null && x.of !== y.of) return undecided(`${x.of} against ${y.of}`);
  const same = sameFamilies(x, y);
  if (same === null) return undecided("values for every whole number that were not compared");
  const named = x.of !== null && y.of !== null;
  const found = same ? yes("the same values for whole numbers") : no("other values for whole numbers");
  if (isCertain(x, y)) return found;
  if (x.letter !== y.letter && !named && !(x.declared && y.declared))
    return undecided("a letter of which nothing is said");
  // (n-2)\pi may be the angles of one polygon.
  const asWritten = compare(a.text, renamed(b.text, new Map([[y.letter ?? "", x.letter ?? ""]])));
  return asWritten.equal === same ? found : undecided("a letter of which nothing is said");
}

/**
 * What they run through is meant, and not a formula in a given n: one is a residue, or it is said that the letter stands
 * for all whole numbers; on one side is enough where both are solutions for one unknown that come round.
 */
function isCertain(a: Family, b: Family): boolean {
  const named = a.of !== null && a.of === b.of;
  const residues = [a, b].filter(({ letter }) => letter === null).length;
  if (residues > 0) return residues === 2 || named;
  if (a.declared && b.declared) return named || a.unit === "pi";
  return (a.declared || b.declared) && named && a.unit === "pi";
}

/** Something was said of a letter, on one side at least. */
function asDeclared(a: Declared, b: Declared, compare: Compare): Equality | null {
  if (a.domain === null && b.domain === null) return null;
  const open = undecided("a letter of which something is said");
  let answer = b.text;
  let constants = a.domain === "constant";
  if (a.domain !== null && b.domain !== null) {
    // In ax + a the b of ax + b has no place.
    const taken = a.letters.some(
      (letter, i) => letter !== b.letters[i] && lettersOf(b.text).includes(letter),
    );
    if (taken || a.said !== b.said || a.letters.length !== b.letters.length) return open;
    answer = renamed(b.text, oneToOne(b.letters, a.letters));
    if ([a.text, answer].some((text) => splitTop(text, /[,;]/).parts.length > 1))
      return compact(a.text) === compact(answer) ? yes("written alike") : open;
  } else {
    const { domain, letters, said } = a.domain === null ? b : a;
    constants = domain === "constant" && said === "r" && letters.every((letter) => CONSTANT.test(letter));
    const sequence = domain === "natural" && letters.join() === "n" && SEQUENCE.test(a.text);
    if (!constants && !sequence) return open;
  }
  const found = compare(a.text, answer);
  if (found.equal === true) return found;
  return (constants ? asConstants(a.text, b.text, compare) : null) ?? open;
}

function asConstants(gold: string, answer: string, compare: Compare): Equality | null {
  return (
    addends(gold, answer, compare) ?? solutions(gold, answer, compare) ?? otherLetter(gold, answer, compare)
  );
}

/**
 * F + C against G + C: the same where F - G is a constant, which is to say where F(x) - G(x) = F(u) - G(u). Null: they
 * are not both of that form.
 */
function addends(gold: string, answer: string, compare: Compare): Equality | null {
  const [a, b] = [sidesOf(gold), sidesOf(answer)];
  const [f, g] = [withoutAddend(a.right), withoutAddend(b.right)];
  if (f === null || g === null) return null;
  const named = [a.left, b.left].filter((left) => left !== "");
  if (named.some((left) => left !== named[0] || !ANTIDERIVATIVE.test(left))) return null;
  const [name, ...more] = [...new Set([...lettersOf(f), ...lettersOf(g)])].filter((l) => l !== "e");
  if (name === undefined || more.length > 0 || !/^[xtu]$/.test(name)) return null;
  const without = compare(f, g);
  if (without.equal === true) return without;
  const open = undecided("arbitrary constants");
  // x + 3 + C is rather a sum in which C was given.
  if (![f, g].every((one) => NOT_LINEAR.test(one))) return open;
  const difference = `(${f})-(${g})`;
  const found = compare(difference, renamed(difference, new Map([[name, name === "u" ? "x" : "u"]])));
  // ln(1 - x) and ln(x - 1) differ in where they live.
  if (JUMPS.test(difference) && !(f.includes("|") && g.includes("|") && found.equal === true)) return open;
  if (found.equal === null) return open;
  return found.equal ? yes("the same but for a constant") : no("they differ by more than a constant");
}

function sidesOf(text: string): { left: string; right: string } {
  const sides = splitTop(text, /=/).parts;
  return { left: compact(sides.slice(0, -1).join("=")), right: sides.at(-1) ?? "" };
}

function withoutAddend(right: string): string | null {
  const match = ADDEND.exec(right);
  const rest = (match?.[1] ?? match?.[2])?.trim();
  return rest === undefined || rest === "" ? null : rest;
}

/** C_1 u(x) + C_2 v(x), with exponentials or sines. Null: neither is of that form. */
function solutions(gold: string, answer: string, compare: Compare): Equality | null {
  const [ofA, ofB] = [solutionConstants(gold), solutionConstants(answer)];
  if (!ofA && !ofB) return null;
  if (!ofA || !ofB || ofA.length !== ofB.length) return undecided("arbitrary constants");
  for (const order of permutations(ofA)) {
    const { equal, why } = compare(gold, renamed(answer, oneToOne(ofB, order)));
    if (equal === true) return yes(`${why}, constants renamed`);
  }
  return undecided("arbitrary constants");
}

/** The constants of a sum in which each stands once, as a factor, beside functions of one variable. */
function solutionConstants(text: string): string[] | null {
  const { right } = sidesOf(text);
  if (!ADDS_UP.test(right)) return null;
  const written = (right.match(TOKEN) ?? []).filter((token) => !token.startsWith("\\"));
  const counted = [...new Set(written)].filter((l) => INDEXED.test(l));
  const constants = counted.length > 0 ? counted : ["A", "B"].filter((l) => written.includes(l));
  const others = new Set(written.filter((l) => !constants.includes(l) && l !== "e"));
  // Neither in an exponent nor in a fraction.
  const factors = lettersOf(right.replace(/(?:\^|\\frac|\})\s*\{[^{}]*\}/g, " "));
  const once = constants.every((c) => written.filter((l) => l === c).length === 1 && factors.includes(c));
  const first = Math.min(...constants.map((c) => Number(INDEXED.exec(c)?.[1] ?? 1)));
  const one = others.size === 1 && [...others].every((l) => /^[xt]$/.test(l));
  return constants.length > 1 && constants.length <= MOST_CONSTANTS && once && one && first < 2
    ? constants
    : null;
}

/** y = C e^x against y = A e^x: the same, unless the letters were given. Null: they differ in more. */
function otherLetter(gold: string, answer: string, compare: Compare): Equality | null {
  const [inA, inB] = [lettersOf(gold), lettersOf(answer)];
  const [x, ...more] = inA.filter((l) => !inB.includes(l));
  const [y, ...others] = inB.filter((l) => !inA.includes(l));
  // A and B alone are choices.
  if (![gold, answer].every((text) => lettersOf(text).some((l) => /^[a-z]$/.test(l) && l !== "c")))
    return null;
  if (!x || !y || more.length + others.length > 0 || ![x, y].every((l) => /^[ABCKck]$/.test(l))) return null;
  const same = compare(gold, renamed(answer, new Map([[y, x]]))).equal === true;
  return same ? undecided("the same if the letter is an arbitrary constant") : null;
}

/** What the answer says of its letters is taken off its end. */
function declared(answer: string): Declared {
  const [, name = "", such] = /^(?:([a-z])\s*\\in\s*)?\\\{\s*(.*)\\\}$/s.exec(answer) ?? [];
  const plain = (such === undefined ? answer : name === "" ? such : `${name} = ${such}`)
    .replace(/\\text\{([^{}]*)\}/g, " $1 ")
    .replace(/\s+/g, " ")
    .trim();
  for (const pattern of DECLARATIONS) {
    const match = pattern.exec(plain);
    if (!match || match.index === 0) continue;
    const words =
      match.slice(1).find((group) => group !== undefined && group !== match.groups?.letters) ?? "";
    const text = plain.slice(0, match.index).trim();
    const letters = (match.groups?.letters ?? "").split(/\s*,\s*/);
    return { text, letters, domain: domainOf(words), said: saidOf(words, such !== undefined) };
  }
  return { text: answer, letters: [], domain: null, said: "" };
}

function domainOf(words: string): Declared["domain"] {
  if (/N|[*+]|natural|positive|negative|zero/.test(words)) return "natural";
  return /Z|integer|whole/.test(words) ? "whole" : "constant";
}

/** One wording for the same numbers. */
function saidOf(words: string, set: boolean): string {
  const plain = words
    .toLowerCase()
    .replace(/[\\{}\s^_]|mathbb|arbitrary|any|numbers?|constants?|s$/g, "")
    .replace(/^(?:integer|whole)$/, "z")
    .replace(/^(?:real|)$/, "r")
    .replace(/^natural$/, "n");
  return `${plain}${set ? " set" : ""}`;
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
