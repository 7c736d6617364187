import type { AttemptDetail } from "../../pool/types.js";
import type { Judgement, ReviewItem, SiblingCluster, SolutionView } from "../../protocol/review.js";
import { cutSteps } from "../../protocol/steps.js";
import type { Annotation, AnnotationTarget, Grade, Reflection } from "../../protocol/types.js";

/** What a rating, a decision or a correction is about: the newest reflection, or the attempt where there is none. */
export function judged(detail: AttemptDetail): { target: AnnotationTarget; id: number } {
  const reflection = detail.reflections[0];
  return reflection
    ? { target: "reflection", id: reflection.id }
    : { target: "attempt", id: detail.attempt.id };
}

/** Grades of people's corrections, made while the panel is open; `undefined` where none is known yet. */
export type GradeOf = (text: string, gold: string) => Grade | undefined;

/** Everything the panel draws for one attempt, with what `who` said of it. */
export function reviewItem(detail: AttemptDetail, who: string, gradeOf: GradeOf): ReviewItem {
  const { attempt, problem } = detail;
  return {
    attemptId: attempt.id,
    problem: {
      set: problem.set,
      id: problem.id,
      text: problem.problem,
      gold: problem.gold,
      ...(problem.level === undefined ? {} : { level: problem.level }),
      ...(problem.kind === undefined ? {} : { kind: problem.kind }),
    },
    modelId: attempt.modelId,
    solution: solutionView(attempt.text, attempt.answer, attempt.answerSpan),
    verdict: attempt.verdict,
    reason: attempt.reason,
    finish: attempt.finish,
    tokens: attempt.tokens,
    inPool: attempt.inPool,
    errorType: attempt.errorType,
    reflection: reflectionView(detail.reflections),
    group: { correct: detail.correct, scored: detail.scored, size: detail.group },
    siblings: clusters(detail),
    mine: judgement(detail, who, gradeOf),
  };
}

function solutionView(text: string, answer: string | null, span: [number, number] | null): SolutionView {
  return { text, steps: cutSteps(text), answer, span };
}

function reflectionView(reflections: Reflection[]): ReviewItem["reflection"] {
  const newest = reflections[0];
  if (!newest) return null;
  return {
    id: newest.id,
    modelId: newest.modelId,
    text: newest.text,
    parsed: newest.parsed,
    analysis: newest.analysis,
    corrected: solutionView(newest.correctedSolution, newest.answer, null),
    verdict: newest.verdict,
    reason: newest.reason,
    count: reflections.length,
    fixed: reflections.filter((r) => r.verdict === "correct").length,
  };
}

/** Attempts of the same problem by verdict and answer, the largest cluster first. */
function clusters(detail: AttemptDetail): SiblingCluster[] {
  const found = new Map<string, SiblingCluster>();
  for (const s of detail.siblings) {
    const key = `${s.verdict}\u0000${s.answer ?? ""}`;
    const cluster = found.get(key) ?? { answer: s.answer, verdict: s.verdict, attemptIds: [] };
    cluster.attemptIds.push(s.id);
    found.set(key, cluster);
  }
  // A sibling list may or may not hold the attempt itself; the clusters always do.
  const { attempt } = detail;
  if (!detail.siblings.some((s) => s.id === attempt.id)) {
    const key = `${attempt.verdict}\u0000${attempt.answer ?? ""}`;
    const cluster = found.get(key) ?? { answer: attempt.answer, verdict: attempt.verdict, attemptIds: [] };
    cluster.attemptIds.push(attempt.id);
    found.set(key, cluster);
  }
  return [...found.values()].sort((a, b) => b.attemptIds.length - a.attemptIds.length);
}

function judgement(detail: AttemptDetail, who: string, gradeOf: GradeOf): Judgement {
  const at = judged(detail);
  const mine: Judgement = {};
  const own = detail.annotations.filter((a) => a.who === who);
  for (const a of own) {
    if (a.target === at.target && a.targetId === at.id) ofReflection(mine, a, detail.problem.gold, gradeOf);
    if (a.target === "attempt" && a.targetId === detail.attempt.id) ofAttempt(mine, a);
    if (a.target === "problem" && a.value.kind === "badProblem" && a.value.value) mine.badProblem = true;
  }
  return mine;
}

function ofReflection(mine: Judgement, { value }: Annotation, gold: string, gradeOf: GradeOf): void {
  if (value.kind === "rating" && value.axis === "overall" && value.value !== null) mine.rating = value.value;
  if (value.kind === "decision" && value.value !== null) mine.decision = value.value;
  if (value.kind === "correction" && value.value !== null) {
    const grade = gradeOf(value.value, gold);
    mine.correction = {
      ...solutionView(value.value, grade?.answer ?? null, grade?.span ?? null),
      verdict: grade?.verdict ?? null,
      reason: grade?.reason ?? "",
    };
  }
}

function ofAttempt(mine: Judgement, { value }: Annotation): void {
  if (value.kind === "note" && value.value !== null) mine.note = value.value;
  if (value.kind === "firstWrongStep" && value.value !== null) mine.firstWrong = value.value;
  if (value.kind === "verdict" && value.value !== null) mine.verdict = value.value;
  if (value.kind === "flag" && value.value) mine.flag = true;
}
