import type { AttemptDetail, AttemptDispute } from "../pool/types.js";
import type { GroupCard } from "../protocol/verdicts.js";
import { cardOf } from "../verdicts/index.js";
import type { StandsFor } from "./equivalent.js";

/** The card of an attempt's group, by what is known so far of which answers are the same; null of a group of one. */
export async function groupOf(
  { attempt, problem, siblings, group }: AttemptDetail,
  { bad }: Pick<AttemptDispute, "bad">,
  standsFor: StandsFor,
): Promise<GroupCard | null> {
  if (siblings.length < 2) return null;
  const answers = {
    ...{ groupId: attempt.groupId, problemId: problem.rowId, modelId: attempt.modelId, gold: problem.gold },
    ...({ bad, size: group, purpose: "sample", attempts: siblings } as const),
  };
  return cardOf(answers, async (a, b) => standsFor(a) === standsFor(b));
}
