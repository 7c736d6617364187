/** Are two answers equal? `null` when that cannot be decided. */
export type Equal = (a: string, b: string) => Promise<boolean | null>;

/** Answers beyond these are left as they are: comparing each with each would take too long, or too much. */
const MOST = 32;
const LONGEST = 500;

/**
 * Which answers of a list mean the same ("1/2" and "0.5"), as the grader sees it: for each that another one stands for,
 * that one. The most frequent stands for the rest. Bounded: beyond some answers, and of very long ones, each is itself.
 */
export async function sameAnswers(answers: readonly string[], equal: Equal): Promise<Map<string, string>> {
  const stands = new Map<string, string>();
  const apart: string[] = [];
  for (const answer of byFrequency(answers)) {
    const same = await firstEqual(apart, answer, equal);
    if (same === undefined) apart.push(answer);
    else stands.set(answer, same);
  }
  return stands;
}

async function firstEqual(
  among: readonly string[],
  answer: string,
  equal: Equal,
): Promise<string | undefined> {
  for (const other of among) if (await equal(other, answer)) return other;
  return undefined;
}

function byFrequency(answers: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    if (answer.length <= LONGEST) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST)
    .map(([answer]) => answer);
}
