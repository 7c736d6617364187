import type { Pool } from "../pool/types.js";
import type { Attempt, Reflection } from "../protocol/types.js";
import type { ReflectResult } from "../reflection/reflect.js";
import { accT2, liftRate, passAt1 } from "../runs/compare.js";
import type { BeforeAfter, DemoExample, DemoReport, Rate } from "../runs/demo-report.js";
import { bootstrapRatio, type Score } from "../runs/statistics.js";
import type { Comparison, Figure, RunInfo } from "../runs/types.js";
import type { Evaluation } from "../sampling/evaluate.js";
import type { SamplingResult } from "../sampling/pipeline.js";
import type { Case, Judgement } from "./demo-judge.js";
import type { DemoSizes } from "./demo-workspace.js";

/** The error pool after sampling. */
export interface PoolEvidence {
  scores: Awaited<ReturnType<Pool["groupScores"]>>;
  inPool: Attempt[];
  /** On attempts of the pool. */
  reflections: Reflection[];
}

export interface DemoResults {
  before: Evaluation;
  after: Evaluation;
  comparison: Comparison;
  sampled: SamplingResult;
  reflected: ReflectResult;
  pool: PoolEvidence;
  sizes: DemoSizes;
  info: RunInfo;
  seconds: Record<string, number>;
  judge: (cases: Case[]) => Promise<Judgement[]>;
  /** Of the held-out problems, by the problem's id. */
  generators: ReadonlyMap<string, unknown>;
  tokensPerSecond: number;
  backend: string;
  workspace: string;
}

/** From what the stages left to the report's figures. */
export async function figuresOf(results: DemoResults): Promise<DemoReport> {
  const { comparison, sampled, reflected, info, sizes } = results;
  const before = await figures(results.before, results);
  const after = await figures(results.after, results);
  const intervals = Object.fromEntries(
    Object.entries(before.rates).map(([rate, figure]) => [
      rate,
      { before: figure, after: after.rates[rate as Rate] },
    ]),
  ) as Record<Rate, BeforeAfter<Figure>>;
  const values = Object.fromEntries(
    Object.entries(intervals).map(([rate, pair]) => [
      rate,
      { before: pair.before.value, after: pair.after.value },
    ]),
  ) as Record<Rate, BeforeAfter<number>>;
  return {
    backend: results.backend,
    problems: sampled.problems,
    attempts: sampled.attempts,
    correct: sampled.correct,
    inPool: sampled.inPool,
    reflections: reflected.reflections,
    ...values,
    fixed: comparison.fixed.length,
    regressed: comparison.regressed.length,
    mcnemarP: comparison.mcnemarP,
    tokensPerSecond: results.tokensPerSecond,
    seconds: results.seconds,
    run: { steps: info.steps, method: info.method, id: info.id },
    model: results.before.modelId,
    trained: results.after.modelId,
    heldout: results.before.problems.length,
    group: sizes.group,
    intervals,
    pool: poolFigures(results.pool),
    examples: {
      fixed: comparison.fixed.slice(0, 3),
      regressed: comparison.regressed.slice(0, 3),
      reflection: after.example,
    },
    workspace: results.workspace,
  };
}

async function figures(
  evaluation: Evaluation,
  { judge, generators }: DemoResults,
): Promise<{ rates: Record<Rate, Figure>; example: DemoExample | null }> {
  const problems = new Map(evaluation.problems.map(({ problem }) => [problem.rowId, problem]));
  const attempts = new Map(evaluation.attempts.map((attempt) => [attempt.id, attempt]));
  const turns = evaluation.reflections.flatMap((reflection) => {
    const attempt = attempts.get(reflection.attemptId);
    const problem = attempt && problems.get(attempt.problemId);
    return attempt && problem ? [{ reflection, attempt, problem }] : [];
  });
  const judgements = await judge(
    turns.map(({ reflection, attempt, problem }) => ({
      generator: generators.get(problem.id),
      attempt: attempt.text,
      reflection: reflection.text,
    })),
  );
  const judged = turns.map((turn, i) => ({
    ...turn,
    found: judgements[i]?.found ?? false,
    fixed: isFix(turn.reflection),
  }));
  const rate = (of: typeof judged, hit: (turn: (typeof judged)[number]) => boolean): Figure => {
    const byProblem = new Map<number, { correct: number; scored: number }>();
    for (const turn of of) {
      const score = byProblem.get(turn.problem.rowId) ?? { correct: 0, scored: 0 };
      byProblem.set(turn.problem.rowId, {
        correct: score.correct + Number(hit(turn)),
        scored: score.scored + 1,
      });
    }
    return bootstrapRatio([...byProblem.values()]);
  };
  return {
    rates: {
      passAt1: passAt1(evaluation),
      fixRate: liftRate(evaluation, "reflection"),
      retryRate: liftRate(evaluation, "retry"),
      diagnosis: rate(judged, (turn) => turn.found),
      fixIfDiagnosed: rate(
        judged.filter((turn) => turn.found),
        (turn) => turn.fixed,
      ),
      fixIfMisdiagnosed: rate(
        judged.filter((turn) => !turn.found),
        (turn) => turn.fixed,
      ),
      accT2: accT2(evaluation),
    },
    example: example(judged.filter((turn) => turn.found && turn.fixed)),
  };
}

/** The one with the most lines: the most to read. */
function example(
  turns: { reflection: { text: string }; attempt: Attempt; problem: { problem: string; gold: string } }[],
): DemoExample | null {
  const lines = (text: string) => text.split("\n").length;
  const best = turns.toSorted((a, b) => lines(b.attempt.text) - lines(a.attempt.text))[0];
  if (!best) return null;
  const { problem, gold } = best.problem;
  return { problem, gold, wrong: best.attempt.text, reflection: best.reflection.text };
}

/**
 * The pool's own figures. The retry is the exact chance that another attempt of the same group is right, given this
 * wrong one: k of the other n - 1.
 */
function poolFigures({ scores, inPool, reflections }: PoolEvidence): DemoReport["pool"] {
  const counts = new Map(scores.map((score) => [score.problemRowId, score]));
  const problems = [...new Set(inPool.map((attempt) => attempt.problemId))];
  const retries: Score[] = [];
  const fixes: Score[] = [];
  for (const problemId of problems) {
    const { correct = 0, scored = 0 } = counts.get(problemId) ?? {};
    const wrong = inPool.filter((attempt) => attempt.problemId === problemId);
    retries.push({
      correct: scored > 1 ? (wrong.length * correct) / (scored - 1) : 0,
      scored: wrong.length,
    });
    const ids = new Set(wrong.map((attempt) => attempt.id));
    const own = reflections.filter(({ attemptId, verdict }) => ids.has(attemptId) && verdict !== "unscored");
    fixes.push({ correct: own.filter(isFix).length, scored: own.length });
  }
  return { fixRate: bootstrapRatio(fixes), retryRate: bootstrapRatio(retries) };
}

function isFix({ parsed, verdict }: Reflection): boolean {
  return parsed && verdict === "correct";
}
