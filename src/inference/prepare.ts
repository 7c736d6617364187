import { readFile, stat } from "node:fs/promises";
import { blockModel } from "./block-graph.js";
import type { ModelFolder } from "./folder.js";
import { decodeModel, describeValue, encodeModel, FLOAT, INT64, type OnnxModel, opsets } from "./onnx.js";

/** ReduceMax and ReduceMin take their axes as an input since this version. */
const OPSET = 18;
/** A graph with its weights inside is held in memory twice while it is rewritten. */
const LARGEST = 1 << 29;

/**
 * The model's decode block (block-graph.ts) as bytes, or why it has none: then it is decoded step by step. Weights in
 * external files are only referred to.
 */
export async function prepareBlock(folder: ModelFolder): Promise<{ bytes: Uint8Array } | { why: string }> {
  const { size } = await stat(folder.graph);
  if (size > LARGEST) return { why: "its weights are inside the graph file" };
  let model: OnnxModel;
  try {
    model = decodeModel(await readFile(folder.graph));
  } catch {
    // A damaged file: opening it as it is tells more.
    return { why: "the graph cannot be read" };
  }
  const why = obstacle(model, folder);
  return why === undefined ? { bytes: encodeModel(blockModel(model, folder)) } : { why };
}

function obstacle(model: OnnxModel, { names, vocabSize }: ModelFolder): string | undefined {
  const inputs = new Map(model.graph.input.map((v) => [v.name, describeValue(v)]));
  const outputs = new Map(model.graph.output.map((v) => [v.name, describeValue(v)]));
  const opset = opsets(model).get("") ?? 0;
  if (opset < OPSET) return `it is written in ONNX operators of version ${opset}`;
  if (inputs.size !== 2 + names.past.length) return "it has inputs of its own";
  if (inputs.get(names.inputIds)?.elemType !== INT64) return "its token ids are not int64";
  if (inputs.get(names.attentionMask)?.elemType !== INT64) return "its attention mask is not int64";
  const caches = [...names.past.map((n) => inputs.get(n)), ...names.present.map((n) => outputs.get(n))];
  if (caches.some((cache) => cache?.elemType !== FLOAT)) return "its cache is not float32";
  const logits = outputs.get(names.logits);
  if (logits?.elemType !== FLOAT || logits.dims.at(-1) !== vocabSize) return "its logits are not float32";
  if (!model.graph.node.some((node) => node.opType === "GroupQueryAttention"))
    return "its attention is not GroupQueryAttention";
  return undefined;
}
