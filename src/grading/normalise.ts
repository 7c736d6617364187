/** Ways of writing the same thing made one: the strings that all later layers read. */
import { findBoxes, matchingBrace } from "../problems/boxed.js";
import { plainNumbers, plainSpelling } from "./spelling.js";

const CHARACTERS: Record<string, string> = {
  "−": "-",
  "–": "-",
  "×": "\\times ",
  "⋅": "\\cdot ",
  "·": "\\cdot ",
  "÷": "/",
  π: "\\pi ",
  θ: "\\theta ",
  α: "\\alpha ",
  β: "\\beta ",
  λ: "\\lambda ",
  "∞": "\\infty ",
  "≤": "\\le ",
  "≥": "\\ge ",
  "≠": "\\ne ",
  "±": "\\pm ",
  "∪": "\\cup ",
  "∩": "\\cap ",
  "∈": "\\in ",
  "∅": "\\emptyset ",
  "∨": "\\lor ",
  "∧": "\\land ",
  "≈": "\\approx ",
  "≡": "\\equiv ",
  ℝ: "\\mathbb{R} ",
  "∖": "\\setminus ",
  "’": "'",
  "\u00a0": " ",
  "\u2009": " ",
  "\u202f": " ",
};
/** `\\\\`, the end of a matrix row, as one private character: half of it would pass for the start of a command. */
export const ROW = "\uE001";
const CHARACTER = new RegExp(`[${Object.keys(CHARACTERS).join("")}]`, "gu");
/** Plain-text names of commands, as in "sqrt(2)/2" and "2pi". */
const PLAIN_ROOT = /(?<![\\a-zA-Z])sqrt\s*\(([^()]*)\)/g;
const PLAIN_PI = /(?<![\\a-zA-Z])pi(?![a-zA-Z])/g;
const TEXT_COMMAND =
  /\\(?:text|textbf|textit|textrm|textsf|texttt|textnormal|mathrm|mathbf|mathit|mathsf|mathnormal|boldsymbol|bm|mbox|hbox|operatorname\*?)\s*\{/g;

/**
 * One cleaned line of LaTeX: no math delimiters, sizing, style or spacing commands; `\le \ge \ne \frac \emptyset
 * \text` in one spelling; degrees as `°`, percent as `%`, currency as a leading `$`; thousands joined (not inside
 * brackets) unless `thousands` is false. Meaning is not touched; what looks odd stays.
 */
export function normalise(answer: string, thousands = true): string {
  let s = answer.trim().replace(/\\\\(?:\s*\[[^\]]*\])?/g, ROW);
  s = plainSpelling(unwrapBox(s));
  s = s.replace(CHARACTER, (character) => CHARACTERS[character] ?? character);
  s = s.replace(/√\s*(\d+|\{[^{}]*\}|\([^()]*\))/g, (_, under: string) => `\\sqrt{${bare(under)}}`);
  s = dollars(s);
  s = s
    .replace(
      /\\(?:left|right|bigl|bigr|Bigl|Bigr|biggl|biggr|Biggl|Biggr|big|Big|bigg|Bigg)(?![a-zA-Z])\s*\.?/g,
      "",
    )
    .replace(/\\(?:displaystyle|textstyle|scriptstyle|limits|nolimits)(?![a-zA-Z])/g, "")
    .replace(/\\!/g, "")
    .replace(/\\(?:[,;: ]|thinspace(?![a-zA-Z]))|~/g, " ")
    // Wider than what joins thousands.
    .replace(/\\q?quad(?![a-zA-Z])/g, "  ")
    .replace(/\\[dtc]frac(?![a-zA-Z])/g, "\\frac")
    .replace(/\\leq?(?:slant)?(?![a-zA-Z])/g, "\\le ")
    .replace(/\\geq?(?:slant)?(?![a-zA-Z])/g, "\\ge ")
    .replace(/\\neq?(?![a-zA-Z])/g, "\\ne ")
    .replace(/<=/g, "\\le ")
    .replace(/>=/g, "\\ge ")
    // Right after a name it may be a factorial.
    .replace(/(?<![\w)}\]])!=/g, "\\ne ")
    .replace(/\\lt(?![a-zA-Z])/g, "<")
    .replace(/\\gt(?![a-zA-Z])/g, ">")
    .replace(/\\[lr]vert(?![a-zA-Z])|\\[lr]?mid(?![a-zA-Z])/g, "|")
    .replace(/\\lbrace(?![a-zA-Z])/g, "\\{")
    .replace(/\\rbrace(?![a-zA-Z])/g, "\\}")
    .replace(/\\(?:varnothing|O)(?![a-zA-Z])/g, "\\emptyset ")
    .replace(/\^\s*(?:\{\s*\\circ\s*\}|\\circ(?![a-zA-Z]))|\\degree(?![a-zA-Z])/g, "°")
    .replace(/\\%/g, "%")
    .replace(/\{([^{}]*)\\over(?![a-zA-Z])([^{}]*)\}/g, "\\frac{$1}{$2}")
    .replace(PLAIN_ROOT, "\\sqrt{$1}")
    .replace(PLAIN_PI, "\\pi ");
  s = plainNumbers(texts(s));
  s = s.replace(/(\d)\s*\{,\}\s*(?=\d{3}(?!\d))/g, "$1");
  s = s.replace(/(?<![\d.])\d{1,3}(?: \d{3})+(?![\d/])/g, (number) => number.replace(/ /g, ""));
  if (thousands) s = joinThousands(s);
  s = s.replace(/(?<![\d.^_}])(\d+) +(\d+)\/(\d+)(?![\d/])/g, "$1\\frac{$2}{$3}");
  return trimEnds(s.replace(/\s+/g, " "));
}

/** Without the spaces that mean nothing: what two spellings of one thing have in common. */
export function compact(normalised: string): string {
  return normalised
    .replace(/(\\[a-zA-Z]+) (?![a-zA-Z])/g, "$1")
    .replace(/ ?([^\w\s\\]) ?/g, "$1")
    .trim();
}

/** Does "1,234" stand where a list of 1 and 234 could be meant? */
export function hasThousands(answer: string): boolean {
  return /(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])/.test(answer);
}

/** Reads `\boxed{5}` as 5 when the box is all there is. */
function unwrapBox(s: string): string {
  const plain = s.replace(/^\$+|\$+$/g, "").trim();
  const [box, ...more] = findBoxes(plain).boxes;
  return box && more.length === 0 && box.from === 0 && box.to === plain.length
    ? plain.slice(box.start, box.end).trim()
    : s;
}

/** Math delimiters go; a dollar before a number that is no delimiter stays as currency. */
function dollars(s: string): string {
  let out = s
    .replace(/\\text\s*\{\s*\\\$\s*\}/g, "\\$")
    .replace(/\\[()[\]]/g, (d) => (d === "\\(" ? "" : " "));
  out = out.replace(/\\\$/g, "\uE000");
  const signs = out.match(/\$/g)?.length ?? 0;
  out =
    signs % 2 === 1
      ? out.replace(/^(\s*-?\s*)\$(?=\s*[\d.])/, "$1\uE000").replace(/\$/g, " ")
      : out.replace(/\$/g, " ");
  return out.replace(/\uE000/g, "$");
}

/** Every text command becomes `\text{…}`, or nothing at all around a single letter, a choice or a number. */
function texts(s: string): string {
  let out = "";
  let from = 0;
  TEXT_COMMAND.lastIndex = 0;
  for (let match = TEXT_COMMAND.exec(s); match; match = TEXT_COMMAND.exec(s)) {
    const brace = match.index + match[0].length - 1;
    const close = matchingBrace(s, brace);
    if (close < 0) break;
    const inner = texts(s.slice(brace + 1, close));
    out += s.slice(from, match.index);
    const mathematics = /^\s*(?:[A-Za-z]|\(\s*[A-Z]\s*\)|[-+]?[\d.,/]+|\\frac.*|.*\\text\{.*)\s*$/s.test(
      inner,
    );
    const unitOfOneLetter = /\d\s*$/.test(out) && /^\s*[a-zA-Z]\s*$/.test(inner);
    out += mathematics && !unitOfOneLetter ? inner : `\\text{${inner}}`;
    from = close + 1;
    TEXT_COMMAND.lastIndex = from;
  }
  return out + s.slice(from);
}

/** 12,345 → 12345 outside brackets, where a comma separates. */
function joinThousands(s: string): string {
  let depth = 0;
  let out = "";
  for (let i = 0; i < s.length; i++) {
    const char = s[i] ?? "";
    if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth--;
    if (depth === 0 && /\d/.test(char) && !/[\d.,]/.test(s[i - 1] ?? "")) {
      const number = /^\d{1,3}(?:,\d{3})+(?![\d,])/.exec(s.slice(i, i + 64))?.[0];
      if (number) {
        out += number.replace(/,/g, "");
        i += number.length - 1;
        continue;
      }
    }
    out += char;
  }
  return out;
}

/** Trailing punctuation, and braces or parentheses around everything that group nothing. */
function trimEnds(s: string): string {
  let out = s.trim();
  for (;;) {
    const before = out;
    // "0.333..." goes on; only a full stop ends.
    if (!/\.\.$/.test(out)) out = out.replace(/(?<!\\)[.,;:]+$/, "").trim();
    if (out.endsWith(ROW)) out = out.slice(0, -1).trim();
    if (out.startsWith("{") && matchingBrace(out, 0) === out.length - 1) out = out.slice(1, -1).trim();
    if (out === before) return out;
  }
}

function bare(group: string): string {
  return /^[{(]/.test(group) ? group.slice(1, -1) : group;
}
