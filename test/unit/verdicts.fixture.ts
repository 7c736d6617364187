import type { RegradeRow, RegradeState } from "../../src/protocol/regrade.js";
import type { ReviewItem } from "../../src/protocol/review.js";
import type { GroupCard, Opinion, Regrade } from "../../src/protocol/verdicts.js";
import { item, solution } from "./review.fixture.js";

export const opinion = (more: Partial<Opinion> = {}): Opinion => ({
  id: 1,
  attemptId: 1,
  grader: "math-verify",
  version: "0.9.0",
  verdict: "correct",
  answer: "7/2",
  span: null,
  reason: "parsed both and found them equal",
  at: "2026-01-01T00:00:00.000Z",
  ...more,
});

/** An attempt over which three graders differ, each having read another place of it. */
export function disputed(text: string, more: Partial<ReviewItem> = {}): ReviewItem {
  const at = (from: number, to: number): [number, number] => [
    Math.floor(from * text.length),
    Math.max(Math.floor(from * text.length) + 1, Math.floor(to * text.length)),
  ];
  return item({
    solution: { ...solution(text), answer: text.slice(0, 20), span: at(0.8, 1) },
    dispute: { kind: "disagree", words: "math-verify says correct; ours incorrect" },
    answerHow: "\\boxed{}",
    opinions: [
      opinion({ span: at(0.4, 0.6) }),
      opinion({ id: 2, grader: "imported: exact_match", version: "", verdict: "incorrect", span: null }),
      opinion({
        id: 3,
        grader: "judge.js",
        version: "",
        verdict: "unscored",
        answer: null,
        span: at(0, 0.3),
      }),
    ],
    ...more,
  });
}

export const card = (more: Partial<GroupCard> = {}): GroupCard => ({
  ...{ groupId: 1, problemId: 1, modelId: "base", gold: "7/2", bad: false, size: 8, scored: 8, correct: 2 },
  clusters: [
    { answer: "-2", verdict: "incorrect", attemptIds: [1, 4, 5, 6, 7] },
    { answer: "\\frac{7}{2}", verdict: "correct", attemptIds: [2, 3] },
    { answer: null, verdict: "truncated", attemptIds: [8] },
  ],
  majority: { answer: "-2", verdict: "incorrect", share: 5 / 7 },
  majorityWrong: true,
  passAtK: [
    { k: 1, value: 0.25 },
    { k: 2, value: 0.464 },
    { k: 4, value: 0.786 },
    { k: 8, value: 1 },
  ],
  ...more,
});

export const regrade = (more: Partial<Regrade> = {}): Regrade => ({
  ...{ id: 3, who: "ada", at: "2026-01-02T10:00:00.000Z", state: "preview", graded: 1200 },
  settings: "answers from everywhere; tolerance 0.001; missing units forgiven",
  scope: "every attempt",
  changes: [
    { from: "incorrect", to: "correct", count: 41 },
    { from: "unscored", to: "incorrect", count: 7 },
    { from: "correct", to: "correct", count: 3 },
  ],
  ...more,
});

export const regradeState = (more: Partial<RegradeState> = {}): RegradeState => ({
  regrade: regrade(),
  history: [
    regrade(),
    regrade({ id: 2, state: "applied", scope: "the error pool" }),
    regrade({ id: 1, state: "undone" }),
  ],
  ...{ leftOut: 3, busy: null, notice: null, readOnly: null },
  ...more,
});

export const change = (attemptId: number, more: Partial<RegradeRow> = {}): RegradeRow => ({
  ...{ attemptId, from: "incorrect", to: "correct", fromAnswer: "3.1416", toAnswer: "3.1416" },
  fromReason: "Compared as numbers: 3.1416 is not 3.14159; read from \\boxed{}.",
  toReason: "Equal within a tolerance of 0.001; read from \\boxed{}.",
  problem: "What is the area of a circle of radius $1$, to four places?",
  gold: "3.14159",
  ...more,
});
