import type { ModelFolder } from "../model/folder.js";
import {
  BOOL,
  describeValue,
  FLOAT,
  graphAttribute,
  hasSubgraph,
  INT64,
  initializer,
  intAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  opsets,
  tensorName,
  value,
} from "../model/onnx.js";
import { BLOCK } from "./block-names.js";
import { BlockWriter, pickConstants, pickNodes } from "./block-pick.js";
import { splitAttention } from "./split-attention.js";

export interface BlockModel {
  model: OnnxModel;
  /** Its attention is split (split-attention.ts), the caches it carries are tails. */
  split: boolean;
}

/** What the graph itself says. */
interface Facts {
  /** Version of ONNX's own operators. */
  opset: number;
  /** Element type of the caches. */
  cache: number;
  /** It wants to be told each token's position. */
  positions: boolean;
  /** It can be told of how many positions it should give the logits: always of one. */
  logitsToKeep: Uint8Array[];
}

function factsOf(model: OnnxModel, { names }: ModelFolder): Facts {
  const find = (name: string | undefined) => model.graph.input.find((input) => input.name === name);
  const past = find(names.past[0]);
  const keep = find(names.logitsToKeep);
  const dims = keep ? describeValue(keep).dims.map(() => 1) : [];
  return {
    opset: opsets(model).get("") ?? 0,
    cache: past ? describeValue(past).elemType : FLOAT,
    positions: find(names.positionIds) !== undefined,
    logitsToKeep: keep ? [initializer(names.logitsToKeep, BigInt64Array.of(1n), dims)] : [],
  };
}

/**
 * A model whose every call makes up to K tokens: an ONNX `Loop` whose body is the model's own step, the sampler and
 * the test for the end, with the cache as loop state. The model's nodes move into the body unchanged, its weights stay
 * initialisers of the outer graph, so external data is referred to and never copied. A prompt is computed by the same
 * graph with one turn. Logits are computed for the last position only, where the output layer is a plain product.
 *
 * @param split with split attention (split-attention.ts), where the model's attention can be written so
 */
export function blockModel(model: OnnxModel, folder: ModelFolder, split: boolean): BlockModel {
  const { graph } = model;
  const { names, vocabSize } = folder;
  // No id is -1: it stands for a model without end tokens.
  const ends = BigInt64Array.from([-1, ...folder.endTokens], BigInt);
  const facts = factsOf(model, folder);
  const constants = [
    initializer("block.true", true, []),
    initializer("block.ends", ends, [1, ends.length]),
    initializer("block.scalar-0", BigInt64Array.of(0n), []),
    initializer("block.scalar-1", BigInt64Array.of(1n), []),
    ...facts.logitsToKeep,
    ...pickConstants(vocabSize),
  ];
  const { constant, step } = separate(graph, facts);
  const parts = split && facts.cache === FLOAT ? splitAttention(step, graph, folder) : undefined;
  const body = bodyGraph(parts?.step ?? step, facts, folder, parts?.prelude);
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
      BLOCK.entropies,
    ],
    name: "block.loop",
    opType: "Loop",
    attribute: [graphAttribute("body", body)],
    domain: "",
  };
  const cache = (name: string) =>
    value(name, facts.cache, ["B", folder.kvHeads, "capacity", folder.headSize]);
  const prepared = {
    ...model,
    graph: {
      name: "block",
      node: [...constant, ...(parts?.before ?? []), loop],
      initializer: [...graph.initializer, ...constants, ...(parts?.initializers ?? [])],
      input: [
        value(BLOCK.turns, INT64, []),
        value(BLOCK.ids, INT64, ["B", "S"]),
        value(BLOCK.lengths, INT64, ["B", 1]),
        value(BLOCK.done, BOOL, ["B", 1]),
        value(BLOCK.limits, INT64, ["B", 1]),
        ...(parts?.inputs ?? [value(BLOCK.span, INT64, [1, "W"])]),
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
        value(BLOCK.entropies, FLOAT, ["turns", "B", 1]),
        value(BLOCK.logits, FLOAT, ["B", vocabSize]),
        ...presents.map(cache),
      ],
    },
  };
  return { model: prepared, split: parts !== undefined };
}

/**
 * The nodes that depend on weights alone (a tied embedding's transposition), and those that make a step: ONNX Runtime
 * folds the former into constants outside of a loop's body only.
 */
function separate(graph: OnnxGraph, { logitsToKeep }: Facts): { constant: OnnxNode[]; step: OnnxNode[] } {
  const known = new Set(["", ...[...graph.initializer, ...logitsToKeep].map(tensorName)]);
  const constant: OnnxNode[] = [];
  const step: OnnxNode[] = [];
  for (const node of graph.node) {
    const fixed = node.input.every((name) => known.has(name)) && !hasSubgraph(node);
    (fixed ? constant : step).push(node);
    if (fixed) for (const name of node.output) known.add(name);
  }
  return { constant, step };
}

function bodyGraph(nodes: OnnxNode[], facts: Facts, { names }: ModelFolder, prelude?: OnnxNode[]): OnnxGraph {
  const w = new BlockWriter("block.body.", facts.opset);
  // Before the model: its mask and positions, made from the lengths.
  if (!prelude)
    w.op(
      "Cast",
      [w.op("Less", [BLOCK.span, "block.lengths.in"])],
      [intAttribute("to", INT64)],
      names.attentionMask,
    );
  if (facts.positions) {
    const tokens = w.op("Squeeze", [w.op("Gather", [w.op("Shape", [names.inputIds]), "block.1"])]);
    const offsets = w.op("Range", [w.op("Neg", [tokens]), "block.scalar-0", "block.scalar-1"]);
    w.op("Add", ["block.lengths.in", offsets], [], names.positionIds);
  }
  const before = [...(prelude ?? []), ...w.nodes.splice(0)];
  const step = lastPositionOnly(nodes, names.logits);
  // After it: the pick.
  const squeezed = w.op("Squeeze", [step.logits, "block.1"]);
  const logits = w.op("Cast", [squeezed], [intAttribute("to", FLOAT)]);
  const { token, logprob, entropy } = pickNodes(w, logits);
  // The end of a row: an end token, or its limit.
  const ends = w.op("Cast", [w.op("Equal", [token, "block.ends"])], [intAttribute("to", INT64)]);
  const atEnd = w.op("Cast", [w.reduce("ReduceMax", ends, -1)], [intAttribute("to", BOOL)]);
  const full = w.op("GreaterOrEqual", ["block.lengths.in", BLOCK.limits]);
  const done = w.op("Or", [w.op("Or", ["block.done.in", atEnd]), full]);
  const goingOn = w.op("Cast", [w.op("Not", [done])], [intAttribute("to", INT64)]);
  const lengths = w.op("Add", ["block.lengths.in", goingOn]);
  const any = w.op("Squeeze", [w.reduce("ReduceMax", goingOn, 0)]);
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
      ...names.past.map((name) => out(name, facts.cache)),
    ],
    output: [
      out(condition, BOOL),
      out(token, INT64),
      out(lengths, INT64),
      out(done, BOOL),
      out(logits, FLOAT),
      ...names.present.map((name) => out(name, facts.cache)),
      out(scan, INT64),
      out(logprob, FLOAT),
      out(entropy, FLOAT),
    ],
  };
}

/** Operators on single logits: the last position can be taken before them as well as after them. */
const POINTWISE = new Set(["Cast", "Identity", "Tanh", "Mul", "Div", "Add"]);

/**
 * The nodes with the last position gathered before the output layer, when that is a matrix product and nothing but
 * pointwise operators follow (`[B, 1, V]` either way): logits of a whole prompt are gigabytes at a vocabulary of
 * 150,000.
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
  const made = new Set(nodes.flatMap((node) => node.output));
  const from = (name: string) => nodes.findIndex((node) => node.output[0] === name);
  let at = from(logits);
  for (let node = nodes[at]; node && POINTWISE.has(node.opType); node = nodes[at]) {
    const variable = node.input.filter((name) => made.has(name));
    at = variable.length === 1 ? from(variable[0] ?? "") : -1;
  }
  const head = nodes[at];
  const [hidden, ...weights] = head?.input ?? [];
  const readOnce = head && nodes.filter((node) => node.input.includes(head.output[0] ?? "")).length <= 1;
  if (!readOnce || hidden === undefined || !["MatMul", "MatMulNBits"].includes(head.opType))
    return { nodes: [...nodes, gather(logits, "block.logits.last")], logits: "block.logits.last" };
  const moved = { ...head, input: ["block.hidden.last", ...weights] };
  return {
    nodes: [...nodes.slice(0, at), gather(hidden, "block.hidden.last"), moved, ...nodes.slice(at + 1)],
    logits,
  };
}
