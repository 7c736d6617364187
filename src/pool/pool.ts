import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ErrataError } from "../protocol/types.js";
import { buckets } from "./buckets.js";
import { type Location, locate } from "./location.js";
import { migrate } from "./migrate.js";
import * as reads from "./reads.js";
import { MIGRATIONS, type Migration } from "./schema.js";
import { Connection, closed, readOnly } from "./sqlite.js";
import type { Pool } from "./types.js";
import { Watcher } from "./watcher.js";
import { Writer } from "./writer.js";
import * as writes from "./writes.js";

export interface PoolOptions {
  /** Never writes, even where it could (an untrusted workspace). */
  readOnly?: boolean;
  /** How often other windows' changes are looked for, in milliseconds. */
  pollMs?: number;
  /** Schema steps; tests add one of their own. */
  migrations?: readonly Migration[];
  /** Pretends that the workspace lies on a network file system of this name. */
  network?: string;
}

/**
 * Opens the error pool of a workspace (`<workspace>/.errata/pool.sqlite`), making or migrating it where it may.
 * A workspace that cannot be written opens with `readOnly` set, and everything that writes rejects ("read-only");
 * without a pool to read it rejects at once. A damaged file rejects ("corrupt-pool") and is left as it is.
 */
export async function openPool(workspace: string, options: PoolOptions = {}): Promise<Pool> {
  const found = await locate(workspace, options.readOnly !== true);
  const place = { ...found, network: options.network ?? found.network };
  if (!place.writable) return openReadOnly(place, options);
  try {
    return await openWriting(place, options);
  } catch (error) {
    // What the system allows shows only in trying: a network share may refuse what its permissions promise.
    if (place.exists && error instanceof ErrataError && error.code === "read-only") {
      return openReadOnly(place, options);
    }
    throw error;
  }
}

async function openWriting(place: Location, options: PoolOptions): Promise<Pool> {
  const db = await Connection.open(place.file, "create");
  try {
    await prepare(db, place, options.migrations ?? MIGRATIONS);
    return await assemble(place, "read", options, db);
  } catch (error) {
    await db.close();
    throw error;
  }
}

async function prepare(db: Connection, place: Location, migrations: readonly Migration[]): Promise<void> {
  await migrate(db, migrations);
  await setJournal(db, place.network);
  await db.exec("PRAGMA synchronous = FULL");
  await db.exec("PRAGMA foreign_keys = ON");
}

/**
 * WAL needs shared memory, which network file systems do not give: there the plain rollback journal. SQLite changes
 * the mode only while it is alone and does not wait for that, so a window that opens the same pool is waited for.
 */
async function setJournal(db: Connection, network: string | null): Promise<void> {
  const wanted = network === null ? "wal" : "delete";
  for (let tries = 0; ; tries++) {
    if ((await db.get("PRAGMA journal_mode"))?.journal_mode === wanted) return;
    try {
      await db.exec(`PRAGMA journal_mode = ${wanted}`);
    } catch (error) {
      if (!(error instanceof ErrataError && error.code === "pool-busy") || tries === 40) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function openReadOnly(place: Location, options: PoolOptions): Promise<Pool> {
  if (!place.exists) throw readOnly(place.file);
  try {
    return await assemble(place, "read", options);
  } catch (error) {
    // A pool in WAL mode needs to put files beside it even for reading. Without any left-over log nothing is
    // lost by reading the file as one that cannot change.
    const log = await stat(`${place.file}-wal`).catch(() => null);
    if (!(error instanceof ErrataError) || error.code === "corrupt-pool") throw error;
    if (log && log.size > 0) {
      throw new ErrataError(
        `The error pool ${place.file} cannot be read: its last writes lie in ${place.file}-wal, and the workspace cannot be written.`,
        "Open the workspace once where it can be written, or copy it to such a place; nothing is lost.",
        "read-only",
      );
    }
    return assemble(place, "immutable", options);
  }
}

async function assemble(
  place: Location,
  mode: "read" | "immutable",
  options: PoolOptions,
  writing?: Connection,
): Promise<Pool> {
  // Two, so that a long list does not hold up the attempt that a reviewer asks for.
  const lists = await Connection.open(place.file, mode);
  const items = await Connection.open(place.file, mode).catch(async (error) => {
    await lists.close();
    throw error;
  });
  try {
    await lists.get("SELECT count(*) FROM settings");
  } catch (error) {
    await Promise.all([lists.close(), items.close()]);
    throw error;
  }
  const watcher = new Watcher(lists, options.pollMs ?? 1000);
  const writer = writing && new Writer(writing, () => watcher.touched());
  let closing: Promise<void> | undefined;
  const transaction: Pool["transaction"] = (work) =>
    closing
      ? Promise.reject(closed(place.file))
      : writer
        ? writer.transaction(work)
        : Promise.reject(readOnly(place.file));

  return {
    file: place.file,
    readOnly: writer === undefined,
    onDidChange: (listener) => watcher.add(listener),
    transaction,
    putProblems: (set, problems) => transaction((db) => writes.writeProblems(db, set, problems)),
    openSampling: (spec, rowIds) => transaction((db) => writes.writeSampling(db, spec, rowIds)),
    putAttempts: (attempts) => transaction((db) => writes.writeAttempts(db, attempts)),
    putReflections: (reflections) => transaction((db) => writes.writeReflections(db, reflections)),
    setErrorTypes: (types) => transaction((db) => writes.writeErrorTypes(db, types)),
    filter: () => reads.readFilter(items),
    applyFilter: async (filter) => {
      await transaction((db) => writes.writeFilter(db, filter));
      return reads.readStats(items);
    },
    annotate: (target, id, who, value) =>
      transaction((db) => writes.writeAnnotation(db, target, id, who, value)),
    annotations: (target, id) => reads.readAnnotations(items, target, id),
    stats: () => reads.readStats(items),
    buckets: (grouping, query = {}, page) => buckets(lists, grouping, query, page),
    attempts: (query, page) => reads.readAttempts(lists, query, page),
    attemptIds: (query) => reads.readAttemptIds(lists, query),
    detail: (id) => reads.readDetail(items, id),
    problem: (rowId) => reads.readProblem(items, rowId),
    problems: (rowIds) => reads.readProblems(lists, rowIds),
    reflectionsOf: (ids, modelId, settings) => reads.readReflections(items, ids, modelId, settings),
    reflectionKeys: (ids, modelId, settings) => reads.readReflectionKeys(items, ids, modelId, settings),
    groupScores: (samplingId) => reads.readGroupScores(lists, samplingId),
    attemptsOfSampling: (samplingId) => reads.readSamplingAttempts(lists, samplingId),
    tokensOf: (attemptId) => reads.readTokens(items, attemptId),
    backup: (file) => backup(place.file, mode, file),
    close: () => {
      watcher.stop();
      // The writer last: only a connection that may write can fold the log back into the file.
      closing ??= Promise.all([lists.close(), items.close()]).then(() => writer?.close());
      return closing;
    },
  };
}

/** `VACUUM INTO` over a connection of its own: a consistent copy while others go on writing. */
async function backup(from: string, mode: "read" | "immutable", to: string): Promise<void> {
  if (await stat(to).catch(() => null)) {
    throw new ErrataError(
      `${to} exists already.`,
      "Choose another name: a backup never overwrites.",
      "exists",
    );
  }
  await mkdir(dirname(to), { recursive: true });
  const db = await Connection.open(from, mode);
  try {
    await db.run("VACUUM INTO ?", to);
  } finally {
    await db.close();
  }
}
