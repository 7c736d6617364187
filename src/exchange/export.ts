import { rm } from "node:fs/promises";
import type { ExportReader, Selection } from "../pool/export.js";
import { countRecords, RECORD_KINDS, type RecordKind, readRecords } from "../pool/records.js";
import type { Pool } from "../pool/types.js";
import type { Report } from "../protocol/types.js";
import { formatOf, ROW_FORMATS, type RowFormat } from "./formats/index.js";
import { flatRow } from "./formats/parquet.js";
import { HEAD, type Head, toLine, VERSION } from "./lines.js";
import { OutFile } from "./sink.js";
import type { ExportFormat, ExportResult, SkipReason } from "./types.js";

export interface ExportJob {
  format: ExportFormat;
  /** Absolute. */
  file: string;
  /** Default: the format's own. */
  selection?: Selection | undefined;
  /** Only this person's words count as labels. */
  annotator?: string | undefined;
  /** What stands in the file's place is replaced. */
  overwrite?: boolean | undefined;
}

/**
 * Writes a selection of the pool in a format. The file (and what belongs beside it) appears when all of it is written, and
 * not at all after an error or an abort; memory holds a batch of attempts, whatever the pool's size.
 *
 * Rejects with "exists", "no-folder", "read-only" or "disk-full", and with the signal's reason.
 */
export async function exportPool(
  pool: Pool,
  job: ExportJob,
  report: Report = () => undefined,
  signal?: AbortSignal,
): Promise<ExportResult> {
  const reader = await pool.exportReader(job.selection ?? formatOf(job.format).selection);
  const files = new Files(job);
  try {
    const writing = new Writing(reader, files, job, report, signal);
    const result = await writing.run();
    signal?.throwIfAborted();
    await files.commit();
    return { ...result, beside: files.beside };
  } catch (error) {
    await files.discard();
    throw error;
  } finally {
    await reader.close();
  }
}

/** The export's file first, then what is beside it: all are put in their places at the end, or none is. */
class Files {
  private readonly open: OutFile[] = [];

  constructor(private readonly job: ExportJob) {}

  async create(suffix = ""): Promise<OutFile> {
    const file = await OutFile.create(`${this.job.file}${suffix}`, this.job.overwrite ?? false);
    this.open.push(file);
    return file;
  }

  get beside(): string[] {
    return this.open.slice(1).map(({ file }) => file);
  }

  /** What is beside comes first: whoever waits for the export's own file finds all of it. */
  async commit(): Promise<void> {
    const placed: string[] = [];
    try {
      for (const file of this.open.toReversed()) {
        await file.commit();
        placed.push(file.file);
      }
    } catch (error) {
      // What was replaced is gone; what is new goes again.
      if (!this.job.overwrite) for (const file of placed) await rm(file, { force: true });
      throw error;
    }
  }

  async discard(): Promise<void> {
    for (const file of this.open) await file.discard();
  }
}

type Outcome = Omit<ExportResult, "beside">;

class Writing {
  private readonly skipped: Partial<Record<SkipReason, number>> = {};
  private rows = 0;
  private seen = 0;

  constructor(
    private readonly reader: ExportReader,
    private readonly files: Files,
    private readonly job: ExportJob,
    private readonly report: Report,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async run(): Promise<Outcome> {
    const { format } = this.job;
    if (this.reader.missing > 0) this.skipped.missing = this.reader.missing;
    const out = await this.files.create();
    const rows = ROW_FORMATS[format];
    if (rows) await this.objects(out, rows);
    else if (format === "parquet") await this.parquet(out);
    else await this.records(out);
    return { format, rows: this.rows, skipped: this.skipped, file: this.job.file };
  }

  /** What stands around the rows says something of all of them: they are gone through for it first. */
  private async frame(format: RowFormat): Promise<{ before: string; after: string }> {
    const maker = format.make({ annotator: this.job.annotator });
    for await (const batch of this.reader.attempts(format.siblings)) {
      this.signal?.throwIfAborted();
      for (const record of batch) maker.rows(record);
    }
    const found = maker.document?.();
    if (!found) throw new TypeError("a document has a head");
    const name = JSON.stringify(found.rows);
    return { before: `${stringify(found.head).slice(0, -1)},${name}:[`, after: "\n]}\n" };
  }

  private async objects(out: OutFile, format: RowFormat): Promise<void> {
    const maker = format.make({ annotator: this.job.annotator });
    const framed = format.layout !== "lines";
    const frame = format.layout === "document" ? await this.frame(format) : { before: "[", after: "\n]\n" };
    const apart = format.provenance === "apart" ? await this.files.create(".provenance.jsonl") : undefined;
    if (framed) await out.write(frame.before);
    for await (const batch of this.reader.attempts(format.siblings)) {
      for (const record of batch) {
        const made = maker.rows(record);
        if (typeof made === "string") {
          this.skipped[made] = (this.skipped[made] ?? 0) + 1;
          continue;
        }
        for (const { row, provenance } of made) {
          const line = format.provenance === "column" ? { ...row, errata: provenance } : row;
          const before = !framed ? "" : this.rows === 0 ? "\n" : ",\n";
          await out.write(`${before}${stringify(line)}${framed ? "" : "\n"}`);
          await apart?.write(`${stringify({ row: this.rows, ...provenance })}\n`);
          this.rows++;
        }
      }
      this.told(batch.length);
    }
    if (framed) await out.write(frame.after);
    const beside = maker.beside?.();
    if (beside) await (await this.files.create(beside.suffix)).write(beside.text);
  }

  private async parquet(out: OutFile): Promise<void> {
    const { ParquetFile } = await import("./parquet-file.js");
    const file = new ParquetFile(out);
    for await (const batch of this.reader.attempts()) {
      for (const record of batch) await file.write(flatRow(record, { annotator: this.job.annotator }));
      this.rows += batch.length;
      this.told(batch.length);
    }
    await file.finish();
  }

  /** Our own format: every row of the pool that belongs to the selection, in an order in which it can be read. */
  private async records(out: OutFile): Promise<void> {
    const { reader } = this;
    const counts: Partial<Record<RecordKind, number>> = {};
    for (const kind of RECORD_KINDS) counts[kind] = await countRecords(reader, kind);
    const total = Object.values(counts).reduce((sum, n) => sum + n, 0);
    const head: Head = {
      ...{ type: "head", format: HEAD, version: VERSION, exportedAt: new Date().toISOString() },
      ...{ selection: reader.selection, counts },
    };
    await out.write(`${JSON.stringify(head)}\n`);
    const filter = await reader.filter();
    if (filter !== null) {
      await out.write(`${JSON.stringify({ type: "setting", name: "filter", value: filter })}\n`);
    }
    for (const kind of RECORD_KINDS) {
      for await (const batch of readRecords(reader, kind)) {
        for (const record of batch) await out.write(`${toLine(kind, record)}\n`);
        if (kind === "attempt") this.rows += batch.length;
        this.told(batch.length, total);
      }
    }
    await out.write(`${JSON.stringify({ type: "end" })}\n`);
  }

  private told(more: number, total = this.reader.total): void {
    this.signal?.throwIfAborted();
    this.seen += more;
    this.report({ stage: "Exporting", done: this.seen, total });
  }
}

/** Half of a surrogate pair is no text to Python or Arrow: they would refuse the whole file. */
const HALF = /\p{Surrogate}/gu;

function stringify(row: object): string {
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === "string" ? value.replaceAll(HALF, "\ufffd") : value,
  );
}
