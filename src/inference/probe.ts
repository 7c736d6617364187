import { spawn } from "node:child_process";
import { defaultThreads, reason, sessionOptions } from "./backends.js";
import { type Sequence, Stepper } from "./decoder.js";
import { readModelFolder } from "./folder.js";
import { loadRuntime } from "./runtime.js";

/** Command line of the worker file when it is started only to try a backend. */
export const PROBE = "--probe";
const TIME_LIMIT_MS = 60_000;
const STEPS = 12;

/**
 * Tries a backend on a model in a process of its own: a driver that is missing or broken can end the process that
 * touches it, or hang. Resolves to why it is not to be used, or null when it is fine.
 */
export function probeInChild(
  workerFile: string,
  backend: string,
  folder: string,
  threads: number | undefined,
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [workerFile, PROBE, backend, folder, String(threads ?? 0)], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      stdio: ["ignore", "pipe", "ignore"],
      windowsHide: true,
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      resolve(`gave no answer within ${TIME_LIMIT_MS / 1000} s`);
    }, TIME_LIMIT_MS);
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const answer = /^PROBE (.*)$/m.exec(output)?.[1];
      if (answer === undefined) resolve(`its driver ended the process (${signal ?? `exit status ${code}`})`);
      else resolve(JSON.parse(answer) as string | null);
    });
  });
}

/** The child's side: one line `PROBE <JSON of the answer>`; 0 threads stands for the default. */
export async function runProbe(backend: string, folder: string, threads: number): Promise<void> {
  let answer: string | null;
  try {
    answer = await tryBackend(backend, folder, threads);
  } catch (error) {
    answer = reason(error);
  }
  // Written before the process ends: pipes are asynchronous on some systems.
  await new Promise((done) => process.stdout.write(`PROBE ${JSON.stringify(answer)}\n`, done));
}

/**
 * CUDA is taken when it runs. The others are also measured against the CPU: WebGPU on a software adapter (SwiftShader,
 * llvmpipe) works, and is far slower than the CPU it runs on.
 */
async function tryBackend(backend: string, folder: string, threads: number): Promise<string | null> {
  const theirs = await stepSeconds(backend, folder, threads);
  if (backend === "cuda") return null;
  const cpu = await stepSeconds("cpu", folder, threads);
  if (theirs < cpu) return null;
  const ms = (seconds: number) => `${(seconds * 1000).toPrecision(2)} ms`;
  return `slower than the CPU with this model: ${ms(theirs)} against ${ms(cpu)} for a step of 8 sequences`;
}

/** The fastest of some steps with 8 sequences. */
async function stepSeconds(backend: string, folder: string, threads: number): Promise<number> {
  const runtime = loadRuntime();
  const model = await readModelFolder(folder);
  const session = await runtime.InferenceSession.create(
    model.graph,
    sessionOptions(backend, threads || defaultThreads(model)),
  );
  const stepper = new Stepper(runtime, session, model, 8, Math.min(128, model.contextLength));
  const prompt = [...model.endTokens];
  await stepper.prefill(prompt);
  for (let slot = 0; slot < 8; slot++) stepper.place(slot, prompt.length);
  const greedy = { temperature: 0, topK: 0, topP: 1 };
  let best = Number.POSITIVE_INFINITY;
  for (let step = 1; step <= STEPS; step++) {
    const sequence = {
      token: 0,
      length: prompt.length + step,
      limit: 128,
      uniform: () => 0,
      take: () => true,
    };
    const start = performance.now();
    await stepper.advance(Array<Sequence>(8).fill(sequence), greedy);
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  await session.release();
  return best;
}
