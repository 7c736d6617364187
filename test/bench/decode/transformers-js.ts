import { AutoModelForCausalLM, BaseStreamer, env, Tensor } from "@huggingface/transformers";
import { cpuSeconds, memoryOf, type Peer, STARTS, serve } from "./protocol.js";

/**
 * transformers.js on the same graph and data file. It decodes static batches: the samples of one problem together
 * (prompts of several would need padding on the left, which this graph does not compute rightly), each batch as long as
 * its longest row.
 */
type Model = Awaited<ReturnType<typeof AutoModelForCausalLM.from_pretrained>>;
let model: Model | undefined;

/** Notes when the first token was there: it is given the prompts, then every step's tokens. */
class Clock extends BaseStreamer {
  first = Number.NaN;
  firstCpu = Number.NaN;
  private calls = 0;
  override put(): void {
    if (++this.calls !== 2) return;
    this.first = performance.now();
    this.firstCpu = cpuSeconds();
  }
  override end(): void {}
}

async function generate(prompt: number[], rows: number, tokens: number, sample: boolean) {
  if (!model) throw new Error("Nothing is loaded");
  const dims = [rows, prompt.length];
  const ids = Array.from({ length: rows }, () => prompt).flat();
  const clock = new Clock();
  const output = (await model.generate({
    inputs: new Tensor("int64", BigInt64Array.from(ids, BigInt), dims),
    attention_mask: new Tensor("int64", new BigInt64Array(ids.length).fill(1n), dims),
    ...(sample ? { do_sample: true, temperature: 1, top_k: 0 } : { do_sample: false }),
    max_new_tokens: tokens,
    min_new_tokens: tokens,
    streamer: clock,
  } as never)) as InstanceType<typeof Tensor>;
  const made = (output.dims[1] ?? 0) - prompt.length;
  if (made !== tokens) throw new Error(`${made} tokens a row instead of ${tokens}`);
  const row = [...(output.data as BigInt64Array).subarray(prompt.length, prompt.length + STARTS)].map(Number);
  return { clock, start: row };
}

const peer: Peer = {
  async load({ weights, threads }) {
    env.localModelPath = `${weights}/`;
    env.allowRemoteModels = false;
    model = await AutoModelForCausalLM.from_pretrained("hub", {
      dtype: "fp32",
      device: "cpu",
      session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
    });
    return { version: env.version ?? "" };
  },

  async decode({ prompt, batch, tokens }) {
    const { clock, start } = await generate(prompt.ids, batch, tokens, false);
    const seconds = (performance.now() - clock.first) / 1000;
    return { seconds, cpuSeconds: cpuSeconds() - clock.firstCpu, made: batch * (tokens - 1), start };
  },

  async workload({ jobs }) {
    const before = cpuSeconds();
    const begun = performance.now();
    const lengths: number[][] = [];
    for (const { prompt, lengths: wanted } of jobs) {
      const longest = Math.max(...wanted);
      await generate(prompt.ids, wanted.length, longest, true);
      lengths.push(wanted.map(() => longest));
    }
    return { seconds: (performance.now() - begun) / 1000, cpuSeconds: cpuSeconds() - before, lengths };
  },

  async memory() {
    return memoryOf();
  },
};

serve(peer);
