import type { ChatMessage, Endpoint, SamplingOptions } from "../../protocol/types.js";
import { cutAtStop } from "../model/tokenizer.js";
import { Completion, type Sampled } from "./answer.js";
import { type EndpointKeys, explain, hostOf, listModels, originOf, type ServedModel } from "./endpoint.js";
import { Fault, Http, parse, readText } from "./http.js";
import { Patience, TRIES } from "./patience.js";
import { Manner, seedOf } from "./request.js";
import { eventData } from "./sse.js";

export interface ServerOptions {
  keys: EndpointKeys;
  /** For the log. Never a key. */
  log?: ((line: string) => void) | undefined;
  /** For people: what the server does otherwise than asked. */
  warn?: ((line: string) => void) | undefined;
  /** Without a byte for so long a request is given up and made again. Default: 10 minutes. */
  idleMs?: number | undefined;
  /** First wait between tries; the next is twice that. Default: 500. */
  backoffMs?: number | undefined;
}

/** Samples of one prompt, asked for in one request. */
export interface CompletionAsk {
  messages: ChatMessage[];
  options: SamplingOptions;
  maxTokens: number;
  samples: number[];
}
export interface CompletionListener {
  sample(sample: number, sampled: Sampled, promptTokens: number): void;
  part?(sample: number, tokens: number, text: () => string): void;
}

const IDLE_MS = 600_000;
/** Tries to find out whether a server is there at all: a person waits. */
const FIRST_TRIES = 3;
const NEW_KEYS = 3;

/** One model on one server: its key, what it accepts, and patience with it. */
export class Server {
  readonly manner = new Manner();
  private readonly http = new Http();
  private readonly patience: Patience;
  private asking: Promise<boolean> | undefined;
  /** Keys asked for since one was last accepted. */
  private newKeys = 0;

  constructor(
    readonly endpoint: Endpoint,
    private readonly options: ServerOptions,
  ) {
    this.patience = new Patience(options.backoffMs);
  }

  close(): void {
    this.http.close();
  }

  /** What the server says of its model; undefined where it says nothing. Rejects where no server answers. */
  async describe(signal?: AbortSignal): Promise<ServedModel | undefined> {
    const { url, model } = this.endpoint;
    for (let tries = 1; ; tries++) {
      const key = await this.currentKey();
      try {
        const listed = await listModels(this.http, url, key, signal);
        const own = listed.find(({ id }) => id === model);
        if (!own && listed.length > 0) this.options.log?.(`${url} does not list a model "${model}"`);
        return own;
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (error.kind === "key") await this.renewKey(key, error);
        else if (!(await this.waits(error, tries, signal))) return undefined;
      }
    }
  }

  /** True when a server that may be starting was waited for; false when it just does not list its models. */
  private async waits(fault: Fault, tries: number, signal?: AbortSignal): Promise<boolean> {
    const away = fault.kind === "connection" || fault.kind === "idle";
    const busy = fault.kind === "busy" || [502, 503, 504].includes(fault.more.status ?? 0);
    if (!away && !busy) return false;
    if (tries >= (away ? FIRST_TRIES : TRIES)) throw explain(fault, this.endpoint, tries);
    await this.wait(fault, tries, signal);
    return true;
  }

  /**
   * Asks until each sample is there, reporting each as it ends. Resolves with those that the server left out of an
   * answer in good order: it makes fewer samples a request than it is asked for.
   *
   * @throws ErrataError when the server refuses, or gave nothing in several tries; the signal's reason
   */
  async complete(
    ask: CompletionAsk,
    on: CompletionListener,
    signal?: AbortSignal,
    tries = TRIES,
  ): Promise<number[]> {
    let open = ask.samples;
    for (let failed = 0; ; ) {
      await this.patience.turn(signal);
      const key = await this.currentKey();
      const asked = open;
      const done = new Set<number>();
      const body = this.manner.body({
        ...{ model: this.endpoint.model, messages: ask.messages, options: ask.options },
        ...{ maxTokens: ask.maxTokens, n: asked.length },
        seed: seedOf(ask.options.seed, ask.messages, asked[0] ?? 0),
      });
      try {
        await this.once(body, asked, { key, stop: ask.options.stop ?? [], done, on, signal });
        if (done.size === 0) throw new Fault("The answer holds no sample", "garbled");
        return asked.filter((sample) => !done.has(sample));
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        open = asked.filter((sample) => !done.has(sample));
        if (open.length === 0) return [];
        if (done.size > 0) failed = 0;
        if (error.kind === "key") await this.renewKey(key, error);
        else if (!this.adapted(error, body)) {
          failed++;
          if (!error.passing || failed >= tries) throw explain(error, this.endpoint, failed, key);
          await this.wait(error, failed, signal);
        }
      }
    }
  }

  private async once(
    body: unknown,
    asked: number[],
    more: {
      key: string | undefined;
      stop: string[];
      done: Set<number>;
      on: CompletionListener;
      signal?: AbortSignal | undefined;
    },
  ): Promise<void> {
    const { key, signal, on, done, stop } = more;
    const completion = new Completion();
    const give = (all: boolean, closed = all): void => {
      for (const { index, sampled } of completion.take(all, closed)) {
        const sample = asked[index];
        if (sample === undefined) continue;
        done.add(sample);
        // Some servers leave the stop string in.
        const text = cutAtStop(sampled.text, stop);
        const finish = text === sampled.text ? sampled.finish : "stop";
        on.sample(sample, { ...sampled, text, finish }, completion.promptSize);
      }
    };
    const { url } = this.endpoint;
    const idleMs = this.options.idleMs ?? IDLE_MS;
    const answer = await this.http.send({ url: `${url}/chat/completions`, body, key, signal, idleMs });
    this.newKeys = 0;
    if (!answer.headers["content-type"]?.includes("event-stream")) {
      completion.add(parse(await readText(answer, { key })));
      give(true);
      return;
    }
    let ended = false;
    try {
      for await (const data of eventData(answer.body)) {
        // Read on to the end of the answer: only then can its connection be used again.
        if (ended || data.trim() === "[DONE]") ended = true;
        else {
          for (const index of completion.add(parse(data))) {
            const sample = asked[index];
            if (sample !== undefined && !done.has(sample))
              on.part?.(sample, completion.tokens(index), () => completion.text(index));
          }
          give(false);
        }
      }
    } finally {
      give(true, ended);
    }
    if (!ended && done.size === 0) throw new Fault("The answer was cut", "connection");
  }

  private adapted(fault: Fault, sent: Record<string, unknown>): boolean {
    const { changed, note } = this.manner.adapt(fault, sent);
    const host = hostOf(this.endpoint.url);
    if (changed)
      this.options.log?.(`${host} refused a field, which is left out from now on: ${fault.message}`);
    if (note) this.options.warn?.(`${host}: ${note}, the server does not know it.`);
    return changed;
  }

  private async wait(fault: Fault, failed: number, signal?: AbortSignal): Promise<void> {
    const { url } = this.endpoint;
    const waited = this.patience.wait(fault, failed, signal);
    this.options.log?.(`${hostOf(url)}: ${fault.message}; trying again (${failed} of ${TRIES})`);
    await waited;
  }

  private currentKey(): Promise<string | undefined> {
    return this.options.keys.get(originOf(this.endpoint.url));
  }

  /** After `used` was refused: resolves when there is another key. Requests that fail together ask for it once. */
  private async renewKey(used: string | undefined, fault: Fault): Promise<void> {
    if ((await this.currentKey()) !== used) return;
    const refusal = explain(fault, this.endpoint, 1, used);
    const { keys } = this.options;
    if (!this.asking) {
      if (!keys.refused || this.newKeys >= NEW_KEYS) throw refusal;
      this.newKeys++;
      this.asking = keys.refused(originOf(this.endpoint.url), refusal.message).finally(() => {
        this.asking = undefined;
      });
    }
    if (!(await this.asking)) throw refusal;
  }
}
