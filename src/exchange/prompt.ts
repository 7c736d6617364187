import { renderPrompt } from "../inference/prompts.js";
import type { ExportedAttempt } from "../pool/export.js";
import { type ChatMessage, ErrataError } from "../protocol/types.js";

/** The messages that the model was given, by the template that the sampling kept; null where it cannot be rendered. */
export function promptOf({ sampling, problem }: ExportedAttempt): ChatMessage[] | null {
  try {
    return renderPrompt({ source: sampling.prompt, file: "solve.jinja" }, { problem: problem.problem });
  } catch (error) {
    if (error instanceof ErrataError) return null;
    throw error;
  }
}

export function answerMessage(content: string): ChatMessage[] {
  return [{ role: "assistant", content }];
}
