import type { ExportedAttempt } from "../../pool/export.js";
import { saidBy } from "../provenance.js";
import { locate } from "../steps.js";
import type { ExportContext, Made, RowMaker } from "../types.js";

/**
 * TRL's stepwise supervision type: `prompt` is a text, `completions` the steps and `labels` a boolean for each. Nobody
 * judged what comes after the first wrong step, and every step needs a label: the row ends there.
 * https://huggingface.co/docs/trl/v0.24.0/dataset_formats#stepwise-supervision
 */
export function stepwise({ annotator }: ExportContext): RowMaker {
  return {
    rows(record: ExportedAttempt): Made {
      const found = locate(record, annotator);
      if (typeof found === "string") return found;
      const { steps, firstWrong, by } = found;
      const completions = firstWrong === 0 ? steps : steps.slice(0, firstWrong);
      const labels = completions.map((_, i) => i + 1 !== firstWrong);
      const row = { prompt: record.problem.problem, completions, labels };
      return [{ row, provenance: saidBy(record, by) }];
    },
  };
}
