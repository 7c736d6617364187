import { count, number } from "../protocol/figures.js";
import type { ImportPreview } from "../protocol/import.js";
import type { ImportResult, Told } from "./import/index.js";
import { type ExportResult, SKIP_WORDS, type SkipReason } from "./types.js";

/** What an export did, in words; the most frequent reason first. */
export function exportWords({ rows, skipped }: ExportResult): { summary: string; skipped: string[] } {
  const reasons = (Object.entries(skipped) as [SkipReason, number][]).sort((a, b) => b[1] - a[1]);
  const total = reasons.reduce((sum, [, n]) => sum + n, 0);
  const rest = total === 0 ? "." : `; ${count(total, "attempt")} skipped.`;
  return {
    summary: `Exported ${count(rows, "row")}${rest}`,
    skipped: reasons.map(([reason, n]) => `${number(n)} ${SKIP_WORDS[reason]}`),
  };
}

/** What an import did, in words; what is to be said of single rows on lines of its own. */
export function importWords(result: ImportResult): string {
  const { problems, attempts, reflections, annotations, opinions, reasons, format, told } = result;
  const own = format === "errata";
  const what = [
    count(problems, "problem"),
    count(attempts, "attempt"),
    ...(own ? [count(reflections, "reflection"), count(annotations, "annotation")] : []),
    ...(opinions > 0 ? [`${count(opinions, "score")} of the log`] : []),
  ];
  const known = reasons.known > 0 ? ` Here already: ${count(reasons.known, "row")}.` : "";
  const contradicted =
    reasons.contradicted > 0
      ? ` Left out: ${count(reasons.contradicted, "row")} of samples that have another text here.`
      : "";
  const unusable = reasons.unusable > 0 ? ` Passed over: ${count(reasons.unusable, "row")}.` : "";
  return [`Imported ${listed(what)}.${known}${contradicted}${unusable}`, ...told.map(toldWords)].join("\n");
}

const listed = (words: readonly string[]): string => `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;

/** "12 rows (line 3, line 8, …): The row has no solution." */
function toldWords({ why, count: rows, places }: Told): string {
  const named = places.filter((place) => place !== "");
  const more = rows > named.length && named.length > 0 ? ", …" : "";
  return `  ${count(rows, "row")}${named.length > 0 ? ` (${named.join(", ")}${more})` : ""}: ${why}`;
}

/** What an import would do, in words. */
export function previewWords(preview: ImportPreview): string {
  const { title, problems, attempts, groups, largestGroup, models, scores, withoutGold } = preview;
  const lines = [`${preview.file}: ${title}.`];
  if (preview.stored && preview.stored.attempts > 0) {
    lines.push(`Of it are here already: ${count(preview.stored.attempts, "attempt")}.`);
  }
  if (attempts > 0) {
    lines.push(
      `It holds ${count(attempts, "attempt")} of ${count(problems, "problem")} in ${count(groups, "group")}, the largest of ${number(largestGroup)}.`,
      ...models.map(({ model, attempts: n }) => `  model ${model}: ${count(n, "attempt")}`),
      ...scores.map(
        ({ name, right, wrong, other }) =>
          `  score ${name}: ${number(right)} right, ${number(wrong)} wrong${other > 0 ? `, ${number(other)} neither` : ""}`,
      ),
    );
  }
  if (withoutGold > 0) {
    lines.push(
      `  without a gold answer: ${count(withoutGold, "attempt")}, judged by the log's own score or not at all (--problems FILE: a problem set that has them)`,
    );
  }
  if (preview.fields.length > 0) {
    lines.push("Fields:");
    for (const { field, means, example } of preview.fields) {
      const cut = example.replaceAll(/\s+/g, " ").slice(0, 60);
      lines.push(
        `  ${field} is ${means.startsWith("not ") ? means : `the ${means.replace(/^the /, "")}`}${cut === "" ? "" : `: ${cut}`}`,
      );
    }
  }
  if (preview.skipped.length > 0) lines.push("Passed over:", ...preview.skipped.map(toldWords));
  if (preview.notes && preview.notes.length > 0) lines.push("To know:", ...preview.notes.map(toldWords));
  if (preview.trouble !== null) lines.push(preview.trouble);
  return lines.join("\n");
}
