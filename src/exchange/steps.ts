import type { ExportedAttempt } from "../pool/export.js";
import { cutSteps } from "../protocol/steps.js";
import type { SkipReason } from "./types.js";
import { agreed, type Word, wordsOf } from "./words.js";

/** Texts of an attempt's steps: as they were frozen when one was first named, else as they are cut today. */
export function stepsOf({ attempt, cut }: ExportedAttempt): string[] {
  if (cut) return cut.spans.map(([start, end]) => attempt.text.slice(start, end));
  return cutSteps(attempt.text).map(({ text }) => text);
}

export interface Located {
  steps: string[];
  /** 1-based; 0: no step is wrong. */
  firstWrong: number;
  by: Word<"firstWrongStep">;
}

/** Where people say that an attempt first goes wrong, or why that cannot be told. */
export function locate(record: ExportedAttempt, annotator?: string): Located | SkipReason {
  if (record.bad) return "badProblem";
  const by = agreed(wordsOf(record, "firstWrongStep", annotator));
  if (by === "conflict") return by;
  if (by === "none") return "noStep";
  const steps = stepsOf(record);
  if (steps.length === 0 || by.value > steps.length) return "unknownStep";
  return { steps, firstWrong: by.value, by };
}
