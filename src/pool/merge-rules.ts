/**
 * What of another pool's file may come in. Its content is outside text: SQLite keeps any type in any column, and a
 * file may have been written by anything. A row that does not fit is left out, and so is all that hangs on it.
 */
import { VERDICTS } from "../protocol/types.js";

/** Text of at most so many bytes. */
const text = (column: string, most: number): string =>
  `(typeof(${column}) = 'text' AND octet_length(${column}) <= ${most})`;
const maybe = (column: string, most: number): string => `(${column} IS NULL OR ${text(column, most)})`;
const whole = (column: string, least = 0, most = 1e9): string =>
  `(typeof(${column}) = 'integer' AND ${column} BETWEEN ${least} AND ${most})`;
const blob = (column: string): string =>
  `(typeof(${column}) = 'blob' AND octet_length(${column}) <= 100000000)`;
const among = (column: string, ...words: string[]): string =>
  `(${column} IN (${words.map((word) => `'${word}'`).join(", ")}))`;
const json = (column: string, most: number): string => `(${text(column, most)} AND json_valid(${column}))`;
const all = (...conditions: string[]): string => `(${conditions.join(" AND ")})`;

/** As `Date.toISOString` writes it, and not from the future by more than a day of wrong clocks. */
const moment = (column: string): string =>
  `(typeof(${column}) = 'text' AND ${column} GLOB
    '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9].[0-9][0-9][0-9]Z'
    AND julianday(${column}) <= julianday('now') + 1)`;

const NAME = 500;
const LINE = 100_000;
const PROSE = 20_000_000;

/** Types of a JSON value, by the kind of annotation that holds it. */
const VALUE = `(CASE n.kind
  WHEN 'rating' THEN json_type(n.value) = 'integer' AND n.value + 0 BETWEEN 1 AND 5
  WHEN 'firstWrongStep' THEN json_type(n.value) = 'integer' AND n.value + 0 BETWEEN 0 AND 1000000
  WHEN 'decision' THEN n.value IN ('"accepted"', '"rejected"')
  WHEN 'verdict' THEN n.value IN ('"correct"', '"incorrect"', '"unscored"')
  WHEN 'flag' THEN n.value IN ('true', 'false')
  WHEN 'badProblem' THEN n.value IN ('true', 'false')
  WHEN 'label' THEN n.value IN ('true', 'false')
  WHEN 'errorType' THEN json_type(n.value) = 'text' AND octet_length(n.value) <= ${NAME}
  WHEN 'correction' THEN json_type(n.value) = 'text'
  WHEN 'note' THEN json_type(n.value) = 'text'
  ELSE 0 END)`;

/** By table: a condition over its alias in the statements of the merge. */
export const FITS = {
  problems: all(
    text("p.set_name", NAME),
    text("p.external_id", NAME),
    text("p.problem", PROSE),
    text("p.gold", LINE),
    ...["p.level", "p.kind", "p.topic"].map((column) => maybe(column, NAME)),
  ),
  samplings: all(
    text("s.key_hash", NAME),
    text("s.model_id", NAME),
    among("s.purpose", "sample", "evaluation", "retry"),
    whole("s.group_size", 1, 1e6),
    json("s.options", LINE),
    text("s.prompt", PROSE),
    moment("s.created_at"),
  ),
  attempts: all(
    whole("a.sample"),
    among("a.graded", ...VERDICTS),
    among("a.finish", "stop", "length"),
    whole("a.tokens"),
    maybe("a.answer", PROSE),
    text("a.reason", LINE),
    maybe("a.labelled", NAME),
    `(a.labelled_by IS NULL OR ${among("a.labelled_by", "generator", "machine")})`,
    `(a.span_start IS NULL AND a.span_end IS NULL OR ${whole("a.span_start")} AND ${whole("a.span_end")}
      AND a.span_start <= a.span_end)`,
    moment("a.created_at"),
    text("x.text", PROSE),
    blob("x.ids"),
    blob("x.logprobs"),
  ),
  reflections: all(
    text("r.model_id", NAME),
    text("r.settings", NAME),
    whole("r.sample"),
    ...["r.text", "r.analysis", "r.corrected"].map((column) => text(column, PROSE)),
    whole("r.parsed", 0, 1),
    among("r.verdict", ...VERDICTS),
    maybe("r.answer", PROSE),
    text("r.reason", LINE),
    among("r.finish", "stop", "length"),
    whole("r.tokens"),
    moment("r.created_at"),
  ),
  turns: all(
    among("r.kind", "second", "verification", "neutral", "shuffled"),
    text("r.model_id", NAME),
    text("r.settings", NAME),
    whole("r.sample"),
    text("r.text", PROSE),
    `(r.verdict IS NULL OR ${among("r.verdict", ...VERDICTS)})`,
    maybe("r.answer", PROSE),
    text("r.reason", LINE),
    among("r.finish", "stop", "length"),
    whole("r.tokens"),
    moment("r.created_at"),
  ),
  sittings: all(
    text("t.who", NAME),
    moment("t.began_at"),
    among("t.ordering", "stored", "random", "uncertain", "disputes"),
    whole("t.seed", 0, 4294967295),
    json("t.query", PROSE),
    whole("t.blind", 0, 1),
  ),
  cuts: all(
    text("c.hash", 64),
    `CASE WHEN ${json("c.spans", PROSE)} THEN json_type(c.spans) = 'array' ELSE 0 END`,
  ),
  opinions: all(
    text("o.grader", NAME),
    "trim(o.grader) <> ''",
    text("o.version", NAME),
    among("o.verdict", "correct", "incorrect", "unscored"),
    maybe("o.answer", PROSE),
    `(o.span_start IS NULL AND o.span_end IS NULL OR ${whole("o.span_start")} AND ${whole("o.span_end")}
      AND o.span_start <= o.span_end)`,
    text("o.reason", LINE),
    moment("o.at"),
  ),
  annotations: all(
    text("n.who", NAME),
    "trim(n.who) <> ''",
    moment("n.at"),
    text("n.axis", NAME),
    "n.pass IN (1, 2)",
    "(n.seconds IS NULL OR typeof(n.seconds) = 'real' AND n.seconds BETWEEN 0 AND 1e9)",
    among(
      "n.kind",
      ...["rating", "decision", "correction", "note", "firstWrongStep", "verdict", "flag"],
      ...["badProblem", "errorType", "label"],
    ),
    `(n.value IS NULL OR CASE WHEN ${json("n.value", PROSE)} THEN ${VALUE} ELSE 0 END)`,
  ),
} as const;
