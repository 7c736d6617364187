import { blockModel } from "../decode/block-graph.js";
import type { ModelFolder } from "./folder.js";
import { describeValue, encodeModel, FLOAT, FLOAT16, INT64, type OnnxModel, opsets } from "./onnx.js";
import { readModel } from "./onnx-file.js";

/** Squeeze and ReduceSum take their axes as an input since this version. */
const OPSET = 13;

/**
 * The model's decode block (block-graph.ts) as bytes, or why it has none: then it is decoded step by step. Weights in
 * external files and large ones inside the graph are only referred to. It is made anew at each start and kept nowhere:
 * measured on one busy core, 0.4 B parameters take 40 to 170 ms whether they lie beside the graph (1.5 GB in float32) or
 * in it (243 MB in 4 bits), a tenth of what opening the session takes, and what is not stored cannot be stale.
 *
 * @param split asks for split attention; the answer says whether the model's could be
 */
export async function prepareBlock(
  folder: ModelFolder,
  split: boolean,
): Promise<{ bytes: Uint8Array; split: boolean } | { why: string }> {
  let model: OnnxModel;
  try {
    model = await readModel(folder.graph);
  } catch {
    // A damaged file: opening it as it is tells more.
    return { why: "the graph cannot be read" };
  }
  const why = obstacle(model, folder);
  if (why !== undefined) return { why };
  const block = blockModel(model, folder, split);
  return { bytes: encodeModel(block.model), split: block.split };
}

function obstacle(model: OnnxModel, { names, vocabSize }: ModelFolder): string | undefined {
  const inputs = new Map(model.graph.input.map((v) => [v.name, describeValue(v)]));
  const outputs = new Map(model.graph.output.map((v) => [v.name, describeValue(v)]));
  const opset = opsets(model).get("") ?? 0;
  if (opset < OPSET) return `it is written in ONNX operators of version ${opset}`;
  const known = [names.inputIds, names.attentionMask, names.positionIds, names.logitsToKeep, ...names.past];
  const foreign = [...inputs.keys()].find((name) => !known.includes(name));
  if (foreign !== undefined) return `it has an input ${foreign}`;
  for (const name of known.slice(0, 4)) {
    const input = inputs.get(name);
    if (input && input.elemType !== INT64) return `its input ${name} is not int64`;
  }
  const caches = [...names.past.map((n) => inputs.get(n)), ...names.present.map((n) => outputs.get(n))];
  const type = caches[0]?.elemType ?? 0;
  if (![FLOAT, FLOAT16].includes(type) || caches.some((cache) => cache?.elemType !== type))
    return "its cache is neither float32 nor float16";
  const logits = outputs.get(names.logits);
  if (!logits || ![FLOAT, FLOAT16].includes(logits.elemType))
    return "its logits are neither float32 nor float16";
  const last = logits.dims.at(-1) ?? -1;
  if (last >= 0 && last !== vocabSize) return `its logits have ${last} entries, its vocabulary ${vocabSize}`;
  if (!model.graph.node.some((node) => node.opType === "GroupQueryAttention"))
    return "its attention is written in plain operators, which copy the whole cache at every step";
  return undefined;
}
