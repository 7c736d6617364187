import type { Attempt, Reflection, Verdict } from "../protocol/types.js";

/** Successes of scored tries; `unscored` tries stand beside. */
export interface Tally {
  fixed: number;
  scored: number;
  unscored: number;
}

/** One wrong attempt: "fixed m of n, retry m of n". */
export interface AttemptLift {
  attemptId: number;
  problemId: number;
  reflection: Tally;
  retry: Tally;
}

/**
 * Fix rate with the model's own reflection beside plain retry, on the same wrong attempts (docs/comparing.md).
 * Oracle-gated: only wrong first attempts, and the reflecting model is told that they are wrong. Without the retry
 * beside it, "correction" could be mere resampling.
 */
export interface Lift {
  protocol: "oracle-gated";
  attempts: AttemptLift[];
  reflection: Tally;
  retry: Tally;
}

/**
 * @param wrong the attempts it is counted over, all of verdict `incorrect`
 * @param reflections on any of them; a correction counts when both sections parsed and its answer is right
 * @param retries of each wrong attempt: other samples of the same prompt
 */
export function liftOf(
  wrong: readonly Attempt[],
  reflections: readonly Reflection[],
  retries: ReadonlyMap<number, readonly Attempt[]>,
): Lift {
  const reflected = groupBy(reflections, (reflection) => reflection.attemptId);
  const attempts = wrong.map(({ id, problemId }) => ({
    attemptId: id,
    problemId,
    reflection: tally((reflected.get(id) ?? []).map((r) => ({ verdict: r.verdict, counts: r.parsed }))),
    retry: tally((retries.get(id) ?? []).map((a) => ({ verdict: a.verdict, counts: true }))),
  }));
  return {
    protocol: "oracle-gated",
    attempts,
    reflection: total(attempts.map((attempt) => attempt.reflection)),
    retry: total(attempts.map((attempt) => attempt.retry)),
  };
}

/** `truncated` is a failure; `unscored` leaves the denominator. */
function tally(tries: { verdict: Verdict; counts: boolean }[]): Tally {
  const unscored = tries.filter((t) => t.verdict === "unscored").length;
  return {
    fixed: tries.filter((t) => t.verdict === "correct" && t.counts).length,
    scored: tries.length - unscored,
    unscored,
  };
}

function total(tallies: Tally[]): Tally {
  const sum = (of: (t: Tally) => number): number => tallies.reduce((n, t) => n + of(t), 0);
  return { fixed: sum((t) => t.fixed), scored: sum((t) => t.scored), unscored: sum((t) => t.unscored) };
}

/** `Map.groupBy`, which Node 20 does not have. */
export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
