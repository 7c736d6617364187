import type { ComparedProblem, Comparison, Figure } from "../protocol/comparison.js";
import type { Reflection } from "../protocol/types.js";
import type { EvaluatedProblem, Evaluation } from "../sampling/evaluate.js";
import { alarmsOf } from "./metrics/alarms.js";
import { boundary } from "./metrics/boundary.js";
import { intrinsic } from "./metrics/intrinsic.js";
import { liftFigures } from "./metrics/lift.js";
import { ratioChange as change } from "./metrics/paired.js";
import { passCurve } from "./metrics/pass-at-k.js";
import { verification } from "./metrics/verification.js";
import { bootstrapMean, bootstrapRatio, mcnemarExact, pairedDifference, type Score } from "./statistics.js";

export { change };

/**
 * The comparison of two evaluations of the same problems (docs/comparing.md); `crossed` are B's reflections on A's
 * wrong attempts. Pure: no sampling.
 */
export function compareEvaluations(
  a: Evaluation,
  b: Evaluation,
  crossed: readonly Reflection[],
  problems: string,
): Comparison {
  const byRow = new Map(b.problems.map((problem) => [problem.problem.rowId, problem]));
  const pairs = a.problems.flatMap((before) => {
    const after = byRow.get(before.problem.rowId);
    return after && before.scored > 0 && after.scored > 0 ? [{ before, after }] : [];
  });
  const compared = pairs.map(({ before, after }) => ({ ...joined(before, after), before, after }));
  const fixed = compared.filter(({ before, after }) => !solved(before) && solved(after));
  const regressed = compared.filter(({ before, after }) => solved(before) && !solved(after));
  const both = compared.filter(({ before, after }) => solved(before) && solved(after)).length;
  return {
    modelA: a.modelId,
    modelB: b.modelId,
    problems,
    protocol: "oracle-gated",
    group: a.group,
    passAt1: {
      a: passAt1(a),
      b: passAt1(b),
      difference: pairedDifference(
        pairs.map(({ before }) => rate(before)),
        pairs.map(({ after }) => rate(after)),
      ),
    },
    accT2: change(
      pairs.map(({ before }) => second(before)),
      pairs.map(({ after }) => second(after)),
    ),
    fixRate: change(a.problems.map(fixes), a.problems.map(fixesBy(crossed))),
    retryRate: change(a.problems.map(retries), a.problems.map(retriesBy(b))),
    own: {
      fixRate: bootstrapRatio(b.problems.map(fixes)),
      retryRate: bootstrapRatio(b.problems.map(retries)),
    },
    table: {
      both,
      onlyA: regressed.length,
      onlyB: fixed.length,
      neither: compared.length - both - regressed.length - fixed.length,
    },
    fixed: byChange(fixed),
    regressed: byChange(regressed),
    mcnemarP: mcnemarExact(regressed.length, fixed.length),
    unscored: { a: unscored(a), b: unscored(b) },
    createdAt: new Date().toISOString(),
    truncated: { a: truncated(a), b: truncated(b) },
    unscoredFixes: {
      a: a.problems.flatMap(({ lifts }) => lifts).filter(({ reflection }) => reflection.unscored > 0).length,
      b: crossed.filter(({ verdict }) => verdict === "unscored").length,
    },
    passAtK: passCurve(
      pairs.map(({ before }) => before),
      pairs.map(({ after }) => after),
      a.group,
    ),
    boundary: boundary(
      pairs.map(({ before }) => before),
      pairs.map(({ after }) => after),
    ),
    ...further(a, b),
  };
}

/** What was measured beyond first attempts, reflections and retries, under both models. */
function further(
  a: Evaluation,
  b: Evaluation,
): Pick<Comparison, "intrinsic" | "verification" | "lift" | "alarms"> {
  const problems = a.problems.map(({ problem }) => problem.rowId);
  const lift = a.lifts &&
    b.lifts && {
      protocol: "oracle-gated" as const,
      a: liftFigures(problems, a.lifts),
      b: liftFigures(problems, b.lifts),
    };
  return {
    ...(a.looks && b.looks && { intrinsic: intrinsic(problems, a.looks, b.looks) }),
    ...(a.verifications &&
      b.verifications && { verification: verification(problems, a.verifications, b.verifications) }),
    ...(lift && { lift }),
    alarms: [
      ...alarmsOf(a, lift?.a).map((alarm) => ({ ...alarm, model: "a" as const })),
      ...alarmsOf(b, lift?.b).map((alarm) => ({ ...alarm, model: "b" as const })),
    ],
  };
}

/** Mean over problems of the share of scored first attempts that are right. `n` is the number of problems. */
export function passAt1({ problems }: Evaluation): Figure {
  return bootstrapMean(problems.filter((problem) => problem.scored > 0).map(rate));
}

/** Scored first attempts that are right, or wrong and then mended by one reflection (oracle-gated). */
function second({ correct, scored, lifts }: EvaluatedProblem): Score {
  return { correct: correct + lifts.reduce((sum, lift) => sum + lift.reflection.fixed, 0), scored };
}

/** Wrong first attempts that the same model's reflection mends. */
function fixes({ lifts }: EvaluatedProblem): Score {
  return tally(lifts.map((lift) => lift.reflection));
}

/** Wrong first attempts where the same model's plain retry is right. */
function retries({ lifts }: EvaluatedProblem): Score {
  return tally(lifts.map((lift) => lift.retry));
}

function tally(tallies: readonly { fixed: number; scored: number }[]): Score {
  return {
    correct: tallies.reduce((sum, { fixed }) => sum + fixed, 0),
    scored: tallies.reduce((sum, { scored }) => sum + scored, 0),
  };
}

/** Wrong first attempts that another model's reflection on them mends. */
function fixesBy(crossed: readonly Reflection[]): (problem: EvaluatedProblem) => Score {
  const byAttempt = new Map(crossed.map((reflection) => [reflection.attemptId, reflection]));
  return ({ lifts }) => {
    const own = lifts.flatMap(({ attemptId }) => byAttempt.get(attemptId) ?? []);
    const scored = own.filter(({ verdict }) => verdict !== "unscored");
    return { correct: scored.filter(isFix).length, scored: scored.length };
  };
}

/**
 * Chance that another model's fresh attempt is right where this one's was wrong: its share on the problem, once per
 * wrong attempt. The first attempts of the other model are fresh ones, and there are more of them than retries.
 */
function retriesBy(other: Evaluation): (problem: EvaluatedProblem) => Score {
  const byRow = new Map(other.problems.map((problem) => [problem.problem.rowId, problem]));
  return ({ problem, lifts }) => {
    const same = byRow.get(problem.rowId);
    if (!same || same.scored === 0) return { correct: 0, scored: 0 };
    return { correct: lifts.length * rate(same), scored: lifts.length };
  };
}

/** A reflection counts as a fix when both sections are there and the correction's answer is right. */
export function isFix({ parsed, verdict }: Pick<Reflection, "parsed" | "verdict">): boolean {
  return parsed && verdict === "correct";
}

/** A model solves a problem when at least half of its scored samples are right. */
function solved({ correct, scored }: EvaluatedProblem): boolean {
  return scored > 0 && 2 * correct >= scored;
}

function rate({ correct, scored }: EvaluatedProblem): number {
  return correct / scored;
}

function unscored({ problems }: Evaluation): number {
  return problems.reduce((sum, problem) => sum + problem.unscored, 0);
}

function truncated({ problems }: Evaluation): number {
  return problems.reduce((sum, problem) => sum + problem.truncated, 0);
}

function joined(before: EvaluatedProblem, after: EvaluatedProblem): ComparedProblem {
  const { rowId, problem, gold, level, kind } = before.problem;
  const side = ({ correct, scored, attemptIds }: EvaluatedProblem) => ({ correct, scored, attemptIds });
  return {
    problemRowId: rowId,
    problem,
    gold,
    ...(level === undefined ? {} : { level }),
    ...(kind === undefined ? {} : { kind }),
    a: side(before),
    b: side(after),
  };
}

type WithSides = ComparedProblem & { before: EvaluatedProblem; after: EvaluatedProblem };

/** Largest change first; without the evaluations, which are not part of the answer. */
function byChange(problems: WithSides[]): ComparedProblem[] {
  const change = ({ before, after }: WithSides) => Math.abs(rate(after) - rate(before));
  return problems
    .toSorted((x, y) => change(y) - change(x))
    .map(({ before: _before, after: _after, ...compared }) => compared);
}
