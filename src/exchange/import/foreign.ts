import type { Grader } from "../../grading/types.js";
import {
  type ForeignGraded,
  ForeignImport,
  type ForeignRecord,
  type Placed,
} from "../../pool/import-foreign.js";
import { finishSource, openSource, readKnownSources, readSource, type Source } from "../../pool/sources.js";
import type { Pool } from "../../pool/types.js";
import type { Grade, Report } from "../../protocol/types.js";
import { identityOf } from "./fingerprint.js";
import type { ImportResult, NameOptions } from "./index.js";
import { apartOf, type ResolvedMapping, readOptions } from "./mapping.js";
import { oddities, Records, whyNot } from "./record.js";
import { Tallies } from "./tallies.js";
import type { FileStart, ForeignAttempt, ForeignRow, Format } from "./types.js";
import { gradeForeign, opinionsOf } from "./verdict.js";

/** Rows of one transaction, and characters: what an interruption costs at most, and what memory holds some times over. */
const ROWS = 1000;
const CHARACTERS = 8 << 20;
/** Attempts that are graded at a time. */
const GRADING = 8;

export interface ForeignJob {
  pool: Pool;
  file: string;
  start: FileStart;
  format: Format;
  mapping: ResolvedMapping | null;
  grader: Grader;
  report: Report;
  options: NameOptions;
}

/** Our grader's word, and the gold answer that it was given; null where the attempt was here. */
interface Graded {
  gold: string;
  grade: Grade | null;
}

/** Attempts that are taken in together, and how many rows of the file came up to the last one. */
interface Chunk {
  rows: ForeignAttempt[];
  upto: number;
}

/**
 * Reads a log, grades its attempts and stores them, a chunk in a transaction: while one is stored, the next is read. It is
 * always read from its beginning; what is here already is passed over.
 */
export async function importForeign(job: ForeignJob): Promise<ImportResult> {
  const { pool, file, format, mapping } = job;
  const source = await openFor(job);
  const importing = new ForeignImport(source.id);
  const intake = new ForeignIntake(job, importing, source);
  await pool.transaction((db) => importing.begin(db));
  try {
    const options = readOptions(mapping, job.options, (share) => intake.at(share));
    for await (const chunk of chunksOf(format.rows(file, options), intake.unusable)) {
      job.options.signal?.throwIfAborted();
      await intake.take(chunk);
    }
    await intake.settled();
    await pool.transaction((db) => finishSource(db, source.id));
  } finally {
    await intake.settled().catch(() => undefined);
    await pool.transaction((db) => importing.end(db));
  }
  return intake.result;
}

async function openFor({ pool, file, start, format, mapping, options }: ForeignJob): Promise<Source> {
  const { run, set, model } = options;
  return pool.transaction(async (db) => {
    const known = await readKnownSources(db, format.id);
    const { fingerprint, marks } = await identityOf(file, start, apartOf(format, mapping, run), known);
    const names = { set: set ?? null, model: model ?? null };
    await openSource(db, { fingerprint, file: start.name, format: format.id, names, marks });
    const source = await readSource(db, fingerprint);
    if (!source) throw new Error("a source that was just opened is not there");
    return source;
  });
}

/** Chunks on their way into the pool: graded, then placed and stored at once. */
class ForeignIntake {
  readonly unusable = new Tallies();
  private readonly notes = new Tallies();
  private readonly counts = { attempts: 0, opinions: 0, known: 0, contradicted: 0 };
  private readonly records: Records;
  /** Nothing of it is here: nothing needs to be looked for. */
  private readonly fresh: boolean;
  private storing: Promise<void> = Promise.resolve();
  private share = 0;
  private done = 0;

  constructor(
    private readonly job: ForeignJob,
    private readonly importing: ForeignImport,
    source: Source,
  ) {
    this.records = new Records(source.fingerprint, source.file, source.names);
    this.fresh = source.attempts === 0;
  }

  /** How much of the file was read. */
  at(share: number): void {
    this.share = share;
  }

  /** Grades a chunk, then begins to store it, while the next one is read; rejects where the one before failed. */
  async take(chunk: Chunk): Promise<void> {
    // Another chunk may have brought a gold answer, or the next numbers of a group.
    await this.storing;
    const records = chunk.rows.map((row) => this.records.of(row));
    const graded = await this.grade(chunk.rows, await this.look(records));
    this.storing = this.store(chunk, records, graded);
    // Awaited with the next chunk; until then its failure is nobody's.
    this.storing.catch(() => undefined);
  }

  settled(): Promise<void> {
    return this.storing;
  }

  get result(): ImportResult {
    const { attempts, opinions, known, contradicted } = this.counts;
    const unusable = this.unusable.total;
    return {
      ...{ format: this.job.format.id, problems: this.importing.added, attempts, opinions },
      ...{ reflections: 0, annotations: 0 },
      ...{ skipped: known + contradicted + unusable, reasons: { known, contradicted, unusable } },
      told: [...this.unusable.all, ...this.notes.all],
    };
  }

  private tell(rows: readonly ForeignAttempt[], placed: readonly Placed[]): void {
    for (const [i, { here, renamed, gold }] of placed.entries()) {
      const row = rows[i];
      if (!row) continue;
      if (here?.same) this.counts.known++;
      else if (here) {
        this.counts.contradicted++;
        this.notes.add("Another text of the same sample is here already; it was left out.", row.place);
      } else for (const note of oddities(row, gold, renamed)) this.notes.add(note, row.place);
    }
  }

  /** What grading has to know. The log's own gold answer stands, and of a new source nothing is here. */
  private async look(records: readonly ForeignRecord[]): Promise<Pick<Placed, "gold" | "here">[]> {
    if (this.fresh && records.every(({ problem }) => problem.gold !== "")) {
      return records.map(({ problem }) => ({ gold: problem.gold, here: null }));
    }
    return this.job.pool.transaction((db) => this.importing.look(db, records, this.fresh));
  }

  /** What is here already gets no grade. */
  private async grade(
    rows: readonly ForeignAttempt[],
    looked: readonly Pick<Placed, "gold" | "here">[],
  ): Promise<Graded[]> {
    const graded = looked.map(({ gold }): Graded => ({ gold, grade: null }));
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < rows.length; i = next++) {
        this.job.options.signal?.throwIfAborted();
        const [row, at, one] = [rows[i], looked[i], graded[i]];
        if (row && at && one && !at.here) one.grade = await this.gradeRow(row, at.gold);
      }
    };
    await Promise.all(Array.from({ length: GRADING }, work));
    return graded;
  }

  private gradeRow({ text, scores }: ForeignAttempt, gold: string): Promise<Grade> {
    return gradeForeign(this.job.grader, text, gold, scores);
  }

  /** All that a chunk brings, in one transaction: problems, groups, attempts, opinions. */
  private async store(
    chunk: Chunk,
    records: readonly ForeignRecord[],
    graded: readonly Graded[],
  ): Promise<void> {
    const { placed, added } = await this.job.pool.transaction(async (db) => {
      const placed = await this.importing.place(db, records, this.fresh);
      const rows = await this.rowsOf(chunk.rows, records, graded, placed);
      const added = await this.importing.store(db, rows);
      await this.importing.advance(db, chunk.upto);
      return { placed, added };
    });
    this.tell(chunk.rows, placed);
    this.counts.attempts += added.attempts;
    this.counts.opinions += added.opinions;
    this.counts.contradicted += added.doubled.length;
    for (const place of added.doubled) {
      this.notes.add("The same sample stands in the file twice; the first was taken.", place);
    }
    this.done += chunk.rows.length;
    const total = this.share > 0 ? Math.max(this.done, Math.round(this.done / this.share)) : 0;
    this.job.report({ stage: "Importing", done: this.done, total });
  }

  /** What is here under another text is left out; what is here as it is may have opinions that are not. */
  private async rowsOf(
    rows: readonly ForeignAttempt[],
    records: readonly ForeignRecord[],
    graded: readonly Graded[],
    placed: readonly Placed[],
  ): Promise<ForeignGraded[]> {
    const found: ForeignGraded[] = [];
    for (const [i, at] of placed.entries()) {
      const [row, record, before] = [rows[i], records[i], graded[i]];
      if (!row || !record || at.here?.same === false) continue;
      // Another import may have brought the problem's gold answer since it was looked for.
      const known = before?.gold === at.gold ? before.grade : null;
      found.push({
        ...{ placed: at, record, place: row.place, opinions: opinionsOf(row.scores) },
        grade: at.here ? null : (known ?? (await this.gradeRow(row, at.gold))),
      });
    }
    return found;
  }
}

/** Attempts in chunks; what is none is told. Where the file ends badly, what came before comes first. */
async function* chunksOf(rows: AsyncIterable<ForeignRow>, unusable: Tallies): AsyncGenerator<Chunk> {
  let chunk: Chunk = { rows: [], upto: 0 };
  let characters = 0;
  let seen = 0;
  let failure: { error: unknown } | undefined;
  try {
    for await (const row of rows) {
      seen++;
      const why = whyNot(row);
      if (why !== undefined || row.kind !== "attempt") {
        unusable.add(why ?? "", row.place);
        continue;
      }
      chunk.rows.push(row);
      chunk.upto = seen;
      characters += row.text.length + row.problem.text.length;
      if (chunk.rows.length < ROWS && characters < CHARACTERS) continue;
      yield chunk;
      chunk = { rows: [], upto: seen };
      characters = 0;
    }
  } catch (error) {
    failure = { error };
  }
  if (chunk.rows.length > 0) yield chunk;
  if (failure) throw failure.error;
}
