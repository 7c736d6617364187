import type { Pool, StoredProblem } from "../pool/types.js";
import type { Change, Comparison } from "../protocol/comparison.js";
import type { Attempt, Reflection } from "../protocol/types.js";
import { groupBy } from "../reflection/lift.js";
import type { ReflectResult } from "../reflection/reflect.js";
import { change, isFix } from "../runs/comparison.js";
import type { BeforeAfter, DemoExample, DemoReport, Rate } from "../runs/demo-report.js";
import { bootstrapRatio, type Score } from "../runs/statistics.js";
import type { RunInfo } from "../runs/types.js";
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
  const found = (turn: Turn) => turn.found;
  const missed = (turn: Turn) => !turn.found;
  const anyTurn = () => true;
  const fixed = (turn: Turn) => turn.fixed;
  // The same problems on both sides, so that the difference is paired.
  const rows = before.problems.map(({ problem }) => problem.rowId);
  const changed = (which: (turn: Turn) => boolean, hit: (turn: Turn) => boolean): Change =>
    change(scores(base.filter(which), hit, rows), scores(trained.filter(which), hit, rows));
  const changes: Record<Rate, Change> = {
    passAt1: comparison.passAt1,
    fixRate: comparison.fixRate,
    retryRate: comparison.retryRate,
    diagnosis: changed(anyTurn, found),
    fixIfDiagnosed: changed(found, fixed),
    fixIfMisdiagnosed: changed(missed, fixed),
    accT2: comparison.accT2,
  };
  const entries = Object.entries(changes);
  const intervals = Object.fromEntries(
    entries.map(([rate, { a, b, difference }]) => [rate, { before: a, after: b, difference }]),
  ) as DemoReport["intervals"];
  const values = Object.fromEntries(
    entries.map(([rate, { a, b }]) => [rate, { before: a.value, after: b.value }]),
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
    own: { ...comparison.own, diagnosis: bootstrapRatio(scores(own, found, rows)) },
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

/** Hits of turns by problem, one score for each of `rows`. */
function scores(turns: readonly Turn[], hit: (turn: Turn) => boolean, rows: readonly number[]): Score[] {
  const byProblem = groupBy(turns, (turn) => turn.problem.rowId);
  return rows.map((rowId) => {
    const own = byProblem.get(rowId) ?? [];
    return { correct: own.filter(hit).length, scored: own.length };
  });
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
  // A tiny model now and then garbles a line: such an attempt is counted like any other, but says little to a reader.
  const tidy = ({ attempt }: Turn) =>
    attempt.text.split("\n").every((line) => /^\$[^$]+\$$|^\\boxed/.test(line));
  const best = trained
    .filter((turn) => turn.found && turn.fixed && missed.has(turn.attempt.id))
    .toSorted((a, b) => Number(tidy(b)) - Number(tidy(a)) || lines(b) - lines(a))[0];
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
