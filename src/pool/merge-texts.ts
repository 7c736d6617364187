import type { Connection } from "./sqlite.js";

/**
 * Where the same key already holds another text, a text is kept apart: under `key~2`, `key~3`, … So two machines whose
 * samples differ under one seed both keep theirs, and merging again finds each where it was put.
 */
export const MOST_LEVELS = 20;
export const suffix = (level: number): string => (level === 1 ? "" : `~${level}`);
/** A key without what keeps its texts apart. */
export const base = (column: string): string => `substr(${column}, 1, instr(${column} || '~', '~') - 1)`;

/** Reflections, or turns: texts about an attempt, told apart by model, settings and sample. */
export interface Texts {
  table: "reflections" | "turns";
  /** What the key holds beside attempt, model, settings and sample. */
  kind: boolean;
  columns: readonly string[];
  fits: string;
}

/** Notes in `map` which of the other pool's texts are here already. */
export async function matchTexts(db: Connection, { table, kind, fits }: Texts): Promise<void> {
  await db.exec(`CREATE TEMP TABLE map_${table} (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL)`);
  await db.exec(`INSERT OR IGNORE INTO map_${table}
    SELECT r.id, (SELECT t.id FROM main.${table} t WHERE t.attempt_id = m.dst AND t.model_id = r.model_id
        AND ${base("t.settings")} = ${base("r.settings")} AND t.sample = r.sample
        ${kind ? "AND t.kind = r.kind" : ""} AND t.text = r.text LIMIT 1) AS dst
    FROM src.${table} r JOIN map_attempts m ON m.src = r.attempt_id WHERE ${fits} AND dst IS NOT NULL`);
}

/** Puts in what is not here yet of the other pool's texts with ids in (after, upTo]. How many were put in. */
export async function putTexts(
  db: Connection,
  { table, kind, columns, fits }: Texts,
  after: number,
  upTo: number,
): Promise<number> {
  let put = 0;
  for (let level = 1; level <= MOST_LEVELS; level++) {
    await db.exec(`DROP TABLE IF EXISTS temp.slots; CREATE TEMP TABLE slots
      (src INTEGER PRIMARY KEY, attempt INTEGER, settings TEXT)`);
    await db.run(
      `INSERT INTO slots SELECT min(r.id), m.dst, ${base("r.settings")} || ?1
       FROM src.${table} r JOIN map_attempts m ON m.src = r.attempt_id
       WHERE r.id > ?2 AND r.id <= ?3 AND r.id NOT IN (SELECT src FROM map_${table}) AND ${fits}
       GROUP BY m.dst, r.model_id, ${base("r.settings")}, r.sample ${kind ? ", r.kind" : ""}`,
      ...[suffix(level), after, upTo],
    );
    const taken = `FROM main.${table} t, src.${table} r WHERE r.id = slots.src AND t.attempt_id = slots.attempt
      AND t.model_id = r.model_id AND t.settings = slots.settings AND t.sample = r.sample
      ${kind ? "AND t.kind = r.kind" : ""}`;
    const waiting = Number((await db.get("SELECT count(*) AS n FROM slots"))?.n);
    if (waiting === 0) break;
    await db.exec(`DELETE FROM slots WHERE EXISTS (SELECT 1 ${taken})`);
    const { changes } = await db.run(
      `INSERT INTO main.${table} (attempt_id, settings, ${columns.join(", ")})
       SELECT slots.attempt, slots.settings, ${columns.map((column) => `r.${column}`).join(", ")}
       FROM slots JOIN src.${table} r ON r.id = slots.src ORDER BY r.id`,
    );
    put += changes;
    await db.exec(`INSERT INTO map_${table} SELECT slots.src, (SELECT t.id ${taken}) FROM slots`);
  }
  return put;
}
