/** Odd ways of writing numbers and commands, made plain before anything else is read. */
import { matchingBrace } from "../problems/boxed.js";

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const FRACTIONS: Record<string, string> = {
  "½": "1/2",
  "⅓": "1/3",
  "⅔": "2/3",
  "¼": "1/4",
  "¾": "3/4",
  "⅕": "1/5",
  "⅖": "2/5",
  "⅗": "3/5",
  "⅘": "4/5",
  "⅙": "1/6",
  "⅚": "5/6",
  "⅛": "1/8",
  "⅜": "3/8",
  "⅝": "5/8",
  "⅞": "7/8",
};
const FRACTION = new RegExp(`[${Object.keys(FRACTIONS).join("")}]`, "g");
const FUNCTIONS =
  /\\(?:operatorname\*?|mathrm|text)\s*\{\s*(sin|cos|tan|cot|sec|csc|ln|log|exp|gcd|lcm|max|min|arcsin|arccos|arctan|sinh|cosh|tanh|det)\s*\}/g;

const ENTITIES: Record<string, string> = {
  pi: "\\pi ",
  theta: "\\theta ",
  le: "\\le ",
  ge: "\\ge ",
  ne: "\\ne ",
  lt: "<",
  gt: ">",
  times: "\\times ",
  middot: "\\cdot ",
  minus: "-",
  plusmn: "\\pm ",
  infin: "\\infty ",
  deg: "°",
  nbsp: " ",
  radic: "√",
};
const ENTITY = new RegExp(`&(${Object.keys(ENTITIES).join("|")});`, "g");

/** Characters and commands that stand for others. */
export function plainSpelling(s: string): string {
  return plainCommands(plainCharacters(plainPage(s))).replace(CHOSEN, chosen);
}

/** What a page shows as π. */
function plainPage(s: string): string {
  return s.includes("&") ? s.replace(ENTITY, (_, name: string) => ENTITIES[name] ?? "") : s;
}

function plainCharacters(s: string): string {
  if (!/[^\x20-\x7e]/.test(s)) return s;
  return s
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(FRACTION, (sign) => {
      const [top, bottom] = (FRACTIONS[sign] ?? "").split("/");
      return `\\frac{${top}}{${bottom}}`;
    })
    .replace(/⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (raised) => `^{${digits(raised.replace("⁻", "-"), SUPERSCRIPTS)}}`)
    .replace(/[₀₁₂₃₄₅₆₇₈₉]+/g, (lowered) => `_{${digits(lowered, SUBSCRIPTS)}}`);
}

function digits(text: string, alphabet: string): string {
  return [...text].map((char) => (alphabet.includes(char) ? alphabet.indexOf(char) : char)).join("");
}

function plainCommands(s: string): string {
  if (!s.includes("\\")) return s;
  return colours(environment(s))
    .replace(/\\(?:nicefrac|sfrac)(?![a-zA-Z])/g, "\\frac")
    .replace(/\\[dt]binom(?![a-zA-Z])/g, "\\binom")
    .replace(/\{\s*([^{}]+?)\s*\\choose(?![a-zA-Z])\s*([^{}]+?)\s*\}/g, "\\binom{$1}{$2}")
    .replace(/\\ast(?![a-zA-Z])/g, "\\cdot ")
    .replace(/\\lg(?![a-zA-Z])/g, "\\log_{10}")
    .replace(/\\(?:tag|label)\s*\*?\{[^{}]*\}/g, "")
    .replace(/\\(?:ensuremath|num|mathop)\s*\{([^{}]*)\}/g, "$1")
    .replace(/\\SI\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, (_, value: string, unit: string) => {
      return `${value}\\text{ ${unit.replace(/\\/g, " ").trim()}}`;
    })
    .replace(FUNCTIONS, "\\$1 ");
}

/** {}_8P_3 and ^8C_3: arrangements and choices; of more than there are, none of either. */
const CHOSEN = /(^|[=+\-*/(,]\s*|\{\}\s*)[_^]\s*\{?(\d{1,3})\}?\s*([PC])\s*_\s*\{?(\d{1,3})\}?/g;

function chosen(_: string, before: string, n: string, kind: string, k: string): string {
  const value =
    kind === "C" || Number(k) > Number(n)
      ? `\\binom{${n}}{${k}}`
      : `(\\frac{${n}!}{${Number(n) - Number(k)}!})`;
  return `${before.replace("{}", "")}${value}`;
}

/** `\begin{align*}5\end{align*}` with nothing to align. */
function environment(s: string): string {
  const match = /^\s*\\begin\{(align\*?|aligned|equation\*?|gather\*?)\}([\s\S]*)\\end\{\1\}\s*$/.exec(s);
  return match?.[2] !== undefined && !/&|\\\\|\uE001/.test(match[2]) ? match[2] : s;
}

/** `\textcolor{blue}{5}`, `\color{red}{5}` and `\color{red} 5`. */
function colours(s: string): string {
  let out = s;
  for (let i = 0; i < 8; i++) {
    const match = /\\(?:textcolor|color)\s*\{[^{}]*\}\s*/.exec(out);
    if (!match) return out;
    const brace = match.index + match[0].length;
    const close = out[brace] === "{" ? matchingBrace(out, brace) : -1;
    out =
      close < 0
        ? out.slice(0, match.index) + out.slice(brace)
        : out.slice(0, match.index) + out.slice(brace + 1, close) + out.slice(close + 1);
  }
  return out;
}

/** Numbers that are written in other ways than as digits with a point. */
export function plainNumbers(s: string): string {
  if (!/\d/.test(s)) return s;
  return (
    s
      // 0.1\overline{6}, 0.\dot{3}, and 0.(3) where nothing but the period follows the point
      .replace(
        /(?<![\d.])(\d*)\.(\d*)\s*\\(?:overline|bar|dot)\s*\{?(\d+)\}?(?![\d}])/g,
        (_, whole: string, before: string, period: string) => repeating(whole, before, period),
      )
      .replace(/(?<![\d.])(\d+)\.\((\d+)\)(?![\d(])/g, (_, whole: string, period: string) =>
        repeating(whole, "", period),
      )
      // 1.5e3 and 2E-4; 1e5 may be a product, and 2e-1 a difference
      .replace(/(?<![\w.])(\d+\.\d+[eE][-+]?\d{1,3}|\d+E[-+]?\d{1,3})(?![\w.])/g, (number) => {
        const [mantissa, exponent] = number.split(/[eE]/);
        return `${mantissa}\\cdot 10^{${Number(exponent)}}`;
      })
      .replace(/(\d)\s*[xX]\s*(10\s*\^)/g, "$1\\cdot $2")
      // 1.234.567, 1.234,56 and 1'000'000
      .replace(/(?<![\d.,])\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?(?![\d.,])/g, european)
      .replace(/(?<![\d.,])\d{1,3}\.\d{3},\d{1,2}(?![\d.,])/g, european)
      .replace(/(?<![\d.,'])\d{1,3}(?:'\d{3})+(?![\d'])/g, (number) => number.replace(/'/g, ""))
      .replace(/\+\s*\/\s*-(?=\s*[\d\\(])/g, "\\pm ")
  );
}

/** `2e-1` as 2 · 10^{-1}, which people write as well as 2 e - 1; next to another e it is Euler's number. */
export function inPowersOfTen(s: string): string {
  const number = /(?<![\w.])(\d+)e([-+])(\d{1,3})(?!\w|\.\d)/g;
  if (/(?<![\\a-zA-Z])e(?![a-zA-Z])/.test(s.replace(number, ""))) return s;
  return s.replace(number, (_, mantissa: string, sign: string, exponent: string) => {
    return `${mantissa}\\cdot 10^{${Number(sign + exponent)}}`;
  });
}

function european(number: string): string {
  return number.replace(/\./g, "").replace(",", ".");
}

/** whole.before(period) as one fraction; anything too long stays as it is. */
function repeating(whole: string, before: string, period: string): string {
  if (whole.length + before.length + period.length > 60) return `${whole}.${before}\\overline{${period}}`;
  const all = BigInt(`0${whole}${before}${period}`) - BigInt(`0${whole}${before}`);
  return `\\frac{${all}}{${"9".repeat(period.length)}${"0".repeat(before.length)}}`;
}
