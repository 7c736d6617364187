import { keptSuccesses } from "../pool/filter.js";
import { count, duration, number } from "../protocol/figures.js";
import type { PoolFilter, Progress } from "../protocol/types.js";

export { count, duration, number };

/** One progress line: stage, count, time left, what else is worth saying. */
export function describe(progress: Progress): string {
  const parts = [
    progress.total > 0
      ? `${progress.stage} ${number(progress.done)} of ${number(progress.total)}`
      : progress.stage,
  ];
  if (progress.secondsLeft !== undefined) parts.push(`${duration(progress.secondsLeft)} left`);
  if (progress.detail) parts.push(progress.detail);
  return parts.join(" · ");
}

/** "keeps k = 2..6 of 8": which numbers of successes stay, at this group size. */
export function keptWords(filter: PoolFilter, group: number): string {
  if (filter.kind === "all") return "keeps every wrong answer";
  const kept = keptSuccesses(filter, group);
  const first = kept[0];
  const last = kept.at(-1);
  if (first === undefined || last === undefined) return `keeps nothing at G = ${group}`;
  const gapless = kept.length === last - first + 1;
  const range = first === last ? `${first}` : gapless ? `${first}..${last}` : kept.join(", ");
  return `at G = ${group} keeps k = ${range}`;
}
