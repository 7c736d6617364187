import { expect } from "vitest";
import { FACETS, placeOf } from "../../src/pool/facets.js";
import { Connection, type Row } from "../../src/pool/sqlite.js";

/** What the tables of facets should say, counted anew from attempts, problems and labels by a statement of its own. */
const FRESH = `WITH own AS (
  SELECT a.id, a.problem_id, coalesce(a.answer, '') AS answer, a.model_id, coalesce(p.level, '') AS level,
    coalesce(p.kind, '') AS kind, coalesce(a.error_type, '') AS error_type, a.verdict, a.in_pool, a.reviewed,
    coalesce(a.decision, '') AS decision, coalesce(a.rating || '', '') AS rating,
    coalesce(a.first_wrong || '', '') AS first_wrong
  FROM attempts a JOIN problems p ON p.id = a.problem_id WHERE a.purpose = 'sample')`;

/** Every figure that triggers keep is what counting anew gives. */
export async function expectCounted(file: string): Promise<void> {
  const db = await Connection.open(file, "read");
  const facet = FACETS.join(", ");
  const same = async (kept: string, fresh: string): Promise<void> => {
    const sorted = (rows: Row[]): string[] => rows.map((row) => JSON.stringify(Object.values(row))).sort();
    expect(sorted(await db.all(kept))).toEqual(sorted(await db.all(`${FRESH} ${fresh}`)));
  };
  await same(
    `SELECT ${facet}, attempts FROM facets`,
    `SELECT ${facet}, count(*) FROM own GROUP BY ${FACETS.map((_, i) => i + 1).join(", ")}`,
  );
  await same(
    `SELECT g.problem_id, ${facet}, g.attempts FROM problem_facets g LEFT JOIN facets f ON f.id = g.facet_id`,
    `SELECT problem_id, ${facet}, count(*) FROM own GROUP BY problem_id, ${facet}`,
  );
  await same(
    `SELECT w.in_pool, w.place, w.answer, ${facet.replace("in_pool", "f.in_pool")}, w.attempts
       FROM answer_facets w LEFT JOIN facets f ON f.id = w.facet_id`,
    `SELECT in_pool, ${placeOf("answer")}, answer, ${facet}, count(*) FROM own GROUP BY answer, ${facet}`,
  );
  await same(
    `SELECT w.label, ${facet}, w.attempts FROM label_facets w LEFT JOIN facets f ON f.id = w.facet_id`,
    `SELECT l.label, ${facet}, count(*) FROM own
       JOIN (SELECT label, attempt_id FROM labels UNION SELECT '', attempt_id FROM labels) l ON l.attempt_id = own.id
     GROUP BY l.label, ${facet}`,
  );
  expect(await db.all("SELECT 1 FROM attempts WHERE held = 1")).toEqual([]);
  expect(await db.all("SELECT 1 FROM settings WHERE name = 'uncounted'")).toEqual([]);
  await same(
    "SELECT problem_id, attempts, correct, incorrect, unscored, truncated, in_pool FROM tallies WHERE attempts > 0",
    `SELECT problem_id, count(*), sum(verdict = 'correct'), sum(verdict = 'incorrect'), sum(verdict = 'unscored'),
       sum(verdict = 'truncated'), sum(in_pool) FROM own GROUP BY problem_id`,
  );
  await same(
    "SELECT id, correct, scored, truncated FROM groups",
    `SELECT g.id, coalesce(sum(a.verdict = 'correct'), 0), coalesce(sum(a.verdict <> 'unscored'), 0),
       coalesce(sum(a.verdict = 'truncated'), 0) FROM groups g LEFT JOIN attempts a ON a.group_id = g.id GROUP BY g.id`,
  );
  await db.close();
}
