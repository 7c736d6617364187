import { attemptWhere, isTallied } from "./query.js";
import { ATTEMPT_TABLES } from "./rows.js";
import type { Connection, Row, SqlValue } from "./sqlite.js";
import type { AttemptQuery, PoolBucket, PoolGrouping } from "./types.js";

export interface Page {
  /** The key of the last bucket that was read. */
  after?: string;
  limit: number;
}

const COLUMNS: Record<PoolGrouping, string> = {
  problem: "a.problem_id",
  level: "coalesce(p.level, '')",
  kind: "coalesce(p.kind, '')",
  answer: "coalesce(a.answer, '')",
  errorType: "coalesce(a.error_type, '')",
};

/**
 * Rows of the tree. Problems, levels and kinds come from the tallies that triggers keep, so that a pool of any size
 * opens at once; a search or a filter on attempts counts the attempts it finds.
 */
export async function buckets(
  db: Connection,
  grouping: PoolGrouping,
  query: AttemptQuery,
  page?: Page,
): Promise<PoolBucket[]> {
  const limit = page?.limit ?? -1;
  if (grouping === "problem") return byProblem(db, query, limit, page?.after);
  const tallied = isTallied(query) && (grouping === "level" || grouping === "kind");
  const { from, where, params, count, unreviewed } = tallied ? fromTallies(query) : fromAttempts(query);
  // Numbers in the order of numbers, then words; the same order makes `after` a place to go on from.
  const rows = await db.all(
    `SELECT * FROM (SELECT ${COLUMNS[grouping]} AS key, ${count} AS attempts, ${unreviewed} AS unreviewed
       FROM ${from} WHERE ${where} GROUP BY 1)
     WHERE attempts > 0 ${page?.after === undefined ? "" : "AND (CAST(key AS REAL), key) > (CAST(? AS REAL), ?)"}
     ORDER BY CAST(key AS REAL), key LIMIT ?`,
    ...params,
    ...(page?.after === undefined ? [] : [page.after, page.after]),
    limit,
  );
  return rows.map((row) => ({
    key: String(row.key),
    label: String(row.key),
    attempts: Number(row.attempts),
    unreviewed: Number(row.unreviewed),
  }));
}

async function byProblem(
  db: Connection,
  query: AttemptQuery,
  limit: number,
  after?: string,
): Promise<PoolBucket[]> {
  const start = after === undefined ? 0 : Number(after);
  const scored = "t.correct, t.attempts - t.unscored AS scored";
  let rows: Row[];
  if (isTallied(query)) {
    const { from, where, params, count, unreviewed } = fromTallies(query, true);
    const some = `${count} > 0${query.scope === "all" ? "" : " AND t.in_pool > 0"}`;
    rows = await db.all(
      `SELECT t.problem_id AS key, p.problem AS label, ${count} AS attempts, ${unreviewed} AS unreviewed, ${scored}
       FROM ${from} WHERE ${where} AND ${some} AND t.problem_id > ? ORDER BY t.problem_id LIMIT ?`,
      ...params,
      start,
      limit,
    );
  } else {
    const { from, where, params, count, unreviewed } = fromAttempts(query);
    rows = await db.all(
      `SELECT f.key, p.problem AS label, f.attempts, f.unreviewed, ${scored}
       FROM (SELECT a.problem_id AS key, ${count} AS attempts, ${unreviewed} AS unreviewed
         FROM ${from} WHERE ${where} AND a.problem_id > ? GROUP BY 1 ORDER BY 1 LIMIT ?) f
       JOIN problems p ON p.id = f.key JOIN tallies t ON t.problem_id = f.key ORDER BY f.key`,
      ...params,
      start,
      limit,
    );
  }
  return rows.map((row) => ({
    key: String(row.key),
    label: String(row.label),
    attempts: Number(row.attempts),
    unreviewed: Number(row.unreviewed),
    correct: Number(row.correct),
    scored: Number(row.scored),
  }));
}

interface Source {
  from: string;
  where: string;
  params: SqlValue[];
  count: string;
  unreviewed: string;
}

function fromAttempts(query: AttemptQuery): Source {
  const { sql, params } = attemptWhere(query);
  return { from: ATTEMPT_TABLES, where: sql, params, count: "count(*)", unreviewed: "sum(1 - a.reviewed)" };
}

/** @param single one row a problem, so that nothing needs summing. */
function fromTallies(query: AttemptQuery, single = false): Source {
  const all = query.scope === "all" ? "t.attempts" : "t.in_pool";
  const reviewed = query.scope === "all" ? "t.reviewed" : "t.pool_reviewed";
  const open = `(${all} - ${reviewed})`;
  const count = query.reviewed === undefined ? all : query.reviewed ? reviewed : open;
  const unreviewed = query.reviewed === true ? "0" : open;
  const conditions: AttemptQuery = { scope: "all" };
  if (query.level !== undefined) conditions.level = query.level;
  if (query.kind !== undefined) conditions.kind = query.kind;
  const { sql, params } = attemptWhere(conditions, true);
  const where = query.problemId === undefined ? sql : `${sql} AND t.problem_id = ?`;
  if (query.problemId !== undefined) params.push(query.problemId);
  const sum = (figure: string): string => (single ? figure : `sum(${figure})`);
  return {
    from: "tallies t JOIN problems p ON p.id = t.problem_id",
    where,
    params,
    count: sum(count),
    unreviewed: sum(unreviewed),
  };
}
