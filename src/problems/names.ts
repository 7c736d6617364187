/** The field names that data sets use, and how a field of a row is looked up and read. */

/** Names in order of preference, compared without regard to case. */
export const NAMES = {
  problem: ["problem", "question", "problem_text", "prompt", "query", "input"],
  gold: ["answer", "gold", "final_answer", "expected_answer", "ground_truth", "gold_answer", "target"],
  solution: ["solution", "reference_solution", "full_solution"],
  id: ["id", "unique_id", "problem_id", "question_id", "uid", "task_id", "idx", "index"],
  level: ["level", "difficulty"],
  kind: ["kind", "category"],
  topic: ["topic", "type", "subject", "subfield", "domain", "ability"],
} as const;

export type Fields = ReadonlyMap<string, unknown>;

/** A row's fields by their names in lower case. */
export function fieldsOf(row: object): Fields {
  return new Map(Object.entries(row).map(([name, field]) => [name.toLowerCase(), field as unknown]));
}

/** What the first of `names` says that `read` can make something of. */
export function first<T>(names: readonly string[], read: (name: string) => T | undefined): T | undefined {
  for (const name of names) {
    const found = read(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A string or a number as text; a list of them joined by commas. Empty is absent. */
export function plain(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  if (typeof value === "string") return value.trim() || undefined;
  if (Array.isArray(value) && value.length > 0) {
    const parts = value.map(plain);
    return parts.every((part) => part !== undefined) ? parts.join(", ") : undefined;
  }
  return undefined;
}

/** A field of a nested object; undefined where there is none. */
export function inner(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** For messages. */
export const list = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
