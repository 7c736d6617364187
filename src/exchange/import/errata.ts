import { basename } from "node:path";
import { RecordImport, UnknownRef } from "../../pool/import.js";
import type { RecordKind, Records } from "../../pool/records.js";
import type { Pool } from "../../pool/types.js";
import { readLines } from "../../problems/lines.js";
import { ErrataError, type PoolFilter, type Report } from "../../protocol/types.js";
import { fromLine, isRecordKind, OLDEST, VERSION } from "../lines.js";
import type { ImportResult } from "./index.js";

/** Rows of one transaction, and characters: what an interruption costs at most. */
const ROWS = 500;
const CHARACTERS = 4 << 20;

interface Row {
  line: number;
  kind: RecordKind;
  record: Records[RecordKind];
}

interface ImportSource {
  pool: Pool;
  /** Absolute. */
  file: string;
  report: Report;
  signal: AbortSignal | undefined;
}

/** Reads `errata export jsonl`: a chunk of lines is stored whole or not at all, one chunk after another. */
export async function importErrata({ pool, file, report, signal }: ImportSource): Promise<ImportResult> {
  const result: ImportResult = {
    ...{ format: "errata", problems: 0, attempts: 0, reflections: 0, annotations: 0 },
    ...{ skipped: 0, reasons: { known: 0, contradicted: 0, unusable: 0 }, opinions: 0, told: [] },
  };
  const importing = new RecordImport();
  const bad = (line: number, what: string): ErrataError =>
    new ErrataError(
      `${basename(file)}:${line} ${what}.`,
      "Export it again where it came from. What came before this line may be stored; a repaired file goes on from there.",
      "bad-export",
    );
  let chunk: Row[] = [];
  let characters = 0;
  let done = 0;
  let total = 0;
  let ended = false;
  let last = 0;

  const store = async (): Promise<void> => {
    if (chunk.length === 0) return;
    const rows = chunk;
    chunk = [];
    characters = 0;
    await pool.transaction(async (db) => {
      for (const run of runs(rows)) {
        const [first] = run;
        if (!first) continue;
        const stored = await importing
          .store(db, first.kind, run.map(({ record }) => record) as never)
          .catch((error: unknown) => {
            if (!(error instanceof UnknownRef)) throw error;
            throw bad(
              run[error.index]?.line ?? first.line,
              `names ${error.kind} ${error.ref}, which did not come before`,
            );
          });
        count(result, first.kind, stored);
      }
      await importing.settle(db);
    });
    done += rows.length;
    report({ stage: "Importing", done, total: Math.max(total, done) });
    signal?.throwIfAborted();
  };

  await pool.transaction((db) => importing.begin(db));
  try {
    for await (const { number, text, why } of readLines(file)) {
      last = number;
      if (text === null) throw bad(number, why ?? "cannot be read");
      const bare = number === 1 ? text.replace(/^\ufeff/, "") : text;
      if (bare.trim() === "") continue;
      if (ended) throw bad(number, "comes after the end");
      const line = parse(bare);
      if (!line) throw bad(number, "is no JSON object");
      if (line.type === "head") total = headOf(line, number, bad);
      else if (line.type === "end") ended = true;
      else if (line.type === "setting" && line.name === "filter") {
        const filter = filterOf(line.value);
        if (!filter) throw bad(number, "has a filter that cannot be");
        await pool.transaction((db) => importing.filter(db, filter));
      } else if (isRecordKind(line.type)) {
        const record = fromLine(line.type, line);
        if (typeof record === "string") throw bad(number, record);
        chunk.push({ line: number, kind: line.type, record });
        characters += bare.length;
        if (chunk.length >= ROWS || characters >= CHARACTERS) await store();
      } else throw bad(number, `has a type that is not known (${JSON.stringify(line.type)?.slice(0, 40)})`);
    }
    await store();
    if (!ended) throw bad(last + 1, "is missing: the file was cut off");
  } finally {
    await pool.transaction((db) => importing.end(db));
  }
  return result;
}

/** Neighbours of the same kind, together. */
function runs(rows: readonly Row[]): Row[][] {
  const found: Row[][] = [];
  for (const row of rows) {
    const run = found.at(-1);
    if (run && run[0]?.kind === row.kind) run.push(row);
    else found.push([row]);
  }
  return found;
}

function count(
  result: ImportResult,
  kind: RecordKind,
  { added, known, contradicted }: { added: number; known: number; contradicted: number },
): void {
  const names = {
    problem: "problems",
    attempt: "attempts",
    reflection: "reflections",
    annotation: "annotations",
    opinion: "opinions",
  };
  const name = names[kind as keyof typeof names] as "problems" | "attempts" | undefined;
  if (name) result[name] += added;
  result.skipped += known + contradicted;
  result.reasons.known += known;
  result.reasons.contradicted += contradicted;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** How many lines are to come. */
function headOf(
  head: Record<string, unknown>,
  line: number,
  bad: (line: number, what: string) => ErrataError,
): number {
  if (line !== 1) throw bad(line, "is a second head");
  const version = Number(head.version);
  if (!Number.isInteger(head.version) || version < OLDEST || version > VERSION) {
    throw new ErrataError(
      `This export was made by another Errata (version ${String(head.version).slice(0, 20)} of the format; this one knows ${VERSION}).`,
      "Update Errata, or export it again with this one. Nothing was stored.",
      "bad-export",
    );
  }
  const counts = typeof head.counts === "object" && head.counts !== null ? Object.values(head.counts) : [];
  return counts.reduce<number>((sum, n) => sum + (Number.isSafeInteger(n) ? Number(n) : 0), 0);
}

function filterOf(value: unknown): PoolFilter | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, min, low, high } = value as Record<string, unknown>;
  const share = (n: unknown): n is number => typeof n === "number" && n >= 0 && n <= 1;
  if (kind === "all" || kind === "mixed") return { kind };
  if (kind === "variance" && share(min)) return { kind, min };
  if (kind === "band" && share(low) && share(high)) return { kind, low, high };
  return undefined;
}
