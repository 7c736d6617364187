import { setTimeout as pause } from "node:timers/promises";
import { readSearchState } from "./search.js";
import { KIND, SEARCH_TABLE, SEARCHED, type Searched } from "./search-schema.js";
import type { Connection } from "./sqlite.js";
import type { Pool, SearchState } from "./types.js";

/** What one transaction should take, in milliseconds: a rating waits so long at most. */
const PIECE_MS = 80;

/** Between two of them, so that other windows get the lock as well. */
const PAUSE_MS = 5;

/** See `Pool.buildSearchIndex`. */
export async function buildSearchIndex(
  transaction: Pool["transaction"],
  db: Connection,
  report: (state: SearchState) => void = () => undefined,
  signal?: AbortSignal,
): Promise<SearchState> {
  signal?.throwIfAborted();
  await transaction(async (writing) => {
    await writing.exec(SEARCH_TABLE);
    for (const { kind } of SEARCHED) {
      await writing.run("INSERT OR IGNORE INTO search_marks VALUES (?, 0, 0)", kind);
    }
  });
  // Counting a large pool takes longer than a piece: what each piece adds is told instead.
  let state = await readSearchState(db);
  for (const searched of SEARCHED) {
    for (let size = 16; ; ) {
      signal?.throwIfAborted();
      const begun = performance.now();
      const { indexed, bytes } = await transaction((writing) => indexNext(writing, searched, size));
      if (indexed === 0) break;
      const taken = performance.now() - begun;
      size = Math.ceil(size * Math.min(2, Math.max(0.25, PIECE_MS / Math.max(taken, 1))));
      state = { ...state, state: "partial", indexed: state.indexed + indexed, bytes: state.bytes + bytes };
      report(state);
      await pause(PAUSE_MS);
    }
  }
  await transaction(indexChanged);
  state = await readSearchState(db);
  report(state);
  return state;
}

/** What one piece added. */
interface Piece {
  /** Rows; 0: there are none left. */
  indexed: number;
  bytes: number;
}

/** Indexes the next rows of a kind. */
async function indexNext(db: Connection, searched: Searched, size: number): Promise<Piece> {
  const { kind, rows, text, id } = searched;
  const next = await db.get(
    `SELECT m.upto, (SELECT max(id) FROM (SELECT ${id} AS id FROM ${rows} WHERE ${id} > m.upto ORDER BY 1 LIMIT ?)) AS last
     FROM search_marks m WHERE kind = ?`,
    ...[size, kind],
  );
  if (!next || next.last === null) return { indexed: 0, bytes: 0 };
  return growing(db, kind, async () => {
    const { changes } = await db.run(
      `INSERT OR REPLACE INTO search (rowid, text)
       SELECT ${kind * KIND} + ${id}, ${text} FROM ${rows} WHERE ${id} > ? AND ${id} <= ? ORDER BY ${id}`,
      ...[Number(next.upto), Number(next.last)],
    );
    await db.run("UPDATE search_marks SET upto = ? WHERE kind = ?", Number(next.last), kind);
    return changes;
  });
}

/** Problems whose text is another one now. */
function indexChanged(db: Connection): Promise<Piece> {
  return growing(db, 0, async () => {
    const { changes } = await db.run(`INSERT OR REPLACE INTO search (rowid, text)
      SELECT p.id, p.problem FROM search_stale s CROSS JOIN problems p ON p.id = s.problem_id ORDER BY p.id`);
    await db.run("DELETE FROM search_stale");
    return changes;
  });
}

/**
 * Adds to a kind's size by how many pages more are in use afterwards: nobody else writes meanwhile.
 * @param work returns how many rows it indexed
 */
async function growing(db: Connection, kind: number, work: () => Promise<number>): Promise<Piece> {
  const pages = async (): Promise<number> =>
    (await db.pragma("page_count")) - (await db.pragma("freelist_count"));
  const before = await pages();
  const indexed = await work();
  // A savepoint makes FTS5 write what it would write when the transaction ends.
  await db.exec("SAVEPOINT written; RELEASE written");
  const bytes = ((await pages()) - before) * (await db.pragma("page_size"));
  await db.run("UPDATE search_marks SET bytes = bytes + ? WHERE kind = ?", bytes, kind);
  return { indexed, bytes };
}
