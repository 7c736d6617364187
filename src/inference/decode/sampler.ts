import type { SamplingOptions } from "../../protocol/types.js";

/** What one pick says: the token, its log-probability and the distribution's entropy (nats, at temperature 1, uncut). */
export interface Pick {
  token: number;
  logprob: number;
  entropy: number;
}
/** The options that shape a pick. */
export interface Shape {
  temperature: SamplingOptions["temperature"];
  topK: SamplingOptions["topK"];
  topP: SamplingOptions["topP"];
}

/**
 * Picks tokens from rows of logits. One instance serves one vocabulary; its buffers are reused, so that a pick
 * allocates nothing. Order of the steps as in transformers: temperature, then top-k, then top-p on what is left.
 */
export class Sampler {
  private readonly order: Int32Array;
  /** Unnormalised probabilities at the sampling temperature; the likeliest token's is 1. */
  private readonly weights: Float64Array;
  private readonly pick: Pick = { token: 0, logprob: 0, entropy: 0 };

  constructor(private readonly vocabSize: number) {
    this.order = new Int32Array(vocabSize);
    this.weights = new Float64Array(vocabSize);
  }

  /**
   * @param logits a row `[V]` starts at `offset`
   * @param uniform number in [0, 1) that decides; unused when greedy (temperature 0, first of equal logits)
   * @returns an object that the next call overwrites
   */
  sample(logits: Float32Array, offset: number, shape: Shape, uniform: number): Pick {
    const { vocabSize, pick } = this;
    let best = -1;
    let highest = Number.NEGATIVE_INFINITY;
    for (let v = 0; v < vocabSize; v++) {
      const logit = logits[offset + v] as number;
      if (logit > highest) {
        highest = logit;
        best = v;
      }
    }
    if (best < 0) throw new Error("The model's output is not a number: its weights are damaged or overflow");
    let total = 0;
    let weighted = 0;
    for (let v = 0; v < vocabSize; v++) {
      const below = (logits[offset + v] as number) - highest;
      const weight = Math.exp(below);
      total += weight;
      // Minus infinity has no weight, and must not become NaN.
      if (weight > 0) weighted += weight * below;
    }
    const token = shape.temperature === 0 ? best : this.draw(logits, offset, shape, uniform, highest, best);
    pick.token = token;
    pick.logprob = (logits[offset + token] as number) - highest - Math.log(total);
    pick.entropy = Math.log(total) - weighted / total;
    return pick;
  }

  private draw(
    logits: Float32Array,
    offset: number,
    shape: Shape,
    uniform: number,
    highest: number,
    best: number,
  ): number {
    const { vocabSize, weights } = this;
    const { temperature } = shape;
    let all = 0;
    for (let v = 0; v < vocabSize; v++) {
      const weight = Math.exp(((logits[offset + v] as number) - highest) / temperature);
      weights[v] = weight;
      all += weight;
    }
    const least = this.least(shape, all);
    let total = 0;
    for (let v = 0; v < vocabSize; v++) if ((weights[v] as number) >= least) total += weights[v] as number;
    // The inverse distribution function in the vocabulary's own order: no sorting where nothing is cut off.
    let left = uniform * total;
    for (let v = 0; v < vocabSize; v++) {
      const weight = weights[v] as number;
      if (weight < least) continue;
      left -= weight;
      if (left < 0) return v;
    }
    return best;
  }

  /** The smallest weight that top-k, then top-p keep; its equals stay too, as in transformers. */
  private least({ topK, topP }: Shape, all: number): number {
    const { vocabSize, weights, order } = this;
    const limit = topK > 0 ? Math.min(topK, vocabSize) : vocabSize;
    if (limit === vocabSize && topP >= 1) return 0;
    const most = this.likeliest(limit, limit === vocabSize ? topP * all : Number.POSITIVE_INFINITY);
    const weightAt = (i: number) => weights[order[i] as number] as number;
    if (topP >= 1) return weightAt(most - 1);
    let total = all;
    if (limit < vocabSize) {
      total = 0;
      for (let i = 0; i < most; i++) total += weightAt(i);
    }
    // The smallest set of likeliest tokens whose probability reaches topP; never empty.
    let sum = weightAt(0);
    let count = 1;
    while (count < most && sum < topP * total) sum += weightAt(count++);
    return weightAt(count - 1);
  }

  /**
   * Sorts the likeliest tokens (by weight, then by id) to the front of `order`: `limit` of them, or fewer when these
   * weigh `enough` already. Only tokens near the top are sorted, and the range is widened until it suffices, so a
   * vocabulary of 150,000 is scanned but hardly ever sorted whole.
   */
  private likeliest(limit: number, enough: number): number {
    const { order, weights, vocabSize } = this;
    for (let least = 1e-3; ; least *= least) {
      let count = 0;
      let mass = 0;
      for (let v = 0; v < vocabSize; v++) {
        const weight = weights[v] as number;
        if (weight < least) continue;
        order[count++] = v;
        mass += weight;
      }
      if (count < limit && mass < enough && least > 0) continue;
      order.subarray(0, count).sort((a, b) => (weights[b] as number) - (weights[a] as number) || a - b);
      return Math.min(count, limit);
    }
  }
}
