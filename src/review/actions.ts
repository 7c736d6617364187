import type { ReviewAction, ReviewOrder } from "../protocol/review.js";
import type { AnnotationValue } from "../protocol/types.js";

/** Actions that say one thing of the item; the same key again takes it back. */
export const SAYS: Partial<Record<ReviewAction, AnnotationValue>> = {
  noWrongStep: { kind: "firstWrongStep", value: 0 },
  accept: { kind: "decision", value: "accepted" },
  reject: { kind: "decision", value: "rejected" },
  overruleCorrect: { kind: "verdict", value: "correct" },
  overruleIncorrect: { kind: "verdict", value: "incorrect" },
  overruleUnscored: { kind: "verdict", value: "unscored" },
  flag: { kind: "flag", value: true },
  badProblem: { kind: "badProblem", value: true },
};

/** In triage these go on to the next item; what is said beside them (error type, label, step, flag) stays. */
export const GO_ON: ReadonlySet<AnnotationValue["kind"]> = new Set(["rating", "decision", "verdict"]);

/** In which they come round; a queue of disputes begins with `disputes` in the place of `stored`. */
export const ORDERS: readonly ReviewOrder[] = ["stored", "random", "uncertain"];

/** The order that comes after this one. */
export function orderAfter(order: ReviewOrder, disputes: boolean): ReviewOrder {
  const at = ORDERS.indexOf(orderFor(order, false));
  return orderFor(ORDERS[(at + 1) % ORDERS.length] ?? "stored", disputes);
}

/** The order that a queue has in the place of this one, disputes or not. */
export function orderFor(order: ReviewOrder, disputes: boolean): ReviewOrder {
  if (order === "stored" || order === "disputes") return disputes ? "disputes" : "stored";
  return order;
}

export const ORDER_WORDS: Readonly<Record<ReviewOrder, string>> = {
  stored: "Order: as stored, problem by problem.",
  random: "Order: random.",
  uncertain: "Order: problems that the model gets right half of the time first.",
  disputes: "Order: where graders disagree first, then imported scores, then what nobody could tell.",
};

export const BLIND_ON =
  "Blind mode on: gold answer, verdicts and what others said are hidden until you have judged.";
export const BLIND_OFF = "Blind mode off.";
export const STRAYED =
  "The queue changed between two keys: nothing was said of this item, since another one was to be seen. Press the key again.";
export const STALE =
  "The text of this attempt changed after its steps were numbered: step numbers given before do not fit, and no step can be marked.";
