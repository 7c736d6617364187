import type { Grader } from "../grading/types.js";
import { verdictOf } from "../pool/rows.js";
import type { AttemptQuery, GradableAttempt, NewRegrade, Pool } from "../pool/types.js";
import type { Report } from "../protocol/types.js";
import type { Regrade } from "../protocol/verdicts.js";

/** Attempts of one read and one write: their texts are what a preview holds in memory. */
const CHUNK = 200;
/** Comparisons under way at once. */
const IN_FLIGHT = 32;

export interface RegradeOptions {
  who: string;
  /** Of the grader, in words (`settingsWords`). */
  settings: string;
  /** Which attempts, in words. */
  scope: string;
  report?: Report | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Grades attempts anew and stores what would change, without changing it. Attempts of problems without a gold answer
 * are left as they are: what their log said is their verdict; so are those of bad problems. Stopped, or after an error, the preview is dropped.
 * @param query only attempts of purpose `sample`, unless by `ids`
 */
export async function previewRegrade(
  pool: Pool,
  query: AttemptQuery,
  grader: Pick<Grader, "grade">,
  { who, settings, scope, report = () => undefined, signal }: RegradeOptions,
): Promise<Regrade> {
  const ids = await pool.attemptIds(query);
  const id = await pool.openRegrade({ who, settings, scope });
  try {
    for (let at = 0; at < ids.length; at += CHUNK) {
      signal?.throwIfAborted();
      report({ stage: "Grading anew", done: at, total: ids.length });
      const attempts = await pool.gradable(ids.slice(at, at + CHUNK));
      const gradable = attempts.filter(({ gold, bad }) => !bad && gold.trim() !== "");
      const changes = await gradeAll(gradable, grader, signal);
      await pool.putRegraded(id, changes, gradable.length);
    }
    report({ stage: "Grading anew", done: ids.length, total: ids.length });
    return await pool.endRegrade(id);
  } catch (error) {
    // A closed pool cannot be told; its preview stays in state `grading` and can be dropped later.
    await pool.dropRegrade(id).catch(() => undefined);
    throw error;
  }
}

async function gradeAll(
  attempts: readonly GradableAttempt[],
  grader: Pick<Grader, "grade">,
  signal: AbortSignal | undefined,
): Promise<NewRegrade[]> {
  const changes: NewRegrade[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let attempt = attempts[next++]; attempt; attempt = attempts[next++]) {
      signal?.throwIfAborted();
      const change = await gradeOne(attempt, grader);
      if (change) changes.push(change);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return changes;
}

async function gradeOne(
  { attemptId, gold, text, finish, graded, answer, span, reason }: GradableAttempt,
  grader: Pick<Grader, "grade">,
): Promise<NewRegrade | null> {
  const grade = await grader.grade(text, gold);
  const old = { verdict: graded, answer, span, reason };
  const now = {
    verdict: verdictOf(finish, text, grade),
    ...{ answer: grade.answer, span: grade.span, reason: grade.reason },
  };
  return JSON.stringify(old) === JSON.stringify(now) ? null : { attemptId, old, new: now };
}
