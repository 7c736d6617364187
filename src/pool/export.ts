import type {
  Annotation,
  Attempt,
  PoolFilter,
  Reflection,
  SamplingOptions,
  Verdict,
} from "../protocol/types.js";
import type { Opinion } from "../protocol/verdicts.js";
import { toOpinion } from "./opinions.js";
import { attemptWhere } from "./query.js";
import { ATTEMPT_COLUMNS, toAnnotation, toAttempt, toProblem, toReflection } from "./rows.js";
import { findText } from "./search.js";
import { Connection, type Row } from "./sqlite.js";
import type { AttemptQuery, Cut, SamplingPurpose, StoredProblem } from "./types.js";

/** Attempts of one read: of 30,000-token solutions some 10 MB. */
const BATCH = 100;

/** Which attempts: those of a query, or everything that the pool holds (evaluations and second tries with it). */
export type Selection = AttemptQuery | "everything";

export interface ExportedAnnotation extends Annotation {
  /** From when the item was shown; null where nobody measured it. */
  seconds: number | null;
}

export interface ExportedSampling {
  /** Row id. */
  id: number;
  /** Hash of what determines it: the same in every pool. */
  key: string;
  options: SamplingOptions;
  /** The prompt template's source. */
  prompt: string;
}

/** Everything that is known of one attempt. */
export interface ExportedAttempt {
  attempt: Attempt;
  purpose: SamplingPurpose;
  /** The grader's own verdict, whatever people said. */
  graded: Verdict;
  problem: StoredProblem;
  /** A person called the problem bad. */
  bad: boolean;
  sampling: ExportedSampling;
  /** Right, scored and asked for, of its group. */
  group: { correct: number; scored: number; size: number };
  /** Newest first. */
  reflections: Reflection[];
  /** The whole history of the attempt, its reflections and its problem, oldest first. */
  annotations: ExportedAnnotation[];
  cut: Cut | null;
  /** The newest of each other grader, by name. */
  opinions: Opinion[];
  /** A right attempt of the same group, another for each where there are several; null where none is asked for or there. */
  right: { id: number; text: string; modelId: string; createdAt: string } | null;
}

/**
 * Reads a selection in one pass and with bounded memory, over a connection of its own. In a pool with a write-ahead log
 * all of it is one moment's state, whatever is written meanwhile; elsewhere holding that state would keep writers out.
 */
export class ExportReader {
  private constructor(
    readonly db: Connection,
    readonly selection: Selection,
    /** Attempts. */
    readonly total: number,
    /** Ids that were asked for by name and are not there. */
    readonly missing: number,
  ) {}

  static async open(file: string, mode: "read" | "immutable", selection: Selection): Promise<ExportReader> {
    const db = await Connection.open(file, mode);
    try {
      if ((await db.get("PRAGMA journal_mode"))?.journal_mode === "wal") await db.exec("BEGIN");
      await pick(db, selection);
      const total = Number((await db.get("SELECT count(*) AS n FROM picked"))?.n);
      const asked = selection === "everything" ? undefined : selection.ids;
      return new ExportReader(db, selection, total, asked ? await missing(db, asked) : 0);
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  /** Batches in stored order. @param siblings with a right attempt of the same group */
  async *attempts(siblings = false): AsyncGenerator<ExportedAttempt[]> {
    for (let after = 0; ; ) {
      const rows = await this.db.all(
        `SELECT ${ATTEMPT_COLUMNS}, a.purpose, a.graded, g.correct, g.scored, s.id AS sampling_id, s.key_hash, s.group_size,
           s.options, s.prompt, p.set_name, p.external_id, p.problem, p.gold, p.level, p.kind, p.topic, p.bad
         FROM picked k CROSS JOIN attempts a ON a.id = k.id JOIN groups g ON g.id = a.group_id
           JOIN samplings s ON s.id = g.sampling_id JOIN problems p ON p.id = a.problem_id
           JOIN generations t ON t.attempt_id = a.id
         WHERE k.id > ? ORDER BY k.id LIMIT ${BATCH}`,
        after,
      );
      if (rows.length === 0) return;
      yield await complete(this.db, rows, siblings);
      after = Number(rows.at(-1)?.id);
    }
  }

  /** The pool's filter as it is set; null where it is the default. */
  async filter(): Promise<PoolFilter | null> {
    const row = await this.db.get("SELECT value FROM settings WHERE name = 'filter'");
    return row ? JSON.parse(String(row.value)) : null;
  }

  close(): Promise<void> {
    return this.db.close();
  }
}

/** Names the selection `picked` for the statements that follow: a table of ids, or all of them. */
async function pick(db: Connection, selection: Selection): Promise<void> {
  if (selection === "everything") {
    await db.exec("CREATE TEMP VIEW picked AS SELECT id FROM attempts");
    return;
  }
  const { sql, params } = attemptWhere(selection, await findText(db, selection));
  await db.exec("CREATE TEMP TABLE picked (id INTEGER PRIMARY KEY)");
  await db.run(
    `INSERT INTO picked SELECT a.id FROM attempts a LEFT JOIN groups g ON g.id = a.group_id
       LEFT JOIN samplings s ON s.id = g.sampling_id LEFT JOIN problems p ON p.id = a.problem_id
       LEFT JOIN generations t ON t.attempt_id = a.id WHERE ${sql}`,
    ...params,
  );
}

async function missing(db: Connection, ids: readonly number[]): Promise<number> {
  const row = await db.get(
    "SELECT count(*) AS n FROM (SELECT DISTINCT value FROM json_each(?)) WHERE value NOT IN (SELECT id FROM attempts)",
    JSON.stringify(ids),
  );
  return Number(row?.n);
}

async function complete(db: Connection, rows: Row[], siblings: boolean): Promise<ExportedAttempt[]> {
  const ids = JSON.stringify(rows.map((row) => row.id));
  const problems = JSON.stringify([...new Set(rows.map((row) => row.problem_id))]);
  const among = "IN (SELECT value FROM json_each(?))";
  const said = (target: string, targets: string, of: string): Promise<Row[]> =>
    db.all(`SELECT * FROM annotations WHERE target = '${target}' AND target_id ${targets} ORDER BY id`, of);
  const [reflections, cuts, ofAttempts, ofReflections, ofProblems, others, right] = await Promise.all([
    db.all(`SELECT * FROM reflections WHERE attempt_id ${among} ORDER BY id DESC`, ids),
    db.all(`SELECT * FROM cuts WHERE attempt_id ${among}`, ids),
    said("attempt", among, ids),
    said("reflection", `IN (SELECT id FROM reflections WHERE attempt_id ${among})`, ids),
    said("problem", among, problems),
    db.all(`SELECT * FROM opinions WHERE attempt_id ${among} AND superseded = 0 ORDER BY grader`, ids),
    siblings ? rightSiblings(db, rows) : new Map<number, ExportedAttempt["right"]>(),
  ]);
  const [mine, cut] = [by(reflections, "attempt_id"), by(cuts, "attempt_id")];
  const [onAttempt, onReflection] = [by(ofAttempts, "target_id"), by(ofReflections, "target_id")];
  const [onProblem, opinions] = [by(ofProblems, "target_id"), by(others, "attempt_id")];
  return rows.map((row): ExportedAttempt => {
    const id = Number(row.id);
    const own = mine.get(id) ?? [];
    const frozen = cut.get(id)?.[0];
    const history = [
      ...(onAttempt.get(id) ?? []),
      ...own.flatMap((reflection) => onReflection.get(Number(reflection.id)) ?? []),
      ...(onProblem.get(Number(row.problem_id)) ?? []),
    ];
    return {
      attempt: toAttempt(row),
      purpose: row.purpose as SamplingPurpose,
      graded: row.graded as Verdict,
      problem: toProblem({ ...row, id: row.problem_id }),
      bad: row.bad === 1,
      sampling: {
        id: Number(row.sampling_id),
        key: String(row.key_hash),
        options: JSON.parse(String(row.options)),
        prompt: String(row.prompt),
      },
      group: { correct: Number(row.correct), scored: Number(row.scored), size: Number(row.group_size) },
      reflections: own.map(toReflection),
      annotations: history
        .map((said) => ({
          ...toAnnotation(said),
          seconds: said.seconds === null ? null : Number(said.seconds),
        }))
        .sort((a, b) => a.id - b.id),
      cut: frozen ? { hash: String(frozen.hash), spans: JSON.parse(String(frozen.spans)) } : null,
      opinions: (opinions.get(id) ?? []).map(toOpinion),
      right: right.get(id) ?? null,
    };
  });
}

/** Rows under the number in one of their columns. */
function by(rows: Row[], column: string): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const key = Number(row[column]);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

/** For each attempt a right one of its group: those of a group take turns, so that one text is not learned G times. */
async function rightSiblings(db: Connection, rows: Row[]): Promise<Map<number, ExportedAttempt["right"]>> {
  const groups = JSON.stringify([...new Set(rows.map((row) => row.group_id))]);
  const found = await db.all(
    `SELECT id, group_id FROM attempts
     WHERE group_id IN (SELECT value FROM json_each(?)) AND verdict = 'correct' ORDER BY group_id, sample`,
    groups,
  );
  const rights = by(found, "group_id");
  const chosen = new Map<number, number>();
  for (const row of rows) {
    const own = (rights.get(Number(row.group_id)) ?? []).filter(({ id }) => id !== row.id);
    const one = own[Number(row.sample) % Math.max(own.length, 1)];
    if (one) chosen.set(Number(row.id), Number(one.id));
  }
  const texts = await db.all(
    `SELECT a.id, t.text, a.model_id, a.created_at FROM attempts a JOIN generations t ON t.attempt_id = a.id
     WHERE a.id IN (SELECT value FROM json_each(?))`,
    JSON.stringify([...new Set(chosen.values())]),
  );
  const known = new Map(texts.map((row) => [Number(row.id), row]));
  return new Map(
    [...chosen].map(([id, sibling]) => {
      const row = known.get(sibling);
      const created = String(row?.created_at);
      return [
        id,
        row
          ? { id: sibling, text: String(row.text), modelId: String(row.model_id), createdAt: created }
          : null,
      ];
    }),
  );
}
