import type { LiveText } from "../inference/types.js";
import type { StoredProblem } from "../pool/types.js";
import type { LiveHead, LiveSample } from "../protocol/live.js";
import type { Verdict } from "../protocol/types.js";

/** Which sample of what; `sample` is 0-based. */
export type Subject = Omit<LiveSample, "id">;
export type WatchProgress = Omit<LiveHead, "tally" | "shown" | "outcome">;

/** How a sample ended, with all of its text. */
export interface Ending {
  text: string;
  tokens: number;
  verdict: Verdict;
  answer: string | null;
  reason: string;
}

/** Hears of samples while they are made, for people to watch. What it does must be quick: sampling waits for it. */
export interface Watcher {
  progress(now: WatchProgress): void;
  text(subject: Subject, text: LiveText): void;
  ended(subject: Subject, ending: Ending): void;
}

/** A problem, as those who watch are told of it. */
export function about(problem: StoredProblem | undefined): Pick<Subject, "problem" | "gold" | "origin"> {
  if (!problem) return { problem: "", gold: "", origin: "" };
  const { set, id, level, kind } = problem;
  const origin = [set, id, level && `level ${level}`, kind].filter(Boolean).join(" · ");
  return { problem: problem.problem, gold: problem.gold, origin };
}
