import type { GroupAnswers, Pool } from "../pool/types.js";
import { passAtK, passSteps } from "../protocol/statistics.js";
import { VERDICTS, type Verdict } from "../protocol/types.js";
import type { GroupCard } from "../protocol/verdicts.js";
import { type Equal, sameAnswers } from "./equivalence.js";

/** The card of an attempt's group. Rejects with "not-found". */
export async function groupCard(pool: Pool, attemptId: number, equal: Equal | undefined): Promise<GroupCard> {
  const [group] = await pool.groupAnswers({ attemptId });
  if (!group) throw new RangeError(`attempt ${attemptId} has no group`);
  return cardOf(group, equal);
}

/** A card for each group of a problem, the newest sampling first: groups of different models are never mixed. */
export async function groupCards(
  pool: Pool,
  problemRowId: number,
  equal: Equal | undefined,
): Promise<GroupCard[]> {
  const cards: GroupCard[] = [];
  for (const group of await pool.groupAnswers({ problemRowId })) cards.push(await cardOf(group, equal));
  return cards;
}

type Cluster = GroupCard["clusters"][number];

/**
 * Answers are held against those of the same verdict alone: what the grader told apart stays apart. All right ones are
 * one cluster, for each equals the gold answer. @param equal undefined where nothing may run: answers as written
 */
export async function cardOf(group: GroupAnswers, equal: Equal | undefined): Promise<GroupCard> {
  const { attempts } = group;
  const clusters = new Map<string, Cluster & { answers: string[] }>();
  for (const verdict of VERDICTS) {
    const these = attempts.filter((attempt) => attempt.verdict === verdict);
    const stands = await standsFor(these, verdict, equal);
    for (const { id, answer } of these) {
      const key = JSON.stringify([verdict, answer === null ? null : stands(answer)]);
      const cluster = clusters.get(key) ?? { answer: null, verdict, attemptIds: [], answers: [] };
      cluster.attemptIds.push(id);
      if (answer !== null) cluster.answers.push(answer);
      clusters.set(key, cluster);
    }
  }
  const sorted = [...clusters.values()]
    .map(({ answers, ...cluster }) => ({ ...cluster, answer: mostFrequent(answers) }))
    .sort((a, b) => b.attemptIds.length - a.attemptIds.length || first(a) - first(b));
  const count = (verdict: Verdict): number => attempts.filter((a) => a.verdict === verdict).length;
  const scored = attempts.length - count("unscored");
  const correct = count("correct");
  const majority = majorityOf(sorted);
  return {
    ...{ groupId: group.groupId, problemId: group.problemId, modelId: group.modelId },
    ...{
      gold: group.gold,
      bad: group.bad,
      size: attempts.length,
      scored,
      correct,
      clusters: sorted,
      majority,
    },
    majorityWrong: !group.bad && majority?.verdict === "incorrect" && majority.share >= 0.5,
    passAtK: scored === 0 ? [] : passSteps(scored).map((k) => ({ k, value: passAtK(scored, correct, k) })),
  };
}

async function standsFor(
  attempts: GroupAnswers["attempts"],
  verdict: Verdict,
  equal: Equal | undefined,
): Promise<(answer: string) => string> {
  if (verdict === "correct") return () => "";
  if (!equal) return (answer) => answer;
  const same = await sameAnswers(
    attempts.flatMap(({ answer }) => (answer === null ? [] : [answer])),
    equal,
  );
  return (answer) => same.get(answer) ?? answer;
}

/** The first of the most frequent; null of none. */
function mostFrequent(answers: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/** Among complete answers: one that was cut off is no vote. */
function majorityOf(clusters: readonly Cluster[]): GroupCard["majority"] {
  const voting = clusters.filter(({ answer, verdict }) => answer !== null && verdict !== "truncated");
  const [largest, next] = voting;
  if (!largest || largest.answer === null) return null;
  if (next && next.attemptIds.length === largest.attemptIds.length) return null;
  const votes = voting.reduce((sum, { attemptIds }) => sum + attemptIds.length, 0);
  return { answer: largest.answer, verdict: largest.verdict, share: largest.attemptIds.length / votes };
}

const first = ({ attemptIds }: Cluster): number => attemptIds[0] ?? 0;
