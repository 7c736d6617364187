import type { ExportedAttempt } from "../../pool/export.js";
import { saidBy } from "../provenance.js";
import { locate } from "../steps.js";
import type { ExportContext, Made, RowMaker } from "../types.js";
import { rulingOf } from "../words.js";

/**
 * ProcessBench's records: `id`, `generator`, `problem`, `steps`, `final_answer_correct`, and `label`, the 0-based index
 * of the first wrong step or -1. https://huggingface.co/datasets/Qwen/ProcessBench
 */
export function processbench({ annotator }: ExportContext): RowMaker {
  return {
    rows(record: ExportedAttempt): Made {
      const found = locate(record, annotator);
      if (typeof found === "string") return found;
      const ruling = rulingOf(record, annotator);
      if (ruling === "conflict") return ruling;
      if (ruling.verdict === "unscored") return "unscored";
      const { attempt, problem } = record;
      const row = {
        id: `${problem.set}-${problem.id}-${attempt.id}`,
        generator: attempt.modelId,
        problem: problem.problem,
        steps: found.steps,
        final_answer_correct: ruling.verdict === "correct",
        label: found.firstWrong - 1,
      };
      return [{ row, provenance: saidBy(record, found.by) }];
    },
  };
}
