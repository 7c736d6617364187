import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { findPrompt } from "../inference/prompts.js";
import type { Pool } from "../pool/types.js";
import { readProblemSet } from "../problems/index.js";
import type { Comparison } from "../protocol/comparison.js";
import {
  ErrataError,
  type ModelEntry,
  type Reflection,
  type Report,
  type SamplingOptions,
} from "../protocol/types.js";
import type { Throughput, Tools } from "../reflection/generate.js";
import { reflectOn } from "../reflection/reflect.js";
import { type Evaluation, evaluate } from "../sampling/evaluate.js";
import { compareEvaluations } from "./comparison.js";

export interface CompareTools extends Tools {
  pool: Pool;
  workspace: string;
}

export interface CompareJob {
  modelA: ModelEntry;
  modelB: ModelEntry;
  /** A problem set that neither model was trained on. */
  problemSet: string;
  /** Samples of each problem. */
  group: number;
  options: SamplingOptions;
  /** Only the first so many problems. */
  limit?: number;
  /** What costs samples of its own; default none of it. */
  measure?: Measures;
}

/** Beside first attempts, reflections and plain retries, which every comparison has. */
export interface Measures {
  /** A neutral second attempt after every first one. */
  intrinsic?: boolean;
  /** Each model verifies its own first attempts. */
  verify?: boolean;
  /** Corrections from a neutral text and from another problem's analysis. Models in folders only. */
  lift?: boolean;
}

/**
 * Measures two models on the same problems, with the same seed, and says what changed. Everything sampled is stored:
 * a comparison that was cancelled goes on where it stopped, and models that were compared before are not sampled
 * again. The answer is kept as `.errata/comparisons/<id>.json`.
 */
export async function compareModels(
  tools: CompareTools,
  job: CompareJob,
  report: Report,
  signal?: AbortSignal,
): Promise<Comparison> {
  if (job.measure?.lift) refuseServers([job.modelA, job.modelB]);
  const rows = await putSet(tools.pool, job.problemSet, job.limit);
  const measure = (model: ModelEntry) =>
    evaluateModel(tools, { ...job, model, problems: rows }, report, signal);
  const a = await measure(job.modelA);
  const b = await measure(job.modelB);
  const crossed = await crossReflect(tools, a, job.modelB, job.options, report, signal);
  const comparison = {
    ...compareEvaluations(a, b, crossed.reflections, basename(job.problemSet)),
    sampling: job.options,
    badProblems: await tools.pool.badProblems({ problemRowIds: rows }),
  };
  await keep(tools.workspace, job, comparison);
  return comparison;
}

/** Reads a problem set into the pool. Returns its row ids. */
export async function putSet(pool: Pool, file: string, limit?: number): Promise<number[]> {
  const { problems } = await readProblemSet(file);
  return pool.putProblems(basename(file), problems.slice(0, limit));
}

/** One model on problems of the pool, with the prompts of its family. */
export async function evaluateModel(
  tools: CompareTools,
  job: {
    model: ModelEntry;
    problems: number[];
    group: number;
    options: SamplingOptions;
    measure?: Measures;
  },
  report: Report,
  signal?: AbortSignal,
): Promise<Evaluation> {
  const place = { family: job.model.prompts, workspace: tools.workspace };
  const prompts = { solve: await findPrompt("solve", place), reflect: await findPrompt("reflect", place) };
  const { intrinsic, verify, lift } = job.measure ?? {};
  const more = {
    ...(intrinsic && { second: await findPrompt("look_again", place) }),
    ...(verify && { verification: await findPrompt("verify", place) }),
    ...(lift && { neutral: await findPrompt("neutral", place) }),
  };
  return evaluate(
    tools,
    {
      pool: tools.pool,
      model: job.model,
      problems: job.problems,
      group: job.group,
      options: job.options,
      ...{ prompts, more },
      label: job.model.id,
    },
    report,
    signal,
  );
}

/** Another model's reflections on the wrong attempts of an evaluation: both models judged on the same errors. */
export async function crossReflect(
  tools: CompareTools,
  evaluation: Evaluation,
  model: ModelEntry,
  options: SamplingOptions,
  report: Report,
  signal?: AbortSignal,
): Promise<Throughput & { reflections: Reflection[] }> {
  const wrong = evaluation.problems.flatMap(({ lifts }) => lifts.map(({ attemptId }) => attemptId));
  const prompt = await findPrompt("reflect", { family: model.prompts, workspace: tools.workspace });
  const { pool } = tools;
  const stage = `${model.id}: the same errors`;
  const job = { pool, model, attemptIds: wrong, samples: 1, options, prompt, stage };
  const { settings, ...throughput } = await reflectOn(tools, job, report, signal);
  const all = await pool.reflectionsOf(wrong, model.id, settings);
  return { ...throughput, reflections: all.filter((reflection) => reflection.sample === 0) };
}

function refuseServers(models: readonly ModelEntry[]): void {
  const server = models.find(({ endpoint }) => endpoint !== undefined);
  if (!server) return;
  throw new ErrataError(
    `The reflection lift cannot be measured of ${server.id}: a model behind a server cannot go on from an analysis it is given.`,
    "Compare without it, or add the model as a folder.",
    "no-prefix",
  );
}

/** Comparisons of this workspace that were kept, the newest first. A file that is none of ours is passed over. */
export async function keptComparisons(workspace: string): Promise<Comparison[]> {
  const folder = join(workspace, ".errata", "comparisons");
  const names = await readdir(folder).catch(() => []);
  const read = async (name: string): Promise<Comparison[]> => {
    try {
      const value: unknown = JSON.parse(await readFile(join(folder, name), "utf8"));
      return isComparison(value) ? [value] : [];
    } catch {
      return [];
    }
  };
  const found = await Promise.all(names.filter((name) => name.endsWith(".json")).map(read));
  return found.flat().sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

function isComparison(value: unknown): value is Comparison {
  if (typeof value !== "object" || value === null) return false;
  const { modelA, modelB, createdAt, fixed, regressed, table } = value as Partial<Comparison>;
  const texts = [modelA, modelB, createdAt].every((text) => typeof text === "string");
  return texts && Array.isArray(fixed) && Array.isArray(regressed) && typeof table === "object";
}

async function keep(workspace: string, job: CompareJob, comparison: Comparison): Promise<void> {
  const what = JSON.stringify([
    job.modelA.id,
    job.modelB.id,
    job.problemSet,
    job.group,
    job.limit,
    job.options,
    ...(job.measure ? [job.measure] : []),
  ]);
  const hash = createHash("sha256").update(what).digest("hex").slice(0, 8);
  const folder = join(workspace, ".errata", "comparisons");
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${job.modelA.id}-${job.modelB.id}-${hash}.json`);
  await writeFile(file, `${JSON.stringify(comparison, null, 2)}\n`);
}
