import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { ErrataError } from "../../protocol/types.js";
import { readHubFolder } from "./hub-folder.js";
import { checkGraph, checkTokenizer, graphBytes, LAYOUTS, readJson, readJsonIfThere } from "./model-files.js";

/** A model folder, read and checked, nothing loaded yet. */
export interface ModelFolder {
  folder: string;
  /** Absolute path of the graph. */
  graph: string;
  /** Size of the graph with its external weights. */
  bytes: number;
  /** Rows of logits have this many entries. */
  vocabSize: number;
  contextLength: number;
  endTokens: ReadonlySet<number>;
  /** Fills the unused part of a batch. */
  padToken: number;
  layers: number;
  kvHeads: number;
  headSize: number;
  /** Its attention can write to the cache it reads (GroupQueryAttention); else each step returns old and new. */
  inPlace: boolean;
  names: {
    inputIds: string;
    attentionMask: string;
    positionIds: string;
    /** Of how many last positions the logits are wanted. */
    logitsToKeep: string;
    logits: string;
    /** Per layer, key then value. */
    past: string[];
    present: string[];
  };
}

/** What a folder's own `errata.json` may say of it. */
export interface ModelCard {
  id?: string;
  name?: string;
  prompts?: string;
  /** Relative to the folder. */
  trainable?: string;
  base?: string;
  run?: string;
  /** Variables for its chat template, such as `enable_thinking`. */
  template?: Record<string, unknown>;
}

interface GenaiConfig {
  search?: { past_present_share_buffer?: boolean };
  model?: {
    context_length?: number;
    eos_token_id?: number | number[];
    pad_token_id?: number;
    vocab_size?: number;
    decoder?: {
      filename?: string;
      head_size?: number;
      num_hidden_layers?: number;
      num_key_value_heads?: number;
      inputs?: Record<string, string>;
      outputs?: Record<string, string>;
    };
  };
}

/**
 * Reads an onnxruntime-genai folder, or a hub-style one.
 *
 * @param graph which of a hub folder's graphs, relative to it; without it the best for a CPU (graphs.ts)
 * Throws "not-a-model", "no-tokenizer", "bad-model" or "corrupt-model".
 */
export async function readModelFolder(folder: string, graph?: string): Promise<ModelFolder> {
  const files = await readdir(folder).catch(() => undefined);
  if (!files) throw new ErrataError(`There is no folder ${folder}`, LAYOUTS, "not-a-model");
  if (!files.includes("genai_config.json")) {
    if (files.includes("config.json")) return readHubFolder(folder, files, graph);
    throw new ErrataError(
      `${folder} is not a model: genai_config.json is missing, and so is config.json`,
      LAYOUTS,
      "not-a-model",
    );
  }
  checkTokenizer(folder, files);
  return readGenaiFolder(folder, graph);
}

async function readGenaiFolder(folder: string, wanted?: string): Promise<ModelFolder> {
  const config = (await readJson(join(folder, "genai_config.json"))) as GenaiConfig;
  const { model } = config;
  const decoder = model?.decoder;
  const { num_hidden_layers: layers, num_key_value_heads: kvHeads, head_size: headSize } = decoder ?? {};
  const { vocab_size: vocabSize, context_length: contextLength, eos_token_id: end } = model ?? {};
  if (
    !model ||
    !decoder ||
    !layers ||
    !kvHeads ||
    !headSize ||
    !vocabSize ||
    !contextLength ||
    end === undefined
  )
    throw new ErrataError(
      `${join(folder, "genai_config.json")} does not describe a decoder-only model`,
      `It needs vocab_size, context_length, eos_token_id and the decoder's layers, heads and head size. ${LAYOUTS}`,
      "bad-model",
    );
  const graph = join(folder, wanted ?? decoder.filename ?? "model.onnx");
  await checkGraph(graph);
  const { inputs = {}, outputs = {} } = decoder;
  const numbered = (key = "", value = "") =>
    Array.from({ length: layers }, (_, l) => [key, value].map((n) => n.replace("%d", String(l)))).flat();
  return {
    folder,
    graph,
    bytes: await graphBytes(graph),
    vocabSize,
    contextLength,
    endTokens: new Set(Array.isArray(end) ? end : [end]),
    padToken: model.pad_token_id ?? 0,
    layers,
    kvHeads,
    headSize,
    inPlace: config.search?.past_present_share_buffer ?? true,
    names: {
      inputIds: inputs.input_ids ?? "input_ids",
      attentionMask: inputs.attention_mask ?? "attention_mask",
      positionIds: inputs.position_ids ?? "position_ids",
      logitsToKeep: "num_logits_to_keep",
      logits: outputs.logits ?? "logits",
      past: numbered(
        inputs.past_key_names ?? "past_key_values.%d.key",
        inputs.past_value_names ?? "past_key_values.%d.value",
      ),
      present: numbered(
        outputs.present_key_names ?? "present.%d.key",
        outputs.present_value_names ?? "present.%d.value",
      ),
    },
  };
}

/** The folder's own `errata.json`; empty when there is none. Throws "bad-model" when it cannot be read. */
export async function readModelCard(folder: string): Promise<ModelCard> {
  return ((await readJsonIfThere(join(folder, "errata.json"))) ?? {}) as ModelCard;
}

/** What to tell when ONNX Runtime refuses a graph. */
export function graphError(file: string, error: unknown): ErrataError {
  const said = (error instanceof Error ? error.message : String(error)).replace(
    /^.*\[ONNXRuntimeError\] : /s,
    "",
  );
  return new ErrataError(
    `${basename(file)} of ${file.slice(0, -basename(file).length - 1)} cannot be loaded: ${said}`,
    "The file is damaged, incomplete or of a newer format. Export or download the model again.",
    "corrupt-model",
  );
}
