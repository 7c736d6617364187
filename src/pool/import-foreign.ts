import type { Finish, Grade, Problem } from "../protocol/types.js";
import type { Opinion } from "../protocol/verdicts.js";
import { ForeignProblems, type KnownProblem, stored } from "./foreign-problems.js";
import { writeOpinions } from "./opinions.js";
import { verdictOf } from "./rows.js";
import type { Connection, SqlValue } from "./sqlite.js";
import type { NewOpinion } from "./types.js";
import { insert, refilter } from "./writes.js";

/** One attempt of another tool's log. */
export interface ForeignRecord {
  set: string;
  problem: Problem;
  /** What makes samples of a problem one group, beside the source; and the model as it is called here. */
  sampling: string;
  modelId: string;
  /** null: the next of its group, in the order of the file. */
  sample: number | null;
  text: string;
  finish: Finish;
  tokens: number;
}

export interface Placed {
  groupId: number;
  problemId: number;
  sample: number;
  /** As the pool has it: the log's, or what an earlier one said. */
  gold: string;
  /** An attempt that is here under this number; `same` where its text is. */
  here: { id: number; same: boolean } | null;
  /** The id that the log gives its problem has another text or gold answer here: it got one of its own. */
  renamed: boolean;
}

export interface ForeignGraded {
  placed: Placed;
  record: ForeignRecord;
  /** Where it stands in its file, for people. */
  place: string;
  /** null where the attempt is here already. */
  grade: Grade | null;
  opinions: Omit<Opinion, "id" | "at" | "attemptId" | "span">[];
}

/** Imports of this process. */
let begun = 0;
/** Entries of what is remembered between chunks; then it is asked for again. */
const REMEMBERED = 20_000;

/**
 * Takes in attempts of other tools' logs, chunk by chunk: `look` says what is known of each before it is graded; then, in
 * one transaction, `place` makes what they belong to and `store` stores those that are not here. One for each import;
 * memory holds a chunk.
 */
export class ForeignImport {
  private readonly problems = new ForeignProblems();
  private readonly samplings = new Map<string, number>();
  private readonly groups = new Map<string, number>();

  /** @param samples a table of this import alone: another may go on beside it over the same connection */
  constructor(
    private readonly sourceId: number,
    private readonly samples = `import_samples_${++begun}`,
  ) {}

  /** Problems that were new. */
  get added(): number {
    return this.problems.added;
  }

  /** Before anything else. How many samples of a group came so far is counted in a temporary table. */
  async begin(db: Connection): Promise<void> {
    await db.exec(`CREATE TEMP TABLE ${this.samples} (group_id INTEGER PRIMARY KEY, next INTEGER NOT NULL)`);
  }

  async end(db: Connection): Promise<void> {
    await db.exec(`DROP TABLE IF EXISTS temp.${this.samples}`);
  }

  /** Within a transaction: what placing them would find; nothing of it is stored or remembered. */
  async look(db: Connection, records: readonly ForeignRecord[], fresh: boolean): Promise<Placed[]> {
    await db.exec("SAVEPOINT look");
    const placed = await new ForeignImport(this.sourceId, this.samples).place(db, records, fresh);
    await db.exec("ROLLBACK TO look; RELEASE look");
    return placed;
  }

  /** Within a transaction: problems and groups are made where they are not here. In the order of the records. */
  async place(db: Connection, records: readonly ForeignRecord[], fresh: boolean): Promise<Placed[]> {
    const problems = await this.problems.ids(db, records);
    const groups = await this.groupsOf(db, records, problems);
    const placed = records.map(({ sample }, i): Placed => {
      const { id, gold, renamed } = problems[i] ?? { id: 0, gold: "", renamed: false };
      return { groupId: groups[i] ?? 0, problemId: id, sample: sample ?? -1, gold, here: null, renamed };
    });
    await this.number(db, records, placed);
    await this.widen(db, records, placed);
    if (!fresh) await this.match(db, records, placed);
    return placed;
  }

  /** Within a transaction: attempts with their opinions; how many were new. `doubled`: where those stand whose number came before. */
  async store(
    db: Connection,
    rows: readonly ForeignGraded[],
  ): Promise<{ attempts: number; opinions: number; doubled: string[] }> {
    const top = await db.get("SELECT coalesce(max(id), 0) AS id FROM attempts");
    const fresh = rows.flatMap(({ grade, ...row }) => (grade ? [{ ...row, grade }] : []));
    const ids = fresh.map((_, i) => Number(top?.id) + 1 + i);
    const at = new Date().toISOString();
    await insert(
      db,
      `INSERT INTO attempts (id, group_id, problem_id, sample, purpose, model_id, verdict, graded, answer, span_start,
         span_end, finish, tokens, reason, created_at, held) VALUES`,
      fresh.map(({ placed, record, grade }, i): SqlValue[] => {
        const verdict = verdictOf(record.finish, record.text, grade);
        return [
          ...[ids[i] ?? 0, placed.groupId, placed.problemId, placed.sample, "sample", record.modelId],
          ...[verdict, verdict, grade.answer, grade.span?.[0] ?? null, grade.span?.[1] ?? null],
          ...[record.finish, record.tokens, grade.reason, at, 1],
        ];
      }),
      "ON CONFLICT (group_id, sample) DO NOTHING",
    );
    const stored = await db.all("SELECT id FROM attempts WHERE id > ?", Number(top?.id));
    const here = new Set(stored.map((row) => Number(row.id)));
    const none = Buffer.alloc(0);
    await insert(
      db,
      "INSERT INTO generations (attempt_id, text, ids, logprobs) VALUES",
      fresh.flatMap(({ record }, i): SqlValue[][] => {
        const id = ids[i] ?? 0;
        return here.has(id) ? [[id, record.text, none, none]] : [];
      }),
      "",
    );
    const groups = JSON.stringify([...new Set(fresh.map(({ placed }) => placed.groupId))]);
    await refilter(db, { groups });
    // Counted once, now that it is known what came into the pool.
    await db.run("UPDATE attempts SET held = 0 WHERE held = 1 AND id > ?", Number(top?.id));
    let opinions = 0;
    const said = fresh.flatMap(({ opinions: all }, i): SqlValue[][] => {
      const id = ids[i] ?? 0;
      if (!here.has(id)) return [];
      return all.map((o) => [id, o.grader, o.version, o.verdict, o.answer, o.reason, at]);
    });
    await insert(
      db,
      "INSERT INTO opinions (attempt_id, grader, version, verdict, answer, reason, at) VALUES",
      said,
      "",
    );
    opinions += said.length;
    const again = rows.flatMap(({ placed, opinions: all }) =>
      placed.here?.same ? all.map((o) => ({ ...o, attemptId: placed.here?.id ?? 0, span: null })) : [],
    );
    opinions += await writeOpinions(db, await this.unsaid(db, again));
    const doubled = fresh.flatMap(({ place }, i) => (here.has(ids[i] ?? 0) ? [] : [place]));
    return { attempts: here.size, opinions, doubled };
  }

  /** Opinions that do not stand already: a file that is read again says them all again. */
  private async unsaid(db: Connection, opinions: readonly NewOpinion[]): Promise<NewOpinion[]> {
    const said = new Map<string, string>();
    const ids = JSON.stringify([...new Set(opinions.map(({ attemptId }) => attemptId))]);
    const rows = await db.all(
      `SELECT o.attempt_id, o.grader, o.reason FROM json_each(?) j CROSS JOIN opinions o ON o.attempt_id = j.value
       WHERE o.superseded = 0`,
      ids,
    );
    for (const row of rows) said.set(`${row.attempt_id}:${row.grader}`, String(row.reason));
    return opinions.filter(({ attemptId, grader, reason }) => said.get(`${attemptId}:${grader}`) !== reason);
  }

  /** Rows of the file that were taken in so far. */
  async advance(db: Connection, rows: number): Promise<void> {
    await db.run("UPDATE sources SET rows = max(rows, ?) WHERE id = ?", rows, this.sourceId);
  }

  private sampling(db: Connection, { sampling: key, modelId }: ForeignRecord): Promise<number> {
    return remembered(this.samplings, key, async () => {
      await db.run(
        `INSERT INTO samplings (key_hash, model_id, purpose, group_size, options, prompt, created_at)
         VALUES (?, ?, 'sample', 1, '{}', '', ?) ON CONFLICT (key_hash) DO NOTHING`,
        ...[key, modelId, new Date().toISOString()],
      );
      const row = await db.get("SELECT id FROM samplings WHERE key_hash = ?", key);
      await db.run(
        "INSERT INTO source_samplings (source_id, sampling_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        ...[this.sourceId, Number(row?.id)],
      );
      return Number(row?.id);
    });
  }

  /** The group of each record, made where there is none. */
  private async groupsOf(
    db: Connection,
    records: readonly ForeignRecord[],
    problems: readonly KnownProblem[],
  ): Promise<number[]> {
    const keys: string[] = [];
    const wanted = new Map<string, [sampling: number, problem: number]>();
    if (this.groups.size > REMEMBERED) this.groups.clear();
    for (const [i, record] of records.entries()) {
      const [sampling, problem] = [await this.sampling(db, record), problems[i]?.id ?? 0];
      const key = `${sampling}:${problem}`;
      keys.push(key);
      if (!this.groups.has(key)) wanted.set(key, [sampling, problem]);
    }
    await insert(
      db,
      "INSERT INTO groups (sampling_id, problem_id) VALUES",
      [...wanted.values()],
      "ON CONFLICT DO NOTHING",
    );
    const rows = await db.all(
      `SELECT j.value ->> 0 AS sampling, j.value ->> 1 AS problem, g.id FROM json_each(?) j
       CROSS JOIN groups g ON g.sampling_id = j.value ->> 0 AND g.problem_id = j.value ->> 1`,
      JSON.stringify([...wanted.values()]),
    );
    for (const row of rows) this.groups.set(`${row.sampling}:${row.problem}`, Number(row.id));
    return keys.map((key) => this.groups.get(key) ?? 0);
  }

  /** Numbers those that have none, in the order of the file. */
  private async number(db: Connection, records: readonly ForeignRecord[], placed: Placed[]): Promise<void> {
    const open = placed.filter((_, i) => records[i]?.sample === null);
    if (open.length === 0) return;
    const rows = await db.all(
      `SELECT group_id, next FROM temp.${this.samples} WHERE group_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify([...new Set(open.map(({ groupId }) => groupId))]),
    );
    const next = new Map(rows.map((row) => [Number(row.group_id), Number(row.next)]));
    for (const one of open) {
      one.sample = next.get(one.groupId) ?? 0;
      next.set(one.groupId, one.sample + 1);
    }
    await db.run(
      `INSERT INTO temp.${this.samples} (group_id, next) SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true
       ON CONFLICT (group_id) DO UPDATE SET next = excluded.next`,
      JSON.stringify([...next]),
    );
  }

  /** How large groups are is known at the end only: as large as the last sample says. */
  private async widen(
    db: Connection,
    records: readonly ForeignRecord[],
    placed: readonly Placed[],
  ): Promise<void> {
    const sizes = new Map<string, number>();
    for (const [i, { sample }] of placed.entries()) {
      const key = records[i]?.sampling ?? "";
      sizes.set(key, Math.max(sizes.get(key) ?? 0, sample + 1));
    }
    await db.run(
      `UPDATE samplings SET group_size = j.size
       FROM (SELECT value ->> 0 AS key, value ->> 1 AS size FROM json_each(?)) j
       WHERE samplings.key_hash = j.key AND samplings.group_size < j.size`,
      JSON.stringify([...sizes]),
    );
  }

  /** Which are here already. */
  private async match(db: Connection, records: readonly ForeignRecord[], placed: Placed[]): Promise<void> {
    const rows = await db.all(
      `SELECT j.key, a.id, t.text FROM json_each(?) j CROSS JOIN attempts a
         ON a.group_id = j.value ->> 0 AND a.sample = j.value ->> 1
       JOIN generations t ON t.attempt_id = a.id`,
      JSON.stringify(placed.map(({ groupId, sample }) => [groupId, sample])),
    );
    for (const row of rows) {
      const one = placed[Number(row.key)];
      if (one)
        one.here = { id: Number(row.id), same: row.text === stored(records[Number(row.key)]?.text ?? "") };
    }
  }
}

async function remembered<T>(known: Map<string, T>, key: string, find: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const found = await find();
  if (known.size >= REMEMBERED) known.clear();
  known.set(key, found);
  return found;
}
