/** What a person who watches a sampling sees of it; the Review panel draws it, `src/ui/live-feed.ts` tells it. */
import type { Verdict } from "./types.js";

/** How the whole of the work goes. */
export interface LiveHead {
  /** "Sampling", "Reflecting". */
  stage: string;
  model: string;
  /** Null until the model is loaded. */
  backend: string | null;
  done: number;
  total: number;
  /** Of all samples together; null until it is known. */
  tokensPerSecond: number | null;
  secondsLeft: number | null;
  /** Of the samples that ended since watching was possible. */
  tally: Record<Verdict, number>;
  /** Samples that were shown, of those that ended or are open: the others came and went meanwhile. */
  shown: number;
  /** The work has ended: what came out of it, in words. */
  outcome: string | null;
}

/** The one sample that is shown. */
export interface LiveSample {
  /** 1, 2, 3, …: another number is another sample. */
  id: number;
  what: "attempt" | "reflection";
  problem: string;
  gold: string;
  /** Problem set, id, and what else tells where it is from. */
  origin: string;
  /** 1-based, of `of` samples of this problem (or of this attempt). */
  sample: number;
  of: number;
}

/** How it ended. */
export interface LiveEnd {
  /** Null: the work was stopped before the sample ended. */
  verdict: Verdict | null;
  answer: string | null;
  reason: string;
}

/** What changed since the message before; `sample` comes first of all that is said about it. */
export interface LiveMessage {
  type: "live";
  head: LiveHead;
  /** The sample stays because somebody asked for it. */
  held: boolean;
  sample?: LiveSample;
  /** From `at` on, the text is now `text`; before it nothing changed. UTF-16 offset. */
  delta?: { at: number; text: string };
  tokens?: number;
  /** Of this sample alone; null while it cannot be told. */
  tokensPerSecond?: number | null;
  end?: LiveEnd;
}
