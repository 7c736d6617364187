import { OPERATORS, SUBSCRIPTS, SUPERSCRIPTS, SYMBOLS } from "./latex-symbols.js";

/**
 * Reading mathematics where only plain text can be shown: trees, tab titles, quick picks, a terminal. What comes
 * in is hostile (model output, problem files): control characters and text-direction overrides are taken out,
 * work is bounded, and nothing ever throws. It is for reading, never for grading.
 */

const MAX_INPUT = 4000;
const MAX_DEPTH = 16;

// C0 and C1 controls, direction marks, overrides and isolates, zero-width and interlinear characters, tags, and
// unpaired surrogates: each can make a label lie about what it shows.
const HARMFUL =
  /[\p{Cc}\p{Cs}\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2028\u2029\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0000}-\u{E007F}]/gu;

// What a terminal would read as colours, titles or movements: whole, so that no "[31m" is left of it.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const TERMINAL = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;

/** Takes out what could deceive or break a label; line ends and tabs become spaces. */
export function harmless(text: string): string {
  return text
    .slice(0, MAX_INPUT)
    .replace(TERMINAL, "")
    .replace(/[\t\r\n\v\f]+/g, " ")
    .replace(HARMFUL, "");
}

/** As `harmless`, and no link where `[words](address)` is made one, as in VS Code's notifications. */
export function unlinked(text: string): string {
  return harmless(text).replaceAll("](", "] (");
}

/** At most `length` characters (code points), with an ellipsis where something was cut. */
export function shorten(text: string, length: number): string {
  const points = [...text];
  return points.length <= length
    ? text
    : `${points
        .slice(0, length - 1)
        .join("")
        .trimEnd()}…`;
}

/** Text with mathematics in `$…$`, `$$…$$`, `\(…\)`, `\[…\]` or bare `\boxed{}`, as one readable line. */
export function latexToText(source: string): string {
  const text = harmless(source);
  let out = "";
  let rest = 0;
  // A closing dollar follows no space and no digit follows it: "$5 and $6" is money.
  const spans = /\$\$(.+?)\$\$|\\\[(.+?)\\\]|\\\((.+?)\\\)|(?<!\\)\$(?!\s)([^$]*?[^\s\\$])\$(?!\d)/g;
  for (const match of text.matchAll(spans)) {
    out += plain(text.slice(rest, match.index));
    out += mathToText(match[1] ?? match[2] ?? match[3] ?? match[4] ?? "");
    rest = match.index + match[0].length;
  }
  return tidy(out + plain(text.slice(rest)));
}

/** A formula without delimiters, e.g. an answer: `\frac{3}{4}` becomes `3/4`. */
export function mathToText(tex: string): string {
  return tidy(new Reader(harmless(tex)).run());
}

/** What a tree shows for a problem: its formula where the words around it only say "solve this". */
export function problemTitle(problem: string, length = 80): string {
  const text = latexToText(problem);
  const formula = /^(?:solve|find|compute|evaluate|simplify|calculate)\b[^:]{0,40}:\s*(\S.*)$/i.exec(
    text,
  )?.[1];
  return shorten(formula ?? text, length) || "(empty problem)";
}

/** What a tree shows for an answer: `x = 7` where the problem asks for x, else the answer alone. */
export function answerTitle(answer: string, problem: string, length = 60): string {
  const text = mathToText(answer);
  const unknown = /^\s*(?:solve|find)\b[^$]{0,30}\$([a-zA-Z])\$/i.exec(problem.slice(0, MAX_INPUT))?.[1];
  return shorten(unknown && /^[−\d./()√ ]+$/.test(text) ? `${unknown} = ${text}` : text, length);
}

function plain(text: string): string {
  return /\\[a-zA-Z]/.test(text) ? new Reader(text, true).run() : text.replace(/\\([$%&#_{}])/g, "$1");
}

function tidy(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Recursive descent over one formula. `prose` keeps spaces and leaves bare operators as they are. */
class Reader {
  private at = 0;

  constructor(
    private readonly tex: string,
    private readonly prose = false,
  ) {}

  run(): string {
    let out = "";
    while (this.at < this.tex.length) {
      out += this.sequence(0, "");
      // A closing brace that nothing opened.
      this.at += 1;
    }
    return out;
  }

  /** Everything up to `end` (not consumed) or the end of the text. */
  private sequence(depth: number, end: string): string {
    let out = "";
    while (this.at < this.tex.length) {
      const char = this.tex.charAt(this.at);
      if (char === "}" || (end && char === end)) break;
      out = join(out, this.piece(depth));
    }
    return out;
  }

  private piece(depth: number): string {
    const char = this.tex.charAt(this.at);
    this.at += 1;
    if (char === "\\") return this.command(depth);
    if (char === "{") return this.group(depth);
    if (char === "^" || char === "_") return this.script(char, depth);
    if (char === "~" || char === "&") return " ";
    if (this.prose) return char;
    if (char === " ") return "";
    return OPERATORS.get(char) ?? char;
  }

  /** The inside of a group whose brace has been read, and its closing brace. */
  private group(depth: number): string {
    if (depth >= MAX_DEPTH) return "";
    const inside = this.sequence(depth + 1, "");
    if (this.tex.charAt(this.at) === "}") this.at += 1;
    return inside;
  }

  /** One argument: a group, a command or a character. */
  private argument(depth: number): string {
    while (this.tex.charAt(this.at) === " ") this.at += 1;
    if (depth >= MAX_DEPTH || this.at >= this.tex.length) return "";
    return this.piece(depth + 1).trim();
  }

  private script(kind: "^" | "_", depth: number): string {
    const body = this.argument(depth);
    if (body === "°") return body;
    const table = kind === "^" ? SUPERSCRIPTS : SUBSCRIPTS;
    const compact = body.replaceAll(" ", "");
    const small = [...compact].map((char) => table.get(char));
    if (small.length > 0 && small.every((char) => char !== undefined)) return small.join("");
    return `${kind}${wrap(body)}`;
  }

  private command(depth: number): string {
    const name = /^(?:[a-zA-Z]+\*?|[^a-zA-Z])/.exec(this.tex.slice(this.at))?.[0] ?? "";
    this.at += name.length;
    if (/^[a-zA-Z]/.test(name)) while (this.tex.charAt(this.at) === " ") this.at += 1;
    switch (name) {
      case "frac":
      case "dfrac":
      case "tfrac":
      case "cfrac":
        return `${wrap(this.argument(depth))}/${wrap(this.argument(depth))}`;
      case "binom":
        return `C(${this.argument(depth)}, ${this.argument(depth)})`;
      case "sqrt": {
        const root = this.tex.charAt(this.at) === "[" ? this.option(depth) : "";
        const sign = root === "" || root === "2" ? "√" : root === "3" ? "∛" : `${root}√`;
        return sign + wrap(this.argument(depth));
      }
      case "begin":
      case "end":
        this.argument(depth);
        return " ";
      case "text":
      case "textbf":
      case "textit":
      case "mbox":
        return this.words();
      default:
        return SYMBOLS.get(name) ?? (/^[a-zA-Z]/.test(name) ? `${name.replace("*", "")} ` : name);
    }
  }

  private option(depth: number): string {
    this.at += 1;
    const inside = this.sequence(depth + 1, "]");
    if (this.tex.charAt(this.at) === "]") this.at += 1;
    return inside.trim();
  }

  /** `\text{…}`: words, whose spaces and hyphens stay. */
  private words(): string {
    const body = /^\{([^{}]*)\}/.exec(this.tex.slice(this.at));
    if (!body) return "";
    this.at += body[0].length;
    return body[1] ?? "";
  }
}

/** A sign after nothing, an opening bracket or another operator belongs to its number: `3(−4)`, `x = −2`. */
function join(before: string, next: string): string {
  if ((next === " − " || next === " + ") && /(?:^|[([{,;|/^]|[−+=<>≤≥≠·×÷≈±⇒→:])\s*$/.test(before))
    return before + next.trim();
  return before + next;
}

/** Brackets around what would otherwise read wrongly beside a slash or a root. */
function wrap(text: string): string {
  return /^[^\s+−/·×=]*$|^−[\d.]+$/.test(text) ? text : `(${text})`;
}
