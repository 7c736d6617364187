import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { AutoModelForCausalLM, env, Tensor } from "@huggingface/transformers";
import { LocalEngine } from "../../src/inference/engine.js";
import { readModelFolder } from "../../src/inference/folder.js";
import { decodeModel, encodeModel, FLOAT, value } from "../../src/inference/onnx.js";
import { uniform } from "../../src/inference/random.js";
import type { GenerateJob } from "../../src/inference/types.js";
import { assetFile } from "../../src/protocol/paths.js";
import type { SamplingOptions } from "../../src/protocol/types.js";

/** The workload: samples of PROBLEMS prompts, GROUP each, with lengths that are the same for both. */
const PROBLEMS = 8;
const GROUP = 8;
const LONGEST = 110;
const REPEATS = 5;
const THREADS = 1;
const OPTIONS: SamplingOptions = { temperature: 1, topP: 1, topK: 0, maxTokens: LONGEST, seed: 1 };
const MODEL = assetFile("demo/model");
const MODEL_FILES = ["model.onnx", "model.onnx.data"];

/** Tokens a second of one pass. */
type Contender = () => Promise<number>;

/**
 * Heavy-tailed lengths (log-normal, median 40, σ 0.6, as solutions of the embedded model have them), from a fixed
 * stream: by Box and Muller.
 */
function workload(): GenerateJob[] {
  const lines = readFileSync(assetFile("demo/problems/heldout.jsonl"), "utf8").split("\n", PROBLEMS);
  return lines.map((line, p) => {
    const samples = Array.from({ length: GROUP }, (_, g) => g);
    const maxTokens = samples.map((g) => {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform(7, [p, g], 0, 0)));
      const normal = radius * Math.cos(2 * Math.PI * uniform(7, [p, g], 0, 1));
      return Math.max(5, Math.min(LONGEST, Math.round(40 * Math.exp(0.6 * normal))));
    });
    const content = (JSON.parse(line) as { problem: string }).problem;
    return { key: String(p), messages: [{ role: "user", content }], samples, maxTokens };
  });
}

/** The folder with the same weights and no end token, so that every row gets its forced length. */
function endless(folder: string): string {
  const target = join(folder, "errata");
  mkdirSync(target);
  const files = ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];
  for (const name of [...MODEL_FILES, ...files]) copyFileSync(join(MODEL, name), join(target, name));
  const config = JSON.parse(readFileSync(join(MODEL, "genai_config.json"), "utf8"));
  config.model.eos_token_id = [];
  writeFileSync(join(target, "genai_config.json"), JSON.stringify(config));
  return target;
}

async function errata(folder: string, jobs: GenerateJob[], block: boolean): Promise<Contender> {
  const engine = new LocalEngine({ backend: "cpu", threads: THREADS, block });
  await engine.load({ folder });
  return async () => {
    let tokens = 0;
    const start = performance.now();
    await engine.generate(jobs, OPTIONS, { row: (row) => (tokens += row.tokenIds.length) });
    const wanted = jobs.flatMap((job) => job.maxTokens ?? []).reduce((a, b) => a + b, 0);
    if (tokens !== wanted) throw new Error(`${tokens} tokens instead of ${wanted}: lengths were not forced`);
    return (tokens / (performance.now() - start)) * 1000;
  };
}

/**
 * transformers.js on the same graph and weights, in the hub's layout. It decodes static batches: the samples of one
 * problem (prompts of several would need padding on the left, which this graph does not compute rightly), each batch
 * as long as its longest row; only forced tokens count.
 */
async function transformersJs(
  folder: string,
  jobs: GenerateJob[],
  prompts: Map<string, number[]>,
): Promise<Contender> {
  const target = join(folder, "hub", "demo");
  mkdirSync(join(target, "onnx"), { recursive: true });
  for (const name of ["config.json", "generation_config.json"])
    copyFileSync(join(MODEL, "hf", name), join(target, name));
  for (const name of MODEL_FILES) copyFileSync(join(MODEL, name), join(target, "onnx", name));
  await sizeCaches(join(target, "onnx", "model.onnx"));
  env.localModelPath = join(folder, "hub");
  env.allowRemoteModels = false;
  const model = await AutoModelForCausalLM.from_pretrained("demo", {
    dtype: "fp32",
    device: "cpu",
    session_options: { intraOpNumThreads: THREADS, interOpNumThreads: 1 },
  });
  return async () => {
    let tokens = 0;
    const start = performance.now();
    for (const { key, maxTokens = [] } of jobs) {
      const prompt = prompts.get(key) ?? [];
      const dims = [maxTokens.length, prompt.length];
      const rows = maxTokens.flatMap(() => prompt);
      const longest = Math.max(...maxTokens);
      const output = (await model.generate({
        inputs: new Tensor("int64", BigInt64Array.from(rows, BigInt), dims),
        attention_mask: new Tensor("int64", new BigInt64Array(rows.length).fill(1n), dims),
        do_sample: true,
        temperature: 1,
        top_k: 0,
        max_new_tokens: longest,
        min_new_tokens: longest,
      } as never)) as InstanceType<typeof Tensor>;
      if (output.dims[1] !== prompt.length + longest)
        throw new Error(`transformers.js made ${output.dims} instead of ${longest} tokens a row`);
      tokens += maxTokens.reduce((a, b) => a + b, 0);
    }
    return (tokens / (performance.now() - start)) * 1000;
  };
}

/** transformers.js reads the sizes of an empty cache from the graph, where the builder wrote names for them. */
async function sizeCaches(file: string): Promise<void> {
  const { kvHeads, headSize, names } = await readModelFolder(MODEL);
  const model = decodeModel(readFileSync(file));
  model.graph.input = model.graph.input.map((input) =>
    names.past.includes(input.name)
      ? value(input.name, FLOAT, ["batch_size", kvHeads, "past_sequence_length", headSize])
      : input,
  );
  writeFileSync(file, encodeModel(model));
}

function spread(values: number[]): { min: number; median: number; max: number } {
  const sorted = [...values].sort((a, b) => a - b).map(Math.round);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { min: at(0), median: at(0.5), max: at(1) };
}

/** Sampling throughput on the embedded model, tokens a second, against transformers.js on the same weights. */
export async function bench(): Promise<{ ratios: Record<string, number>; figures: Record<string, unknown> }> {
  const folder = mkdtempSync(join(tmpdir(), "errata-bench-"));
  try {
    const jobs = workload();
    const own = endless(folder);
    const tokenizer = new LocalEngine({ backend: "cpu", threads: THREADS });
    await tokenizer.load({ folder: own });
    const prompts = new Map<string, number[]>();
    for (const { key, messages } of jobs)
      prompts.set(
        key,
        (await tokenizer.preview(messages)).tokens.map((t) => t.id),
      );
    await tokenizer.dispose();
    const contenders: Record<string, Contender> = {
      "errata, blocks": await errata(own, jobs, true),
      "errata, steps": await errata(own, jobs, false),
      "transformers.js": await transformersJs(folder, jobs, prompts),
    };
    const speeds = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
    // One pass to warm up, then interleaved, so that whatever else the machine does meets all of them alike.
    for (let repeat = -1; repeat < REPEATS; repeat++)
      for (const [name, pass] of Object.entries(contenders)) {
        const speed = await pass();
        if (repeat >= 0) speeds.get(name)?.push(speed);
      }
    const ours = speeds.get("errata, blocks") ?? [];
    const theirs = speeds.get("transformers.js") ?? [];
    const ratios = ours.map((speed, i) => speed / (theirs[i] ?? Number.NaN)).sort((a, b) => a - b);
    return {
      ratios: { "workload/embedded/transformers.js": ratios[REPEATS >> 1] ?? Number.NaN },
      figures: {
        "workload/embedded": {
          unit: "tokens/s",
          problems: PROBLEMS,
          group: GROUP,
          threads: THREADS,
          processor: cpus()[0]?.model,
          ratioOfEachRepeat: ratios.map((r) => Number(r.toFixed(2))),
          ...Object.fromEntries([...speeds].map(([name, values]) => [name, spread(values)])),
        },
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
