import type { Regrade } from "../protocol/verdicts.js";
import type { OpinionsResult } from "../verdicts/index.js";
import { count, number } from "./words.js";

/** Of the relative tolerance: more would call half of all numbers equal. */
export const MOST_TOLERANCE = 0.5;

/** "0.001", "1e-3" or "0.1 %"; undefined where it is none, or out of range. */
export function parseTolerance(text: string): number | undefined {
  const found = /^\s*(\d*\.?\d+(?:e-?\d+)?)\s*(%?)\s*$/i.exec(text);
  if (!found) return undefined;
  const value = Number(found[1]) / (found[2] ? 100 : 1);
  return value >= 0 && value <= MOST_TOLERANCE ? value : undefined;
}

/** For a notification: "12 correct → incorrect, 3 unscored → correct". */
export function changesWords({ changes }: Regrade): string {
  return changes
    .slice(0, 4)
    .map(({ from, to, count: n }) =>
      from === to ? `${n} ${from} for another answer or reason` : `${n} ${from} → ${to}`,
    )
    .join(", ");
}

/** What a grader said of many, in words. */
export function opinionWords(result: OpinionsResult, disagree: number): string {
  const { grader, correct, incorrect, unscored, known, withoutGold, bad } = result;
  const asked = correct + incorrect + unscored;
  const beside = [
    known > 0 ? `${count(known, "attempt")} it knew already` : "",
    withoutGold > 0 ? `${number(withoutGold)} without a gold answer left out` : "",
    bad > 0 ? `${number(bad)} of bad problems left out` : "",
  ].filter(Boolean);
  const rest = beside.length > 0 ? ` (${beside.join("; ")})` : "";
  const said =
    asked === 0
      ? `${grader} was asked nothing new${rest}.`
      : `${grader} on ${count(asked, "attempt")}: ${number(correct)} correct, ${number(incorrect)} incorrect, ${number(unscored)} unsure${rest}.`;
  const differ =
    disagree === 0 ? "No grader contradicts ours." : `Graders disagree on ${number(disagree)} of them.`;
  return `${said} ${differ}`;
}
