import type { AttemptQuery, GradableAttempt, NewOpinion, Pool } from "../pool/types.js";
import type { Report } from "../protocol/types.js";
import type { OpinionGrader } from "./line-grader.js";

/** Attempts of one read and one write: what a stop costs at most is what is under way. */
const CHUNK = 100;

export interface OpinionsOptions {
  report?: Report | undefined;
  signal?: AbortSignal | undefined;
}

export interface OpinionsResult {
  grader: string;
  version: string;
  /** Attempts that were meant. */
  attempts: number;
  /** Opinions that are new. */
  stored: number;
  correct: number;
  incorrect: number;
  unscored: number;
  /** It had said something of these before. */
  known: number;
  /** Problems without a gold answer cannot be graded. */
  withoutGold: number;
  /** Of problems that a person called bad: not asked. */
  bad: number;
}

/**
 * Asks a grader about every attempt of a query that it said nothing of yet. What it says is stored piece by piece: stopped,
 * or when the grader fails, all that it said is kept, and going on asks only for the rest. Rejects with the signal's
 * reason, or with the grader's error. The caller ends the grader.
 */
export async function askOpinions(
  pool: Pool,
  query: AttemptQuery,
  grader: OpinionGrader,
  { report = () => undefined, signal }: OpinionsOptions = {},
): Promise<OpinionsResult> {
  const { name, version } = grader;
  const ids = await pool.attemptIds(query);
  const result: OpinionsResult = {
    ...{ grader: name, version, attempts: ids.length, stored: 0 },
    ...{ correct: 0, incorrect: 0, unscored: 0, known: 0, withoutGold: 0, bad: 0 },
  };
  for (let at = 0; at < ids.length; at += CHUNK) {
    signal?.throwIfAborted();
    report({ stage: `Asking ${name}`, done: at, total: ids.length });
    const some = ids.slice(at, at + CHUNK);
    const open = await pool.gradable(some, { grader: name, version });
    const good = open.filter(({ bad }) => !bad);
    const asked = good.filter(({ gold }) => gold.trim() !== "");
    result.known += some.length - open.length;
    result.bad += open.length - good.length;
    result.withoutGold += good.length - asked.length;
    const said = await Promise.allSettled(asked.map((attempt) => ask(attempt, grader, signal)));
    const opinions = said.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    result.stored += await pool.putOpinions(opinions);
    for (const { verdict } of opinions) result[verdict]++;
    for (const one of said) if (one.status === "rejected") throw one.reason;
  }
  report({ stage: `Asking ${name}`, done: ids.length, total: ids.length });
  return result;
}

async function ask(
  { attemptId, gold, text, answer }: GradableAttempt,
  grader: OpinionGrader,
  signal: AbortSignal | undefined,
): Promise<NewOpinion> {
  const said = await grader.ask({ id: attemptId, gold, text, answer }, signal);
  return { attemptId, grader: grader.name, version: grader.version, ...said };
}
