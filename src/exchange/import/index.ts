import type { Grader } from "../../grading/types.js";
import type { Pool } from "../../pool/types.js";
import type { ImportMapping, ImportPreview } from "../../protocol/import.js";
import { ErrataError, type Report } from "../../protocol/types.js";
import { HEAD } from "../lines.js";
import { importErrata } from "./errata.js";
import { importForeign } from "./foreign.js";
import { detectFormat } from "./formats/index.js";
import { withProblems } from "./gold.js";
import { refuseMapping, rememberMapping, resolveMapping } from "./mapping.js";
import { previewForeign } from "./preview.js";
import { readStart } from "./start.js";
import type { FileStart } from "./types.js";

/** Rows of a kind, with the first places where they stand ("line 12"). */
export interface Told {
  why: string;
  count: number;
  places: string[];
}

export interface ImportResult {
  /** "errata", or the id of a foreign format. */
  format: string;
  /** New in this pool. */
  problems: number;
  attempts: number;
  reflections: number;
  annotations: number;
  /** Rows of the file that were not stored: known already, contradicting what is here, or no attempts. */
  skipped: number;
  /** The same, by reason; `unusable` ones are told in `told`. */
  reasons: { known: number; contradicted: number; unusable: number };
  /** What the file's own graders said, as opinions beside our verdicts. */
  opinions: number;
  /** Rows that are no attempts, and what is odd about others, in words. */
  told: Told[];
}

export interface NameOptions {
  /** Of a plain file: which column is what; absent ones are guessed, "" is none. */
  mapping?: Partial<ImportMapping> | undefined;
  /** The problem set that its problems go into; null or absent: as the log says, else the file's name. */
  set?: string | null | undefined;
  /** The model, where the log has none; null or absent: the file's name. */
  model?: string | null | undefined;
  /** Makes it another source than the same file without, or with another name. */
  run?: string | undefined;
  /** A second file that belongs to it (a batch's requests). Absolute. */
  companion?: string | undefined;
  /** A problem set: rows without a gold answer are attempts at its problems, found by their text. Absolute. */
  problems?: string | undefined;
  signal?: AbortSignal | undefined;
}

export interface ImportOptions extends NameOptions {
  /** Grades foreign attempts; an export of Errata's own needs none. */
  grader?: Grader;
  report?: Report;
}

export interface PreviewOptions extends NameOptions {
  /** For what is stored already, and for the mapping that was chosen before. */
  pool?: Pool | undefined;
  /** Partial previews, some a second, while the file is read. */
  onPreview?: (preview: ImportPreview) => void;
}

/**
 * What importing a file would do; nothing is written. One pass over the file with bounded memory.
 *
 * Rejects with "no-file", "unknown-format", "no-preview" (an export of Errata's own, which says itself what it holds)
 * and with the signal's reason. What stops an import otherwise is the preview's `trouble`.
 */
export async function previewImport(file: string, options: PreviewOptions = {}): Promise<ImportPreview> {
  const start = await readStart(file);
  if (isErrata(start)) {
    throw new ErrataError(
      `${start.name} is an export of Errata's own: it is taken in as it is.`,
      "Import it; the same file twice adds nothing.",
      "no-preview",
    );
  }
  const format = detectFormat(start) ?? refuse(start, file);
  const mapping = await resolveMapping(format, file, options.pool, options.mapping);
  const { problems } = options;
  const answered = problems === undefined ? format : await withProblems(format, problems);
  return previewForeign(file, start, answered, mapping, options);
}

/**
 * Takes a file into the pool: Errata's own export, or a log of another tool, which the format is detected from. What is
 * stored stays, where the file ends badly or the work is stopped; the same file again goes on and adds nothing twice.
 *
 * Rejects with "no-file", "unknown-format", "bad-export" or "bad-import" (with file and line), "needs-mapping",
 * "problem-set" (problems without attempts), "disk-full", and with the signal's reason.
 */
export async function importFile(
  pool: Pool,
  file: string,
  options: ImportOptions = {},
): Promise<ImportResult> {
  const { report = () => undefined, signal, grader } = options;
  const start = await readStart(file);
  if (isErrata(start)) return importErrata({ pool, file, report, signal });
  const format = detectFormat(start) ?? refuse(start, file);
  const mapping = await resolveMapping(format, file, pool, options.mapping);
  refuseMapping(file, mapping);
  if (!grader) throw new TypeError("a foreign log needs a grader");
  const { problems } = options;
  const answered = problems === undefined ? format : await withProblems(format, problems);
  const job = { pool, file, start, format: answered, mapping, grader, report, options };
  const result = await importForeign(job);
  if (options.mapping) await rememberMapping(format, file, pool, options.mapping);
  return result;
}

/** The head is the first line of an export and its type and format come first. */
const ERRATA = new RegExp(`^\\s*\\{\\s*"type"\\s*:\\s*"head"\\s*,\\s*"format"\\s*:\\s*"${HEAD}"`);
const isErrata = ({ text }: FileStart): boolean => ERRATA.test(text);

function refuse({ bytes, text }: FileStart, file: string): never {
  const seen =
    bytes.length === 0
      ? "it is empty"
      : text === ""
        ? `it begins with the bytes ${Buffer.from(bytes.subarray(0, 8)).toString("hex")}`
        : `it begins with ${JSON.stringify(text.trim().slice(0, 60))}`;
  throw new ErrataError(
    `${file} is no file that Errata can import: ${seen}.`,
    "Errata imports samples of lm-evaluation-harness, details of lighteval, Inspect logs, completions of TRL and verl, OpenAI-style batch output, its own exports, and tables of attempts as JSON lines, a JSON array, CSV or Parquet.",
    "unknown-format",
  );
}
