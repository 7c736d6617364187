import type { InferenceSession, OnnxValue, Tensor } from "onnxruntime-node";
import { ONNXRUNTIME } from "./cuda.js";

/** The part of onnxruntime-node that the engine uses. */
export interface Runtime {
  InferenceSession: {
    create(model: string | Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  Tensor: new (
    type: "float32" | "float16" | "int64" | "bool",
    data: TensorData,
    dims: readonly number[],
  ) => Tensor;
  listSupportedBackends(): { name: string; bundled: boolean }[];
}
type TensorData = Float32Array | Uint16Array | BigInt64Array | Uint8Array;

/**
 * Loads the native library: only ever in the inference worker's process (and in tests). The copy with the CUDA
 * provider beside it where the environment names one (cuda.ts); a copy that is damaged must not cost the CPU.
 */
export function loadRuntime(): Runtime {
  const copy = process.env[ONNXRUNTIME];
  if (copy) {
    try {
      return require(copy) as Runtime;
    } catch (error) {
      console.error(`${copy} cannot be loaded (${error}); the installed onnxruntime-node is used.`);
    }
  }
  // `require` and not `import`: the library must not load with the bundle, and stays outside of it.
  return require("onnxruntime-node") as Runtime;
}

/** The numbers of a float32 output. */
export function floatsOf(value: OnnxValue | undefined): Float32Array {
  const data = (value as Tensor | undefined)?.data;
  if (data instanceof Float32Array) return data;
  throw new Error("An output of the model is not float32");
}
