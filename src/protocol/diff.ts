/**
 * What changed between two texts that hold LaTeX: a word-level difference (E. W. Myers 1986, as jsdiff does it) whose
 * words are commands, numbers, identifiers, operators and delimiters. Pure, total, and bounded in its work: texts
 * that have little in common are compared by lines first, and then by words only where lines differ.
 */
import { diffArrays } from "diff";

/** A run of text that stands in both, was removed from the first, or was added in the second. */
export interface Change {
  kind: "same" | "removed" | "added";
  text: string;
}

export interface Difference {
  /** `same` and `removed` joined are the first text, `same` and `added` the second. */
  changes: Change[];
  /** Tokens that are not white space. */
  added: number;
  removed: number;
  /** `word`: the fewest words that could have changed. `line`: too different for that, compared by lines first. */
  level: "word" | "line";
}

/**
 * A command (`\frac`, `\\`, `\{`), a number with its decimals and separators, a word, a run of white space without its
 * line breaks, a line break, or one character (a surrogate pair counts as one).
 */
const TOKEN = /\\(?:[a-zA-Z]+\*?|[\s\S])|\d+(?:[.,]\d+)*|[\p{L}\p{M}]+|\r?\n|[^\S\n]+|[\s\S]/gu;
/** Words of either text that may have changed before lines are compared instead; the work grows with its square. */
const MOST_EDITS = 400;
const MOST_LINE_EDITS = 400;

export function tokens(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

export function difference(before: string, after: string): Difference {
  const words = edits(tokens(before), tokens(after), MOST_EDITS);
  const changes = joined(words ?? byLines(before, after));
  return {
    changes: readable(changes),
    added: counted(changes, "added"),
    removed: counted(changes, "removed"),
    level: words ? "word" : "line",
  };
}

/** Undefined when more than `most` tokens changed. What both begin and end with costs nothing. */
function edits(before: readonly string[], after: readonly string[], most: number): Change[] | undefined {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const left = before.slice(head, before.length - tail);
  const right = after.slice(head, after.length - tail);
  // Without this, jsdiff would go through every number of edits up to the bound to say so.
  if (Math.abs(left.length - right.length) > most) return undefined;
  const found = diffArrays(left, right, { maxEditLength: most });
  if (!found) return undefined;
  return [
    { kind: "same", text: before.slice(0, head).join("") },
    ...found.map(({ added, removed, value }): Change => {
      return { kind: added ? "added" : removed ? "removed" : "same", text: value.join("") };
    }),
    { kind: "same", text: before.slice(before.length - tail).join("") },
  ];
}

/** Lines first, then the words of lines that were replaced, where those have enough in common. */
function byLines(before: string, after: string): Change[] {
  const lines = edits(before.split(/(?<=\n)/), after.split(/(?<=\n)/), MOST_LINE_EDITS) ?? [
    { kind: "removed", text: before },
    { kind: "added", text: after },
  ];
  return joined(lines).flatMap((change, i, all) => {
    const next = all[i + 1];
    if (change.kind === "added" && all[i - 1]?.kind === "removed") return [];
    if (change.kind !== "removed" || next?.kind !== "added") return [change];
    return edits(tokens(change.text), tokens(next.text), MOST_LINE_EDITS) ?? [change, next];
  });
}

/** One run for neighbours of the same kind; between two places that are the same, what was removed comes first. */
function joined(changes: readonly Change[]): Change[] {
  const runs: Change[] = [];
  let removed = "";
  let added = "";
  const flush = (): void => {
    if (removed) runs.push({ kind: "removed", text: removed });
    if (added) runs.push({ kind: "added", text: added });
    removed = "";
    added = "";
  };
  for (const { kind, text } of changes) {
    if (text === "") continue;
    const last = runs[runs.length - 1];
    if (kind === "removed") removed += text;
    else if (kind === "added") added += text;
    else if (last?.kind === "same" && !removed && !added) last.text += text;
    else {
      flush();
      runs.push({ kind, text });
    }
  }
  flush();
  return runs;
}

/** Two replacements with only spaces between them read better as one. */
function readable(changes: readonly Change[]): Change[] {
  return joined(
    changes.flatMap((change, i): Change[] => {
      const bridge = change.kind === "same" && /^[^\S\n]+$/.test(change.text);
      if (!bridge || changes[i - 1]?.kind !== "added" || changes[i + 1]?.kind !== "removed") return [change];
      return [
        { kind: "removed", text: change.text },
        { kind: "added", text: change.text },
      ];
    }),
  );
}

function counted(changes: readonly Change[], kind: Change["kind"]): number {
  return changes.reduce((n, change) => {
    return change.kind === kind ? n + tokens(change.text).filter((token) => token.trim() !== "").length : n;
  }, 0);
}
