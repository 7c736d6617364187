import {
  FLOAT,
  GraphWriter,
  graphAttribute,
  INT64,
  initializer,
  intAttribute,
  intsAttribute,
  type OnnxGraph,
  value,
} from "../model/onnx.js";
import { BLOCK } from "./block-names.js";

/** A writer that knows the model's version of ONNX's operators; 13 and later are written. */
export class BlockWriter extends GraphWriter {
  constructor(
    prefix: string,
    readonly opset: number,
  ) {
    super(prefix);
  }

  /** For a graph inside of this one. */
  inner(prefix: string): BlockWriter {
    return new BlockWriter(prefix, this.opset);
  }

  /** Dimensions are kept. Since version 18 these take their axes as an input. */
  reduce(opType: "ReduceMax" | "ReduceMin", input: string, axis: 0 | -1): string {
    if (this.opset >= 18) return this.op(opType, [input, `block.${axis}`]);
    return this.op(opType, [input], [intsAttribute("axes", [axis])]);
  }
}

export interface PickNodes {
  /** int64 `[B, 1]`. */
  token: string;
  /** Its log-probability and the distribution's entropy, both float `[B, 1]`, in nats, at temperature 1. */
  logprob: string;
  entropy: string;
}

/** What the pick reads besides the block's inputs: initialisers of the outer graph. */
export function pickConstants(vocabSize: number): Uint8Array[] {
  const width = Math.ceil(Math.sqrt(vocabSize));
  const height = Math.ceil(vocabSize / width);
  const int = (n: number, name: string) => initializer(name, BigInt64Array.of(BigInt(n)), [1]);
  return [
    int(0, "block.0"),
    int(1, "block.1"),
    int(2, "block.2"),
    int(-1, "block.-1"),
    int(width - 1, "block.width-1"),
    int(width, "block.width"),
    initializer("block.pads", BigInt64Array.of(0n, 0n, 0n, BigInt(width * height - vocabSize)), [4]),
    initializer("block.grid", BigInt64Array.of(0n, BigInt(height), BigInt(width)), [3]),
    initializer("block.one-row", BigInt64Array.of(1n, 1n, BigInt(width)), [3]),
    initializer("block.infinity", Float32Array.of(Number.POSITIVE_INFINITY), [1]),
    initializer("block.zero", Float32Array.of(0), [1]),
    initializer("block.below-1", Float32Array.of(1 - 2 ** -23), [1]),
    initializer("block.lowest", Float32Array.of(-1e4), [1]),
    initializer("block.minus-ones", new Float32Array(2 * vocabSize).fill(-1), [vocabSize, 2]),
    triangle("block.triangle.height", height),
    triangle("block.triangle.width", width),
  ];
}

/** Upper triangle of ones: a row times it is the row's running sums. */
function triangle(name: string, size: number): Uint8Array {
  const ones = Float32Array.from({ length: size * size }, (_, i) =>
    Math.floor(i / size) <= i % size ? 1 : 0,
  );
  return initializer(name, ones, [size, size]);
}

/**
 * The pick from float logits `[B, V]`: the inverse distribution function over the vocabulary's order, as in sampler.ts:
 * cumulative weights against `uniform x total`, in two levels (blocks of √V, then inside one). Sums are products with
 * ones: ONNX's CumSum is slow on rows, and ReduceSum rounds by a row's place in memory, so that a sample would depend on
 * its slot in the last bit.
 */
export function pickNodes(w: BlockWriter, logits: string): PickNodes {
  const shifted = w.op("Sub", [logits, w.reduce("ReduceMax", logits, -1)]);
  const best = () => {
    const g = w.inner("block.greedy.");
    const token = g.op("ArgMax", [logits], [intAttribute("axis", 1), intAttribute("keepdims", 1)]);
    return branch("block.greedy.graph", g, token, INT64);
  };
  const token = w.op(
    "If",
    [BLOCK.greedy],
    [graphAttribute("then_branch", best()), graphAttribute("else_branch", drawGraph(w, shifted))],
  );
  const axis1 = intAttribute("axis", 1);
  // Not from a sum and its logarithm: Log rounds by a row's place among the others.
  const logprobs = w.op("LogSoftmax", [logits], [axis1]);
  const logprob = w.op("GatherElements", [logprobs, token], [axis1]);
  // A logit of minus infinity has probability 0: nothing of it may remain. Two equal columns: a product with a single
  // one takes another kernel.
  const parts = w.op("Mul", [w.op("Exp", [logprobs]), w.op("Max", [logprobs, "block.lowest"])]);
  const entropy = w.op("Gather", [w.op("MatMul", [parts, "block.minus-ones"]), "block.0"], [axis1]);
  return { token, logprob, entropy };
}

function branch(name: string, writer: GraphWriter, output: string, type: number): OnnxGraph {
  return { name, node: writer.nodes, initializer: [], input: [], output: [value(output, type)] };
}

/** A token drawn from `shifted` logits `[B, V]` (the largest is 0): int64 `[B, 1]`. */
function drawGraph(outer: BlockWriter, shifted: string): OnnxGraph {
  const w = outer.inner("block.draw.");
  const axis1 = intAttribute("axis", 1);
  const count = (cumulative: string, target: string) => {
    const below = w.op("Cast", [w.op("LessOrEqual", [cumulative, target])], [intAttribute("to", INT64)]);
    return w.op("ReduceSum", [below, "block.-1"]);
  };
  const all = w.op("Exp", [w.op("Div", [shifted, BLOCK.temperature])]);
  const id = w.inner("block.all.");
  const everything = branch("block.all.graph", id, id.op("Identity", [all]), FLOAT);
  const weights = w.op(
    "If",
    [BLOCK.truncated],
    [graphAttribute("then_branch", truncateGraph(w, all)), graphAttribute("else_branch", everything)],
  );
  const grid = w.op("Reshape", [w.op("Pad", [weights, "block.pads"]), "block.grid"]);
  const insides = w.op("MatMul", [grid, "block.triangle.width"]);
  const sums = w.op("Squeeze", [
    w.op("Gather", [insides, "block.width-1"], [intAttribute("axis", 2)]),
    "block.2",
  ]);
  const cumulative = w.op("MatMul", [sums, "block.triangle.height"]);
  const last = (rows: string) => w.reduce("ReduceMax", rows, -1);
  const uniform = w.op("Unsqueeze", [w.op("Gather", [BLOCK.uniforms, "block.turn"]), "block.1"]);
  // Rounding must never lead past the end, nor into a token of weight 0: both levels are kept inside their sums.
  const target = w.op("Min", [
    w.op("Mul", [uniform, last(cumulative)]),
    w.op("Mul", [last(cumulative), "block.below-1"]),
  ]);
  const row = count(cumulative, target);
  const before = w.op("Sub", [
    w.op("GatherElements", [cumulative, row], [axis1]),
    w.op("GatherElements", [sums, row], [axis1]),
  ]);
  const index = w.op("Expand", [w.op("Unsqueeze", [row, "block.2"]), "block.one-row"]);
  const fine = w.op("Squeeze", [w.op("GatherElements", [insides, index], [axis1]), "block.1"]);
  const rest = w.op("Min", [
    w.op("Max", [w.op("Sub", [target, before]), "block.zero"]),
    w.op("Mul", [last(fine), "block.below-1"]),
  ]);
  const column = w.op("Min", [count(fine, rest), "block.width-1"]);
  const token = w.op("Add", [w.op("Mul", [row, "block.width"]), column]);
  return branch("block.draw.graph", w, token, INT64);
}

/** Weights with those outside of top-k, then top-p, set to 0; equals of the last one kept stay, as in transformers. */
function truncateGraph(outer: BlockWriter, weights: string): OnnxGraph {
  const w = outer.inner("block.cut.");
  const [sorted = ""] = w.ops("TopK", [weights, BLOCK.topK], 2);
  const before = w.op("CumSum", [sorted, "block.1"], [intAttribute("exclusive", 1)]);
  const total = w.reduce("ReduceMax", w.op("Add", [before, sorted]), -1);
  const inside = w.op("Less", [before, w.op("Mul", [total, BLOCK.topP])]);
  const least = w.reduce("ReduceMin", w.op("Where", [inside, sorted, "block.infinity"]), -1);
  const kept = w.op("Where", [w.op("GreaterOrEqual", [weights, least]), weights, "block.zero"]);
  return branch("block.cut.graph", w, kept, FLOAT);
}
