import type { Difference, Disagreement, JudgementWord } from "../protocol/agreement.js";
import type { Rubric } from "../protocol/rubric.js";
import type { Breath } from "./agreement-figures.js";
import { keyOf, rowOf, type Said, type Subject, type Subjects } from "./agreement-subjects.js";

/**
 * The attempts on which the two differ, the most instructive first: opposite decisions and ratings far apart before
 * neighbours, and of equals where they differ in more. Of exactly two people, or one against themselves.
 */
export async function disagreements(subjects: Subjects, breath: Breath): Promise<Disagreement[]> {
  const byAttempt = new Map<number, Disagreement>();
  for (const list of subjects.byRow.values()) {
    for (const [i, subject] of list.entries()) {
      if (i % 500 === 0 && breath.due) await breath.take();
      const difference = differenceOf(subject, subjects);
      if (!difference) continue;
      const { attemptId, problemId } = subject;
      const known = byAttempt.get(attemptId);
      if (known) known.differences.push(difference);
      else byAttempt.set(attemptId, { attemptId, problemId, differences: [difference] });
    }
  }
  const found = [...byAttempt.values()];
  for (const { differences } of found) differences.sort((a, b) => b.distance - a.distance);
  const weighed = found.map((one) => ({
    one,
    most: one.differences[0]?.distance ?? 0,
    sum: one.differences.reduce((all, { distance: d }) => all + d, 0),
  }));
  if (breath.due) await breath.take();
  weighed.sort((a, b) => b.most - a.most || b.sum - a.sum || a.one.attemptId - b.one.attemptId);
  return weighed.map(({ one }) => one);
}

function differenceOf(subject: Subject, { judged, adjudicated }: Subjects): Difference | null {
  const { target, targetId, kind, axis, said, words } = subject;
  const label = kind === "label";
  const by = judged.get(subject.attemptId)?.by;
  const [a, b] = [0, 1].map((i) => said[i] ?? (label && by?.[i] ? null : undefined));
  if (a === undefined || b === undefined || a === b) return null;
  const there = words.filter((word): word is JudgementWord => word !== undefined);
  const settled = adjudicated.get(keyOf(subject));
  const newer = settled !== undefined && there.every(({ at }) => at < settled.at);
  return {
    ...{ row: rowOf(subject), target, targetId, kind, axis, a, b },
    of: there.map(({ id }) => id),
    distance: distance(kind, a, b),
    settled: newer ? settled.who : null,
  };
}

/** 0..1. A judgement turned round is further than a name for it, or a place next door. */
function distance(kind: JudgementWord["kind"], a: Said | null, b: Said | null): number {
  const apart = Math.abs(Number(a) - Number(b));
  switch (kind) {
    case "rating":
      return apart / 4;
    case "decision":
      return 1;
    case "verdict":
      return a === "unscored" || b === "unscored" ? 0.7 : 1;
    case "firstWrongStep":
      return a === 0 || b === 0 ? 0.9 : Math.min(0.8, 0.3 + 0.1 * apart);
    case "errorType":
      return 0.4;
    case "label":
      return 0.3;
  }
}

/** What a word means, for people: "accepted", "step 3", "none wrong", "Sign", "set". */
export function valueWords(kind: string, value: Said | null, rubric: Rubric): string {
  if (kind === "label") return value === true ? "set" : "not set";
  if (value === null) return "nothing";
  if (kind === "firstWrongStep") return value === 0 ? "none wrong" : `step ${value}`;
  if (kind === "verdict" && value === "unscored") return "unscorable";
  if (kind === "errorType") return rubric.errorTypes.find(({ id }) => id === value)?.title ?? String(value);
  return String(value);
}

/** What it is a word on: "Overall", "Correction", "First wrong step". */
export function subjectWords(kind: string, axis: string, rubric: Rubric): string {
  const named = (list: readonly { id: string; title: string }[]): string =>
    list.find(({ id }) => id === axis)?.title ?? axis;
  switch (kind) {
    case "rating":
      return named(rubric.axes);
    case "label":
      return `Label ${named(rubric.labels)}`;
    case "decision":
      return "Model’s correction";
    case "correction":
      return "Own correction";
    case "verdict":
      return "Verdict";
    case "firstWrongStep":
      return "First wrong step";
    default:
      return "Error type";
  }
}
