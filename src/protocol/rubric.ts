/** What people say of an attempt beside right and wrong: rating axes with written anchors, error types, labels. */

/** One scale of 1..5. */
export interface Axis {
  /** What annotations are stored under; `overall` is the plain rating. */
  id: string;
  title: string;
  /** What 1, 2, 3, 4 and 5 mean. */
  anchors: readonly [string, string, string, string, string];
}

/** A kind of error, or a label: chosen by a key of its own from a list. */
export interface Choice {
  /** What annotations are stored under. */
  id: string;
  title: string;
  /** One printable character, unique within its list. */
  key?: string;
  description?: string;
}

export interface Rubric {
  /** `overall` comes first and is always there. */
  axes: readonly Axis[];
  /** Of an attempt: what kind of error it holds. One stands at a time. */
  errorTypes: readonly Choice[];
  /** Of an attempt: as many as a person likes. */
  labels: readonly Choice[];
}

const OVERALL: Axis = {
  id: "overall",
  title: "Overall",
  anchors: [
    "misleads: names no error, or a wrong one",
    "vague: something is wrong, not what",
    "half right: the place or the cause",
    "right place and cause, small gaps",
    "names the line and the cause; the correction follows",
  ],
};

/** What stands where a workspace has no `.errata/rubric.json`. */
export const DEFAULT_RUBRIC: Rubric = {
  axes: [
    OVERALL,
    {
      id: "locates",
      title: "Locates the error",
      anchors: [
        "points at a right step, or at none",
        "somewhere near, or only “the calculation”",
        "the right part, not the step",
        "the right step among others",
        "exactly the first wrong step",
      ],
    },
    {
      id: "explains",
      title: "Explains the cause",
      anchors: [
        "a cause that is not there",
        "says that it is wrong, not why",
        "a cause that could fit many errors",
        "the right cause, loosely said",
        "the rule that was broken, and how",
      ],
    },
    {
      id: "valid",
      title: "Correction is valid",
      anchors: [
        "wrong, or none",
        "right answer, invalid steps",
        "valid steps, a gap that matters",
        "valid, a small slip in form",
        "every step follows, to the right answer",
      ],
    },
    {
      id: "independent",
      title: "Does not leak the gold answer",
      anchors: [
        "states the answer without deriving it",
        "works backwards from the answer",
        "the answer steers the steps",
        "derived, with a hint of knowing",
        "derived from the problem alone",
      ],
    },
  ],
  errorTypes: [
    {
      id: "arithmetic",
      title: "Arithmetic",
      key: "a",
      description: "a sum, product or power worked out wrong",
    },
    { id: "sign", title: "Sign", key: "s", description: "a minus lost or gained" },
    { id: "algebra", title: "Invalid algebra", key: "g", description: "a step that no rule allows" },
    { id: "misread", title: "Misread the problem", key: "m", description: "another problem was solved" },
    {
      id: "method",
      title: "Wrong method",
      key: "w",
      description: "a theorem or formula that does not apply",
    },
    { id: "case", title: "Missing case", key: "c", description: "a case or a condition left out" },
    { id: "unjustified", title: "Unjustified step", key: "u", description: "perhaps true, but never shown" },
    { id: "unfinished", title: "Unfinished", key: "f", description: "stops, or loops, before an answer" },
    { id: "format", title: "Answer format", key: "o", description: "right in substance, not as asked" },
  ],
  labels: [],
};
