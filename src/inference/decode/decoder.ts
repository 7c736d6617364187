import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Runtime } from "../backend/runtime.js";
import type { ModelFolder } from "../model/folder.js";
import { type CacheArray, type CacheType, elementsOf, floatsFrom, tensorOf } from "./half.js";
import { Sampler, type Shape } from "./sampler.js";

/** Rows are never decoded alone: a matrix of one row takes another kernel, which rounds differently. */
export const ROWS_AT_LEAST = 2;

/** A sequence under way, as a decoder sees it. */
export interface Sequence {
  /** Its newest token, which is in no cache yet. */
  readonly token: number;
  /** Tokens so far, prompt and newest token included. */
  readonly length: number;
  /** It ends when it is this long. */
  readonly limit: number;
  /** The number in [0, 1) that decides the pick `ahead` tokens from the next. */
  uniform(ahead: number): number;
  /** Takes its next token, with its log-probability and the distribution's entropy; false when it ends with it. */
  take(token: number, logprob: number, entropy: number): boolean;
}

/** Continues a number of sequences, each in a slot of its own. */
export interface Decoder {
  readonly slots: number;
  /** Tokens that a slot can hold. */
  readonly capacity: number;
  /** Tokens that one `advance` may make of each sequence. */
  readonly turns: number;
  /**
   * Computes the next tokens of a prompt, of which `from` were computed by the calls before, perhaps as the beginning of
   * another prompt. Returns the logits `[V]` after the last of them, overwritten by the next call of anything.
   */
  prefill(tokens: readonly number[], from: number): Promise<Float32Array>;
  /** Gives a slot the prompt that was prefilled last. */
  place(slot: number, promptLength: number): void;
  /** Moves a slot's sequence, of `length` tokens in the cache, to another slot. */
  move(from: number, to: number, length: number): void;
  /** Gives the sequences of slots 0..n-1 up to `turns` tokens each. Returns the turns it made, at least 1. */
  advance(sequences: readonly Sequence[], shape: Shape, turns: number): Promise<number>;
}

/** Feeds and fetches for a fixed number of rows, over buffers that never change. */
interface Binding {
  feeds: Record<string, Tensor>;
  fetches: Record<string, Tensor>;
}

/**
 * One-token steps over a fixed set of slots, each holding one sequence. Past and present cache are the same buffers
 * `[slots, kvHeads, capacity, headSize]`, which GroupQueryAttention updates in place on the CPU. Rows are
 * right-padded: a row's length is the sum of its attention mask, whatever the mask's width.
 *
 * The prompt is computed once, alone, in a cache of its own, and copied to the slots of its samples.
 */
export class Stepper implements Decoder {
  readonly turns = 1;
  private readonly sampler: Sampler;
  /** Next token of each slot and its position: what `step` reads. */
  private readonly ids: Int32Array;
  private readonly positions: Int32Array;
  private readonly mask: Int32Array;
  /** What a step writes, as the model writes it, and as numbers. */
  private readonly written: CacheArray;
  private readonly logits: Float32Array;
  private readonly caches: CacheArray[] = [];
  private readonly promptCaches: CacheArray[] = [];
  private readonly tensors: { ids: BigInt64Array; positions: BigInt64Array; mask: BigInt64Array };
  private readonly bindings = new Map<number, Binding>();
  private readonly promptBinding: Binding;
  private readonly cacheType: CacheType;
  private readonly logitsType: CacheType;
  private readonly hasPositions: boolean;
  private readonly fixed: Record<string, Tensor>;

  constructor(
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly model: ModelFolder,
    readonly slots: number,
    /** Tokens that a slot can hold. */
    readonly capacity: number,
  ) {
    const rows = Math.max(slots, ROWS_AT_LEAST);
    this.sampler = new Sampler(model.vocabSize);
    this.cacheType = cacheType(session, model.names.past[0]);
    this.hasPositions = session.inputNames.includes(model.names.positionIds);
    this.fixed = fixedFeeds(runtime, session, model);
    this.tensors = {
      ids: new BigInt64Array(rows),
      positions: new BigInt64Array(rows),
      mask: new BigInt64Array(rows * capacity),
    };
    // Little-endian halves of the same int64s: a BigInt for every token would be garbage.
    this.ids = new Int32Array(this.tensors.ids.buffer);
    this.positions = new Int32Array(this.tensors.positions.buffer);
    this.mask = new Int32Array(this.tensors.mask.buffer);
    this.logitsType = typeOf(session.outputMetadata, model.names.logits);
    this.logits = new Float32Array(rows * model.vocabSize);
    this.written = this.logitsType === "float32" ? this.logits : new Uint16Array(this.logits.length);
    const perSlot = model.kvHeads * capacity * model.headSize;
    const make = (n: number) => (this.cacheType === "float32" ? new Float32Array(n) : new Uint16Array(n));
    for (let i = 0; i < model.names.past.length; i++) {
      this.caches.push(make(rows * perSlot));
      this.promptCaches.push(make(perSlot));
    }
    // Every row of the mask has a length, also one that holds no sequence yet.
    for (let b = 0; b < rows; b++) this.mask[2 * b * capacity] = 1;
    this.promptBinding = this.cacheBinding(this.promptCaches, 1);
  }

  async prefill(tokens: readonly number[], from: number): Promise<Float32Array> {
    const { names, vocabSize } = this.model;
    const length = tokens.length;
    const int64 = (values: BigInt64Array) => new this.runtime.Tensor("int64", values, [1, values.length]);
    const feeds: Record<string, Tensor> = {
      ...this.promptBinding.feeds,
      ...this.fixed,
      [names.inputIds]: int64(BigInt64Array.from(tokens, BigInt)),
      [names.attentionMask]: int64(new BigInt64Array(from + length).fill(1n)),
    };
    if (this.hasPositions)
      feeds[names.positionIds] = int64(BigInt64Array.from(tokens, (_, i) => BigInt(from + i)));
    const fetches = { ...this.promptBinding.fetches, [names.logits]: null };
    const output = await this.session.run(feeds, fetches);
    return floatsFrom(elementsOf(output[names.logits]).slice(-vocabSize));
  }

  place(slot: number, promptLength: number): void {
    const { capacity } = this;
    for (let i = 0; i < this.caches.length; i++)
      this.copyRow(this.promptCaches[i] as CacheArray, 0, this.caches[i] as CacheArray, slot, promptLength);
    this.setLength(slot, promptLength, capacity);
  }

  move(from: number, to: number, length: number): void {
    for (const cache of this.caches) this.copyRow(cache, from, cache, to, length);
    this.setLength(to, length, this.capacity);
  }

  async advance(sequences: readonly Sequence[], shape: Shape): Promise<number> {
    sequences.forEach(({ token, length }, slot) => {
      this.ids[2 * slot] = token;
      this.positions[2 * slot] = length - 1;
      this.mask[2 * (slot * this.capacity + length - 1)] = 1;
    });
    const logits = await this.step(Math.max(sequences.length, ROWS_AT_LEAST));
    sequences.forEach((sequence, slot) => {
      const random = shape.temperature === 0 ? 0 : sequence.uniform(0);
      const at = slot * this.model.vocabSize;
      const { token, logprob, entropy } = this.sampler.sample(logits, at, shape, random);
      sequence.take(token, logprob, entropy);
    });
    return this.turns;
  }

  /** One token for slots 0..rows-1. Returns logits `[rows, V]`, overwritten by the next step. */
  private async step(bound: number): Promise<Float32Array> {
    let binding = this.bindings.get(bound);
    if (!binding) {
      binding = this.bind(bound);
      this.bindings.set(bound, binding);
    }
    const { feeds, fetches } = binding;
    await this.session.run(feeds, fetches);
    return floatsFrom(this.written.subarray(0, bound * this.model.vocabSize), this.logits);
  }

  private setLength(slot: number, length: number, capacity: number): void {
    const start = 2 * slot * capacity;
    this.mask.fill(0, start, start + 2 * capacity);
    for (let t = 0; t < length; t++) this.mask[start + 2 * t] = 1;
  }

  private copyRow(from: CacheArray, fromRow: number, to: CacheArray, toRow: number, length: number): void {
    const { kvHeads, headSize } = this.model;
    const perHead = this.capacity * headSize;
    for (let h = 0; h < kvHeads; h++) {
      const source = (fromRow * kvHeads + h) * perHead;
      const target = (toRow * kvHeads + h) * perHead;
      to.set(from.subarray(source, source + length * headSize), target);
    }
  }

  private cacheBinding(caches: CacheArray[], rows: number): Binding {
    const { kvHeads, headSize, names } = this.model;
    const dims = [rows, kvHeads, this.capacity, headSize];
    const binding: Binding = { feeds: {}, fetches: {} };
    caches.forEach((cache, i) => {
      const used = cache.subarray(0, rows * kvHeads * this.capacity * headSize);
      const tensor = tensorOf(this.runtime, this.cacheType, used, dims);
      binding.feeds[names.past[i] as string] = tensor;
      binding.fetches[names.present[i] as string] = tensor;
    });
    return binding;
  }

  private bind(rows: number): Binding {
    const { names, vocabSize } = this.model;
    const { Tensor } = this.runtime;
    const binding = this.cacheBinding(this.caches, rows);
    Object.assign(binding.feeds, this.fixed);
    const { ids, positions, mask } = this.tensors;
    binding.feeds[names.inputIds] = new Tensor("int64", ids.subarray(0, rows), [rows, 1]);
    binding.feeds[names.attentionMask] = new Tensor("int64", mask.subarray(0, rows * this.capacity), [
      rows,
      this.capacity,
    ]);
    if (this.hasPositions)
      binding.feeds[names.positionIds] = new Tensor("int64", positions.subarray(0, rows), [rows, 1]);
    const written = this.written.subarray(0, rows * vocabSize);
    binding.fetches[names.logits] = tensorOf(this.runtime, this.logitsType, written, [rows, 1, vocabSize]);
    return binding;
  }
}

/** Of a session's caches, of which one is called `past`. */
export function cacheType(session: InferenceSession, past: string | undefined): CacheType {
  return typeOf(session.inputMetadata, past);
}

/** Of an input or output that is one of the two. */
export function typeOf(
  values: readonly InferenceSession.ValueMetadata[],
  name: string | undefined,
): CacheType {
  const found = values.find((value) => value.name === name);
  return found?.isTensor && found.type === "float16" ? "float16" : "float32";
}

/** Inputs that are the same in every call: logits are wanted of the last position. */
export function fixedFeeds(
  runtime: Runtime,
  session: InferenceSession,
  { names }: ModelFolder,
): Record<string, Tensor> {
  const keep = session.inputMetadata.find(({ name }) => name === names.logitsToKeep);
  if (!keep?.isTensor) return {};
  const dims = keep.shape.map(() => 1);
  return { [names.logitsToKeep]: new runtime.Tensor("int64", BigInt64Array.of(1n), dims) };
}
