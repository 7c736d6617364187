import { ErrataError, type Verdict } from "../protocol/types.js";
import type { Regrade, RegradeChange } from "../protocol/verdicts.js";
import { countedAtOnce } from "./facets.js";
import { notThere } from "./reads.js";
import type { Connection, Row } from "./sqlite.js";
import type { NewRegrade, RegradeResult } from "./types.js";
import { insert, refilter } from "./writes.js";

/** Counting one change takes as long as counting so many attempts anew (src/pool/writes.ts). */
const COUNTING = 6;

export async function writeRegrade(
  db: Connection,
  { who, settings, scope }: { who: string; settings: string; scope: string },
): Promise<number> {
  const { id } = await db.run(
    "INSERT INTO regrades (who, at, settings, scope, state) VALUES (?, ?, ?, ?, 'grading')",
    ...[who, new Date().toISOString(), settings, scope],
  );
  return id;
}

export async function writeRegraded(
  db: Connection,
  id: number,
  changes: readonly NewRegrade[],
  graded: number,
): Promise<void> {
  await inState(db, id, "grading");
  await insert(
    db,
    `INSERT INTO regraded (regrade_id, attempt_id, old_verdict, old_answer, old_start, old_end, old_reason,
       new_verdict, new_answer, new_start, new_end, new_reason) VALUES`,
    changes.map(({ attemptId, old, new: now }) => [
      ...[id, attemptId],
      ...[old.verdict, old.answer, old.span?.[0] ?? null, old.span?.[1] ?? null, old.reason],
      ...[now.verdict, now.answer, now.span?.[0] ?? null, now.span?.[1] ?? null, now.reason],
    ]),
    "ON CONFLICT DO NOTHING",
  );
  await db.run("UPDATE regrades SET graded = graded + ? WHERE id = ?", graded, id);
}

export async function writeRegradeEnd(db: Connection, id: number): Promise<Regrade> {
  await inState(db, id, "grading");
  await db.run("UPDATE regrades SET state = 'preview' WHERE id = ?", id);
  return readRegrade(db, id);
}

export async function readRegrades(db: Connection): Promise<Regrade[]> {
  const rows = await db.all("SELECT id FROM regrades ORDER BY id DESC");
  const all: Regrade[] = [];
  for (const row of rows) all.push(await readRegrade(db, Number(row.id)));
  return all;
}

export async function readRegrade(db: Connection, id: number): Promise<Regrade> {
  const row = await db.get("SELECT * FROM regrades WHERE id = ?", id);
  if (!row) throw notThere("re-grading", id);
  const changes = await db.all(
    `SELECT old_verdict, new_verdict, count(*) AS n FROM regraded WHERE regrade_id = ? GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2`,
    id,
  );
  return {
    id,
    who: String(row.who),
    at: String(row.at),
    state: row.state as Regrade["state"],
    settings: String(row.settings),
    scope: String(row.scope),
    graded: Number(row.graded),
    changes: changes.map((change) => ({
      from: change.old_verdict as Verdict,
      to: change.new_verdict as Verdict,
      count: Number(change.n),
    })),
  };
}

export async function readRegradeChanges(
  db: Connection,
  id: number,
  { from, to, after = 0, limit }: { from?: Verdict; to?: Verdict; after?: number; limit: number },
): Promise<RegradeChange[]> {
  const rows = await db.all(
    `SELECT * FROM regraded WHERE regrade_id = ?1 AND attempt_id > ?2 AND (?3 IS NULL OR old_verdict = ?3)
       AND (?4 IS NULL OR new_verdict = ?4) ORDER BY attempt_id LIMIT ?5`,
    ...[id, after, from ?? null, to ?? null, limit],
  );
  return rows.map(toChange);
}

/** What a re-grading found of an attempt is still so (columns of `regraded` of one side). */
const UNCHANGED = (
  side: "old" | "new",
): string => `attempts.id = r.attempt_id AND attempts.graded = r.${side}_verdict
  AND attempts.answer IS r.${side}_answer AND attempts.span_start IS r.${side}_start
  AND attempts.span_end IS r.${side}_end AND attempts.reason = r.${side}_reason`;

/** Of what stands, a person's word goes before the grader's. */
const OVERRULED = `EXISTS (SELECT 1 FROM standing s JOIN annotations n ON n.id = s.annotation_id
  WHERE s.target = 'attempt' AND s.target_id = attempts.id AND s.kind = 'verdict'
    AND n.value IS NOT NULL AND n.who NOT LIKE 'machine:%')`;

const put = (side: "old" | "new"): string => `UPDATE attempts SET graded = r.${side}_verdict,
    verdict = CASE WHEN ${OVERRULED} THEN attempts.verdict ELSE r.${side}_verdict END,
    answer = r.${side}_answer, span_start = r.${side}_start, span_end = r.${side}_end, reason = r.${side}_reason
  FROM regraded r WHERE r.regrade_id = ? AND ${UNCHANGED(side === "new" ? "old" : "new")}`;

export async function applyRegrade(db: Connection, id: number): Promise<RegradeResult> {
  await inState(db, id, "preview");
  // Which of them it changes, so that undoing touches no other.
  const { changes } = await db.run(
    `UPDATE regraded AS r SET applied = 1 WHERE regrade_id = ? AND EXISTS (SELECT 1 FROM attempts WHERE ${UNCHANGED("old")})`,
    id,
  );
  await change(db, id, changes, () => db.run(put("new"), id));
  await db.run("UPDATE regrades SET state = 'applied' WHERE id = ?", id);
  return { changed: changes, skipped: (await size(db, id)) - changes };
}

export async function undoRegrade(db: Connection, id: number): Promise<RegradeResult> {
  await inState(db, id, "applied");
  const later = await db.get(
    `SELECT g.id FROM regrades g WHERE g.id > ?1 AND g.state = 'applied' AND EXISTS (
       SELECT 1 FROM regraded r JOIN regraded mine ON mine.attempt_id = r.attempt_id AND mine.regrade_id = ?1
       WHERE r.regrade_id = g.id AND r.applied = 1 AND mine.applied = 1) ORDER BY g.id DESC LIMIT 1`,
    id,
  );
  if (later) {
    throw new ErrataError(
      `Re-grading ${later.id} was applied after this one, to some of the same attempts.`,
      `Undo re-grading ${later.id} first.`,
      "regrade-later",
    );
  }
  const applied = Number(
    (await db.get("SELECT count(*) AS n FROM regraded WHERE regrade_id = ? AND applied = 1", id))?.n,
  );
  let changed = 0;
  await change(db, id, applied, async () => {
    changed = (await db.run(`${put("old")} AND r.applied = 1`, id)).changes;
  });
  await db.run("UPDATE regrades SET state = 'undone' WHERE id = ?", id);
  return { changed, skipped: applied - changed };
}

/** The head stays, so that nobody is told of a number that means nothing. */
export async function dropRegrade(db: Connection, id: number): Promise<void> {
  await inState(db, id, "preview", "grading");
  await db.run("DELETE FROM regraded WHERE regrade_id = ?", id);
  await db.run("UPDATE regrades SET state = 'dropped' WHERE id = ?", id);
}

/** Changes many attempts, counted in the cheaper way, and looks again at which are in the pool. */
async function change(
  db: Connection,
  id: number,
  changes: number,
  work: () => Promise<unknown>,
): Promise<void> {
  const groups = await db.get(
    `SELECT json_group_array(DISTINCT a.group_id) AS ids FROM regraded r JOIN attempts a ON a.id = r.attempt_id
     WHERE r.regrade_id = ? AND r.applied = 1`,
    id,
  );
  const all = async (): Promise<void> => {
    await work();
    await refilter(db, { groups: String(groups?.ids ?? "[]") });
  };
  const attempts = Number((await db.get("SELECT total(attempts) AS n FROM facets"))?.n);
  await (changes * COUNTING > attempts ? countedAtOnce(db, all) : all());
}

const size = async (db: Connection, id: number): Promise<number> =>
  Number((await db.get("SELECT count(*) AS n FROM regraded WHERE regrade_id = ?", id))?.n);

async function inState(db: Connection, id: number, ...states: Regrade["state"][]): Promise<void> {
  const row = await db.get("SELECT state FROM regrades WHERE id = ?", id);
  if (!row) throw notThere("re-grading", id);
  if (states.some((state) => state === row.state)) return;
  const now: Record<Regrade["state"], string> = {
    grading: "is still being graded",
    preview: "was not applied yet",
    applied: "is applied already",
    undone: "was undone",
    dropped: "was dropped",
  };
  throw new ErrataError(
    `Re-grading ${id} ${now[row.state as Regrade["state"]]}.`,
    "Preview it once more to apply it again.",
    "regrade-state",
  );
}

function toChange(row: Row): RegradeChange {
  const maybe = (value: unknown): string | null => (value === null ? null : String(value));
  return {
    attemptId: Number(row.attempt_id),
    from: row.old_verdict as Verdict,
    to: row.new_verdict as Verdict,
    fromAnswer: maybe(row.old_answer),
    toAnswer: maybe(row.new_answer),
    fromReason: String(row.old_reason),
    toReason: String(row.new_reason),
  };
}
