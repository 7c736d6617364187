import {
  type Annotation,
  type AnnotationTarget,
  type Attempt,
  DEFAULT_FILTER,
  ErrataError,
  type PoolFilter,
  type Reflection,
} from "../protocol/types.js";
import { readAttempts } from "./attempt-pages.js";
import {
  ATTEMPT_COLUMNS,
  ATTEMPT_TABLES,
  toAnnotation,
  toAttempt,
  toProblem,
  toReflection,
  unpackTokens,
} from "./rows.js";
import type { Connection, Row } from "./sqlite.js";
import type { AttemptDetail, GroupScore, PoolStats, StoredProblem } from "./types.js";

export async function readFilter(db: Connection): Promise<PoolFilter> {
  const row = await db.get("SELECT value FROM settings WHERE name = 'filter'");
  return row ? JSON.parse(String(row.value)) : DEFAULT_FILTER;
}

/** Purpose `sample` alone; problems that a person called bad are left out, as from every metric. */
export async function readStats(db: Connection): Promise<PoolStats> {
  const ofFacets = {
    attempts: "attempts",
    in_pool: "attempts * in_pool",
    reviewed: "attempts * reviewed",
    correct: "attempts * (verdict = 'correct')",
    incorrect: "attempts * (verdict = 'incorrect')",
    unscored: "attempts * (verdict = 'unscored')",
    truncated: "attempts * (verdict = 'truncated')",
  };
  const figures = Object.keys(ofFacets) as (keyof typeof ofFacets)[];
  const [all, bad] = await Promise.all([
    db.get(
      `SELECT (SELECT count(*) FROM tallies WHERE attempts > 0) AS problems,
         ${figures.map((f) => `total(${ofFacets[f]}) AS ${f}`).join(", ")} FROM facets`,
    ),
    db.get(
      `SELECT count(*) AS problems, ${figures.map((f) => `total(${f}) AS ${f}`).join(", ")}
       FROM tallies WHERE attempts > 0 AND problem_id IN (SELECT id FROM problems WHERE bad = 1)`,
    ),
  ]);
  const n = (name: "problems" | keyof typeof ofFacets): number => Number(all?.[name]) - Number(bad?.[name]);
  return {
    problems: n("problems"),
    attempts: n("attempts"),
    correct: n("correct"),
    incorrect: n("incorrect"),
    unscored: n("unscored"),
    truncated: n("truncated"),
    inPool: n("in_pool"),
    reviewed: n("reviewed"),
  };
}

export async function readProblem(db: Connection, rowId: number): Promise<StoredProblem> {
  const row = await db.get("SELECT * FROM problems WHERE id = ?", rowId);
  if (!row) throw notThere("problem", rowId);
  return toProblem(row);
}

export async function readDetail(db: Connection, attemptId: number): Promise<AttemptDetail> {
  const [attempt] = await readAttempts(db, { ids: [attemptId] }, { limit: 1 });
  if (!attempt) throw notThere("attempt", attemptId);
  const [problem, reflections, annotations, group, siblings, overrules, cut] = await Promise.all([
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
      `SELECT g.correct, g.scored, s.group_size, a.labelled FROM attempts a JOIN groups g ON g.id = a.group_id
         JOIN samplings s ON s.id = g.sampling_id WHERE a.id = ?`,
      attemptId,
    ),
    db.all(
      "SELECT id, answer, verdict, in_pool FROM attempts WHERE group_id = ? ORDER BY sample",
      attempt.groupId,
    ),
    db.all(
      "SELECT * FROM annotations WHERE target = 'attempt' AND target_id = ? AND kind = 'verdict' AND pass = 1 ORDER BY id",
      attemptId,
    ),
    db.get("SELECT hash, spans FROM cuts WHERE attempt_id = ?", attemptId),
  ]);
  return {
    attempt,
    problem,
    reflections: reflections.map(toReflection),
    annotations: annotations.map(toAnnotation),
    overrules: overrules.map(toAnnotation),
    cut: cut ? { hash: String(cut.hash), spans: JSON.parse(String(cut.spans)) } : null,
    labelled: typeof group?.labelled === "string" ? group.labelled : null,
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
  const all: Reflection[] = [];
  for (const ids of chunks(attemptIds, 500)) {
    const rows = await db.all(
      `SELECT * FROM reflections WHERE attempt_id IN (SELECT value FROM json_each(?1))
         AND (?2 IS NULL OR model_id = ?2) AND (?3 IS NULL OR settings = ?3)`,
      ...[JSON.stringify(ids), modelId ?? null, settings ?? null],
    );
    all.push(...rows.map(toReflection));
  }
  return all.sort((a, b) => a.id - b.id);
}

/** Rows of one statement come through this thread at once: of long lists a part at a time, so that it stays free. */
function* chunks(ids: readonly number[], size: number): Generator<readonly number[]> {
  for (let at = 0; at < ids.length; at += size) yield ids.slice(at, at + size);
}

/** Keys `attempt:sample` of the reflections that one model made under one settings' hash. */
export async function readReflectionKeys(
  db: Connection,
  attemptIds: number[],
  modelId: string,
  settings: string,
): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const ids of chunks(attemptIds, 10_000)) {
    const rows = await db.all(
      `SELECT attempt_id, sample FROM reflections
       WHERE attempt_id IN (SELECT value FROM json_each(?)) AND model_id = ? AND settings = ?`,
      ...[JSON.stringify(ids), modelId, settings],
    );
    for (const row of rows) keys.add(`${row.attempt_id}:${row.sample}`);
  }
  return keys;
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
  const scores: GroupScore[] = [];
  const size = 5000;
  for (let rows: Row[] = []; ; ) {
    rows = await db.all(
      `SELECT g.problem_id, g.correct, g.scored, g.truncated FROM groups g JOIN problems p ON p.id = g.problem_id
       WHERE g.sampling_id = ? AND p.bad = 0 AND g.problem_id > ? ORDER BY g.problem_id LIMIT ?`,
      ...[samplingId, scores.at(-1)?.problemRowId ?? 0, size],
    );
    for (const row of rows) {
      scores.push({
        problemRowId: Number(row.problem_id),
        correct: Number(row.correct),
        scored: Number(row.scored),
        truncated: Number(row.truncated),
      });
    }
    if (rows.length < size) return scores;
  }
}

export async function readSamplingAttempts(db: Connection, samplingId: number): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (let after = 0; ; ) {
    // So many groups at a time.
    const rows = await db.all(
      `SELECT ${ATTEMPT_COLUMNS} FROM ${ATTEMPT_TABLES} WHERE g.id IN (
         SELECT id FROM groups WHERE sampling_id = ? AND problem_id > ? ORDER BY problem_id LIMIT 100)
       ORDER BY a.problem_id, a.sample`,
      ...[samplingId, after],
    );
    attempts.push(...rows.map(toAttempt));
    const next = await db.get(
      `SELECT max(problem_id) AS problem FROM (
         SELECT problem_id FROM groups WHERE sampling_id = ? AND problem_id > ? ORDER BY problem_id LIMIT 100)`,
      ...[samplingId, after],
    );
    if (next?.problem == null) return attempts;
    after = Number(next.problem);
  }
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
