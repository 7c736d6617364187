import type { ExportedAttempt } from "../../pool/export.js";
import { saidBy } from "../provenance.js";
import { locate, stepsOf } from "../steps.js";
import type { ExportContext, Made, RowMaker } from "../types.js";
import { agreed, rulingOf, wordsOf } from "../words.js";

/**
 * PRM800K's records, as its README writes them: what a labeler said of each step up to the first wrong one. `timestamp` is
 * UTC, `total_time` milliseconds (null where nobody measured it), `labeler` a name instead of a number.
 * https://github.com/openai/prm800k#data
 */
export function prm800k({ annotator }: ExportContext): RowMaker {
  return {
    rows(record: ExportedAttempt): Made {
      if (record.bad) return badProblem(record, annotator);
      const found = locate(record, annotator);
      if (typeof found === "string") return found;
      const { steps, firstWrong, by } = found;
      const ruling = rulingOf(record, annotator);
      if (ruling === "conflict") return ruling;
      // `solution` means: all steps hold, up to the right answer.
      if (firstWrong === 0 && ruling.verdict !== "correct") return "contradiction";
      const judged = firstWrong === 0 ? steps : steps.slice(0, firstWrong);
      const label = {
        steps: judged.map((text, i) => ({
          completions: [{ text, rating: i + 1 === firstWrong ? -1 : 1, flagged: null }],
          human_completion: null,
          chosen_completion: i + 1 === firstWrong ? null : 0,
        })),
        total_time: by.seconds === null ? null : Math.round(by.seconds * 1000),
        finish_reason: firstWrong === 0 ? "solution" : "found_error",
      };
      return [{ row: recordOf(record, by, label), provenance: saidBy(record, by) }];
    },
  };
}

/** PRM800K has a word for these: a labeler reported the problem as broken. */
function badProblem(record: ExportedAttempt, annotator: string | undefined): Made {
  const by = agreed(wordsOf(record, "badProblem", annotator));
  if (by === "none" || by === "conflict") return "badProblem";
  const total_time = by.seconds === null ? null : Math.round(by.seconds * 1000);
  const label = { steps: [], total_time, finish_reason: "bad_problem" };
  return [{ row: recordOf(record, by, label), provenance: saidBy(record, by) }];
}

function recordOf(record: ExportedAttempt, by: { who: string; at: string }, label: object): object {
  const { attempt, problem } = record;
  return {
    labeler: by.who,
    timestamp: by.at.replace(/Z$/, ""),
    generation: null,
    is_quality_control_question: false,
    is_initial_screening_question: false,
    question: {
      problem: problem.problem,
      ground_truth_solution: null,
      ground_truth_answer: problem.gold,
      pre_generated_steps: stepsOf(record),
      pre_generated_answer: attempt.answer,
      pre_generated_verifier_score: null,
    },
    label,
  };
}
