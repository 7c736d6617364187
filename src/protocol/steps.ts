import { type Segment, segmentGrowing, segmentMath } from "./math.js";

/** One numbered step of a solution. */
export interface Step {
  /** 1-based: the number that annotations and people use. */
  n: number;
  /** Without the white space around it. */
  text: string;
  /** UTF-16 offset of `text` in the solution. */
  start: number;
}

/** Bumped when the cutting changes, so that step numbers given under other rules are never misread. */
const RULES = 1;

/**
 * Cuts a solution into numbered steps: one per line that holds something, never inside display mathematics or
 * a line break within `$…$`. Pure, so the same text gives the same numbers to everyone; `stepsHash` says for which
 * text and rules a number was given.
 */
export function cutSteps(solution: string): Step[] {
  const steps: Step[] = [];
  let from = 0;
  const close = (to: number): void => {
    const raw = solution.slice(from, to);
    const text = raw.trim();
    if (text !== "") {
      const start = from + (raw.length - raw.trimStart().length);
      steps.push({ n: steps.length + 1, text, start });
    }
    from = to + 1;
  };
  for (const segment of segmentMath(solution)) {
    if (segment.kind !== "text") continue;
    for (let at = segment.source.indexOf("\n"); at >= 0; at = segment.source.indexOf("\n", at + 1)) {
      close(segment.start + at);
    }
  }
  close(solution.length);
  return steps;
}

/** What is known for good of a growing solution: a piece of its step, or null where the step ends. */
export type StepPiece = Pick<Segment, "kind" | "source"> | null;

/**
 * Cuts a solution that is still being written. Every piece is told once and never taken back; in the end the pieces
 * make the very steps of `cutSteps` (but for formulas of more than 4000 characters, which are not waited for).
 */
export class StepStream {
  private text = "";
  /** What was told goes up to here. */
  private told = 0;

  /** What is not told yet: a formula may be open in it. */
  get rest(): string {
    return this.text.slice(this.told);
  }

  /** From `at` on the text is now `more`. False when that contradicts what was told: begin again with a new stream. */
  put(at: number, more: string): boolean {
    if (at < this.told) return false;
    this.text = this.text.slice(0, at) + more;
    return true;
  }

  /** The pieces that have become certain; all that is left, when the text has `ended`. */
  take(ended = false): StepPiece[] {
    const { rest } = this;
    const { segments, end } = ended
      ? { segments: segmentMath(rest), end: rest.length }
      : segmentGrowing(rest);
    this.told += end;
    return segments.flatMap((segment): StepPiece[] => {
      if (segment.kind !== "text") return [segment];
      const lines = segment.source.split("\n");
      return lines.flatMap((line, i): StepPiece[] => [
        ...(i > 0 ? [null] : []),
        ...(line === "" ? [] : [{ kind: "text" as const, source: line }]),
      ]);
    });
  }
}

/** 53-bit content hash (cyrb53, public domain) of a solution under these cutting rules, in hexadecimal. */
export function stepsHash(solution: string): string {
  let a = 0xdeadbeef ^ RULES;
  let b = 0x41c6ce57 ^ RULES;
  for (let i = 0; i < solution.length; i++) {
    const c = solution.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(16).padStart(14, "0");
}
