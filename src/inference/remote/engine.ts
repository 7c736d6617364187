import { setMaxListeners } from "node:events";
import {
  type ChatMessage,
  type Endpoint,
  ErrataError,
  type ModelSource,
  type SamplingOptions,
} from "../../protocol/types.js";
import { CallQueue, mustBeLoaded } from "../calls.js";
import type { Engine, GenerateJob, GenerateListener, LoadedModel } from "../types.js";
import { checkEndpoint, type EndpointKeys, hostOf, NO_KEYS } from "./endpoint.js";
import { Server, type ServerOptions } from "./server.js";
import { Watch } from "./watch.js";

export interface RemoteOptions extends Omit<ServerOptions, "keys"> {
  keys?: EndpointKeys;
  /** Before anything is sent to an endpoint. Rejects where it must not be. */
  allow?: (endpoint: Endpoint) => Promise<void>;
}

const CONCURRENCY = 8;
/** Samples a request, where the server makes several. */
const SEVERAL = 16;
/** An answer that differs from sample to sample, unless a server gives all of them the same random numbers. */
const PROBE: ChatMessage[] = [
  { role: "user", content: "Write one random number between 1 and 1000000000, and nothing else." },
];
const PROBE_OPTIONS: SamplingOptions = { temperature: 1, topP: 1, topK: 0, maxTokens: 64, seed: 0 };

interface Task {
  job: GenerateJob;
  samples: number[];
  maxTokens: number;
}

/** An OpenAI-compatible server as an engine: vLLM, SGLang, llama.cpp, LM Studio, `transformers serve` and others. */
export class RemoteEngine implements Engine {
  private readonly servers = new Map<string, Server>();
  private server: Server | undefined;
  private readonly stop = new AbortController();
  private readonly calls = new CallQueue();

  constructor(private readonly options: RemoteOptions = {}) {
    setMaxListeners(0, this.stop.signal);
  }

  load({ endpoint, ...source }: ModelSource): Promise<LoadedModel> {
    return this.calls.add(async () => {
      this.server = undefined;
      if (!endpoint) throw new ErrataError("The model has no endpoint", undefined, "no-model");
      checkEndpoint(endpoint);
      await this.options.allow?.(endpoint);
      const server = this.serverOf(endpoint);
      const described = await server.describe(this.stop.signal);
      this.server = server;
      return {
        source: { ...source, endpoint },
        ...{ backend: "remote", notTaken: [], decoding: "blocks" as const },
        // 0: the server does not tell.
        ...{ vocabSize: 0, contextLength: described?.contextLength ?? 0 },
        slots: concurrencyOf(endpoint),
      };
    });
  }

  generate(
    jobs: GenerateJob[],
    options: SamplingOptions,
    on: GenerateListener,
    signal?: AbortSignal,
  ): Promise<void> {
    return this.calls.add(async () => {
      refusePrefix(jobs);
      const server = this.loaded();
      const fail = new AbortController();
      const all = AbortSignal.any([fail.signal, this.stop.signal, ...(signal ? [signal] : [])]);
      setMaxListeners(0, all);
      try {
        all.throwIfAborted();
        if (options.temperature > 0 && jobs.some((job) => job.samples.length > 1))
          await this.probe(server, all);
        await this.run(server, jobs, options, on, all, fail);
      } catch (error) {
        signal?.throwIfAborted();
        throw this.stop.signal.aborted ? this.stop.signal.reason : error;
      }
    });
  }

  /** One small completion, to see whether the model answers; resolves with what it said. */
  async tryOut(signal?: AbortSignal): Promise<string> {
    let said = "";
    const messages: ChatMessage[] = [{ role: "user", content: "What is 2 + 2?" }];
    const options = { ...PROBE_OPTIONS, temperature: 0, maxTokens: 16 };
    const job = { key: "try", messages, samples: [0] };
    await this.generate([job], options, { row: ({ text }) => (said = text) }, signal);
    return said;
  }

  async preview(): ReturnType<Engine["preview"]> {
    const { url } = this.loaded().endpoint;
    return {
      text: `The messages go to ${url} as they stand above.\nThe server applies its own chat template, so the exact text and its tokens are not known here.`,
      tokens: [],
    };
  }

  async dispose(): Promise<void> {
    this.stop.abort(new ErrataError("The engine was stopped", undefined, "disposed"));
    for (const server of this.servers.values()) server.close();
    await this.calls.idle();
  }

  private async run(
    server: Server,
    jobs: GenerateJob[],
    options: SamplingOptions,
    on: GenerateListener,
    signal: AbortSignal,
    fail: AbortController,
  ): Promise<void> {
    const several = options.temperature > 0 && server.manner.several === true;
    const queue = jobs.flatMap((job) => tasksOf(job, options, several));
    const watch = new Watch(
      on,
      jobs.reduce((sum, { samples }) => sum + samples.length, 0),
    );
    const active = new Set<Promise<void>>();
    const start = (task: Task): void => {
      const { key, messages } = task.job;
      const one = server
        .complete(
          { messages, options, maxTokens: task.maxTokens, samples: task.samples },
          {
            sample: (sample, sampled, promptTokens) =>
              watch.row({ key, sample, tokenIds: [], promptTokens, ...sampled }),
            part: (sample, tokens, text) => watch.part(key, sample, tokens, text),
          },
          signal,
        )
        .then(
          (left) => void queue.unshift(...left.map((sample) => ({ ...task, samples: [sample] }))),
          // The first failure ends the others, whose own are only its echo.
          (error: unknown) => fail.abort(error),
        )
        .finally(() => active.delete(one));
      active.add(one);
    };
    const limit = concurrencyOf(server.endpoint);
    while (active.size > 0 || (queue.length > 0 && !signal.aborted)) {
      while (active.size < limit && !signal.aborted) {
        const task = queue.shift();
        if (!task) break;
        start(task);
      }
      await Promise.race(active);
    }
    watch.end();
    fail.signal.throwIfAborted();
    signal.throwIfAborted();
  }

  /** Finds out once what a server makes of several samples a request. Its own prompt: no sample depends on it. */
  private async probe(server: Server, signal: AbortSignal): Promise<void> {
    const { manner } = server;
    if (manner.several !== undefined) return;
    const host = hostOf(server.endpoint.url);
    const texts: string[] = [];
    const ask = (samples: number[], tries?: number): Promise<number[]> =>
      server.complete(
        { messages: PROBE, options: PROBE_OPTIONS, maxTokens: PROBE_OPTIONS.maxTokens, samples },
        { sample: (_, { text }) => texts.push(text) },
        signal,
        tries,
      );
    // A server may also refuse, or break, when it is asked for several: then it is asked for one, which tells.
    const left = await ask([0, 1, 2, 3], 2).catch((error: unknown) => {
      if (error instanceof ErrataError && error.code !== "endpoint-key") return [0, 1, 2, 3];
      throw error;
    });
    const differ = (): boolean => new Set(texts).size > 1;
    manner.several = left.length === 0 && differ();
    if (manner.several) return;
    this.options.log?.(`${host} is asked for one sample a request`);
    if (!differ()) await Promise.all([ask([4]), ask([5]), ask([6])]);
    if (!differ() && texts.some((text) => text.trim() !== ""))
      this.options.warn?.(
        `${host} gives the same text whatever the seed, at temperature 1: all samples of a problem may be equal. Does it sample at all? (transformers serve does so only with "do_sample": true in the model's generation_config.json.)`,
      );
  }

  private serverOf(endpoint: Endpoint): Server {
    const id = JSON.stringify([endpoint.url, endpoint.model, concurrencyOf(endpoint)]);
    const server = this.servers.get(id) ?? new Server(endpoint, { keys: NO_KEYS, ...this.options });
    this.servers.set(id, server);
    return server;
  }

  private loaded(): Server {
    return mustBeLoaded(this.server);
  }
}

function concurrencyOf({ concurrency }: Endpoint): number {
  return concurrency ?? CONCURRENCY;
}

function tasksOf(job: GenerateJob, options: SamplingOptions, several: boolean): Task[] {
  const size = several && !job.maxTokens ? SEVERAL : 1;
  const tasks: Task[] = [];
  for (let at = 0; at < job.samples.length; at += size) {
    const maxTokens = Math.min(job.maxTokens?.[at] ?? options.maxTokens, options.maxTokens);
    tasks.push({ job, samples: job.samples.slice(at, at + size), maxTokens });
  }
  return tasks;
}

/** Chat completions have no way that all servers share to go on from a text of the assistant's. */
function refusePrefix(jobs: readonly GenerateJob[]): void {
  if (jobs.every(({ prefix }) => prefix === undefined)) return;
  throw new ErrataError(
    "A model behind a server cannot go on from a given beginning of its answer",
    "Add the model as a folder, which is sampled here.",
    "no-prefix",
  );
}
