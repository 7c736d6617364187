import type { SamplingOptions } from "../protocol/types.js";
import { number } from "./arguments.js";

/** Options that say how texts are sampled; their defaults are those of the editor's settings. */
export const SAMPLING = {
  group: { type: "string" },
  temperature: { type: "string" },
  "top-p": { type: "string" },
  "top-k": { type: "string" },
  "max-tokens": { type: "string" },
  seed: { type: "string" },
  limit: { type: "string" },
} as const;

type Given = { [K in keyof typeof SAMPLING]?: string | undefined };

export function samplingOptions(given: Given): SamplingOptions {
  return {
    temperature: number("temperature", given.temperature, 1),
    topP: number("top-p", given["top-p"], 1, { min: 0.001, max: 1 }),
    topK: number("top-k", given["top-k"], 0, { whole: true }),
    maxTokens: number("max-tokens", given["max-tokens"], 2048, { min: 1, whole: true }),
    seed: number("seed", given.seed, 0, { max: 4294967295, whole: true }),
  };
}

export function groupSize(given: Given): number {
  return number("group", given.group, 8, { min: 1, whole: true });
}

/** `{limit}` where it was given, for spreading. */
export function limitOf(given: Given): { limit?: number } {
  if (given.limit === undefined) return {};
  return { limit: number("limit", given.limit, 0, { min: 1, whole: true }) };
}
