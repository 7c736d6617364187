/** What stands behind a value in a sentence: does the value end there, or is it half of something else? */
import { ascends, isNoun, keepsValue } from "./unit-words.js";
import { asNumber, isUnit, unitName, unscaled } from "./units.js";

/** Marks that close what was opened before the value, or set a remark off. */
const MARKS = /^(?:[ \t]*(?:\*\*|__|[()[\]}]|\$\$?|\\[)\]]))+/;
/** An end of the text or sentence, or of a line that nothing is added to on the next. */
const END =
  /^\s*(?:$|[.。](?![\d.])|<[|/]|["”]\s*(?:$|[.,。])|\p{Extended_Pictographic})|^[ \t]*\n(?!\s*(?:and|or)\b|[ \t]*(?:\$|\\[([]))/iu;
const WORD = /^(?:[ \t]*\/)?[ \t]*([A-Za-z][A-Za-z'’-]*(?:\^\{?\d\}?|[²³])?)/;
const REASON = /^(?:because|since|as|so|thus|hence|therefore)$/i;
const VERB = /^(?:is|are|was|were|will|makes?|gives?|has|have|remains?)$/i;
/** Behind a noun they begin what only describes it, unless that counts something more or changes the value. */
const DESCRIBES = /^(?:to|of|in|on|for|at|with|from|among)$/i;
const COUNTS_MORE =
  /^[^.\n]*?(?:\b(?:and|or|to)\s+(?:\*\*|\$|\\|\d)|\b(?:base|mod|modulo|left|right|below|above|zero|less|fewer|not|never)\b)/i;
const AFTER_COMMA =
  /^\s*[,;]\s*(?:and\s+)?(?:because|since|as|so|thus|hence|therefore|where|(which|making|giving))\b/i;
const TAKEN_BACK =
  /^[^.\n]*?(?:\b(?:not|never|no|neither|nor|cannot|wrong|incorrect|impossible|invalid|extraneous|but|except|unless|if|or|less|more|greater|smaller|fewer|too|instead|than|times)\b|n['’]t\b)/i;

/**
 * How many characters of `after` belong to `value` as well ("million", "cm"); null where the value may go on in a way
 * that cannot be told, as in "3, 4 and 5", "3 < x" and "3 less than 10".
 */
export function valueEnd(value: string, after: string): number | null {
  let at = 0;
  let marked = false;
  const words: { word: string; end: number }[] = [];
  const ended = () => belonging(value, words);
  for (;;) {
    const marks = MARKS.exec(after.slice(at));
    if (marks) {
      at += marks[0].length;
      marked = true;
    }
    const rest = after.slice(at);
    if (END.test(rest) || (words.length > 0 && /^!(?!\S)/.test(rest))) return ended();
    const comma = AFTER_COMMA.exec(rest);
    if (comma) return comma[1] && TAKEN_BACK.test(rest) ? null : ended();
    const found = WORD.exec(rest);
    const word = found?.[1];
    if (!found || !word) return null;
    if (REASON.test(word)) return ended();
    if (VERB.test(word)) return TAKEN_BACK.test(rest) ? null : ended();
    if (words.length > 0 && DESCRIBES.test(word) && !COUNTS_MORE.test(rest)) return ended();
    at += found[0].length;
    words.push({ word: found[0].replace("²", "^2").replace("³", "^3"), end: marked ? 0 : at });
  }
}

/** May stand right behind a number. */
const ADDS_NOTHING = /^(?:of|in|on|for|at|each|total|altogether|only|long|high|left)$/i;

/** `end` 0: behind a mark, so not in one piece with the value. */
function belonging(value: string, words: readonly { word: string; end: number }[]): number | null {
  const [first] = words;
  if (!first) return 0;
  const name = (some: typeof words) => unitName(some.map(({ word }) => word).join(" "));
  const near = words.filter(({ end }) => end > 0);
  const whole = near.length === words.length ? (near.at(-1)?.end ?? 0) : null;
  if (/^(?:per ?cent|percentage)$/.test(name(words))) return whole;
  if (!ADDS_NOTHING.test(first.word.trim()) && !words.some(isThing)) return null;
  const { rest } = unscaled(name(words));
  if (asNumber(name([first])) !== null) return rest === null || keepsValue(rest) ? whole : null;
  const sign = /^-?([$€£])/.exec(value)?.[1] ?? "";
  if (!keepsValue(unitName(`${sign} ${name(words)}`))) return null;
  if (sign !== "" && first.word.trim() === "per") return whole;
  // "5 cm long" is 5 cm.
  return near.findLast((_, i) => isUnit(name(near.slice(0, i + 1))))?.end ?? 0;
}

/** A unit, or a word of prose; "ab" and "pqr" may be products. */
function isThing({ word }: { word: string }): boolean {
  const plain = word.trim().toLowerCase();
  if (isNoun(plain) || isUnit(unitName(plain))) return true;
  return /^(?=.*[aeiou])[a-z]{3,}$/.test(plain) && !ascends(plain);
}
