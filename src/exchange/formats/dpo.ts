import type { ExportedAttempt } from "../../pool/export.js";
import { answerMessage, promptOf } from "../prompt.js";
import { correctedBy, ruledBy } from "../provenance.js";
import type { ExportContext, Made, RowMaker } from "../types.js";
import { correctionOf, rulingOf } from "../words.js";

/**
 * TRL's conversational preference type with an explicit prompt: `prompt`, `chosen` and `rejected` are lists of messages.
 * https://huggingface.co/docs/trl/dataset_formats#preference
 */
export function dpo({ annotator }: ExportContext): RowMaker {
  return {
    rows(record: ExportedAttempt): Made {
      if (record.bad) return "badProblem";
      const ruling = rulingOf(record, annotator);
      const correction = correctionOf(record, annotator);
      if (ruling === "conflict" || correction === "conflict") return "conflict";
      if (ruling.verdict === "correct") return "right";
      if (ruling.verdict !== "incorrect") return ruling.verdict;
      const { right } = record;
      if (correction === "none" && right === null) return "noChosen";
      const chosen = correction === "none" ? (right?.text ?? "") : correction.text;
      if (chosen === record.attempt.text) return "same";
      const prompt = promptOf(record);
      if (prompt === null) return "noPrompt";
      return [
        {
          row: { prompt, chosen: answerMessage(chosen), rejected: answerMessage(record.attempt.text) },
          // A pair is a person's where a person made its better half.
          provenance: correction === "none" ? ruledBy(record, ruling) : correctedBy(record, correction),
        },
      ];
    },
  };
}
