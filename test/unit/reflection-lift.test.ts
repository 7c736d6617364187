import { expect, test } from "vitest";
import type { Attempt, Reflection, Verdict } from "../../src/protocol/types.js";
import { liftOf } from "../../src/reflection/lift.js";

const attempt = (id: number, problemId: number, verdict: Verdict): Attempt => ({
  ...{
    id,
    problemId,
    groupId: problemId,
    sample: id,
    modelId: "base",
    text: "",
    finish: "stop",
    tokens: 1,
    verdict,
  },
  ...{ answer: "1", answerSpan: null, reason: "", inPool: false, errorType: null, errorTypeSource: null },
  createdAt: "",
});
const reflection = (attemptId: number, verdict: Verdict, parsed = true): Reflection => ({
  ...{
    id: attemptId * 10,
    attemptId,
    modelId: "base",
    sample: 0,
    text: "",
    analysis: "",
    correctedSolution: "",
  },
  ...{ parsed, verdict, answer: null, reason: "", createdAt: "" },
});

test("fix rate and plain retry are counted on the same wrong attempts", () => {
  const wrong = [attempt(1, 1, "incorrect"), attempt(2, 1, "incorrect"), attempt(3, 2, "incorrect")];
  const lift = liftOf(
    wrong,
    [
      reflection(1, "correct"),
      reflection(1, "incorrect"),
      reflection(2, "correct", false), // a right answer without its sections is no correction
      reflection(3, "unscored"),
      reflection(3, "truncated"),
      reflection(99, "correct"), // of an attempt that is not asked for
    ],
    new Map([
      [1, [attempt(11, 1, "incorrect"), attempt(12, 1, "correct")]],
      [2, [attempt(13, 1, "unscored")]],
    ]),
  );
  expect(lift).toEqual({
    protocol: "oracle-gated",
    attempts: [
      {
        ...{ attemptId: 1, problemId: 1 },
        reflection: { fixed: 1, scored: 2, unscored: 0 },
        retry: { fixed: 1, scored: 2, unscored: 0 },
      },
      {
        ...{ attemptId: 2, problemId: 1 },
        reflection: { fixed: 0, scored: 1, unscored: 0 },
        retry: { fixed: 0, scored: 0, unscored: 1 },
      },
      {
        ...{ attemptId: 3, problemId: 2 },
        reflection: { fixed: 0, scored: 1, unscored: 1 },
        retry: { fixed: 0, scored: 0, unscored: 0 },
      },
    ],
    reflection: { fixed: 1, scored: 4, unscored: 1 },
    retry: { fixed: 1, scored: 2, unscored: 1 },
  });
});
