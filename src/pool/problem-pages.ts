import { inPieces } from "./pieces.js";
import { attemptSource, type Found, facetWhere, isFaceted, isSlow } from "./query.js";
import type { Connection, Row } from "./sqlite.js";
import type { AttemptQuery, PoolBucket } from "./types.js";

/** Problems of one read where no limit was asked for. */
const BATCH = 2000;

/** Steps of one index beyond which going through all problems in their order is no slower. */
const FEW_STEPS = 100_000;

/** Problems that are gone through first, for each that is asked for. */
const NEAR = 10;

/** Of a problem's text: a row of the tree shows less. */
const LABEL = "substr(p.problem, 1, 2000) AS label";

/** Problems after `after` of which a query finds attempts, with what it finds of each. @param limit -1: all */
export async function byProblem(
  db: Connection,
  query: AttemptQuery,
  found: Found | undefined,
  { after, limit, ...range }: { after: number; limit: number; signal?: AbortSignal; withinMs?: number },
): Promise<PoolBucket[]> {
  const all: PoolBucket[] = [];
  if (isFaceted(query)) {
    for (let from = after; ; ) {
      const size = limit < 0 ? BATCH : limit;
      const ids = await problemIds(db, query, from, size);
      all.push(...(await figures(db, query, ids)));
      if (limit >= 0 || ids.length < size) return all;
      from = ids.at(-1) ?? from;
    }
  }
  if (!isSlow(query, found)) return readProblems(db, query, found, after, Number.MAX_SAFE_INTEGER, limit);
  await inPieces(
    db,
    async (from, to) => {
      all.push(...(await readProblems(db, query, found, from, to, limit < 0 ? -1 : limit - all.length)));
      return limit >= 0 && all.length >= limit;
    },
    { after, ...range },
  );
  return all;
}

/**
 * Row ids of the next problems that have an attempt of a query that facets answer. The nearest problems first: they are
 * enough where many are meant. Then the first problems of each combination that is meant, or, of many combinations, all
 * problems in their order.
 */
export async function problemIds(
  db: Connection,
  query: AttemptQuery,
  after: number,
  limit: number,
): Promise<number[]> {
  const { sql, params } = facetWhere(query);
  const inOrder = `SELECT DISTINCT problem_id AS id FROM problem_facets
    WHERE +facet_id IN (SELECT f.id FROM facets f WHERE ${sql}) AND problem_id > ? AND problem_id <= ?
    ORDER BY problem_id LIMIT ?`;
  const near = await db.all(inOrder, ...[...params, after, after + NEAR * limit, limit]);
  if (near.length === limit) return near.map((row) => Number(row.id));
  const steps = await db.get(
    `SELECT total(min(attempts, ?)) AS n FROM facets f WHERE ${sql}`,
    limit,
    ...params,
  );
  const rows =
    Number(steps?.n) < FEW_STEPS
      ? await db.all(
          `SELECT DISTINCT j.value AS id FROM facets f CROSS JOIN json_each((
           SELECT json_group_array(problem_id) FROM (
             SELECT problem_id FROM problem_facets INDEXED BY problem_facets_facet
             WHERE facet_id = f.id AND problem_id > ? ORDER BY problem_id LIMIT ?))) j
         WHERE ${sql} ORDER BY 1 LIMIT ?`,
          ...[after, limit, ...params, limit],
        )
      : await db.all(inOrder, ...[...params, after, Number.MAX_SAFE_INTEGER, limit]);
  return rows.map((row) => Number(row.id));
}

async function figures(db: Connection, query: AttemptQuery, ids: number[]): Promise<PoolBucket[]> {
  const { sql, params } = facetWhere(query);
  const rows = await db.all(
    `SELECT g.problem_id AS key, ${LABEL}, sum(g.attempts) AS attempts, sum(g.attempts * (1 - f.reviewed)) AS unreviewed,
       t.correct, t.attempts - t.unscored AS scored
     FROM json_each(?) j CROSS JOIN problem_facets g ON g.problem_id = j.value CROSS JOIN facets f ON f.id = g.facet_id
       CROSS JOIN problems p ON p.id = j.value CROSS JOIN tallies t ON t.problem_id = j.value
     WHERE ${sql} GROUP BY j.key ORDER BY j.key`,
    ...[JSON.stringify(ids), ...params],
  );
  return rows.map(toBucket);
}

async function readProblems(
  db: Connection,
  query: AttemptQuery,
  found: Found | undefined,
  after: number,
  upTo: number,
  limit: number,
): Promise<PoolBucket[]> {
  const { from, problem, sql, params } = attemptSource(query, found);
  const rows = await db.all(
    `SELECT g.key, ${LABEL}, g.attempts, g.unreviewed, t.correct, t.attempts - t.unscored AS scored
     FROM (SELECT ${problem} AS key, count(*) AS attempts, sum(1 - a.reviewed) AS unreviewed
         FROM ${from} WHERE ${sql} AND ${problem} > ? AND ${problem} <= ? GROUP BY 1 ORDER BY 1 LIMIT ?) g
       CROSS JOIN problems p ON p.id = g.key CROSS JOIN tallies t ON t.problem_id = g.key ORDER BY g.key`,
    ...[...params, after, upTo, limit],
  );
  return rows.map(toBucket);
}

function toBucket(row: Row): PoolBucket {
  return {
    key: String(row.key),
    label: String(row.label),
    attempts: Number(row.attempts),
    unreviewed: Number(row.unreviewed),
    correct: Number(row.correct),
    scored: Number(row.scored),
  };
}
