import { dirname } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import type { ModelSource } from "../../protocol/types.js";
import { graphError, type ModelFolder } from "../model/folder.js";
import { prepareBlock } from "../model/prepare.js";
import { checkWeights } from "../model/weights.js";
import type { LoadedModel } from "../types.js";
import { explainCuda } from "./cuda-words.js";
import { sessionOptions } from "./providers.js";
import type { Runtime } from "./runtime.js";
import { defaultThreads } from "./threads.js";

/** Best first. What the binding does not list is not tried; the CPU always works. */
const ORDER = ["cuda", "dml", "coreml", "webgpu"];

export interface BackendOptions {
  /** Only this one is tried, and the CPU when it does not work. */
  backend?: string;
  /** False decodes step by step also where the model could be decoded in blocks. */
  block?: boolean;
  /** Split attention in the decode block. Default: on the CPU, where the fused operator copies. */
  split?: boolean;
  /** Threads of one operator. Default: the physical cores, estimated; one for a small model. */
  threads?: number;
  /**
   * Tries a provider on a model in a process that may crash. Without it no accelerator is tried.
   */
  probe?: (backend: string, source: ModelSource) => Promise<ProbeAnswer>;
}

/** What trying a provider came to. */
export interface ProbeAnswer {
  /** Why it is not to be used, or null when it is fine. */
  why: string | null;
  /** Why it is to be used step by step; absent where the decode block runs on it too. */
  blockWhy?: string;
}

export interface OpenedSession {
  session: InferenceSession;
  /** The session is of the prepared graph, for BlockDecoder; else of the model's own, for Stepper. */
  block: boolean;
  /** The block's attention is split: its caches are tails. */
  split: boolean;
  /** Why it is not a block. */
  why?: string;
  backend: string;
  notTaken: LoadedModel["notTaken"];
}

/**
 * Opens a graph on the best backend that works here: the decode block first, the model's own graph where a provider
 * cannot run that, and the CPU where it can run neither. An accelerator is tried before the CPU's session is made, so
 * that a model of gigabytes is not loaded twice. Throws "corrupt-model".
 *
 * @param source what `model` was read from: what the probe loads
 */
export async function openSession(
  runtime: Runtime,
  model: ModelFolder,
  options: BackendOptions,
  source: ModelSource = { folder: model.folder },
): Promise<OpenedSession> {
  await checkWeights(model.graph);
  const notTaken: LoadedModel["notTaken"] = [];
  const forced = options.backend;
  const listed = new Set(runtime.listSupportedBackends().map((b) => b.name));
  for (const backend of forced === undefined ? ORDER : [forced]) {
    if (backend === "cpu") break;
    if (!listed.has(backend)) {
      if (forced !== undefined) notTaken.push({ backend, why: "not in this build of ONNX Runtime" });
      continue;
    }
    const answer = options.probe
      ? await options.probe(backend, source)
      : { why: "not tried outside the worker" };
    if (answer.why !== null) {
      notTaken.push({ backend, why: answer.why });
      continue;
    }
    try {
      return { ...(await openOn(runtime, model, backend, options, answer.blockWhy)), notTaken };
    } catch (error) {
      notTaken.push({ backend, why: reason(error) });
    }
  }
  try {
    return { ...(await openOn(runtime, model, "cpu", options)), notTaken };
  } catch (error) {
    throw graphError(model.graph, error);
  }
}

/** A session on one backend: of the decode block, else of the model as it is. Throws what ONNX Runtime does. */
async function openOn(
  runtime: Runtime,
  model: ModelFolder,
  backend: string,
  options: BackendOptions,
  blockWhy?: string,
): Promise<Omit<OpenedSession, "notTaken">> {
  const threads = options.threads ?? (await defaultThreads(model.bytes));
  const why = options.block === false ? "switched off" : blockWhy;
  // Split attention saves copies between JavaScript and the CPU's kernels; an accelerator has its own attention.
  const split = options.split ?? backend === "cpu";
  const block = why ?? (await openBlock(runtime, model, backend, threads, split));
  if (typeof block !== "string") return { ...block, backend, block: true };
  const session = await runtime.InferenceSession.create(model.graph, sessionOptions(backend, threads));
  return { session, backend, block: false, split: false, why: block };
}

/** A session of the model's decode block, or why there is none. */
async function openBlock(
  runtime: Runtime,
  model: ModelFolder,
  backend: string,
  threads: number,
  wanted: boolean,
): Promise<{ session: InferenceSession; split: boolean } | string> {
  const prepared = await prepareBlock(model, wanted);
  if ("why" in prepared) return prepared.why;
  const { bytes, split } = prepared;
  // The rewritten graph is in memory only; its weights lie where they always lay.
  const options = sessionOptions(backend, threads, dirname(model.graph));
  return runtime.InferenceSession.create(bytes, options).then((session) => ({ session, split }), reason);
}

/** ONNX Runtime's message as one sentence for people. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes("Failed to load shared library")) return "its library is not installed";
  const known = explainCuda(text);
  if (known) return known.why;
  const at = text.lastIndexOf(" was false. ");
  const sentence = at < 0 ? text : text.slice(at + " was false. ".length);
  return sentence.split("\n")[0]?.trim() || "unknown error";
}
