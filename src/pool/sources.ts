/** Which files were imported, and what is kept of them. */
import type { Connection } from "./sqlite.js";

/** A file that is being imported, as `fingerprint` knows it again under another name. */
export interface NewSource {
  fingerprint: string;
  /** Base name. */
  file: string;
  format: string;
  /** Of the set that its problems go into, and the model where the log has none: the same whenever it goes on. */
  names: SourceNames;
  marks: readonly SourceMark[];
}

/** What stood in a file before this byte, as a hash. */
export interface SourceMark {
  end: number;
  hash: string;
}

/** By what a file is known again. */
export interface KnownSource {
  fingerprint: string;
  /** By their ends; none of a source that was imported before there were marks, or that does not grow. */
  marks: readonly SourceMark[];
}

export interface SourceNames {
  /** null: as each row says, else the file's name. */
  set: string | null;
  model: string | null;
}

export interface Source {
  id: number;
  fingerprint: string;
  /** As it was called at first. */
  file: string;
  /** Rows of the file that were taken in. */
  rows: number;
  /** It was read to its end. */
  finished: boolean;
  names: SourceNames;
  /** Of this source. */
  attempts: number;
}

/** Every source of a format. */
export async function readKnownSources(db: Connection, format: string): Promise<KnownSource[]> {
  const rows = await db.all(
    `SELECT s.fingerprint, n.value AS marks FROM sources s LEFT JOIN settings n ON n.name = 'import-marks:' || s.id
     WHERE s.format = ? ORDER BY s.id`,
    format,
  );
  return rows.map(({ fingerprint, marks }) => ({
    fingerprint: String(fingerprint),
    marks: marks === null ? [] : (JSON.parse(String(marks)) as SourceMark[]),
  }));
}

export async function readSource(db: Connection, fingerprint: string): Promise<Source | undefined> {
  const row = await db.get("SELECT * FROM sources WHERE fingerprint = ?", fingerprint);
  if (!row) return undefined;
  const names = await readNote(db, `import-names:${row.id}`);
  const attempts = await db.get(
    `SELECT count(*) AS n FROM source_samplings s CROSS JOIN groups g ON g.sampling_id = s.sampling_id
       CROSS JOIN attempts a ON a.group_id = g.id WHERE s.source_id = ?`,
    Number(row.id),
  );
  return {
    ...{ id: Number(row.id), fingerprint, file: String(row.file), rows: Number(row.rows) },
    finished: row.finished_at !== null,
    names: names === null ? { set: null, model: null } : (JSON.parse(names) as SourceNames),
    attempts: Number(attempts?.n),
  };
}

/** The id of a source, new or not; the names of a known one stay as they were. */
export async function openSource(db: Connection, source: NewSource): Promise<number> {
  const { fingerprint, file, format, names, marks } = source;
  await db.run(
    "INSERT INTO sources (fingerprint, file, format, began_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ...[fingerprint, file, format, new Date().toISOString()],
  );
  const row = await db.get("SELECT id FROM sources WHERE fingerprint = ?", fingerprint);
  const id = Number(row?.id);
  if ((await readNote(db, `import-names:${id}`)) === null) {
    await writeNote(db, `import-names:${id}`, JSON.stringify(names));
  }
  if (marks.length > 0) await writeNote(db, `import-marks:${id}`, JSON.stringify(marks));
  return id;
}

export async function finishSource(db: Connection, id: number): Promise<void> {
  await db.run("UPDATE sources SET finished_at = ? WHERE id = ?", new Date().toISOString(), id);
}

/** Something small that is kept under a name. */
export async function readNote(db: Connection, name: string): Promise<string | null> {
  const row = await db.get("SELECT value FROM settings WHERE name = ?", name);
  return row ? String(row.value) : null;
}

export async function writeNote(db: Connection, name: string, value: string): Promise<void> {
  await db.run(
    "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    ...[name, value],
  );
}
