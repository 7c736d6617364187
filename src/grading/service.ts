/** The one grader of the house. */
import type { Grade } from "../protocol/types.js";
import { undecided } from "./decide.js";
import { equalAnswers } from "./equal.js";
import { abandoned } from "./equalities.js";
import { extractAnswer } from "./extract.js";
import { findStatements } from "./statements.js";
import { GradingThread, type ThreadOptions } from "./thread.js";
import {
  DEFAULT_GRADER,
  type Equality,
  type EqualityHint,
  type Grader,
  type GraderSettings,
} from "./types.js";

/** Texts beyond this are no solutions; looking for an answer in them would only take time. */
const LONGEST_TEXT = 4_000_000;
const CACHE = 10_000;
/** Of a solution whose relations are looked at: more is not read by people. */
const LONGEST_SOLUTION = 1_000_000;
/** Milliseconds that one solution's relations may hold the thread at a time; comparisons come in between. */
const SLICE = 40;
/** For all relations of one solution, in milliseconds, and how often it may take the thread down. */
const PATIENCE = 10_000;
const MOST_LOST = 3;

/**
 * Most comparisons are decided here in microseconds, by bounded string and rational work. What needs the symbolic
 * layer goes to the grading thread, which starts with the first of them. Verdicts repeat: no clock and no random
 * number decides, except that a comparison may run out of time (then it is unscored and not remembered).
 */
export class GradingService implements Grader {
  private readonly thread: GradingThread;
  /** A group's attempts give the same few answers again and again. */
  private readonly known = new Map<string, Equality>();

  constructor(
    options: ThreadOptions = {},
    private readonly settings: GraderSettings = DEFAULT_GRADER,
  ) {
    this.thread = new GradingThread(options);
  }

  async grade(text: string, gold: string): Promise<Grade> {
    const nothing = { verdict: "unscored", answer: null, span: null } as const;
    if (text.length > LONGEST_TEXT)
      return { ...nothing, reason: "The text is too long to look for an answer." };
    const found = extractAnswer(text, this.settings.readers);
    if (!found) return { ...nothing, reason: "No final answer was found in the text." };
    const { equal, why } = await this.equal(gold, found.answer);
    const verdict = equal === null ? "unscored" : equal ? "correct" : "incorrect";
    return {
      verdict,
      answer: found.answer,
      span: found.span,
      reason: sentence(`${why}; read from ${found.how}`),
      how: found.reader,
    };
  }

  async equal(gold: string, answer: string): Promise<Equality> {
    const { tolerance, units } = this.settings;
    const key = JSON.stringify([gold, answer, tolerance, units]);
    const known = this.known.get(key);
    if (known) return known;
    let symbolic = false;
    const leave = () => {
      symbolic = true;
      return undecided("left to the symbolic layer");
    };
    const cheap = equalAnswers(gold, answer, leave, this.settings);
    const found =
      symbolic && cheap.equal === null
        ? await this.thread.compare(gold, answer, { tolerance, units })
        : cheap;
    if (found.equal !== null) {
      if (this.known.size >= CACHE) this.known.clear();
      this.known.set(key, found);
    }
    return found;
  }

  async equalities(text: string, problem = ""): Promise<EqualityHint[]> {
    if (text.length > LONGEST_SOLUTION || problem.length > LONGEST_SOLUTION) return [];
    const hints: EqualityHint[] = [];
    const until = performance.now() + PATIENCE;
    let from: number | null = 0;
    let lost = 0;
    for (let milliseconds = SLICE; from !== null && performance.now() < until; ) {
      const reply = await this.thread.relations({ text, problem, from, milliseconds });
      if (reply) {
        hints.push(...reply.hints);
        from = reply.next;
      } else if (milliseconds > 0) {
        // One of the slice took the thread down: which one is found by taking them one by one.
        milliseconds = 0;
      } else if (++lost > MOST_LOST) break;
      else {
        const overran = findStatements(text)[from];
        if (overran) hints.push(abandoned(overran));
        from++;
        milliseconds = SLICE;
      }
    }
    return hints;
  }

  dispose(): Promise<void> {
    return this.thread.dispose();
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
