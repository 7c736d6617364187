import type { PoolFilter } from "../protocol/types.js";
import {
  importGroup,
  importOpinion,
  importProblem,
  importSampling,
  importSitting,
  importTurn,
  type One,
} from "./import-rows.js";
import { importWords, type Stored } from "./import-words.js";
import type { RecordKind, Records } from "./records.js";
import { packTokens } from "./rows.js";
import type { Connection, SqlValue } from "./sqlite.js";
import { insert, refilter, writeErrorTypes } from "./writes.js";

/** A row names another that did not come before it. */
export class UnknownRef extends Error {
  constructor(
    /** Which of the rows that were handed over. */
    readonly index: number,
    readonly kind: RecordKind,
    readonly ref: number,
  ) {
    super(`There is no ${kind} ${ref} before it.`);
  }
}

/**
 * Takes in rows of another pool by their natural keys, so that the same rows twice add nothing. One for each import:
 * it remembers, in temporary tables of the writing connection, which row of the source is which row here.
 */
export class RecordImport {
  private readonly groups = new Set<number>();
  private readonly problems = new Set<number>();

  /** Before anything else, in a transaction of its own. */
  async begin(db: Connection): Promise<void> {
    await db.exec(`DROP TABLE IF EXISTS temp.import_refs;
      CREATE TEMP TABLE import_refs (kind TEXT, ref INTEGER, id INTEGER, PRIMARY KEY (kind, ref)) WITHOUT ROWID`);
  }

  async end(db: Connection): Promise<void> {
    await db.exec("DROP TABLE IF EXISTS temp.import_refs");
  }

  /** The source's filter, where this pool has none of its own yet: one that was chosen here stays. */
  async filter(db: Connection, filter: PoolFilter): Promise<void> {
    const { changes } = await db.run(
      "INSERT INTO settings (name, value) VALUES ('filter', ?) ON CONFLICT DO NOTHING",
      JSON.stringify(filter),
    );
    if (changes > 0) await refilter(db, {});
  }

  /** Within a transaction. Throws `UnknownRef`. */
  async store<K extends RecordKind>(db: Connection, kind: K, rows: Records[K][]): Promise<Stored> {
    return this.by[kind](db, rows);
  }

  /** At the end of a transaction: which attempts are in the pool follows from what it stored. */
  async settle(db: Connection): Promise<void> {
    if (this.groups.size > 0) {
      const groups = JSON.stringify([...this.groups]);
      await refilter(db, { groups });
      // Counted now that all is known of them, once instead of at every change.
      await db.run(
        "UPDATE attempts SET held = 0 WHERE held = 1 AND group_id IN (SELECT value FROM json_each(?))",
        groups,
      );
    }
    for (const problem of this.problems) await refilter(db, { problem });
    this.groups.clear();
    this.problems.clear();
  }

  private readonly by: { [K in RecordKind]: (db: Connection, rows: Records[K][]) => Promise<Stored> } = {
    problem: (db, rows) => this.eachOne(db, "problem", rows, importProblem),
    sampling: (db, rows) => this.eachOne(db, "sampling", rows, importSampling),
    sitting: (db, rows) => this.eachOne(db, "sitting", rows, importSitting),
    group: async (db, rows) => {
      const samplings = await this.ids(db, "sampling", rows, (row) => row.sampling);
      const problems = await this.ids(db, "problem", rows, (row) => row.problem);
      const places = new Map(rows.map((row, i) => [row, [samplings[i] ?? 0, problems[i] ?? 0] as const]));
      return this.eachOne(db, "group", rows, (_, row) => importGroup(db, ...(places.get(row) ?? [0, 0])));
    },
    attempt: (db, rows) => this.attempts(db, rows),
    reflection: (db, rows) => this.reflections(db, rows),
    turn: async (db, rows) => {
      const owners = await this.ids(db, "attempt", rows, (row) => row.attempt);
      return tally(rows, owners, (row, attempt) => importTurn(db, row, attempt));
    },
    cut: async (db, rows) => {
      const owners = await this.ids(db, "attempt", rows, (row) => row.attempt);
      return tally(rows, owners, async (row, attempt) => {
        const { changes } = await db.run(
          "INSERT INTO cuts (attempt_id, hash, spans) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
          ...[attempt, row.hash, JSON.stringify(row.spans)],
        );
        return changes > 0;
      });
    },
    opinion: async (db, rows) => {
      const owners = await this.ids(db, "attempt", rows, (row) => row.attempt);
      return tally(rows, owners, (row, attempt) => importOpinion(db, row, attempt));
    },
    annotation: (db, rows) => this.annotations(db, rows),
    adjudication: async (db, rows) => {
      const decided = await this.ids(db, "annotation", rows, (row) => row.annotation);
      const words = await this.ids(db, "annotation", rows, (row) => row.word);
      return tally(rows, decided, async (_, annotation, i) => {
        const word = words[i];
        if (word === null || word === undefined) return null;
        const { changes } = await db.run(
          "INSERT INTO adjudications (annotation_id, word_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
          ...[annotation, word],
        );
        return changes > 0;
      });
    },
  };

  private async attempts(db: Connection, rows: Records["attempt"][]): Promise<Stored> {
    const groups = await this.ids(db, "group", rows, (row) => row.group);
    const wanted = JSON.stringify([...new Set(groups)]);
    const owners = await db.all(
      `SELECT g.id, g.problem_id, s.purpose, s.model_id FROM groups g JOIN samplings s ON s.id = g.sampling_id
       WHERE g.id IN (SELECT value FROM json_each(?))`,
      wanted,
    );
    const owner = new Map(owners.map((row) => [Number(row.id), row]));
    const here = await this.keyed(db, rows, groups);
    const fresh = rows.flatMap((row, i) =>
      here.has(`${groups[i]}:${row.sample}`) ? [] : [{ row, group: groups[i] ?? 0 }],
    );
    await insert(
      db,
      `INSERT INTO attempts (group_id, problem_id, sample, purpose, model_id, verdict, graded, answer, span_start,
         span_end, finish, tokens, reason, created_at, labelled, labelled_by, error_type, error_type_source, held) VALUES`,
      fresh.map(({ row, group }): SqlValue[] => [
        ...[group, Number(owner.get(group)?.problem_id), row.sample, String(owner.get(group)?.purpose)],
        ...[String(owner.get(group)?.model_id), row.graded, row.graded, row.answer],
        ...[row.span?.[0] ?? null, row.span?.[1] ?? null, row.finish, row.tokens, row.reason, row.createdAt],
        ...[row.errorType, row.errorTypeSource, row.errorType, row.errorTypeSource, 1],
      ]),
      // The same sample twice in one file: the first counts.
      "ON CONFLICT (group_id, sample) DO NOTHING",
    );
    const now = await this.keyed(db, rows, groups);
    await insert(
      db,
      "INSERT INTO generations (attempt_id, text, ids, logprobs) VALUES",
      fresh.map(({ row, group }) => [
        now.get(`${group}:${row.sample}`)?.id ?? 0,
        row.text,
        ...packTokens({ text: "", tokenIds: row.ids, logprobs: row.logprobs, finish: row.finish }),
      ]),
      "ON CONFLICT DO NOTHING",
    );
    for (const { group } of fresh) this.groups.add(group);
    const same = rows.map((row, i) => {
      const found = here.get(`${groups[i]}:${row.sample}`);
      return found === undefined || found.text === row.text;
    });
    const labelled = rows.flatMap((row, i) => {
      const found = here.get(`${groups[i]}:${row.sample}`);
      const lacks = found && same[i] && found.labelled === null;
      return lacks && row.errorType !== null && row.errorTypeSource !== null
        ? [{ attemptId: found.id, errorType: row.errorType, source: row.errorTypeSource }]
        : [];
    });
    if (labelled.length > 0) await writeErrorTypes(db, labelled);
    const ids = rows.map((row, i) => (same[i] ? (now.get(`${groups[i]}:${row.sample}`)?.id ?? null) : null));
    await this.remember(db, "attempt", rows, ids);
    const contradicted = same.filter((one) => !one).length;
    return { added: fresh.length, known: rows.length - fresh.length - contradicted, contradicted };
  }

  /** Attempts that are here, under `group:sample`. */
  private async keyed(
    db: Connection,
    rows: Records["attempt"][],
    groups: (number | null)[],
  ): Promise<Map<string, { id: number; text: string; labelled: unknown }>> {
    const found = await db.all(
      `SELECT a.id, a.group_id, a.sample, a.labelled, t.text
       FROM json_each(?) j JOIN attempts a ON a.group_id = j.value ->> 0 AND a.sample = j.value ->> 1
         LEFT JOIN generations t ON t.attempt_id = a.id`,
      JSON.stringify(rows.map((row, i) => [groups[i], row.sample])),
    );
    return new Map(
      found.map((row) => [
        `${row.group_id}:${row.sample}`,
        { id: Number(row.id), text: String(row.text), labelled: row.labelled },
      ]),
    );
  }

  private async reflections(db: Connection, rows: Records["reflection"][]): Promise<Stored> {
    const owners = await this.ids(db, "attempt", rows, (row) => row.attempt);
    const ids: (number | null)[] = [];
    const stored = await tally(rows, owners, async (row, attempt, i) => {
      const key = [attempt, row.modelId, row.settings, row.sample];
      const find =
        "SELECT id, text FROM reflections WHERE attempt_id = ? AND model_id = ? AND settings = ? AND sample = ?";
      const here = await db.get(find, ...key);
      if (here) {
        const same = here.text === row.text;
        ids[i] = same ? Number(here.id) : null;
        return same ? false : null;
      }
      const { id } = await db.run(
        `INSERT INTO reflections (attempt_id, model_id, settings, sample, text, analysis, corrected, parsed, verdict,
           answer, reason, finish, tokens, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[...key, row.text, row.analysis, row.corrected, row.parsed ? 1 : 0, row.verdict, row.answer],
        ...[row.reason, row.finish, row.tokens, row.createdAt],
      );
      const packed = packTokens({ text: "", tokenIds: row.ids, logprobs: row.logprobs, finish: row.finish });
      await db.run(
        "INSERT INTO reflection_tokens (reflection_id, ids, logprobs) VALUES (?, ?, ?)",
        id,
        ...packed,
      );
      ids[i] = id;
      return true;
    });
    await this.remember(
      db,
      "reflection",
      rows,
      rows.map((_, i) => ids[i] ?? null),
    );
    return stored;
  }

  private async annotations(db: Connection, rows: Records["annotation"][]): Promise<Stored> {
    const owners = rows.map((): number | null => null);
    for (const target of ["attempt", "reflection", "problem"] as const) {
      const indices = rows.flatMap((row, i) => (row.target === target ? [i] : []));
      const found = await this.ids(db, target, rows, (row) => row.of, indices);
      for (const i of indices) owners[i] = found[i] ?? null;
    }
    const dated = rows.flatMap((row, i) => (row.sitting === null ? [] : [i]));
    const sittings = await this.ids(db, "sitting", rows, (row) => row.sitting ?? 0, dated);
    const { ids, stored, problems, groups } = await importWords(db, rows, owners, sittings);
    for (const problem of problems) this.problems.add(problem);
    for (const group of groups) this.groups.add(group);
    await this.remember(db, "annotation", rows, ids);
    return stored;
  }

  /** Stores rows one after another and remembers what became of each. */
  private async eachOne<K extends "problem" | "sampling" | "sitting" | "group">(
    db: Connection,
    kind: K,
    rows: Records[K][],
    store: (db: Connection, row: Records[K]) => One,
  ): Promise<Stored> {
    const ids: number[] = [];
    let added = 0;
    for (const row of rows) {
      const stored = await store(db, row);
      ids.push(stored.id);
      if (stored.added) added++;
    }
    await this.remember(db, kind, rows, ids);
    return { added, known: rows.length - added, contradicted: 0 };
  }

  private async remember(
    db: Connection,
    kind: RecordKind,
    rows: readonly { ref: number }[],
    ids: readonly (number | null)[],
  ): Promise<void> {
    await insert(
      db,
      "INSERT INTO temp.import_refs (kind, ref, id) VALUES",
      rows.map((row, i) => [kind, row.ref, ids[i] ?? null]),
      "ON CONFLICT DO UPDATE SET id = excluded.id",
    );
  }

  /** Which rows here the named rows of the source are; null for one that was contradicted. Of `indices` alone, if given. */
  private async ids<Row>(
    db: Connection,
    kind: RecordKind,
    rows: readonly Row[],
    ref: (row: Row) => number,
    indices: readonly number[] = rows.map((_, i) => i),
  ): Promise<(number | null)[]> {
    const refs = indices.map((i) => ref(rows[i] as Row));
    const found = await db.all(
      "SELECT ref, id FROM temp.import_refs WHERE kind = ? AND ref IN (SELECT value FROM json_each(?))",
      ...[kind, JSON.stringify([...new Set(refs)])],
    );
    const known = new Map(found.map((row) => [Number(row.ref), row.id === null ? null : Number(row.id)]));
    const out: (number | null)[] = rows.map(() => null);
    for (const [k, i] of indices.entries()) {
      const id = known.get(refs[k] ?? 0);
      if (id === undefined) throw new UnknownRef(i, kind, refs[k] ?? 0);
      out[i] = id;
    }
    return out;
  }
}

/** Stores what hangs on rows that are here. @param store true: new; false: known; null: contradicted */
async function tally<Row>(
  rows: readonly Row[],
  owners: readonly (number | null)[],
  store: (row: Row, owner: number, i: number) => Promise<boolean | null>,
): Promise<Stored> {
  const stored: Stored = { added: 0, known: 0, contradicted: 0 };
  for (const [i, row] of rows.entries()) {
    const owner = owners[i];
    const added = owner === null || owner === undefined ? null : await store(row, owner, i);
    stored[added === null ? "contradicted" : added ? "added" : "known"]++;
  }
  return stored;
}
