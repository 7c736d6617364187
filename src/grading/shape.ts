/** What kind of thing an answer is: read from its cleaned text, before anything is computed. */
import { isBased } from "./bases.js";
import { type Moment, readMoment } from "./clock.js";
import { readMatrix } from "./matrices.js";
import { compound, quantity } from "./measures.js";
import { compact, normalise } from "./normalise.js";
import { numberInWords } from "./number-words.js";
import { type Residues, readResidues } from "./residues.js";
import { splitTop, wraps } from "./split.js";

export type RelationSign = "=" | "<" | ">" | "\\le" | "\\ge" | "\\ne" | "\\in";

export type Shape = Kind & {
  /** What it was given to: x, in `x = 1, 2` and in `x \in [0, 1]`. */
  of?: string;
};

type Kind =
  | { kind: "nothing" }
  /** To be read in two ways: never decided, unless both are written alike. */
  | { kind: "open"; why: string }
  /** Numbers and formulas. `unit`: a name from `unitName`, "%", "°" or "$". */
  | { kind: "expression"; tex: string; unit: string | null }
  | { kind: "text"; words: string }
  /** A letter of a multiple choice, with what stood behind it. */
  | { kind: "choice"; letter: string; rest: string }
  /** Items separated by commas or words, without brackets: in no order. */
  | { kind: "list"; items: Shape[] }
  | { kind: "set"; items: Shape[] }
  | { kind: "tuple"; open: "(" | "["; close: ")" | "]"; items: Shape[] }
  /** Sets put together: all of them, what they share, or the first without the others. */
  | { kind: "union"; how: "cup" | "cap" | "minus"; parts: Shape[] }
  | { kind: "matrix"; bars: boolean; rows: string[][] }
  /** sides[0] signs[0] sides[1] signs[1] … */
  | { kind: "relation"; sides: string[]; signs: RelationSign[] }
  | { kind: "moment"; moment: Moment }
  | { kind: "residues"; residues: Residues }
  /** \\{x : condition\\}. */
  | { kind: "such"; condition: Shape }
  /** A number in another base. */
  | { kind: "base"; digits: string; base: string };

const RELATION = /=|<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z])|\\ne(?![a-zA-Z])|\\in(?![a-zA-Z])/;
const SEPARATOR =
  /[,;]|\\text\{\s*,?\s*(?:and|or)\s*\}|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z])|\\(?:lor|land|vee|wedge)(?![a-zA-Z])/;
const EMPTY = /^(?:\\emptyset|\\\{\s*\\\})$/;
const SET_SIGNS = [
  ["cup", /\\cup(?![a-zA-Z])/],
  ["cap", /\\cap(?![a-zA-Z])/],
  ["minus", /\\(?:setminus|backslash)(?![a-zA-Z])/],
] as const;
const PLUS_MINUS = /\\(?:pm|mp)(?![a-zA-Z])/;
const AND = /and|\\wedge/;
const OR = /or|\\vee/;
const UNKNOWN_TEXT = /^(?:\?+|\.{2,}|\\[lc]?dots|_+|answer|unknown|n\/a)$/i;
const MOST_ITEMS = 40;

/** Reads an answer as it came out of a text or a data set. */
export function readShape(answer: string, thousands = true): Shape {
  return shapeOf(normalise(answer, thousands));
}

/** As `readShape`, of what `normalise` made. */
export function shapeOf(s: string): Shape {
  if (s === "" || UNKNOWN_TEXT.test(s)) return { kind: "nothing" };
  if (EMPTY.test(s) || isNoSolution(s)) return { kind: "set", items: [] };
  const doubt = twoReadings(s);
  if (doubt) return { kind: "open", why: doubt };
  const residues = readResidues(s);
  if (residues) return { kind: "residues", residues };
  const matrix = readMatrix(s);
  if (matrix) return { kind: "matrix", ...matrix };
  const plusMinus = expandPlusMinus(s);
  if (plusMinus) return plusMinus;
  const moment = readMoment(s);
  if (moment) return { kind: "moment", moment };
  const choice = asChoice(s);
  if (choice) return choice;
  const words = asWords(s);
  if (words !== null) return ofWords(words);
  const spelled = exactPart(s) ?? pointOf(s);
  if (spelled !== null) return shapeOf(spelled);
  const measured = compound(s);
  if (measured) return measured;
  const reversed = /^\](.*)\[$/.exec(s)?.[1] ?? "";
  if (reversed !== "" && splitTop(reversed, /[,;]/).parts.length === 2) return shapeOf(`(${reversed})`);

  const { parts, separators } = splitTop(s, SEPARATOR);
  const list = parts.filter((part) => part !== "");
  if (list.length > 1 && list.length <= MOST_ITEMS) {
    if (list.some((part) => PLUS_MINUS.test(part)) && severalNames(list))
      return { kind: "open", why: "which signs go together" };
    // In "x < 1, or x > 2" the comma says nothing.
    const words = separators.filter((_, i) => parts[i + 1] !== "");
    const items = listOf(list);
    if (words.every((word) => AND.test(word)) && items.items.every(isInequality))
      return { kind: "union", how: "cap", parts: items.items };
    return words.every((word) => OR.test(word)) && items.items.every(isOrdered)
      ? { kind: "union", how: "cup", parts: items.items }
      : items;
  }
  for (const [how, sign] of SET_SIGNS) {
    const operands = splitTop(s, sign).parts;
    if (operands.length > 1) return { kind: "union", how, parts: operands.map(shapeOf) };
  }
  const { parts: sides, separators: signs } = splitTop(s, RELATION);
  if (signs.length > 0) return relation(sides, signs as RelationSign[]);

  const bracketed = asBracketed(s);
  if (bracketed) return bracketed;
  const base = /^\(?\s*([\da-zA-Z]+)\s*\)?\s*_\s*(?:\{\s*(?:\\text\{)?(\w+)\}?\s*\}|(\d+))$/.exec(s);
  const [digits, written] = [base?.[1] ?? "", base?.[2] ?? base?.[3] ?? ""];
  if (isBased(digits, written)) return { kind: "base", digits: digits.toLowerCase(), base: written };
  return quantity(s);
}

/** `1 \pm \sqrt2` is two answers, `x \ne \pm 1` excludes two. */
function expandPlusMinus(s: string): Shape | null {
  const written = bothSigns(s);
  if (!written) return null;
  if (splitTop(s, /\\ne(?![a-zA-Z])/).separators.length === 1)
    return { kind: "union", how: "cap", parts: written.map(shapeOf) };
  const { parts, separators } = splitTop(written[0] ?? "", /=/);
  if (separators.length === 0) return { kind: "list", items: written.map(shapeOf) };
  const name = parts[0] ?? "";
  const values = written.map((one) => splitTop(one, /=/).parts[1] ?? "");
  return isName(name) ? { kind: "list", items: values.map(shapeOf), of: compact(name) } : null;
}

/** With + and with -; null: no such sign, or with more than one who knows how they go together. */
export function bothSigns(s: string): string[] | null {
  const [before, after, ...more] = s.split(PLUS_MINUS);
  if (before === undefined || after === undefined || more.length > 0) return null;
  // Inside of \{ \} it belongs to one element.
  if (/\\\{/.test(before) && /\\\}/.test(after)) return null;
  if (splitTop(s, SEPARATOR).parts.length > 1) return null;
  if (splitTop(s, /=|\\ne(?![a-zA-Z])/).separators.length > 1) return null;
  return [`${before}+${after}`, `${before}-${after}`];
}

/** x = \pm 1, y = \pm 2. */
function severalNames(parts: string[]): boolean {
  const names = parts.map((part) => splitTop(part, /=/)).filter(({ separators }) => separators.length > 0);
  return new Set(names.map(({ parts: [name = ""] }) => compact(name))).size > 1;
}

/** Behind a choice's letter: "(C)", "C)" or "C." anywhere, or "and C" at the end. */
function namesAnother(rest: string): boolean {
  if (/(?:^|[\s,;&}])(?:\(\s*[A-J]\s*\)|[A-J]\)|[A-J][.:](?=\s))/.test(rest)) return true;
  // "Both A and B" is what one choice says.
  const letters = rest.match(/(?<![A-Za-z\\])[A-J](?![A-Za-z])/g)?.length ?? 0;
  return letters === 1 && /(?:\b(?:and|or)|\\l(?:and|or)|[&,;}])\s*[A-J]$/.test(rest);
}

function asChoice(s: string): Shape | null {
  const plain = s.replace(/\\text\{([^{}]*)\}/g, " $1 ").trim();
  const only =
    /^(?:(?:the )?(?:correct )?(?:option|choice|answer)(?: is)?:?\s)?\s*\(?\s*([A-J])\s*\)?$/i.exec(plain);
  if (only?.[1] && /[A-J]/.test(only[1])) return { kind: "choice", letter: only[1], rest: "" };
  // Something must stand between the letter and the rest: (B)C could be a product.
  const more = /^(?:\(\s*([A-J])\s*\)|([A-J])\)|([A-J])(?=[.:]\s))(?:\s*[:.]\s*|\s+)(\S.*)$/.exec(s);
  const [letter, rest] = [more?.[1] ?? more?.[2] ?? more?.[3], more?.[4]];
  if (letter && rest && !/^(?:[-+*/^_=<>,&]|(?:\\text\{\s*)?(?:and|or)\b)/.test(rest) && !namesAnother(rest))
    return { kind: "choice", letter, rest };
  return null;
}

function ofWords(words: string): Shape {
  const value = numberInWords(words);
  if (value)
    return {
      kind: "expression",
      tex: value.d === 1n ? `${value.n}` : `\\frac{${value.n}}{${value.d}}`,
      unit: null,
    };
  const named = words.split(/ and /);
  // Two or three names in no order; a sentence with "and" in it is none.
  if (named.length > 1 && named.every((name) => /^[a-z'-]+$/.test(name))) {
    return { kind: "set", items: named.map((name) => ({ kind: "text", words: name })) };
  }
  return { kind: "text", words: SYNONYMS[words] ?? words };
}

const SYNONYMS: Record<string, string> = {
  dne: "does not exist",
  "limit does not exist": "does not exist",
  "no real number": "no real numbers",
  // Not the same as "no solution": complex ones may be left.
  "no real solution": "no real solutions",
  "no real root": "no real solutions",
  "no real roots": "no real solutions",
};

/** `\frac23 \approx 0.667` gives the exact value first; `\approx 3.14` alone is that decimal. */
function exactPart(s: string): string | null {
  const { parts, separators } = splitTop(s, /\\(?:approx|simeq)(?![a-zA-Z])|≈/);
  if (separators.length !== 1) return null;
  const [left = "", right = ""] = parts;
  if (left === "") return /^-?\d*\.\d+$/.test(right) ? right : null;
  return /\d/.test(left) && !isName(left) ? left : null;
}

/** "the point (1, 2)" is (1, 2), and P(1, 2) is P = (1, 2). */
function pointOf(s: string): string | null {
  const point =
    /^(?:\\text\{\s*(?:the )?(?:point|vertex|ordered pair|pair)s?\s*\}|(?:the )?point|([A-EI-Z]))\s*(\(.*\))$/.exec(
      s,
    );
  const inner = point?.[2];
  if (!inner || !wraps(inner) || splitTop(inner.slice(1, -1), /,/).parts.length < 2) return null;
  return point[1] ? `${point[1]} = ${inner}` : inner;
}

/** Why nobody can tell what is meant; null for most. */
function twoReadings(s: string): string | null {
  if (/[a-zA-Z)}\]]!=/.test(s)) return "a factorial, or not equal";
  if (s.startsWith("(") && s.split(PLUS_MINUS).length > 2 && wraps(s)) return "which signs go together";
  if (/(?<![a-zA-Z\\])[CAP]_\{?\d+\}?\s*\^\s*\{?\d/.test(s)) return "a choice, or a power";
  if (APPLIED_TO_TWO.test(s)) return "how far a function without brackets reaches";
  const [, letter = "", first = "", second = ""] =
    /^([A-Z])\s*\(\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*\)$/.exec(s) ?? [];
  const [a, b] = [Number(first), Number(second)];
  const counts = (/[CPA]/.test(letter) && a >= b && b >= 0) || (letter === "B" && a > 0 && b > 0);
  const distribution = (letter === "N" && b >= 0) || (letter === "U" && a < b);
  return counts || distribution ? "a point, or what its letter stands for" : null;
}

const SCRIPTS = "(?![a-zA-Z])(?:\\s*[_^]\\s*(?:\\w|\\{[^{}]*\\}))*\\s*";
/** `\sin x y` and `\ln 2 x`; `\sin 2 x` is that of 2x. */
const APPLIED_TO_TWO = new RegExp(
  `\\\\(?:(?:arc)?(?:sin|cos|tan|cot|sec|csc)h?${SCRIPTS}[a-zA-Z]|(?:ln|log)${SCRIPTS}(?:[a-zA-Z]|\\d+(?:\\.\\d+)?)) (?:[a-zA-Z](?![a-zA-Z])|\\d)`,
);

/** x < 2 and the like, but not x \ne 2: "x \ne 1 or x \ne 2" excludes both for most people. */
function isOrdered(shape: Shape): boolean {
  return shape.kind === "relation" && shape.signs.every((sign) => /^(?:[<>]|\\[lg]e)$/.test(sign));
}

function isInequality(shape: Shape): boolean {
  return shape.kind === "relation" && shape.signs.every((sign) => sign !== "=");
}

/** Lower-case words when the whole answer is words; null when there is mathematics in it. */
function asWords(s: string): string | null {
  const plain = s
    .replace(/\\text\{([^{}]*)\}/g, " $1 ")
    .trim()
    .replace(/\.$/, "");
  if (!/^[A-Za-z][A-Za-z'\- ]*[A-Za-z]$/.test(plain)) return null;
  // x-y is no x y.
  const short = !s.includes("\\text{") && plain.split(/[\s-]+/).every((part) => part.length <= 3);
  const words = plain
    .toLowerCase()
    .replace(short ? /\s+/g : /[\s-]+/g, " ")
    .trim();
  // Two letters are a product (ab) or a segment's name, unless they were written as text or are a word.
  const word = s.includes("\\text{") || words.length >= 3 || /^(?:no|up|an|a)$/.test(words);
  if (!word) return null;
  if (/^(?:plus )?infinity$/.test(words)) return null;
  return words.replace(/^(?:the|a|an) (?=.)/, "");
}

function isNoSolution(s: string): boolean {
  const words = asWords(s);
  return words !== null && /^(?:no (?:solutions?|roots?)|empty set|none)$/.test(words);
}

function listOf(parts: string[]): Extract<Shape, { kind: "list" }> {
  // "x = 1, 2" gives its name to the items that follow.
  const named = splitTop(parts[0] ?? "", RELATION);
  const name = named.parts[0] ?? "";
  const rest = parts.slice(1);
  if (
    named.separators.length === 1 &&
    named.separators[0] === "=" &&
    isName(name) &&
    rest.every((part) => splitTop(part, RELATION).separators.length === 0)
  ) {
    return { kind: "list", items: itemsOf([named.parts[1] ?? "", ...rest]), of: compact(name) };
  }
  return { kind: "list", items: itemsOf(parts) };
}

/** `0, \pm 2` are three. */
function itemsOf(parts: string[]): Shape[] {
  return parts
    .flatMap((part) => (/\\ne(?![a-zA-Z])/.test(part) ? null : bothSigns(part)) ?? [part])
    .map(shapeOf);
}

function relation(sides: string[], signs: RelationSign[]): Shape {
  const [left = "", right = ""] = sides;
  // "x \in [0,1]" says no more than "[0,1]".
  if (signs.length === 1 && signs[0] === "\\in" && isName(left))
    return { ...shapeOf(right), of: compact(left) };
  return { kind: "relation", sides, signs };
}

function asBracketed(s: string): Shape | null {
  if (s.startsWith("\\{") && s.endsWith("\\}") && wraps(s)) {
    const inner = splitTop(s.slice(2, -2).trim(), SEPARATOR).parts;
    const such = splitTop(s.slice(2, -2).trim(), /(?<!\\)[|:]/).parts;
    if (such.length === 2 && /^[a-zA-Z](?:\s*\\in\b.*)?$/.test(such[0] ?? "")) {
      const reals =
        !/\\in/.test(such[0] ?? "") || /\\in\s*\\(?:mathbb\s*\{?\s*R\s*\}?|R)$/.test(such[0] ?? "");
      return reals ? { kind: "such", condition: shapeOf(such[1] ?? "") } : null;
    }
    if (inner.length > MOST_ITEMS || such.length > 1) return null;
    return { kind: "set", items: itemsOf(inner) };
  }
  const angle = /^\\langle(?![a-zA-Z])(.*)\\rangle$/.exec(s);
  if (angle?.[1]) {
    return { kind: "tuple", open: "(", close: ")", items: splitTop(angle[1], /,/).parts.map(shapeOf) };
  }
  const [open, close] = [s[0], s.at(-1)];
  if ((open !== "(" && open !== "[") || (close !== ")" && close !== "]") || !wraps(s)) return null;
  const inner = splitTop(s.slice(1, -1), /[,;]/).parts;
  if (inner.length > MOST_ITEMS) return null;
  if (inner.length === 1) return open === "(" && close === ")" ? shapeOf(inner[0] ?? "") : null;
  return { kind: "tuple", open, close, items: inner.map(shapeOf) };
}

/** Something that may be given a value: x, x_1, f(x), \theta, AB, \angle ABC, |AB|, P(A), \text{Area}. */
export function isName(s: string): boolean {
  return /^(?:\\angle\s*|m\s*\\angle\s*|\\overline\s*|\\triangle\s*|\\?det\s*)?\{?(?:[A-Za-z]{1,3}|\\[a-zA-Z]+)\}?(?:_(?:\w|\{[^{}]*\}))?'*(?:\([A-Za-z\d,\s\\]+\))?$/.test(
    s,
  )
    ? true
    : /^\|[A-Z]{1,3}\|$/.test(s) ||
        /^f\s*\^\s*\{\s*-1\s*\}\s*\(x\)$/.test(s) ||
        /^\\text\{[^{}]*\}(?:_(?:\w|\{[^{}]*\}))?$/.test(s) ||
        /^[A-Z]?[a-z]{3,}(?: [a-z]+)*$/.test(s);
}
