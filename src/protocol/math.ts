/**
 * Finds the mathematics in a text that a model or a problem set wrote: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, bare
 * `\boxed{…}` and display environments. Pure and total: every text gives segments whose sources, joined, are the
 * text again, so offsets into the text (the span that the grader read) stay meaningful.
 */

export interface Segment {
  kind: "text" | "inline" | "display";
  /** What to typeset, without its delimiters; for text, the text itself. */
  body: string;
  /** The exact characters of this segment, delimiters included. */
  source: string;
  /** UTF-16 offset of `source` in the text. */
  start: number;
}

const BOXES = ["\\boxed{", "\\fbox{"];
const ENVIRONMENTS = /^\\begin\{((?:equation|align|alignat|gather|multline|eqnarray)\*?)\}/;

export function segmentMath(text: string): Segment[] {
  return scan(text, false).segments;
}

/**
 * The same for a text that goes on: what its continuation cannot change any more, up to `end`. From there on a
 * formula may have begun that is not closed yet. What follows `end` is segmented by calling this again with the text
 * from `end` on, so that a text that grows is read once.
 */
export function segmentGrowing(text: string): { segments: Segment[]; end: number } {
  return scan(text, true);
}

function scan(text: string, grows: boolean): { segments: Segment[]; end: number } {
  const segments: Segment[] = [];
  const closers = new Closers(text);
  let textFrom = 0;
  let at = 0;
  const push = (kind: Segment["kind"], body: string, start: number, end: number): void => {
    segments.push({ kind, body, source: text.slice(start, end), start });
  };
  while (at < text.length) {
    const found = mathAt(text, at, closers);
    if (grows && (found ? undecided(text, at, found) : mayOpen(text, at))) break;
    if (found === null) {
      // An escaped character is never a delimiter.
      at += text[at] === "\\" ? 2 : 1;
      continue;
    }
    if (at > textFrom) push("text", text.slice(textFrom, at), textFrom, at);
    push(found.kind, found.body, at, found.end);
    at = found.end;
    textFrom = at;
  }
  const end = Math.min(at, text.length);
  if (textFrom < end) push("text", text.slice(textFrom, end), textFrom, end);
  return { segments, end };
}

/** A formula is not waited for longer than this: nobody typesets one so long. */
const LONGEST_WAIT = 4000;

/** A dollar that closes at the very end: a digit after it would make the two an amount. */
function undecided(text: string, at: number, found: Found): boolean {
  return text[at] === "$" && found.kind === "inline" && found.end === text.length;
}

/** No formula begins at `at` as the text is now; true when one may with what is still to come. */
function mayOpen(text: string, at: number): boolean {
  const rest = text.length - at;
  if (rest > LONGEST_WAIT) return false;
  if (text[at] === "$") {
    if (rest === 1) return true;
    if (text[at + 1] === "$") return text.indexOf("$$", at + 2) < 0;
    const end = closingDollar(text, at);
    return end !== null && end + 1 >= text.length;
  }
  if (text[at] !== "\\") return false;
  if (rest === 1) return true;
  if (text[at + 1] === "(") return text.indexOf("\\)", at + 2) < 0;
  if (text[at + 1] === "[") return text.indexOf("\\]", at + 2) < 0;
  const start = text.slice(at, at + 24);
  if (BOXES.some((box) => box.startsWith(start))) return true;
  const box = BOXES.find((name) => start.startsWith(name));
  if (box) return rest < LONGEST_BOX;
  return (
    ENVIRONMENTS.test(start) || (rest < 24 && /^\\(?:b|be|beg|begi|begin|begin\{[a-z]*\*?)$/.test(start))
  );
}

interface Found {
  kind: "inline" | "display";
  body: string;
  end: number;
}

/** Where delimiters close, looked for once: a text of unclosed ones would cost quadratic time. */
class Closers {
  private readonly found = new Map<string, number>();
  constructor(private readonly text: string) {}

  /** Offset of the next `close`, or -1. `from` never goes back. */
  find(close: string, from: number): number {
    const known = this.found.get(close);
    if (known !== undefined && (known < 0 || known >= from)) return known;
    const at = this.text.indexOf(close, from);
    this.found.set(close, at);
    return at;
  }
}

function mathAt(text: string, at: number, closers: Closers): Found | null {
  if (text[at] === "$")
    return text[at + 1] === "$" ? between(text, at, "$$", "display", closers) : dollar(text, at);
  if (text[at] !== "\\") return null;
  if (text.startsWith("\\(", at)) return between(text, at, "\\)", "inline", closers);
  if (text.startsWith("\\[", at)) return between(text, at, "\\]", "display", closers);
  if (BOXES.some((box) => text.startsWith(box, at))) {
    const brace = closers.find("}", at);
    if (brace < 0 || brace > at + LONGEST_BOX) return null;
    const end = balanced(text, text.indexOf("{", at));
    return end === null ? null : { kind: "inline", body: text.slice(at, end), end };
  }
  const environment = ENVIRONMENTS.exec(text.slice(at, at + 24))?.[1];
  if (environment === undefined) return null;
  const close = `\\end{${environment}}`;
  const end = closers.find(close, at);
  return end < 0
    ? null
    : { kind: "display", body: text.slice(at, end + close.length), end: end + close.length };
}

function between(
  text: string,
  at: number,
  close: string,
  kind: Found["kind"],
  closers: Closers,
): Found | null {
  const end = closers.find(close, at + 2);
  if (end < 0) return null;
  const body = text.slice(at + 2, end);
  return body.trim() === "" ? null : { kind, body, end: end + 2 };
}

/**
 * A single dollar opens mathematics only when the very next unescaped dollar can close it (Pandoc's rule: no space
 * inside either delimiter, no digit after the closing one). Models also write `$ x = 3 $`; that is accepted when
 * the inside looks like TeX. `$5 and $6` and `$5-$6` are money.
 */
function dollar(text: string, at: number): Found | null {
  const end = closingDollar(text, at);
  if (end === null || end >= text.length) return null;
  const body = text.slice(at + 1, end);
  if (body.trim() === "" || /\d/.test(text[end + 1] ?? "")) return null;
  const texLike = /[\\^_={}<>+]/.test(body);
  const open = /^\s/.test(body);
  const closed = /\s$/.test(body);
  if ((open || closed) && !(open && closed && texLike)) return null;
  // "$5 for each one and 10$": an amount, then words.
  if (/^\d/.test(body) && !texLike && /\s[a-z]{2,}\s/i.test(body)) return null;
  return { kind: "inline", body, end: end + 1 };
}

/** Offset of the next unescaped dollar in the same paragraph; null when the paragraph ends before, else past the end. */
function closingDollar(text: string, at: number): number | null {
  let end = at + 1;
  while (end < text.length && text[end] !== "$") {
    if (text[end] === "\n" && /^\n[ \t]*\n/.test(text.slice(end, end + 8))) return null;
    end += text[end] === "\\" ? 2 : 1;
  }
  return end;
}

/** No answer is longer; the bound keeps a text of unclosed boxes from costing quadratic time. */
const LONGEST_BOX = 2000;

/** Offset after the brace that closes the one at `open`; null when it never closes. */
function balanced(text: string, open: number): number | null {
  let depth = 0;
  const last = Math.min(text.length, open + LONGEST_BOX);
  for (let i = open; i < last; i++) {
    const c = text[i];
    if (c === "\\") i++;
    else if (c === "{") depth++;
    else if (c === "}" && --depth === 0) return i + 1;
  }
  return null;
}
