import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Runtime } from "../backend/runtime.js";
import type { ModelFolder } from "../model/folder.js";
import { cacheType, type Decoder, fixedFeeds, ROWS_AT_LEAST, type Sequence } from "./decoder.js";
import { type CacheArray, type CacheType, elementsOf, floatsFrom, tensorOf } from "./half.js";
import { Sampler, type Shape } from "./sampler.js";

/** Columns that may be idle before the rows are moved together. */
const SLACK = 64;

/** Keys and values of some rows, per layer and kind `[rows, kvHeads, columns, headSize]`. */
interface Batch {
  arrays: CacheArray[];
  columns: number;
}
/** Where a slot's sequence lies: in columns 0..held-1 of a row, and from column `since` to the batch's end. */
interface Place {
  batch: Batch;
  row: number;
  held: number;
  since: number;
}

/**
 * One-token steps for graphs whose attention is written in plain operators: the cache they return is the one they were
 * given and the new column, for all rows together. So rows of different length share their newest columns, and the mask
 * has holes where a shorter row has nothing; each token's position is told beside it. A sequence that comes or goes
 * means that the rows are put together anew.
 *
 * The whole cache is copied at every step, and a row is added up over holes that depend on its neighbours: slower than
 * the other decoders, and equal to the last bit only for equal batches.
 */
export class ConcatStepper implements Decoder {
  readonly turns = 1;
  private readonly sampler: Sampler;
  private readonly type: CacheType;
  private readonly fixed: Record<string, Tensor>;
  private prompt: Batch;
  private places: Place[] = [];
  private batch: Batch = { arrays: [], columns: 0 };
  private rows = 0;

  constructor(
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly model: ModelFolder,
    readonly slots: number,
    readonly capacity: number,
  ) {
    this.sampler = new Sampler(model.vocabSize);
    this.type = cacheType(session, model.names.past[0]);
    this.fixed = fixedFeeds(runtime, session, model);
    this.prompt = this.empty(1, 0);
  }

  async prefill(tokens: readonly number[], from: number): Promise<Float32Array> {
    this.shorten(from);
    const length = tokens.length;
    const ids = BigInt64Array.from(tokens, BigInt);
    const positions = BigInt64Array.from(tokens, (_, i) => BigInt(from + i));
    const mask = new BigInt64Array(from + length).fill(1n);
    const { logits, batch } = await this.run(this.prompt, 1, ids, positions, mask);
    this.prompt = batch;
    return logits.slice(-this.model.vocabSize);
  }

  /** Keeps the prompt's first positions: what follows them is of the prompt before. */
  private shorten(columns: number): void {
    if (this.prompt.columns === columns) return;
    const beginning = this.empty(1, columns);
    const nothing = this.prompt.columns;
    this.copy({ batch: this.prompt, row: 0, held: columns, since: nothing }, beginning, 0);
    this.prompt = beginning;
  }

  place(slot: number, promptLength: number): void {
    this.places[slot] = { batch: this.prompt, row: 0, held: promptLength, since: this.prompt.columns };
  }

  move(from: number, to: number): void {
    const place = this.places[from];
    if (place) this.places[to] = place;
  }

  async advance(sequences: readonly Sequence[], shape: Shape): Promise<number> {
    const rows = Math.max(sequences.length, ROWS_AT_LEAST);
    this.together(sequences.length, rows);
    const width = this.batch.columns + 1;
    const mask = new BigInt64Array(rows * width);
    const ids = new BigInt64Array(rows);
    const positions = new BigInt64Array(rows);
    for (let row = 0; row < rows; row++) {
      const { held = 0, since = width - 1 } = this.places[row] ?? {};
      mask.fill(1n, row * width, row * width + held).fill(1n, row * width + since, (row + 1) * width);
      const sequence = sequences[row];
      ids[row] = BigInt(sequence?.token ?? 0);
      positions[row] = BigInt((sequence?.length ?? 1) - 1);
    }
    const { logits, batch } = await this.run(this.batch, rows, ids, positions, mask);
    this.batch = batch;
    for (const place of this.places.slice(0, rows)) place.batch = batch;
    for (const [row, sequence] of sequences.entries()) {
      const random = shape.temperature === 0 ? 0 : sequence.uniform(0);
      const pick = this.sampler.sample(logits, row * this.model.vocabSize, shape, random);
      sequence.take(pick.token, pick.logprob, pick.entropy);
    }
    return this.turns;
  }

  /** Makes the first `count` places the rows of one batch, in order. */
  private together(count: number, rows: number): void {
    const places = this.places.slice(0, count);
    const length = ({ batch, held, since }: Place) => held + batch.columns - since;
    const longest = Math.max(...places.map(length));
    const same = places.every(({ batch, row }, i) => batch === this.batch && row === i);
    if (same && rows === this.rows && this.batch.columns <= longest + SLACK) return;
    const batch = this.empty(rows, longest);
    this.places = places.map((place, row) => {
      this.copy(place, batch, row);
      return { batch, row, held: length(place), since: longest };
    });
    this.batch = batch;
    this.rows = rows;
  }

  private copy({ batch, row, held, since }: Place, to: Batch, toRow: number): void {
    const { kvHeads, headSize } = this.model;
    for (const [i, source] of batch.arrays.entries())
      for (let head = 0; head < kvHeads; head++) {
        const start = (row * kvHeads + head) * batch.columns * headSize;
        const end = (toRow * kvHeads + head) * to.columns * headSize;
        const target = to.arrays[i] as CacheArray;
        target.set(source.subarray(start, start + held * headSize), end);
        const rest = source.subarray(start + since * headSize, start + batch.columns * headSize);
        target.set(rest, end + held * headSize);
      }
  }

  private empty(rows: number, columns: number): Batch {
    const { kvHeads, headSize, names } = this.model;
    const size = rows * kvHeads * columns * headSize;
    const Elements = this.type === "float32" ? Float32Array : Uint16Array;
    return { arrays: names.past.map(() => new Elements(size)), columns };
  }

  /** Ids and positions `[rows, S]`, the mask `[rows, columns + S]`. Returns float logits `[rows, S or 1, V]`. */
  private async run(
    past: Batch,
    rows: number,
    ids: BigInt64Array,
    positions: BigInt64Array,
    mask: BigInt64Array,
  ): Promise<{ logits: Float32Array; batch: Batch }> {
    const { names, kvHeads, headSize } = this.model;
    const int64 = (data: BigInt64Array) => new this.runtime.Tensor("int64", data, [rows, data.length / rows]);
    const feeds: Record<string, Tensor> = {
      ...this.fixed,
      [names.inputIds]: int64(ids),
      [names.positionIds]: int64(positions),
      [names.attentionMask]: int64(mask),
    };
    const dims = [rows, kvHeads, past.columns, headSize];
    for (const [i, name] of names.past.entries())
      feeds[name] = tensorOf(this.runtime, this.type, past.arrays[i] as CacheArray, dims);
    const output = await this.session.run(feeds, [names.logits, ...names.present]);
    const arrays = names.present.map((name) => elementsOf(output[name]));
    const logits = floatsFrom(elementsOf(output[names.logits]));
    return { logits, batch: { arrays, columns: past.columns + ids.length / rows } };
  }
}
