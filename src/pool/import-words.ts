import type { Records } from "./records.js";
import type { Connection } from "./sqlite.js";
import { insert } from "./writes.js";

export interface Stored {
  /** Rows that are new here. */
  added: number;
  /** Rows that were here already. */
  known: number;
  /** Rows that contradict what is here under the same key (another text of the same sample), and all that hangs on them. */
  contradicted: number;
}

export interface StoredWords {
  /** In the order of the rows; null for a word about something that is not here. */
  ids: (number | null)[];
  stored: Stored;
  /** Of which it must be seen again whether their attempts are in the pool. */
  problems: number[];
  groups: number[];
}

/**
 * Stores what was said of attempts, reflections and problems, each word once.
 * @param owners what each is about here @param sittings in which it was said here, where it was in one
 */
export async function importWords(
  db: Connection,
  rows: readonly Records["annotation"][],
  owners: readonly (number | null)[],
  sittings: readonly (number | null)[],
): Promise<StoredWords> {
  const here = await wordsOn(db, rows, owners);
  const known = (row: Records["annotation"], i: number, of: Map<string, number[]>): number | undefined =>
    of.get(wordKey(row.target, owners[i], row.who, row.at, row.kind, row.axis, row.value, row.pass))?.[
      row.nth
    ];
  const fresh = rows.flatMap((row, i) =>
    owners[i] === null || known(row, i, here) !== undefined ? [] : [{ row, i, targetId: owners[i] ?? 0 }],
  );
  // Many rows in one statement: the triggers behind it are long, and compiling them costs more than running them.
  await insert(
    db,
    `INSERT INTO annotations (target, target_id, who, at, kind, axis, value, pass, sitting_id, seconds) VALUES`,
    fresh.map(({ row, i, targetId }) => [
      ...[row.target, targetId, row.who, row.at, row.kind, row.axis, row.value, row.pass],
      ...[sittings[i] ?? null, row.seconds],
    ]),
    "",
  );
  const now = await wordsOn(db, rows, owners);
  const ids = rows.map((row, i) => known(row, i, now) ?? null);
  const standing = fresh.filter(({ row }) => row.pass === 1);
  const bad = standing.filter(({ row }) => row.kind === "badProblem" && row.target === "problem");
  const overruled = standing.filter(({ row }) => row.kind === "verdict" && row.target === "attempt");
  const groups = await db.all(
    "SELECT DISTINCT group_id FROM attempts WHERE id IN (SELECT value FROM json_each(?))",
    JSON.stringify(overruled.map(({ targetId }) => targetId)),
  );
  const contradicted = owners.filter((owner) => owner === null).length;
  return {
    ids,
    stored: { added: fresh.length, known: rows.length - fresh.length - contradicted, contradicted },
    problems: [...new Set(bad.map(({ targetId }) => targetId))],
    groups: groups.map(({ group_id }) => Number(group_id)),
  };
}

const wordKey = (...parts: unknown[]): string => JSON.stringify(parts);

/** What is said here of the targets of some words, under all that makes a word; several of the same in their order. */
async function wordsOn(
  db: Connection,
  rows: readonly Records["annotation"][],
  owners: readonly (number | null)[],
): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for (const target of ["attempt", "reflection", "problem"] as const) {
    const ids = new Set(rows.flatMap((row, i) => (row.target === target ? [owners[i] ?? 0] : [])));
    if (ids.size === 0) continue;
    const words = await db.all(
      `SELECT id, target_id, who, at, kind, axis, value, pass FROM annotations
       WHERE target = ? AND target_id IN (SELECT value FROM json_each(?)) ORDER BY id`,
      ...[target, JSON.stringify([...ids])],
    );
    for (const { id, target_id, who, at, kind, axis, value, pass } of words) {
      const key = wordKey(target, target_id, who, at, kind, axis, value, pass);
      const same = found.get(key);
      if (same) same.push(Number(id));
      else found.set(key, [Number(id)]);
    }
  }
  return found;
}
