import type { Judgement, ReviewState } from "../../src/protocol/review.js";
import type { Rubric } from "../../src/protocol/rubric.js";
import { titleOf } from "./rubric.js";

/** Longer steps are cut when they are read out. Characters. */
const LONGEST = 240;

/** One short sentence on what a key has just done, for those who listen rather than see; empty for nothing. */
export function spoken(before: ReviewState | null, now: ReviewState): string {
  const { item, rubric } = now;
  if (!item) return "";
  if (before?.item?.attemptId !== item.attemptId) {
    return now.position === null ? "An attempt beside the queue" : `Item ${now.position} of ${now.total}`;
  }
  if (before.mode !== now.mode) return now.mode === "triage" ? "Triage" : "Localise";
  if (before.axis !== now.axis) return `Axis: ${titleOf(rubric.axes, now.axis)}`;
  if (before.cursor !== now.cursor) {
    const step = item.solution.steps[now.cursor - 1];
    return step ? `Step ${step.n}: ${step.text.slice(0, LONGEST)}` : "";
  }
  return [
    before.item.hidden && !item.hidden ? `No longer hidden: ${item.verdict ?? "no verdict"}` : "",
    ...judged(before.item.mine, item.mine, rubric),
  ]
    .filter((words) => words !== "")
    .join(". ");
}

function judged(a: Judgement, b: Judgement, rubric: Rubric): string[] {
  const changed = <T>(before: T, now: T, words: (value: NonNullable<T>) => string, gone: string): string =>
    before === now ? "" : now === undefined || now === null ? gone : words(now);
  return [
    ...rubric.axes.map((axis) =>
      changed(
        a.ratings[axis.id],
        b.ratings[axis.id],
        (value) => `${axis.title} ${value}: ${axis.anchors[value - 1] ?? ""}`,
        `${axis.title}: taken back`,
      ),
    ),
    ...rubric.labels.map(({ id, title }) =>
      changed(a.labels.includes(id), b.labels.includes(id), (on) => `${title}: ${on ? "on" : "off"}`, ""),
    ),
    changed(a.decision, b.decision, (value) => value, "Decision taken back"),
    changed(
      a.firstWrong,
      b.firstWrong,
      (n) => (n === 0 ? "No wrong step" : `First wrong step: ${n}`),
      "First wrong step taken back",
    ),
    changed(
      a.errorType,
      b.errorType,
      (id) => `Error type: ${titleOf(rubric.errorTypes, id)}`,
      "Error type taken back",
    ),
    changed(a.verdict, b.verdict, (value) => `Overruled: ${value}`, "Overrule taken back"),
    changed(a.flag, b.flag, () => "Flagged", "Flag taken back"),
    changed(a.badProblem, b.badProblem, () => "Bad problem", "Bad problem taken back"),
    changed(a.note, b.note, () => "Note saved", "Note taken back"),
    changed(a.correction?.text, b.correction?.text, () => "Correction saved", "Correction taken back"),
  ];
}
