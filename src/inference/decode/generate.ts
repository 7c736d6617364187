import type { Generation, SamplingOptions } from "../../protocol/types.js";
import { type ChatTokenizer, cutAtStop, StopFinder } from "../model/tokenizer.js";
import type { GeneratedRow, GenerateListener } from "../types.js";
import type { Decoder, Sequence } from "./decoder.js";
import { LiveTeller, type Watched } from "./live.js";
import { hashTokens, uniform } from "./random.js";
import { Sampler } from "./sampler.js";

/**
 * A block of turns takes no longer than this: progress and Cancel are never far away, and a row that ends inside of a
 * block does not idle long.
 */
const BLOCK_SECONDS = 0.25;
/** Scores that one head's attention over a chunk may have: 4 MiB in float32. */
const SCORES = 1 << 20;

/** A prompt as tokens, and the sample numbers wanted of it. */
export interface PreparedJob {
  key: string;
  tokens: number[];
  /** The prompt's end that belongs to the answers' text: a thinking section's start tag. */
  opening?: string;
  samples: number[];
  /** New tokens at most, one number per sample. */
  maxTokens?: number[];
}

/** What decoding needs to know of the model. */
export interface GenerateContext {
  decoder: Decoder;
  tokenizer: ChatTokenizer;
  endTokens: ReadonlySet<number>;
  vocabSize: number;
  contextLength: number;
  /** Tokens of a prompt computed at once, at most. A prompt's own length alone decides its chunks. */
  prefillChunk: number;
}

/** One sample under way. */
class Row implements Sequence, Watched {
  finish: Generation["finish"] | undefined;
  readonly limit: number;
  readonly tokens: number[] = [];
  private readonly logprobs: number[] = [];
  private readonly entropies: number[] = [];
  private readonly stop: StopFinder | undefined;

  constructor(
    private readonly job: PreparedJob,
    private readonly hash: [number, number],
    readonly sample: number,
    maxTokens: number,
    private readonly context: GenerateContext,
    private readonly options: SamplingOptions,
    private readonly stops: readonly string[],
  ) {
    this.limit = Math.min(job.tokens.length + maxTokens, context.contextLength);
    this.stop = stops.length > 0 ? new StopFinder(context.tokenizer, stops) : undefined;
  }

  get key(): string {
    return this.job.key;
  }
  get opening(): string {
    return this.job.opening ?? "";
  }
  get token(): number {
    return this.tokens.at(-1) ?? 0;
  }
  get length(): number {
    return this.job.tokens.length + this.tokens.length;
  }
  get made(): number {
    return this.tokens.length;
  }

  uniform(ahead: number): number {
    return uniform(this.options.seed, this.hash, this.sample, this.tokens.length + ahead);
  }

  take(token: number, logprob: number, entropy: number): boolean {
    this.tokens.push(token);
    this.logprobs.push(logprob);
    this.entropies.push(entropy);
    if (this.context.endTokens.has(token) || this.stop?.push(token)) this.finish = "stop";
    else if (this.length >= this.limit) this.finish = "length";
    return this.finish === undefined;
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
      text: this.opening + cutAtStop(text, this.stops),
      tokenIds: this.tokens,
      logprobs: this.logprobs,
      entropies: this.entropies,
      finish,
    };
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
  on: GenerateListener,
  signal?: AbortSignal,
): Promise<void> {
  const { decoder } = context;
  const sampler = new Sampler(context.vocabSize);
  const stops = (options.stop ?? []).filter((s) => s.length > 0);
  const queue = samplesOf(jobs);
  const rowsTotal = jobs.reduce((sum, job) => sum + job.samples.length, 0);
  const slots = Math.min(decoder.slots, rowsTotal);
  const rows: (Row | undefined)[] = [];
  const live = on.live && new LiveTeller(context.tokenizer, on.live);
  const start = performance.now();
  let rowsDone = 0;
  let tokens = 0;
  const prompts = new Prompts(context);
  let prefilled: { job: PreparedJob; logits: Float32Array; hash: [number, number] } | undefined;
  let following = queue.next();
  /** Seconds of a turn, for the length of the next block. */
  let pace = 0;

  const report = (row: Row): boolean => {
    if (!row.finish) return false;
    rowsDone++;
    on.row(row.result(row.finish));
    return true;
  };
  for (;;) {
    for (let slot = 0; slot < slots && !following.done; slot++) {
      while (!rows[slot] && !following.done) {
        const { job, sample, maxTokens = options.maxTokens } = following.value;
        if (prefilled?.job !== job) {
          const logits = await prompts.prefill(job.tokens, signal);
          prefilled = { job, logits, hash: hashTokens(job.tokens) };
        }
        following = queue.next();
        const row = new Row(job, prefilled.hash, sample, maxTokens, context, options, stops);
        const random = options.temperature === 0 ? 0 : row.uniform(0);
        const { token, logprob, entropy } = sampler.sample(prefilled.logits, 0, options, random);
        tokens++;
        if (!row.take(token, logprob, entropy)) {
          report(row);
          continue;
        }
        decoder.place(slot, job.tokens.length);
        rows[slot] = row;
      }
    }
    const active = compact(rows, decoder);
    if (active.length === 0) break;
    signal?.throwIfAborted();
    // A row that ends inside a block idles until its end: shorter blocks while others wait for its slot.
    const most = following.done ? decoder.turns : Math.ceil(decoder.turns / 2);
    const wanted = Math.min(most, pace > 0 ? Math.floor(BLOCK_SECONDS / pace) : 1);
    const before = performance.now();
    const made = sum(active);
    const turns = await decoder.advance(active, options, powerOfTwo(wanted));
    pace = (performance.now() - before) / 1000 / turns;
    tokens += sum(active) - made;
    active.forEach((row, slot) => {
      if (report(row)) rows[slot] = undefined;
    });
    live?.look(rows);
    const seconds = (performance.now() - start) / 1000;
    const tokensPerSecond = tokens / Math.max(seconds, 1e-3);
    on.progress?.({ rowsDone, rowsTotal, tokens, tokensPerSecond, slots });
  }
}

/**
 * Computes prompts in chunks: Cancel never waits longer than for one, attention's scores stay small, and whole chunks
 * that a prompt shares with the one before (a system message, worked examples) are not computed again.
 */
class Prompts {
  private last: readonly number[] = [];

  constructor(private readonly context: GenerateContext) {}

  /** Logits `[V]` after the last token. */
  async prefill(tokens: readonly number[], signal?: AbortSignal): Promise<Float32Array> {
    const { decoder } = this.context;
    const chunks = [...this.chunks(tokens.length)];
    // The last one is always computed: its logits are wanted.
    const known = chunks.slice(0, -1).filter(([, end]) => this.shares(tokens, end)).length;
    this.last = [];
    let logits = new Float32Array();
    for (const [from, end] of chunks.slice(known)) {
      signal?.throwIfAborted();
      // A copy: the decoder's own buffer serves the next call.
      logits = (await decoder.prefill(tokens.slice(from, end), from)).slice();
    }
    this.last = tokens;
    return logits;
  }

  /** Where chunks start and end: decided by their places alone, so that a prompt is always computed the same way. */
  private *chunks(length: number): Generator<[from: number, end: number]> {
    const { prefillChunk } = this.context;
    for (let from = 0; from < length; ) {
      const size = Math.min(prefillChunk, Math.max(16, Math.floor(SCORES / (from + prefillChunk))));
      const end = Math.min(length, from + size);
      yield [from, end];
      from = end;
    }
  }

  private shares(tokens: readonly number[], end: number): boolean {
    for (let i = 0; i < end; i++) if (tokens[i] !== this.last[i]) return false;
    return true;
  }
}

/** The largest one that is not above `n`; rows that come and go then stay in step with each other's blocks. */
function powerOfTwo(n: number): number {
  return 2 ** Math.floor(Math.log2(Math.max(1, n)));
}

function sum(rows: Row[]): number {
  let tokens = 0;
  for (const row of rows) tokens += row.made;
  return tokens;
}

interface Wanted {
  job: PreparedJob;
  sample: number;
  maxTokens: number | undefined;
}
function* samplesOf(jobs: PreparedJob[]): Generator<Wanted> {
  for (const job of jobs)
    for (const [i, sample] of job.samples.entries()) yield { job, sample, maxTokens: job.maxTokens?.[i] };
}

/** Fills holes with the last sequences; returns `rows`, which has no hole any more. */
function compact(rows: (Row | undefined)[], decoder: Decoder): Row[] {
  for (let slot = 0; slot < rows.length; slot++) {
    while (rows.length > slot && rows.at(-1) === undefined) rows.pop();
    const last = rows.at(-1);
    if (slot >= rows.length || rows[slot] || !last) continue;
    // Its newest token is in no cache yet.
    decoder.move(rows.length - 1, slot, last.length - 1);
    rows[slot] = last;
    rows.pop();
  }
  return rows as Row[];
}
