import { ADJUDICATED, type Annotator, type JudgementWord, MACHINE, roleOf } from "../protocol/agreement.js";
import type { AnnotationKind } from "../protocol/types.js";
import type { Connection, Row } from "./sqlite.js";
import type { Word } from "./types.js";
import { writeAnnotation } from "./writes.js";

/** Kinds in which people can agree; texts, flags and bad problems are not among them. */
export const JUDGEMENT_KINDS = ["rating", "decision", "verdict", "firstWrongStep", "errorType", "label"];
const KINDS = JUDGEMENT_KINDS.map((kind) => `'${kind}'`).join(", ");

/** Who said how much, machines and adjudicators too; the most words first. */
export async function readPeople(db: Connection): Promise<Annotator[]> {
  const rows = await db.all(
    `SELECT who, kind, sum(pass = 1) AS words, sum(pass = 2) AS repeats, min(at) AS first, max(at) AS last
     FROM annotations GROUP BY who, kind`,
  );
  const people = new Map<string, Annotator>();
  for (const row of rows) {
    const who = String(row.who);
    const [first, last] = [String(row.first), String(row.last)];
    const one = people.get(who) ?? { who, ...roleOf(who), words: {}, total: 0, repeats: 0, first, last };
    one.words[row.kind as AnnotationKind] = Number(row.words);
    one.total += Number(row.words);
    one.repeats += Number(row.repeats);
    if (first < one.first) one.first = first;
    if (last > one.last) one.last = last;
    people.set(who, one);
  }
  return [...people.values()].sort((a, b) => b.total - a.total || (a.who < b.who ? -1 : 1));
}

/** What a repeat is held against: the same person's word on the same thing that stood when the repeat was said. */
const BEFORE = `(SELECT b.value FROM annotations b
  WHERE b.target = n.target AND b.target_id = n.target_id AND b.who = n.who AND b.kind = n.kind AND b.axis = n.axis
    AND b.pass = 1 AND b.at <= n.at ORDER BY b.at DESC, b.id DESC LIMIT 1)`;

/**
 * What stands of people's judgements, and their repeats, by annotation id, `limit` at a time: go on with `after` = the
 * last id. A word that was taken back does not stand; of several repeats the newest counts. What machines said is left
 * out: it is nobody's label; so is what was said of problems that a person called bad: they are in no figure.
 */
export async function readJudgements(db: Connection, after: number, limit: number): Promise<JudgementWord[]> {
  const rows = await db.all(
    `SELECT n.id, n.target, n.target_id, n.who, n.at, n.kind, n.axis, n.value, n.pass, a.id AS attempt_id, a.problem_id,
       CASE WHEN n.pass = 2 THEN ${BEFORE} END AS before
     FROM annotations n LEFT JOIN reflections r ON n.target = 'reflection' AND r.id = n.target_id
       JOIN attempts a ON a.id = CASE n.target WHEN 'attempt' THEN n.target_id WHEN 'reflection' THEN r.attempt_id END
       JOIN problems p ON p.id = a.problem_id AND p.bad = 0
     WHERE n.id > ? AND n.kind IN (${KINDS}) AND n.value IS NOT NULL AND n.who NOT LIKE '${MACHINE}%'
       AND CASE n.pass WHEN 1 THEN EXISTS (SELECT 1 FROM standing s WHERE s.target = n.target
           AND s.target_id = n.target_id AND s.who = n.who AND s.kind = n.kind AND s.axis = n.axis
           AND s.annotation_id = n.id)
         ELSE NOT EXISTS (SELECT 1 FROM annotations m WHERE m.target = n.target AND m.target_id = n.target_id
           AND m.who = n.who AND m.kind = n.kind AND m.axis = n.axis AND m.pass = 2
           AND (m.at > n.at OR (m.at = n.at AND m.id > n.id))) END
     ORDER BY n.id LIMIT ?`,
    after,
    limit,
  );
  return rows.map(toWord);
}

function toWord(row: Row): JudgementWord {
  return {
    id: Number(row.id),
    target: row.target as JudgementWord["target"],
    targetId: Number(row.target_id),
    attemptId: Number(row.attempt_id),
    problemId: Number(row.problem_id),
    who: String(row.who),
    at: String(row.at),
    kind: row.kind as JudgementWord["kind"],
    axis: String(row.axis),
    value: JSON.parse(String(row.value)),
    pass: row.pass === 2 ? 2 : 1,
    before: row.before === null ? null : JSON.parse(String(row.before)),
  };
}

/**
 * An adjudicator's word, beside and never instead of anybody's own, with the words that it decides between. It is the
 * newest, so it stands until somebody says something new.
 */
export async function writeAdjudicated(
  db: Connection,
  name: string,
  { target, targetId, value }: Word,
  of: readonly number[],
): Promise<number> {
  const id = await writeAnnotation(db, target, targetId, `${ADJUDICATED}${name}`, value);
  await db.run(
    "INSERT INTO adjudications (annotation_id, word_id) SELECT ?, value FROM json_each(?)",
    ...[id, JSON.stringify([...new Set(of)])],
  );
  return id;
}

/** Annotation ids of the words that an adjudicated one decided between. */
export async function readAdjudicated(db: Connection, annotationId: number): Promise<number[]> {
  const rows = await db.all(
    "SELECT word_id FROM adjudications WHERE annotation_id = ? ORDER BY word_id",
    annotationId,
  );
  return rows.map((row) => Number(row.word_id));
}
