import { parseReflection } from "./parse.js";

/** A reflection up to where its corrected solution begins: what a correction can be made to go on from. */
export interface Opening {
  /** With whatever stands before it (thinking, the heading). */
  before: string;
  analysis: string;
  /** From the analysis to the first character of the correction: the marker and the line's end after it. */
  after: string;
}

/** Null where a section is missing. */
export function openingOf(text: string): Opening | null {
  const { analysis, boundary, parsed, start } = parseReflection(text);
  if (!parsed) return null;
  // Behind its heading: the same words may stand in the thinking.
  const at = text.indexOf(analysis, start);
  const gap = /^[ \t]*\r?\n?/.exec(text.slice(boundary))?.[0] ?? "";
  return {
    before: text.slice(0, at),
    analysis,
    after: text.slice(at + analysis.length, boundary) + gap,
  };
}

/** The sentence again and again, cut at a word's end where it is as long as the analysis (in characters). */
export function neutralText(sentence: string, length: number): string {
  const enough = `${sentence} `.repeat(Math.ceil(length / (sentence.length + 1)) + 1);
  const cut = enough.slice(0, length);
  if (enough[length] === " ") return cut.trim();
  const space = cut.lastIndexOf(" ");
  return (space > 0 ? cut.slice(0, space) : cut).trim();
}

/**
 * Whose analysis each one is given when they are shuffled: another problem's, never its own. Deterministic: the order
 * is turned by the size of the largest problem's share, so that equal problems come apart. Null where one problem has
 * more than half of them, for which no such order exists.
 */
export function shuffled<T extends { problemId: number }>(items: readonly T[]): Map<T, T> | null {
  const sorted = items.toSorted((a, b) => a.problemId - b.problemId);
  const sizes = new Map<number, number>();
  for (const { problemId } of sorted) sizes.set(problemId, (sizes.get(problemId) ?? 0) + 1);
  const largest = Math.max(0, ...sizes.values());
  if (sorted.length === 0 || 2 * largest > sorted.length) return null;
  const donors = new Map<T, T>();
  sorted.forEach((item, i) => {
    const donor = sorted[(i + largest) % sorted.length];
    if (donor) donors.set(item, donor);
  });
  return donors;
}
