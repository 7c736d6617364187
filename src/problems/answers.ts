/** How data sets write the answer of a problem: GSM8K's last line, MATH's box, AIME's zeros, lists. */
import { findBoxes } from "./boxed.js";
import { plain } from "./names.js";

/**
 * The gold answer in a field that holds one: GSM8K's ends in `#### 72` after a worked solution with `<<48/2=24>>` notes;
 * some sets put MATH's whole solution there; AIME's are padded with zeros ("045" is 45). Anything else is the answer
 * itself; a list of answers is joined by commas. undefined where there is none.
 */
export function goldOf(value: unknown): string | undefined {
  const text = plain(value);
  if (text === undefined) return undefined;
  const answer = answerInSolution(text) ?? text.replace(/<<[^<>]*>>/g, "").trim();
  return number(answer) || undefined;
}

/** What a worked solution gives as its answer; undefined where it marks none. */
export function answerInSolution(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  // Elsewhere than in the last line, `####` may be the heading of a section.
  const last = text.trimEnd().split("\n").at(-1)?.trim() ?? "";
  const hashes = /.*####[ \t]*([^\n]+)/s.exec(text)?.[1]?.trim();
  if (hashes && last.startsWith("####")) return hashes;
  const box = findBoxes(text).boxes.at(-1);
  return (box && text.slice(box.start, box.end).trim()) || hashes || undefined;
}

/** AIME's answers have three digits, and a table's column of numbers writes whole ones as `142.0`: the number is meant. */
function number(answer: string): string {
  if (/^0\d\d$/.test(answer)) return String(Number(answer));
  return /^-?\d{1,15}\.0$/.test(answer) ? answer.slice(0, -2) : answer;
}

/**
 * What leads to the answer: without GSM8K's `<<48/2=24>>` notes and its last line `#### 72`. Undefined where a text is
 * no more than the answer.
 */
export function workedSolution(text: string | undefined, gold: string): string | undefined {
  if (text === undefined) return undefined;
  const worked = text
    .replace(/<<[^<>]*>>/g, "")
    .replace(/####[^#\n]*\s*$/, "")
    .trim();
  const box = findBoxes(worked).boxes.at(-1);
  const around = box ? worked.slice(0, box.from) + worked.slice(box.to) : worked;
  const bare = (answer: string): string => number(answer.replace(/^\$([^$]*)\$$/, "$1"));
  return worked === gold || bare(worked) === gold || !/[\p{L}\p{N}]/u.test(around) ? undefined : worked;
}
