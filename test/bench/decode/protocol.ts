import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * What the benchmark asks of a peer. Every peer is a process of its own, so that memory and threads do not mix: a
 * request is a line of JSON `[method, params]` on its standard input, the answer a line `{ result }` or `{ error }` on
 * its standard output. The peers in Python speak the same (genai_peer.py).
 */
export interface Peer {
  /** Loads `weights` (a folder of make_weights.py) for this many threads. */
  load(params: LoadParams): Promise<LoadResult>;
  /** Plain decode, greedy: `batch` rows of the same prompt, the same number of tokens each. */
  decode(params: DecodeParams): Promise<DecodeResult>;
  /** Samples at temperature 1, nothing truncated: every job's prompt, one sample for each of its lengths. */
  workload(params: WorkloadParams): Promise<WorkloadResult>;
  /** Of the process that computes. */
  memory(params: object): Promise<Memory>;
}

export interface Prompt {
  text: string;
  /** The same as tokens, for peers that take these. */
  ids: number[];
}
export interface LoadParams {
  weights: string;
  threads: number;
  /** Tokens of prompt and answer together, at most. */
  context: number;
}
export interface LoadResult {
  version: string;
  [more: string]: unknown;
}
export interface DecodeParams {
  prompt: Prompt;
  batch: number;
  tokens: number;
}
export interface DecodeResult {
  /** From each row's first token to its last: the prompt is not in it. */
  seconds: number;
  /** Processor time in the same span, all threads: hardly changes when the machine does other things too. */
  cpuSeconds: number;
  /** Tokens made in these seconds, all rows together. */
  made: number;
  /** The first row's first tokens. */
  start: number[];
}
export interface Job {
  prompt: Prompt;
  /** New tokens of each sample. */
  lengths: number[];
}
export interface WorkloadParams {
  jobs: Job[];
}
export interface WorkloadResult {
  /** Prompts included. */
  seconds: number;
  cpuSeconds: number;
  /** What each sample of each job really got; a static batch makes all of its rows as long as the longest. */
  lengths: number[][];
}
export interface Memory {
  /** The largest resident set so far, loading included; and the one now. */
  peakBytes: number;
  residentBytes: number;
}

export const STARTS = 16;

/** Answers requests until the standard input ends. */
export function serve(peer: Peer): void {
  // Libraries print to standard output too; only this stream's own lines are answers.
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  createInterface({ input: process.stdin })
    .on("line", async (line) => {
      const [method, params] = JSON.parse(line) as [keyof Peer, never];
      let answer: { result: unknown } | { error: string };
      try {
        answer = { result: await peer[method](params) };
      } catch (error) {
        answer = { error: error instanceof Error ? error.message : String(error) };
      }
      write(`${JSON.stringify(answer)}\n`);
    })
    .on("close", () => process.exit(0));
}

/** Processor time of this process so far, in seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Processor time of another process so far, in seconds, as Linux counts it (in steps of 10 ms); NaN elsewhere. */
export function cpuSecondsOf(pid: number | undefined): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
}

/** As Linux counts it; NaN elsewhere. */
export function memoryOf(pid: number | "self" = "self"): Memory {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const bytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
    return { peakBytes: bytes("VmHWM"), residentBytes: bytes("VmRSS") };
  } catch {
    return { peakBytes: Number.NaN, residentBytes: Number.NaN };
  }
}
