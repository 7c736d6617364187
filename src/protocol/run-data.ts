/** What a run takes from the workspace, counted before it starts and again when its folder is written. */

/**
 * `errors` are reflected on (ScRPO, reflect-retry-reward); `right` are the model's right attempts, `corrections`
 * right corrections of wrong ones and `gold` the problem set's own solutions (SFT); `pairs` are a wrong attempt with its analysis and right correction (SFT); `preferences` a
 * right against a wrong attempt of one group (DPO); `attempts`, right and wrong, are what S²R's initialisation builds on.
 */
export type DataKind = "errors" | "right" | "corrections" | "gold" | "pairs" | "preferences" | "attempts";

/** Why something was left out: the first of these that holds. */
export type LeftOut =
  | "elsewhere"
  | "badProblem"
  | "level"
  | "kind"
  | "model"
  | "undecided"
  | "errorType"
  | "noStep"
  | "noReflection"
  | "notRated"
  | "ratedLower"
  | "notRight"
  | "notAccepted"
  | "filtered"
  | "alone"
  | "noSolution"
  | "cutOff"
  | "same"
  | "perProblem"
  | "poolSize";

export interface DataCount {
  kind: DataKind;
  /** Items that the run will use. */
  used: number;
  /** Of how many problems. */
  problems: number;
  /** Attempts (of `gold`: problems) that are not used, by reason, the most frequent first. */
  leftOut: { why: LeftOut; count: number }[];
}

export interface RunData {
  /** Problems of the run's own set. */
  problems: number;
  /** The run samples its examples itself before it learns: nothing of the workspace is used. */
  sampled: boolean;
  /** One for each kind of item that the recipe asks for; none for methods that take nothing. */
  counts: DataCount[];
  /** Whose reflections are used: a model's id, or the person who mended the correction. */
  reflections: { by: string; person: boolean; count: number }[];
}

/** What each kind is called: one, several. */
export const DATA_KINDS: Readonly<Record<DataKind, readonly [one: string, several: string]>> = {
  errors: ["error to reflect on", "errors to reflect on"],
  right: ["right attempt", "right attempts"],
  corrections: ["right correction", "right corrections"],
  gold: ["solution of the problem set", "solutions of the problem set"],
  pairs: ["wrong → right pair", "wrong → right pairs"],
  preferences: ["preference pair", "preference pairs"],
  attempts: ["attempt", "attempts"],
};

/** Goes on from "12 left out: …". */
export const LEFT_OUT: Readonly<Record<LeftOut, string>> = {
  elsewhere: "on a problem that is not in the run's problem set",
  badProblem: "on a problem that a person called bad",
  level: "of another level",
  kind: "of another kind",
  model: "by another model",
  undecided: "truncated, or nobody knows whether it is right",
  errorType: "with another error type",
  noStep: "without a first wrong step marked by a person",
  noReflection: "without a reflection in two sections",
  notRated: "without a person's rating on the axis",
  ratedLower: "rated lower",
  notRight: "without a right correction",
  notAccepted: "without a correction that a person accepted",
  filtered: "in a group that the recipe's filter leaves out",
  alone: "in a group without both a right and a wrong attempt",
  noSolution: "without a worked solution",
  cutOff: "cut off at the token limit",
  same: "the same as another one",
  perProblem: "more than the recipe takes of one problem",
  poolSize: "more than the run's pool holds; the newest stay",
};
