/** The one grader of the house. */
import type { Grade } from "../protocol/types.js";
import { undecided } from "./decide.js";
import { equalAnswers } from "./equal.js";
import { extractAnswer } from "./extract.js";
import { GradingThread, type ThreadOptions } from "./thread.js";
import type { Equality, Grader } from "./types.js";

/** Texts beyond this are no solutions; looking for an answer in them would only take time. */
const LONGEST_TEXT = 4_000_000;
const CACHE = 10_000;

/**
 * Most comparisons are decided here in microseconds, by bounded string and rational work. What needs the symbolic
 * layer goes to the grading thread, which starts with the first of them. Verdicts repeat: no clock and no random
 * number decides, except that a comparison may run out of time (then it is unscored and not remembered).
 */
export class GradingService implements Grader {
  private readonly thread: GradingThread;
  /** A group's attempts give the same few answers again and again. */
  private readonly known = new Map<string, Equality>();

  constructor(options: ThreadOptions = {}) {
    this.thread = new GradingThread(options);
  }

  async grade(text: string, gold: string): Promise<Grade> {
    const nothing = { verdict: "unscored", answer: null, span: null } as const;
    if (text.length > LONGEST_TEXT)
      return { ...nothing, reason: "The text is too long to look for an answer." };
    const found = extractAnswer(text);
    if (!found) return { ...nothing, reason: "No final answer was found in the text." };
    const { equal, why } = await this.equal(gold, found.answer);
    const verdict = equal === null ? "unscored" : equal ? "correct" : "incorrect";
    return {
      verdict,
      answer: found.answer,
      span: found.span,
      reason: sentence(`${why}; read from ${found.how}`),
    };
  }

  async equal(gold: string, answer: string): Promise<Equality> {
    const key = JSON.stringify([gold, answer]);
    const known = this.known.get(key);
    if (known) return known;
    let symbolic = false;
    const cheap = equalAnswers(gold, answer, () => {
      symbolic = true;
      return undecided("left to the symbolic layer");
    });
    const found = symbolic && cheap.equal === null ? await this.thread.compare(gold, answer) : cheap;
    if (found.equal !== null) {
      if (this.known.size >= CACHE) this.known.clear();
      this.known.set(key, found);
    }
    return found;
  }

  dispose(): Promise<void> {
    return this.thread.dispose();
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
