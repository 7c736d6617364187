import type { LeftOut } from "../protocol/run-data.js";
import type { Verdict } from "../protocol/types.js";
import type { Connection, Row } from "./sqlite.js";
import { sorted } from "./training-sql.js";
import type { TrainingCount, TrainingQuery, TrainingRow } from "./types.js";

/** Each attempt of a group that is in a pair is in it once, the fewer of right and wrong ones again and again. */
const PAIRS = (most: number): string => `(
  SELECT sum(min(pairs, ${Math.trunc(most)})) FROM (
    SELECT place, sum(pairs) AS pairs FROM (
      SELECT place, max(sum(verdict = 'correct'), sum(verdict = 'incorrect')) AS pairs
      FROM sorted WHERE why IS NULL GROUP BY place, group_id)
    GROUP BY place))`;

/**
 * How many attempts are left out, by reason, and how many items there are (of `preferences`: pairs). One statement,
 * whatever the pool's size.
 */
export async function countTraining(db: Connection, query: TrainingQuery): Promise<TrainingCount[]> {
  const pairs = query.take === "preferences" ? PAIRS(query.perProblem) : "count(*)";
  const rows = await db.all(
    `${sorted(query)}
     SELECT why, CASE WHEN why IS NULL THEN ${pairs} ELSE count(*) END AS count, count(DISTINCT place) AS problems
     FROM sorted GROUP BY why`,
    ...parameters(query),
  );
  return rows.map((row) => ({
    why: row.why as LeftOut | null,
    count: Number(row.count),
    problems: Number(row.problems),
  }));
}

/** Whose reflections are taken, the most frequent first: the person's who mended the correction, else the model's. */
export async function countReflections(
  db: Connection,
  query: TrainingQuery,
): Promise<{ by: string; person: boolean; count: number }[]> {
  const rows = await db.all(
    `${sorted(query)}
     SELECT coalesce(e.who, r.model_id) AS said_by, e.who IS NOT NULL AS person, count(*) AS count
     FROM (SELECT * FROM sorted WHERE why IS NULL ORDER BY id DESC LIMIT ?3) o
       JOIN reflections r ON r.id = o.reflection_id LEFT JOIN annotations e ON e.id = o.edit_id
     GROUP BY 1, 2 ORDER BY 3 DESC, 1`,
    ...parameters(query),
    query.limit ?? -1,
  );
  return rows.map((row) => ({ by: String(row.said_by), person: row.person === 1, count: Number(row.count) }));
}

/** Those that are taken, oldest first; of errors the newest `limit`. One statement, whatever the pool's size. */
export async function readTraining(db: Connection, query: TrainingQuery): Promise<TrainingRow[]> {
  const rows = await db.all(
    `${sorted(query)}
     SELECT o.*, t.text, r.text AS said, r.analysis, r.model_id AS said_by, e.value AS edit, e.who AS editor
     FROM (SELECT * FROM sorted WHERE why IS NULL ORDER BY id DESC LIMIT ?3) o
       JOIN generations t ON t.attempt_id = o.id LEFT JOIN reflections r ON r.id = o.reflection_id
       LEFT JOIN annotations e ON e.id = o.edit_id
     ORDER BY o.id`,
    ...parameters(query),
    query.limit ?? -1,
  );
  return rows.map(toTrainingRow);
}

/** Row ids of the pool's problems by their text, all sets. */
export async function readProblemTexts(db: Connection): Promise<{ rowId: number; problem: string }[]> {
  const all: { rowId: number; problem: string }[] = [];
  const size = 2000;
  for (let rows: Row[] = []; ; ) {
    rows = await db.all(
      "SELECT id, problem FROM problems WHERE id > ? ORDER BY id LIMIT ?",
      ...[all.at(-1)?.rowId ?? 0, size],
    );
    for (const row of rows) all.push({ rowId: Number(row.id), problem: String(row.problem) });
    if (rows.length < size) return all;
  }
}

/** Which of these ids no attempt has. */
export async function readMissing(db: Connection, ids: readonly number[]): Promise<number[]> {
  const rows = await db.all(
    "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM attempts) ORDER BY key",
    JSON.stringify(ids),
  );
  return rows.map((row) => Number(row.value));
}

function parameters({ problems, ...query }: TrainingQuery): [string, string] {
  return [JSON.stringify(query), JSON.stringify(Object.fromEntries(problems))];
}

function toTrainingRow(row: Row): TrainingRow {
  const reflection =
    row.reflection_id === null
      ? null
      : {
          text: String(row.said),
          analysis: String(row.analysis),
          modelId: String(row.said_by),
          edit:
            row.edit === null
              ? null
              : { text: String(JSON.parse(String(row.edit))), who: String(row.editor) },
          fixed: row.fixed === 1,
        };
  return {
    attemptId: Number(row.id),
    place: Number(row.place),
    groupId: Number(row.group_id),
    verdict: row.verdict as Verdict,
    text: String(row.text),
    answer: row.answer === null ? null : String(row.answer),
    wrongLine: typeof row.wrong_line === "string" ? row.wrong_line : null,
    errorType: typeof row.error_type === "string" ? row.error_type : null,
    reflection,
  };
}
