import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { installationFolder } from "../../src/protocol/paths.js";
import { machine } from "./decode/machine.js";
import type { PeerProcess } from "./decode/process.js";
import type { DecodeResult, Job, Memory, Prompt, WorkloadResult } from "./decode/protocol.js";
import { report } from "./decode/report.js";
import { type Contender, type Group, type Results, ratios } from "./decode/results.js";
import {
  CACHE,
  install,
  makeWeights,
  measureLimits,
  PEERS,
  type PeerName,
  profile,
  start,
  weights,
  weightsInfo,
} from "./decode/setup.js";
import { jobsOf, plainPrompt, type Workload } from "./decode/workload.js";

export interface DecodeOptions {
  /** Small sizes and one repeat: to see that it works, and how fast about. */
  quick?: boolean;
  /** Only these peers. */
  only?: string[];
  /** Only these models. */
  models?: string[];
  repeats?: number;
  threads?: number;
  /** Nothing is run: the page is written from these results. */
  from?: string;
}

interface Model {
  name: string;
  contenders: { name: string; peer: PeerName; weights: string }[];
  workload: Workload;
  /** Tokens of each row in the plain decode. */
  tokens: number;
  batches: number[];
}

const everyPeer = (of: string) => PEERS.map((peer) => ({ name: peer, peer, weights: of }));
/**
 * Prompts three times as long as the median answer, answers up to ten times: a real sampling's answers are longer still,
 * but here transformers.js makes 12 tokens a second.
 */
const LARGE: Workload = { problems: 4, prompt: 150, median: 32, sigma: 0.8, longest: 512 };
const MODELS: Model[] = [
  {
    name: "embedded",
    contenders: everyPeer("embedded"),
    workload: { problems: 32, prompt: 0, median: 40, sigma: 0.6, longest: 110 },
    tokens: 128,
    batches: [1, 8, 16],
  },
  {
    name: "0.4B-int4",
    contenders: [
      ...everyPeer("0.4B-int4"),
      { name: "errata, int4-128", peer: "errata", weights: "0.4B-int4-128" },
    ],
    workload: LARGE,
    tokens: 48,
    batches: [1, 8, 16],
  },
  {
    name: "0.4B-fp32",
    contenders: everyPeer("0.4B-fp32"),
    workload: { ...LARGE, problems: 3 },
    tokens: 32,
    batches: [1, 8],
  },
];

/** One contender of the group under way. */
interface Running {
  contender: Contender;
  process: PeerProcess;
}

/**
 * Decoding against its peers, every one in a process of its own, interleaved: each repeat runs all of them, so that
 * whatever else the machine does meets all alike. Results are written after every pass.
 */
export class DecodeBench {
  private readonly results: Results;
  private readonly repeats: number;
  private readonly threads: number;

  constructor(private readonly options: DecodeOptions) {
    this.repeats = options.repeats ?? (options.quick ? 1 : 3);
    this.threads = options.threads ?? 1;
    this.results = {
      ...machine(),
      threads: this.threads,
      repeats: this.repeats,
      groups: [],
      load: { before: load(), after: 0 },
    };
  }

  async run(): Promise<Results> {
    for (const model of MODELS) {
      const { models } = this.options;
      if (!models || models.includes(model.name)) await this.runModel(this.quickly(model));
    }
    if (!this.options.quick) this.results.limits = measureLimits(this.threads);
    this.save();
    return this.results;
  }

  /** Kept after every pass: `--from` writes the page from them when a run was cut off. */
  private save(): void {
    this.results.load.after = load();
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(join(CACHE, "results.json"), JSON.stringify(this.results, null, 1));
  }

  private quickly(model: Model): Model {
    if (!this.options.quick) return model;
    const { workload } = model;
    return {
      ...model,
      workload: { ...workload, problems: Math.min(8, workload.problems >> 1) },
      batches: [1, 8],
      tokens: 48,
    };
  }

  private async runModel(model: Model): Promise<void> {
    const { only } = this.options;
    const wanted = model.contenders.filter(({ peer }) => !only || only.includes(peer));
    if (wanted.length === 0) return;
    makeWeights([...new Set(wanted.map((c) => c.weights))]);
    const from = weights(wanted[0]?.weights ?? "");
    const jobs = await jobsOf(model.workload, from);
    const prompt = await plainPrompt(model.workload, from);
    const group: Group = {
      model: model.name,
      workload: {
        ...model.workload,
        tokens: total(jobs),
        promptTokens: jobs.map((j) => j.prompt.ids.length),
        longestLength: Math.max(...jobs.flatMap((j) => j.lengths)),
      },
      plain: { promptTokens: prompt.ids.length, tokens: model.tokens, batches: model.batches },
      contenders: [],
    };
    this.results.groups.push(group);
    const running: Running[] = [];
    try {
      for (const { name, peer, weights: of } of wanted) {
        const contender: Contender = {
          name,
          peer,
          weights: of,
          version: "",
          speeds: {},
          cpuSpeeds: {},
          start: [],
          peakBytes: 0,
          residentBytes: 0,
          info: weightsInfo(of),
        };
        group.contenders.push(contender);
        await this.attempt(contender, async () => {
          install(peer);
          const process = start(peer, this.threads);
          const context = Math.max(...jobs.map((j) => j.prompt.ids.length + Math.max(...j.lengths)));
          const params = { weights: weights(of), threads: this.threads };
          const loaded = await process.request("load", {
            ...params,
            context: Math.max(context, prompt.ids.length + model.tokens) + 8,
          });
          const { version, ...more } = loaded;
          Object.assign(contender, { version, loaded: more });
          running.push({ contender, process });
        });
      }
      // One short pass to warm up, the same for all; it also shows that all compute the same.
      for (const r of running) await this.attempt(r.contender, () => this.warmUp(r, prompt));
      for (let repeat = 0; repeat < this.repeats; repeat++) {
        for (const batch of model.batches)
          for (const r of running)
            await this.attempt(r.contender, () => this.decode(r, prompt, batch, model.tokens));
        for (const r of running) await this.attempt(r.contender, () => this.workload(r, jobs));
      }
    } finally {
      for (const { process } of running) await process.stop();
    }
    if (this.options.quick || !wanted.some(({ peer }) => peer === "errata")) return;
    console.log("    profile of our own engine …");
    const few = { ...model.workload, problems: Math.min(2, model.workload.problems) };
    try {
      group.profile = profile(wanted[0]?.weights ?? "", this.threads, few, model.tokens);
    } catch (error) {
      console.log(`    no profile: ${error instanceof Error ? error.message : error}`);
    }
    this.save();
  }

  /** A peer that fails is named with its reason; the rest goes on. */
  private async attempt(contender: Contender, work: () => Promise<void>): Promise<void> {
    if (contender.failure !== undefined) return;
    try {
      await work();
    } catch (error) {
      contender.failure = error instanceof Error ? error.message : String(error);
      console.log(`    ${contender.name} failed: ${contender.failure}`);
    }
    this.save();
  }

  private async warmUp({ contender, process }: Running, prompt: Prompt): Promise<void> {
    const { start } = (await process.request("decode", { prompt, batch: 2, tokens: 17 })) as DecodeResult;
    contender.start = start;
  }

  private async decode(
    { contender, process }: Running,
    prompt: Prompt,
    batch: number,
    tokens: number,
  ): Promise<void> {
    const { made, seconds, cpuSeconds } = (await process.request("decode", {
      prompt,
      batch,
      tokens,
    })) as DecodeResult;
    this.note(contender, `batch ${batch}`, made, seconds, cpuSeconds);
    Object.assign(contender, (await process.request("memory", {})) as Memory);
  }

  private async workload({ contender, process }: Running, jobs: Job[]): Promise<void> {
    const { seconds, cpuSeconds, lengths } = (await process.request("workload", { jobs })) as WorkloadResult;
    jobs.forEach((job, p) => {
      job.lengths.forEach((wanted, i) => {
        const made = lengths[p]?.[i] ?? 0;
        if (made < wanted) throw new Error(`sample ${i} of problem ${p} has ${made} tokens, not ${wanted}`);
      });
    });
    const computed = lengths.flat().reduce((a, b) => a + b, 0);
    contender.waste = computed / total(jobs) - 1;
    this.note(contender, "workload", total(jobs), seconds, cpuSeconds);
    Object.assign(contender, (await process.request("memory", {})) as Memory);
  }

  private note(contender: Contender, measure: string, tokens: number, seconds: number, cpu: number): void {
    const { speeds, cpuSpeeds } = contender;
    speeds[measure] = [...(speeds[measure] ?? []), tokens / seconds];
    cpuSpeeds[measure] = [...(cpuSpeeds[measure] ?? []), tokens / cpu];
    const speed = (of: number) => (tokens / of).toFixed(1);
    console.log(
      `    ${contender.name}, ${measure}: ${speed(seconds)} tokens/s, ${speed(cpu)} by processor time`,
    );
  }
}

function total(jobs: Job[]): number {
  return jobs.flatMap((job) => job.lengths).reduce((a, b) => a + b, 0);
}

const load = () => loadavg()[0] ?? Number.NaN;

/** Sampling throughput, tokens a second, against peers on the same weights. A whole run writes docs/performance.md. */
export async function bench(options: DecodeOptions = {}) {
  const { from, quick, only, models } = options;
  const results = from
    ? (JSON.parse(readFileSync(from, "utf8")) as Results)
    : await new DecodeBench(options).run();
  // They come last: a run that was cut off has none.
  if (from) results.limits ??= measureLimits(results.threads);
  for (const { name, version } of results.groups.flatMap((group) => group.contenders))
    if (version) results.versions[name] = version;
  if (from || !(quick || only || models))
    writeFileSync(join(installationFolder(), "docs/performance.md"), report(results));
  return { ratios: ratios(results), figures: { decode: results } };
}
