import { basename } from "node:path";
import { readProblemSet } from "../../problems/index.js";
import type { Problem } from "../../protocol/types.js";
import type { ForeignRow, Format } from "./types.js";

/** Characters by which a problem is looked for within a prompt; a shorter one must be all of it. */
const HEAD = 24;
/** No further from the end of a prompt than this: a question stands there. */
const REACH = 50_000;
/** Prompts whose problem was looked for lately: a group's attempts come together. */
const REMEMBERED = 1000;

/** The problems of a set, found by their text: a batch or a rollout says what was asked, and seldom the answer. */
export class KnownProblems {
  private readonly texts = new Map<string, Problem | null>();
  private readonly heads = new Map<string, [text: string, problem: Problem][]>();
  private readonly found = new Map<string, Problem | undefined>();

  constructor(problems: readonly Problem[]) {
    for (const problem of problems) {
      const text = squeezed(problem.problem);
      const other = this.texts.get(text);
      // Two answers to one text: neither can be told to be meant.
      this.texts.set(text, other === undefined || other?.gold === problem.gold ? problem : null);
    }
    for (const [text, problem] of this.texts) {
      if (!problem || text.length < HEAD) continue;
      const head = text.slice(0, HEAD);
      const like = this.heads.get(head);
      if (like) like.push([text, problem]);
      else this.heads.set(head, [[text, problem]]);
    }
  }

  /**
   * The problem that a prompt asks: its text, whatever its spacing, or the last one that stands whole within it (an
   * instruction before or after it, worked examples before it).
   */
  find(prompt: string): Problem | undefined {
    if (this.found.has(prompt)) return this.found.get(prompt);
    const text = squeezed(prompt);
    const exact = this.texts.get(text);
    const problem = exact === undefined ? this.within(text) : (exact ?? undefined);
    if (this.found.size >= REMEMBERED) this.found.clear();
    this.found.set(prompt, problem);
    return problem;
  }

  private within(text: string): Problem | undefined {
    const from = Math.max(0, text.length - REACH);
    for (let at = text.length - HEAD; at >= from; at--) {
      const like = this.heads.get(text.slice(at, at + HEAD))?.filter(([whole]) => text.startsWith(whole, at));
      const [longest] = (like ?? []).sort(([a], [b]) => b.length - a.length);
      if (longest) return longest[1];
    }
    return undefined;
  }
}

const squeezed = (text: string): string => text.replace(/\s+/g, " ").trim();

/**
 * The format, with the problems of a set for rows that have no gold answer: such a row is an attempt at the set's own
 * problem, as if it had been sampled here.
 *
 * @param file of the problem set; rejects as `readProblemSet` does
 */
export async function withProblems(format: Format, file: string): Promise<Format> {
  const known = new KnownProblems((await readProblemSet(file)).problems);
  const set = basename(file);
  const answered = (row: ForeignRow): ForeignRow => {
    if (row.kind !== "attempt" || row.problem.gold !== null) return row;
    const problem = known.find(row.problem.text);
    if (!problem) return row;
    const { id, problem: text, gold, level, kind, topic } = problem;
    return {
      ...row,
      set,
      problem: {
        ...{ id, text, gold },
        ...(level !== undefined && { level }),
        ...(kind !== undefined && { kind }),
        ...(topic !== undefined && { topic }),
      },
    };
  };
  return {
    ...format,
    async *rows(log, options) {
      for await (const row of format.rows(log, options)) yield answered(row);
    },
  };
}
