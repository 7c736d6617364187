import type { ForeignScore } from "../../protocol/import.js";
import type { Finish } from "../../protocol/types.js";

/** The beginning of a file, by which formats know their own. */
export interface FileStart {
  /** Base name. */
  name: string;
  /** At most `START` bytes. */
  bytes: Uint8Array;
  /** The same as text, without a byte-order mark; "" where it is no text. */
  text: string;
  /** Of a Parquet file (whose names stand at its end): its top-level columns; absent where there are none to read. */
  columns?: readonly string[];
}

/** One sample of a foreign log, before it is graded. */
export interface ForeignAttempt {
  kind: "attempt";
  /** Where it stands, for people: "line 12", "row 3", "sample 7 of epoch 2". */
  place: string;
  problem: {
    /** As the log names it; null: derived from the text (`derivedId`). */
    id: string | null;
    text: string;
    /** null: the log has none. */
    gold: string | null;
    level?: string;
    kind?: string;
    topic?: string;
  };
  /** Task or data set; null: the file's name. */
  set: string | null;
  /** null: the log does not say. */
  modelId: string | null;
  /** Where set or model are not said, this stands for them and not the file's name: the run whose step a file is. */
  run?: string;
  /** What makes samples of one problem one group, beside model and file: a filter, a training step. "" where nothing does. */
  group: string;
  /** Which sample of its group; null: the next one in the order of the file. */
  sample: number | null;
  text: string;
  /** null: the log does not say. */
  finish: Finish | null;
  /** New tokens; null: the log does not say. */
  tokens: number | null;
  scores: ForeignScore[];
}

/** A row that is no attempt, and why: told to the person, by reason. */
export interface SkippedRow {
  kind: "skipped";
  place: string;
  /** Without its place, so that equal ones are counted together ("the sample ended in an error"). */
  why: string;
}

/** A problem without attempts, from a problem set. */
export interface ForeignProblem {
  kind: "problem";
  place: string;
  set: string | null;
  problem: ForeignAttempt["problem"];
}

export type ForeignRow = ForeignAttempt | ForeignProblem | SkippedRow;

export interface ReadOptions {
  /** Of the formats that need one. */
  mapping?: Readonly<Record<string, string>>;
  /** A second file that belongs to it (a batch's requests). Absolute. */
  companion?: string;
  signal?: AbortSignal;
  /** How much of the file was read, 0..1. */
  progress?: (share: number) => void;
}

/** Which of the file's fields mean what, for the preview. */
export interface FieldMeaning {
  /** As a path: `doc.question`, `resps[i][j]`. */
  field: string;
  /** In words: "problem", "solution", "score of exact_match". */
  means: string;
}

/** One foreign format. Reading holds no more than a chunk of the file in memory, whatever its size. */
export interface Format {
  id: string;
  /** For people: "lm-evaluation-harness samples". */
  title: string;
  reads(start: FileStart): boolean;
  /**
   * Rows in the order of the file. What is wrong with one row is a `skipped` row and never an exception; a file that ends
   * badly rejects with an ErrataError ("bad-import": file, line or row, what to do) after the rows before it.
   */
  rows(file: string, options: ReadOptions): AsyncIterable<ForeignRow>;
  /** From the first rows of the file. */
  fields(file: string, options: ReadOptions): Promise<FieldMeaning[]>;
}
