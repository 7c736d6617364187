import { basename } from "node:path";

/**
 * How the hub names a graph's weights: transformers.js' suffixes (`src/utils/dtypes.js` of that library), and what each
 * is good for. In the order in which they are offered.
 */
const WORDS = {
  q4: "4-bit weights: small, the fastest on a CPU",
  int4: "4-bit weights: small, the fastest on a CPU",
  fp16: "half precision: for CUDA and WebGPU; slow on a CPU",
  q4f16: "4-bit weights, half-precision arithmetic: for CUDA and WebGPU",
  fp32: "full precision: exact, the largest; slow on a CPU",
  int8: "8-bit: fast on a CPU, but a sample may depend on what is decoded beside it",
  uint8: "8-bit: fast on a CPU, but a sample may depend on what is decoded beside it",
  q8: "8-bit: fast on a CPU, but a sample may depend on what is decoded beside it",
  bnb4: "4-bit weights of bitsandbytes: for CUDA",
} as const;
export type Precision = keyof typeof WORDS;
export const PRECISIONS = Object.keys(WORDS) as Precision[];

/** What a precision is good for; empty for one that we do not know. */
export function precisionWords(precision: string): string {
  return Object.hasOwn(WORDS, precision) ? WORDS[precision as Precision] : "";
}

/** "onnx/model_q4f16.onnx" → "q4f16"; a name without a suffix is fp32 by the hub's custom, a strange suffix stays. */
export function graphPrecision(graph: string): string {
  const suffix = /^(?:decoder_)?model(?:_merged)?(?:_(\w+))?\.onnx$/.exec(basename(graph))?.[1];
  return suffix === "quantized" ? "q8" : (suffix ?? "fp32");
}
