import type { AnnotationKind, AnnotationTarget } from "../protocol/types.js";
import { notThere } from "./reads.js";
import { axisOf } from "./rows.js";
import type { Connection } from "./sqlite.js";
import type { StandingWord, Word } from "./types.js";
import { checkValue, refilterAfter, saidAt } from "./writes.js";

/** Of one JSON parameter: enough for one statement to do much, few enough for its text to stay small. */
const CHUNK = 10_000;

/**
 * Appends what one person says of many things at once, a statement for many words instead of one for each. Ids in the
 * order of the words. Rejects with "not-found" before anything is written.
 */
export async function writeWords(db: Connection, who: string, words: readonly Word[]): Promise<number[]> {
  for (const { value } of words) checkValue(value);
  for (const target of ["attempt", "reflection", "problem"] as const) {
    await checkTargets(db, target, idsOf(words, target));
  }
  const at = new Date().toISOString();
  const ids = new Map<string, number>();
  for (let from = 0; from < words.length; from += CHUNK) {
    const rows = await db.all(
      `INSERT INTO annotations (target, target_id, who, at, kind, axis, value)
       SELECT j.value ->> 'target', j.value ->> 'targetId', ?1,
           ${saidAt("?2", "j.value ->> 'target'", "j.value ->> 'targetId'")}, j.value ->> 'kind', j.value ->> 'axis', j.value ->> 'said'
         FROM json_each(?3) j ORDER BY j.key RETURNING id, target, target_id, kind, axis`,
      ...[who, at, JSON.stringify(words.slice(from, from + CHUNK).map(toRow))],
    );
    for (const row of rows) ids.set(keyOf(row.target, row.target_id, row.kind, row.axis), Number(row.id));
  }
  const attempts = words.filter(({ target, value }) => target === "attempt" && value.kind === "verdict");
  const problems = words.filter(({ target, value }) => target === "problem" && value.kind === "badProblem");
  await refilterAfter(db, idsOf(attempts, "attempt"), idsOf(problems, "problem"));
  return words.map(
    ({ target, targetId, value }) => ids.get(keyOf(target, targetId, value.kind, axisOf(value))) ?? 0,
  );
}

/** What stands of one person, kind and axis, by its target; a word that was taken back stands with value null. */
export async function readStanding(
  db: Connection,
  of: { target: AnnotationTarget; ids: readonly number[]; who: string; kind: AnnotationKind; axis?: string },
): Promise<Map<number, StandingWord>> {
  const rows = await db.all(
    `SELECT s.target_id, n.id, n.value FROM json_each(?) j
       CROSS JOIN standing s ON s.target = ? AND s.target_id = j.value AND s.who = ? AND s.kind = ? AND s.axis = ?
       JOIN annotations n ON n.id = s.annotation_id`,
    ...[JSON.stringify(of.ids), of.target, of.who, of.kind, of.axis ?? ""],
  );
  return new Map(
    rows.map((row) => [
      Number(row.target_id),
      { id: Number(row.id), said: row.value === null ? null : JSON.parse(String(row.value)) },
    ]),
  );
}

async function checkTargets(db: Connection, target: AnnotationTarget, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  const row = await db.get(
    `SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM ${target}s) LIMIT 1`,
    JSON.stringify(ids),
  );
  if (row) throw notThere(target, Number(row.value));
}

const idsOf = (words: readonly Word[], target: AnnotationTarget): number[] =>
  words.filter((word) => word.target === target).map(({ targetId }) => targetId);

function toRow({ target, targetId, value }: Word): object {
  const said = value.value === null ? null : JSON.stringify(value.value);
  return { target, targetId, kind: value.kind, axis: axisOf(value), said };
}

const keyOf = (...parts: unknown[]): string => JSON.stringify(parts);
