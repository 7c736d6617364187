/** What an import is made of, as the command line, the Import panel and the importers say it to each other. */

/** What a log's own grader said of an attempt. */
export interface ForeignScore {
  /** As the log names it: "exact_match", "accuracy_reward". */
  name: string;
  /** 1 and `true` are right, 0 and `false` wrong; what lies between is kept and decides nothing. */
  value: number | boolean;
  /** What it read as the answer, where the log says. */
  answer?: string;
}

/** Which column or path of a plain file is what; absent: none. Paths have dots: `doc.question`. */
export interface ImportMapping {
  problem: string;
  text: string;
  gold?: string;
  id?: string;
  model?: string;
  sample?: string;
  score?: string;
  level?: string;
  kind?: string;
}

export interface ImportPreview {
  file: string;
  format: string;
  /** Of the format, for people. */
  title: string;
  bytes: number;
  /** False while the file is still being read: counts are "at least". */
  complete: boolean;
  problems: number;
  attempts: number;
  groups: number;
  /** Attempts of the largest group. */
  largestGroup: number;
  models: { model: string; attempts: number }[];
  /** Of its own graders, and how often each says right, wrong, or neither. */
  scores: { name: string; right: number; wrong: number; other: number }[];
  withoutGold: number;
  fields: { field: string; means: string; example: string }[];
  /** Rows that are not taken, by reason, each with its first places. */
  skipped: { why: string; count: number; places: string[] }[];
  /** What is odd about attempts that are taken (an empty solution), in words. */
  notes?: { why: string; count: number; places: string[] }[];
  /** The first attempts as they would be stored; texts cut to 4,000 characters. */
  first: { problem: string; gold: string | null; text: string; model: string; scores: string }[];
  /** Of a plain file: what columns there are, and what each is taken for. null where the format says it all. */
  mapping: { columns: string[]; chosen: Partial<ImportMapping> } | null;
  /** Why it cannot be imported as it is, and what to do; null when it can. */
  trouble: string | null;
  /** What is in the pool of this file already. */
  stored: { attempts: number; complete: boolean } | null;
}

export type ImportFromView =
  | { type: "ready" }
  | { type: "mapping"; mapping: Partial<ImportMapping> }
  /** Name of the set that the problems go into; the model's name where the log has none; null: as proposed. */
  | { type: "names"; set: string | null; model: string | null }
  | { type: "import" }
  | { type: "cancel" }
  /** Looks at the file once more. */
  | { type: "again" }
  /** It holds problems alone: they are sampled. */
  | { type: "sample" }
  /** Asks for the file of requests that a batch's output answers. */
  | { type: "companion" }
  /** Asks for the problem set that was sampled: it has the gold answers. */
  | { type: "problems" }
  | { type: "showPool" };

/** What the Import panel keeps for a reload of the window. */
export interface ImportMemory {
  file: string;
  /** What the person chose, beside what was proposed. */
  mapping: Partial<ImportMapping>;
  set: string | null;
  model: string | null;
  companion: string | null;
  problems: string | null;
  /** Which of the first attempts is shown; 0 is the first. */
  at: number;
}

export interface ImportState {
  /** Absolute. */
  file: string;
  /** It is being read: `preview` is of what was read so far, or from before a change. */
  busy: boolean;
  preview: ImportPreview | null;
  /** What stands in the fields of the names; "" is as proposed: as the log says, else the file's name. */
  names: { set: string; model: string };
  /** The second file that a person named (a batch's requests); absolute. */
  companion: string | null;
  /** The problem set that a person named for its gold answers; absolute. */
  problems: string | null;
  /** While it is imported. */
  progress: { done: number; total: number | null; stage: string; secondsLeft?: number } | null;
  /** How it ended, in words. */
  ended: { words: string; ok: boolean } | null;
  /** Why the file cannot be read. */
  trouble: { message: string; advice: string; code?: string } | null;
  /** Why nothing can be imported here; null when it can. */
  readOnly: string | null;
}

export type ImportToView = { type: "state"; state: ImportState };
