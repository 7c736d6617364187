/**
 * Ids that package.json contributes and the code uses. A test holds the two together, so a command that
 * nobody handles, or a view that nobody fills, does not get past it.
 */

/** What a reviewer's keys do: contributed as `errata.review.<action>`, carried out by the Review panel. */
export const REVIEW_ACTIONS = [
  "next",
  "previous",
  "stepDown",
  "stepUp",
  "firstWrong",
  "noWrongStep",
  "rate1",
  "rate2",
  "rate3",
  "rate4",
  "rate5",
  "accept",
  "reject",
  "overruleCorrect",
  "overruleIncorrect",
  "overruleUnscored",
  "edit",
  "raw",
  "siblings",
  "badProblem",
  "flag",
  "note",
  "skip",
  "undo",
  "help",
  "reflect",
] as const;
export type ReviewAction = (typeof REVIEW_ACTIONS)[number];

/** Context keys that `when` clauses read. `errata.review.*` are set by the Review panel. */
export const CONTEXT = {
  reviewFocused: "errata.review.focused",
  reviewTyping: "errata.review.typing",
  working: "errata.working",
  poolEmpty: "errata.pool.empty",
  filtered: "errata.pool.filtered",
  grouping: "errata.pool.grouping",
  hasModels: "errata.hasModels",
  sampled: "errata.done.sampled",
  reviewed: "errata.done.reviewed",
  reflected: "errata.done.reflected",
  trained: "errata.done.trained",
  compared: "errata.done.compared",
} as const;

export const VIEWS = { pool: "errata.pool", runs: "errata.runs", models: "errata.models" } as const;

/** `viewType` of the panels, for their serializers. */
export const PANELS = { review: "errata.review", run: "errata.run", compare: "errata.compare" } as const;
