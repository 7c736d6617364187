import type { ModelFolder } from "./folder.js";
import {
  BOOL,
  FLOAT,
  GraphWriter,
  graphAttribute,
  INT64,
  initializer,
  intAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  tensorName,
  value,
} from "./onnx.js";

/** Names of the prepared graph's inputs and outputs; B rows, S tokens of the first turn, K turns, V vocabulary. */
export const BLOCK = {
  /** int64 `[B, S]`: a prompt (B = 1), or each row's newest token (S = 1). */
  ids: "block.ids",
  /** int64 `[B, 1]`: length of each row with these tokens. */
  lengths: "block.lengths",
  /** bool `[B, 1]`: rows that hold no sequence. */
  done: "block.done",
  /** int64 `[B, 1]`: a row is done when it is this long, its newest token not counted. */
  limits: "block.limits",
  /** int64 `[1, W]`: 0, 1, … W-1; W is S for a prompt, the cache's capacity afterwards. */
  span: "block.span",
  /** int64 `[]`: turns at most. */
  turns: "block.turns",
  /** float `[K, B]` in [0, 1) with 24 bits: what decides each pick. */
  uniforms: "block.uniforms",
  /** float `[1]`; int64 `[1]`, V for off; float `[1]`. */
  temperature: "block.temperature",
  topK: "block.topK",
  topP: "block.topP",
  /** bool `[]`: the likeliest token is taken; top-k or top-p is on. */
  greedy: "block.greedy",
  truncated: "block.truncated",
  /** float `[1, 1]`: anything. */
  logitsBefore: "block.logitsBefore",
  /** int64 and float `[K', B, 1]`: the turns that were made before every row was done. */
  tokens: "block.tokens",
  logprobs: "block.logprobs",
  /** float `[B, V]`: after the last turn. */
  logits: "block.logits",
  past: (i: number) => `block.past.${i}`,
  present: (i: number) => `block.present.${i}`,
} as const;

const keep = intAttribute("keepdims", 1);

/**
 * A model whose every call makes up to K tokens: an ONNX `Loop` whose body is the model's own step, the sampler and
 * the test for the end, with the cache as loop state. The model's nodes move into the body unchanged, its weights stay
 * initialisers of the outer graph, so external data is referred to and never copied. A prompt is computed by the same
 * graph with one turn. Logits are computed for the last position only, where the output layer is a plain product.
 *
 * The pick is the inverse distribution function over the vocabulary's order, as in sampler.ts: cumulative weights
 * against `uniform x total`, in two levels (blocks of √V, then inside one). Running sums are products with a triangle of
 * ones: ONNX's CumSum is slow on rows, and ReduceSum rounds by a row's place in memory, so that a sample would depend on
 * its slot in the last bit.
 */
export function blockModel(model: OnnxModel, folder: ModelFolder): OnnxModel {
  const { graph } = model;
  const { names, vocabSize } = folder;
  const width = Math.ceil(Math.sqrt(vocabSize));
  const height = Math.ceil(vocabSize / width);
  // No id is -1: it stands for a model without end tokens.
  const ends = BigInt64Array.from([-1, ...folder.endTokens], BigInt);
  const int = (n: number, name: string) => initializer(name, BigInt64Array.of(BigInt(n)), [1]);
  const constants = [
    initializer("block.true", true, []),
    initializer("block.ends", ends, [1, ends.length]),
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
    triangle("block.triangle.height", height),
    triangle("block.triangle.width", width),
  ];
  const { constant, step } = separate(graph);
  const body = bodyGraph(step, folder);
  const states = [BLOCK.ids, BLOCK.lengths, BLOCK.done, BLOCK.logitsBefore];
  const pasts = names.past.map((_, i) => BLOCK.past(i));
  const presents = names.past.map((_, i) => BLOCK.present(i));
  const loop: OnnxNode = {
    input: [BLOCK.turns, "block.true", ...states, ...pasts],
    // The last ids, lengths and done are of no interest outside.
    output: [
      "block.ids.last",
      "block.lengths.last",
      "block.done.last",
      BLOCK.logits,
      ...presents,
      BLOCK.tokens,
      BLOCK.logprobs,
    ],
    name: "block.loop",
    opType: "Loop",
    attribute: [graphAttribute("body", body)],
    domain: "",
  };
  const cache = (name: string) => value(name, FLOAT, ["B", folder.kvHeads, "capacity", folder.headSize]);
  return {
    ...model,
    graph: {
      name: "block",
      node: [...constant, loop],
      initializer: [...graph.initializer, ...constants],
      input: [
        value(BLOCK.turns, INT64, []),
        value(BLOCK.ids, INT64, ["B", "S"]),
        value(BLOCK.lengths, INT64, ["B", 1]),
        value(BLOCK.done, BOOL, ["B", 1]),
        value(BLOCK.limits, INT64, ["B", 1]),
        value(BLOCK.span, INT64, [1, "W"]),
        value(BLOCK.uniforms, FLOAT, ["K", "B"]),
        value(BLOCK.temperature, FLOAT, [1]),
        value(BLOCK.topK, INT64, [1]),
        value(BLOCK.topP, FLOAT, [1]),
        value(BLOCK.greedy, BOOL, []),
        value(BLOCK.truncated, BOOL, []),
        value(BLOCK.logitsBefore, FLOAT, ["b", "v"]),
        ...pasts.map(cache),
      ],
      output: [
        value(BLOCK.tokens, INT64, ["turns", "B", 1]),
        value(BLOCK.logprobs, FLOAT, ["turns", "B", 1]),
        value(BLOCK.logits, FLOAT, ["B", vocabSize]),
        ...presents.map(cache),
      ],
    },
  };
}

/** Upper triangle of ones: a row times it is the row's running sums. */
function triangle(name: string, size: number): Uint8Array {
  const ones = Float32Array.from({ length: size * size }, (_, i) =>
    Math.floor(i / size) <= i % size ? 1 : 0,
  );
  return initializer(name, ones, [size, size]);
}

/**
 * The nodes that depend on weights alone (a tied embedding's transposition), and those that make a step: ONNX Runtime
 * folds the former into constants outside of a loop's body only.
 */
function separate(graph: OnnxGraph): { constant: OnnxNode[]; step: OnnxNode[] } {
  const known = new Set(["", ...graph.initializer.map(tensorName)]);
  const constant: OnnxNode[] = [];
  const step: OnnxNode[] = [];
  for (const node of graph.node) {
    const fixed = node.input.every((name) => known.has(name));
    (fixed ? constant : step).push(node);
    if (fixed) for (const name of node.output) known.add(name);
  }
  return { constant, step };
}

function bodyGraph(nodes: OnnxNode[], { names }: ModelFolder): OnnxGraph {
  const w = new GraphWriter("block.body.");
  // Before the model: its mask, made from the lengths.
  w.op(
    "Cast",
    [w.op("Less", [BLOCK.span, "block.lengths.in"])],
    [intAttribute("to", INT64)],
    names.attentionMask,
  );
  const before = w.nodes.splice(0);
  const step = lastPositionOnly(nodes, names.logits);
  // After it: the pick.
  const logits = w.op("Squeeze", [step.logits, "block.1"]);
  const highest = w.op("ReduceMax", [logits, "block.-1"], [keep]);
  const shifted = w.op("Sub", [logits, highest]);
  const best = () => {
    const g = new GraphWriter("block.greedy.");
    const token = g.op("ArgMax", [logits], [intAttribute("axis", 1), keep]);
    return branch("block.greedy.graph", g, token, INT64);
  };
  const token = w.op(
    "If",
    [BLOCK.greedy],
    [graphAttribute("then_branch", best()), graphAttribute("else_branch", drawGraph(shifted))],
  );
  const logprobs = w.op("LogSoftmax", [logits], [intAttribute("axis", 1)]);
  const logprob = w.op("GatherElements", [logprobs, token], [intAttribute("axis", 1)]);
  // The end of a row: an end token, or its limit.
  const isEnd = w.op(
    "ReduceMax",
    [w.op("Cast", [w.op("Equal", [token, "block.ends"])], [intAttribute("to", INT64)]), "block.-1"],
    [keep],
  );
  const atEnd = w.op("Cast", [isEnd], [intAttribute("to", BOOL)]);
  const full = w.op("GreaterOrEqual", ["block.lengths.in", BLOCK.limits]);
  const done = w.op("Or", [w.op("Or", ["block.done.in", atEnd]), full]);
  const goingOn = w.op("Cast", [w.op("Not", [done])], [intAttribute("to", INT64)]);
  const lengths = w.op("Add", ["block.lengths.in", goingOn]);
  const any = w.op("Squeeze", [w.op("ReduceMax", [goingOn, "block.0"], [keep])]);
  const condition = w.op("Cast", [any], [intAttribute("to", BOOL)]);
  const scan = w.op("Identity", [token]);
  const out = (name: string, type: number) => value(name, type);
  return {
    name: "block.body",
    node: [...before, ...step.nodes, ...w.nodes],
    initializer: [],
    input: [
      value("block.turn", INT64, []),
      value("block.condition.in", BOOL, []),
      // Its rank, or shapes inside the body cannot be inferred; the sizes change after the first turn.
      value(names.inputIds, INT64, ["B", "S"]),
      out("block.lengths.in", INT64),
      out("block.done.in", BOOL),
      out("block.logits.in", FLOAT),
      ...names.past.map((name) => out(name, FLOAT)),
    ],
    output: [
      out(condition, BOOL),
      out(token, INT64),
      out(lengths, INT64),
      out(done, BOOL),
      out(logits, FLOAT),
      ...names.present.map((name) => out(name, FLOAT)),
      out(scan, INT64),
      out(logprob, FLOAT),
    ],
  };
}

function branch(name: string, writer: GraphWriter, output: string, type: number): OnnxGraph {
  return { name, node: writer.nodes, initializer: [], input: [], output: [value(output, type)] };
}

/** A token drawn from `shifted` logits `[B, V]` (the largest is 0): int64 `[B, 1]`. */
function drawGraph(shifted: string): OnnxGraph {
  const w = new GraphWriter("block.draw.");
  const axis1 = intAttribute("axis", 1);
  const count = (cumulative: string, target: string) => {
    const below = w.op("Cast", [w.op("LessOrEqual", [cumulative, target])], [intAttribute("to", INT64)]);
    return w.op("ReduceSum", [below, "block.-1"], [keep]);
  };
  const all = w.op("Exp", [w.op("Div", [shifted, BLOCK.temperature])]);
  const id = new GraphWriter("block.all.");
  const everything = branch("block.all.graph", id, id.op("Identity", [all]), FLOAT);
  const weights = w.op(
    "If",
    [BLOCK.truncated],
    [graphAttribute("then_branch", truncateGraph(all)), graphAttribute("else_branch", everything)],
  );
  const grid = w.op("Reshape", [w.op("Pad", [weights, "block.pads"]), "block.grid"]);
  const insides = w.op("MatMul", [grid, "block.triangle.width"]);
  const sums = w.op("Squeeze", [
    w.op("Gather", [insides, "block.width-1"], [intAttribute("axis", 2)]),
    "block.2",
  ]);
  const cumulative = w.op("MatMul", [sums, "block.triangle.height"]);
  const last = (rows: string) => w.op("ReduceMax", [rows, "block.-1"], [keep]);
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
function truncateGraph(weights: string): OnnxGraph {
  const w = new GraphWriter("block.cut.");
  const [sorted = ""] = w.ops("TopK", [weights, BLOCK.topK], 2);
  const before = w.op("CumSum", [sorted, "block.1"], [intAttribute("exclusive", 1)]);
  const total = w.op("ReduceMax", [w.op("Add", [before, sorted]), "block.-1"], [keep]);
  const inside = w.op("Less", [before, w.op("Mul", [total, BLOCK.topP])]);
  const least = w.op("ReduceMin", [w.op("Where", [inside, sorted, "block.infinity"]), "block.-1"], [keep]);
  const kept = w.op("Where", [w.op("GreaterOrEqual", [weights, least]), weights, "block.zero"]);
  return branch("block.cut.graph", w, kept, FLOAT);
}

/**
 * The nodes with the last position gathered before the output layer, when that is one plain matrix product (`[B, 1, V]`
 * either way): logits of a whole prompt are gigabytes at a vocabulary of 150,000.
 */
function lastPositionOnly(nodes: OnnxNode[], logits: string): { nodes: OnnxNode[]; logits: string } {
  const gather = (from: string, to: string): OnnxNode => ({
    input: [from, "block.-1"],
    output: [to],
    name: "block.last-position",
    opType: "Gather",
    attribute: [intAttribute("axis", 1)],
    domain: "",
  });
  const at = nodes.findIndex((node) => node.output[0] === logits);
  const head = nodes[at];
  const [hidden, ...weights] = head?.input ?? [];
  if (!head || hidden === undefined || !["MatMul", "MatMulNBits"].includes(head.opType))
    return { nodes: [...nodes, gather(logits, "block.logits.last")], logits: "block.logits.last" };
  const moved = { ...head, input: ["block.hidden.last", ...weights] };
  return {
    nodes: [...nodes.slice(0, at), gather(hidden, "block.hidden.last"), moved, ...nodes.slice(at + 1)],
    logits,
  };
}
