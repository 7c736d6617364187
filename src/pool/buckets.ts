import { placeOf } from "./facets.js";
import { byProblem } from "./problem-pages.js";
import {
  attemptSource,
  attemptWhere,
  type Found,
  facetWhere,
  inPool,
  isFaceted,
  type Where,
} from "./query.js";
import { findText, readNear } from "./search.js";
import type { Connection } from "./sqlite.js";
import type { AttemptQuery, PoolBucket, PoolGrouping } from "./types.js";

export interface Page {
  /** The key of the last bucket that was read. */
  after?: string;
  limit: number;
  /** Ends a search that reads the pool piece by piece. */
  signal?: AbortSignal;
}

type Column = Exclude<PoolGrouping, "problem" | "label">;

/** Of an attempt `a` and its problem `p`, and of a facet `f`. */
const COLUMNS: Record<Exclude<Column, "answer">, [attempt: string, facet: string]> = {
  level: ["coalesce(p.level, '')", "f.level"],
  kind: ["coalesce(p.kind, '')", "f.kind"],
  errorType: ["coalesce(a.error_type, '')", "f.error_type"],
  decision: ["coalesce(a.decision, '')", "f.decision"],
  rating: ["CAST(coalesce(a.rating, '') AS TEXT)", "f.rating"],
  firstWrong: ["CAST(coalesce(a.first_wrong, '') AS TEXT)", "f.first_wrong"],
  model: ["a.model_id", "f.model_id"],
};

/** Attempts below which an answer's own figures are slower than reading them. */
const FEW = 5000;

/**
 * Rows of the tree: numbers in the order of numbers, then words. Figures come from the facets that triggers keep, so
 * that a pool of any size opens at once, also under filters on them; an attempt stands under each of its labels.
 */
export async function buckets(
  db: Connection,
  grouping: PoolGrouping,
  query: AttemptQuery,
  page: Page = { limit: -1 },
): Promise<PoolBucket[]> {
  if (grouping === "problem") {
    const problems = { ...page, after: page.after === undefined ? 0 : Number(page.after) };
    const read = (found: Found, withinMs: number): Promise<PoolBucket[]> =>
      byProblem(db, query, found, { ...problems, withinMs });
    const near = await readNear(db, query, page.limit, read);
    return near ?? byProblem(db, query, await findText(db, query, page.signal), problems);
  }
  const found = await findText(db, query, page.signal);
  const { sql, params } = await counted(db, grouping, query, found, page);
  const place = placeOf("key");
  const rows = await db.all(
    `SELECT key, attempts, unreviewed FROM (
       SELECT key, sum(n) AS attempts, sum(open) AS unreviewed FROM (${sql}) GROUP BY key)
     WHERE attempts > 0 ${page.after === undefined ? "" : `AND (${place}, key) > (${placeOf("?")}, ?)`}
     ORDER BY ${place}, key LIMIT ?`,
    ...[...params, ...afterParams(page), page.limit],
  );
  return rows.map((row) => ({
    key: String(row.key),
    label: String(row.key),
    attempts: Number(row.attempts),
    unreviewed: Number(row.unreviewed),
  }));
}

/** The key of a page's beginning, for `placeOf("?")` and once more. */
const afterParams = ({ after }: Page): string[] => (after === undefined ? [] : Array<string>(4).fill(after));

/** Rows `key`, `n` attempts and how many of them are `open`, to be summed; what is not meant after all counts below 0. */
async function counted(
  db: Connection,
  grouping: Exclude<PoolGrouping, "problem">,
  query: AttemptQuery,
  found: Found | undefined,
  page: Page,
): Promise<Where> {
  if (grouping === "label") return byLabel(query, found);
  const [ofAttempt, ofFacet] =
    grouping === "answer" ? (["coalesce(a.answer, '')", undefined] as const) : COLUMNS[grouping];
  const { label, ...rest } = query;
  if (!isFaceted(rest, "answer")) return eachAttempt(ofAttempt, query, found);
  if (ofFacet !== undefined && rest.answer === undefined && label !== undefined) {
    if (label) return ofLabels(ofFacet, "w.label = ?", rest, 1, label);
    return union(eachFacet(ofFacet, rest), ofLabels(ofFacet, "w.label = ''", rest, -1));
  }
  if (label) return eachAttempt(ofAttempt, query, found);
  const all = ofFacet === undefined ? await byAnswer(db, query, page) : eachFacet(ofFacet, rest);
  // Without a label: all, less those that have one.
  return label === undefined ? all : union(all, notLabelled(ofAttempt, rest));
}

function byLabel(query: AttemptQuery, found: Found | undefined): Where {
  const { label, ...rest } = query;
  if (isFaceted(rest)) {
    const labelled = ofLabels("w.label", "w.label <> ''", rest, 1);
    if (label) return ofLabels("w.label", "w.label = ?", rest, 1, label);
    const none = union(eachFacet("''", rest), ofLabels("''", "w.label = ''", rest, -1));
    return label === "" ? none : union(labelled, none);
  }
  const { sql, params } = attemptWhere(query, found);
  const labelled = {
    sql: `SELECT l.label AS key, 1 AS n, 1 - a.reviewed AS open FROM labels l CROSS JOIN attempts a ON a.id = l.attempt_id
      LEFT JOIN problems p ON p.id = a.problem_id LEFT JOIN generations t ON t.attempt_id = a.id WHERE ${sql}
        ${label ? "AND l.label = ?" : ""}`,
    params: label ? [...params, label] : params,
  };
  if (label) return labelled;
  const all = isFaceted(rest, "answer") ? eachFacet("''", rest) : eachAttempt("''", rest, found);
  const none = union(all, notLabelled("''", rest, found));
  return label === "" ? none : union(labelled, none);
}

/** Attempts by their labels, as counted. @param sign -1: they are to be taken from all */
function ofLabels(key: string, which: string, query: AttemptQuery, sign: 1 | -1, ...labels: string[]): Where {
  const { sql, params } = facetWhere(query);
  const n = `${sign} * w.attempts`;
  return {
    sql: `SELECT ${key} AS key, ${n} AS n, ${n} * (1 - f.reviewed) AS open
      FROM facets f CROSS JOIN label_facets w INDEXED BY label_facets_facet ON w.facet_id = f.id WHERE ${sql} AND ${which}`,
    params: [...params, ...labels],
  };
}

/** Attempts one by one. */
function eachAttempt(key: string, query: AttemptQuery, found: Found | undefined): Where {
  const { from, sql, params } = attemptSource(query, found);
  return { sql: `SELECT ${key} AS key, 1 AS n, 1 - a.reviewed AS open FROM ${from} WHERE ${sql}`, params };
}

/** Attempts that have a label, each once, to be taken from all. */
function notLabelled(key: string, query: AttemptQuery, found?: Found): Where {
  const { sql, params } = attemptWhere(query, found);
  return {
    sql: `SELECT ${key} AS key, -1 AS n, a.reviewed - 1 AS open
      FROM (SELECT DISTINCT attempt_id FROM labels) l CROSS JOIN attempts a ON a.id = l.attempt_id
        LEFT JOIN problems p ON p.id = a.problem_id LEFT JOIN generations t ON t.attempt_id = a.id WHERE ${sql}`,
    params,
  };
}

/** Combinations of facets; those of one answer where the query names it. */
export function eachFacet(key: string, query: AttemptQuery): Where {
  const { sql, params } = facetWhere(query);
  if (query.answer === undefined) {
    const open = "f.attempts * (1 - f.reviewed)";
    return {
      sql: `SELECT ${key} AS key, f.attempts AS n, ${open} AS open FROM facets f WHERE ${sql}`,
      params,
    };
  }
  return {
    sql: `SELECT ${key} AS key, w.attempts AS n, w.attempts * (1 - f.reviewed) AS open
      FROM answer_facets w CROSS JOIN facets f ON f.id = w.facet_id
      WHERE w.in_pool IN (${inPool(query) ? "1" : "0, 1"}) AND w.place = ${placeOf("?")} AND w.answer = ? AND ${sql}`,
    params: [...Array<string>(4).fill(query.answer), ...params],
  };
}

/**
 * The answers of a page: the first of each part of `answer_facets`, in its order, are the first of all of them. Few
 * attempts are sooner found by their problems.
 */
async function byAnswer(db: Connection, { label, ...query }: AttemptQuery, page: Page): Promise<Where> {
  const { sql, params } = facetWhere(query);
  if (query.answer !== undefined) return eachFacet("w.answer", query);
  const size = await db.get(
    `SELECT total(f.attempts) AS attempts, (SELECT count(*) FROM labels) AS labels FROM facets f WHERE ${sql}`,
    ...params,
  );
  if (Number(size?.attempts) < FEW) {
    const where = attemptWhere(query);
    return {
      sql: `SELECT coalesce(a.answer, '') AS key, 1 AS n, 1 - a.reviewed AS open
        FROM (SELECT DISTINCT g.problem_id FROM facets f
            CROSS JOIN problem_facets g INDEXED BY problem_facets_facet ON g.facet_id = f.id WHERE ${sql}) j
          CROSS JOIN attempts a INDEXED BY attempts_problem ON a.problem_id = j.problem_id
          LEFT JOIN problems p ON p.id = a.problem_id WHERE ${where.sql}`,
      params: [...params, ...where.params],
    };
  }
  // As many more as labelled ones may take away afterwards.
  const limit = page.limit < 0 ? -1 : page.limit + (label === undefined ? 0 : Number(size?.labels));
  const after = page.after === undefined ? "" : `AND (w.place, w.answer) > (${placeOf("?")}, ?)`;
  const part = (pool: 0 | 1): Where => ({
    sql: `SELECT * FROM (SELECT w.answer AS key, sum(w.attempts) AS n, sum(w.attempts * (1 - f.reviewed)) AS open
      FROM answer_facets w CROSS JOIN facets f ON f.id = w.facet_id
      WHERE w.in_pool = ${pool} ${after} AND ${sql} GROUP BY w.place, w.answer ORDER BY w.place, w.answer LIMIT ?)`,
    params: [...afterParams(page), ...params, limit],
  });
  return inPool(query) ? part(1) : union(part(0), part(1));
}

const union = (a: Where, b: Where): Where => ({
  sql: `${a.sql} UNION ALL ${b.sql}`,
  params: [...a.params, ...b.params],
});
