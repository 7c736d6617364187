import { dirname, isAbsolute, join, relative } from "node:path";
import { ErrataError } from "../../protocol/types.js";
import type { ModelFolder } from "./folder.js";
import { listGraphs } from "./graphs.js";
import { checkGraph, checkTokenizer, graphBytes, LAYOUTS, readJson, readJsonIfThere } from "./model-files.js";
import { describeValue, type OnnxModel } from "./onnx.js";
import { readModel } from "./onnx-file.js";

/** The part of transformers' config.json that decoding needs. Absent fields have other names in older families. */
interface Config {
  is_encoder_decoder?: boolean;
  /** Of models that read pictures too. */
  text_config?: Config;
  vocab_size?: number;
  max_position_embeddings?: number;
  n_positions?: number;
  n_ctx?: number;
  hidden_size?: number;
  num_attention_heads?: number;
  num_key_value_heads?: number;
  head_dim?: number;
  eos_token_id?: EndTokens;
  pad_token_id?: number | null;
}
type EndTokens = number | number[] | null;

/** Reads config.json, its neighbours and the graph. Throws "not-a-model", "no-tokenizer", "bad-model", "corrupt-model". */
export async function readHubFolder(
  folder: string,
  files: readonly string[],
  wanted?: string,
): Promise<ModelFolder> {
  const graph = join(folder, await chooseGraph(folder, files, wanted));
  checkTokenizer(folder, files);
  const config = (await readJson(join(folder, "config.json"))) as Config;
  const generation = ((await readJsonIfThere(join(folder, "generation_config.json"))) ?? {}) as Config;
  if (config.is_encoder_decoder)
    throw unfit(folder, "it is an encoder-decoder model", "Errata decodes models that only continue a text.");
  await checkGraph(graph);
  const text = { ...config.text_config, ...config };
  const { vocabSize, ...shape } = await readGraph(graph, text);
  const size = vocabSize ?? text.vocab_size;
  const contextLength = text.max_position_embeddings ?? text.n_positions ?? text.n_ctx;
  if (!size || !contextLength)
    throw unfit(
      folder,
      `config.json has no ${size ? "max_position_embeddings" : "vocab_size"}`,
      "Copy config.json from the model that was exported.",
    );
  return {
    folder,
    graph,
    bytes: await graphBytes(graph),
    vocabSize: size,
    contextLength,
    endTokens: await endTokens(folder, [generation.eos_token_id, text.eos_token_id]),
    padToken: generation.pad_token_id ?? text.pad_token_id ?? 0,
    ...shape,
  };
}

/** The wanted graph, else the best for a CPU; relative to the folder. */
async function chooseGraph(folder: string, files: readonly string[], wanted?: string): Promise<string> {
  const graphs = await listGraphs(folder);
  const [best] = graphs;
  if (wanted !== undefined) {
    const inside = relative(folder, join(folder, wanted));
    if (!isAbsolute(wanted) && !inside.startsWith("..")) return wanted;
    throw unfit(folder, `its graph ${wanted} lies outside of it`, "Choose one of the folder's own graphs.");
  }
  if (best) return best.graph;
  const weights = files.some((name) => name.endsWith(".safetensors"));
  throw new ErrataError(
    weights
      ? `${folder} holds a model's trainable weights, and no ONNX graph to sample from`
      : `${folder} is not a model: there is no onnx/model.onnx beside its config.json`,
    weights ? "Errata: Add Model converts such a folder." : LAYOUTS,
    "not-a-model",
  );
}

interface GraphShape extends Pick<ModelFolder, "layers" | "kvHeads" | "headSize" | "inPlace" | "names"> {
  /** Where the graph says it. */
  vocabSize: number | undefined;
}

/** What the graph itself says, from the names that optimum and transformers.js agree on. */
async function readGraph(file: string, config: Config): Promise<GraphShape> {
  let model: OnnxModel;
  try {
    model = await readModel(file);
  } catch (error) {
    throw new ErrataError(
      `${file} cannot be read: ${error instanceof Error ? error.message : error}`,
      "The file is damaged or incomplete. Export or download the model again.",
      "corrupt-model",
    );
  }
  const inputs = model.graph.input.map(({ name }) => name);
  const outputs = model.graph.output.map(({ name }) => name);
  const folder = dirname(file);
  if (inputs.includes("encoder_hidden_states"))
    throw unfit(folder, "it is one half of an encoder-decoder model", "Choose a decoder-only model.");
  if (inputs.includes("inputs_embeds") || inputs.includes("pixel_values"))
    throw unfit(folder, "it reads embeddings or pictures, not tokens", "Choose a model for text alone.");
  if (inputs.includes("use_cache_branch"))
    throw unfit(
      folder,
      "its graph is of the older kind that holds two models in one",
      "Take a newer export.",
    );
  const past = cacheNames(inputs, /^(?:past_key_values|past)\.(\d+)\.(?:decoder\.)?(key|value)$/);
  const present = cacheNames(outputs, /^present(?:_key_values)?\.(\d+)\.(?:decoder\.)?(key|value)$/);
  if (past.length === 0 || present.length !== past.length)
    throw unfit(
      folder,
      past.length === 0
        ? "its graph has no key and value cache"
        : "its graph does not return its whole cache",
      "Export it with its cache (optimum's task text-generation-with-past).",
    );
  for (const name of ["input_ids", "attention_mask"])
    if (!inputs.includes(name)) throw unfit(folder, `its graph has no input ${name}`, LAYOUTS);
  if (!outputs.includes("logits")) throw unfit(folder, "its graph has no output logits", LAYOUTS);
  const dims = (name: string) => {
    const found = [...model.graph.input, ...model.graph.output].find((v) => v.name === name);
    return found ? describeValue(found).dims : [];
  };
  const inPlace = model.graph.node.some(({ opType }) => opType === "GroupQueryAttention");
  if (!inPlace && !inputs.includes("position_ids"))
    throw unfit(
      folder,
      "its attention is written in plain operators, and it has no input position_ids",
      "Rows of different length cannot be decoded with it. Take a newer export, or one made by onnxruntime-genai's builder.",
    );
  if (new Set(past.map((name) => [dims(name)[1], dims(name)[3]].join(" x "))).size > 1)
    throw unfit(folder, "its layers' caches have different sizes", "Such a model is not supported.");
  // A size without a number is the same for every model of the family: the configuration knows it.
  const known = (n: number | undefined) => (n !== undefined && n > 0 ? n : undefined);
  const { num_attention_heads: heads = 0, hidden_size: hidden = 0 } = config;
  const [, heads1, , size] = dims(past[0] ?? "");
  const kvHeads = known(heads1) ?? config.num_key_value_heads ?? known(heads);
  const headSize = known(size) ?? config.head_dim ?? known(Math.floor(hidden / heads));
  if (kvHeads === undefined || headSize === undefined)
    throw unfit(
      folder,
      "neither its graph nor config.json says how large its cache is",
      "Copy config.json from the model that was exported.",
    );
  return {
    layers: past.length / 2,
    kvHeads,
    headSize,
    inPlace,
    vocabSize: known(dims("logits").at(-1)),
    names: {
      inputIds: "input_ids",
      attentionMask: "attention_mask",
      positionIds: "position_ids",
      logitsToKeep: inputs.find((name) => /^(?:num_)?logits_to_keep$/.test(name)) ?? "num_logits_to_keep",
      logits: "logits",
      past,
      present,
    },
  };
}

/** In the order of the layers, a key before its value. */
function cacheNames(names: readonly string[], pattern: RegExp): string[] {
  const found = names.flatMap((name) => {
    const [, layer, kind] = pattern.exec(name) ?? [];
    return layer === undefined ? [] : [{ name, at: 2 * Number(layer) + Number(kind === "value") }];
  });
  return found.sort((a, b) => a.at - b.at).map(({ name }) => name);
}

/** All that end an answer: generation_config.json's, config.json's, and the tokenizer's own. */
async function endTokens(
  folder: string,
  named: readonly (EndTokens | undefined)[],
): Promise<ReadonlySet<number>> {
  const ends = new Set(named.flatMap((ids) => ids ?? []));
  const config = (await readJson(join(folder, "tokenizer_config.json"))) as {
    eos_token?: string | { content: string } | null;
  };
  const text = typeof config.eos_token === "string" ? config.eos_token : config.eos_token?.content;
  const { added_tokens: added = [] } = (await readJson(join(folder, "tokenizer.json"))) as {
    added_tokens?: { id: number; content: string }[];
  };
  const own = added.find(({ content }) => content === text);
  if (own) ends.add(own.id);
  if (ends.size === 0)
    throw unfit(
      folder,
      "neither generation_config.json nor config.json names a token that ends an answer",
      "Add eos_token_id to generation_config.json.",
    );
  return ends;
}

function unfit(folder: string, why: string, hint: string): ErrataError {
  return new ErrataError(`The model in ${folder} cannot be used: ${why}`, hint, "bad-model");
}
