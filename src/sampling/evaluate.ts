import { modelFingerprint } from "../inference/model/fingerprint.js";
import type { PromptFile } from "../inference/prompts.js";
import type { Pool, StoredProblem } from "../pool/types.js";
import type { Attempt, ModelEntry, Reflection, Report, SamplingOptions } from "../protocol/types.js";
import type { Throughput, Tools } from "../reflection/generate.js";
import { type AttemptLift, groupBy, type Lift, liftOf } from "../reflection/lift.js";
import { reflectOn } from "../reflection/reflect.js";
import { sampleGroups, samplePipeline } from "./pipeline.js";
import { type More, type SecondTurns, secondTurns } from "./second-turns.js";

export interface EvaluateJob {
  pool: Pool;
  model: ModelEntry;
  /** Row ids of held-out problems. */
  problems: number[];
  group: number;
  options: SamplingOptions;
  prompts: { solve: PromptFile; reflect: PromptFile };
  /** Further turns, each where its prompt is given. */
  more?: More;
  /** Said before each stage, e.g. the model's name when two are compared. */
  label?: string;
}

/** One problem under one model. */
export interface EvaluatedProblem {
  problem: StoredProblem;
  /** Right of scored first attempts (`truncated` ones are scored, as failures). */
  correct: number;
  scored: number;
  unscored: number;
  truncated: number;
  attemptIds: number[];
  /** Its wrong first attempts: fixed by reflection, and by plain retry. */
  lifts: AttemptLift[];
}

export interface Evaluation extends Throughput, SecondTurns {
  modelId: string;
  group: number;
  problems: EvaluatedProblem[];
  /** Over all wrong first attempts, of all groups. Oracle-gated. */
  lift: Lift;
  /** First attempts, and the one reflection on each wrong one. */
  attempts: Attempt[];
  reflections: Reflection[];
}

/**
 * Measures one model: G first attempts of each problem; then, on every wrong one, a reflection and a plain retry (a
 * fresh sample of the same prompt from a random stream of its own). Nothing of it enters the error pool. What was
 * measured before under the same settings is read, not made again.
 */
export async function evaluate(
  tools: Tools,
  job: EvaluateJob,
  report: Report,
  signal?: AbortSignal,
): Promise<Evaluation> {
  const { pool, model, group, options } = job;
  const stage = (name: string): string => (job.label ? `${job.label}: ${name}` : name);
  const common = { pool, model, problems: job.problems, group, options, prompt: job.prompts.solve };
  const first = await samplePipeline(
    tools,
    { ...common, purpose: "evaluation", stage: stage("first attempts") },
    report,
    signal,
  );
  // Without those that a person called bad: they leave every metric.
  const scores = await pool.groupScores(first.samplingId);
  const kept = new Set(scores.map(({ problemRowId }) => problemRowId));
  const problems = job.problems.filter((id) => kept.has(id));
  const wanted = new Set(problems);
  const attempts = (await pool.attemptsOfSampling(first.samplingId)).filter((a) => wanted.has(a.problemId));
  const wrong = attempts.filter((attempt) => attempt.verdict === "incorrect");
  const reflected = await reflectOn(
    tools,
    {
      ...{ pool, model, options, attemptIds: wrong.map((attempt) => attempt.id), samples: 1 },
      ...{ prompt: job.prompts.reflect, stage: stage("reflections") },
    },
    report,
    signal,
  );
  const retried = await retry(tools, { ...common, stage: stage("plain retries") }, wrong, report, signal);
  const reflections = (
    await pool.reflectionsOf(
      wrong.map((attempt) => attempt.id),
      model.id,
      reflected.settings,
    )
  ).filter((reflection) => reflection.sample === 0);
  const lift = liftOf(wrong, reflections, retried.retries);
  const further = await secondTurns(
    tools,
    {
      ...{ pool, model, options, attempts, reflections, stage },
      ...{ more: job.more ?? {}, reflect: job.prompts.reflect },
    },
    report,
    signal,
  );
  return {
    modelId: model.id,
    group,
    problems: byProblem(await pool.problems(problems), attempts, lift),
    ...{ lift, attempts, reflections, ...further.turns },
    ...sum([first, reflected, retried, ...further.cost]),
  };
}

/** One retry of each wrong attempt, stored under the number of the sample that it retries. */
async function retry(
  tools: Tools,
  job: Omit<Parameters<typeof samplePipeline>[1], "purpose">,
  wrong: Attempt[],
  report: Report,
  signal?: AbortSignal,
): Promise<Throughput & { retries: Map<number, Attempt[]> }> {
  const { pool, model, group, options } = job;
  const key = (attempt: Attempt): string => `${attempt.problemId}:${attempt.sample}`;
  const failed = new Set(wrong.map(key));
  const problems = [...new Set(wrong.map((attempt) => attempt.problemId))];
  const { samplingId, groups } = await pool.openSampling(
    {
      ...{ modelId: model.id, modelHash: await modelFingerprint(model), purpose: "retry" },
      ...{ group, options, prompt: job.prompt.source },
    },
    problems,
  );
  const open = groups
    .map((g) => ({ ...g, missing: g.missing.filter((n) => failed.has(`${g.problem.rowId}:${n}`)) }))
    .filter((g) => g.missing.length > 0);
  const missing = open.reduce((total, g) => total + g.missing.length, 0);
  const throughput = await sampleGroups(
    tools,
    { ...job, groups: open, doneBefore: wrong.length - missing, streamOffset: group },
    report,
    signal,
  );
  const made = new Map((await pool.attemptsOfSampling(samplingId)).map((attempt) => [key(attempt), attempt]));
  const retries = new Map(
    wrong.map((attempt) => {
      const again = made.get(key(attempt));
      return [attempt.id, again ? [again] : []];
    }),
  );
  return { ...throughput, retries };
}

function byProblem(problems: StoredProblem[], attempts: Attempt[], lift: Lift): EvaluatedProblem[] {
  const attemptsOf = groupBy(attempts, (attempt) => attempt.problemId);
  const liftsOf = groupBy(lift.attempts, (attempt) => attempt.problemId);
  return problems.map((problem) => {
    const own = attemptsOf.get(problem.rowId) ?? [];
    const count = (verdict: Attempt["verdict"]): number => own.filter((a) => a.verdict === verdict).length;
    const unscored = count("unscored");
    return {
      problem,
      ...{
        correct: count("correct"),
        scored: own.length - unscored,
        unscored,
        truncated: count("truncated"),
      },
      attemptIds: own.map((attempt) => attempt.id),
      lifts: liftsOf.get(problem.rowId) ?? [],
    };
  });
}

function sum(parts: Throughput[]): Throughput {
  const add = (of: (part: Throughput) => number): number => parts.reduce((n, part) => n + of(part), 0);
  const seconds = add((part) => part.seconds);
  const tokens = add((part) => part.tokens);
  const loaded = parts.find((part) => part.backend !== null);
  return {
    ...{
      made: add((part) => part.made),
      tokens,
      seconds,
      tokensPerSecond: seconds > 0 ? tokens / seconds : 0,
    },
    ...{ backend: loaded?.backend ?? null, notTaken: loaded?.notTaken ?? [] },
  };
}
