import {
  type Annotation,
  type AnnotationTarget,
  type Attempt,
  DEFAULT_FILTER,
  ErrataError,
  type PoolFilter,
  type Reflection,
} from "../protocol/types.js";
import { attemptWhere } from "./query.js";
import {
  ATTEMPT_COLUMNS,
  ATTEMPT_TABLES,
  toAnnotation,
  toAttempt,
  toProblem,
  toReflection,
  unpackTokens,
} from "./rows.js";
import type { Connection } from "./sqlite.js";
import type { AttemptDetail, AttemptQuery, GroupScore, PoolStats, StoredProblem } from "./types.js";

export async function readFilter(db: Connection): Promise<PoolFilter> {
  const row = await db.get("SELECT value FROM settings WHERE name = 'filter'");
  return row ? JSON.parse(String(row.value)) : DEFAULT_FILTER;
}

/** Purpose `sample` alone; problems that a person called bad are left out, as from every metric. */
export async function readStats(db: Connection): Promise<PoolStats> {
  const figures = ["attempts", "correct", "incorrect", "unscored", "truncated", "reviewed"];
  const row = await db.get(
    `SELECT count(*) AS problems, sum(in_pool) AS inPool, ${figures.map((f) => `sum(${f}) AS ${f}`).join(", ")}
     FROM tallies WHERE attempts > 0 AND problem_id NOT IN (SELECT id FROM problems WHERE bad = 1)`,
  );
  const n = (name: string): number => Number(row?.[name] ?? 0);
  return {
    problems: n("problems"),
    attempts: n("attempts"),
    correct: n("correct"),
    incorrect: n("incorrect"),
    unscored: n("unscored"),
    truncated: n("truncated"),
    inPool: n("inPool"),
    reviewed: n("reviewed"),
  };
}

export async function readAttempts(
  db: Connection,
  query: AttemptQuery,
  page?: { after?: number; limit: number },
): Promise<Attempt[]> {
  const { sql, params } = attemptWhere(query);
  const rows = await db.all(
    `SELECT ${ATTEMPT_COLUMNS} FROM ${ATTEMPT_TABLES} WHERE ${sql} AND a.id > ? ORDER BY a.id LIMIT ?`,
    ...params,
    page?.after ?? 0,
    page?.limit ?? -1,
  );
  return rows.map(toAttempt);
}

/** In review order: by problem, then as stored. */
export async function readAttemptIds(db: Connection, query: AttemptQuery): Promise<number[]> {
  const { sql, params } = attemptWhere(query);
  const rows = await db.all(
    `SELECT a.id FROM ${ATTEMPT_TABLES} WHERE ${sql} ORDER BY a.problem_id, a.id`,
    ...params,
  );
  return rows.map((row) => Number(row.id));
}

export async function readProblem(db: Connection, rowId: number): Promise<StoredProblem> {
  const row = await db.get("SELECT * FROM problems WHERE id = ?", rowId);
  if (!row) throw notThere("problem", rowId);
  return toProblem(row);
}

export async function readDetail(db: Connection, attemptId: number): Promise<AttemptDetail> {
  const [attempt] = await readAttempts(db, { ids: [attemptId] });
  if (!attempt) throw notThere("attempt", attemptId);
  const [problem, reflections, annotations, group, siblings] = await Promise.all([
    readProblem(db, attempt.problemId),
    db.all("SELECT * FROM reflections WHERE attempt_id = ? ORDER BY id DESC", attemptId),
    db.all(
      `SELECT n.* FROM standing s JOIN annotations n ON n.id = s.annotation_id
       WHERE n.value IS NOT NULL AND ((s.target = 'attempt' AND s.target_id = ?1)
         OR (s.target = 'reflection' AND s.target_id IN (SELECT id FROM reflections WHERE attempt_id = ?1))
         OR (s.target = 'problem' AND s.target_id = ?2))
       ORDER BY n.id`,
      attemptId,
      attempt.problemId,
    ),
    db.get(
      `SELECT g.correct, g.scored, s.group_size FROM groups g JOIN samplings s ON s.id = g.sampling_id WHERE g.id = ?`,
      attempt.groupId,
    ),
    db.all(
      "SELECT id, answer, verdict, in_pool FROM attempts WHERE group_id = ? ORDER BY sample",
      attempt.groupId,
    ),
  ]);
  return {
    attempt,
    problem,
    reflections: reflections.map(toReflection),
    annotations: annotations.map(toAnnotation),
    correct: Number(group?.correct),
    scored: Number(group?.scored),
    group: Number(group?.group_size),
    siblings: siblings.map((row) => ({
      id: Number(row.id),
      answer: row.answer === null ? null : String(row.answer),
      verdict: row.verdict as Attempt["verdict"],
      inPool: row.in_pool === 1,
    })),
  };
}

export async function readProblems(db: Connection, rowIds: number[]): Promise<StoredProblem[]> {
  const rows = await db.all(
    "SELECT p.* FROM json_each(?) j JOIN problems p ON p.id = j.value ORDER BY j.key",
    JSON.stringify(rowIds),
  );
  return rows.map(toProblem);
}

export async function readReflections(
  db: Connection,
  attemptIds: number[],
  modelId?: string,
  settings?: string,
): Promise<Reflection[]> {
  const rows = await db.all(
    `SELECT * FROM reflections WHERE attempt_id IN (SELECT value FROM json_each(?1))
       AND (?2 IS NULL OR model_id = ?2) AND (?3 IS NULL OR settings = ?3) ORDER BY id`,
    JSON.stringify(attemptIds),
    modelId ?? null,
    settings ?? null,
  );
  return rows.map(toReflection);
}

/** Keys `attempt:sample` of the reflections that one model made under one settings' hash. */
export async function readReflectionKeys(
  db: Connection,
  attemptIds: number[],
  modelId: string,
  settings: string,
): Promise<Set<string>> {
  const rows = await db.all(
    `SELECT attempt_id, sample FROM reflections
     WHERE attempt_id IN (SELECT value FROM json_each(?)) AND model_id = ? AND settings = ?`,
    JSON.stringify(attemptIds),
    modelId,
    settings,
  );
  return new Set(rows.map((row) => `${row.attempt_id}:${row.sample}`));
}

export async function readAnnotations(
  db: Connection,
  target: AnnotationTarget,
  targetId: number,
): Promise<Annotation[]> {
  const rows = await db.all(
    "SELECT * FROM annotations WHERE target = ? AND target_id = ? ORDER BY id",
    target,
    targetId,
  );
  return rows.map(toAnnotation);
}

/** Bad problems are left out. */
export async function readGroupScores(db: Connection, samplingId: number): Promise<GroupScore[]> {
  const rows = await db.all(
    `SELECT g.problem_id, g.correct, g.scored, g.truncated FROM groups g JOIN problems p ON p.id = g.problem_id
     WHERE g.sampling_id = ? AND p.bad = 0 ORDER BY g.problem_id`,
    samplingId,
  );
  return rows.map((row) => ({
    problemRowId: Number(row.problem_id),
    correct: Number(row.correct),
    scored: Number(row.scored),
    truncated: Number(row.truncated),
  }));
}

export async function readSamplingAttempts(db: Connection, samplingId: number): Promise<Attempt[]> {
  const rows = await db.all(
    `SELECT ${ATTEMPT_COLUMNS} FROM ${ATTEMPT_TABLES} WHERE g.sampling_id = ? ORDER BY a.problem_id, a.sample`,
    samplingId,
  );
  return rows.map(toAttempt);
}

export async function readTokens(
  db: Connection,
  attemptId: number,
): Promise<{ tokenIds: number[]; logprobs: number[] }> {
  const row = await db.get("SELECT ids, logprobs FROM generations WHERE attempt_id = ?", attemptId);
  if (!row) throw notThere("attempt", attemptId);
  return unpackTokens(row);
}

export function notThere(what: string, id: number): ErrataError {
  return new ErrataError(
    `The error pool has no ${what} ${id}.`,
    "It may belong to another workspace's pool.",
    "not-found",
  );
}
