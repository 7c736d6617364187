import { ErrataError, type Report } from "../protocol/types.js";
import {
  count,
  type MergeCounts,
  type MergePreview,
  matchAttempts,
  OPINION_HERE,
  placeGroups,
  plan,
  REFLECTIONS,
  SAID_HERE,
  SITTING,
  TARGET,
  TURNS,
} from "./merge-plan.js";
import { FITS } from "./merge-rules.js";
import { copySource } from "./merge-source.js";
import { MOST_LEVELS, putTexts, suffix, type Texts } from "./merge-texts.js";
import { Connection, readOnly } from "./sqlite.js";
import type { Pool } from "./types.js";
import { refilter, refilterAfter } from "./writes.js";

export type { MergeCounts, MergePreview } from "./merge-plan.js";

/** A merge that was looked at and not begun. */
export interface Merge {
  readonly preview: MergePreview;
  /**
   * Puts the other pool's rows in, some hundreds in one transaction: stopped at any place it leaves a whole pool, and
   * the next merge of the same file goes on. Rejects with the signal's reason when stopped. What was added.
   */
  apply(report?: Report, signal?: AbortSignal): Promise<MergeCounts>;
  /** Removes the copy it works on. */
  close(): Promise<void>;
}

/** Rows put in at once: the pool is locked for others no longer than that takes. */
const BATCH = 500;
/** Between two transactions, so that a rating gets its turn. */
const GAP_MS = 15;

/**
 * Prepares the merge of another pool's file into `pool`, and says what it would add; nothing is written before
 * `apply`. Problems meet by set and id, samplings by what determines them, attempts and reflections by their place and
 * text, annotations by target, person, moment and words: merging twice adds nothing, and in either direction the
 * content is the same. Nothing stored is changed: what differs under one key is kept beside it. What stands afterwards
 * is the newest word by its time.
 */
export async function openMerge(pool: Pool, file: string): Promise<Merge> {
  if (pool.readOnly) throw readOnly(pool.file);
  const source = await copySource(file, pool.file);
  let db: Connection | undefined;
  const close = async (): Promise<void> => {
    await db?.close();
    db = undefined;
    await source.remove();
  };
  try {
    const opened = await Connection.open(pool.file, "write");
    db = opened;
    await opened.exec("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL");
    await opened.run("ATTACH ? AS src", source.file);
    const { conflicts } = await plan(opened);
    const preview = { file, version: source.version, conflicts, ...(await count(opened)) };
    return {
      preview,
      apply: (report, signal) => new Merging(opened, preview, report, signal).run(),
      close,
    };
  } catch (error) {
    await close();
    throw error instanceof ErrataError && error.code === "pool"
      ? new ErrataError(
          `${file} cannot be merged: ${error.message}`,
          "It may be damaged. Nothing was changed.",
          "corrupt-pool",
        )
      : error;
  }
}

class Merging {
  private readonly added: MergeCounts = {
    ...{ problems: 0, attempts: 0, reflections: 0, turns: 0, opinions: 0, annotations: 0, sittings: 0 },
  };

  constructor(
    private readonly db: Connection,
    private readonly preview: MergePreview,
    private readonly report: Report = () => undefined,
    private readonly signal?: AbortSignal,
  ) {}

  async run(): Promise<MergeCounts> {
    await this.inBatches("Problems", "problems", (after, upTo) => this.problems(after, upTo));
    await placeGroups(this.db);
    await this.inBatches("Groups", "groups", (after, upTo) => this.groups(after, upTo));
    await this.inBatches("Attempts", "attempts", (after, upTo) => this.attempts(after, upTo));
    for (const texts of [REFLECTIONS, TURNS]) {
      const stage = texts.table === "turns" ? "Turns" : "Reflections";
      await this.inBatches(stage, texts.table, (after, upTo) => this.texts(texts, after, upTo));
    }
    await this.inBatches("Opinions", "opinions", (after, upTo) => this.opinions(after, upTo));
    await this.once(() => this.sittings());
    await this.inBatches("Annotations", "annotations", (after, upTo) => this.annotations(after, upTo));
    await this.once(() => this.adjudications());
    return this.added;
  }

  /** A table's rows by id, so many in one transaction. */
  private async inBatches(
    stage: string,
    table: string,
    work: (after: number, upTo: number) => Promise<void>,
  ): Promise<void> {
    const total = Number((await this.db.get(`SELECT count(*) AS n FROM src.${table}`))?.n);
    for (let after = -1, done = 0; ; ) {
      this.signal?.throwIfAborted();
      this.report({ stage, done, total });
      const row = await this.db.get(
        `SELECT max(id) AS upTo, count(*) AS n FROM (SELECT id FROM src.${table} WHERE id > ? ORDER BY id LIMIT ?)`,
        ...[after, BATCH],
      );
      if (row?.n === 0) return;
      const upTo = Number(row?.upTo);
      const from = after;
      await this.once(() => work(from, upTo));
      after = upTo;
      done += Number(row?.n);
    }
  }

  private async once(work: () => Promise<void>): Promise<void> {
    this.signal?.throwIfAborted();
    await this.db.exec("BEGIN IMMEDIATE");
    try {
      await work();
      await this.db.exec("COMMIT");
    } catch (error) {
      await this.db.exec("ROLLBACK").catch(() => undefined);
      throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, GAP_MS));
  }

  private async problems(after: number, upTo: number): Promise<void> {
    const { changes } = await this.db.run(
      `INSERT INTO main.problems (set_name, external_id, problem, gold, level, kind, topic)
       SELECT p.set_name, m.id, p.problem, p.gold, p.level, p.kind, p.topic
       FROM map_problems m JOIN src.problems p ON p.id = m.src WHERE m.dst IS NULL AND m.src > ? AND m.src <= ?
       ORDER BY m.src ON CONFLICT (set_name, external_id) DO NOTHING`,
      ...[after, upTo],
    );
    this.added.problems += changes;
    await this.db.run(
      `UPDATE map_problems SET dst = (SELECT t.id FROM src.problems p JOIN main.problems t
         ON t.set_name = p.set_name AND t.external_id = map_problems.id AND t.problem = p.problem AND t.gold = p.gold
         WHERE p.id = map_problems.src) WHERE dst IS NULL AND src > ? AND src <= ?`,
      ...[after, upTo],
    );
    await this.db.run(
      `UPDATE main.problems SET level = coalesce(problems.level, x.level), kind = coalesce(problems.kind, x.kind),
         topic = coalesce(problems.topic, x.topic)
       FROM (SELECT m.dst, p.level, p.kind, p.topic FROM map_problems m JOIN src.problems p ON p.id = m.src
         WHERE m.src > ? AND m.src <= ?) x
       WHERE problems.id = x.dst AND (problems.level IS NULL AND x.level IS NOT NULL
         OR problems.kind IS NULL AND x.kind IS NOT NULL OR problems.topic IS NULL AND x.topic IS NOT NULL)`,
      ...[after, upTo],
    );
  }

  /** With their samplings, so that a sampling that was stopped there can go on here. */
  private async groups(after: number, upTo: number): Promise<void> {
    const some = "g.src > ? AND g.src <= ? AND g.problem IS NOT NULL";
    await this.openGroups(
      `SELECT g.src, g.sampling, g.key FROM places g JOIN src.samplings s ON s.id = g.sampling
       WHERE s.key_hash = g.key AND ${some}`,
      [after, upTo],
    );
  }

  /** Opens samplings and groups of rows (src: a group there, sampling: its sampling there, key: what it has here). */
  private async openGroups(rows: string, params: (number | string)[]): Promise<void> {
    await this.db.run(
      `INSERT OR IGNORE INTO main.samplings (key_hash, model_id, purpose, group_size, options, prompt, created_at)
       SELECT DISTINCT w.key, s.model_id, s.purpose, s.group_size, s.options, s.prompt, s.created_at
       FROM (${rows}) w JOIN src.samplings s ON s.id = w.sampling`,
      ...params,
    );
    await this.db.run(
      `INSERT OR IGNORE INTO main.groups (sampling_id, problem_id)
       SELECT t.id, g.problem FROM (${rows}) w JOIN places g ON g.src = w.src JOIN main.samplings t ON t.key_hash = w.key`,
      ...params,
    );
  }

  private async attempts(after: number, upTo: number): Promise<void> {
    const waiting = `a.id > ? AND a.id <= ? AND g.problem IS NOT NULL
      AND a.id NOT IN (SELECT src FROM map_attempts) AND ${FITS.attempts}`;
    const from = `src.attempts a JOIN places g ON g.src = a.group_id JOIN src.generations x ON x.attempt_id = a.id`;
    for (let level = 1; level <= MOST_LEVELS; level++) {
      await matchAttempts(this.db, level, after, upTo);
      const { n } =
        (await this.db.get(`SELECT count(*) AS n FROM ${from} WHERE ${waiting}`, after, upTo)) ?? {};
      if (n === 0) break;
      const rows = `SELECT DISTINCT g.src, g.sampling, g.key || '${suffix(level)}' AS key FROM ${from} WHERE ${waiting}`;
      await this.openGroups(rows, [after, upTo]);
      await this.db.exec(`DROP TABLE IF EXISTS temp.slots;
        CREATE TEMP TABLE slots (src INTEGER PRIMARY KEY, grp INTEGER, sample INTEGER, dst INTEGER)`);
      await this.db.run(
        `INSERT INTO slots SELECT min(a.id), tg.id, a.sample, NULL FROM ${from}
           JOIN main.samplings ts ON ts.key_hash = g.key || '${suffix(level)}'
           JOIN main.groups tg ON tg.sampling_id = ts.id AND tg.problem_id = g.problem
         WHERE ${waiting}
           AND NOT EXISTS (SELECT 1 FROM main.attempts t WHERE t.group_id = tg.id AND t.sample = a.sample)
         GROUP BY tg.id, a.sample`,
        ...[after, upTo],
      );
      this.added.attempts += await this.putAttempts();
    }
    await this.db.run(
      `UPDATE main.attempts SET labelled = x.labelled, labelled_by = x.labelled_by,
         error_type = coalesce(attempts.error_type, x.labelled),
         error_type_source = coalesce(attempts.error_type_source, x.labelled_by)
       FROM (SELECT m.dst, a.labelled, a.labelled_by FROM map_attempts m JOIN src.attempts a ON a.id = m.src
         WHERE m.src > ? AND m.src <= ? AND a.labelled IS NOT NULL) x
       WHERE attempts.id = x.dst AND attempts.labelled IS NULL`,
      ...[after, upTo],
    );
    await this.db.run(
      `INSERT OR IGNORE INTO main.cuts (attempt_id, hash, spans) SELECT m.dst, c.hash, c.spans
       FROM map_attempts m JOIN src.cuts c ON c.attempt_id = m.src WHERE m.src > ? AND m.src <= ? AND ${FITS.cuts}`,
      ...[after, upTo],
    );
  }

  /** Those that `slots` has a free place for. As graded there; what people said of them comes with annotations. */
  private async putAttempts(): Promise<number> {
    const { changes } = await this.db.run(
      `INSERT INTO main.attempts (group_id, problem_id, sample, purpose, model_id, verdict, graded, answer, error_type,
         error_type_source, labelled, labelled_by, span_start, span_end, finish, tokens, reason, created_at)
       SELECT w.grp, tg.problem_id, w.sample, ts.purpose, ts.model_id, a.graded, a.graded, a.answer, a.labelled,
         a.labelled_by, a.labelled, a.labelled_by, a.span_start, a.span_end, a.finish, a.tokens, a.reason, a.created_at
       FROM slots w JOIN src.attempts a ON a.id = w.src JOIN main.groups tg ON tg.id = w.grp
         JOIN main.samplings ts ON ts.id = tg.sampling_id ORDER BY a.id`,
    );
    await this.db.exec(`UPDATE slots SET dst = (SELECT t.id FROM main.attempts t
        WHERE t.group_id = slots.grp AND t.sample = slots.sample);
      INSERT INTO map_attempts SELECT src, dst FROM slots;
      INSERT INTO main.generations (attempt_id, text, ids, logprobs) SELECT w.dst, x.text, x.ids, x.logprobs
        FROM slots w JOIN src.generations x ON x.attempt_id = w.src;`);
    const groups = await this.db.get("SELECT json_group_array(DISTINCT grp) AS ids FROM slots");
    await refilter(this.db, { groups: String(groups?.ids) });
    return changes;
  }

  private async texts(texts: Texts, after: number, upTo: number): Promise<void> {
    this.added[texts.table] += await putTexts(this.db, texts, after, upTo);
    if (texts.table === "turns") return;
    await this.db.run(
      `INSERT OR IGNORE INTO main.reflection_tokens (reflection_id, ids, logprobs) SELECT m.dst, k.ids, k.logprobs
       FROM map_reflections m JOIN src.reflection_tokens k ON k.reflection_id = m.src
       WHERE m.src > ? AND m.src <= ? AND typeof(k.ids) = 'blob' AND typeof(k.logprobs) = 'blob'`,
      ...[after, upTo],
    );
  }

  /** A trigger lets the newest stand by its time. */
  private async opinions(after: number, upTo: number): Promise<void> {
    const { changes } = await this.db.run(
      `INSERT INTO main.opinions (attempt_id, grader, version, verdict, answer, span_start, span_end, reason, at)
       SELECT m.dst, o.grader, o.version, o.verdict, o.answer, o.span_start, o.span_end, o.reason, o.at
       FROM src.opinions o JOIN map_attempts m ON m.src = o.attempt_id
       WHERE o.id > ? AND o.id <= ? AND ${FITS.opinions} AND NOT ${OPINION_HERE} ORDER BY o.id`,
      ...[after, upTo],
    );
    this.added.opinions += changes;
  }

  private async sittings(): Promise<void> {
    const { changes } = await this.db.run(
      `INSERT INTO main.sittings (who, began_at, ordering, seed, query, blind)
       SELECT t.who, t.began_at, t.ordering, t.seed, t.query, t.blind FROM src.sittings t
       WHERE ${FITS.sittings} AND ${SITTING} IS NULL ORDER BY t.id`,
    );
    this.added.sittings += changes;
    await this.db.exec(`DROP TABLE IF EXISTS temp.map_sittings;
      CREATE TEMP TABLE map_sittings (src INTEGER PRIMARY KEY, dst INTEGER);
      INSERT INTO map_sittings SELECT t.id, ${SITTING} FROM src.sittings t WHERE ${FITS.sittings}`);
  }

  /** A trigger lets the newest stand by its time, an older word that comes in later does not. */
  private async annotations(after: number, upTo: number): Promise<void> {
    const last = Number((await this.db.get("SELECT coalesce(max(id), 0) AS id FROM main.annotations"))?.id);
    const { changes } = await this.db.run(
      `INSERT INTO main.annotations (target, target_id, who, at, kind, axis, value, pass, sitting_id, seconds)
       SELECT n.target, ${TARGET}, n.who, n.at, n.kind, n.axis, n.value, n.pass, m.dst, n.seconds
       FROM src.annotations n LEFT JOIN map_sittings m ON m.src = n.sitting_id
       WHERE n.id > ? AND n.id <= ? AND ${FITS.annotations} AND ${TARGET} IS NOT NULL AND ${SAID_HERE(TARGET)} IS NULL
       ORDER BY n.id`,
      ...[after, upTo],
    );
    this.added.annotations += changes;
    const touched = await this.db.all(
      `SELECT DISTINCT target, target_id FROM main.annotations
       WHERE id > ? AND (target = 'attempt' AND kind = 'verdict' OR target = 'problem' AND kind = 'badProblem')`,
      last,
    );
    const of = (target: string): number[] =>
      touched.filter((row) => row.target === target).map((row) => Number(row.target_id));
    await refilterAfter(this.db, of("attempt"), of("problem"));
  }

  private async adjudications(): Promise<void> {
    const here = (id: string): string =>
      `(SELECT ${SAID_HERE(TARGET)} FROM src.annotations n WHERE n.id = ${id})`;
    await this.db.exec(`INSERT OR IGNORE INTO main.adjudications (annotation_id, word_id)
      SELECT a, w FROM (SELECT ${here("j.annotation_id")} AS a, ${here("j.word_id")} AS w FROM src.adjudications j)
      WHERE a IS NOT NULL AND w IS NOT NULL`);
    this.report({ stage: "Done", done: this.preview.adds.annotations, total: this.preview.adds.annotations });
  }
}
