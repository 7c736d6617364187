/** Where the argument of a `\boxed` or `\fbox` lies. Here rather than in grading: MATH hides its gold answers in one. */

export interface Box {
  /** UTF-16 offsets [start, end) of the content, without braces. */
  start: number;
  end: number;
  /** Offset of the backslash and just past the box. */
  from: number;
  to: number;
}

const OPENING = /\\(?:boxed|fbox|framebox)(?![a-zA-Z])/g;
/** `\boxed 5` without braces, as MATH has it here and there. */
const BARE = /^[ \t]*(-?[\dA-Za-z][\d.,]*)(?=[\s$.,;]|$)/;

/**
 * All closed boxes in order of appearance; a box inside a box is not reported apart from it. `open` is true when the
 * last box never closes (a text that ended in the middle of its answer).
 */
export function findBoxes(text: string): { boxes: Box[]; open: boolean } {
  const boxes: Box[] = [];
  let open = false;
  let past = 0;
  const closing = closingBraces(text);
  for (const match of text.matchAll(OPENING)) {
    const from = match.index;
    if (from < past) continue;
    const after = from + match[0].length;
    const brace = after + (/^\s*/.exec(text.slice(after, after + 8))?.[0].length ?? 0);
    open = false;
    if (text[brace] === "{") {
      const close = closing.get(brace);
      if (close === undefined) {
        open = true;
        continue;
      }
      boxes.push({ start: brace + 1, end: close, from, to: close + 1 });
      past = close + 1;
    } else {
      const bare = BARE.exec(text.slice(after, after + 64));
      if (!bare?.[1]) continue;
      const end = after + bare[0].length;
      boxes.push({ start: end - bare[1].length, end, from, to: end });
      past = end;
    }
  }
  return { boxes, open };
}

/** Offsets of opening braces to those of their closing ones, in one pass: a text may hold thousands of boxes. */
function closingBraces(text: string): Map<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x5c) i++;
    else if (char === 0x7b) open.push(i);
    else if (char === 0x7d) {
      const from = open.pop();
      if (from !== undefined) closing.set(from, i);
    }
  }
  return closing;
}

/** Offset of the brace that closes the one at `open`, or -1. `\{` and `\}` are characters, not braces. */
export function matchingBrace(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const char = text[i];
    if (char === "\\") i++;
    else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return i;
  }
  return -1;
}
