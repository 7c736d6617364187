import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { ErrataError } from "../protocol/types.js";

/** A model folder of onnxruntime-genai's layout, read and checked, nothing loaded yet. */
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
}

interface GenaiConfig {
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

const HINT =
  "A model is a folder that onnxruntime-genai's builder wrote (genai_config.json, model.onnx, tokenizer.json).";

/** Reads `genai_config.json`. Throws "not-a-model", "no-tokenizer", "bad-model" or "corrupt-model". */
export async function readModelFolder(folder: string, _graph?: string): Promise<ModelFolder> {
  const files = await readdir(folder).catch(() => undefined);
  if (!files) throw new ErrataError(`There is no folder ${folder}`, HINT, "not-a-model");
  if (!files.includes("genai_config.json")) {
    const hub = files.includes("config.json")
      ? " (it looks like a Hugging Face folder: export it first)"
      : "";
    throw new ErrataError(
      `${folder} is not a model: genai_config.json is missing${hub}`,
      HINT,
      "not-a-model",
    );
  }
  for (const name of ["tokenizer.json", "tokenizer_config.json"])
    if (!files.includes(name))
      throw new ErrataError(
        `The model in ${folder} has no tokenizer: ${name} is missing`,
        "Copy the tokenizer's files from the model it was exported from.",
        "no-tokenizer",
      );
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
      `It needs vocab_size, context_length, eos_token_id and the decoder's layers, heads and head size. ${HINT}`,
      "bad-model",
    );
  const graph = join(folder, decoder.filename ?? "model.onnx");
  await checkGraph(graph);
  const { inputs = {}, outputs = {} } = decoder;
  const numbered = (key = "", value = "") =>
    Array.from({ length: layers }, (_, l) => [key, value].map((n) => n.replace("%d", String(l)))).flat();
  return {
    folder,
    graph,
    bytes: await sizeOf(folder, files, basename(graph)),
    vocabSize,
    contextLength,
    endTokens: new Set(Array.isArray(end) ? end : [end]),
    padToken: model.pad_token_id ?? 0,
    layers,
    kvHeads,
    headSize,
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
  const file = join(folder, "errata.json");
  if (!(await stat(file).catch(() => undefined))) return {};
  return (await readJson(file)) as ModelCard;
}

/** JSON of a model's folder. Throws "bad-model", naming the file. */
export async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new ErrataError(
      `${file} cannot be read: ${error instanceof Error ? error.message : error}`,
      "Export or copy the model again.",
      "bad-model",
    );
  }
}

/** Cheap checks before ONNX Runtime reads the file: its own message for these names no file. */
async function checkGraph(file: string): Promise<void> {
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile()) throw new ErrataError(`The model's graph ${file} is missing`, HINT, "not-a-model");
  const pointer = info.size < 1024 && (await head(file, 24)).startsWith("version https://git-lfs");
  if (info.size === 0 || pointer)
    throw new ErrataError(
      pointer ? `${file} is a Git LFS pointer, not the file itself` : `${file} is empty`,
      pointer ? "Fetch the real file with `git lfs pull`." : "Export or download the model again.",
      "corrupt-model",
    );
}

async function sizeOf(folder: string, files: string[], graph: string): Promise<number> {
  const own = files.filter((name) => name.startsWith(graph)).map((name) => stat(join(folder, name)));
  return (await Promise.all(own)).reduce((sum, info) => sum + info.size, 0);
}

async function head(file: string, bytes: number): Promise<string> {
  for await (const chunk of createReadStream(file, { end: bytes - 1 })) return String(chunk);
  return "";
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
