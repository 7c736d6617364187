import { eachFacet } from "./buckets.js";
import { inPieces } from "./pieces.js";
import { attemptSource, facetWhere, inPool, isFaceted, isSlow, type Where } from "./query.js";
import { findText } from "./search.js";
import type { Connection, Row } from "./sqlite.js";
import type { AttemptQuery, PoolCount } from "./types.js";

/** See `Pool.count`. */
export async function countAttempts(
  db: Connection,
  query: AttemptQuery,
  signal?: AbortSignal,
  progress?: (share: number) => void,
): Promise<PoolCount> {
  if (isFaceted(query)) return countFacets(db, query);
  const found = await findText(db, query, signal);
  const { from, problem, sql, params } = attemptSource(query, found);
  const total: PoolCount = { attempts: 0, problems: 0, unreviewed: 0 };
  const count = async (range: string, ...ends: number[]): Promise<void> => {
    const row = await db.get(
      `SELECT count(*) AS attempts, count(DISTINCT ${problem}) AS problems, total(1 - a.reviewed) AS unreviewed
       FROM ${from} WHERE ${sql} ${range}`,
      ...[...params, ...ends],
    );
    const piece = toCount(row);
    total.attempts += piece.attempts;
    total.problems += piece.problems;
    total.unreviewed += piece.unreviewed;
  };
  if (!isSlow(query, found)) await count("");
  else {
    const piece = async (after: number, upTo: number): Promise<boolean> => {
      await count(`AND ${problem} > ? AND ${problem} <= ?`, after, upTo);
      return false;
    };
    await inPieces(db, piece, { ...(signal ? { signal } : {}), ...(progress ? { progress } : {}) });
  }
  return total;
}

async function countFacets(db: Connection, query: AttemptQuery): Promise<PoolCount> {
  const facets = eachFacet("''", query);
  const problems = problemsOf(query);
  const row = await db.get(
    `SELECT total(n) AS attempts, total(open) AS unreviewed, (${problems.sql}) AS problems FROM (${facets.sql})`,
    ...[...problems.params, ...facets.params],
  );
  return toCount(row);
}

/** Of a million attempts, counting what problems have takes a tenth of a second; the whole has counters of its own. */
function problemsOf(query: AttemptQuery): Where {
  const { scope: _, ...filter } = query;
  if (Object.values(filter).every((part) => part === undefined)) {
    return {
      sql: `SELECT count(*) FROM tallies WHERE ${inPool(query) ? "in_pool" : "attempts"} > 0`,
      params: [],
    };
  }
  const { sql, params } = facetWhere(query);
  return {
    sql: `SELECT count(DISTINCT problem_id) FROM problem_facets
      WHERE +facet_id IN (SELECT f.id FROM facets f WHERE ${sql})`,
    params,
  };
}

function toCount(row: Row | undefined): PoolCount {
  return {
    attempts: Number(row?.attempts),
    problems: Number(row?.problems),
    unreviewed: Number(row?.unreviewed),
  };
}
