/** Numbers and formulas with what they are counted in: `5\text{ cm}^2`, "72 clips", "$18", "50%", "22° 30'", "5 ft 6 in". */
import { parseDecimal } from "./rational.js";
import type { Shape } from "./shape.js";
import { isNoun, isUnitSymbol, keepsValue } from "./unit-words.js";
import { conversion, isUnit, unitName } from "./units.js";

export type Quantity = Extract<Shape, { kind: "expression" }> & {
  /** All of it, where the letters of the unit may as well be variables. */
  product?: string;
};

/** In `\\sin 30°` the degrees belong to the sine's argument. */
const FUNCTION = /\\(?:sin|cos|tan|cot|sec|csc)(?![a-zA-Z])/;
const SCALE_WORDS = /^(?:(?:hundred|thousand|million|billion|trillion)s?(?:\s+|$))+/;
/** What may stand right behind an amount of money, and what says no more than its sign. */
const MONEY_WORDS =
  /^(.*?[\d)}])(\s*\/\s*[a-z][a-z /]*|\s+[a-z(][a-z /()'-]*|(?:hundred|thousand|[mbtr]+illion|dollars?|per)\b[a-z /]*)?$/i;
const SAYS_NO_MORE = /\b(?:dollars?|euros?|pounds?|usd|total|altogether|in (?:total|all))\b/g;

/** Splits a unit off; `unit` null where there is none. */
export function quantity(s: string): Quantity {
  const expression = (tex: string, unit: string | null): Quantity => ({
    kind: "expression",
    tex: tex.trim(),
    unit,
  });
  const money = /^(-?)\s*([$€£])\s*(.*)$/.exec(s);
  if (money) return priced(`${money[1]}${money[3]}`, money[2] ?? "$");
  const angle = /^(-?\d+)\s*°\s*(\d+)\s*'(?:\s*(\d+)\s*'')?$/.exec(s);
  if (angle) {
    const [, degrees = "", minutes = "", seconds = "0"] = angle;
    const sign = degrees.startsWith("-") ? "-" : "+";
    return expression(`${degrees}${sign}\\frac{${minutes}}{60}${sign}\\frac{${seconds}}{3600}`, "°");
  }
  const warmth = /^(.+?)\s*°\s*(?:\\text\{)?\s*([CF])\s*\}?$/.exec(s);
  if (warmth?.[1] && warmth[2]) return expression(warmth[1], `°${warmth[2].toLowerCase()}`);
  const mark = /^([^%°¢]+?)\s*([%°¢])$/.exec(s);
  if (mark?.[1] && !FUNCTION.test(mark[1]))
    return expression(mark[1], mark[2] === "¢" ? "cent" : (mark[2] ?? null));
  const text = /^(.+?)\s*((?:\\text\{[^{}]*\}(?:\s*\^\s*\{?\s*-?\d\s*\}?)?\s*)+)$/.exec(s);
  if (text?.[1] && text[2] && !text[1].includes("\\text") && /[a-zA-Z]/.test(text[2])) {
    return inWords(text[1], text[2]);
  }
  const plain =
    /^(.*[\d)}%°]\s*|.*\\pi\s+)(?<!\\[a-zA-Z]*)([a-zA-Z]{2,}(?:[ /]+[a-zA-Z]+)*(?:\^\{?\d\}?)?)$/.exec(s) ??
    /^((?:-?[\d.]+|-?\\frac\{\d+\}\{\d+\})\s+)([msghlL])$/.exec(s);
  const spelled = plain?.[1] && plain[2] ? unspelled(plain[1], plain[2]) : null;
  if (spelled) return spelled;
  return expression(
    s.replace(/^infinity$/i, "\\infty").replace(/^\\text\{\s*infinity\s*\}$/i, "\\infty"),
    null,
  );
}

/**
 * "5 ft 6 in", "1 hour and 30 minutes": parts in ever smaller units of one kind, as one quantity in the first; null for
 * anything else.
 */
export function compound(s: string): Quantity | null {
  if (!/\d[^\d]+\d/.test(s) || s.length > 120) return null;
  const plain = s
    .replace(/\\text\{([^{}]*)\}/g, " $1 ")
    .replace(/\s+/g, " ")
    .trim();
  if (!/^(?:\d+(?:\.\d+)? ?[a-z]+\.?(?:,? (?:and )?|$))+$/i.test(plain)) return null;
  const parts = [...plain.matchAll(/(\d+(?:\.\d+)?) ?([a-z]+)/gi)].map(([, value = "", name = ""]) => ({
    value,
    unit: unitName(name),
  }));
  const [first] = parts;
  if (!first || parts.length < 2 || parts.length > 4) return null;
  let smaller: number | null = 1;
  const terms = parts.map(({ value, unit }, i) => {
    const factor = isUnit(unit) ? conversion(unit, first.unit) : null;
    const amount = parseDecimal(value);
    if (factor === null || factor === "different" || !amount) return null;
    const size = Number(factor.n) / Number(factor.d);
    smaller = smaller !== null && (i === 0 || size < smaller) ? size : null;
    return smaller === null ? null : `${value}\\cdot\\frac{${factor.n}}{${factor.d}}`;
  });
  if (terms.some((term) => term === null)) return null;
  return { kind: "expression", tex: terms.join("+"), unit: first.unit };
}

/** "million dollars", "per hour", "/day", "profit": the words stay with the sign, for they may turn it round. */
function priced(rest: string, sign: string): Quantity {
  const plain = rest.replace(/\\text\{([^{}]*)\}/g, " $1 ").trim();
  const [, amount = plain, behind = ""] = MONEY_WORDS.exec(plain) ?? [];
  const words = behind.replace(/[()]/g, " ").trim().toLowerCase();
  const scale = SCALE_WORDS.exec(words)?.[0] ?? "";
  const others = words.slice(scale.length).replace(SAYS_NO_MORE, " ");
  return { kind: "expression", tex: amount.trim(), unit: unitName(`${scale} ${sign} ${others}`) };
}

/**
 * A percent sign or a degree sign before the words is theirs: "50% off" is no 50%. Letters that are no unit's may
 * be variables, as in `3+2\mathrm{i}`.
 */
function inWords(before: string, words: string): Quantity {
  const [, amount = before, mark = ""] = /^(.*?)\s*([%°])\s*$/.exec(before) ?? [];
  const quantity = { kind: "expression", tex: amount.trim(), unit: asUnit(`${mark} ${words}`) } as const;
  const letters = /^\\text\{(\s*[a-zA-Z]|[a-zA-Z]{2,3})\s*\}(.*)$/.exec(words);
  const name = unitName(letters?.[1] ?? "");
  return letters && !isUnitSymbol(name) && !isNoun(name)
    ? { ...quantity, product: `${before}${letters[1]}${letters[2]}` }
    : quantity;
}

function asUnit(text: string): string {
  const name = unitName(text);
  if (/^per ?cent$|^\/cent$|^percentage$/.test(name)) return "%";
  return name;
}

/**
 * Words without `\text` behind a number: "72 clips" has a unit, "3xy" and "2ab" have variables, "3 abc" may have
 * either. Null: variables.
 */
function unspelled(before: string, words: string): Quantity | null {
  const quantity = inWords(before, words);
  const names = words.split(/[ /]+/);
  if (/^(?:cm|mm|km|kg|mg|ml|ft|mph|min|hr|sec|cents?)$/.test(words)) return quantity;
  if (!/\s$/.test(before)) return words.length >= 5 && names.some(isNoun) ? quantity : null;
  const known = isUnitSymbol(quantity.unit ?? "");
  if (known ? words.length >= 3 : names.some(isNoun) || !keepsValue(quantity.unit ?? "")) return quantity;
  return known || words.length >= 3 ? { ...quantity, product: `${before}${words}` } : null;
}
