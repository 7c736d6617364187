import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ErrataError } from "../protocol/types.js";
import { APPLICATION_ID, type Migration } from "./schema.js";
import type { Connection } from "./sqlite.js";

/**
 * Brings a pool to the newest schema: each migration in one transaction, and before the first a backup of what a
 * person could lose (`.errata/backups/pool-v1-<time>.sqlite`). Another window may be doing the same: the version is read
 * again once the write lock is held. Rejects without a change for a file that is not ours or newer than we are.
 */
export async function migrate(db: Connection, migrations: readonly Migration[]): Promise<void> {
  await checkOwner(db);
  const newest = Math.max(...migrations.map((m) => m.version));
  const found = await db.pragma("user_version");
  if (found > newest) {
    throw new ErrataError(
      `The error pool ${db.file} was made by a newer Errata (schema ${found}; this one knows ${newest}).`,
      "Update Errata. Nothing was changed.",
      "pool-newer",
    );
  }
  let kept = false;
  for (const migration of [...migrations].sort((a, b) => a.version - b.version)) {
    const version = await db.pragma("user_version");
    if (migration.version <= version) continue;
    // What was empty when we came has nothing to lose between two steps; what was not is kept as it was found.
    if (found > 0 && !kept) await backUp(db, version);
    kept = true;
    await db.exec("BEGIN IMMEDIATE");
    try {
      if ((await db.pragma("user_version")) < migration.version) {
        await db.exec(migration.sql);
        await db.exec(
          `PRAGMA user_version = ${migration.version}; PRAGMA application_id = ${APPLICATION_ID};`,
        );
      }
      await db.exec("COMMIT");
    } catch (error) {
      await db.exec("ROLLBACK");
      throw error;
    }
  }
}

/** Is this file a pool of ours, or empty? */
async function checkOwner(db: Connection): Promise<void> {
  // In this order: another process may be making the pool, and its tables come together with its mark.
  const tables = await db.get("SELECT count(*) AS n FROM sqlite_schema");
  if (tables?.n === 0 || (await db.pragma("application_id")) === APPLICATION_ID) return;
  throw new ErrataError(
    `${db.file} is a SQLite database, but no error pool of Errata's. Nothing was overwritten.`,
    "Move the file away, then try again.",
    "corrupt-pool",
  );
}

async function backUp(db: Connection, version: number): Promise<void> {
  const folder = join(dirname(db.file), "backups");
  await mkdir(folder, { recursive: true });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, "-");
  await db.run("VACUUM INTO ?", join(folder, `pool-v${version}-${stamp}.sqlite`));
}
