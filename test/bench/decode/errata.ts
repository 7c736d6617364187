import { join } from "node:path";
import { InferenceClient } from "../../../src/inference/client.js";
import { cpuSeconds, cpuSecondsOf, memoryOf, type Peer, STARTS, serve } from "./protocol.js";

/**
 * Errata as the extension runs it: the client here, the engine in its worker process. Lengths are forced by each
 * sample's own limit on a model without end tokens.
 */
let client: InferenceClient | undefined;

function loaded(): InferenceClient {
  if (!client) throw new Error("Nothing is loaded");
  return client;
}

/** Of the worker and of this process, its client. */
const cpu = () => cpuSeconds() + cpuSecondsOf(loaded().pid);

const peer: Peer = {
  async load({ weights, threads }) {
    client = new InferenceClient({ backend: "cpu", threads, log: (line) => console.error(line) });
    const info = await client.load({ folder: join(weights, "genai") });
    return { version: "", ...info };
  },

  async decode({ prompt, batch, tokens }) {
    const samples = Array.from({ length: batch }, (_, i) => i);
    const job = { key: "", messages: [{ role: "user" as const, content: prompt.text }], samples };
    const start: number[] = [];
    const run = async (maxTokens: number) => {
      let made = 0;
      const before = cpu();
      const begun = performance.now();
      await loaded().generate([job], sampling(0, maxTokens), {
        row: (row) => {
          made += row.tokenIds.length;
          if (row.sample === 0) start.splice(0, STARTS, ...row.tokenIds.slice(0, STARTS));
        },
      });
      if (made !== batch * maxTokens) throw new Error(`${made} tokens instead of ${batch * maxTokens}`);
      return { seconds: (performance.now() - begun) / 1000, cpu: cpu() - before };
    };
    // The prompt's share is what a run takes that makes one token only.
    const first = await run(1);
    const all = await run(tokens);
    const cpuSeconds = all.cpu - first.cpu;
    return { seconds: all.seconds - first.seconds, cpuSeconds, made: batch * (tokens - 1), start };
  },

  async workload({ jobs }) {
    const lengths = jobs.map((job) => job.lengths.map(() => 0));
    const longest = Math.max(...jobs.flatMap((job) => job.lengths));
    const before = cpu();
    const begun = performance.now();
    await loaded().generate(
      jobs.map(({ prompt, lengths }, p) => ({
        key: String(p),
        messages: [{ role: "user", content: prompt.text }],
        samples: lengths.map((_, i) => i),
        maxTokens: lengths,
      })),
      sampling(1, longest),
      {
        row: ({ key, sample, tokenIds }) => {
          const of = lengths[Number(key)];
          if (of) of[sample] = tokenIds.length;
        },
      },
    );
    return { seconds: (performance.now() - begun) / 1000, cpuSeconds: cpu() - before, lengths };
  },

  async memory() {
    return memoryOf(loaded().pid);
  },
};

const sampling = (temperature: number, maxTokens: number) => ({
  temperature,
  topP: 1,
  topK: 0,
  maxTokens,
  seed: 1,
});

serve(peer);
