import type { AttemptQuery } from "../../pool/types.js";

/** A recipe's `data`, as far as the tree says it. */
export interface TreeData {
  take: "pool" | "all" | "selection";
  attempts?: number[];
  levels?: string[];
  kinds?: string[];
  error_types?: string[];
  models?: string[];
}

/** A filter that a recipe can say in its own fields stays a filter: errors that come later pass it too. */
const FIELDS = { level: "levels", kind: "kinds", errorType: "error_types", modelId: "models" } as const;

/**
 * What the tree's filter is in a recipe: its fields, or null where it has none for it (a text that was searched for,
 * verdicts, what was reviewed) and only the attempts themselves can say it.
 */
export function filterAsData(query: AttemptQuery): TreeData | null {
  const { scope, ...rest } = query;
  const data: TreeData = { take: scope === "all" ? "all" : "pool" };
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) continue;
    if (!(name in FIELDS) || value === "") return null;
    data[FIELDS[name as keyof typeof FIELDS]] = [String(value)];
  }
  return data;
}
