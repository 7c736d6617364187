import { parseJson } from "../../../problems/json-lines.js";

/**
 * The keys of the object that a file's beginning starts with; of one that goes on beyond it, those that look like keys
 * there. undefined where it starts with no object.
 */
export function firstKeys({ text }: { text: string }): Set<string> | undefined {
  const [line = "", ...more] = text.trimStart().split("\n", 2);
  if (!line.startsWith("{")) return undefined;
  const value = parseJson(line);
  if (!(value instanceof Error)) return new Set(Object.keys(value as object));
  if (more.length > 0) return undefined;
  return new Set([...line.matchAll(/[{,]\s*"(\w{1,60})"\s*:/g)].map(([, key = ""]) => key));
}
