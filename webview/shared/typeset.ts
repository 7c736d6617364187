import katex from "katex";
import { checkBounds } from "./bounds.js";

/** Longer sources are shown as they are: nobody reads such a formula, and it could stall the view. */
export const LONGEST_TEX = 4000;
const KEPT = 1200;
/** Links, images and HTML: KaTeX without trust would swallow what they enclose. */
const UNTRUSTED = /\\(href|url|includegraphics|html(?:Class|Id|Style|Data))(?![a-zA-Z])/;
/** The one class that is let through, and only where we put it in ourselves. */
const OURS = /^part-\d{1,3}$/;
const cache = new Map<string, HTMLElement>();

/** A piece of a formula that gets the class `part-N`: offsets into its TeX. */
export interface Part {
  start: number;
  end: number;
  n: number;
}

/** True when it costs next to nothing to typeset. */
export function isCached(tex: string, display: boolean): boolean {
  return cache.has(keyOf(tex, display, []));
}

/**
 * Typesets one formula. What KaTeX cannot read is shown as its source, marked, with KaTeX's own words as the
 * tooltip. Never HTML from outside: KaTeX builds DOM nodes, with `trust` off and bounded expansion. `parts` must be
 * closed in themselves (`partsOf` sees to that); where KaTeX does not take them, they are left out.
 */
export function typeset(tex: string, display: boolean, parts: readonly Part[] = []): HTMLElement {
  const key = keyOf(tex, display, parts);
  const known = cache.get(key);
  if (known) {
    // Moves it to the young end: the oldest entry is the first to go.
    cache.delete(key);
    cache.set(key, known);
    return known.cloneNode(true) as HTMLElement;
  }
  const made = document.createElement("span");
  made.className = display ? "math math-display" : "math";
  try {
    if (tex.length > LONGEST_TEX) throw new Error(`longer than ${LONGEST_TEX} characters`);
    const outside = UNTRUSTED.exec(tex)?.[0];
    if (outside) throw new Error(`${outside} is not followed here`);
    render(tex, made, display, parts);
    checkBounds(made);
    // The source beside the MathML is for those who copy; a screen reader has no use for it.
    for (const source of made.querySelectorAll("annotation")) source.setAttribute("aria-hidden", "true");
  } catch (error) {
    made.className = "math-error";
    made.textContent = tex;
    made.title = `Not typeset: ${error instanceof Error ? error.message.replace(/^KaTeX parse error: /, "") : "unreadable"}`;
  }
  cache.set(key, made);
  if (cache.size > KEPT) {
    const oldest = cache.keys().next().value;
    if (oldest !== undefined) cache.delete(oldest);
  }
  return made.cloneNode(true) as HTMLElement;
}

function keyOf(tex: string, display: boolean, parts: readonly Part[]): string {
  return `${display ? "D" : "I"}${parts.map(({ start, end, n }) => `${start}-${end}:${n}`).join()} ${tex}`;
}

function render(tex: string, into: HTMLElement, display: boolean, parts: readonly Part[]): void {
  const options = {
    displayMode: display,
    throwOnError: true,
    strict: "ignore",
    maxExpand: 400,
    maxSize: 10,
    output: "htmlAndMathml",
  } as const;
  if (parts.length > 0) {
    try {
      katex.render(withParts(tex, parts), into, {
        ...options,
        trust: (asked) => asked.command === "\\htmlClass" && OURS.test(asked.class ?? ""),
      });
      return;
    } catch {
      into.replaceChildren();
    }
  }
  katex.render(tex, into, { ...options, trust: false });
}

function withParts(tex: string, parts: readonly Part[]): string {
  let out = "";
  let from = 0;
  for (const { start, end, n } of parts) {
    out += `${tex.slice(from, start)}\\htmlClass{part-${n}}{${tex.slice(start, end)}}`;
    from = end;
  }
  return out + tex.slice(from);
}

/**
 * What of `tex` from `start` to `end` can be enclosed in braces without changing what it means: cut at alignment
 * marks; empty when brackets, braces or rows go across an end of it.
 */
export function partsOf(tex: string, start: number, end: number, n: number): Part[] {
  const parts: Part[] = [];
  let from = start;
  let depth = 0;
  let sized = 0;
  const close = (to: number): void => {
    const piece = tex.slice(from, to);
    const lead = piece.length - piece.trimStart().length;
    if (piece.trim() !== "") parts.push({ start: from + lead, end: from + piece.trimEnd().length, n });
  };
  for (let i = start; i < end; i++) {
    const char = tex[i];
    if (char === "\\") {
      if (tex[i + 1] === "\\") return [];
      if (/^\\left(?![a-zA-Z])/.test(tex.slice(i, i + 6))) sized++;
      if (/^\\right(?![a-zA-Z])/.test(tex.slice(i, i + 7)) && --sized < 0) return [];
      if (/^\\(?:begin|end|middle)(?![a-zA-Z])/.test(tex.slice(i, i + 8))) return [];
      i++;
    } else if (char === "{") depth++;
    else if (char === "}" && --depth < 0) return [];
    else if (char === "&" && depth === 0) {
      close(i);
      from = i + 1;
    } else if (char === "&") return [];
  }
  close(end);
  return depth === 0 && sized === 0 ? parts : [];
}
