import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ModelSource } from "../../protocol/types.js";
import type { ProbeAnswer } from "./backends.js";
import { CUDA_PROVIDER, installedRuntime, nativeFolder, ONNXRUNTIME } from "./cuda.js";
import { explainCuda } from "./cuda-words.js";

/** Command line of the worker file when it is started only to try a backend. */
export const PROBE = "--probe";
/** Loading a large model twice takes its time. */
const TIME_LIMIT_MS = 180_000;
/** Enough of the last words to hold ONNX Runtime's reason. */
const LAST_WORDS = 1 << 16;

export interface ProbeOptions {
  threads?: number | undefined;
  /** Added to this process's own. */
  environment?: NodeJS.ProcessEnv;
  /** Also refuses a backend that gives other tokens than the CPU: for fp32 models, where they must be the same. */
  exact?: boolean;
  signal?: AbortSignal | undefined;
}

/** What the child is asked. */
export interface ProbeQuestion {
  backend: string;
  source: ModelSource;
  threads?: number;
  exact?: boolean;
}

/**
 * Tries a backend on a model in a process of its own: a driver that is missing or broken can end the process that
 * touches it, or hang. Rejects only with the signal's reason.
 */
export function probeInChild(
  workerFile: string,
  backend: string,
  source: ModelSource,
  { threads, environment, exact, signal }: ProbeOptions = {},
): Promise<ProbeAnswer> {
  const env = { ...process.env, ...environment, ELECTRON_RUN_AS_NODE: "1" };
  if (backend === "cuda" && !cudaIsThere(env))
    return Promise.resolve({ why: "its library is not installed" });
  const question: ProbeQuestion = {
    ...{ backend, source },
    ...(threads !== undefined && { threads }),
    ...(exact !== undefined && { exact }),
  };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [workerFile, PROBE, JSON.stringify(question)], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let output = "";
    let words = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      words = (words + text).slice(-LAST_WORDS);
    });
    const stop = () => child.kill("SIGKILL");
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      stop();
    }, TIME_LIMIT_MS);
    signal?.addEventListener("abort", stop, { once: true });
    child.on("error", (error) => resolve({ why: error.message }));
    child.on("close", (code, killed) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) reject(signal.reason);
      else if (late) resolve({ why: `gave no answer within ${TIME_LIMIT_MS / 1000} s` });
      else resolve(answerOf(output, words, killed ?? `exit status ${code}`));
    });
  });
}

/** ONNX Runtime tells what the loader said on standard error alone: its exception names no library. */
function answerOf(output: string, words: string, ended: string): ProbeAnswer {
  const line = /^PROBE (.*)$/m.exec(output)?.[1];
  const said = explainCuda(words)?.why;
  if (line === undefined) return { why: said ?? `its driver ended the process (${ended})` };
  const answer = JSON.parse(line) as ProbeAnswer;
  return answer.why !== null && said !== undefined ? { ...answer, why: said } : answer;
}

/** Without its library there is nothing to try, and nothing worth a process. */
function cudaIsThere(env: NodeJS.ProcessEnv): boolean {
  return existsSync(join(nativeFolder(env[ONNXRUNTIME] ?? installedRuntime().folder), CUDA_PROVIDER));
}
