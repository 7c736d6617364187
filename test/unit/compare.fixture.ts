import type { ComparedAttempt } from "../../src/protocol/compare-panel.js";
import type { Comparison } from "../../src/protocol/comparison.js";
import { cutSteps } from "../../src/protocol/steps.js";
import type { Verdict } from "../../src/protocol/types.js";
import { compareEvaluations } from "../../src/runs/comparison.js";
import type { EvaluatedProblem, Evaluation } from "../../src/sampling/evaluate.js";

const G = 4;
function problem(rowId: number, correct: number, from: number): EvaluatedProblem {
  return {
    problem: { rowId, id: `p${rowId}`, set: "s", problem: `Solve $x+${rowId}=2$`, gold: "1", level: "L1" },
    ...{ correct, scored: G, unscored: 0, truncated: 0, lifts: [] },
    attemptIds: Array.from({ length: G }, (_, i) => from + 10 * rowId + i),
  };
}
function evaluation(modelId: string, correct: number[], more: Partial<Evaluation> = {}): Evaluation {
  const none = { fixed: 0, scored: 0, unscored: 0 };
  return {
    ...{
      modelId,
      group: G,
      problems: correct.map((k, i) => problem(i + 1, k, modelId === "new" ? 1000 : 0)),
      attempts: [],
      reflections: [],
    },
    ...{ made: 0, tokens: 0, seconds: 0, tokensPerSecond: 0, backend: null, notTaken: [] },
    lift: { protocol: "oracle-gated", attempts: [], reflection: none, retry: none },
    ...more,
  };
}
export const looks = (second: Verdict) =>
  [1, 2, 3].map((problemId) => ({
    ...{
      attemptId: problemId,
      problemId,
      first: "incorrect" as const,
      second,
      changed: true,
      editRatio: 0.2,
    },
  }));
const options = { temperature: 1, topP: 1, topK: 0, maxTokens: 110, seed: 7 };
export const compared = (more: [Partial<Evaluation>, Partial<Evaluation>] = [{}, {}]): Comparison => ({
  ...compareEvaluations(
    evaluation("base", [0, 4, 1], more[0]),
    evaluation("new", [4, 4, 3], more[1]),
    [],
    "s.jsonl",
  ),
  ...{ sampling: options, createdAt: "2026-01-01T00:00:00.000Z" },
});
export const attempts = (rowId: number, verdicts: Verdict[], from = 0): ComparedAttempt[] =>
  verdicts.map((verdict, i) => {
    const text = `$x+${rowId}=2$\n$x=${i}$\n\\boxed{${i}}`;
    const solution = { text, steps: cutSteps(text), answer: String(i), span: null };
    return {
      id: from + 10 * rowId + i,
      verdict,
      reason: "compared as numbers",
      finish: "stop",
      tokens: 9,
      solution,
    };
  });
