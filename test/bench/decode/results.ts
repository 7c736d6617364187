import type { PeerName } from "./setup.js";
import type { Workload } from "./workload.js";

/** What make_weights.py tells of a set of weights. */
export interface WeightsInfo {
  /** Those that every token is multiplied with. */
  parameters: number;
  /** Of the graph with its data file. */
  bytes: number;
  cacheBytesPerPosition: number;
}

/** One peer on one set of weights. */
export interface Contender {
  name: string;
  peer: PeerName;
  weights: string;
  version: string;
  /** What it said when it had loaded. */
  loaded?: Record<string, unknown>;
  /** Tokens a second of every repeat, by measure: "batch 1", …, "workload". */
  speeds: Record<string, number[]>;
  /** The same a second of processor time. */
  cpuSpeeds: Record<string, number[]>;
  /** The first tokens, greedy. */
  start: number[];
  peakBytes: number;
  /** After the last pass. */
  residentBytes: number;
  /** Share of tokens that it computed beyond the forced ones. */
  waste?: number;
  info: WeightsInfo;
  /** Why it has no figures, or no more. */
  failure?: string;
}

/** One model at one precision: everybody who ran on it. */
export interface Group {
  model: string;
  workload: Workload & { tokens: number; promptTokens: number[]; longestLength: number };
  plain: { promptTokens: number; tokens: number; batches: number[] };
  contenders: Contender[];
  profile?: Profile;
}

/** Where our own engine's time goes in one pass. */
export interface ProfiledPass {
  name: string;
  tokens: number;
  /** Of the pass, unprofiled. */
  seconds: number;
  cpuSeconds: number;
  /** Of these, inside calls of ONNX Runtime's binding; and how many calls. */
  inCalls: number;
  calls: number;
  /** With ONNX Runtime's profiler on, which costs a little: seconds inside its runs, and by operator. */
  profiledCalls: number;
  /** In that same pass, inside calls of the binding: beyond the runs it copies inputs and outputs. */
  profiledInCalls: number;
  operators: Record<string, number>;
}
export interface Profile {
  passes: ProfiledPass[];
}

/** What limits.py measured. */
export interface Limits {
  threads: number;
  readBytesPerSecond: number;
  cachedCopyBytesPerSecond: number;
  flops: number;
  flopsBatch8: number;
  flopsBatch16: number;
}

export interface Machine {
  date: string;
  processor: string;
  cores: number;
  memoryBytes: number;
  system: string;
  versions: Record<string, string>;
}

export interface Results extends Machine {
  threads: number;
  repeats: number;
  groups: Group[];
  limits?: Limits;
  /** Load averages of the last minute. */
  load: { before: number; after: number };
}

export interface Spread {
  min: number;
  median: number;
  max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (i: number) => sorted[i] ?? Number.NaN;
  return {
    min: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    max: at(sorted.length - 1),
  };
}

/** The ratio of each repeat: both ran within the same minutes. */
export function ratioOf(
  ours: Contender,
  theirs: Contender,
  measure: string,
  clock: "speeds" | "cpuSpeeds" = "speeds",
): Spread {
  const speeds = theirs[clock][measure] ?? [];
  const each = (ours[clock][measure] ?? []).slice(0, speeds.length);
  return spread(each.map((speed, i) => speed / (speeds[i] ?? Number.NaN)));
}

/** Median ratios named `workload/0.4B-int4/transformers.js`, `batch 8/0.4B-fp32/node-llama-cpp` and the like. */
export function ratios({ groups }: Results): Record<string, number> {
  const named: Record<string, number> = {};
  for (const { contenders } of groups)
    for (const ours of contenders.filter((c) => c.peer === "errata"))
      for (const theirs of contenders.filter((c) => c.peer !== "errata"))
        for (const measure of Object.keys(ours.speeds)) {
          const { median } = ratioOf(ours, theirs, measure);
          if (Number.isFinite(median)) named[`${measure}/${ours.weights}/${theirs.name}`] = median;
        }
  return named;
}
