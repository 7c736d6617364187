import type { SqlValue } from "./sqlite.js";
import type { AttemptQuery } from "./types.js";

/** A WHERE clause with its parameters. */
export interface Where {
  sql: string;
  params: SqlValue[];
}

/** What a search found (src/pool/search.ts), as JSON arrays of ids: problems with all their attempts, and attempts. */
export interface Found {
  problems: string;
  attempts: string;
  /** Nothing else holds the text. Otherwise problems, solutions, answers and reflections are still to be read. */
  complete: boolean;
}

/**
 * Attempts that a query means, over `ATTEMPT_TABLES`. Without `ids` only those of purpose `sample`; with `ids` exactly
 * those, whatever they were sampled for, unless a scope is asked for. `""` as level, kind, answer … means "none".
 */
export function attemptWhere(query: AttemptQuery, found?: Found): Where {
  return whereOf(query, found, "a.id IN (SELECT attempt_id FROM labels WHERE label = ?)");
}

function whereOf(query: AttemptQuery, found: Found | undefined, labelled: string): Where {
  const where = new Conditions();
  if (inPool(query)) where.add("a.in_pool = 1");
  else if (!query.ids) where.add("a.purpose = 'sample'");
  if (query.ids) where.add("a.id IN (SELECT value FROM json_each(?))", JSON.stringify(query.ids));
  where.among("a.verdict", query.verdicts);
  if (query.reviewed !== undefined) where.add("a.reviewed = ?", query.reviewed ? 1 : 0);
  if (query.dispute === "any") where.add("a.dispute IS NOT NULL");
  else if (query.dispute !== undefined) where.add("a.dispute = ?", query.dispute);
  if (query.wrongMajority) where.add(WRONG_MAJORITY);
  if (query.problemId !== undefined) where.add("a.problem_id = ?", query.problemId);
  if (query.modelId !== undefined) where.add("a.model_id = ?", query.modelId);
  where.among("a.model_id", query.modelIds);
  if (query.text) addText(where, query.text, found);
  // As the indexes have it.
  if (query.answer !== undefined) where.add("coalesce(a.answer, '') = ?", query.answer);
  if (query.label === "") where.add("a.id NOT IN (SELECT attempt_id FROM labels)");
  else if (query.label !== undefined) where.add(labelled, query.label);
  const named: [string, string | undefined][] = [
    ["p.level", query.level],
    ["p.kind", query.kind],
    ["a.error_type", query.errorType],
    ["a.decision", query.decision],
    ["a.rating", query.rating],
    ["a.first_wrong", query.firstWrong],
  ];
  for (const [column, value] of named) {
    if (value === "") where.add(`coalesce(${column}, '') = ''`);
    else if (value !== undefined) where.add(`${column} = ?`, value);
  }
  return where.done();
}

/** Combinations of facets (alias `f`, src/pool/facets.ts) whose attempts a query means, as far as facets tell. */
export function facetWhere(query: AttemptQuery): Where {
  const where = new Conditions();
  if (inPool(query)) where.add("f.in_pool = 1");
  where.among("f.verdict", query.verdicts);
  if (query.reviewed !== undefined) where.add("f.reviewed = ?", query.reviewed ? 1 : 0);
  where.among("f.model_id", query.modelIds);
  const named: [string, string | undefined][] = [
    ["f.model_id", query.modelId],
    ["f.level", query.level],
    ["f.kind", query.kind],
    ["f.error_type", query.errorType],
    ["f.decision", query.decision],
    ["f.rating", query.rating],
    ["f.first_wrong", query.firstWrong],
  ];
  for (const [column, value] of named) if (value !== undefined) where.add(`${column} = ?`, value);
  return where.done();
}

/** Does a query ask for attempts in the pool alone? */
export function inPool(query: AttemptQuery): boolean {
  return (query.scope ?? (query.ids ? "all" : "pool")) === "pool";
}

/** Does a query ask only for what facets tell? @param beside these, which are looked after otherwise */
export function isFaceted(query: AttemptQuery, ...beside: ("answer" | "label")[]): boolean {
  const { ids, problemId, text, answer, label, dispute, wrongMajority } = query;
  const rest = [
    ids,
    problemId,
    dispute,
    wrongMajority,
    text || undefined,
    beside.includes("answer") ? undefined : answer,
    beside.includes("label") ? undefined : label,
  ];
  return rest.every((part) => part === undefined);
}

/** The FROM and WHERE clauses of a query's attempts, and the column of their problems. */
export interface Source extends Where {
  from: string;
  problem: string;
}

/**
 * For statements that go through a query's attempts in the order of problems: by what finds few of them where something
 * does, else by problem, so that a page is there before all was read. Never left to the planner, which takes every
 * value to be equally frequent.
 */
export function attemptSource(query: AttemptQuery, found?: Found): Source {
  const texts = query.text && !found?.complete ? "LEFT JOIN generations t ON t.attempt_id = a.id" : "";
  const rest = `LEFT JOIN problems p ON p.id = a.problem_id ${texts}`;
  const where = attemptWhere(query, found);
  const problem = "a.problem_id";
  if (query.ids || found?.complete) return { from: `attempts a NOT INDEXED ${rest}`, problem, ...where };
  if (query.label && query.problemId === undefined) {
    return {
      from: `labels l CROSS JOIN attempts a ON a.id = l.attempt_id ${rest}`,
      problem: "l.problem_id",
      ...whereOf(query, found, "l.label = ?"),
    };
  }
  if (query.dispute !== undefined && query.problemId === undefined) {
    const index = query.dispute === "any" ? "attempts_disputed" : "attempts_dispute";
    return { from: `attempts a INDEXED BY ${index} ${rest}`, problem, ...where };
  }
  const by = query.problemId === undefined && query.answer !== undefined ? "answer" : "problem";
  return {
    from: `attempts a INDEXED BY attempts${inPool(query) ? "_pool" : ""}_${by} ${rest}`,
    problem,
    ...where,
  };
}

/** Must such statements read one attempt after another, however few they find? */
export function isSlow(query: AttemptQuery, found?: Found): boolean {
  if (query.ids || query.problemId !== undefined || found?.complete) return false;
  if (query.dispute !== undefined) return found !== undefined;
  if (query.label || query.answer !== undefined) return false;
  return found !== undefined || query.label === "" || query.wrongMajority === true;
}

/**
 * In a row's group the most frequent answer, as written, is wrong, and given by at least half of those with an answer.
 * As in the group card, right ones are one, and one that was cut off has no vote. Another is as frequent only where
 * there are these two alone. What the group's counts rule out need not be read. Those of bad problems are not: their gold answer may be the wrong one.
 */
const WRONG_MAJORITY = `p.bad = 0
  AND (SELECT w.scored - w.truncated > 2 * w.correct FROM groups w WHERE w.id = a.group_id) AND (
  SELECT max(m.n * (m.verdict = 'incorrect')) = max(m.n) AND 2 * max(m.n) >= sum(m.n)
    AND NOT (count(*) = 2 AND 2 * max(m.n) = sum(m.n))
  FROM (SELECT b.verdict, count(*) AS n FROM attempts b
    WHERE b.group_id = a.group_id AND b.answer IS NOT NULL AND b.verdict <> 'truncated'
    GROUP BY b.verdict, CASE WHEN b.verdict = 'correct' THEN '' ELSE b.answer END) m)`;

class Conditions {
  private readonly parts: string[] = [];
  private readonly params: SqlValue[] = [];

  add(condition: string, ...values: SqlValue[]): void {
    this.parts.push(condition);
    this.params.push(...values);
  }

  among(column: string, values: readonly string[] | undefined): void {
    if (values) this.add(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));
  }

  done(): Where {
    return { sql: this.parts.length > 0 ? this.parts.join(" AND ") : "1", params: this.params };
  }
}

/**
 * Does a column hold a text? Letters A to Z in either case. Unlike LIKE it takes every character as it is, a text of
 * any length, and goes on after a null byte.
 */
export const holds = (column: string, parameter = "?"): string =>
  `instr(lower(${column}), lower(${parameter})) > 0`;

/** Targets of the notes and corrections that stand and hold a text. */
const SAID = (target: string): string => `SELECT s.target_id FROM annotations n
  JOIN standing s ON s.target = n.target AND s.target_id = n.target_id AND s.who = n.who AND s.kind = n.kind
    AND s.axis = n.axis AND s.annotation_id = n.id
  WHERE n.kind IN ('note', 'correction') AND n.target = '${target}' AND ${holds("n.value ->> '$'")}`;

/** Attempts of such notes, and of those on their reflections: the text twice. */
export const SAID_OF_ATTEMPTS = `${SAID("attempt")} UNION SELECT attempt_id FROM reflections WHERE id IN (${SAID("reflection")})`;
/** Problems of such notes: the text once. */
export const SAID_OF_PROBLEMS = SAID("problem");

function addText(where: Conditions, text: string, found: Found | undefined): void {
  const own = `${holds("p.problem")} OR ${holds("t.text")} OR ${holds("a.answer")}`;
  const reflections = `EXISTS (SELECT 1 FROM reflections r WHERE r.attempt_id = a.id AND ${holds("r.text")})`;
  if (!found) {
    where.add(
      `(${own} OR ${reflections} OR a.id IN (${SAID_OF_ATTEMPTS}) OR a.problem_id IN (${SAID_OF_PROBLEMS}))`,
      ...Array<string>(7).fill(text),
    );
    return;
  }
  const hits = `a.id IN (SELECT value FROM json_each(?)
    UNION ALL SELECT x.id FROM json_each(?) j CROSS JOIN attempts x ON x.problem_id = j.value)`;
  if (found.complete) where.add(hits, found.attempts, found.problems);
  else {
    where.add(
      `(${own} OR ${reflections} OR ${hits})`,
      ...[...Array<string>(4).fill(text), found.attempts, found.problems],
    );
  }
}
