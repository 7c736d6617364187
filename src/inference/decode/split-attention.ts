import type { ModelFolder } from "../model/folder.js";
import {
  attributesOf,
  FLOAT,
  floatAttribute,
  GraphWriter,
  hasSubgraph,
  INT64,
  initializer,
  intAttribute,
  intsAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
  tensorDims,
  tensorName,
  value,
} from "../model/onnx.js";

/**
 * Positions of a row's tail. The split between prefix and tail is always a multiple of it after the prompt, whatever
 * calls made the tokens: so a token's sums are added up in the same order whatever shares its batch.
 */
export const TAIL = 16;

/** Further inputs of a block graph with split attention; W prefix positions, T tail positions, a multiple of 32. */
export const SPLIT = {
  /** float `[B, kvHeads, W, headSize]`, in the order of the model's past inputs. Read, never returned. */
  prefix: (i: number) => `block.prefix.${i}`,
  /** int64 `[B, 1]`: positions of each row that its prefix holds; the tail goes on there. */
  bases: "block.bases",
  /** int64 `[1, S]`: -S, …, -1. Added to the lengths they are the positions of this turn's tokens. */
  offsets: "block.offsets",
  /** int64 `[1, W]`: 0, …, W-1. */
  prefixSpan: "block.prefixSpan",
  /** int64 `[1, T]`: 0, …, T-1. */
  tailSpan: "block.tailSpan",
  /** int64 `[2]`: W and T. */
  widths: "block.widths",
} as const;

export interface SplitGraph {
  /** Once, before the loop. */
  before: OnnxNode[];
  /** At the start of each turn. `lengths` are the body's. */
  prelude: OnnxNode[];
  /** The model's step, its caches the tails. */
  step: OnnxNode[];
  initializers: Uint8Array[];
  inputs: OnnxValue[];
}

/** Attributes of GroupQueryAttention that are rewritten; others must have the value that means nothing. */
const NEUTRAL: Record<string, number[]> = {
  local_window_size: [-1],
  softcap: [0],
  smooth_softmax: [0, -1],
  qk_output: [0],
};
const REWRITTEN = new Set(["num_heads", "kv_num_heads", "scale", "do_rotary", "rotary_interleaved"]);

/**
 * The step with every GroupQueryAttention written out over two parts of the cache: the prefix, which the whole call
 * only reads, and the tail of at most T newest positions, the only part that is carried from turn to turn and returned.
 * The fused operator has to return the whole cache, so inside a loop it copies all of it at every turn: measured on one
 * core at 16 rows of 320 positions (2 heads of 64), 2.0 ms for the operator and 0.65 ms for this.
 *
 * Prompts go the same way, with a tail as long as the chunk. Undefined when an attention is of a kind not covered.
 */
export function splitAttention(
  step: OnnxNode[],
  graph: OnnxGraph,
  folder: ModelFolder,
): SplitGraph | undefined {
  const { names, kvHeads, headSize } = folder;
  const found = step.filter((node) => node.opType === "GroupQueryAttention");
  const group = groupSize(found, folder);
  if (group === undefined || step.some(hasSubgraph)) return undefined;
  const rotary = new Map(graph.initializer.map((bytes) => [tensorName(bytes), bytes]));
  const nodes: OnnxNode[] = [];
  for (const node of step) {
    if (node.opType !== "GroupQueryAttention") {
      nodes.push(node);
      continue;
    }
    const cosines = rotary.get(node.input[7] ?? "");
    const rotated = attributesOf(node).get("do_rotary") === 1;
    if (rotated && !cosines) return undefined;
    const halves = cosines ? (tensorDims(cosines)[1] ?? 0) : 0;
    nodes.push(...attention(node, names.past, headSize, rotated && 2 * halves < headSize ? 2 * halves : 0));
  }
  const alive = withoutDead(nodes, [names.logits, ...names.present]);
  if (alive.some((node) => node.input.includes(names.attentionMask))) return undefined;
  const ints = (name: string, ...list: number[]) =>
    initializer(name, BigInt64Array.from(list, BigInt), [list.length]);
  const query = group * kvHeads * headSize;
  return {
    before: prefixMask(),
    prelude: tailMask(),
    step: alive,
    initializers: [
      ints("split.sizes", query, kvHeads * headSize, kvHeads * headSize),
      ints("split.query", 0, -1, kvHeads, group, headSize),
      ints("split.query.rows", 0, kvHeads, -1, headSize),
      ints("split.heads", 0, -1, kvHeads, headSize),
      ints("split.rows", 0, kvHeads, -1, group, headSize),
      ints("split.output", 0, -1, query),
      ints("split.0", 0),
      ints("split.axis1", 1),
      ints("split.axes12", 1, 2),
      ints("split.axes13", 1, 3),
      ints("split.axes23", 2, 3),
      ints("split.mask", 0, 1, -1, 0),
      initializer(
        "split.group",
        BigInt64Array.from({ length: group }, () => 0n),
        [1, 1, group, 1],
      ),
      initializer("split.seen", Float32Array.of(0), []),
      initializer("split.unseen", Float32Array.of(Number.NEGATIVE_INFINITY), []),
    ],
    inputs: [
      value(SPLIT.bases, INT64, ["B", 1]),
      value(SPLIT.offsets, INT64, [1, "S"]),
      value(SPLIT.prefixSpan, INT64, [1, "W"]),
      value(SPLIT.tailSpan, INT64, [1, "T"]),
      value(SPLIT.widths, INT64, [2]),
      ...names.past.map((_, i) => value(SPLIT.prefix(i), FLOAT, ["B", kvHeads, "W", headSize])),
    ],
  };
}

/** Query heads of one key head, when every attention is of a kind that can be rewritten. */
function groupSize(nodes: OnnxNode[], { kvHeads, headSize }: ModelFolder): number | undefined {
  const groups = new Set<number>();
  for (const node of nodes) {
    const attributes = attributesOf(node);
    for (const [name, number] of attributes)
      if (!REWRITTEN.has(name) && !NEUTRAL[name]?.includes(number)) return undefined;
    const [, key = "", v = "", , , , , , , , ...others] = node.input;
    if (others.some((name) => name !== "") || node.output.length > 3) return undefined;
    if ((key === "") !== (v === "")) return undefined;
    const heads = attributes.get("num_heads") ?? 0;
    if (attributes.get("kv_num_heads") !== kvHeads || heads % kvHeads !== 0 || headSize <= 0)
      return undefined;
    groups.add(heads / kvHeads);
  }
  const [group] = groups;
  return groups.size === 1 ? group : undefined;
}

/** Additive mask over the prefix: float `[B, 1, 1, W]`. */
function prefixMask(): OnnxNode[] {
  const w = new GraphWriter("split.before.");
  const held = w.op("Less", [SPLIT.prefixSpan, SPLIT.bases]);
  const mask = w.op("Where", [held, "split.seen", "split.unseen"]);
  w.op("Unsqueeze", [mask, "split.axes12"], [], "split.mask.prefix");
  return w.nodes;
}

/** What a turn's attention shares over the layers: positions, what the tail takes up, its causal mask. */
function tailMask(): OnnxNode[] {
  const w = new GraphWriter("split.prelude.");
  const positions = w.op("Add", ["block.lengths.in", SPLIT.offsets], [], "split.positions");
  const at = w.op("Sub", [positions, SPLIT.bases]);
  // From its first new position on a tail takes the new ones: what stood there was of no token yet.
  const first = w.op("Gather", [at, "split.0"], [intAttribute("axis", 1)]);
  const taken = w.op("GreaterOrEqual", [SPLIT.tailSpan, first]);
  w.op("Unsqueeze", [taken, "split.axes13"], [], "split.taken");
  // bool [B, S, 1, T] → float [B, 1, S x group, T]: one row for each query head of a key head.
  const each = w.op("Add", [w.op("Unsqueeze", [at, "split.axes23"]), "split.group"]);
  const seen = w.op("LessOrEqual", [SPLIT.tailSpan, each]);
  const rows = w.op("Reshape", [seen, "split.mask"]);
  w.op("Where", [rows, "split.seen", "split.unseen"], [], "split.mask.tail");
  return w.nodes;
}

/** One GroupQueryAttention written out. `partial` is the part of a head that is rotated; 0 for all of it. */
function attention(node: OnnxNode, past: string[], headSize: number, partial: number): OnnxNode[] {
  const w = new GraphWriter(`split.${node.output[0]}.`);
  const attributes = attributesOf(node);
  const number = (name: string) => attributes.get(name) ?? 0;
  const [query = "", key = "", v = "", pastKey = "", pastValue = "", , , cosines = "", sines = ""] =
    node.input;
  const [output = "", presentKey = "", presentValue = ""] = node.output;
  const prefix = (name: string) => SPLIT.prefix(past.indexOf(name));
  const [q = "", k = "", values = ""] =
    key === "" ? w.ops("Split", [query, "split.sizes"], 3, [intAttribute("axis", 2)]) : [query, key, v];
  const rotate = (x: string, heads: number) =>
    number("do_rotary") === 0
      ? x
      : w.op(
          "RotaryEmbedding",
          [x, "split.positions", cosines, sines],
          [
            intAttribute("num_heads", heads),
            intAttribute("interleaved", number("rotary_interleaved")),
            ...(partial > 0 ? [intAttribute("rotary_embedding_dim", partial)] : []),
          ],
          undefined,
          "com.microsoft",
        );
  const swapped = intsAttribute("perm", [0, 2, 1, 3, 4]);
  const heads = (x: string) =>
    w.op("Transpose", [w.op("Reshape", [x, "split.heads"])], [intsAttribute("perm", [0, 2, 1, 3])]);
  // [B, kvHeads, S x group, headSize]: the query heads of a key head are rows of one product.
  const rows = w.op("Reshape", [
    w.op("Transpose", [w.op("Reshape", [rotate(q, number("num_heads")), "split.query"])], [swapped]),
    "split.query.rows",
  ]);
  const tail = (fresh: string, old: string, present: string) =>
    w.op("Where", ["split.taken", heads(fresh), old], [], present);
  const tailKeys = tail(rotate(k, number("kv_num_heads")), pastKey, presentKey);
  const tailValues = tail(values, pastValue, presentValue);
  const scale = floatAttribute("alpha", number("scale") || headSize ** -0.5);
  const scores = (keys: string, mask: string) =>
    w.op("Add", [
      w.op("FusedMatMul", [rows, keys], [intAttribute("transB", 1), scale], undefined, "com.microsoft"),
      mask,
    ]);
  const axis = intAttribute("axis", 3);
  const both = w.op(
    "Concat",
    [scores(prefix(pastKey), "split.mask.prefix"), scores(tailKeys, "split.mask.tail")],
    [axis],
  );
  const weights = w.op("Softmax", [both], [axis]);
  const [before = "", after = ""] = w.ops("Split", [weights, SPLIT.widths], 2, [axis]);
  const mixed = w.op("Add", [
    w.op("MatMul", [before, prefix(pastValue)]),
    w.op("MatMul", [after, tailValues]),
  ]);
  const tokens = w.op("Transpose", [w.op("Reshape", [mixed, "split.rows"])], [swapped]);
  w.op("Reshape", [tokens, "split.output"], [], output);
  return w.nodes;
}

/** Without the nodes whose results nobody reads: the attention mask's reformatting. */
function withoutDead(nodes: OnnxNode[], outputs: string[]): OnnxNode[] {
  const read = new Set(outputs);
  const alive: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.output.some((name) => read.has(name))) continue;
    alive.push(node);
    for (const name of node.input) read.add(name);
  }
  return alive.reverse();
}
