import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ErrataError } from "../protocol/types.js";
import { readAttempts, readSeen } from "./attempt-pages.js";
import { buckets } from "./buckets.js";
import { countAttempts } from "./count.js";
import { ExportReader } from "./export.js";
import { readGroupAnswers } from "./group-answers.js";
import { type Location, locate } from "./location.js";
import { migrate } from "./migrate.js";
import * as opinions from "./opinions.js";
import * as people from "./people.js";
import * as reads from "./reads.js";
import * as regrade from "./regrade.js";
import { readAttemptIds, readBadProblems, readBadTexts, readJudgedBy, readMarks } from "./review-reads.js";
import { MIGRATIONS, type Migration } from "./schema.js";
import { readSearchState } from "./search.js";
import { buildSearchIndex } from "./search-build.js";
import { Connection, closed, readOnly } from "./sqlite.js";
import * as training from "./training.js";
import { readTurns, writeTurns } from "./turns.js";
import type { Pool } from "./types.js";
import { Watcher } from "./watcher.js";
import { readStanding, writeWords } from "./words.js";
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
  // Three, so that a search does not hold up the tree, nor a page of the tree the attempt that a reviewer asks for.
  const readers: Connection[] = [];
  const closeReaders = (): Promise<unknown> => Promise.all(readers.map((db) => db.close()));
  try {
    while (readers.length < 3) readers.push(await Connection.open(place.file, mode));
    await readers[0]?.get("SELECT count(*) FROM settings");
  } catch (error) {
    await closeReaders();
    throw error;
  }
  const [items, lists, searches] = readers as [Connection, Connection, Connection];
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
    annotate: (target, id, who, value, circumstances) =>
      transaction((db) => writes.writeAnnotation(db, target, id, who, value, circumstances)),
    annotateEach: (who, words) => transaction((db) => writeWords(db, who, words)),
    standing: (of) => readStanding(items, of),
    freezeCut: (id, cut) => transaction((db) => writes.writeCut(db, id, cut)),
    openSitting: (sitting) => transaction((db) => writes.writeSitting(db, sitting)),
    people: () => people.readPeople(lists),
    judgements: (after, limit) => people.readJudgements(lists, after, limit),
    adjudicate: (name, word, of) => transaction((db) => people.writeAdjudicated(db, name, word, of)),
    adjudicated: (id) => people.readAdjudicated(items, id),
    annotations: (target, id) => reads.readAnnotations(items, target, id),
    stats: () => reads.readStats(items),
    buckets: (grouping, query = {}, page) => buckets(query.text ? searches : lists, grouping, query, page),
    count: (query, signal, progress) => countAttempts(searches, query, signal, progress),
    searchState: () => readSearchState(items),
    buildSearchIndex: (report, signal) => buildSearchIndex(transaction, items, report, signal),
    seen: (ids) => readSeen(lists, ids),
    attempts: (query, page) => readAttempts(query.text ? searches : lists, query, page),
    attemptIds: (query, order, limit) => readAttemptIds(searches, query, order, limit),
    marks: () => readMarks(items),
    badProblems: (of) => readBadProblems(items, of),
    judgedBy: (who, query) => readJudgedBy(searches, who, query),
    detail: (id) => reads.readDetail(items, id),
    problem: (rowId) => reads.readProblem(items, rowId),
    problems: (rowIds) => reads.readProblems(lists, rowIds),
    reflectionsOf: (ids, modelId, settings) => reads.readReflections(items, ids, modelId, settings),
    reflectionKeys: (ids, modelId, settings) => reads.readReflectionKeys(items, ids, modelId, settings),
    groupScores: (samplingId) => reads.readGroupScores(lists, samplingId),
    attemptsOfSampling: (samplingId) => reads.readSamplingAttempts(lists, samplingId),
    putOpinions: (rows) => transaction((db) => opinions.writeOpinions(db, rows)),
    opinionsOf: (ids, { history } = {}) => opinions.readOpinions(items, ids, history),
    graders: () => opinions.readGraders(lists),
    disputes: (query) => opinions.readDisputes(query?.text ? searches : lists, query),
    disputeOf: (id) => opinions.readDispute(items, id),
    gradable: (ids, without) => opinions.readGradable(lists, ids, without),
    openRegrade: (what) => transaction((db) => regrade.writeRegrade(db, what)),
    putRegraded: (id, changes, graded) => transaction((db) => regrade.writeRegraded(db, id, changes, graded)),
    endRegrade: (id) => transaction((db) => regrade.writeRegradeEnd(db, id)),
    regrades: () => regrade.readRegrades(lists),
    regrade: (id) => regrade.readRegrade(lists, id),
    regradeChanges: (id, page) => regrade.readRegradeChanges(lists, id, page),
    applyRegrade: (id) => transaction((db) => regrade.applyRegrade(db, id)),
    undoRegrade: (id) => transaction((db) => regrade.undoRegrade(db, id)),
    dropRegrade: (id) => transaction((db) => regrade.dropRegrade(db, id)),
    badTexts: () => readBadTexts(items),
    groupAnswers: (of) => readGroupAnswers(items, of),
    putTurns: (turns) => transaction((db) => writeTurns(db, turns)),
    turnsOf: (ids, query) => readTurns(items, ids, query),
    problemTexts: () => training.readProblemTexts(lists),
    missing: (ids) => training.readMissing(lists, ids),
    countTraining: (query) => training.countTraining(lists, query),
    countReflections: (query) => training.countReflections(lists, query),
    training: (query) => training.readTraining(lists, query),
    tokensOf: (attemptId) => reads.readTokens(items, attemptId),
    exportReader: (selection) => ExportReader.open(place.file, mode, selection),
    backup: (file) => backup(place.file, mode, file),
    close: () => {
      watcher.stop();
      // The writer last: only a connection that may write can fold the log back into the file.
      closing ??= closeReaders().then(() => writer?.close());
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
