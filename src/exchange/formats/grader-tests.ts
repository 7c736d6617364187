import type { ExportedAttempt } from "../../pool/export.js";
import { saidBy } from "../provenance.js";
import type { ExportContext, Made, RowMaker } from "../types.js";
import { rulingOf } from "../words.js";

/**
 * Attempts whose verdict a person gave, as a test of graders: `errata grade` takes the file as it is, and what it says
 * (`verdict`) stands then beside the person's (`expected`). Among them are those where the person said as we did.
 */
export function graderTests({ annotator }: ExportContext): RowMaker {
  return {
    rows(record: ExportedAttempt): Made {
      if (record.bad) return "badProblem";
      const ruling = rulingOf(record, annotator);
      if (ruling === "conflict") return "conflict";
      if (!ruling.by) return "noVerdict";
      const { attempt, problem, graded, opinions } = record;
      if (problem.gold.trim() === "") return "noGold";
      const row = {
        ...{ id: attempt.id, gold: problem.gold, text: attempt.text, answer: attempt.answer },
        expected: ruling.verdict,
        ours: { verdict: graded, reason: attempt.reason },
        others: opinions.map(({ grader, version, verdict, answer, reason }) => ({
          ...{ grader, version, verdict, answer, reason },
        })),
        problem: { set: problem.set, id: problem.id },
      };
      return [{ row, provenance: saidBy(record, ruling.by) }];
    },
  };
}
