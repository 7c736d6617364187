import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Runtime } from "../backend/runtime.js";
import type { ModelFolder } from "../model/folder.js";
import { BLOCK } from "./block-names.js";
import { cacheType, type Sequence } from "./decoder.js";
import { type CacheArray, type CacheType, elementsOf, tensorOf } from "./half.js";
import { SPLIT, TAIL } from "./split-attention.js";

/** Caches grow by this many positions at a time; a softmax over multiples of it adds up in the same order. */
const GROWTH = 64;

type Feeds = Record<string, Tensor>;
type Output = InferenceSession.OnnxValueMapType;

/** The keys and values of a block decoder's sequences, as its graph wants them. */
export interface BlockCache {
  /** Turns that a call may make of these sequences, at most. */
  turns(sequences: readonly Sequence[]): number;
  /** Inputs for the next tokens of a prompt whose first `from` are known. */
  promptFeeds(from: number, tokens: number): Feeds;
  keepPrompt(output: Output, from: number, tokens: number): void;
  /** Gives a slot the prompt that was kept last. */
  place(slot: number, promptLength: number): void;
  /** Moves a slot's `length` positions to another slot. */
  move(from: number, to: number, length: number): void;
  /** Inputs for `turns` turns of the sequences, in `rows` rows. */
  feeds(sequences: readonly Sequence[], rows: number, turns: number): Feeds;
  keep(output: Output, sequences: readonly Sequence[], rows: number): void;
}

/** What a cache's arrays look like: `count` of them, a key's and a value's for each layer. */
export interface CacheShape {
  count: number;
  kvHeads: number;
  headSize: number;
  type: CacheType;
}

/** Of a session of a block graph. */
export function cacheShape({ names, kvHeads, headSize }: ModelFolder, session: InferenceSession): CacheShape {
  return { count: names.past.length, kvHeads, headSize, type: cacheType(session, BLOCK.past(0)) };
}

/** Keys and values of some rows: per layer and kind `[rows, kvHeads, capacity, headSize]` at the start of an array. */
class Rows {
  readonly arrays: CacheArray[];

  constructor(
    private readonly shape: CacheShape,
    readonly rows: number,
    public capacity: number,
    arrays?: CacheArray[],
    /** Positions that `resize` may ask for. Memory that is not written yet takes no room. */
    most = capacity,
  ) {
    const size = rows * shape.kvHeads * most * shape.headSize;
    const Elements = shape.type === "float32" ? Float32Array : Uint16Array;
    this.arrays = arrays ?? Array.from({ length: shape.count }, () => new Elements(size));
  }

  /** Gives every row room for this many positions, in place; what fits is kept. */
  resize(capacity: number): void {
    const { kvHeads, headSize } = this.shape;
    const [old, now] = [this.capacity * headSize, capacity * headSize];
    if (old === now) return;
    const count = this.rows * kvHeads;
    // In the order in which nothing is overwritten that has yet to move.
    for (const array of this.arrays)
      for (let n = 0; n < count; n++) {
        const i = now > old ? count - 1 - n : n;
        array.copyWithin(i * now, i * old, i * old + Math.min(old, now));
      }
    this.capacity = capacity;
  }

  /** Copies positions of one row; by default to the same places. */
  copyTo(to: Rows, row: number, toRow: number, length: number, from = 0, at = from): void {
    const { kvHeads, headSize } = this.shape;
    for (const [i, source] of this.arrays.entries()) {
      const target = to.arrays[i] as CacheArray;
      for (let head = 0; head < kvHeads; head++) {
        const start = ((row * kvHeads + head) * this.capacity + from) * headSize;
        const end = ((toRow * kvHeads + head) * to.capacity + at) * headSize;
        target.set(source.subarray(start, start + length * headSize), end);
      }
    }
  }

  /** With room for this many rows and positions, what is there kept. */
  grown(rows: number, positions: number): Rows {
    if (this.rows >= rows && this.capacity >= positions) return this;
    const more = new Rows(this.shape, Math.max(this.rows, rows), Math.max(this.capacity, positions));
    for (let row = 0; row < this.rows; row++) this.copyTo(more, row, row, this.capacity);
    return more;
  }

  /** The first `rows` rows as inputs. */
  feeds(runtime: Runtime, name: (i: number) => string, rows = this.rows): Feeds {
    const { kvHeads, headSize, type } = this.shape;
    const dims = [rows, kvHeads, this.capacity, headSize];
    const used = rows * kvHeads * this.capacity * headSize;
    const tensor = (array: CacheArray) => tensorOf(runtime, type, array.subarray(0, used), dims);
    return Object.fromEntries(this.arrays.map((array, i) => [name(i), tensor(array)]));
  }

  static of(shape: CacheShape, rows: number, output: Output): Rows {
    const tensors = Array.from({ length: shape.count }, (_, i) => output[BLOCK.present(i)]);
    return new Rows(shape, rows, tensors[0]?.dims[2] ?? 0, tensors.map(elementsOf));
  }
}

const int64 = (runtime: Runtime, data: BigInt64Array, dims: number[]) =>
  new runtime.Tensor("int64", data, dims);
const span = (runtime: Runtime, length: number, from = 0) =>
  int64(
    runtime,
    BigInt64Array.from({ length }, (_, i) => BigInt(from + i)),
    [1, length],
  );
const rounded = (positions: number) => Math.ceil(positions / GROWTH) * GROWTH;

/** One cache that goes into every call and comes back from it, no longer than its longest row needs. */
export class WholeCache implements BlockCache {
  private cache: Rows;
  private prompt: Rows;

  constructor(
    private readonly runtime: Runtime,
    private readonly shape: CacheShape,
    private readonly slots: number,
    private readonly capacity: number,
  ) {
    this.cache = new Rows(shape, 0, 0);
    this.prompt = new Rows(shape, 1, 0);
  }

  turns(): number {
    return Number.POSITIVE_INFINITY;
  }

  promptFeeds(from: number, tokens: number): Feeds {
    if (from === 0) this.prompt = new Rows(this.shape, 1, 0);
    return {
      [BLOCK.span]: span(this.runtime, from + tokens),
      ...this.prompt.feeds(this.runtime, BLOCK.past),
    };
  }

  keepPrompt(output: Output): void {
    this.prompt = Rows.of(this.shape, 1, output);
  }

  place(slot: number, promptLength: number): void {
    const positions = Math.max(this.cache.capacity, Math.min(this.capacity, rounded(promptLength)));
    this.cache = this.cache.grown(this.slots, positions);
    this.prompt.copyTo(this.cache, 0, slot, promptLength);
  }

  move(from: number, to: number, length: number): void {
    this.cache.copyTo(this.cache, from, to, length);
  }

  feeds(sequences: readonly Sequence[], rows: number, turns: number): Feeds {
    let longest = 1;
    for (const { length, limit } of sequences) longest = Math.max(longest, Math.min(length + turns, limit));
    // GroupQueryAttention gives a present cache as long as the mask: it grows by itself when the mask is longer.
    const width = Math.max(this.cache.capacity, Math.min(this.capacity, rounded(longest)));
    return {
      [BLOCK.span]: span(this.runtime, width),
      ...this.cache.feeds(this.runtime, BLOCK.past, rows),
    };
  }

  keep(output: Output, _: readonly Sequence[], rows: number): void {
    this.cache = Rows.of(this.shape, rows, output);
  }
}

/**
 * A prefix that every call only reads, and tails of TAIL positions that go in and come back (split-attention.ts). A
 * tail that is full goes over into the prefix.
 */
export class SplitCache implements BlockCache {
  private readonly prefix: Rows;
  private tail: Rows;
  private prompt: Rows;
  private chunk: Rows;
  /** Positions of each slot in its prefix. */
  private readonly bases: number[] = [];

  constructor(
    private readonly runtime: Runtime,
    private readonly shape: CacheShape,
    private readonly slots: number,
    capacity: number,
  ) {
    this.prefix = new Rows(shape, slots, GROWTH, undefined, rounded(capacity));
    this.tail = new Rows(shape, slots, TAIL);
    this.prompt = new Rows(shape, 1, GROWTH);
    this.chunk = new Rows(shape, 1, 0);
  }

  turns(sequences: readonly Sequence[]): number {
    return Math.min(...sequences.map(({ length }, slot) => TAIL - this.held(slot, length)));
  }

  promptFeeds(from: number, tokens: number): Feeds {
    if (this.chunk.capacity !== tokens) this.chunk = new Rows(this.shape, 1, tokens);
    return this.all(this.prompt, this.chunk, [from], 1, tokens);
  }

  keepPrompt(output: Output, from: number, tokens: number): void {
    this.prompt = this.prompt.grown(1, rounded(from + tokens));
    Rows.of(this.shape, 1, output).copyTo(this.prompt, 0, 0, tokens, 0, from);
  }

  place(slot: number, promptLength: number): void {
    if (promptLength > this.prefix.capacity) this.prefix.resize(rounded(promptLength));
    this.prompt.copyTo(this.prefix, 0, slot, promptLength);
    this.bases[slot] = promptLength;
  }

  move(from: number, to: number, length: number): void {
    const base = this.bases[from] ?? 0;
    this.prefix.copyTo(this.prefix, from, to, base);
    this.tail.copyTo(this.tail, from, to, length - base);
    this.bases[to] = base;
  }

  feeds(sequences: readonly Sequence[], rows: number): Feeds {
    const bases = Array.from({ length: rows }, (_, row) =>
      row < sequences.length ? (this.bases[row] ?? 0) : 0,
    );
    return this.all(this.prefix, this.tail, bases, rows, 1);
  }

  keep(output: Output, sequences: readonly Sequence[], rows: number): void {
    this.tail = Rows.of(this.shape, rows, output).grown(this.slots, TAIL);
    const full = [...sequences.keys()].filter(
      (slot) => this.held(slot, sequences[slot]?.length ?? 0) >= TAIL,
    );
    const before = [...this.bases];
    for (const slot of full) this.bases[slot] = (before[slot] ?? 0) + TAIL;
    const needed = rounded(Math.max(...this.bases.slice(0, sequences.length)));
    // Every row is computed as wide as the widest: after a long sequence the rows shrink again.
    if (needed > this.prefix.capacity || 2 * needed <= this.prefix.capacity) this.prefix.resize(needed);
    for (const slot of full) this.tail.copyTo(this.prefix, slot, slot, TAIL, 0, before[slot]);
  }

  /** Positions in a slot's tail; its newest token is in no cache yet. */
  private held(slot: number, length: number): number {
    return length - 1 - (this.bases[slot] ?? 0);
  }

  private all(prefix: Rows, tail: Rows, bases: number[], rows: number, tokens: number): Feeds {
    const { runtime } = this;
    const widths = BigInt64Array.of(BigInt(prefix.capacity), BigInt(tail.capacity));
    return {
      [SPLIT.bases]: int64(runtime, BigInt64Array.from(bases, BigInt), [rows, 1]),
      [SPLIT.offsets]: span(runtime, tokens, -tokens),
      [SPLIT.prefixSpan]: span(runtime, prefix.capacity),
      [SPLIT.tailSpan]: span(runtime, tail.capacity),
      [SPLIT.widths]: int64(runtime, widths, [2]),
      ...prefix.feeds(runtime, SPLIT.prefix, rows),
      ...tail.feeds(runtime, BLOCK.past, rows),
    };
  }
}
