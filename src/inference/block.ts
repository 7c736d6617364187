import type { InferenceSession, Tensor } from "onnxruntime-node";
import { BLOCK } from "./block-graph.js";
import { type Decoder, ROWS_AT_LEAST, type Sequence } from "./decoder.js";
import type { ModelFolder } from "./folder.js";
import { floatsOf, type Runtime } from "./runtime.js";
import type { Shape } from "./sampler.js";

/** Turns of one call: enough to make the copies around it cheap, few enough to refill ended rows soon. */
const TURNS = 16;
/** The cache grows by this many positions at a time. */
const GROWTH = 32;

/** Keys and values of some rows: per layer and kind `[rows, kvHeads, capacity, headSize]`. */
interface Cache {
  arrays: Float32Array[];
  rows: number;
  capacity: number;
}

/**
 * Decodes with the prepared graph of block-graph.ts: many tokens a call, the cache inside the graph meanwhile. Each
 * call returns the cache anew, no longer than its longest row needs.
 */
export class BlockDecoder implements Decoder {
  readonly turns = TURNS;
  private cache: Cache = { arrays: [], rows: 0, capacity: 0 };
  private prompt: Cache = { arrays: [], rows: 0, capacity: 0 };
  private readonly fetches: readonly string[];

  constructor(
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly model: ModelFolder,
    readonly slots: number,
    readonly capacity: number,
  ) {
    const presents = model.names.past.map((_, i) => BLOCK.present(i));
    this.fetches = [BLOCK.tokens, BLOCK.logprobs, ...presents];
  }

  async prefill(tokens: readonly number[]): Promise<Float32Array> {
    const length = tokens.length;
    const empty: Cache = {
      arrays: this.model.names.past.map(() => new Float32Array(0)),
      rows: 1,
      capacity: 0,
    };
    const output = await this.session.run(
      {
        ...this.controls({ temperature: 0, topK: 0, topP: 1 }, 1, new Float32Array(1), 1, length),
        [BLOCK.ids]: this.int64(BigInt64Array.from(tokens, BigInt), [1, length]),
        [BLOCK.lengths]: this.int64(BigInt64Array.of(BigInt(length)), [1, 1]),
        [BLOCK.limits]: this.int64(BigInt64Array.of(BigInt(length)), [1, 1]),
        [BLOCK.done]: new this.runtime.Tensor("bool", new Uint8Array(1), [1, 1]),
        ...this.pasts(empty),
      },
      [...this.fetches, BLOCK.logits],
    );
    this.prompt = this.presents(output, 1);
    return floatsOf(output[BLOCK.logits]);
  }

  place(slot: number, promptLength: number): void {
    this.reserve(Math.max(this.slots, ROWS_AT_LEAST), promptLength);
    this.prompt.arrays.forEach((from, i) => {
      const to = this.cache.arrays[i];
      if (to) this.copyRow(from, this.prompt.capacity, 0, to, this.cache.capacity, slot, promptLength);
    });
  }

  move(from: number, to: number, length: number): void {
    const { capacity } = this.cache;
    for (const array of this.cache.arrays) this.copyRow(array, capacity, from, array, capacity, to, length);
  }

  async advance(sequences: readonly Sequence[], shape: Shape, turns: number): Promise<void> {
    const rows = Math.max(sequences.length, ROWS_AT_LEAST);
    const ids = new BigInt64Array(rows);
    const lengths = new BigInt64Array(rows).fill(1n);
    const limits = new BigInt64Array(rows);
    const done = new Uint8Array(rows).fill(1);
    const uniforms = new Float32Array(turns * rows);
    let longest = 1;
    sequences.forEach((sequence, row) => {
      ids[row] = BigInt(sequence.token);
      lengths[row] = BigInt(sequence.length);
      limits[row] = BigInt(sequence.limit - 1);
      done[row] = 0;
      longest = Math.max(longest, Math.min(sequence.length + turns, sequence.limit));
      if (shape.temperature > 0)
        for (let turn = 0; turn < turns; turn++) uniforms[turn * rows + row] = sequence.uniform(turn);
    });
    // GroupQueryAttention gives a present cache as long as the mask: it grows by itself when the mask is longer.
    const wanted = Math.min(this.capacity, Math.ceil(longest / GROWTH) * GROWTH);
    const span = Math.max(this.cache.capacity, wanted);
    const output = await this.session.run(
      {
        ...this.controls(shape, turns, uniforms, rows, span),
        [BLOCK.ids]: this.int64(ids, [rows, 1]),
        [BLOCK.lengths]: this.int64(lengths, [rows, 1]),
        [BLOCK.limits]: this.int64(limits, [rows, 1]),
        [BLOCK.done]: new this.runtime.Tensor("bool", done, [rows, 1]),
        ...this.pasts(this.cache, rows),
      },
      this.fetches,
    );
    this.cache = this.presents(output, rows);
    const tokens = output[BLOCK.tokens]?.data;
    if (!(tokens instanceof BigInt64Array)) throw new Error("The prepared graph gave no tokens");
    const logprobs = floatsOf(output[BLOCK.logprobs]);
    const made = tokens.length / rows;
    sequences.forEach((sequence, row) => {
      let goesOn = true;
      for (let turn = 0; turn < made && goesOn; turn++)
        goesOn = sequence.take(Number(tokens[turn * rows + row]), logprobs[turn * rows + row] as number);
    });
  }

  private controls(
    { temperature, topK, topP }: Shape,
    turns: number,
    uniforms: Float32Array,
    rows: number,
    span: number,
  ): Record<string, Tensor> {
    const { vocabSize } = this.model;
    const { Tensor } = this.runtime;
    const bool = (flag: boolean) => new Tensor("bool", Uint8Array.of(flag ? 1 : 0), []);
    const float = (x: number) => new Tensor("float32", Float32Array.of(x), [1]);
    const limit = topK > 0 ? Math.min(topK, vocabSize) : vocabSize;
    return {
      [BLOCK.turns]: this.int64(BigInt64Array.of(BigInt(turns)), []),
      [BLOCK.span]: this.int64(
        BigInt64Array.from({ length: span }, (_, i) => BigInt(i)),
        [1, span],
      ),
      [BLOCK.uniforms]: new Tensor("float32", uniforms, [turns, rows]),
      [BLOCK.temperature]: float(temperature > 0 ? temperature : 1),
      [BLOCK.topK]: this.int64(BigInt64Array.of(BigInt(limit)), [1]),
      [BLOCK.topP]: float(topP),
      [BLOCK.greedy]: bool(temperature === 0),
      [BLOCK.truncated]: bool(limit < vocabSize || topP < 1),
      [BLOCK.logitsBefore]: new Tensor("float32", new Float32Array(1), [1, 1]),
    };
  }

  private int64(data: BigInt64Array, dims: number[]): Tensor {
    return new this.runtime.Tensor("int64", data, dims);
  }

  /** The first `rows` rows as inputs. */
  private pasts(cache: Cache, rows = cache.rows): Record<string, Tensor> {
    const { kvHeads, headSize } = this.model;
    const dims = [rows, kvHeads, cache.capacity, headSize];
    const used = rows * kvHeads * cache.capacity * headSize;
    return Object.fromEntries(
      cache.arrays.map((array, i) => [
        BLOCK.past(i),
        new this.runtime.Tensor("float32", array.subarray(0, used), dims),
      ]),
    );
  }

  private presents(output: InferenceSession.OnnxValueMapType, rows: number): Cache {
    const tensors = this.model.names.past.map((_, i) => output[BLOCK.present(i)]);
    return { arrays: tensors.map(floatsOf), rows, capacity: tensors[0]?.dims[2] ?? 0 };
  }

  /** Room for this many rows and positions, what is there kept. */
  private reserve(rows: number, positions: number): void {
    const { kvHeads, headSize, names } = this.model;
    const old = this.cache;
    if (old.rows >= rows && old.capacity >= positions) return;
    const capacity = Math.max(old.capacity, Math.min(this.capacity, Math.ceil(positions / GROWTH) * GROWTH));
    const arrays = names.past.map(() => new Float32Array(rows * kvHeads * capacity * headSize));
    old.arrays.forEach((from, i) => {
      const to = arrays[i] as Float32Array;
      for (let row = 0; row < old.rows; row++)
        this.copyRow(from, old.capacity, row, to, capacity, row, old.capacity);
    });
    this.cache = { arrays, rows, capacity };
  }

  private copyRow(
    from: Float32Array,
    fromCapacity: number,
    fromRow: number,
    to: Float32Array,
    toCapacity: number,
    toRow: number,
    length: number,
  ): void {
    const { kvHeads, headSize } = this.model;
    for (let head = 0; head < kvHeads; head++) {
      const source = (fromRow * kvHeads + head) * fromCapacity * headSize;
      const target = (toRow * kvHeads + head) * toCapacity * headSize;
      to.set(from.subarray(source, source + length * headSize), target);
    }
  }
}
