import type { SamplingOptions } from "../../protocol/types.js";
import { LocalEngine } from "../engine.js";
import type { GeneratedRow, GenerateJob } from "../types.js";
import { type ProbeAnswer, reason } from "./backends.js";
import type { ProbeQuestion } from "./probe.js";

const ROWS = 8;
const OPTIONS: SamplingOptions = { temperature: 0, topP: 1, topK: 0, maxTokens: 24, seed: 0 };
const JOBS: GenerateJob[] = [
  {
    key: "probe",
    messages: [{ role: "user", content: "What is $12 + 30$?" }],
    samples: Array.from({ length: ROWS }, (_, i) => i),
  },
];

/** The child's side: one line `PROBE <JSON of the answer>`. */
export async function runProbe(question: string): Promise<void> {
  let answer: ProbeAnswer;
  try {
    answer = await tryBackend(JSON.parse(question) as ProbeQuestion);
  } catch (error) {
    answer = { why: reason(error) };
  }
  // Written before the process ends: pipes are asynchronous on some systems.
  await new Promise((done) => process.stdout.write(`PROBE ${JSON.stringify(answer)}\n`, done));
}

/**
 * CUDA is taken when it runs. The others are also measured against the CPU: WebGPU on a software adapter (SwiftShader,
 * llvmpipe) works, and is far slower than the CPU it runs on.
 */
async function tryBackend(question: ProbeQuestion): Promise<ProbeAnswer> {
  const { backend, exact } = question;
  let blockWhy: string | undefined;
  const theirs = await decode(question, backend, true).catch((error: unknown) => {
    blockWhy = reason(error);
    return decode(question, backend, false);
  });
  const answer = { why: null, ...(blockWhy !== undefined && { blockWhy }) };
  if (theirs.rows.some(({ logprobs }) => logprobs.some((p) => !Number.isFinite(p))))
    return { why: "what it computes is not a number" };
  if (backend === "cuda" && !exact) return answer;
  const cpu = await decode(question, "cpu", true);
  if (exact && tokensOf(theirs.rows) !== tokensOf(cpu.rows))
    return { why: "it gives other tokens than the CPU" };
  if (backend === "cuda" || theirs.rate > cpu.rate) return answer;
  const rate = (speed: number) => `${speed.toPrecision(2)} tokens a second`;
  return { why: `slower than the CPU with this model: ${rate(theirs.rate)} against ${rate(cpu.rate)}` };
}

const tokensOf = (rows: GeneratedRow[]) => JSON.stringify(rows.map(({ tokenIds }) => tokenIds));

/** Some greedy samples, the second time around: the first compiles kernels and fills arenas. */
async function decode(
  { source, threads }: ProbeQuestion,
  backend: string,
  block: boolean,
): Promise<{ rows: GeneratedRow[]; rate: number }> {
  const probe = async () => ({ why: null });
  const engine = new LocalEngine({ backend, block, slots: ROWS, probe, ...(threads && { threads }) });
  const loaded = await engine.load(source);
  if (loaded.backend !== backend) throw new Error(loaded.notTaken[0]?.why ?? "it was not taken");
  let rows: GeneratedRow[] = [];
  let seconds = 0;
  for (let round = 0; round < 2; round++) {
    rows = [];
    const start = performance.now();
    await engine.generate(JOBS, OPTIONS, { row: (row) => rows.push(row) });
    seconds = (performance.now() - start) / 1000;
  }
  await engine.dispose();
  rows.sort((a, b) => a.sample - b.sample);
  return {
    rows,
    rate: rows.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0) / Math.max(seconds, 1e-6),
  };
}
