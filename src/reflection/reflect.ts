import { modelFingerprint } from "../inference/model/fingerprint.js";
import { type PromptFile, renderPrompt, stripThinking } from "../inference/prompts.js";
import type { GeneratedRow, GenerateJob } from "../inference/types.js";
import type { NewReflection, Pool, StoredProblem } from "../pool/types.js";
import { hashOf } from "../pool/writes.js";
import type { Attempt, Grade, ModelEntry, Report, SamplingOptions } from "../protocol/types.js";
import { generateAndStore, generationOf, type Throughput, type Tools } from "./generate.js";
import { parseReflection } from "./parse.js";
import { about } from "./watch.js";

export interface ReflectJob {
  pool: Pool;
  model: ModelEntry;
  attemptIds: number[];
  /** Reflections of each attempt. */
  samples: number;
  options: SamplingOptions;
  /** The `reflect` prompt: variables `problem` and `solution`. The model never sees the gold answer. */
  prompt: PromptFile;
  /** Cut thinking out of the wrong solution first (default true). */
  stripThinking?: boolean;
  /** What people see it called. */
  stage?: string;
}

export interface ReflectResult extends Throughput {
  /** Reflections of these attempts by this model under these settings, made now or before. */
  reflections: number;
  parsed: number;
  /** Whose corrected solution reaches the gold answer, both sections parsed. */
  fixed: number;
  /** Identifies what was asked for: pass to `Pool.reflectionKeys`. */
  settings: string;
}

/** What determines a reflection beside its attempt, its model and its number. */
export async function reflectionSettings(
  job: Pick<ReflectJob, "model" | "options" | "prompt" | "stripThinking">,
): Promise<string> {
  const options = JSON.stringify(job.options, Object.keys(job.options).sort());
  const model = await modelFingerprint(job.model);
  return hashOf([model, options, job.prompt.source, job.stripThinking ?? true]);
}

/**
 * Has the model reflect on failed attempts (oracle-gated: it is told that the answer is wrong, docs/comparing.md), grades
 * each corrected solution against the gold answer, and stores each reflection as it ends. Those that exist already
 * for the same attempt, model, settings and number are not made again.
 */
export async function reflectOn(
  tools: Tools,
  job: ReflectJob,
  report: Report,
  signal?: AbortSignal,
): Promise<ReflectResult> {
  const { pool, model } = job;
  const settings = await reflectionSettings(job);
  const ids = [...new Set(job.attemptIds)];
  const attempts = await pool.attempts({ ids });
  const problems = await problemsOf(pool, attempts);
  const made = await pool.reflectionKeys(ids, model.id, settings);
  const jobs: GenerateJob[] = [];
  for (const attempt of attempts) {
    const samples = range(job.samples).filter((sample) => !made.has(`${attempt.id}:${sample}`));
    const problem = problems.get(attempt.problemId);
    if (samples.length === 0 || !problem) continue;
    const solution = (job.stripThinking ?? true) ? stripThinking(attempt.text) || attempt.text : attempt.text;
    const messages = renderPrompt(job.prompt, { problem: problem.problem, solution });
    jobs.push({ key: String(attempt.id), messages, samples });
  }
  const byId = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const wanted = attempts.length * job.samples;
  const throughput = await generateAndStore<NewReflection>(
    tools,
    {
      stage: job.stage ?? "Reflecting",
      model,
      options: job.options,
      jobs,
      doneBefore: wanted - jobs.reduce((sum, { samples }) => sum + samples.length, 0),
      subject: (key, sample) => {
        const attempt = byId.get(Number(key));
        const problem = about(problems.get(attempt?.problemId ?? -1));
        const origin = `${problem.origin} · attempt ${key}`;
        return { what: "reflection", ...problem, origin, sample, of: job.samples };
      },
      grade: async (row) => {
        const attemptId = Number(row.key);
        const gold = problems.get(byId.get(attemptId)?.problemId ?? -1)?.gold ?? "";
        return { attemptId, modelId: model.id, settings, ...(await read(tools, row, gold)) };
      },
      store: (rows) => pool.putReflections(rows),
    },
    report,
    signal,
  );
  const all = await pool.reflectionsOf(ids, model.id, settings);
  const counted = all.filter((reflection) => reflection.sample < job.samples);
  return {
    ...throughput,
    settings,
    reflections: counted.length,
    parsed: counted.filter((reflection) => reflection.parsed).length,
    fixed: counted.filter((reflection) => reflection.parsed && reflection.verdict === "correct").length,
  };
}

/** Parses one generated reflection and grades its correction. */
async function read(
  tools: Tools,
  row: GeneratedRow,
  gold: string,
): Promise<Omit<NewReflection, "attemptId" | "modelId">> {
  const { text, sample } = row;
  const { analysis, corrected, parsed } = parseReflection(text);
  const grade: Grade =
    corrected === ""
      ? { verdict: "incorrect", answer: null, span: null, reason: "There is no corrected solution to read." }
      : await tools.grader.grade(corrected, gold);
  const generation = generationOf(row);
  return { sample, generation, analysis, correctedSolution: corrected, parsed, grade };
}

async function problemsOf(pool: Pool, attempts: Attempt[]): Promise<Map<number, StoredProblem>> {
  const ids = [...new Set(attempts.map((attempt) => attempt.problemId))];
  return new Map((await pool.problems(ids)).map((problem) => [problem.rowId, problem]));
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
