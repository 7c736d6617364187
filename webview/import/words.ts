import { count, number } from "../../src/protocol/figures.js";
import type { ImportMapping, ImportPreview, ImportState } from "../../src/protocol/import.js";

/** Bytes as people read them: `812 B`, `1.4 MB`, `2 GB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  // 999.6 kB would be written as 1000 kB.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1).replace(/\.0$/, "") : Math.round(value)} ${units[unit]}`;
}

/** A file's name without its ending: what its set and its model are called where the log does not say. */
export const stem = (file: string): string => baseName(file).replace(/(?<=.)\.[^.]*$/, "");

/** The last part of a path of either kind. */
export const baseName = (file: string): string => file.split(/[\\/]/).at(-1) ?? file;

/** What a column can stand for, in the order in which people look for them; without `often`, few files have it. */
export const ROLES: readonly {
  role: keyof ImportMapping;
  title: string;
  needed: boolean;
  often: boolean;
}[] = [
  { role: "problem", title: "Problem", needed: true, often: true },
  { role: "text", title: "Solution", needed: true, often: true },
  { role: "gold", title: "Gold answer", needed: false, often: true },
  { role: "score", title: "Its own score", needed: false, often: true },
  { role: "model", title: "Model", needed: false, often: true },
  { role: "id", title: "Problem’s id", needed: false, often: false },
  { role: "sample", title: "Sample’s number", needed: false, often: false },
  { role: "level", title: "Level", needed: false, often: false },
  { role: "kind", title: "Kind", needed: false, often: false },
];

/** The format of Errata's own exports, which are taken in as they are. */
export const OWN = "errata";

/** Attempts that are not in the pool yet, as far as they were counted. */
const left = ({ attempts, stored }: ImportPreview): number => Math.max(0, attempts - (stored?.attempts ?? 0));

/** All of it is in the pool. A file may have grown since. */
export const isStored = (preview: ImportPreview): boolean =>
  preview.stored?.complete === true && left(preview) === 0;

/** A batch's problems stand in a second file, which was not found. */
export const NEEDS_REQUESTS = "needs-requests";

/** What the one button would do; null where there is nothing to import. */
export function importWords(preview: ImportPreview): string | null {
  const { attempts, complete, stored } = preview;
  if (preview.format === OWN) return "Import";
  if (attempts === 0 || isStored(preview)) return null;
  const more = left(preview);
  if (stored) return complete && more > 0 ? `Go On: ${count(more, "More Attempt")}` : "Go On";
  // While it is counted the figure would change under the finger.
  return complete ? `Import ${count(attempts, "Attempt")}` : "Import";
}

/** Why the button does nothing; null when it does something. */
export function barred({ preview, trouble, readOnly }: ImportState): string | null {
  if (readOnly !== null) return readOnly;
  if (trouble) return trouble.message;
  if (!preview) return "The file is being read.";
  if (preview.trouble !== null) return troubleWords(preview);
  return importWords(preview) === null ? "There is nothing to import." : null;
}

/** What of the file is in the pool already; null where nothing is. */
export function storedWords(preview: ImportPreview): string | null {
  const { stored, complete } = preview;
  if (!stored || stored.attempts === 0) return null;
  const there = count(stored.attempts, "attempt");
  if (isStored(preview))
    return `This file is in the pool already: ${there}. Importing it again would add nothing.`;
  const more = left(preview);
  const rest = complete && more > 0 ? `; ${number(more)} ${more === 1 ? "is" : "are"} left` : "";
  const grown = stored.complete ? " The file has grown since." : "";
  return `A part of this file is in the pool already: ${there}${rest}.${grown} Going on adds what is missing, and nothing twice.`;
}

/** What keeps a file from being imported, in the words of this page; null where nothing does. */
export function troubleWords({ trouble, mapping }: ImportPreview): string | null {
  if (trouble === null || !mapping) return trouble;
  if (!mapping.chosen.problem)
    return "Which column holds the problems cannot be told by its name. Choose it below.";
  if (!mapping.chosen.text)
    return "No column looks like a solution: these may be problems without attempts. If one holds solutions, choose it below; else sample the problems.";
  return trouble;
}

/** It holds problems and no attempts, as far as can be told. */
export const problemsAlone = ({ mapping }: ImportPreview): boolean =>
  mapping !== null && Boolean(mapping.chosen.problem) && !mapping.chosen.text;

/** How attempts without a gold answer are judged; null where every one has one. */
export function goldWords({ withoutGold, attempts, scores, complete }: ImportPreview): string | null {
  if (withoutGold === 0 || attempts === 0) return null;
  const least = complete ? "" : "at least ";
  const which =
    withoutGold === attempts && complete
      ? "No attempt has a gold answer"
      : `${least}${count(withoutGold, "attempt")} ${withoutGold === 1 ? "has" : "have"} no gold answer`;
  const then = scores.length > 0 ? "their own score is their verdict" : "they stay unscored";
  return `${which.charAt(0).toUpperCase()}${which.slice(1)}: ${then}.`;
}
