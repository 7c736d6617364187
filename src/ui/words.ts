import { keptSuccesses } from "../pool/filter.js";
import type { PoolFilter, Progress } from "../protocol/types.js";

/** "45 s", "3 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "a while";
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** One progress line: stage, count, time left, what else is worth saying. */
export function describe(progress: Progress): string {
  const parts = [
    progress.total > 0 ? `${progress.stage} ${progress.done} of ${progress.total}` : progress.stage,
  ];
  if (progress.secondsLeft !== undefined) parts.push(`${duration(progress.secondsLeft)} left`);
  if (progress.detail) parts.push(progress.detail);
  return parts.join(" · ");
}

/** "1 attempt", "2 attempts". */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
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
