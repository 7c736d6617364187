import type { Finish, Verdict } from "../protocol/types.js";
import { DISPUTE_KINDS, type DisputeKind, type Opinion } from "../protocol/verdicts.js";
import { attemptSource } from "./query.js";
import { notThere } from "./reads.js";
import { findText } from "./search.js";
import type { Connection, Row } from "./sqlite.js";
import type { AttemptDispute, AttemptQuery, GradableAttempt, NewOpinion } from "./types.js";

/** Of one JSON parameter. */
const CHUNK = 5000;
/** Of one statement. */
const ROWS = 500;

/**
 * Appends opinions that say something new: what the same grader of the same version said last stays as it is. Said
 * now, and always after what the grader said before, even where a clock was set back.
 */
export async function writeOpinions(db: Connection, opinions: readonly NewOpinion[]): Promise<number> {
  const ids = [...new Set(opinions.map(({ attemptId }) => attemptId))];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const lost = await db.get(
      "SELECT value FROM json_each(?) WHERE value NOT IN (SELECT id FROM attempts) LIMIT 1",
      JSON.stringify(ids.slice(at, at + CHUNK)),
    );
    if (lost) throw notThere("attempt", Number(lost.value));
  }
  const now = new Date().toISOString();
  let added = 0;
  for (const round of rounds(opinions)) {
    for (let from = 0; from < round.length; from += ROWS) {
      added += await writeRows(db, round.slice(from, from + ROWS), now);
    }
  }
  return added;
}

/** In one statement, for a statement for each would take twice as long. No grader says two things of one attempt. */
async function writeRows(db: Connection, rows: readonly NewOpinion[], now: string): Promise<number> {
  const last = "FROM opinions o WHERE o.attempt_id = column1 AND o.grader = column2 AND o.superseded = 0";
  const marks = rows.map(() => "(?, ?, ?, ?, ?, ?, ?, ?, ?)").join(", ");
  const { changes } = await db.run(
    `INSERT INTO opinions (attempt_id, grader, version, verdict, answer, span_start, span_end, reason, at)
     SELECT column1, column2, column3, column4, column5, column6, column7, column8,
       coalesce(column9, max(?, coalesce((SELECT strftime('%Y-%m-%dT%H:%M:%fZ', o.at, '+0.001 seconds') ${last}), '')))
     FROM (VALUES ${marks})
     WHERE NOT EXISTS (SELECT 1 ${last} AND o.version = column3 AND o.verdict = column4 AND o.answer IS column5
       AND o.span_start IS column6 AND o.span_end IS column7 AND o.reason = column8)`,
    now,
    ...rows.flatMap(({ attemptId, grader, version, verdict, answer, span, reason, at }) => [
      ...[attemptId, grader, version, verdict, answer, span?.[0] ?? null, span?.[1] ?? null],
      ...[reason, at ?? null],
    ]),
  );
  return changes;
}

/** In the order in which they are said, each grader's words on one attempt in different rounds. */
function rounds(opinions: readonly NewOpinion[]): NewOpinion[][] {
  const found: NewOpinion[][] = [];
  const said = new Map<string, number>();
  for (const opinion of opinions) {
    const key = `${opinion.attemptId}:${opinion.grader}`;
    const round = said.get(key) ?? 0;
    said.set(key, round + 1);
    const there = found[round];
    if (there) there.push(opinion);
    else found.push([opinion]);
  }
  return found;
}

export async function readOpinions(
  db: Connection,
  attemptIds: readonly number[],
  history = false,
): Promise<Opinion[]> {
  const all: Opinion[] = [];
  for (let at = 0; at < attemptIds.length; at += CHUNK) {
    const rows = await db.all(
      `SELECT o.* FROM json_each(?) j CROSS JOIN opinions o ON o.attempt_id = j.value
       WHERE ${history ? "1" : "o.superseded = 0"} ORDER BY j.key, ${history ? "o.at, o.id" : "o.grader"}`,
      JSON.stringify(attemptIds.slice(at, at + CHUNK)),
    );
    all.push(...rows.map(toOpinion));
  }
  return all;
}

export async function readGraders(
  db: Connection,
): Promise<{ grader: string; version: string; attempts: number }[]> {
  const rows = await db.all(
    `SELECT grader, version, count(*) AS attempts FROM opinions WHERE superseded = 0
     GROUP BY grader, version ORDER BY grader, version`,
  );
  return rows.map((row) => ({
    grader: String(row.grader),
    version: String(row.version),
    attempts: Number(row.attempts),
  }));
}

/** By the index of disputes where nothing else is asked for. */
export async function readDisputes(
  db: Connection,
  query: AttemptQuery | undefined,
): Promise<Record<DisputeKind, number>> {
  const all =
    query === undefined || Object.keys(query).every((name) => name === "scope" || name === "dispute");
  let rows: Row[];
  if (all && query?.scope !== "pool") {
    rows = await db.all(
      "SELECT dispute, count(*) AS n FROM attempts WHERE dispute IS NOT NULL GROUP BY dispute",
    );
  } else {
    const asked: AttemptQuery = { ...query, dispute: query?.dispute ?? "any" };
    const { from, sql, params } = attemptSource(asked, await findText(db, asked));
    rows = await db.all(
      `SELECT a.dispute, count(*) AS n FROM ${from} WHERE ${sql} GROUP BY a.dispute`,
      ...params,
    );
  }
  const found = new Map(rows.map((row) => [row.dispute, Number(row.n)]));
  const asked = query?.dispute ?? "any";
  const count = (kind: DisputeKind): number =>
    asked === "any" || asked === kind ? (found.get(kind) ?? 0) : 0;
  return Object.fromEntries(DISPUTE_KINDS.map((kind) => [kind, count(kind)])) as Record<DisputeKind, number>;
}

export async function readDispute(db: Connection, attemptId: number): Promise<AttemptDispute> {
  const row = await db.get(
    "SELECT a.dispute, a.graded, p.bad FROM attempts a JOIN problems p ON p.id = a.problem_id WHERE a.id = ?",
    attemptId,
  );
  if (!row) throw notThere("attempt", attemptId);
  return {
    kind: row.dispute as DisputeKind | null,
    graded: row.graded as Verdict,
    opinions: await readOpinions(db, [attemptId]),
    bad: row.bad === 1,
  };
}

export async function readGradable(
  db: Connection,
  attemptIds: readonly number[],
  without?: { grader: string; version: string },
): Promise<GradableAttempt[]> {
  const missing = without
    ? "AND NOT EXISTS (SELECT 1 FROM opinions o WHERE o.attempt_id = a.id AND o.grader = ? AND o.version = ?)"
    : "";
  const rows = await db.all(
    `SELECT a.id, p.gold, t.text, a.finish, a.graded, a.answer, a.span_start, a.span_end, a.reason, p.bad
     FROM json_each(?) j CROSS JOIN attempts a ON a.id = j.value JOIN problems p ON p.id = a.problem_id
       JOIN generations t ON t.attempt_id = a.id
     WHERE 1 ${missing} ORDER BY j.key`,
    ...[JSON.stringify(attemptIds), ...(without ? [without.grader, without.version] : [])],
  );
  return rows.map((row) => ({
    attemptId: Number(row.id),
    gold: String(row.gold),
    text: String(row.text),
    finish: row.finish as Finish,
    graded: row.graded as Verdict,
    answer: row.answer === null ? null : String(row.answer),
    span: row.span_start === null ? null : [Number(row.span_start), Number(row.span_end)],
    reason: String(row.reason),
    bad: row.bad === 1,
  }));
}

export function toOpinion(row: Row): Opinion {
  return {
    id: Number(row.id),
    attemptId: Number(row.attempt_id),
    grader: String(row.grader),
    version: String(row.version),
    verdict: row.verdict as Opinion["verdict"],
    answer: row.answer === null ? null : String(row.answer),
    span: row.span_start === null ? null : [Number(row.span_start), Number(row.span_end)],
    reason: String(row.reason),
    at: String(row.at),
  };
}
