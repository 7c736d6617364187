/** The field of a row at a path: a column of that very name, else down its dots (`doc.question`). */
export function atPath(row: Readonly<Record<string, unknown>>, path: string): unknown {
  if (path === "") return undefined;
  if (Object.hasOwn(row, path)) return row[path];
  let value: unknown = row;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** A text, or a number or boolean as one; undefined where it is neither. An empty text is one. */
export function scalar(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "boolean" ? String(value) : undefined;
}

/** A text, or the content of the last message of `role` of a chat. */
export function textOf(value: unknown, role: "user" | "assistant"): string | undefined {
  const text = scalar(value);
  if (text !== undefined || !Array.isArray(value)) return text;
  const message: unknown = value.findLast((entry: unknown) => fieldOf(entry, "role") === role);
  const content = fieldOf(message, "content");
  if (!Array.isArray(content)) return scalar(content);
  // Content in parts: its texts.
  const parts = content.map((part: unknown) => scalar(fieldOf(part, "text")) ?? "");
  return parts.join("") || undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
