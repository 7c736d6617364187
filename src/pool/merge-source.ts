import { randomBytes } from "node:crypto";
import { mkdir, realpath, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ErrataError } from "../protocol/types.js";
import { APPLICATION_ID, MIGRATIONS } from "./schema.js";
import { Connection } from "./sqlite.js";

/** A pool of somebody else's, copied so that it can be read at leisure and brought to our schema. */
export interface Source {
  /** The copy: beside the pool it goes into, out of version control. */
  file: string;
  /** Schema version of the original. */
  version: number;
  remove(): Promise<void>;
}

/**
 * Copies a pool file and brings the copy to our schema; the original is only ever read. Rejects for what is no pool
 * ("not-a-pool"), is damaged ("corrupt-pool"), is newer than we are ("pool-newer") or is the pool itself ("same-pool").
 * Of the copy's triggers and views only our own stay, so that nothing of the file's making runs.
 */
export async function copySource(original: string, into: string): Promise<Source> {
  const found = await stat(original).catch(() => null);
  if (!found?.isFile()) {
    throw new ErrataError(
      `There is no file ${original}.`,
      "Name a pool.sqlite, or a copy that `errata pool backup` made.",
      "not-found",
    );
  }
  if ((await realpath(original)) === (await realpath(into))) {
    throw new ErrataError(
      "This is the pool that it would be merged into.",
      "Choose another pool.",
      "same-pool",
    );
  }
  const folder = join(dirname(into), "backups");
  await mkdir(folder, { recursive: true });
  const file = join(folder, `merging-${randomBytes(6).toString("hex")}.sqlite`);
  const remove = async (): Promise<void> => {
    for (const end of ["", "-journal", "-wal", "-shm"]) await rm(`${file}${end}`, { force: true });
  };
  try {
    const version = await copy(original, file);
    await tidy(file, original, version);
    return { file, version, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function copy(original: string, file: string): Promise<number> {
  // A folder that cannot be written cannot take the files that a pool in WAL mode is read through.
  const log = await stat(`${original}-wal`).catch(() => null);
  const db = await reading(original, "read").catch((error: unknown) => {
    if (log || (error instanceof ErrataError && error.code === "corrupt-pool")) throw error;
    return reading(original, "immutable");
  });
  try {
    const version = await db.pragma("user_version");
    if ((await db.pragma("application_id")) !== APPLICATION_ID || version < 1) throw notAPool(original);
    const newest = Math.max(...MIGRATIONS.map((m) => m.version));
    if (version > newest) {
      throw new ErrataError(
        `The error pool ${original} was made by a newer Errata (schema ${version}; this one knows ${newest}).`,
        "Update Errata. Nothing was changed.",
        "pool-newer",
      );
    }
    await db.run("VACUUM INTO ?", file);
    return version;
  } finally {
    await db.close();
  }
}

async function reading(file: string, mode: "read" | "immutable"): Promise<Connection> {
  const db = await Connection.open(file, mode);
  try {
    await db.get("SELECT count(*) FROM sqlite_schema");
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}

/** Holds the copy's tables against those of its version, takes out what is not ours, and migrates it. */
async function tidy(file: string, original: string, version: number): Promise<void> {
  const db = await Connection.open(file, "write");
  try {
    await db.exec("PRAGMA trusted_schema = OFF");
    const ours = await schemaOf(version);
    const there = await db.all("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
    const found = new Map(there.map((row) => [`${row.type} ${row.name}`, String(row.sql)]));
    for (const [name, sql] of ours) {
      if (name.startsWith("table ") && found.get(name) !== sql) throw notAPool(original);
    }
    for (const row of there) {
      const { type, name, sql } = row;
      if ((type === "trigger" || type === "view") && ours.get(`${type} ${name}`) !== sql) {
        await db.exec(`DROP ${String(type)} "${String(name).replaceAll('"', '""')}"`);
      }
    }
    for (const [name, sql] of ours) {
      if (name.startsWith("trigger ") && found.get(name) !== sql) await db.exec(sql);
    }
    for (const migration of MIGRATIONS.filter((m) => m.version > version)) {
      await db.exec(`BEGIN; ${migration.sql} PRAGMA user_version = ${migration.version}; COMMIT;`);
    }
  } finally {
    await db.close();
  }
}

/** What a pool of this version is made of: `type name` and its SQL. */
async function schemaOf(version: number): Promise<Map<string, string>> {
  const db = await Connection.open(":memory:", "create");
  try {
    for (const migration of MIGRATIONS.filter((m) => m.version <= version)) await db.exec(migration.sql);
    const rows = await db.all("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL");
    return new Map(rows.map((row) => [`${row.type} ${row.name}`, String(row.sql)]));
  } finally {
    await db.close();
  }
}

function notAPool(file: string): ErrataError {
  return new ErrataError(
    `${file} is a SQLite database, but no error pool of Errata's.`,
    "Choose a pool.sqlite of an `.errata` folder, or a copy that `errata pool backup` made. Nothing was changed.",
    "not-a-pool",
  );
}
