import type { ExportedAttempt } from "../../pool/export.js";
import { answerMessage, promptOf } from "../prompt.js";
import { correctedBy, ruledBy, saidBy } from "../provenance.js";
import type { ExportContext, ExportRow, Made, RowMaker } from "../types.js";
import { correctionOf, rejectedOf, rulingOf } from "../words.js";

/**
 * TRL's conversational unpaired preference type: `prompt` and `completion` are lists of messages, `label` says whether
 * the completion is wanted. https://huggingface.co/docs/trl/dataset_formats#unpaired-preference
 */
export function kto({ annotator }: ExportContext): RowMaker {
  return {
    rows(record: ExportedAttempt): Made {
      if (record.bad) return "badProblem";
      const ruling = rulingOf(record, annotator);
      const correction = correctionOf(record, annotator);
      const rejected = rejectedOf(record, annotator);
      const rows: (Omit<ExportRow, "row"> & { text: string; label: boolean })[] = [];
      if (ruling !== "conflict" && (ruling.verdict === "correct" || ruling.verdict === "incorrect")) {
        const label = ruling.verdict === "correct";
        rows.push({ text: record.attempt.text, label, provenance: ruledBy(record, ruling) });
      }
      if (correction !== "none" && correction !== "conflict") {
        rows.push({ text: correction.text, label: true, provenance: correctedBy(record, correction) });
      }
      for (const { text, modelId, id, by } of rejected) {
        rows.push({ text, label: false, provenance: saidBy(record, by, modelId, id) });
      }
      if (rows.length === 0) {
        if (ruling === "conflict" || correction === "conflict") return "conflict";
        return ruling.verdict === "truncated" ? "truncated" : "unscored";
      }
      const prompt = promptOf(record);
      if (prompt === null) return "noPrompt";
      return rows.map(({ text, label, provenance }) => ({
        row: { prompt, completion: answerMessage(text), label },
        provenance,
      }));
    },
  };
}
