import { FITS } from "./merge-rules.js";
import { base, MOST_LEVELS, matchTexts, suffix, type Texts } from "./merge-texts.js";
import type { Connection } from "./sqlite.js";
import { hashOf } from "./writes.js";

/** What a merge adds, or added. Counts of rows. */
export interface MergeCounts {
  problems: number;
  attempts: number;
  reflections: number;
  turns: number;
  opinions: number;
  annotations: number;
  sittings: number;
}

/** What merging a pool would do, before anything is written. */
export interface MergePreview {
  file: string;
  /** Schema version of the other pool. */
  version: number;
  adds: MergeCounts;
  /** In both pools already. */
  same: MergeCounts;
  /** Annotations that would be added, by who said them; the most first. */
  people: { who: string; annotations: number }[];
  /** Problems under one id whose text or gold answer differs: both are kept, the other's as `keptAs`. */
  conflicts: { set: string; id: string; keptAs: string }[];
  /** Attempts under one sampling, problem and number whose text differs: both are kept. */
  otherTexts: number;
  /** Attempts that the two pools cut into steps differently: this pool's cut stays. */
  otherCuts: number;
  /** Rows that no Errata writes, by table: left out, with what hangs on them. */
  refused: Record<string, number>;
}

const GENERATED = [
  ...["model_id", "sample", "text", "verdict", "answer", "reason", "finish", "tokens", "created_at"],
];
export const REFLECTIONS: Texts = {
  table: "reflections",
  kind: false,
  columns: [...GENERATED, "analysis", "corrected", "parsed"],
  fits: FITS.reflections,
};
export const TURNS: Texts = {
  table: "turns",
  kind: true,
  columns: [...GENERATED, "kind"],
  fits: FITS.turns,
};

/** Where an annotation's target is in this pool; NULL while it is not here. */
export const TARGET = `(CASE n.target WHEN 'attempt' THEN (SELECT dst FROM map_attempts WHERE src = n.target_id)
  WHEN 'reflection' THEN (SELECT dst FROM map_reflections WHERE src = n.target_id)
  WHEN 'problem' THEN (SELECT dst FROM map_problems WHERE src = n.target_id) END)`;
/** The same words by the same person at the same moment: merging twice adds nothing. */
export const SAID_HERE = (id: string): string => `(SELECT t.id FROM main.annotations t
  WHERE t.target = n.target AND t.target_id = ${id} AND t.who = n.who AND t.at = n.at AND t.kind = n.kind
    AND t.axis = n.axis AND t.value IS n.value AND t.pass = n.pass LIMIT 1)`;

/**
 * Notes which rows of the attached pool `src` this pool has already, in temporary tables of the connection; writes
 * nothing into either. `map_problems.id` is the external id under which a problem is, or will be, kept.
 */
export async function plan(db: Connection): Promise<Pick<MergePreview, "conflicts">> {
  await db.exec(`CREATE TEMP TABLE map_problems (src INTEGER PRIMARY KEY, dst INTEGER, id TEXT NOT NULL);
    INSERT INTO map_problems SELECT p.id, t.id, p.external_id FROM src.problems p LEFT JOIN main.problems t
      ON t.set_name = p.set_name AND t.external_id = p.external_id AND t.problem = p.problem AND t.gold = p.gold
      WHERE ${FITS.problems};
    CREATE TEMP TABLE map_attempts (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);`);
  const conflicts = await keepApart(db);
  await placeGroups(db);
  for (let level = 1; level <= MOST_LEVELS; level++) {
    // Nothing was ever kept apart so far: a million attempts need not be looked at again.
    if (
      level > 1 &&
      !(await db.get("SELECT 1 FROM main.samplings WHERE key_hash GLOB ?", `*${suffix(level)}`))
    )
      break;
    await matchAttempts(db, level);
  }
  for (const texts of [REFLECTIONS, TURNS]) await matchTexts(db, texts);
  return { conflicts };
}

/**
 * Another text or gold answer under one id: the other pool's problem gets an id of its own, made of its content, so
 * that it is the same one whenever and wherever it is merged. One that was kept apart there may be ours here.
 */
async function keepApart(db: Connection): Promise<MergePreview["conflicts"]> {
  const rows = await db.all(`SELECT p.id, p.set_name, p.external_id, p.problem, p.gold,
      EXISTS (SELECT 1 FROM main.problems t WHERE t.set_name = p.set_name AND t.external_id = p.external_id) AS taken
    FROM map_problems m JOIN src.problems p ON p.id = m.src
    WHERE m.dst IS NULL AND (taken OR p.external_id GLOB '*~????????????') ORDER BY p.id`);
  const conflicts: MergePreview["conflicts"] = [];
  for (const row of rows) {
    const [set, id] = [String(row.set_name), String(row.external_id)];
    const hash = hashOf([row.problem, row.gold]).slice(0, 12);
    const original = id.endsWith(`~${hash}`) ? id.slice(0, -13) : id;
    const here = await db.get(
      `SELECT id, external_id FROM main.problems WHERE set_name = ?1 AND external_id IN (?2, ?2 || '~' || ?3)
         AND problem = ?4 AND gold = ?5 LIMIT 1`,
      ...[set, original, hash, String(row.problem), String(row.gold)],
    );
    if (here) {
      await db.run(
        "UPDATE map_problems SET dst = ?, id = ? WHERE src = ?",
        ...[Number(here.id), String(here.external_id), Number(row.id)],
      );
    } else if (row.taken === 1) {
      const keptAs = `${original}~${hash}`;
      await db.run("UPDATE map_problems SET id = ? WHERE src = ?", keptAs, Number(row.id));
      conflicts.push({ set, id, keptAs });
    }
  }
  return conflicts;
}

/** For each group of the other pool: its sampling's key, without what keeps texts apart, and its problem here. */
export async function placeGroups(db: Connection): Promise<void> {
  await db.exec(`DROP TABLE IF EXISTS temp.places;
    CREATE TEMP TABLE places (src INTEGER PRIMARY KEY, key TEXT NOT NULL, sampling INTEGER NOT NULL, problem INTEGER);
    INSERT INTO places SELECT g.id, ${base("s.key_hash")}, s.id, m.dst FROM src.groups g
      JOIN src.samplings s ON s.id = g.sampling_id JOIN map_problems m ON m.src = g.problem_id WHERE ${FITS.samplings};`);
}

/** Of those with ids in (after, upTo], or all: which attempts are here, kept apart at this level. */
export async function matchAttempts(db: Connection, level: number, after = 0, upTo = 2 ** 53): Promise<void> {
  await db.run(
    `INSERT OR IGNORE INTO map_attempts SELECT a.id, t.id FROM src.attempts a JOIN places g ON g.src = a.group_id
       JOIN src.generations x ON x.attempt_id = a.id
       JOIN main.samplings ts ON ts.key_hash = g.key || ?1
       JOIN main.groups tg ON tg.sampling_id = ts.id AND tg.problem_id = g.problem
       JOIN main.attempts t ON t.group_id = tg.id AND t.sample = a.sample
       JOIN main.generations tx ON tx.attempt_id = t.id AND tx.text = x.text
     WHERE a.id > ?2 AND a.id <= ?3 AND a.id NOT IN (SELECT src FROM map_attempts) AND ${FITS.attempts}`,
    ...[suffix(level), after, upTo],
  );
}

/** The other pool's rows that fit: those that are here, and those that are not. Asked of a plan, before anything is put in. */
export async function count(db: Connection): Promise<Omit<MergePreview, "file" | "version" | "conflicts">> {
  const one = async (sql: string): Promise<number> => Number((await db.get(sql))?.n);
  const total = {
    problems: await one("SELECT count(*) AS n FROM map_problems"),
    attempts: await one(`SELECT count(*) AS n FROM src.attempts a JOIN places g ON g.src = a.group_id
      JOIN src.generations x ON x.attempt_id = a.id WHERE ${FITS.attempts}`),
    reflections: await one(texts(REFLECTIONS)),
    turns: await one(texts(TURNS)),
    opinions: await one(`SELECT count(*) AS n FROM src.opinions o JOIN src.attempts a ON a.id = o.attempt_id
      JOIN places g ON g.src = a.group_id JOIN src.generations x ON x.attempt_id = a.id
      WHERE ${FITS.opinions} AND ${FITS.attempts}`),
    sittings: await one(`SELECT count(*) AS n FROM src.sittings t WHERE ${FITS.sittings}`),
    annotations: await one(
      `SELECT count(*) AS n FROM src.annotations n WHERE ${FITS.annotations} AND ${THERE}`,
    ),
  };
  const same = {
    problems: await one("SELECT count(*) AS n FROM map_problems WHERE dst IS NOT NULL"),
    attempts: await one("SELECT count(*) AS n FROM map_attempts"),
    reflections: await one("SELECT count(*) AS n FROM map_reflections"),
    turns: await one("SELECT count(*) AS n FROM map_turns"),
    opinions: await one(`SELECT count(*) AS n FROM src.opinions o JOIN map_attempts m ON m.src = o.attempt_id
      WHERE ${FITS.opinions} AND ${OPINION_HERE}`),
    sittings: await one(
      `SELECT count(*) AS n FROM src.sittings t WHERE ${FITS.sittings} AND ${SITTING} IS NOT NULL`,
    ),
    annotations: 0,
  };
  const people = await db.all(`SELECT n.who, count(*) AS annotations FROM src.annotations n
    WHERE ${FITS.annotations} AND ${THERE} AND ${SAID_HERE(TARGET)} IS NULL GROUP BY n.who ORDER BY 2 DESC, 1`);
  const fresh = people.reduce((sum, row) => sum + Number(row.annotations), 0);
  same.annotations = total.annotations - fresh;
  const adds = Object.fromEntries(
    Object.entries(total).map(([name, n]) => [name, n - same[name as keyof MergeCounts]]),
  ) as unknown as MergeCounts;
  const all = async (table: string, fitting: number): Promise<[string, number]> => [
    table,
    (await one(`SELECT count(*) AS n FROM src.${table}`)) - fitting,
  ];
  const samplings = await one(`SELECT count(*) AS n FROM src.samplings s WHERE ${FITS.samplings}`);
  const refused = await Promise.all([
    ...Object.entries(total).map(([table, n]) => all(table, n)),
    all("samplings", samplings),
  ]);
  return {
    ...{ adds, same },
    people: people.map((row) => ({ who: String(row.who), annotations: Number(row.annotations) })),
    otherTexts: await one(`SELECT count(*) AS n FROM src.attempts a JOIN places g ON g.src = a.group_id
      JOIN src.generations x ON x.attempt_id = a.id
      JOIN main.samplings ts ON ts.key_hash = g.key JOIN main.groups tg ON tg.sampling_id = ts.id AND tg.problem_id = g.problem
      JOIN main.attempts t ON t.group_id = tg.id AND t.sample = a.sample
      WHERE a.id NOT IN (SELECT src FROM map_attempts) AND ${FITS.attempts}`),
    otherCuts: await one(`SELECT count(*) AS n FROM src.cuts c JOIN map_attempts m ON m.src = c.attempt_id
      JOIN main.cuts t ON t.attempt_id = m.dst WHERE t.hash <> c.hash OR t.spans <> c.spans`),
    refused: Object.fromEntries(refused.filter(([, n]) => n > 0)),
  };
}

/** The same word of the same grader at the same moment, of an attempt that `map_attempts m` knows. */
export const OPINION_HERE = `EXISTS (SELECT 1 FROM main.opinions t WHERE t.attempt_id = m.dst AND t.grader = o.grader
  AND t.version = o.version AND t.verdict = o.verdict AND t.answer IS o.answer AND t.span_start IS o.span_start
  AND t.span_end IS o.span_end AND t.reason = o.reason AND t.at = o.at)`;

/** The annotation's target comes in, or is here. */
const THERE = `CASE n.target
  WHEN 'attempt' THEN EXISTS (SELECT 1 FROM src.attempts a JOIN places g ON g.src = a.group_id
    JOIN src.generations x ON x.attempt_id = a.id WHERE a.id = n.target_id AND ${FITS.attempts})
  WHEN 'reflection' THEN EXISTS (SELECT 1 FROM src.reflections r JOIN src.attempts a ON a.id = r.attempt_id
    JOIN places g ON g.src = a.group_id JOIN src.generations x ON x.attempt_id = a.id
    WHERE r.id = n.target_id AND ${FITS.reflections} AND ${FITS.attempts})
  WHEN 'problem' THEN EXISTS (SELECT 1 FROM map_problems WHERE src = n.target_id) END`;

/** The same sitting in this pool. */
export const SITTING = `(SELECT h.id FROM main.sittings h WHERE h.who = t.who AND h.began_at = t.began_at
  AND h.ordering = t.ordering AND h.seed = t.seed AND h.query = t.query AND h.blind = t.blind LIMIT 1)`;

const texts = ({ table, fits }: Texts): string => `SELECT count(*) AS n FROM src.${table} r
  JOIN src.attempts a ON a.id = r.attempt_id JOIN places g ON g.src = a.group_id
  JOIN src.generations x ON x.attempt_id = a.id WHERE ${fits} AND ${FITS.attempts}`;
