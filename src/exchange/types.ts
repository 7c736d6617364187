import type { ExportedAttempt, Selection } from "../pool/export.js";

export const EXPORT_FORMATS = [
  "sft",
  "dpo",
  "kto",
  "stepwise",
  "processbench",
  "prm800k",
  "label-studio",
  "grader-tests",
  "inspect-scores",
  "jsonl",
  "parquet",
] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Why an attempt (or, of an import, a line) is not in the file. */
export type SkipReason =
  | "badProblem"
  | "conflict"
  | "contradiction"
  | "missing"
  | "noChosen"
  | "noCorrection"
  | "noGold"
  | "noPrompt"
  | "noStep"
  | "noVerdict"
  | "right"
  | "same"
  | "truncated"
  | "unscored"
  | "unknownStep";

/** The same in words, for people: "12 …". */
export const SKIP_WORDS: Record<SkipReason, string> = {
  badProblem: "of problems that somebody called bad",
  conflict: "where people disagree and nobody decided",
  contradiction: "without a wrong step, and yet not right",
  missing: "named, but not in this pool",
  noChosen: "wrong, without a correction or a right sibling",
  noCorrection: "not right, without a correction that a person accepted or wrote",
  noGold: "of problems without a gold answer",
  noPrompt: "whose prompt could not be rendered",
  noStep: "without a first wrong step that a person named",
  noVerdict: "whose verdict no person gave",
  right: "right already",
  same: "whose correction says the same",
  truncated: "cut off at the token limit",
  unscored: "that nobody could score",
  unknownStep: "where the named step does not exist",
};

/** Where a row's label comes from: a person's word, a machine's (the grader), or whoever made the problem set. */
export interface Provenance {
  /** Id of the attempt in its pool. */
  attempt: number;
  who: string;
  /** ISO 8601, UTC. */
  at: string;
  kind: "person" | "machine" | "generator";
  /** Whose text it is; null where a person wrote it. */
  model: string | null;
  /** Hash of model, options, prompt and group size: the same in every pool. */
  sampling: string;
  /** The reflection that the text is of. */
  reflection: number | null;
}

export interface ExportRow {
  row: object;
  provenance: Provenance;
}

/** What an attempt becomes in a format. */
export type Made = ExportRow[] | SkipReason;

export interface ExportContext {
  /** Only this person's words count. */
  annotator: string | undefined;
}

/** A text file that belongs beside the export. */
export interface Beside {
  /** Put after the export's own name. */
  suffix: string;
  text: string;
}

/** Of a format that is one object around its rows. */
export interface Document {
  /** Its other fields, which come first. */
  head: object;
  /** The name under which the rows stand. */
  rows: string;
}

/** One attempt after another becomes rows; made anew for each export, so that it may keep what it saw. */
export interface RowMaker {
  rows(record: ExportedAttempt): Made;
  /** Once all attempts were seen. */
  beside?(): Beside;
  /** The same, of a document: all attempts are shown to one maker for this, and to another for their rows. */
  document?(): Document;
}

export interface FormatEntry {
  id: ExportFormat;
  title: string;
  /** One line: what becomes what. */
  description: string;
  /** Of the file's name. */
  ending: "jsonl" | "json" | "parquet";
  /** Where nobody asks for another selection. */
  selection: Selection;
  /** It renders the prompts that the pool keeps, which are templates: not in an untrusted workspace. */
  renders: boolean;
}

export interface ExportResult {
  format: ExportFormat;
  rows: number;
  skipped: Partial<Record<SkipReason, number>>;
  file: string;
  /** What was written beside it. */
  beside: string[];
}
