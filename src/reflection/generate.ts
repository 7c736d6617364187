import type { Grader } from "../grading/types.js";
import type { Engine, GeneratedRow, GenerateJob, LoadedModel } from "../inference/types.js";
import { Intake } from "../pool/intake.js";
import { verdictOf } from "../pool/rows.js";
import type { Generation, Grade, ModelEntry, Report, SamplingOptions } from "../protocol/types.js";
import type { Ending, Subject, Watcher } from "./watch.js";

/** What every step that generates works with. */
export interface Tools {
  engine: Engine;
  grader: Grader;
  /** Somebody may want to watch. */
  watch?: Watcher;
}

/** A sample with its grade; a reflection's grade is of its corrected solution. */
export interface Judged {
  generation: Generation;
  correctedSolution?: string;
  grade: Grade;
}

export interface GenerateWork<Graded extends Judged> {
  /** What people see it called: "Sampling". */
  stage: string;
  model: ModelEntry;
  options: SamplingOptions;
  jobs: GenerateJob[];
  /** Done before, by an earlier call that ended half-way: counts in the progress. */
  doneBefore: number;
  /** Which sample of what a row is, for those who watch. */
  subject(key: string, sample: number): Subject;
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
  /** What people should know of how it was made: memory ran out, and it went on with fewer sequences at once. */
  notes?: string[];
}

/** Jobs in the engine at once: grading that falls behind holds the next ones back. */
const JOBS = 128;
/** Rows that may wait for grading and storing before more are generated. */
const BACKLOG = 512;

/**
 * Generates, grades and stores, with progress. Every row is stored as it ends; on abort what has ended is still
 * graded and stored, then this rejects with the signal's reason.
 */
export async function generateAndStore<Graded extends Judged>(
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
  const { watch } = tools;
  const around = { stage: work.stage, model: work.model.name, total };
  report({ stage: work.stage, done: work.doneBefore, total, detail: "loading the model" });
  watch?.progress({
    ...{ ...around, done: work.doneBefore },
    ...{ backend: null, tokensPerSecond: null, secondsLeft: null },
  });
  const loaded = await tools.engine.load(work.model);
  const { backend } = loaded;
  const start = performance.now();
  const elapsed = (): number => Math.max((performance.now() - start) / 1000, 1e-3);
  let tokens = 0;
  let before = 0;
  let rate = 0;
  let slots: number | undefined;
  const notes: string[] = [];
  const tell = (): void => {
    const secondsLeft = intake.stored > 0 ? ((rows - intake.stored) * elapsed()) / intake.stored : undefined;
    const done = work.doneBefore + intake.stored;
    report({
      ...{ stage: work.stage, done, total },
      ...(secondsLeft === undefined ? {} : { secondsLeft }),
      ...(rate > 0
        ? { detail: [`${speed(rate)} on ${backend}`, slots && `${slots} at once`].filter(Boolean).join(", ") }
        : {}),
    });
    const tokensPerSecond = rate > 0 ? rate : null;
    watch?.progress({ ...around, done, backend, tokensPerSecond, secondsLeft: secondsLeft ?? null });
  };
  const grade = async (row: GeneratedRow): Promise<Graded> => {
    const graded = await work.grade(row);
    watch?.ended(work.subject(row.key, row.sample), endingOf(row, graded));
    return graded;
  };
  const intake = new Intake<GeneratedRow, Graded>(grade, work.store, tell);
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
            slots = now.slots;
            tell();
          },
          note: (text) => notes.push(text),
          ...(watch && { live: (text) => watch.text(work.subject(text.key, text.sample), text) }),
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
    ...{ backend, notTaken: loaded.notTaken },
    ...(notes.length > 0 && { notes }),
  };
}

function endingOf(row: GeneratedRow, { generation, correctedSolution, grade }: Judged): Ending {
  const verdict = verdictOf(generation.finish, correctedSolution ?? generation.text, grade);
  const tokens = row.tokens ?? row.tokenIds.length;
  return { text: row.text, tokens, verdict, answer: grade.answer, reason: grade.reason };
}

/** The sample itself, of a row as an engine reports it. */
export function generationOf({ text, tokenIds, logprobs, finish, tokens }: GeneratedRow): Generation {
  return { text, tokenIds, logprobs, finish, ...(tokens === undefined ? {} : { tokens }) };
}

/** "4 310 tok/s": thin spaces, as people write figures beside text. */
function speed(rate: number): string {
  return `${String(Math.round(rate)).replace(/\B(?=(\d{3})+$)/g, "\u2009")} tok/s`;
}
