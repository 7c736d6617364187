import { ErrataError } from "../protocol/types.js";
import type { Records } from "./records.js";
import type { Connection } from "./sqlite.js";
import { hashOf } from "./writes.js";

/** Where a row is now, and whether it is new. */
export type One = Promise<{ id: number; added: boolean }>;

/** Another text under the same id is another problem, and gets an id of its own that is the same at every import. */
export async function importProblem(db: Connection, row: Records["problem"]): One {
  const find = "SELECT id, problem, gold FROM problems WHERE set_name = ? AND external_id = ?";
  const same = (found?: Record<string, unknown>): boolean =>
    found?.problem === row.problem && found.gold === row.gold;
  let id = row.id;
  let here = await db.get(find, row.set, id);
  if (here && !same(here)) {
    id = `${row.id}-${hashOf([row.problem, row.gold]).slice(0, 12)}`;
    here = await db.get(find, row.set, id);
    if (here && !same(here)) {
      throw new ErrataError(`The problem set ${row.set} holds two problems ${id}.`, undefined, "bad-export");
    }
  }
  if (here) return { id: Number(here.id), added: false };
  const stored = await db.run(
    "INSERT INTO problems (set_name, external_id, problem, gold, level, kind, topic) VALUES (?, ?, ?, ?, ?, ?, ?)",
    ...[row.set, id, row.problem, row.gold, row.level, row.kind, row.topic],
  );
  return { id: stored.id, added: true };
}

export async function importSampling(db: Connection, row: Records["sampling"]): One {
  const here = await db.get("SELECT id FROM samplings WHERE key_hash = ?", row.key);
  if (here) return { id: Number(here.id), added: false };
  const stored = await db.run(
    `INSERT INTO samplings (key_hash, model_id, purpose, group_size, options, prompt, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ...[row.key, row.modelId, row.purpose, row.group, row.options, row.prompt, row.createdAt],
  );
  return { id: stored.id, added: true };
}

export async function importSitting(db: Connection, row: Records["sitting"]): One {
  const here = await db.get(
    "SELECT id FROM sittings WHERE who = ? AND began_at = ? AND ordering = ? AND seed = ? AND query = ? AND blind = ?",
    ...[row.who, row.beganAt, row.order, row.seed, row.query, row.blind ? 1 : 0],
  );
  if (here) return { id: Number(here.id), added: false };
  const stored = await db.run(
    "INSERT INTO sittings (who, began_at, ordering, seed, query, blind) VALUES (?, ?, ?, ?, ?, ?)",
    ...[row.who, row.beganAt, row.order, row.seed, row.query, row.blind ? 1 : 0],
  );
  return { id: stored.id, added: true };
}

export async function importGroup(db: Connection, sampling: number, problem: number): One {
  const find = "SELECT id FROM groups WHERE sampling_id = ? AND problem_id = ?";
  const here = await db.get(find, sampling, problem);
  if (here) return { id: Number(here.id), added: false };
  const { id } = await db.run(
    "INSERT INTO groups (sampling_id, problem_id) VALUES (?, ?)",
    sampling,
    problem,
  );
  return { id, added: true };
}

export async function importTurn(
  db: Connection,
  row: Records["turn"],
  attempt: number,
): Promise<boolean | null> {
  const { changes } = await db.run(
    `INSERT INTO turns (attempt_id, kind, model_id, settings, sample, text, verdict, answer, reason, finish, tokens,
       created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (attempt_id, kind, model_id, settings, sample) DO NOTHING`,
    ...[attempt, row.kind, row.modelId, row.settings, row.sample, row.text, row.verdict, row.answer],
    ...[row.reason, row.finish, row.tokens, row.createdAt],
  );
  return changes > 0;
}

/** The same word of the same grader at the same moment is the same opinion; which stands, a trigger says. */
export async function importOpinion(
  db: Connection,
  row: Records["opinion"],
  attempt: number,
): Promise<boolean | null> {
  const { changes } = await db.run(
    `INSERT INTO opinions (attempt_id, grader, version, verdict, answer, span_start, span_end, reason, at)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS (
       SELECT 1 FROM opinions o WHERE o.attempt_id = ?1 AND o.grader = ?2 AND o.version = ?3 AND o.verdict = ?4
         AND o.answer IS ?5 AND o.span_start IS ?6 AND o.span_end IS ?7 AND o.reason = ?8 AND o.at = ?9)`,
    ...[attempt, row.grader, row.version, row.verdict, row.answer, row.span?.[0] ?? null],
    ...[row.span?.[1] ?? null, row.reason, row.at],
  );
  return changes > 0;
}
