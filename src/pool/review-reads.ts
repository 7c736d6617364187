import { setImmediate } from "node:timers/promises";
import { attemptWhere } from "./query.js";
import { ATTEMPT_TABLES } from "./rows.js";
import { findText } from "./search.js";
import type { Connection } from "./sqlite.js";
import type { AttemptQuery, LeftOutProblems, PoolMarks, QueueOrder } from "./types.js";

/** Ids of one piece of a list: a million rows of their own would hold up the event loop for seconds. */
const PIECE = 50_000;

const ONE_BITS = 4_294_967_295;

/**
 * A bijection of 32-bit numbers, in SQL: two rounds of multiplying by an odd number, the high half folded into the low
 * one between them (SQLite has no exclusive or: `(a | b) - (a & b)`). One multiplication alone would put the same ids
 * beside each other under every seed.
 */
function shuffled(id: string): string {
  const first = `(((${id} + ?) * 2654435761) & ${ONE_BITS})`;
  const folded = `((${first} | (${first} >> 15)) - (${first} & (${first} >> 15)))`;
  return `(${folded} * 2246822519) & ${ONE_BITS}`;
}

/**
 * In review order. `random` is a permutation that the seed alone determines, so that a reload goes on in it;
 * `uncertain` puts groups first whose share of right answers is nearest to one half.
 * @param limit at most so many, from the first
 */
export async function readAttemptIds(
  db: Connection,
  query: AttemptQuery,
  order: QueueOrder = { by: "stored" },
  limit = -1,
): Promise<number[]> {
  const { sql, params } = attemptWhere(query, await findText(db, query));
  // The index of answers holds every attempt of a sampling: taken for the purpose alone it would leave all to be sorted.
  const where = query.answer === undefined ? sql.replace("a.purpose = ", "+a.purpose = ") : sql;
  // Those in dispute are few: their index, whatever else is asked of them.
  const index = query.dispute === "any" ? "attempts_disputed" : "attempts_dispute";
  const tables =
    query.dispute === undefined || query.ids
      ? ATTEMPT_TABLES
      : ATTEMPT_TABLES.replace("attempts a", `attempts a INDEXED BY ${index}`);
  const by = {
    stored: "a.problem_id, a.id",
    random: `${shuffled("a.id")}, a.id`,
    disputes:
      "CASE a.dispute WHEN 'disagree' THEN 1 WHEN 'imported' THEN 2 WHEN 'unsure' THEN 3 ELSE 4 END, a.problem_id, a.id",
    uncertain: "abs(2.0 * g.correct / max(g.scored, 1) - 1), a.problem_id, a.id",
  }[order.by];
  // The seed stands wherever the shuffled id does. Beyond 31 bits the product would leave SQLite's integers.
  const seeds = order.by === "random" ? Array<number>(4).fill(order.seed % 2 ** 31) : [];
  const rows = await db.all(
    `SELECT json_group_array(id ORDER BY place) AS ids FROM (
       SELECT id, row_number() OVER () AS place FROM (
         SELECT a.id FROM ${tables} WHERE ${where} ORDER BY ${by} LIMIT ?))
     GROUP BY place / ${PIECE} ORDER BY place / ${PIECE}`,
    ...[...params, ...seeds, limit],
  );
  const ids: number[] = [];
  for (const row of rows) {
    for (const id of JSON.parse(String(row.ids)) as number[]) ids.push(id);
    // Others have their turn between two pieces.
    await setImmediate();
  }
  return ids;
}

/** What changes whenever something is added that a queue may show. */
export async function readMarks(db: Connection): Promise<PoolMarks> {
  const row = await db.get(
    `SELECT (SELECT max(id) FROM attempts) AS attempts, (SELECT max(id) FROM reflections) AS reflections,
       (SELECT max(id) FROM annotations) AS annotations, (SELECT max(id) FROM opinions) AS opinions,
       (SELECT group_concat(id || state) FROM regrades WHERE state IN ('applied', 'undone')) AS regrades, (SELECT value FROM settings WHERE name = 'filter') AS filter`,
  );
  return {
    attempts: Number(row?.attempts ?? 0),
    reflections: Number(row?.reflections ?? 0),
    annotations: Number(row?.annotations ?? 0),
    opinions: Number(row?.opinions ?? 0),
    regrades: String(row?.regrades ?? ""),
    filter: String(row?.filter ?? ""),
  };
}

/** Through the index of bad problems, of which there are few. */
export async function readBadProblems(db: Connection, of: LeftOutProblems = {}): Promise<number> {
  const row = await db.get(
    `SELECT count(*) AS n FROM problems p WHERE p.bad = 1
       AND (?1 IS NULL OR EXISTS (SELECT 1 FROM groups g WHERE g.sampling_id = ?1 AND g.problem_id = p.id))
       AND (?2 IS NULL OR p.set_name = ?2) AND (?3 IS NULL OR p.id IN (SELECT value FROM json_each(?3)))`,
    ...[of.samplingId ?? null, of.set ?? null, of.problemRowIds ? JSON.stringify(of.problemRowIds) : null],
  );
  return Number(row?.n);
}

export async function readBadTexts(db: Connection): Promise<{ problem: string; gold: string }[]> {
  const rows = await db.all("SELECT problem, gold FROM problems WHERE bad = 1");
  return rows.map(({ problem, gold }) => ({ problem: String(problem), gold: String(gold) }));
}

/** Kinds that a person can be held against themselves in: notes, flags and texts are work, not a measure. */
const MEASURED = `('rating', 'decision', 'verdict', 'firstWrongStep', 'errorType', 'label')`;

/**
 * Attempts of a query that a person judged and never judged a second time, the oldest judgement first. Those whose
 * verdict a person overruled are left out: what is shown of them would tell that they were judged before.
 */
export async function readJudgedBy(db: Connection, who: string, query: AttemptQuery): Promise<number[]> {
  const { reviewed: _, ...all } = query;
  const { sql, params } = attemptWhere(all, await findText(db, all));
  const attempt = `CASE n.target WHEN 'attempt' THEN n.target_id
    ELSE (SELECT r.attempt_id FROM reflections r WHERE r.id = n.target_id) END`;
  const rows = await db.all(
    `WITH said AS MATERIALIZED (
         SELECT ${attempt} AS attempt_id, max(n.id) AS last FROM standing s JOIN annotations n ON n.id = s.annotation_id
         WHERE s.who = ? AND s.target <> 'problem' AND s.kind IN ${MEASURED} AND n.value IS NOT NULL GROUP BY 1),
       twice AS MATERIALIZED (
         SELECT ${attempt} AS attempt_id FROM annotations n WHERE n.who = ? AND n.pass = 2)
     SELECT a.id FROM said CROSS JOIN ${ATTEMPT_TABLES}
     WHERE a.id = said.attempt_id AND a.verdict = a.graded AND p.bad = 0 AND a.id NOT IN (SELECT attempt_id FROM twice)
       AND ${sql} ORDER BY said.last`,
    ...[who, who, ...params],
  );
  return rows.map((row) => Number(row.id));
}
