import { modelFingerprint } from "../inference/model/fingerprint.js";
import { type PromptFile, renderPrompt } from "../inference/prompts.js";
import type { NewAttempt, OpenGroup, Pool, SamplingPurpose } from "../pool/types.js";
import type { Attempt, ModelEntry, Report, SamplingOptions, Verdict } from "../protocol/types.js";
import { generateAndStore, generationOf, type Throughput, type Tools } from "../reflection/generate.js";
import { about } from "../reflection/watch.js";

export interface SamplingJob {
  pool: Pool;
  model: ModelEntry;
  /** Row ids in the pool (`Pool.putProblems`). */
  problems: number[];
  /** G: attempts of each problem. */
  group: number;
  options: SamplingOptions;
  /** The `solve` prompt: variable `problem`. */
  prompt: PromptFile;
  /** Default `sample`, which alone feeds the error pool. */
  purpose?: SamplingPurpose;
  /** What people see it called. */
  stage?: string;
}

export interface SamplingResult extends Throughput {
  samplingId: number;
  problems: number;
  /** Of these problems in this sampling, made now or before. */
  attempts: number;
  correct: number;
  incorrect: number;
  unscored: number;
  truncated: number;
  inPool: number;
  /** Of these problems, those that a person called bad: they are in none of the counts. */
  badProblems: number;
}

/**
 * Samples G attempts of each problem, grades each and stores it as it ends; the pool's filter follows as groups come
 * to have a figure. The same job again makes only what is missing, so a sampling that was cancelled or killed goes
 * on. On abort, what has ended is stored, then this rejects with the signal's reason.
 */
export async function samplePipeline(
  tools: Tools,
  job: SamplingJob,
  report: Report,
  signal?: AbortSignal,
): Promise<SamplingResult> {
  const { pool } = job;
  const purpose = job.purpose ?? "sample";
  const problems = [...new Set(job.problems)];
  const spec = {
    ...{ modelId: job.model.id, modelHash: await modelFingerprint(job.model) },
    ...{ purpose, group: job.group },
    ...{ options: job.options, prompt: job.prompt.source },
  };
  const { samplingId, groups } = await pool.openSampling(spec, problems);
  const doneBefore = problems.length * job.group - countOf(groups);
  const throughput = await sampleGroups(tools, { ...job, groups, doneBefore }, report, signal);
  const badProblems = await pool.badProblems({ problemRowIds: problems });
  const wanted = new Set(badProblems === 0 ? problems : await countedOf(pool, samplingId, problems));
  const attempts = (await pool.attemptsOfSampling(samplingId)).filter((a) => wanted.has(a.problemId));
  const count = (verdict: Verdict): number => attempts.filter((a) => a.verdict === verdict).length;
  return {
    ...throughput,
    ...{ samplingId, problems: problems.length - badProblems, badProblems, attempts: attempts.length },
    ...{ correct: count("correct"), incorrect: count("incorrect") },
    ...{ unscored: count("unscored"), truncated: count("truncated") },
    inPool: attempts.filter((a: Attempt) => a.inPool).length,
  };
}

/** Those that no person called bad. */
async function countedOf(pool: Pool, samplingId: number, problems: readonly number[]): Promise<number[]> {
  const good = new Set((await pool.groupScores(samplingId)).map(({ problemRowId }) => problemRowId));
  return problems.filter((id) => good.has(id));
}

interface GroupsJob extends SamplingJob {
  groups: OpenGroup[];
  doneBefore: number;
  /** Added to a sample's number for its random stream: a retry is another sample of the same prompt. */
  streamOffset?: number;
}

/** Makes what is missing of open groups. */
export async function sampleGroups(
  tools: Tools,
  job: GroupsJob,
  report: Report,
  signal?: AbortSignal,
): Promise<Throughput> {
  const offset = job.streamOffset ?? 0;
  const problems = new Map(job.groups.map(({ groupId, problem }) => [groupId, problem]));
  return generateAndStore<NewAttempt>(
    tools,
    {
      stage: job.stage ?? "Sampling",
      ...{ model: job.model, options: job.options, doneBefore: job.doneBefore },
      jobs: job.groups.map(({ groupId, problem, missing }) => ({
        key: String(groupId),
        messages: renderPrompt(job.prompt, { problem: problem.problem }),
        samples: missing.map((sample) => sample + offset),
      })),
      subject: (key, sample) => ({
        what: "attempt",
        ...about(problems.get(Number(key))),
        ...{ sample: sample - offset, of: job.group },
      }),
      grade: async (row) => {
        const groupId = Number(row.key);
        return {
          ...{ groupId, sample: row.sample - offset, generation: generationOf(row) },
          grade: await tools.grader.grade(row.text, problems.get(groupId)?.gold ?? ""),
        };
      },
      store: (rows) => job.pool.putAttempts(rows),
    },
    report,
    signal,
  );
}

function countOf(groups: OpenGroup[]): number {
  return groups.reduce((sum, group) => sum + group.missing.length, 0);
}
