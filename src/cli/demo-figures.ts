import type { Pool, StoredProblem } from "../pool/types.js";
import type { Attempt, Reflection } from "../protocol/types.js";
import { groupBy } from "../reflection/lift.js";
import type { ReflectResult } from "../reflection/reflect.js";
import { isFix } from "../runs/compare.js";
import type { BeforeAfter, DemoExample, DemoReport, Rate } from "../runs/demo-report.js";
import { bootstrapRatio, type Score } from "../runs/statistics.js";
import type { Comparison, Figure, Pair, RunInfo } from "../runs/types.js";
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
  /** The trained model's reflections on the base model's wrong attempts. */
  crossed: Reflection[];
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
  const { comparison, sampled, reflected, info, sizes, before, after } = results;
  const base = await judged(before, before.reflections, results);
  const trained = await judged(before, results.crossed, results);
  const own = await judged(after, after.reflections, results);
  const pair = (of: (turns: Turn[]) => Figure) => ({ before: of(base), after: of(trained) });
  const found = (turns: Turn[]) => turns.filter((turn) => turn.found);
  const missed = (turns: Turn[]) => turns.filter((turn) => !turn.found);
  const intervals: Record<Rate, BeforeAfter<Figure>> = {
    passAt1: sides(comparison.passAt1),
    fixRate: sides(comparison.fixRate),
    retryRate: sides(comparison.retryRate),
    diagnosis: pair((turns) => share(turns, (turn) => turn.found)),
    fixIfDiagnosed: pair((turns) => share(found(turns), (turn) => turn.fixed)),
    fixIfMisdiagnosed: pair((turns) => share(missed(turns), (turn) => turn.fixed)),
    accT2: sides(comparison.accT2),
  };
  const values = Object.fromEntries(
    Object.entries(intervals).map(([rate, { before, after }]) => [
      rate,
      { before: before.value, after: after.value },
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
    model: before.modelId,
    trained: after.modelId,
    heldout: before.problems.length,
    group: sizes.group,
    intervals,
    own: { ...comparison.own, diagnosis: share(own, (turn) => turn.found) },
    pool: poolFigures(results.pool),
    examples: {
      fixed: comparison.fixed.slice(0, 3),
      regressed: comparison.regressed.slice(0, 3),
      reflection: example(base, trained),
    },
    workspace: results.workspace,
  };
}

/** A second turn with the truth about it. */
interface Turn {
  attempt: Attempt;
  problem: StoredProblem;
  text: string;
  /** It names the first wrong line and the misconception. */
  found: boolean;
  fixed: boolean;
}

/** Reflections on the wrong attempts of an evaluation. */
async function judged(
  { problems, attempts }: Evaluation,
  reflections: readonly Reflection[],
  { judge, generators }: DemoResults,
): Promise<Turn[]> {
  const problemOf = new Map(problems.map(({ problem }) => [problem.rowId, problem]));
  const attemptOf = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const turns = reflections.flatMap((reflection) => {
    const attempt = attemptOf.get(reflection.attemptId);
    const problem = attempt && problemOf.get(attempt.problemId);
    return attempt && problem ? [{ reflection, attempt, problem }] : [];
  });
  const judgements = await judge(
    turns.map(({ reflection, attempt, problem }) => ({
      generator: generators.get(problem.id),
      attempt: attempt.text,
      reflection: reflection.text,
    })),
  );
  return turns.map(({ reflection, attempt, problem }, i) => ({
    attempt,
    problem,
    text: reflection.text,
    found: judgements[i]?.found ?? false,
    fixed: isFix(reflection),
  }));
}

function sides({ a, b }: Pair): BeforeAfter<Figure> {
  return { before: a, after: b };
}

/** Share of turns, by problem. */
function share(turns: readonly Turn[], hit: (turn: Turn) => boolean): Figure {
  const byProblem = groupBy(turns, (turn) => turn.problem.rowId);
  return bootstrapRatio(
    [...byProblem.values()].map((own) => ({ correct: own.filter(hit).length, scored: own.length })),
  );
}

/**
 * The longest wrong attempt that the base model misread and did not mend, and the trained one read rightly and
 * mended; null when there is none.
 */
function example(base: readonly Turn[], trained: readonly Turn[]): DemoExample | null {
  const missed = new Map(
    base.filter((turn) => !turn.found && !turn.fixed).map((turn) => [turn.attempt.id, turn]),
  );
  const lines = (turn: Turn) => turn.attempt.text.split("\n").length;
  const best = trained
    .filter((turn) => turn.found && turn.fixed && missed.has(turn.attempt.id))
    .toSorted((a, b) => lines(b) - lines(a))[0];
  const before = best && missed.get(best.attempt.id);
  if (!before) return null;
  const { problem, gold } = best.problem;
  return { problem, gold, wrong: best.attempt.text, before: before.text, after: best.text };
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
