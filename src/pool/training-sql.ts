import type { LeftOut } from "../protocol/run-data.js";
import { keepsSql } from "./filter.js";
import type { TrainingQuery } from "./types.js";

/** The annotation of this kind that stands: the newest of a person's, on the reflection `r`. */
const STANDS = (kind: string, axis = ""): string => `(
  SELECT n.id FROM standing w JOIN annotations n ON n.id = w.annotation_id
  WHERE w.target = 'reflection' AND w.target_id = r.id AND w.kind = '${kind}' ${axis}
    AND n.value IS NOT NULL AND n.who NOT LIKE 'machine:%'
  ORDER BY n.at DESC, n.id DESC LIMIT 1)`;

const among = (column: string, list: string): string =>
  `coalesce(${column}, '') IN (SELECT value FROM json_each(?1, '$.${list}'))`;

/**
 * `judged`: every attempt in question, with the first reason against it (`why`), or none, and with the reflection that
 * is taken of it. `?1` is the query as JSON, `?2` the run's problems: row id in the pool → place in the run's set.
 * What concerns errors and reflections is asked of wrong attempts alone.
 */
function judged(query: TrainingQuery): string {
  const { scope, corrections, minRating, levels, kinds, models, errorTypes, marked, reflections } = query;
  const inScope = {
    pool: "a.in_pool = 1",
    all: "a.purpose = 'sample'",
    ids: "a.id IN (SELECT value FROM json_each(?1, '$.ids'))",
  }[scope];
  // The right attempts of a group stand by the wrong ones that are in question.
  const partners =
    query.partners && scope !== "all"
      ? `OR (a.verdict = 'correct' AND a.group_id IN (
           SELECT a.group_id FROM attempts a WHERE a.verdict = 'incorrect' AND ${inScope}))`
      : "";
  const asked = reflections || corrections !== "any" || minRating !== null;
  const ok = [
    ...(reflections ? ["usable"] : []),
    ...(minRating ? ["rating >= json_extract(?1, '$.minRating.value')"] : []),
    ...(corrections === "right" || query.fixed ? ["fixed"] : []),
    ...(corrections === "accepted" ? ["accepted"] : []),
  ];
  const against: [why: LeftOut, condition: string][] = [
    ["elsewhere", "b.place IS NULL"],
    ["badProblem", "b.bad = 1"],
    ...when(levels.length > 0, "level", `NOT ${among("b.level", "levels")}`),
    ...when(kinds.length > 0, "kind", `NOT ${among("b.kind", "kinds")}`),
    ...when(models.length > 0, "model", `NOT ${among("b.model_id", "models")}`),
    ["undecided", "b.verdict NOT IN ('correct', 'incorrect')"],
    ...when(
      errorTypes.length > 0,
      "errorType",
      `b.verdict = 'incorrect' AND NOT ${among("b.error_type", "errorTypes")}`,
    ),
    ...when(marked, "noStep", `b.verdict = 'incorrect' AND NOT ${MARKED}`),
    ...when(reflections, "noReflection", "b.verdict = 'incorrect' AND coalesce(x.any_usable, 0) = 0"),
    ...when(minRating !== null, "notRated", "b.verdict = 'incorrect' AND x.best IS NULL"),
    ...when(
      minRating !== null,
      "ratedLower",
      "b.verdict = 'incorrect' AND x.best < json_extract(?1, '$.minRating.value')",
    ),
    ...when(
      asked,
      corrections === "accepted" ? "notAccepted" : "notRight",
      "b.verdict = 'incorrect' AND coalesce(x.ok, 0) = 0",
    ),
    ["cutOff", "b.verdict = 'correct' AND b.finish = 'length'"],
  ];
  const none = `SELECT NULL AS id, NULL AS attempt_id, 0 AS ok, 0 AS fixed, 0 AS any_usable, NULL AS best,
    NULL AS edit_id WHERE 0`;
  return `WITH
known AS MATERIALIZED (SELECT CAST(key AS INTEGER) AS id, value AS place FROM json_each(?2)),
base AS MATERIALIZED (
  SELECT a.id, a.group_id, a.verdict, a.answer, a.finish, a.error_type, p.bad, p.level, p.kind, s.model_id, k.place,
    g.correct, g.scored
  FROM attempts a JOIN groups g ON g.id = a.group_id JOIN samplings s ON s.id = g.sampling_id
    JOIN problems p ON p.id = a.problem_id LEFT JOIN known k ON k.id = a.problem_id
  WHERE ${inScope} ${partners}),
said AS (
  SELECT r.id, r.attempt_id, r.parsed = 1 AND r.verdict = 'correct' AS graded,
    ${STANDS("correction")} AS edit_id,
    (SELECT value FROM annotations WHERE id = ${STANDS("decision")}) AS decision,
    ${minRating ? `(SELECT value FROM annotations WHERE id = ${STANDS("rating", "AND w.axis = json_extract(?1, '$.minRating.axis')")})` : "NULL"} AS rating,
    r.parsed = 1 OR r.analysis <> '' AS headed, r.parsed = 1 AS parsed
  FROM reflections r WHERE r.attempt_id IN (SELECT id FROM base WHERE verdict = 'incorrect' AND place IS NOT NULL)),
weighed AS (
  SELECT id, attempt_id, CAST(rating AS INTEGER) AS rating, edit_id,
    parsed OR (headed AND edit_id IS NOT NULL) AS usable,
    edit_id IS NOT NULL OR coalesce(decision, '') = '"accepted"' AS accepted,
    edit_id IS NOT NULL OR CASE decision WHEN '"accepted"' THEN 1 WHEN '"rejected"' THEN 0 ELSE graded END AS fixed
  FROM said),
ranked AS (
  SELECT id, attempt_id, edit_id, fixed, ${ok.length > 0 ? ok.map((o) => `coalesce(${o}, 0)`).join(" AND ") : "1"} AS ok,
    max(usable) OVER of_attempt AS any_usable, max(rating) OVER of_attempt AS best,
    row_number() OVER (PARTITION BY attempt_id
      ORDER BY ${ok.length > 0 ? `${ok.map((o) => `coalesce(${o}, 0)`).join(" AND ")} DESC,` : ""}
        edit_id IS NOT NULL DESC, accepted DESC, fixed DESC, id DESC) AS number
  FROM weighed WINDOW of_attempt AS (PARTITION BY attempt_id)),
taken AS MATERIALIZED (${asked ? "SELECT * FROM ranked WHERE number = 1" : none}),
judged AS (
  SELECT b.id, b.group_id, b.place, b.verdict, b.answer, b.error_type, b.correct, b.scored, x.id AS reflection_id, x.edit_id, x.fixed,
    CASE ${against.map(([why, condition]) => `WHEN ${condition} THEN '${why}'`).join("\n      ")} END AS why
  FROM base b LEFT JOIN taken x ON x.attempt_id = b.id)`;
}

/** A person marked a first wrong step; 0 says that there is none. */
const MARKED = `EXISTS (
  SELECT 1 FROM standing w JOIN annotations n ON n.id = w.annotation_id
  WHERE w.target = 'attempt' AND w.target_id = b.id AND w.kind = 'firstWrongStep'
    AND CAST(n.value AS INTEGER) > 0 AND n.who NOT LIKE 'machine:%')`;

function when(holds: boolean, why: LeftOut, condition: string): [LeftOut, string][] {
  return holds ? [[why, condition]] : [];
}

/** A text's lines as a JSON array: what separates them is made into what separates strings. */
const LINES = `'["' || replace(replace(replace(t.text, '\\', '\\\\'), '"', '\\"'), char(10), '","') || '"]'`;
const BLANKS = "char(9, 11, 12, 13, 32)";

/**
 * An error's first wrong line, as the trainer tells errors apart (pool.py, `signature`): the first of the step that a
 * person marked; else the first that no right attempt of its group has, and so the first of all where there is none.
 */
const WRONG_LINE = `coalesce(
    (SELECT nullif(trim(substr(x, 1, instr(x || char(10), char(10)) - 1), ${BLANKS}), '') FROM (
      SELECT ltrim(substr(t.text, json_extract(c.spans, p.at || '[0]') + 1,
        json_extract(c.spans, p.at || '[1]') - json_extract(c.spans, p.at || '[0]')), char(9, 10, 11, 12, 13, 32)) AS x
      FROM (SELECT '$[' || (first_wrong - 1) || ']' AS at FROM attempts WHERE id = j.id AND first_wrong > 0) p
        JOIN cuts c ON c.attempt_id = j.id)),
    (SELECT trim(l.value, ${BLANKS})
      FROM json_each(CASE WHEN json_valid(${LINES}, 2) THEN ${LINES} ELSE json_array(t.text) END) l
      WHERE trim(l.value, ${BLANKS}) <> '' AND NOT EXISTS (
        SELECT 1 FROM attempts a JOIN generations g ON g.attempt_id = a.id
        WHERE a.group_id = j.group_id AND a.verdict = 'correct'
          AND instr(char(10) || g.text || char(10), char(10) || l.value || char(10)) > 0)
      -- An array's elements come in their order: nothing after the first is looked at.
      LIMIT 1),
    '')`;

/**
 * `sorted`: the attempts that are asked for, those judged out with their reason, of the rest all but the first of the
 * same (`same`) and the first so many of a problem (`perProblem`). The newest come first.
 */
export function sorted(query: TrainingQuery): string {
  const { take, perProblem, filter } = query;
  const errors = take === "errors";
  const most = Math.trunc(perProblem);
  if (take === "preferences" || take === "attempts") {
    const paired = take === "preferences";
    const unfit = [
      ...(filter ? [`WHEN NOT (${keepsSql(filter)}) THEN 'filtered'`] : []),
      ...(paired
        ? [
            `WHEN row_number() OVER (PARTITION BY g.group_id, g.verdict, g.why IS NULL, t.text ORDER BY g.id DESC) > 1
            THEN 'same'`,
          ]
        : []),
      "ELSE NULL",
    ];
    return `${judged(query)},
fit AS (
  SELECT g.*, coalesce(g.why, CASE WHEN 0 THEN '' ${unfit.join("\n    ")} END) AS out
  FROM judged g JOIN generations t ON t.attempt_id = g.id),
counted AS (
  SELECT *, sum(verdict = 'correct' AND out IS NULL) OVER of_group AS rights,
    sum(verdict = 'incorrect' AND out IS NULL) OVER of_group AS wrongs,
    row_number() OVER (PARTITION BY group_id, verdict, out IS NULL ORDER BY id DESC) AS number
  FROM fit WINDOW of_group AS (PARTITION BY group_id)),
sorted AS (
  SELECT id, place, group_id, verdict, answer, reflection_id, edit_id, fixed, coalesce(out,
    CASE ${paired ? "WHEN rights = 0 OR wrongs = 0 THEN 'alone'" : ""} WHEN number > ${most} THEN 'perProblem' END) AS why
  FROM counted)`;
  }
  const verdict = take === "right" ? "correct" : "incorrect";
  const same = errors ? "coalesce(j.answer, ''), j.wrong_line" : "t.text";
  return `${judged(query)},
lined AS MATERIALIZED (
  SELECT j.*, ${errors ? `CASE WHEN j.why IS NULL THEN ${WRONG_LINE} END` : "NULL"} AS wrong_line
  FROM judged j JOIN generations t ON t.attempt_id = j.id
  WHERE j.verdict = '${verdict}' OR j.why = 'undecided'),
copies AS (
  SELECT j.*, row_number() OVER (PARTITION BY place, why IS NULL, ${same} ORDER BY j.id DESC) AS copy
  FROM lined j JOIN generations t ON t.attempt_id = j.id),
sorted AS (
  SELECT id, place, group_id, verdict, answer, error_type, wrong_line, reflection_id, edit_id, fixed, coalesce(why, CASE WHEN copy > 1 THEN 'same'
    WHEN row_number() OVER (PARTITION BY place, why IS NULL, copy = 1 ORDER BY id DESC) > ${most}
    THEN 'perProblem' END) AS why
  FROM copies)`;
}
