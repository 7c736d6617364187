import type { ReviewItem, ReviewState, SolutionView } from "../../src/protocol/review.js";
import { DEFAULT_RUBRIC } from "../../src/protocol/rubric.js";
import { cutSteps } from "../../src/protocol/steps.js";

/** What the Review page is shown in tests: a short failed solution, and the state around it. */
export const solution = (text: string): SolutionView => ({
  text,
  steps: cutSteps(text),
  answer: "-2",
  span: null,
});

export const item = (more: Partial<ReviewItem> = {}): ReviewItem => ({
  attemptId: 1,
  problem: { set: "s", id: "p", text: "Solve $x+1=2$ for $5 and $6", gold: "1" },
  modelId: "base",
  solution: solution("$x=-2$\n\\boxed{-2}"),
  hidden: false,
  verdict: "incorrect",
  reason: "compared as numbers",
  finish: "stop",
  tokens: 9,
  inPool: true,
  errorType: null,
  reflection: null,
  group: { correct: 2, scored: 8, size: 8 },
  siblings: [],
  others: [],
  overrules: [],
  graded: "incorrect",
  opinions: [],
  dispute: null,
  answerHow: null,
  card: null,
  mine: { ratings: {}, labels: [] },
  refuses: {},
  ...more,
});

export const state = (shown: ReviewItem, more: Partial<ReviewState> = {}): ReviewState => ({
  item: shown,
  foreseen: {},
  position: 1,
  total: 2,
  reviewed: 0,
  leftOut: 0,
  order: "stored",
  disputes: false,
  blind: false,
  rubric: DEFAULT_RUBRIC,
  axis: "overall",
  scope: "",
  pace: null,
  cursor: 1,
  mode: "localise",
  notice: null,
  canUndo: false,
  busy: null,
  watchable: false,
  readOnly: null,
  ...more,
});
