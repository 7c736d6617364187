import { REVIEW_ACTIONS } from "../protocol/review.js";

/**
 * Ids that package.json contributes and the code uses. A test holds the two together, so a command that
 * nobody handles, or a view that nobody fills, does not get past it.
 */

/** What a reviewer's keys do: contributed as `errata.review.<action>`, carried out by the Review panel. */
export const REVIEW_COMMANDS = REVIEW_ACTIONS;

/** Everything else that is contributed as `errata.<command>`. */
export const COMMANDS = [
  "tryDemo",
  "sample",
  "sampleFile",
  "stop",
  "watch",
  "reflect",
  "reflectPool",
  "review",
  "compareWithModel",
  "compareWithFailed",
  "export",
  "importAttempts",
  "openInErrorPool",
  "applyFilter",
  "filter",
  "clearFilter",
  "saveFilter",
  "useFilter",
  "buildSearchIndex",
  "judgeSelection",
  "judgeErrorType",
  "judgeLabel",
  "judgeVerdict",
  "judgeFlag",
  "judgeProblem",
  "group",
  "refresh",
  "loadMore",
  "newRecipe",
  "previewRun",
  "trainOnSelection",
  "trainOnFilter",
  "startRun",
  "stopRun",
  "resumeRun",
  "openRun",
  "openRunLog",
  "openRecipe",
  "cloneRecipe",
  "deleteRun",
  "compare",
  "openComparison",
  "addModel",
  "useModel",
  "removeModel",
  "setEndpointKey",
  "setClusterToken",
  "setUpTraining",
  "setUpCuda",
  "doctor",
  "showLog",
  "editRubric",
  "editPrompts",
  "previewPrompt",
  "walkthrough",
  "agreement",
  "mergePool",
  "reviewDisputes",
  "askGrader",
  "regrade",
  "showRegrades",
  "showGroup",
] as const;
export type CommandName = (typeof COMMANDS)[number];

/** Context keys that `when` clauses read. The two of the review are set by its panel. */
export const CONTEXT = {
  reviewFocused: "errata.review.focused",
  reviewTyping: "errata.review.typing",
  working: "errata.working",
  /** Something is being sampled that can be watched. */
  sampling: "errata.sampling",
  /** `none` | `noneKept` | `noneMatch` | `some`: which welcome the Error Pool shows. */
  poolState: "errata.pool.state",
  filtered: "errata.pool.filtered",
  anyModels: "errata.models.any",
  /** Graders contradict each other somewhere, or could not tell. */
  disputed: "errata.pool.disputed",
} as const;

/** Steps of the walkthrough, each done when it really happened: context keys `errata.done.<step>`. */
export const STEPS = ["sampled", "reflected", "reviewed", "trained", "compared"] as const;
export type Step = (typeof STEPS)[number];

export const VIEWS = { pool: "errata.pool", runs: "errata.runs", models: "errata.models" } as const;

/** `viewType` of the panels, for their serializers. */
export const PANELS = {
  review: "errata.review",
  run: "errata.run",
  compare: "errata.compare",
  preview: "errata.preview",
  agreement: "errata.agreement",
  regrade: "errata.regrade",
  import: "errata.import",
} as const;
