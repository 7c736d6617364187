import { createHash } from "node:crypto";
import { basename } from "node:path";
import { readNote, writeNote } from "../../pool/sources.js";
import type { Pool } from "../../pool/types.js";
import type { ImportMapping } from "../../protocol/import.js";
import { ErrataError } from "../../protocol/types.js";
import type { Apart } from "./fingerprint.js";
import { guessMapping } from "./formats/guess.js";
import { firstRows, isPlain } from "./formats/plain.js";
import type { NameOptions } from "./index.js";
import type { Format, ReadOptions } from "./types.js";

export interface ResolvedMapping {
  columns: string[];
  /** What was named, else what was chosen for such columns before, else what their names say; "" is none. */
  chosen: Partial<ImportMapping>;
}

/** Which columns of a plain file mean what; null for a format that says it itself. */
export async function resolveMapping(
  format: Format,
  file: string,
  pool: Pool | undefined,
  named: Partial<ImportMapping> | undefined,
): Promise<ResolvedMapping | null> {
  if (!isPlain(format)) return null;
  const rows = await firstRows(format, file);
  const { columns, guessed } = guessMapping(rows);
  const before =
    pool && !pool.readOnly ? await pool.transaction((db) => readNote(db, nameOf(format, columns))) : null;
  return { columns, chosen: { ...guessed, ...remembered(before), ...named } };
}

/** So that the next file with the same columns is read alike. */
export async function rememberMapping(
  format: Format,
  file: string,
  pool: Pool,
  mapping: Partial<ImportMapping>,
): Promise<void> {
  if (!isPlain(format)) return;
  const { columns } = guessMapping(await firstRows(format, file));
  await pool.transaction((db) => writeNote(db, nameOf(format, columns), JSON.stringify(mapping)));
}

/** What the columns make of a row: with others it is another source. */
export function apartOf(format: Format, mapping: ResolvedMapping | null, run: string | undefined): Apart {
  const { problem, text, sample } = mapping?.chosen ?? {};
  return {
    format: format.id,
    mapping: mapping ? JSON.stringify([problem ?? "", text ?? "", sample ?? ""]) : "",
    run: run ?? "",
  };
}

export function readOptions(
  mapping: ResolvedMapping | null,
  { companion, signal }: NameOptions,
  progress: (share: number) => void,
): ReadOptions {
  const chosen = Object.entries(mapping?.chosen ?? {}).filter(([, column]) => column !== "");
  return {
    ...(mapping && { mapping: Object.fromEntries(chosen) }),
    ...(companion !== undefined && { companion }),
    ...(signal && { signal }),
    progress,
  };
}

/** Why a table cannot be imported as it is; null when it can. */
export function mappingTrouble(file: string, mapping: ResolvedMapping | null): ErrataError | null {
  if (!mapping) return null;
  const { columns, chosen } = mapping;
  const name = basename(file);
  const seen = columns.slice(0, 20).join(", ") || "none";
  const unknown = Object.values(chosen).find((column) => column !== "" && !known(columns, column));
  if (unknown !== undefined) {
    return new ErrataError(
      `${name} has no column "${unknown}".`,
      `Its columns are: ${seen}.`,
      "needs-mapping",
    );
  }
  if (!chosen.problem) {
    return new ErrataError(
      `Which column of ${name} holds the problems cannot be told by its name.`,
      `Choose it (--map problem=COLUMN,text=COLUMN). Its columns are: ${seen}.`,
      "needs-mapping",
    );
  }
  if (!chosen.text) {
    return new ErrataError(
      `${name} holds problems without attempts, as far as its columns tell.`,
      `Sample them: \`errata sample ${name} --model M\`, or Sample Problems… in the editor. If one of its columns holds solutions, choose it (--map text=COLUMN): ${seen}.`,
      "problem-set",
    );
  }
  return null;
}

export function refuseMapping(file: string, mapping: ResolvedMapping | null): void {
  const trouble = mappingTrouble(file, mapping);
  if (trouble) throw trouble;
}

/** A path may go deeper than the columns that are listed. */
const known = (columns: readonly string[], path: string): boolean =>
  columns.includes(path) || columns.includes(path.split(".")[0] ?? "");

const nameOf = (format: Format, columns: readonly string[]): string =>
  `import-mapping:${format.id}:${createHash("sha256")
    .update(JSON.stringify([...columns].sort()))
    .digest("hex")
    .slice(0, 16)}`;

function remembered(text: string | null): Partial<ImportMapping> {
  if (text === null) return {};
  const value = JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(value).filter(([, column]) => typeof column === "string"));
}
