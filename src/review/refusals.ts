import type { ReviewAction } from "../protocol/review.js";
import type { AnnotationValue } from "../protocol/types.js";
import { SAYS, STALE } from "./actions.js";
import { type Read, stands } from "./own.js";

const NO_CORRECTION =
  "There is no reflection yet, so no correction of the model’s to accept or reject. Reflect first, or write the correction yourself (e).";
const NOTHING_TO_ACCEPT =
  "This reflection holds no corrected solution, so there is nothing to accept. Reject it (x), or write the correction yourself (e).";

/** What it depends on. */
interface Item extends Read {
  /** Its steps were numbered on another text. */
  stale: boolean;
}

/** Why this cannot be said of the item; undefined where it can. A decision that stands can always be taken back. */
export function refusal(item: Item, value: AnnotationValue): string | undefined {
  if (value.kind === "firstWrongStep") return item.stale ? STALE : undefined;
  if (value.kind !== "decision" || stands(item, value)) return undefined;
  const [reflection] = item.detail.reflections;
  if (!reflection) return NO_CORRECTION;
  const empty = reflection.correctedSolution.trim() === "";
  return empty && value.value === "accepted" ? NOTHING_TO_ACCEPT : undefined;
}

/** The actions that would be refused, each with why. */
export function refusals(item: Item): Partial<Record<ReviewAction, string>> {
  const step: AnnotationValue = { kind: "firstWrongStep", value: 1 };
  const says = [["firstWrong", step], ...Object.entries(SAYS)] as [ReviewAction, AnnotationValue][];
  const found: Partial<Record<ReviewAction, string>> = {};
  for (const [action, value] of says) {
    const why = refusal(item, value);
    if (why !== undefined) found[action] = why;
  }
  return found;
}
