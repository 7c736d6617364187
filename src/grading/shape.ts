/** What kind of thing an answer is: read from its cleaned text, before anything is computed. */
import { compact, normalise, ROW } from "./normalise.js";
import { splitTop, wraps } from "./split.js";
import { unitName } from "./units.js";

export type RelationSign = "=" | "<" | ">" | "\\le" | "\\ge" | "\\ne" | "\\in";

export type Shape =
  | { kind: "nothing" }
  /** Numbers and formulas. `unit`: a name from `unitName`, "%", "°" or "$". */
  | { kind: "expression"; tex: string; unit: string | null }
  | { kind: "text"; words: string }
  /** A letter of a multiple choice, with what stood behind it. */
  | { kind: "choice"; letter: string; rest: string }
  /** Items separated by commas or words, without brackets: in no order. */
  | { kind: "list"; items: Shape[] }
  | { kind: "set"; items: Shape[] }
  | { kind: "tuple"; open: "(" | "["; close: ")" | "]"; items: Shape[] }
  | { kind: "union"; parts: Shape[] }
  | { kind: "matrix"; bars: boolean; rows: string[][] }
  /** sides[0] signs[0] sides[1] signs[1] … */
  | { kind: "relation"; sides: string[]; signs: RelationSign[] }
  /** A number in another base, a time of day or a ratio: compared as written, or not at all. */
  | { kind: "written"; text: string; of: "base" | "colon"; digits?: string; base?: string };

const RELATION = /=|<|>|\\le(?![a-zA-Z])|\\ge(?![a-zA-Z])|\\ne(?![a-zA-Z])|\\in(?![a-zA-Z])/;
const SEPARATOR =
  /[,;]|\\text\{\s*,?\s*(?:and|or)\s*\}|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z])|\\(?:lor|land|vee|wedge)(?![a-zA-Z])/;
const EMPTY = /^(?:\\emptyset|\\\{\s*\\\})$/;
const MATRIX = /^\\begin\{([pbvBV]?matrix|smallmatrix|array)\}(?:\{[lcr|]*\})?([\s\S]*)\\end\{\1\}$/;
/** In `\\sin 30°` the degrees belong to the sine's argument. */
const FUNCTION = /\\(?:sin|cos|tan|cot|sec|csc)(?![a-zA-Z])/;
const UNKNOWN_TEXT = /^(?:\?+|\.{2,}|\\[lc]?dots|_+|answer|unknown|n\/a)$/i;
const MOST_ITEMS = 40;

/** Reads an answer as it came out of a text or a data set. */
export function readShape(answer: string, thousands = true): Shape {
  return shapeOf(normalise(answer, thousands));
}

function shapeOf(s: string): Shape {
  if (s === "" || UNKNOWN_TEXT.test(s)) return { kind: "nothing" };
  if (EMPTY.test(s) || isNoSolution(s)) return { kind: "set", items: [] };
  const plusMinus = expandPlusMinus(s);
  if (plusMinus) return plusMinus;
  const choice = asChoice(s);
  if (choice) return choice;
  const words = asWords(s);
  if (words !== null) return { kind: "text", words };

  const list = splitTop(s, SEPARATOR).parts.filter((part) => part !== "");
  if (list.length > 1 && list.length <= MOST_ITEMS) return listOf(list);
  const union = splitTop(s, /\\cup(?![a-zA-Z])/).parts;
  if (union.length > 1) return { kind: "union", parts: union.map(shapeOf) };
  const { parts: sides, separators: signs } = splitTop(s, RELATION);
  if (signs.length > 0) return relation(sides, signs as RelationSign[]);

  const matrix = MATRIX.exec(s);
  if (matrix) return { kind: "matrix", bars: /^[vV]/.test(matrix[1] ?? ""), rows: rowsOf(matrix[2] ?? "") };
  const bracketed = asBracketed(s);
  if (bracketed) return bracketed;
  const base = /^([\dA-F]+)\s*_\s*(?:\{\s*(?:\\text\{)?(\w+)\}?\s*\}|(\d+))$/.exec(s);
  if (base?.[1] && /\d/.test(base[1])) {
    return { kind: "written", text: compact(s), of: "base", digits: base[1], base: base[2] ?? base[3] ?? "" };
  }
  if (/\d\s*:\s*\d/.test(s)) return { kind: "written", text: compact(s), of: "colon" };
  return quantity(s);
}

/** `1 \pm \sqrt2` is two answers; with more than one sign who knows how they go together. */
function expandPlusMinus(s: string): Shape | null {
  const signs = s.match(/\\pm(?![a-zA-Z])/g)?.length ?? 0;
  if (signs !== 1 || /\\mp(?![a-zA-Z])/.test(s)) return null;
  if (splitTop(s, SEPARATOR).parts.length > 1) return null;
  const { parts, separators } = splitTop(s, /=/);
  if (separators.length > 1) return null;
  const right = parts.at(-1) ?? "";
  if (separators.length === 1 && !isName(parts[0] ?? "")) return null;
  const items = ["+", "-"].map((sign) => shapeOf(right.replace(/\\pm(?![a-zA-Z])/, sign)));
  return { kind: "list", items };
}

function asChoice(s: string): Shape | null {
  const only = /^\(?\s*([A-J])\s*\)?$/.exec(s);
  if (only?.[1]) return { kind: "choice", letter: only[1], rest: "" };
  // Something must stand between the letter and the rest: (B)C could be a product.
  const more = /^(?:\(\s*([A-J])\s*\)|([A-J])\))(?:\s*[:.]\s*|\s+)(\S.*)$/.exec(s);
  const [letter, rest] = [more?.[1] ?? more?.[2], more?.[3]];
  if (letter && rest && !/^[-+*/^_=<>,]/.test(rest)) return { kind: "choice", letter, rest };
  return null;
}

/** Lower-case words when the whole answer is words; null when there is mathematics in it. */
function asWords(s: string): string | null {
  const plain = s.replace(/\\text\{([^{}]*)\}/g, " $1 ").trim();
  if (!/^[A-Za-z][A-Za-z'\- ]*[A-Za-z]$/.test(plain)) return null;
  const words = plain
    .toLowerCase()
    .replace(/[\s-]+/g, " ")
    .trim();
  // Two letters are a product (ab) or a segment's name, unless they were written as text or are a word.
  const word = s.includes("\\text{") || words.length >= 3 || /^(?:no|up|an|a)$/.test(words);
  if (!word) return null;
  if (/^(?:plus )?infinity$/.test(words)) return null;
  return words.replace(/^(?:the|a|an) (?=.)/, "");
}

function isNoSolution(s: string): boolean {
  const words = asWords(s);
  return words !== null && /^(?:no (?:real )?(?:solutions?|roots?)|empty set|none)$/.test(words);
}

function listOf(parts: string[]): Shape {
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
    return { kind: "list", items: [named.parts[1] ?? "", ...rest].map(shapeOf) };
  }
  return { kind: "list", items: parts.map(shapeOf) };
}

function relation(sides: string[], signs: RelationSign[]): Shape {
  const [left = "", right = ""] = sides;
  // "x \in [0,1]" says no more than "[0,1]".
  if (signs.length === 1 && signs[0] === "\\in" && isName(left)) return shapeOf(right);
  return { kind: "relation", sides, signs };
}

function rowsOf(body: string): string[][] {
  return body
    .split(ROW)
    .map((row) => row.trim())
    .filter((row) => row !== "" && row !== "\\hline")
    .map((row) => splitTop(row, /&/).parts);
}

function asBracketed(s: string): Shape | null {
  if (s.startsWith("\\{") && s.endsWith("\\}") && wraps(s)) {
    const inner = splitTop(s.slice(2, -2).trim(), SEPARATOR).parts;
    if (inner.length > MOST_ITEMS || /(?<!\\)\||:/.test(s)) return null;
    return { kind: "set", items: inner.map(shapeOf) };
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

/** Splits a unit off: `5\text{ cm}^2`, "72 clips", "$18", "50%", "90°". */
function quantity(s: string): Shape {
  const expression = (tex: string, unit: string | null): Shape => ({
    kind: "expression",
    tex: tex.trim(),
    unit,
  });
  const money = /^(-?)\s*\$\s*(.*)$/.exec(s);
  if (money)
    return expression(`${money[1]}${money[2]?.replace(/\s*\\text\{[^{}]*\}$|\s+dollars?$/, "")}`, "$");
  const mark = /^([^%°]+?)\s*([%°])$/.exec(s);
  if (mark?.[1] && !FUNCTION.test(mark[1])) return expression(mark[1], mark[2] ?? null);
  // "2 or more" is not a 2 with a unit.
  if (/\d\s*(?:\\text\{\s*)?(?:or|and|to|more|less|fewer|plus|minus|times|if|when|not)\b/.test(s)) {
    return expression(s, null);
  }
  const text = /^(.+?)\s*\\text\{\s*([^{}]*?)\s*\}\s*((?:\^\s*\{?\s*\d\s*\}?)?)$/.exec(s);
  if (text?.[1] && text[2] && !text[1].includes("\\text"))
    return expression(text[1], asUnit(`${text[2]}${text[3]}`));
  const plain = /^(.*[\d)}]\s*)(?<!\\[a-zA-Z]*)((?:[a-zA-Z]{2,})(?:[ /]+[a-zA-Z]+)*(?:\^\d)?)$/.exec(s);
  if (plain?.[1] && plain[2] && isUnitLike(plain[1], plain[2])) {
    return expression(plain[1], asUnit(plain[2]));
  }
  return expression(
    s.replace(/^infinity$/i, "\\infty").replace(/^\\text\{\s*infinity\s*\}$/i, "\\infty"),
    null,
  );
}

function asUnit(text: string): string {
  const name = unitName(text);
  if (/^per ?cent$|^percentage$/.test(name)) return "%";
  return name;
}

/** "72 clips" has a unit; "3xy" and "2ab" have variables: words need a space before them, or a well-known name. */
function isUnitLike(before: string, word: string): boolean {
  const spaced = /\s$/.test(before);
  return (
    (spaced && word.length >= 3) ||
    word.length >= 5 ||
    /^(?:cm|mm|km|kg|mg|ml|ft|mph|min|hr|sec|cents?)$/.test(word)
  );
}

/** Something that may be given a value: x, x_1, f(x), \theta, AB, \angle ABC, |AB|, P(A), \text{Area}. */
export function isName(s: string): boolean {
  return /^(?:\\angle\s*|m\s*\\angle\s*|\\overline\s*|\||\\triangle\s*|\\?det\s*)?\{?(?:[A-Za-z]{1,3}|\\[a-zA-Z]+)\}?(?:_(?:\w|\{[^{}]*\}))?'*(?:\([A-Za-z\d,\s\\]+\))?\|?$/.test(
    s,
  )
    ? true
    : /^\\text\{[^{}]*\}(?:_(?:\w|\{[^{}]*\}))?$/.test(s) || /^[A-Z]?[a-z]{3,}(?: [a-z]+)*$/.test(s);
}
