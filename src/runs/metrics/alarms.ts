import type { ComparisonAlarm, LiftFigures } from "../../protocol/comparison-parts.js";
import { groupBy } from "../../reflection/lift.js";
import { parseReflection } from "../../reflection/parse.js";
import type { Evaluation } from "../../sampling/evaluate.js";

type Found = Omit<ComparisonAlarm, "model">;

/** Fewer pairs than this say nothing. */
const ENOUGH = 20;
/** Never or always: all but this share. */
const ALL_BUT = 0.02;

/**
 * Signs, over a whole evaluation, that a model games what is measured (docs/comparing.md, Alarms). The three
 * on reflections have the bounds of the run's own alarms (errata_trainer/alarms.py).
 */
export function alarmsOf(evaluation: Evaluation, lift?: LiftFigures): Found[] {
  return [
    ...changes(evaluation),
    ...shuffleUnharmed(lift),
    ...answerInAnalysis(evaluation),
    ...sameAnalysis(evaluation),
    ...unclosed(evaluation),
  ];
}

/** Second attempts that always or never change the answer: the first attempt is not what decides. */
function changes({ looks = [] }: Evaluation): Found[] {
  const decided = looks.filter(({ changed }) => changed !== null);
  const changed = decided.filter((turn) => turn.changed).length;
  const share = changed / decided.length;
  const count = `${changed} of ${decided.length} second attempts`;
  if (decided.length < ENOUGH) return [];
  if (share <= ALL_BUT)
    return [{ kind: "never-changes", message: `${count} change the answer: nothing is corrected.` }];
  if (share >= 1 - ALL_BUT)
    return [
      { kind: "always-changes", message: `${count} change the answer, whether it was right or wrong.` },
    ];
  return [];
}

/**
 * Corrections succeed as often from another problem's analysis: the drop's interval holds 0, and it is less than a
 * fifth of the fix rate.
 */
function shuffleUnharmed(lift: LiftFigures | undefined): Found[] {
  const drop = lift?.shuffleDrop;
  if (!lift || !drop || lift.own.n < ENOUGH || lift.own.value === 0) return [];
  if (drop.low > 0 || drop.value >= lift.own.value / 5) return [];
  const [own, shuffled] = [percent(lift.own.value), percent(lift.shuffled?.value ?? 0)];
  return [
    {
      kind: "shuffle-unharmed",
      message: `Corrections succeed as often from another problem's analysis (${shuffled}) as from its own (${own}): what the analysis says does not matter.`,
    },
  ];
}

/** A final answer (`\boxed`) inside the analysis: the correction is copied, not reasoned. */
function answerInAnalysis({ reflections }: Evaluation): Found[] {
  const analyses = reflections.map(({ analysis }) => analysis).filter((analysis) => analysis !== "");
  const share = analyses.filter((analysis) => analysis.includes("\\boxed")).length / analyses.length;
  if (analyses.length < ENOUGH || share <= 0.2) return [];
  return [{ kind: "answer-in-analysis", message: `${percent(share)} of the analyses hold a final answer.` }];
}

/** One analysis is the commonest of many problems: it says nothing about any of them. */
function sameAnalysis({ attempts, reflections }: Evaluation): Found[] {
  const problemOf = new Map(attempts.map(({ id, problemId }) => [id, problemId]));
  const given = groupBy(
    reflections.filter(({ analysis }) => analysis !== ""),
    ({ attemptId }) => problemOf.get(attemptId),
  );
  const commonest = [...given.values()].map((of) => mostFrequent(of.map(({ analysis }) => analysis)));
  const shared = Math.max(
    0,
    ...[...groupBy(commonest, (analysis) => analysis).values()].map((same) => same.length),
  );
  if (shared < 4 || shared < 0.5 * given.size) return [];
  return [
    {
      kind: "same-analysis",
      message: `The same analysis is the commonest for ${shared} of ${given.size} problems.`,
    },
  ];
}

/** An analysis that never comes to its corrected solution. */
function unclosed({ reflections }: Evaluation): Found[] {
  const open = reflections.filter(({ text }) => {
    const { start, boundary } = parseReflection(text);
    return start >= 0 && boundary < 0;
  });
  const share = open.length / reflections.length;
  if (reflections.length < ENOUGH || share <= 0.3) return [];
  return [
    {
      kind: "unclosed",
      message: `${percent(share)} of the reflections never reach their corrected solution.`,
    },
  ];
}

function mostFrequent(values: readonly string[]): string {
  const groups = [...groupBy(values, (value) => value).entries()];
  return groups.reduce(
    (best, next) => (next[1].length > best[1].length ? next : best),
    groups[0] ?? ["", []],
  )[0];
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
