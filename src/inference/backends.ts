import { cpus } from "node:os";
import { dirname } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { graphError, type ModelFolder } from "./folder.js";
import { prepareBlock } from "./prepare.js";
import type { Runtime } from "./runtime.js";
import type { LoadedModel } from "./types.js";

/** Best first. What the binding does not list is not tried; the CPU always works. */
const ORDER = ["cuda", "dml", "coreml", "webgpu"];

export interface BackendOptions {
  /** Only this one is tried, and the CPU when it does not work. */
  backend?: string;
  /** False decodes step by step also where the model could be decoded in blocks. */
  block?: boolean;
  /** Threads of one operator. Default: the physical cores, estimated; one for a small model. */
  threads?: number;
  /**
   * Tries a provider on a model in a process that may crash. Says why it is not to be used, or null when it is fine.
   * Without it no accelerator is tried.
   */
  probe?: (backend: string, folder: string) => Promise<string | null>;
}

export interface OpenedSession {
  session: InferenceSession;
  /** The session is of the prepared graph, for BlockDecoder; else of the model's own, for Stepper. */
  block: boolean;
  /** Why it is not. */
  why?: string;
  backend: string;
  notTaken: LoadedModel["notTaken"];
}

/** Below this a step is over before a second thread has woken up, and its spinning only costs others. */
const SMALL_BYTES = 32 << 20;

/** Physical cores: half of the logical ones where there are more than 4, which is when SMT is usual. */
export function defaultThreads({ bytes }: ModelFolder): number {
  if (bytes < SMALL_BYTES) return 1;
  const logical = cpus().length;
  return Math.max(1, logical > 4 ? logical >> 1 : logical);
}

export function sessionOptions(backend: string, threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: backend === "cpu" ? ["cpu"] : [backend, "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Fatal only: every failure reaches us as an exception, and the log lines would only frighten.
    logSeverityLevel: 4,
  };
}

/** Opens a graph on the best backend that works here. Throws "corrupt-model". */
export async function openSession(
  runtime: Runtime,
  model: ModelFolder,
  options: BackendOptions,
): Promise<OpenedSession> {
  const { folder, graph } = model;
  const threads = options.threads ?? defaultThreads(model);
  const open = (backend: string) => runtime.InferenceSession.create(graph, sessionOptions(backend, threads));
  const openCpu = async (): Promise<OpenedSession> => {
    const opened = { backend: "cpu", notTaken };
    const block = options.block === false ? "switched off" : await openBlock(runtime, model, threads);
    if (typeof block !== "string") return { ...opened, session: block, block: true };
    try {
      return { ...opened, session: await open("cpu"), block: false, why: block };
    } catch (error) {
      throw graphError(graph, error);
    }
  };
  const notTaken: LoadedModel["notTaken"] = [];
  const forced = options.backend;
  // The CPU first of all, so that a damaged file is told apart from a backend that does not work.
  const cpu = await openCpu();
  const listed = new Set(runtime.listSupportedBackends().map((b) => b.name));
  for (const backend of forced === undefined ? ORDER : [forced]) {
    if (backend === "cpu") break;
    if (!listed.has(backend)) {
      if (forced !== undefined) notTaken.push({ backend, why: "not in this build of ONNX Runtime" });
      continue;
    }
    const why = options.probe ? await options.probe(backend, folder) : "not tried outside the worker";
    if (why !== null) {
      notTaken.push({ backend, why });
      continue;
    }
    try {
      const session = await open(backend);
      await cpu.session.release();
      return { session, block: false, why: `not on ${backend} yet`, backend, notTaken };
    } catch (error) {
      notTaken.push({ backend, why: reason(error) });
    }
  }
  return cpu;
}

/** A session of the model's decode block, or why there is none. */
async function openBlock(
  runtime: Runtime,
  model: ModelFolder,
  threads: number,
): Promise<InferenceSession | string> {
  const prepared = await prepareBlock(model);
  if ("why" in prepared) return prepared.why;
  const options = {
    ...sessionOptions("cpu", threads),
    // The rewritten graph is in memory only; its weights lie where they always lay.
    extra: { session: { model_external_initializers_file_folder_path: dirname(model.graph) } },
  };
  return runtime.InferenceSession.create(prepared.bytes, options).catch(reason);
}

/** ONNX Runtime's message as one sentence for people. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes("Failed to load shared library")) return "its library is not installed";
  const at = text.lastIndexOf(" was false. ");
  const sentence = at < 0 ? text : text.slice(at + " was false. ".length);
  return sentence.split("\n")[0]?.trim() || "unknown error";
}
