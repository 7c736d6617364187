import type { Finish, Verdict } from "../protocol/types.js";
import type { Connection, SqlValue } from "./sqlite.js";
import type { NewTurn, Turn, TurnKind, TurnQuery } from "./types.js";
import { insert } from "./writes.js";

export async function writeTurns(db: Connection, turns: NewTurn[]): Promise<void> {
  const at = new Date().toISOString();
  await insert(
    db,
    `INSERT INTO turns (attempt_id, kind, model_id, settings, sample, text, verdict, answer, reason, finish, tokens,
       created_at) VALUES`,
    turns.map((turn): SqlValue[] => [
      ...[turn.attemptId, turn.kind, turn.modelId, turn.settings, turn.sample, turn.text, turn.verdict],
      ...[turn.answer, turn.reason, turn.finish, turn.tokens, at],
    ]),
    "ON CONFLICT (attempt_id, kind, model_id, settings, sample) DO NOTHING",
  );
}

/** In stored order. */
export async function readTurns(
  db: Connection,
  attemptIds: number[],
  { kind, modelId, settings }: TurnQuery,
): Promise<Turn[]> {
  const rows = await db.all(
    `SELECT * FROM turns WHERE attempt_id IN (SELECT value FROM json_each(?))
       AND kind = ? AND model_id = ? AND settings = ? ORDER BY id`,
    JSON.stringify(attemptIds),
    kind,
    modelId,
    settings,
  );
  return rows.map((row) => ({
    id: Number(row.id),
    attemptId: Number(row.attempt_id),
    kind: row.kind as TurnKind,
    modelId: String(row.model_id),
    settings: String(row.settings),
    sample: Number(row.sample),
    text: String(row.text),
    verdict: row.verdict as Verdict | null,
    answer: row.answer === null ? null : String(row.answer),
    reason: String(row.reason),
    finish: row.finish as Finish,
    tokens: Number(row.tokens),
  }));
}
