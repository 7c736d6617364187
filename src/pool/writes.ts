import { createHash } from "node:crypto";
import {
  type AnnotationTarget,
  type AnnotationValue,
  ErrataError,
  type PoolFilter,
  type Problem,
} from "../protocol/types.js";
import { countedAtOnce } from "./facets.js";
import { keepsSql } from "./filter.js";
import type { Where } from "./query.js";
import { notThere, readFilter } from "./reads.js";
import { axisOf, packTokens, sizeOf, toProblem, verdictOf } from "./rows.js";
import type { Connection, SqlValue } from "./sqlite.js";
import type {
  Circumstances,
  Cut,
  NewAttempt,
  NewReflection,
  NewSitting,
  OpenGroup,
  SamplingSpec,
} from "./types.js";

/** Rows of one INSERT: SQLite takes 32,766 parameters. */
const CHUNK = 500;

/** Counting one change takes as long as counting so many attempts anew (30 µs, 5 µs). */
const COUNTING = 6;

const now = (): string => new Date().toISOString();

/**
 * When something is said of a target: now, and always after everything said of it before, even where a clock was set
 * back. The newest word by its time is then the last one said, here and in every pool that this one is merged into.
 */
export const saidAt = (
  nowParameter: string,
  target: string,
  targetId: string,
): string => `max(${nowParameter}, coalesce(
  (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(b.at), '+0.001 seconds') FROM annotations b
   WHERE b.target = ${target} AND b.target_id = ${targetId}), ''))`;

export async function writeProblems(db: Connection, set: string, problems: Problem[]): Promise<number[]> {
  await insert(
    db,
    `INSERT INTO problems (set_name, external_id, problem, gold, level, kind, topic) VALUES`,
    problems.map((p) => [set, p.id, p.problem, p.gold, p.level ?? null, p.kind ?? null, p.topic ?? null]),
    `ON CONFLICT (set_name, external_id) DO UPDATE SET problem = excluded.problem, gold = excluded.gold,
       level = excluded.level, kind = excluded.kind, topic = excluded.topic`,
  );
  // As parameters: through JSON, an id would end at a null byte. Half a surrogate pair is stored as U+FFFD.
  const stored = (id: string): string => Buffer.from(id).toString();
  const ids = new Map<string, number>();
  for (let at = 0; at < problems.length; at += CHUNK) {
    const some = problems.slice(at, at + CHUNK).map(({ id }) => stored(id));
    const rows = await db.all(
      `SELECT id, external_id FROM problems WHERE set_name = ? AND external_id IN (${some.map(() => "?").join(", ")})`,
      ...[set, ...some],
    );
    for (const row of rows) ids.set(String(row.external_id), Number(row.id));
  }
  return problems.map((p) => ids.get(stored(p.id)) ?? 0);
}

export async function writeSampling(
  db: Connection,
  spec: SamplingSpec,
  problemRowIds: number[],
): Promise<{ samplingId: number; groups: OpenGroup[] }> {
  const options = JSON.stringify(spec.options, Object.keys(spec.options).sort());
  const key = hashOf([spec.modelId, spec.modelHash, spec.purpose, spec.group, options, spec.prompt]);
  await db.run(
    `INSERT INTO samplings (key_hash, model_id, purpose, group_size, options, prompt, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key_hash) DO NOTHING`,
    ...[key, spec.modelId, spec.purpose, spec.group, options, spec.prompt, now()],
  );
  const sampling = await db.get("SELECT id FROM samplings WHERE key_hash = ?", key);
  const samplingId = Number(sampling?.id);
  const wanted = JSON.stringify(problemRowIds);
  await db.run(
    `INSERT INTO groups (sampling_id, problem_id) SELECT ?, value FROM json_each(?) WHERE true
     ON CONFLICT (sampling_id, problem_id) DO NOTHING`,
    samplingId,
    wanted,
  );
  const groups = await db.all(
    `SELECT g.id AS group_id, p.*, (SELECT json_group_array(a.sample) FROM attempts a WHERE a.group_id = g.id) AS done
     FROM json_each(?2) j CROSS JOIN groups g ON g.sampling_id = ?1 AND g.problem_id = j.value
       JOIN problems p ON p.id = g.problem_id ORDER BY j.key`,
    samplingId,
    wanted,
  );
  const open = groups.map((row) => {
    const done = new Set<number>(JSON.parse(String(row.done)));
    const missing = Array.from({ length: spec.group }, (_, i) => i).filter((i) => !done.has(i));
    return { groupId: Number(row.group_id), problem: toProblem(row), missing };
  });
  return { samplingId, groups: open.filter((group) => group.missing.length > 0) };
}

/** Ids in input order; for a sample that was stored before, the id it has. */
export async function writeAttempts(db: Connection, attempts: NewAttempt[]): Promise<number[]> {
  const groupIds = JSON.stringify([...new Set(attempts.map((a) => a.groupId))]);
  const groups = await db.all(
    `SELECT g.id, g.problem_id, s.purpose, s.model_id FROM groups g JOIN samplings s ON s.id = g.sampling_id
     WHERE g.id IN (SELECT value FROM json_each(?))`,
    groupIds,
  );
  const known = new Map(groups.map((row) => [Number(row.id), row]));
  const at = now();
  const rows = attempts.map(({ groupId, sample, generation, grade }): SqlValue[] => {
    const group = known.get(groupId);
    if (!group) throw notThere("group", groupId);
    const verdict = verdictOf(generation.finish, generation.text, grade);
    return [
      ...[groupId, Number(group.problem_id), sample, String(group.purpose), String(group.model_id)],
      ...[verdict, verdict, grade.answer],
      ...[grade.span?.[0] ?? null, grade.span?.[1] ?? null, generation.finish, sizeOf(generation)],
      ...[grade.reason, at, 1],
    ];
  });
  await insert(
    db,
    `INSERT INTO attempts (group_id, problem_id, sample, purpose, model_id, verdict, graded, answer, span_start, span_end,
       finish, tokens, reason, created_at, held) VALUES`,
    rows,
    "ON CONFLICT (group_id, sample) DO NOTHING",
  );
  const stored = await db.all(
    "SELECT id, group_id, sample FROM attempts WHERE group_id IN (SELECT value FROM json_each(?))",
    groupIds,
  );
  const ids = new Map(stored.map((row) => [`${row.group_id}:${row.sample}`, Number(row.id)]));
  const out = attempts.map((a) => ids.get(`${a.groupId}:${a.sample}`) ?? 0);
  await insert(
    db,
    "INSERT INTO generations (attempt_id, text, ids, logprobs) VALUES",
    attempts.map(({ generation }, i) => [out[i] ?? 0, generation.text, ...packTokens(generation)]),
    "ON CONFLICT DO NOTHING",
  );
  await refilter(db, { groups: groupIds });
  // Counted once, now that it is known what came into the pool.
  await db.run(
    "UPDATE attempts SET held = 0 WHERE held = 1 AND group_id IN (SELECT value FROM json_each(?))",
    groupIds,
  );
  return out;
}

export async function writeReflections(db: Connection, reflections: NewReflection[]): Promise<number[]> {
  const at = now();
  const rows = reflections.map((r): SqlValue[] => [
    ...[
      r.attemptId,
      r.modelId,
      r.settings ?? "",
      r.sample,
      r.generation.text,
      r.analysis,
      r.correctedSolution,
    ],
    ...[
      r.parsed ? 1 : 0,
      verdictOf(r.generation.finish, r.correctedSolution, r.grade),
      r.grade.answer,
      r.grade.reason,
    ],
    ...[r.generation.finish, sizeOf(r.generation), at],
  ]);
  await insert(
    db,
    `INSERT INTO reflections (attempt_id, model_id, settings, sample, text, analysis, corrected, parsed, verdict,
       answer, reason, finish, tokens, created_at) VALUES`,
    rows,
    "ON CONFLICT (attempt_id, model_id, settings, sample) DO NOTHING",
  );
  const stored = await db.all(
    "SELECT id, attempt_id, model_id, settings, sample FROM reflections WHERE attempt_id IN (SELECT value FROM json_each(?))",
    JSON.stringify(reflections.map((r) => r.attemptId)),
  );
  const key = (...parts: unknown[]): string => JSON.stringify(parts);
  const ids = new Map(
    stored.map((row) => [key(row.attempt_id, row.model_id, row.settings, row.sample), Number(row.id)]),
  );
  const out = reflections.map((r) => ids.get(key(r.attemptId, r.modelId, r.settings ?? "", r.sample)) ?? 0);
  await insert(
    db,
    "INSERT INTO reflection_tokens (reflection_id, ids, logprobs) VALUES",
    reflections.map(({ generation }, i) => [out[i] ?? 0, ...packTokens(generation)]),
    "ON CONFLICT DO NOTHING",
  );
  return out;
}

/** A generator's or a machine's word; a person's stands before it. */
export async function writeErrorTypes(
  db: Connection,
  types: { attemptId: number; errorType: string; source: "generator" | "machine" }[],
): Promise<void> {
  const write = (): Promise<unknown> =>
    db.run(
      `UPDATE attempts SET labelled = j.label, labelled_by = j.source,
       error_type = CASE WHEN error_type_source = 'person' THEN error_type ELSE j.label END,
       error_type_source = CASE WHEN error_type_source = 'person' THEN 'person' ELSE j.source END
     FROM (SELECT value ->> 'attemptId' AS id, value ->> 'errorType' AS label, value ->> 'source' AS source
       FROM json_each(?)) j
     WHERE attempts.id = j.id`,
      JSON.stringify(types),
    );
  const size = await db.get("SELECT total(attempts) AS attempts FROM facets");
  const many = types.length * COUNTING > Number(size?.attempts);
  await (many ? countedAtOnce(db, write) : write());
}

const TABLES: Record<AnnotationTarget, string> = {
  attempt: "attempts",
  reflection: "reflections",
  problem: "problems",
};

/** Appends what somebody said; what it changes (verdict, pool, reviewed) changes in the same transaction. */
export async function writeAnnotation(
  db: Connection,
  target: AnnotationTarget,
  targetId: number,
  who: string,
  said: AnnotationValue,
  circumstances: Circumstances = {},
): Promise<number> {
  if (!(await db.get(`SELECT 1 FROM ${TABLES[target]} WHERE id = ?`, targetId))) {
    throw notThere(target, targetId);
  }
  checkValue(said);
  const { id } = await db.run(
    `INSERT INTO annotations (target, target_id, who, at, kind, axis, value, pass, sitting_id, seconds)
     VALUES (?1, ?2, ?3, ${saidAt("?4", "?1", "?2")}, ?5, ?6, ?7, ?8, ?9, ?10)`,
    ...[target, targetId, who, now(), said.kind, axisOf(said)],
    said.value === null ? null : JSON.stringify(said.value),
    ...[circumstances.pass ?? 1, circumstances.sitting ?? null, circumstances.seconds ?? null],
  );
  if (circumstances.pass === 2) return id;
  if (said.kind === "verdict" && target === "attempt") {
    const row = await db.get("SELECT group_id FROM attempts WHERE id = ?", targetId);
    await refilter(db, { groups: JSON.stringify([Number(row?.group_id)]) });
  } else if (said.kind === "badProblem" && target === "problem") {
    await refilter(db, { problem: targetId });
  }
  return id;
}

/** Throws "bad-value" for what nobody can mean. */
export function checkValue(said: AnnotationValue): void {
  if (said.kind !== "rating" || said.value === null || [1, 2, 3, 4, 5].includes(said.value)) return;
  throw new ErrataError(`A rating is a whole number from 1 to 5, not ${said.value}.`, undefined, "bad-value");
}

/** Looks again at which attempts are in the pool, after verdicts of these attempts or flags of these problems changed. */
export async function refilterAfter(
  db: Connection,
  attemptIds: readonly number[],
  problemIds: readonly number[],
): Promise<void> {
  if (attemptIds.length > 0) {
    const rows = await db.all(
      "SELECT DISTINCT group_id FROM attempts WHERE id IN (SELECT value FROM json_each(?))",
      JSON.stringify(attemptIds),
    );
    await refilter(db, { groups: JSON.stringify(rows.map((row) => Number(row.group_id))) });
  }
  for (const problem of problemIds) await refilter(db, { problem });
}

/** Keeps how an attempt's steps were cut, where nothing is kept yet: step numbers given today mean the same for good. */
export async function writeCut(db: Connection, attemptId: number, cut: Cut): Promise<void> {
  await db.run(
    "INSERT INTO cuts (attempt_id, hash, spans) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    ...[attemptId, cut.hash, JSON.stringify(cut.spans)],
  );
}

export async function writeSitting(db: Connection, sitting: NewSitting): Promise<number> {
  const { id } = await db.run(
    "INSERT INTO sittings (who, began_at, ordering, seed, query, blind) VALUES (?, ?, ?, ?, ?, ?)",
    ...[
      sitting.who,
      now(),
      sitting.order,
      sitting.seed,
      JSON.stringify(sitting.query),
      sitting.blind ? 1 : 0,
    ],
  );
  return id;
}

export async function writeFilter(db: Connection, filter: PoolFilter | undefined): Promise<void> {
  if (filter) {
    keepsSql(filter); // refuses bounds that are no numbers before anything is stored
    await db.run(
      "INSERT INTO settings (name, value) VALUES ('filter', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      JSON.stringify(filter),
    );
  }
  const { sql } = await changes(db, {});
  const size = await db.get(
    `SELECT (SELECT count(*) FROM (${sql})) AS changing, (SELECT total(attempts) FROM facets) AS attempts`,
  );
  const many = Number(size?.changing) * COUNTING > Number(size?.attempts);
  await (many ? countedAtOnce(db, () => refilter(db, {})) : refilter(db, {}));
}

/**
 * Which attempts are in the pool: wrong ones of purpose `sample`, of kept groups, of problems nobody called bad.
 * Only what changes is written. @param of `groups`: a JSON array of ids; nothing: the whole pool.
 */
export async function refilter(db: Connection, of: { groups?: string; problem?: number }): Promise<void> {
  const { sql, params } = await changes(db, of);
  await db.run(`UPDATE attempts SET in_pool = 1 - in_pool WHERE id IN (${sql})`, ...params);
}

/** Ids of the attempts that are in the pool and should not be, or should be and are not. */
async function changes(db: Connection, of: { groups?: string; problem?: number }): Promise<Where> {
  const some: Where =
    of.groups !== undefined
      ? { sql: "AND g.id IN (SELECT value FROM json_each(?))", params: [of.groups] }
      : of.problem !== undefined
        ? { sql: "AND g.problem_id = ?", params: [of.problem] }
        : { sql: "", params: [] };
  return {
    sql: `SELECT a.id FROM groups g JOIN samplings s ON s.id = g.sampling_id JOIN problems p ON p.id = g.problem_id
        JOIN attempts a ON a.group_id = g.id
      WHERE s.purpose = 'sample' ${some.sql}
        AND a.in_pool <> (a.verdict = 'incorrect' AND p.bad = 0 AND ${keepsSql(await readFilter(db))})`,
    params: some.params,
  };
}

/** A short hash that stands for what determines a piece of work. */
export function hashOf(parts: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** Many rows, in as many statements as SQLite's limit on parameters asks for. */
export async function insert(db: Connection, head: string, rows: SqlValue[][], tail: string): Promise<void> {
  for (let at = 0; at < rows.length; at += CHUNK) {
    const some = rows.slice(at, at + CHUNK);
    const marks = some.map((row) => `(${row.map(() => "?").join(", ")})`).join(", ");
    await db.run(`${head} ${marks} ${tail}`, ...some.flat());
  }
}
