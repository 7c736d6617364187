/** What the metrics of a line of lm-evaluation-harness say of its answers. */
import type { ForeignScore } from "../../../protocol/import.js";
import { judgesAnswer } from "./rewards.js";

type Fields = Readonly<Record<string, unknown>>;

/** Of a line's keys those that are no metric; of lines without a list of their metrics. */
const OWN = new Set([
  ...["doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics"],
  ...["doc_hash", "prompt_hash", "target_hash", "schema_version"],
]);
/** Filters that take several answers together. */
const TOGETHER = /maj|vote|best|pass@|cons@|avg@/i;

/** Its scores by answer: `[j]` of repeat j. What is said of all together is said of none. */
export function lmEvalScores(line: Fields, texts: readonly string[]): ForeignScore[][] {
  const filter = filterOf(line);
  const [filtered] = Array.isArray(line.filtered_resps) ? (line.filtered_resps as unknown[]) : [];
  const found: ForeignScore[][] = texts.map(() => []);
  for (const name of metricsOf(line)) {
    if (!judgesAnswer(name)) continue;
    const said = `${name}${filter === "" || filter === "none" ? "" : `,${filter}`}`;
    const value = line[name];
    const values = Array.isArray(value) && value.length === texts.length ? value : undefined;
    for (const [j, text] of texts.entries()) {
      const own: unknown = values ? values[j] : value;
      if (typeof own !== "boolean" && (typeof own !== "number" || !Number.isFinite(own))) continue;
      const read = Array.isArray(filtered) ? (filtered as unknown[])[j] : filtered;
      if (!values && !isOf(filter, filtered, text, j, texts.length)) continue;
      found[j]?.push({ name: said, value: own, ...(typeof read === "string" && { answer: read }) });
    }
  }
  return found;
}

/** The name of a line's filter; "" in the oldest logs, which have none. */
export const filterOf = ({ filter }: Fields): string => (typeof filter === "string" ? filter : "");

/** Keys of the line, at its top level. */
function metricsOf(line: Fields): string[] {
  const { metrics } = line;
  const named = Array.isArray(metrics) ? metrics.filter((name) => typeof name === "string") : [];
  return named.length > 0
    ? named.filter((name) => Object.hasOwn(line, name))
    : Object.keys(line).filter((name) => !OWN.has(name));
}

/**
 * Is one value said of repeat j? Of a single answer, always. Of several, the harness gives its metrics what the filter
 * left: its own `take_first` leaves the first answer (or what was read out of it), others put all together.
 */
function isOf(filter: string, filtered: unknown, text: string, j: number, repeats: number): boolean {
  if (repeats === 1) return true;
  if (j !== 0 || typeof filtered !== "string" || TOGETHER.test(filter)) return false;
  return text.trim() === filtered.trim() || filtered === "[invalid]" || holds(text, filtered.trim());
}

/** Is `part` a word of its own in the text: "8" is none of "18"? */
function holds(text: string, part: string): boolean {
  const joins = (around: string | undefined): boolean => around !== undefined && /[\p{L}\p{N}]/u.test(around);
  if (part === "") return false;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    if (!joins(text[at - 1]) && !joins(text[at + part.length])) return true;
  }
  return false;
}
