import type { AttemptDetail, AttemptDispute, Cut } from "../pool/types.js";
import { roleOf } from "../protocol/agreement.js";
import type {
  Judgement,
  Overrule,
  ReviewItem,
  Said,
  SiblingCluster,
  SiblingView,
  SolutionView,
} from "../protocol/review.js";
import type { Rubric } from "../protocol/rubric.js";
import { cutSteps, type Step, stepsHash } from "../protocol/steps.js";
import type { Annotation, Grade, Reflection } from "../protocol/types.js";
import type { GroupCard } from "../protocol/verdicts.js";
import { answerHow, disputeOf } from "./dispute.js";
import type { StandsFor } from "./equivalent.js";
import { isEarlier, judged, ownCorrection, type Pass } from "./own.js";
import { refusals } from "./refusals.js";
import { aboutWords, saidWords } from "./words.js";

/** Grades of people's corrections, made while the panel is open; `undefined` where none is known yet. */
export type GradeOf = (text: string, gold: string) => Grade | undefined;

/** For whom an item is made, and what of it. */
export interface Reader {
  who: string;
  rubric: Rubric;
  gradeOf: GradeOf;
  /** Which answers mean the same. */
  standsFor: StandsFor;
  /** How it stands between graders. */
  between: AttemptDispute;
  /** Of its group, where it is known. */
  card: GroupCard | null;
  read: Pass;
  /** What this person said of it in this pass. */
  own: readonly Annotation[];
  /** Withholds what blind mode withholds. */
  hidden: boolean;
}

/** Were the steps frozen on another text than the attempt now has? Then numbers given before mean nothing now. */
export function isCutStale({ attempt, cut }: AttemptDetail): boolean {
  return cut !== null && cut.hash !== stepsHash(attempt.text);
}

/** How the attempt is cut into steps today, to be frozen before a step of it is named. */
export function cutOf(text: string): Cut {
  const spans = cutSteps(text).map(({ start, text: step }): [number, number] => [start, start + step.length]);
  return { hash: stepsHash(text), spans };
}

/** Everything the panel draws for one attempt. What is hidden is not in it. */
export function reviewItem(detail: AttemptDetail, reader: Reader): ReviewItem {
  const { attempt, problem } = detail;
  const { hidden } = reader;
  return {
    attemptId: attempt.id,
    problem: {
      set: problem.set,
      id: problem.id,
      text: problem.problem,
      gold: hidden ? null : problem.gold,
      ...(problem.level === undefined ? {} : { level: problem.level }),
      ...(problem.kind === undefined ? {} : { kind: problem.kind }),
    },
    modelId: attempt.modelId,
    solution: attemptView(detail),
    hidden,
    verdict: hidden ? null : attempt.verdict,
    reason: hidden ? null : attempt.reason,
    finish: attempt.finish,
    tokens: attempt.tokens,
    inPool: !hidden && attempt.inPool,
    errorType: hidden ? null : errorType(detail, reader.who),
    reflection: reflectionView(detail.reflections, hidden),
    group: hidden ? null : { correct: detail.correct, scored: detail.scored, size: detail.group },
    siblings: hidden ? [] : clusters(detail, reader.standsFor),
    others: hidden ? [] : others(detail, reader),
    overrules: hidden ? [] : overrules(detail, reader),
    graded: hidden ? null : reader.between.graded,
    opinions: hidden ? [] : reader.between.opinions,
    dispute: hidden ? null : disputeOf(reader.between),
    answerHow: hidden ? null : answerHow(attempt.reason),
    card: hidden ? null : reader.card,
    mine: judgement(detail, reader),
    refuses: refusals({ detail, own: reader.own, stale: isCutStale(detail) }),
  };
}

/** Another attempt of the same problem, to stand beside the item. */
export function siblingView(detail: AttemptDetail): SiblingView {
  const { attempt } = detail;
  return {
    attemptId: attempt.id,
    solution: attemptView(detail),
    verdict: attempt.verdict,
    reason: attempt.reason,
    modelId: attempt.modelId,
    sample: attempt.sample,
  };
}

function attemptView(detail: AttemptDetail): SolutionView {
  const { text, answer, answerSpan } = detail.attempt;
  const frozen = detail.cut && !isCutStale(detail) ? detail.cut.spans : null;
  const steps = frozen?.map(([start, end], i): Step => ({ n: i + 1, text: text.slice(start, end), start }));
  return { text, steps: steps ?? cutSteps(text), answer, span: answerSpan };
}

function reflectionView(reflections: Reflection[], hidden: boolean): ReviewItem["reflection"] {
  const newest = reflections[0];
  if (!newest) return null;
  const { correctedSolution: text, answer } = newest;
  return {
    id: newest.id,
    modelId: newest.modelId,
    text: newest.text,
    parsed: newest.parsed,
    analysis: newest.analysis,
    corrected: { text, steps: cutSteps(text), answer, span: null },
    verdict: hidden ? null : newest.verdict,
    reason: hidden ? null : newest.reason,
    count: reflections.length,
    fixed: hidden ? null : reflections.filter((r) => r.verdict === "correct").length,
  };
}

/** Attempts of the same problem by verdict and answer (equal ones together), the largest cluster first. */
function clusters({ siblings }: AttemptDetail, standsFor: StandsFor): SiblingCluster[] {
  const found = new Map<string, SiblingCluster>();
  for (const { id, answer: read, verdict } of siblings) {
    const answer = read === null ? null : standsFor(read);
    const key = JSON.stringify([verdict, answer]);
    const cluster = found.get(key) ?? { answer, verdict, attemptIds: [] };
    cluster.attemptIds.push(id);
    found.set(key, cluster);
  }
  return [...found.values()].sort((a, b) => b.attemptIds.length - a.attemptIds.length);
}

/** What somebody else said, newest first, else the generator or a machine. One's own stands in `mine`. */
function errorType(detail: AttemptDetail, who: string): string | null {
  const said = detail.annotations.findLast((a) => a.who !== who && a.value.kind === "errorType")?.value;
  return said?.kind === "errorType" ? said.value : detail.labelled;
}

function others(detail: AttemptDetail, { who, rubric }: Reader): Said[] {
  return detail.annotations
    .filter((a) => a.who !== who)
    .map((a) => ({
      who: named(a.who),
      at: a.at,
      machine: roleOf(a.who).role === "machine",
      words: saidWords(a.value, rubric),
    }))
    .filter(({ words }) => words !== "");
}

function named(who: string): string {
  const { name, role } = roleOf(who);
  return role === "adjudicator" ? `${name}, adjudicating` : name;
}

function overrules(detail: AttemptDetail, { who, read }: Reader): Overrule[] {
  return detail.overrules.flatMap(({ who: by, at, value }) =>
    value.kind === "verdict" && (read.pass === 1 || by !== who)
      ? [{ who: named(by), at, verdict: value.value }]
      : [],
  );
}

type Building = Omit<Judgement, "ratings" | "labels"> & { ratings: Record<string, number>; labels: string[] };

function judgement(detail: AttemptDetail, { own, rubric, gradeOf }: Reader): Judgement {
  const at = judged(detail);
  const mine: Building = { ratings: {}, labels: [] };
  for (const a of own) {
    if (a.target === at.target && a.targetId === at.id) ofReflection(mine, a);
    if (a.target === "attempt" && a.targetId === detail.attempt.id) ofAttempt(mine, a);
    if (a.target === "problem" && a.value.kind === "badProblem" && a.value.value) mine.badProblem = true;
  }
  const correction = correctionOf(detail, own, gradeOf);
  if (correction) mine.correction = correction;
  const earlier = own.filter((a) => isEarlier(a, detail)).map(({ value }) => saidWords(value, rubric));
  if (earlier.length > 0) mine.earlier = earlier;
  if (isCutStale(detail)) delete mine.firstWrong;
  return mine;
}

function ofReflection(mine: Building, { value }: Annotation): void {
  if (value.kind === "rating" && value.value !== null) mine.ratings[value.axis] = value.value;
  if (value.kind === "decision" && value.value !== null) mine.decision = value.value;
}

function correctionOf(
  detail: AttemptDetail,
  own: readonly Annotation[],
  gradeOf: GradeOf,
): Judgement["correction"] {
  const said = ownCorrection(own);
  if (said?.value.kind !== "correction" || said.value.value === null) return undefined;
  const text = said.value.value;
  const grade = gradeOf(text, detail.problem.gold);
  const about = aboutWords(detail, said);
  return {
    text,
    steps: cutSteps(text),
    answer: grade?.answer ?? null,
    span: grade?.span ?? null,
    verdict: grade?.verdict ?? null,
    reason: grade?.reason ?? "",
    ...(about === undefined ? {} : { about }),
  };
}

function ofAttempt(mine: Building, { value }: Annotation): void {
  if (value.kind === "note" && value.value !== null) mine.note = value.value;
  if (value.kind === "firstWrongStep" && value.value !== null) mine.firstWrong = value.value;
  if (value.kind === "verdict" && value.value !== null) mine.verdict = value.value;
  if (value.kind === "flag" && value.value) mine.flag = true;
  if (value.kind === "errorType" && value.value !== null) mine.errorType = value.value;
  if (value.kind === "label" && value.value) mine.labels.push(value.axis);
}
