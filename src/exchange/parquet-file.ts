import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { COLUMNS, type FlatRow } from "./formats/parquet.js";
import type { OutFile } from "./sink.js";

/** A row group ends after so many rows or characters: memory holds one. */
const ROWS = 1000;
const CHARACTERS = 8 << 20;

/** Writes rows into a Parquet file, a row group at a time. */
export class ParquetFile {
  private rows: FlatRow[] = [];
  private characters = 0;
  private readonly bytes = new ByteWriter();
  private readonly writer: ParquetWriter;

  constructor(private readonly out: OutFile) {
    this.writer = new ParquetWriter({
      writer: this.bytes,
      schema: schemaFromColumnData({ columnData: this.columns() }),
      createdBy: "errata",
    });
  }

  async write(row: FlatRow): Promise<void> {
    this.rows.push(row);
    for (const cell of Object.values(row)) if (typeof cell === "string") this.characters += cell.length;
    if (this.rows.length >= ROWS || this.characters >= CHARACTERS) await this.flush();
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.writer.finish();
    await this.drain();
  }

  private async flush(): Promise<void> {
    if (this.rows.length === 0) return;
    await this.writer.write({ columnData: this.columns(), rowGroupSize: this.rows.length });
    this.rows = [];
    this.characters = 0;
    await this.drain();
  }

  private columns(): ColumnSource[] {
    return Object.entries(COLUMNS).map(([name, type]) => ({
      ...{ name, type, nullable: true },
      data: this.rows.map((row) => row[name as keyof FlatRow]),
    }));
  }

  /** What was encoded goes to the file; the writer counts on from where it is. */
  private async drain(): Promise<void> {
    const { bytes } = this;
    await this.out.write(new Uint8Array(bytes.buffer, 0, bytes.index));
    bytes.index = 0;
  }
}
