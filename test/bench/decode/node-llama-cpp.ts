import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cpuSeconds, memoryOf, type Peer, type Prompt, STARTS, serve } from "./protocol.js";

/**
 * node-llama-cpp on the same weights as GGUF, at its best: every slot takes the next sample when one ends; a slot that
 * holds the prompt already keeps it; another slot gets the prompt's state from a file in memory instead of computing it
 * again. Its first argument is the folder of its package, which lies in the benchmark's cache.
 */
const SLOTS = Number(process.env.BENCH_LLAMA_SLOTS ?? 8);

/** The part of node-llama-cpp that is used; its types are not here, as it is not among our dependencies. */
interface Sequence {
  nextTokenIndex: number;
  contextTokens: number[];
  clearHistory(): Promise<void>;
  eraseContextTokenRanges(ranges: { start: number; end: number }[]): Promise<void>;
  evaluate(tokens: number[], options: object): AsyncGenerator<number>;
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
  saveStateToFile(file: string): Promise<unknown>;
  loadStateFromFile(file: string, risk: { acceptRisk: true }): Promise<void>;
  dispose(): void;
}
interface Context {
  getSequence(): Sequence;
  dispose(): Promise<void>;
}
interface Model {
  createContext(options: object): Promise<Context>;
}
interface Package {
  getLlama(
    options: object,
  ): Promise<{ loadModel(options: object): Promise<Model>; llamaCppRelease: { release: string } }>;
  getModuleVersion(): Promise<string>;
}

let model: Model | undefined;
let threads = 1;
let length = 0;

async function withContext<T>(slots: number, work: (sequences: Sequence[]) => Promise<T>): Promise<T> {
  if (!model) throw new Error("Nothing is loaded");
  const context = await model.createContext({
    sequences: slots,
    contextSize: length,
    batchSize: 512,
    threads,
    flashAttention: process.env.BENCH_LLAMA_FLASH === "0" ? false : "auto",
    batching: { dispatchSchedule: "nextCycle", itemPrioritizationStrategy: "maximumParallelism" },
  });
  try {
    return await work(Array.from({ length: slots }, () => context.getSequence()));
  } finally {
    await context.dispose();
  }
}

/** Continues a sequence that holds the prompt but for its last token, by this many tokens. */
async function more(
  sequence: Sequence,
  last: number,
  tokens: number,
  temperature: number,
): Promise<number[]> {
  const made: number[] = [];
  const options = { temperature, topK: 0, topP: 1, minP: 0, yieldEogToken: true };
  for await (const token of sequence.evaluate([last], options)) if (made.push(token) >= tokens) break;
  return made;
}

const lastOf = ({ ids }: Prompt) => ids.at(-1) ?? 0;

const peer: Peer = {
  async load(params) {
    const entry = join(process.argv[2] ?? "", "node-llama-cpp/dist/index.js");
    const { getLlama, getModuleVersion } = (await import(pathToFileURL(entry).href)) as Package;
    const llama = await getLlama({
      gpu: false,
      build: "never",
      logLevel: "warn",
      maxThreads: params.threads,
    });
    model = await llama.loadModel({ modelPath: join(params.weights, "model.gguf") });
    ({ threads, context: length } = params);
    return { version: await getModuleVersion(), llamaCpp: llama.llamaCppRelease.release };
  },

  decode({ prompt, batch, tokens }) {
    return withContext(batch, async (sequences) => {
      await Promise.all(sequences.map((s) => s.evaluateWithoutGeneratingNewTokens(prompt.ids)));
      // The prompt's last token once more: what the others take as given when their clock starts.
      const before = cpuSeconds();
      const begun = performance.now();
      const at = prompt.ids.length - 1;
      await Promise.all(sequences.map((s) => s.eraseContextTokenRanges([{ start: at, end: at + 1 }])));
      const rows = await Promise.all(sequences.map((s) => more(s, lastOf(prompt), tokens, 0)));
      const made = rows.reduce((sum, row) => sum + row.length, 0);
      const seconds = (performance.now() - begun) / 1000;
      return { seconds, cpuSeconds: cpuSeconds() - before, made, start: rows[0]?.slice(0, STARTS) ?? [] };
    });
  },

  workload({ jobs }) {
    const memory = "/dev/shm";
    const states = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "errata-bench-"));
    return withContext(SLOTS, async (sequences) => {
      const before = cpuSeconds();
      const begun = performance.now();
      const open = jobs.map(({ lengths }) => lengths.map((_, i) => i));
      const lengths = jobs.map((job) => job.lengths.map(() => 0));
      const saved = new Map<number, Promise<void>>();
      const prepare = async (sequence: Sequence, p: number) => {
        const ids = jobs[p]?.prompt.ids ?? [];
        const file = join(states, `${p}`);
        const ready = saved.get(p);
        if (ready) {
          await ready;
          await sequence.loadStateFromFile(file, { acceptRisk: true });
          return;
        }
        const work = async () => {
          await sequence.clearHistory();
          await sequence.evaluateWithoutGeneratingNewTokens(ids.slice(0, -1));
          await sequence.saveStateToFile(file);
        };
        const made = work();
        saved.set(p, made);
        await made;
      };
      await Promise.all(
        sequences.map(async (sequence, slot) => {
          let p = slot % jobs.length;
          let holds = -1;
          for (;;) {
            // Its own problem while that lasts, then the one with most left.
            if (open[p]?.length === 0)
              p = open.reduce((best, o, i) => (o.length > (open[best]?.length ?? 0) ? i : best), 0);
            const sample = open[p]?.shift();
            const job = jobs[p];
            if (sample === undefined || !job) return;
            if (holds === p) {
              const start = job.prompt.ids.length - 1;
              await sequence.eraseContextTokenRanges([{ start, end: sequence.nextTokenIndex }]);
            } else await prepare(sequence, p);
            holds = p;
            const made = await more(sequence, lastOf(job.prompt), job.lengths[sample] ?? 0, 1);
            (lengths[p] ?? [])[sample] = made.length;
          }
        }),
      );
      return { seconds: (performance.now() - begun) / 1000, cpuSeconds: cpuSeconds() - before, lengths };
    }).finally(() => rmSync(states, { recursive: true }));
  },

  async memory() {
    return memoryOf();
  },
};

serve(peer);
