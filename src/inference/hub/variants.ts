import { basename, extname, posix } from "node:path";
import { ErrataError } from "../../protocol/types.js";
import { graphPrecision, PRECISIONS, precisionWords } from "../model/precision.js";
import type { HubFile, Repository } from "./repository.js";

/** One way to have a repository's model: what to download for it. */
export interface Variant {
  /** Names it: a graph ("onnx/model_q4.onnx"), the folder of an onnxruntime-genai export, or "weights". */
  id: string;
  kind: "onnx" | "genai" | "weights";
  /** Short, for people and folder names: "q4", "cpu-int4-rtn-block-32", "weights". */
  label: string;
  /** What it is good for. */
  words: string;
  files: HubFile[];
  bytes: number;
}

/** What stands beside a graph or weights and is needed with either. */
const BESIDE = new Set([
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "chat_template.jinja",
  "chat_template.json",
  "vocab.json",
  "merges.txt",
  "tokenizer.model",
]);
/** Of an onnxruntime-genai folder: no code and no pictures. */
const EXPORTED = new Set([".json", ".jinja", ".onnx", ".data", ".onnx_data", ".txt", ".model"]);

/**
 * What a repository offers, best for a CPU first, trainable weights last. Throws "hub-no-model" where there is
 * nothing that could be used, saying why.
 */
export function variants(repository: Repository): Variant[] {
  const files = repository.files.filter(({ path }) => isPlain(path));
  const root = files.filter(({ path }) => BESIDE.has(path));
  const found = [...exports(files), ...graphs(files, root), ...weights(files, root)];
  if (found.length > 0) return found;
  const pickled = files.some(({ path }) => /\.(?:bin|pt|pth)$/.test(path));
  const gguf = files.some(({ path }) => path.endsWith(".gguf"));
  throw new ErrataError(
    `${repository.id} holds no model that Errata can use: no ONNX graph and no safetensors`,
    pickled
      ? "Its weights are Python pickles, which are not loaded because they can run code. Look for a repository with safetensors."
      : gguf
        ? "It holds GGUF files: serve them with llama.cpp and add the server as a model."
        : "Look for one with onnx/model*.onnx, genai_config.json or model.safetensors.",
    "hub-no-model",
  );
}

/** Folders with a genai_config.json. */
function exports(files: readonly HubFile[]): Variant[] {
  const configs = files.filter(({ path }) => basename(path) === "genai_config.json");
  return configs
    .map(({ path }) => posix.dirname(path))
    .map((folder) => {
      const own = files.filter(
        ({ path }) => posix.dirname(path) === folder && EXPORTED.has(extname(path).toLowerCase()),
      );
      const label = folder === "." ? "onnxruntime-genai" : basename(folder);
      return variant(folder, "genai", label, exportWords(label), own);
    })
    .filter(({ files: own }) => own.some(({ path }) => path.endsWith(".onnx")))
    .sort((a, b) => Number(/cuda|gpu|directml/.test(a.id)) - Number(/cuda|gpu|directml/.test(b.id)));
}

function exportWords(label: string): string {
  const precision = /int4|int8|fp16|fp32/.exec(label)?.[0];
  return ["an onnxruntime-genai export", precision && precisionWords(precision)].filter(Boolean).join(", ");
}

/** The hub's own layout: `onnx/model*.onnx`, or the graphs beside config.json. */
function graphs(files: readonly HubFile[], root: readonly HubFile[]): Variant[] {
  const exported = new Set(
    files.filter(({ path }) => basename(path) === "genai_config.json").map(({ path }) => posix.dirname(path)),
  );
  const rank = (label: string) => {
    const at = (PRECISIONS as string[]).indexOf(label);
    return at < 0 ? PRECISIONS.length : at;
  };
  return files
    .filter(({ path }) => /^(?:onnx\/)?(?:model|decoder_model_merged)(?:_\w+)?\.onnx$/.test(path))
    .filter(({ path }) => !exported.has(posix.dirname(path)))
    .map((graph) => {
      const data = files.filter(
        ({ path }) =>
          path.startsWith(graph.path) && /^[._]data(?:_\d+)?$/.test(path.slice(graph.path.length)),
      );
      const label = graphPrecision(graph.path);
      return variant(graph.path, "onnx", label, precisionWords(label), [...root, graph, ...data]);
    })
    .sort((a, b) => rank(a.label) - rank(b.label));
}

function weights(files: readonly HubFile[], root: readonly HubFile[]): Variant[] {
  const tensors = files.filter(({ path }) => /^[^/]*\.safetensors(?:\.index\.json)?$/.test(path));
  // Some repositories hold the same weights twice, once in the layout of the model's makers.
  const own = tensors.filter(({ path }) => !path.startsWith("consolidated"));
  const hasModel = own.some(({ path }) => path.endsWith(".safetensors"));
  if (!hasModel || !root.some(({ path }) => path === "config.json")) return [];
  const words = "trainable: runs start from them; converted to ONNX before they can sample";
  return [variant("weights", "weights", "weights", words, [...root, ...own])];
}

function variant(id: string, kind: Variant["kind"], label: string, words: string, files: HubFile[]): Variant {
  return { id, kind, label, words, files, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** A path that stays where it is put, on every system: the names come from strangers. */
function isPlain(path: string): boolean {
  return (
    !/[\\:\0]/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}
