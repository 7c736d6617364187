import type { ExportedAttempt } from "../../pool/export.js";
import { answerMessage, promptOf } from "../prompt.js";
import { correctedBy, ruledBy } from "../provenance.js";
import type { ExportContext, Made, RowMaker } from "../types.js";
import { correctionOf, rulingOf } from "../words.js";

/**
 * TRL's conversational prompt-completion type: `prompt` and `completion` are lists of messages.
 * https://huggingface.co/docs/trl/dataset_formats#prompt-completion
 */
export function sft({ annotator }: ExportContext): RowMaker {
  return {
    rows(record: ExportedAttempt): Made {
      if (record.bad) return "badProblem";
      const correction = correctionOf(record, annotator);
      const ruling = rulingOf(record, annotator);
      if (ruling === "conflict" || correction === "conflict") return "conflict";
      const right = ruling.verdict === "correct";
      if (correction === "none" && !right) return "noCorrection";
      const prompt = promptOf(record);
      if (prompt === null) return "noPrompt";
      // A correction is worth more than the attempt it mends, even one that reached the right answer.
      const [text, provenance] =
        correction === "none"
          ? [record.attempt.text, ruledBy(record, ruling)]
          : [correction.text, correctedBy(record, correction)];
      return [{ row: { prompt, completion: answerMessage(text) }, provenance }];
    },
  };
}
