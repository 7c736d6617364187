import type { InferenceSession, Tensor } from "onnxruntime-node";
import { floatsOf, type Runtime } from "../backend/runtime.js";
import type { ModelFolder } from "../model/folder.js";
import type { BlockCache } from "./block-cache.js";
import { BLOCK } from "./block-names.js";
import { type Decoder, ROWS_AT_LEAST, type Sequence } from "./decoder.js";
import type { Shape } from "./sampler.js";

const GREEDY: Shape = { temperature: 0, topK: 0, topP: 1 };

/** Decodes with the prepared graph of block-graph.ts: many tokens a call, the cache inside the graph meanwhile. */
export class BlockDecoder implements Decoder {
  private readonly fetches: readonly string[];

  constructor(
    private readonly runtime: Runtime,
    private readonly session: InferenceSession,
    private readonly model: ModelFolder,
    private readonly cache: BlockCache,
    readonly slots: number,
    readonly capacity: number,
    /** Of one call: enough to make what surrounds it cheap, few enough to refill ended rows soon. */
    readonly turns: number,
  ) {
    const presents = model.names.past.map((_, i) => BLOCK.present(i));
    this.fetches = [BLOCK.tokens, BLOCK.logprobs, BLOCK.entropies, ...presents];
  }

  async prefill(tokens: readonly number[], from: number): Promise<Float32Array> {
    const { length } = tokens;
    const end = BigInt64Array.of(BigInt(from + length));
    const output = await this.session.run(
      {
        ...this.controls(GREEDY, 1, new Float32Array(1), 1),
        [BLOCK.ids]: this.int64(BigInt64Array.from(tokens, BigInt), [1, length]),
        [BLOCK.lengths]: this.int64(end, [1, 1]),
        [BLOCK.limits]: this.int64(end, [1, 1]),
        [BLOCK.done]: new this.runtime.Tensor("bool", new Uint8Array(1), [1, 1]),
        ...this.cache.promptFeeds(from, length),
      },
      [...this.fetches, BLOCK.logits],
    );
    this.cache.keepPrompt(output, from, length);
    return floatsOf(output[BLOCK.logits]);
  }

  place(slot: number, promptLength: number): void {
    this.cache.place(slot, promptLength);
  }

  move(from: number, to: number, length: number): void {
    this.cache.move(from, to, length);
  }

  async advance(sequences: readonly Sequence[], shape: Shape, wanted: number): Promise<number> {
    const turns = Math.min(wanted, this.cache.turns(sequences));
    const rows = Math.max(sequences.length, ROWS_AT_LEAST);
    const ids = new BigInt64Array(rows);
    const lengths = new BigInt64Array(rows).fill(1n);
    const limits = new BigInt64Array(rows);
    const done = new Uint8Array(rows).fill(1);
    const uniforms = new Float32Array(turns * rows);
    for (const [row, sequence] of sequences.entries()) {
      ids[row] = BigInt(sequence.token);
      lengths[row] = BigInt(sequence.length);
      limits[row] = BigInt(sequence.limit - 1);
      done[row] = 0;
      if (shape.temperature > 0)
        for (let turn = 0; turn < turns; turn++) uniforms[turn * rows + row] = sequence.uniform(turn);
    }
    const output = await this.session.run(
      {
        ...this.controls(shape, turns, uniforms, rows),
        [BLOCK.ids]: this.int64(ids, [rows, 1]),
        [BLOCK.lengths]: this.int64(lengths, [rows, 1]),
        [BLOCK.limits]: this.int64(limits, [rows, 1]),
        [BLOCK.done]: new this.runtime.Tensor("bool", done, [rows, 1]),
        ...this.cache.feeds(sequences, rows, turns),
      },
      this.fetches,
    );
    const tokens = output[BLOCK.tokens]?.data;
    if (!(tokens instanceof BigInt64Array)) throw new Error("The prepared graph gave no tokens");
    const logprobs = floatsOf(output[BLOCK.logprobs]);
    const entropies = floatsOf(output[BLOCK.entropies]);
    const made = tokens.length / rows;
    for (const [row, sequence] of sequences.entries()) {
      let goesOn = true;
      for (let turn = 0; turn < made && goesOn; turn++) {
        const at = turn * rows + row;
        goesOn = sequence.take(Number(tokens[at]), logprobs[at] as number, entropies[at] as number);
      }
    }
    this.cache.keep(output, sequences, rows);
    return made;
  }

  private controls(
    { temperature, topK, topP }: Shape,
    turns: number,
    uniforms: Float32Array,
    rows: number,
  ): Record<string, Tensor> {
    const { vocabSize } = this.model;
    const { Tensor } = this.runtime;
    const bool = (flag: boolean) => new Tensor("bool", Uint8Array.of(flag ? 1 : 0), []);
    const float = (x: number) => new Tensor("float32", Float32Array.of(x), [1]);
    const limit = topK > 0 ? Math.min(topK, vocabSize) : vocabSize;
    return {
      [BLOCK.turns]: this.int64(BigInt64Array.of(BigInt(turns)), []),
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
}
