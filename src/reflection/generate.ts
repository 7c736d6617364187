import type { Grader } from "../grading/types.js";
import type { Engine, GeneratedRow, GenerateJob, LoadedModel } from "../inference/types.js";
import { Intake } from "../pool/intake.js";
import type { Generation, ModelEntry, Report, SamplingOptions } from "../protocol/types.js";

/** What every step that generates works with. */
export interface Tools {
  engine: Engine;
  grader: Grader;
}

export interface GenerateWork<Graded> {
  /** What people see it called: "Sampling". */
  stage: string;
  model: ModelEntry;
  options: SamplingOptions;
  jobs: GenerateJob[];
  /** Done before, by an earlier call that ended half-way: counts in the progress. */
  doneBefore: number;
  grade(row: GeneratedRow): Promise<Graded>;
  store(rows: Graded[]): Promise<unknown>;
}

/** What was made now, and on what. `seconds` is wall time with grading and storing; tokens are generated ones. */
export interface Throughput {
  made: number;
  tokens: number;
  seconds: number;
  tokensPerSecond: number;
  /** Null when there was nothing left to make, so that no model was loaded. */
  backend: string | null;
  notTaken: LoadedModel["notTaken"];
}

/** Jobs in the engine at once: grading that falls behind holds the next ones back. */
const JOBS = 128;
/** Rows that may wait for grading and storing before more are generated. */
const BACKLOG = 512;

/**
 * Generates, grades and stores, with progress. Every row is stored as it ends; on abort what has ended is still
 * graded and stored, then this rejects with the signal's reason.
 */
export async function generateAndStore<Graded>(
  tools: Tools,
  work: GenerateWork<Graded>,
  report: Report,
  signal?: AbortSignal,
): Promise<Throughput> {
  const rows = work.jobs.reduce((sum, job) => sum + job.samples.length, 0);
  const total = rows + work.doneBefore;
  if (rows === 0) {
    report({ stage: work.stage, done: total, total, secondsLeft: 0 });
    return { made: 0, tokens: 0, seconds: 0, tokensPerSecond: 0, backend: null, notTaken: [] };
  }
  signal?.throwIfAborted();
  report({ stage: work.stage, done: work.doneBefore, total, detail: "loading the model" });
  const loaded = await tools.engine.load(work.model);
  const start = performance.now();
  const elapsed = (): number => Math.max((performance.now() - start) / 1000, 1e-3);
  let tokens = 0;
  let before = 0;
  let rate = 0;
  const tell = (): void => {
    const secondsLeft = intake.stored > 0 ? ((rows - intake.stored) * elapsed()) / intake.stored : undefined;
    report({
      stage: work.stage,
      done: work.doneBefore + intake.stored,
      total,
      ...(secondsLeft === undefined ? {} : { secondsLeft }),
      ...(rate > 0 ? { detail: `${speed(rate)} on ${loaded.backend}` } : {}),
    });
  };
  const intake = new Intake<GeneratedRow, Graded>(work.grade, work.store, tell);
  const both = signal ? AbortSignal.any([signal, intake.failed]) : intake.failed;
  try {
    for (let at = 0; at < work.jobs.length; at += JOBS) {
      const sofar = before;
      await tools.engine.generate(
        work.jobs.slice(at, at + JOBS),
        work.options,
        {
          row: (row) => {
            tokens += row.tokens ?? row.tokenIds.length;
            intake.push(row);
          },
          progress: (now) => {
            before = sofar + now.tokens;
            rate = before / elapsed();
            tell();
          },
        },
        both,
      );
      await intake.drained(BACKLOG);
    }
  } finally {
    // What the model finished is kept, whatever ended the rest; an error of ours goes before the engine's "aborted".
    await intake.drained();
  }
  const seconds = elapsed();
  return {
    ...{ made: intake.stored, tokens, seconds, tokensPerSecond: tokens / seconds },
    ...{ backend: loaded.backend, notTaken: loaded.notTaken },
  };
}

/** The sample itself, of a row as an engine reports it. */
export function generationOf({ text, tokenIds, logprobs, finish, tokens }: GeneratedRow): Generation {
  return { text, tokenIds, logprobs, finish, ...(tokens === undefined ? {} : { tokens }) };
}

/** "4 310 tok/s": thin spaces, as people write figures beside text. */
function speed(rate: number): string {
  return `${String(Math.round(rate)).replace(/\B(?=(\d{3})+$)/g, "\u2009")} tok/s`;
}
