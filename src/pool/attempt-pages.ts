import type { Attempt, Verdict } from "../protocol/types.js";
import { inPieces } from "./pieces.js";
import { problemIds } from "./problem-pages.js";
import { attemptSource, attemptWhere, type Found, isFaceted, isSlow, type Source } from "./query.js";
import { ATTEMPT_COLUMNS, toAttempt } from "./rows.js";
import { findText, readNear } from "./search.js";
import type { Connection } from "./sqlite.js";
import type { AttemptQuery } from "./types.js";

/** Attempts of one read where no limit was asked for: their texts pass through the main thread. */
const BATCH = 256;

/** A place in the order of attempts: problem, then id. */
type Place = [problem: number, id: number];

/** See `Pool.attempts`. */
export async function readAttempts(
  db: Connection,
  query: AttemptQuery,
  page: { after?: number; limit: number; signal?: AbortSignal; brief?: boolean } = { limit: -1 },
): Promise<Attempt[]> {
  let after = await placeOf(db, page.after);
  const first = Math.min(page.limit, BATCH);
  const near = await readNear(db, query, first, (found, withinMs) =>
    readPage(db, query, found, after, first, { ...page, withinMs }),
  );
  if (near?.length === page.limit) return near;
  const found = await findText(db, query, page.signal);
  const all: Attempt[] = [];
  while (page.limit < 0 || all.length < page.limit) {
    const size = page.limit < 0 ? BATCH : Math.min(BATCH, page.limit - all.length);
    const next = await readPage(db, query, found, after, size, page);
    all.push(...next);
    const last = next.at(-1);
    if (!last || next.length < size) break;
    after = [last.problemId, last.id];
  }
  return all;
}

/** See `Pool.seen`. */
export async function readSeen(
  db: Connection,
  ids: readonly number[],
): Promise<Map<number, { reviewed: boolean; reflection: Verdict | null }>> {
  const rows = await db.all(
    `SELECT a.id, a.reviewed, (SELECT r.verdict FROM reflections r WHERE r.attempt_id = a.id ORDER BY r.id DESC LIMIT 1)
       AS reflection
     FROM json_each(?) j JOIN attempts a ON a.id = j.value`,
    JSON.stringify(ids),
  );
  return new Map(
    rows.map((row) => [
      Number(row.id),
      { reviewed: row.reviewed === 1, reflection: row.reflection as Verdict | null },
    ]),
  );
}

async function placeOf(db: Connection, id = 0): Promise<Place> {
  const row = await db.get("SELECT problem_id FROM attempts WHERE id = ?", id);
  return [Number(row?.problem_id ?? 0), id];
}

async function readPage(
  db: Connection,
  query: AttemptQuery,
  found: Found | undefined,
  [problem, id]: Place,
  limit: number,
  { signal, withinMs, brief = false }: { signal?: AbortSignal; withinMs?: number; brief?: boolean },
): Promise<Attempt[]> {
  const after = { sql: "AND (a.problem_id, a.id) > (?, ?)", params: [problem, id] };
  if (isFaceted(query)) return readFaceted(db, query, [problem, id], limit, brief);
  const source = attemptSource(query, found);
  const within = (bounds: string, ...ends: number[]): Source => ({
    ...source,
    sql: `${source.sql} ${after.sql} AND ${source.problem} ${bounds}`,
    params: [...source.params, ...after.params, ...ends],
  });
  if (!isSlow(query, found)) return readThese(db, within(">= ?", problem), limit, brief);
  const all: Attempt[] = [];
  await inPieces(
    db,
    async (from, to) => {
      const piece = within(`> ? AND ${source.problem} <= ?`, from, to);
      all.push(...(await readThese(db, piece, limit - all.length, brief)));
      return all.length >= limit;
    },
    { after: Math.max(problem - 1, 0), ...(signal ? { signal } : {}), ...(withinMs ? { withinMs } : {}) },
  );
  return all;
}

/** A few problems at a time, for there are several attempts of most. */
async function readFaceted(
  db: Connection,
  query: AttemptQuery,
  [problem, id]: Place,
  limit: number,
  brief: boolean,
): Promise<Attempt[]> {
  const { sql, params } = attemptWhere(query);
  const size = Math.ceil(limit / 4) + 1;
  const all: Attempt[] = [];
  for (let after = problem - 1; all.length < limit; ) {
    const problems = await problemIds(db, query, after, size);
    const source = {
      from: `json_each(?) j CROSS JOIN attempts a INDEXED BY attempts_problem ON a.problem_id = j.value
        LEFT JOIN problems p ON p.id = a.problem_id`,
      problem: "j.value",
      sql: `${sql} AND (a.problem_id, a.id) > (?, ?)`,
      params: [JSON.stringify(problems), ...params, problem, id],
    };
    all.push(...(await readThese(db, source, limit - all.length, brief)));
    if (problems.length < size) break;
    after = problems.at(-1) ?? after;
  }
  return all;
}

/** First which attempts, then their texts: no more of these are read than are shown, and none for a brief look. */
async function readThese(
  db: Connection,
  { from, problem, sql, params }: Source,
  limit: number,
  brief: boolean,
): Promise<Attempt[]> {
  const columns = brief ? ATTEMPT_COLUMNS.replace("t.text", "'' AS text") : ATTEMPT_COLUMNS;
  const texts = brief ? "" : "JOIN generations t ON t.attempt_id = a.id";
  const rows = await db.all(
    `SELECT ${columns} FROM (
         SELECT a.id FROM ${from} WHERE ${sql} ORDER BY ${problem}, a.id LIMIT ?) k
       CROSS JOIN attempts a ON a.id = k.id JOIN groups g ON g.id = a.group_id JOIN samplings s ON s.id = g.sampling_id
       ${texts}
     ORDER BY a.problem_id, a.id`,
    ...[...params, limit],
  );
  return rows.map(toAttempt);
}
