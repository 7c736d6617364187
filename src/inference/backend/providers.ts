import type { InferenceSession } from "onnxruntime-node";

/** CoreML's flags (coreml_provider_factory.h): also inside of a Loop's body; models in the newer format. */
const COREML_ON_SUBGRAPH = 0x002;
const COREML_ML_PROGRAM = 0x010;

type Options = InferenceSession.SessionOptions;
type Provider = NonNullable<Options["executionProviders"]>[number];

/**
 * How each provider is asked for, and what it changes in the session. The CPU stands behind every one, for the
 * operators that it lacks.
 *
 * Of CUDA's own options the binding passes on the device alone (session_options_helper.cc), so its defaults hold:
 * `enable_cuda_graph` is off, as it must be where shapes change with every call; TF32 is on, and is switched off by the
 * worker's environment (cuda.ts). Its arena doubles whenever it grows (`arena_extend_strategy`): weights are kept out
 * of it, or a model of half the memory could take all of it.
 */
const PROVIDERS: Readonly<Record<string, { provider: Provider; options?: Options }>> = {
  cuda: {
    provider: { name: "cuda", deviceId: 0 },
    options: { extra: { session: { use_device_allocator_for_initializers: "1" } } },
  },
  // DirectML supports no memory patterns and refuses sessions that ask for them.
  dml: { provider: { name: "dml", deviceId: 0 }, options: { enableMemPattern: false } },
  coreml: { provider: { name: "coreml", coreMlFlags: COREML_ON_SUBGRAPH | COREML_ML_PROGRAM } },
  webgpu: { provider: "webgpu" },
};

/** @param weights folder of the external weights, for a graph that is given as bytes */
export function sessionOptions(backend: string, threads: number, weights?: string): Options {
  const { provider, options = {} } = PROVIDERS[backend] ?? { provider: backend };
  const session = {
    ...(options.extra?.session as Record<string, string> | undefined),
    ...(weights !== undefined && { model_external_initializers_file_folder_path: weights }),
  };
  return {
    executionProviders: backend === "cpu" ? ["cpu"] : [provider, "cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    // Fatal only: every failure reaches us as an exception, and the log lines would only frighten.
    logSeverityLevel: 4,
    ...options,
    ...(Object.keys(session).length > 0 && { extra: { session } }),
  };
}
