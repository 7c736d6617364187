import { roleOf } from "../protocol/agreement.js";
import type { MergeCounts, MergePreview } from "./merge-plan.js";

const NOUNS: Record<keyof MergeCounts, [one: string, many: string]> = {
  problems: ["problem", "problems"],
  attempts: ["attempt", "attempts"],
  reflections: ["reflection", "reflections"],
  turns: ["further turn", "further turns"],
  opinions: ["grader's opinion", "graders' opinions"],
  annotations: ["annotation", "annotations"],
  sittings: ["sitting", "sittings"],
};
/** Conflicts that are named; the rest are counted. */
const NAMED = 5;

/** "12 attempts, 1 reflection"; "nothing" where there is none. */
export function countWords(counts: MergeCounts): string {
  const parts = Object.entries(NOUNS).flatMap(([name, [one, many]]) => {
    const n = counts[name as keyof MergeCounts];
    return n === 0 ? [] : [`${n} ${n === 1 ? one : many}`];
  });
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

/** What a merge would do, a line each. */
export function previewWords({
  adds,
  same,
  people,
  conflicts,
  otherTexts,
  otherCuts,
  refused,
}: MergePreview): string[] {
  const lines = [`Adds ${countWords(adds)}.`, `Here already: ${countWords(same)}.`];
  if (people.length > 0) {
    const who = people.map((one) => {
      const { name, role } = roleOf(one.who);
      return `${name}${role === "person" ? "" : ` (${role})`} ${one.annotations}`;
    });
    const more = who.length > 8 ? `, and ${who.length - 8} more` : "";
    lines.push(`Annotations by: ${who.slice(0, 8).join(", ")}${more}.`);
  }
  if (conflicts.length > 0) {
    const named = conflicts.slice(0, NAMED).map(({ set, id, keptAs }) => `${set} ${id} as ${keptAs}`);
    const more = conflicts.length > NAMED ? `, and ${conflicts.length - NAMED} more` : "";
    lines.push(
      `${conflicts.length} with another text or gold answer under the same id, kept beside ours: ${named.join(", ")}${more}.`,
    );
  }
  if (otherTexts > 0)
    lines.push(`${otherTexts} attempts differ under the same sampling and number: both are kept.`);
  if (otherCuts > 0) lines.push(`${otherCuts} attempts are cut into steps differently: the cut here stays.`);
  const left = Object.entries(refused).map(([table, n]) => `${n} of ${table}`);
  if (left.length > 0) lines.push(`Left out, as no Errata writes them: ${left.join(", ")}.`);
  return lines;
}
