import { readFile, stat } from "node:fs/promises";
import type { ModelEntry } from "../../protocol/types.js";
import { readOrigin } from "../store.js";
import { readModelFolder } from "./folder.js";
import { attributesOf, decodeModel, describeValue, FLOAT, FLOAT16 } from "./onnx.js";
import { graphPrecision } from "./precision.js";

/** What a model's files are. */
export interface ModelFacts {
  layout: "genai" | "hub" | "endpoint";
  /** "int4", "q4f16", …; absent where nothing tells. */
  precision?: string;
  /** Of the graph with its weights. */
  bytes?: number;
  /** Errata downloaded or converted it: its files may go with it. */
  ours: boolean;
}

/** Reads a model's folder, nothing loaded. Throws as `readModelFolder` does where the folder has gone or changed. */
export async function describeModel({ folder, graph, endpoint }: ModelEntry): Promise<ModelFacts> {
  if (endpoint) return { layout: "endpoint", ours: false };
  const { graph: file, bytes } = await readModelFolder(folder, graph);
  const origin = await readOrigin(folder);
  const inner = file.slice(folder.length + 1).replaceAll("\\", "/");
  // An export's graph is called model.onnx whatever its precision; in the hub's layout the name tells.
  const layout = inner.startsWith("onnx/") || graph !== undefined ? "hub" : "genai";
  const precision =
    origin?.precision ??
    (layout === "hub" ? graphPrecision(inner) : await weightsOf(file).catch(() => undefined));
  return { layout, bytes, ours: origin !== undefined, ...(precision === undefined ? {} : { precision }) };
}

/** Folders that Errata made for this model and that none of the others uses: the export's, and its weights'. */
export async function ownFolders(model: ModelEntry, others: readonly ModelEntry[]): Promise<string[]> {
  const used = new Set(others.flatMap(({ folder, trainable }) => [folder, trainable]));
  const folders = [model.folder, model.trainable].filter((one) => one && !used.has(one)) as string[];
  const ours = await Promise.all(folders.map(readOrigin));
  const own = folders.filter((_, at) => ours[at] !== undefined);
  return own.includes(model.folder) ? own : [];
}

/** A graph without its data is a few MB; one that holds its weights is not read for a label. Bytes. */
const READABLE = 64e6;
const ELEMENTS = new Map([
  [FLOAT, "fp32"],
  [FLOAT16, "fp16"],
  [16, "bf16"],
]);
/** By file, time and size: a tree is drawn often. */
const known = new Map<string, string | undefined>();

/** The precision that an export's graph itself shows: bits of its quantized products, else the cache's elements. */
async function weightsOf(file: string): Promise<string | undefined> {
  const { mtimeMs, size } = await stat(file);
  const key = `${file} ${mtimeMs} ${size}`;
  if (size > READABLE || known.has(key)) return known.get(key);
  const { graph } = decodeModel(await readFile(file));
  const quantized = graph.node.find(({ opType }) => opType === "MatMulNBits");
  const cache = graph.input.find(({ name }) => /past/.test(name));
  const found = quantized
    ? `int${attributesOf(quantized).get("bits") ?? 4}`
    : ELEMENTS.get(cache ? describeValue(cache).elemType : 0);
  known.set(key, found);
  return found;
}
