import type { Problem } from "../protocol/types.js";
import type { Connection, SqlValue } from "./sqlite.js";
import { hashOf, insert } from "./writes.js";

/** Entries of what is remembered between chunks; then it is asked for again. */
const REMEMBERED = 20_000;
/** Parameters of one statement. */
const CHUNK = 500;

export interface KnownProblem {
  id: number;
  /** "" where nobody said it. */
  gold: string;
  /** Its id has another text or gold answer here: it got one of its own. */
  renamed: boolean;
}

interface Row {
  id: number;
  text: string;
  gold: string;
}

/**
 * Finds or makes problems, many in few statements. Another text or gold answer under the same id is another problem, and
 * gets an id of its own that is the same at every import. A problem without a gold answer is the same one as with it, and
 * learns it.
 */
export class ForeignProblems {
  private readonly known = new Map<string, KnownProblem>();
  /** Problems that were new. */
  added = 0;

  /** Within a transaction; in the order of the problems. */
  async ids(db: Connection, rows: readonly InSet[]): Promise<KnownProblem[]> {
    const keys: string[] = [];
    for (const [i, row] of rows.entries())
      keys.push(sameProblem(row, rows[i - 1]) ? (keys[i - 1] ?? "") : hashed(row));
    const wanted = new Map<string, InSet>();
    for (const [i, key] of keys.entries()) {
      const row = rows[i];
      if (row && !this.known.has(key)) wanted.set(key, row);
    }
    if (this.known.size + wanted.size > REMEMBERED) {
      this.known.clear();
      return this.ids(db, rows);
    }
    const learned = await this.find(db, wanted);
    const found = keys.map((key) => this.known.get(key) ?? { id: 0, gold: "", renamed: false });
    // Rows without a gold answer that come later are graded by it, as they would be if the import began again there.
    if (learned.size > 0) {
      for (const [key, problem] of this.known) {
        this.known.set(key, { ...problem, gold: learned.get(problem.id) ?? problem.gold });
      }
    }
    return found;
  }

  /** The gold answers that problems learned, by their ids. */
  private async find(
    db: Connection,
    wanted: ReadonlyMap<string, InSet>,
  ): Promise<ReadonlyMap<number, string>> {
    const here = await readProblems(db, [...wanted.values()]);
    const top = await db.get("SELECT coalesce(max(id), 0) AS id FROM problems");
    let next = Number(top?.id) + 1;
    const fresh: { at: Row; set: string; id: string; problem: Problem }[] = [];
    const learned: [gold: string, id: number][] = [];
    for (const [key, { set, problem }] of wanted) {
      let id = problem.id;
      let at = here.get(keyOf(set, id));
      if (at && !fits(at, problem)) {
        id = `${problem.id}-${hashOf([problem.problem, problem.gold]).slice(0, 12)}`;
        at =
          here.get(keyOf(set, id)) ??
          (await readProblems(db, [{ set, problem: { ...problem, id } }])).get(keyOf(set, id));
      }
      if (!at) {
        at = { id: next++, text: stored(problem.problem), gold: problem.gold };
        fresh.push({ at, set, id, problem });
      } else if (at.gold === "" && problem.gold !== "") {
        at.gold = problem.gold;
        learned.push([problem.gold, at.id]);
      }
      here.set(keyOf(set, id), at);
      this.known.set(key, { id: at.id, gold: at.gold, renamed: id !== problem.id });
    }
    await insert(
      db,
      "INSERT INTO problems (id, set_name, external_id, problem, gold, level, kind, topic) VALUES",
      fresh.map(({ at, set, id, problem }): SqlValue[] => [
        ...[at.id, set, id, problem.problem, problem.gold],
        ...[problem.level ?? null, problem.kind ?? null, problem.topic ?? null],
      ]),
      "",
    );
    for (const [gold, id] of learned) await db.run("UPDATE problems SET gold = ? WHERE id = ?", gold, id);
    this.added += fresh.length;
    return new Map(learned.map(([gold, id]) => [id, gold]));
  }
}

interface InSet {
  set: string;
  problem: Problem;
}

/** A group's attempts come together. */
const sameProblem = ({ set, problem }: InSet, before: InSet | undefined): boolean =>
  before?.set === set &&
  before.problem.id === problem.id &&
  before.problem.problem === problem.problem &&
  before.problem.gold === problem.gold;

const hashed = ({ set, problem }: InSet): string => hashOf([set, problem.id, problem.problem, problem.gold]);

/** Those that are here, by set and id. As parameters: through JSON, an id would end at a null byte. */
async function readProblems(db: Connection, rows: readonly InSet[]): Promise<Map<string, Row>> {
  const sets = new Map<string, Set<string>>();
  for (const { set, problem } of rows) {
    const ids = sets.get(set) ?? new Set();
    sets.set(set, ids.add(problem.id));
  }
  const found = new Map<string, Row>();
  for (const [set, all] of sets) {
    const ids = [...all];
    for (let at = 0; at < ids.length; at += CHUNK) {
      const some = ids.slice(at, at + CHUNK);
      const here = await db.all(
        `SELECT id, external_id, problem, gold FROM problems
         WHERE set_name = ? AND external_id IN (${some.map(() => "?").join(", ")})`,
        ...[set, ...some],
      );
      for (const row of here) {
        found.set(keyOf(set, String(row.external_id)), {
          ...{ id: Number(row.id), text: String(row.problem), gold: String(row.gold) },
        });
      }
    }
  }
  return found;
}

const fits = (row: Row, problem: Problem): boolean =>
  row.text === stored(problem.problem) &&
  (row.gold === "" || problem.gold === "" || row.gold === stored(problem.gold));

const keyOf = (set: string, id: string): string => JSON.stringify([stored(set), stored(id)]);

/** As SQLite gives it back: half a surrogate pair is stored as U+FFFD. */
export const stored = (text: string): string => Buffer.from(text).toString();
