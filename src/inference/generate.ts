import type { Generation, SamplingOptions } from "../protocol/types.js";
import type { Stepper } from "./decoder.js";
import { hashTokens, uniform } from "./random.js";
import { type Pick, Sampler } from "./sampler.js";
import { type ChatTokenizer, cutAtStop, StopFinder } from "./tokenizer.js";
import type { GeneratedRow, GenerateProgress } from "./types.js";

/** A prompt as tokens, and the sample numbers wanted of it. */
export interface PreparedJob {
  key: string;
  tokens: number[];
  samples: number[];
}

/** What decoding needs to know of the model. */
export interface GenerateContext {
  stepper: Stepper;
  tokenizer: ChatTokenizer;
  endTokens: ReadonlySet<number>;
  vocabSize: number;
  contextLength: number;
}

/** One sample under way. */
class Row {
  readonly tokens: number[] = [];
  readonly logprobs: number[] = [];
  readonly stop: StopFinder | undefined;
  readonly limit: number;

  constructor(
    readonly job: PreparedJob,
    readonly hash: [number, number],
    readonly sample: number,
    private readonly context: GenerateContext,
    private readonly options: SamplingOptions,
    private readonly stops: readonly string[],
  ) {
    this.limit = Math.min(options.maxTokens, context.contextLength - job.tokens.length);
    this.stop = stops.length > 0 ? new StopFinder(context.tokenizer, stops) : undefined;
  }

  get length(): number {
    return this.job.tokens.length + this.tokens.length;
  }

  /** Takes the next token; says why the row ends with it, if it does. */
  take({ token, logprob }: Pick): Generation["finish"] | undefined {
    this.tokens.push(token);
    this.logprobs.push(logprob);
    if (this.context.endTokens.has(token)) return "stop";
    if (this.stop?.push(token)) return "stop";
    return this.tokens.length >= this.limit ? "length" : undefined;
  }

  result(finish: Generation["finish"]): GeneratedRow {
    const { endTokens, tokenizer } = this.context;
    const last = this.tokens.at(-1);
    const ended = last !== undefined && endTokens.has(last);
    const text = tokenizer.decode(ended ? this.tokens.slice(0, -1) : this.tokens);
    return {
      key: this.job.key,
      sample: this.sample,
      promptTokens: this.job.tokens.length,
      text: cutAtStop(text, this.stops),
      tokenIds: this.tokens,
      logprobs: this.logprobs,
      finish,
    };
  }

  next(sampler: Sampler, logits: Float32Array, offset: number): Pick {
    const { options } = this;
    const random =
      options.temperature === 0 ? 0 : uniform(options.seed, this.hash, this.sample, this.tokens.length);
    return sampler.sample(logits, offset, options, random);
  }
}

/**
 * Samples every job: each prompt is computed once, its cache copied to the slots of its samples; a slot whose
 * sequence ended takes the next sample of the queue at once, across problems; when the queue is empty the remaining
 * sequences are moved together, so that a step computes no idle row.
 *
 * Rejects with the signal's reason within one step; rows reported before it stay valid.
 */
export async function generate(
  jobs: PreparedJob[],
  options: SamplingOptions,
  context: GenerateContext,
  on: { row(row: GeneratedRow): void; progress(progress: GenerateProgress): void },
  signal?: AbortSignal,
): Promise<void> {
  const { stepper, vocabSize } = context;
  const sampler = new Sampler(vocabSize);
  const stops = (options.stop ?? []).filter((s) => s.length > 0);
  const queue = samplesOf(jobs);
  const rowsTotal = jobs.reduce((sum, job) => sum + job.samples.length, 0);
  const slots: (Row | undefined)[] = [];
  const start = performance.now();
  let rowsDone = 0;
  let tokens = 0;
  let prefilled: { job: PreparedJob; logits: Float32Array; hash: [number, number] } | undefined;
  let following = queue.next();

  const accept = (row: Row, pick: Pick, slot: number): boolean => {
    tokens++;
    const finish = row.take(pick);
    if (finish) {
      rowsDone++;
      on.row(row.result(finish));
      return false;
    }
    stepper.feed(slot, pick.token, row.length - 1);
    return true;
  };

  for (;;) {
    for (let slot = 0; slot < stepper.slots && !following.done; slot++) {
      while (!slots[slot] && !following.done) {
        const { job, sample } = following.value;
        if (prefilled?.job !== job) {
          signal?.throwIfAborted();
          prefilled = { job, logits: await stepper.prefill(job.tokens), hash: hashTokens(job.tokens) };
        }
        following = queue.next();
        const row = new Row(job, prefilled.hash, sample, context, options, stops);
        const pick = row.next(sampler, prefilled.logits, 0);
        stepper.place(slot, job.tokens.length);
        if (accept(row, pick, slot)) slots[slot] = row;
      }
    }
    compact(slots, stepper);
    if (slots.length === 0) break;
    signal?.throwIfAborted();
    const logits = await stepper.step(slots.length);
    for (let slot = 0; slot < slots.length; slot++) {
      const row = slots[slot];
      if (row && !accept(row, row.next(sampler, logits, slot * vocabSize), slot)) slots[slot] = undefined;
    }
    const seconds = (performance.now() - start) / 1000;
    on.progress({ rowsDone, rowsTotal, tokens, tokensPerSecond: tokens / Math.max(seconds, 1e-3) });
  }
}

function* samplesOf(jobs: PreparedJob[]): Generator<{ job: PreparedJob; sample: number }> {
  for (const job of jobs) for (const sample of job.samples) yield { job, sample };
}

/** Fills holes with the last sequences; afterwards `slots` has no hole. */
function compact(slots: (Row | undefined)[], stepper: Stepper): void {
  for (let slot = 0; slot < slots.length; slot++) {
    while (slots.length > slot && slots.at(-1) === undefined) slots.pop();
    const last = slots.at(-1);
    if (slot >= slots.length || slots[slot] || !last) continue;
    // Its newest token is fed but not in the cache yet.
    stepper.move(slots.length - 1, slot, last.length - 1);
    stepper.feed(slot, last.tokens.at(-1) ?? 0, last.length - 1);
    slots[slot] = last;
    slots.pop();
  }
}
