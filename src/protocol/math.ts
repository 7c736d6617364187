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

const ENVIRONMENTS = /^\\begin\{((?:equation|align|alignat|gather|multline|eqnarray)\*?)\}/;

export function segmentMath(text: string): Segment[] {
  const out: Segment[] = [];
  let textFrom = 0;
  let at = 0;
  const push = (kind: Segment["kind"], body: string, start: number, end: number): void => {
    out.push({ kind, body, source: text.slice(start, end), start });
  };
  while (at < text.length) {
    const found = mathAt(text, at);
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
  if (textFrom < text.length) push("text", text.slice(textFrom), textFrom, text.length);
  return out;
}

interface Found {
  kind: "inline" | "display";
  body: string;
  end: number;
}

function mathAt(text: string, at: number): Found | null {
  if (text[at] === "$") return text[at + 1] === "$" ? doubleDollar(text, at) : dollar(text, at);
  if (text[at] !== "\\") return null;
  if (text.startsWith("\\(", at)) return until(text, at, "\\)", "inline");
  if (text.startsWith("\\[", at)) return until(text, at, "\\]", "display");
  if (text.startsWith("\\boxed{", at) || text.startsWith("\\fbox{", at)) {
    const end = balanced(text, text.indexOf("{", at));
    return end === null ? null : { kind: "inline", body: text.slice(at, end), end };
  }
  const environment = ENVIRONMENTS.exec(text.slice(at, at + 24))?.[1];
  if (environment === undefined) return null;
  const close = `\\end{${environment}}`;
  const end = text.indexOf(close, at);
  return end < 0
    ? null
    : { kind: "display", body: text.slice(at, end + close.length), end: end + close.length };
}

function until(text: string, at: number, close: string, kind: "inline" | "display"): Found | null {
  const end = text.indexOf(close, at + 2);
  if (end < 0) return null;
  const body = text.slice(at + 2, end);
  return body.trim() === "" ? null : { kind, body, end: end + 2 };
}

function doubleDollar(text: string, at: number): Found | null {
  const end = text.indexOf("$$", at + 2);
  if (end < 0) return null;
  const body = text.slice(at + 2, end);
  return body.trim() === "" ? null : { kind: "display", body, end: end + 2 };
}

/**
 * A single dollar opens mathematics only when the very next unescaped dollar can close it (Pandoc's rule: no space
 * inside either delimiter, no digit after the closing one). Models also write `$ x = 3 $`; that is accepted when
 * the inside looks like TeX. `$5 and $6` and `$5-$6` are money.
 */
function dollar(text: string, at: number): Found | null {
  let end = at + 1;
  while (end < text.length && text[end] !== "$") {
    if (text[end] === "\n" && /^\n[ \t]*\n/.test(text.slice(end, end + 8))) return null;
    end += text[end] === "\\" ? 2 : 1;
  }
  if (end >= text.length) return null;
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
