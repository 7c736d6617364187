import type { SqlValue } from "./sqlite.js";
import type { AttemptQuery } from "./types.js";

/** A WHERE clause over `ATTEMPT_TABLES`, with its parameters. */
export interface Where {
  sql: string;
  params: SqlValue[];
}

/**
 * Attempts that a query means. Without `ids` only those of purpose `sample`; with `ids` exactly those, whatever
 * they were sampled for, unless a scope is asked for. `""` as level, kind, answer or error type means "none".
 */
export function attemptWhere(query: AttemptQuery, purposes = false): Where {
  const sql: string[] = [];
  const params: SqlValue[] = [];
  const add = (condition: string, ...values: SqlValue[]): void => {
    sql.push(condition);
    params.push(...values);
  };
  if ((query.scope ?? (query.ids ? "all" : "pool")) === "pool") add("a.in_pool = 1");
  else if (!query.ids && !purposes) add("a.purpose = 'sample'");
  if (query.ids) add("a.id IN (SELECT value FROM json_each(?))", JSON.stringify(query.ids));
  if (query.verdicts) add("a.verdict IN (SELECT value FROM json_each(?))", JSON.stringify(query.verdicts));
  if (query.reviewed !== undefined) add("a.reviewed = ?", query.reviewed ? 1 : 0);
  if (query.problemId !== undefined) add("a.problem_id = ?", query.problemId);
  if (query.modelId !== undefined) add("s.model_id = ?", query.modelId);
  if (query.text) {
    const pattern = like(query.text);
    add(
      "(p.problem LIKE ? ESCAPE '\\' OR t.text LIKE ? ESCAPE '\\' OR a.answer LIKE ? ESCAPE '\\')",
      pattern,
      pattern,
      pattern,
    );
  }
  const named: [string, string | undefined][] = [
    ["p.level", query.level],
    ["p.kind", query.kind],
    ["a.answer", query.answer],
    ["a.error_type", query.errorType],
  ];
  for (const [column, value] of named) {
    if (value === "") add(`coalesce(${column}, '') = ''`);
    else if (value !== undefined) add(`${column} = ?`, value);
  }
  return { sql: sql.length > 0 ? sql.join(" AND ") : "1", params };
}

/** Does a query ask only for what problems' tallies know (scope, problem, level, kind, reviewed)? */
export function isTallied(query: AttemptQuery): boolean {
  const tallied = ["scope", "problemId", "level", "kind", "reviewed"];
  return Object.entries(query).every(
    ([name, value]) => value === undefined || tallied.includes(name) || (name === "text" && value === ""),
  );
}

function like(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`;
}
