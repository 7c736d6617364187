import { createHash } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { ModelSource } from "../../protocol/types.js";
import { type ModelCard, readModelCard } from "./folder.js";
import { listGraphs } from "./graphs.js";
import { filesOfGraph } from "./model-files.js";

/** Files that decide what a model answers, beside its graph. */
const WORDS = /\.(json|jinja)$/;
/** Of an onnxruntime-genai folder, which may have several parts. */
const GRAPHS = /\.(onnx|data|onnx_data)$/;
/** Bytes read at each end of a file: weights of several GB are told apart by these and their size. */
const ENDS = 1 << 20;

/**
 * Tells the model in a folder from another under the same name, so that what one answered is never taken for the
 * other's. 16 hexadecimal digits; of a folder that cannot be read, those of nothing (loading it says why).
 */
export async function modelFingerprint({ folder, graph, endpoint }: ModelSource): Promise<string> {
  const hash = createHash("sha256");
  // What a server has behind a name cannot be told.
  if (endpoint) return hash.update(`${endpoint.url} ${endpoint.model}`).digest("hex").slice(0, 16);
  const { template } = await readModelCard(folder).catch((): ModelCard => ({}));
  if (template) hash.update(JSON.stringify(template));
  for (const name of await deciding(folder, graph)) {
    const file = await open(join(folder, name));
    try {
      const { size } = await file.stat();
      const head = await file.read({ buffer: Buffer.alloc(Math.min(size, ENDS)), position: 0 });
      const tail = await file.read({
        buffer: Buffer.alloc(Math.min(size, ENDS)),
        position: Math.max(0, size - ENDS),
      });
      hash.update(`${name} ${size} `).update(head.buffer).update(tail.buffer);
    } finally {
      await file.close();
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Relative to the folder, in a fixed order. */
async function deciding(folder: string, wanted?: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  const words = names.filter((name) => WORDS.test(name) && name !== "errata.json");
  if (names.includes("genai_config.json") && wanted === undefined)
    return [...words, ...names.filter((name) => GRAPHS.test(name))].sort();
  const graph = wanted ?? (await listGraphs(folder))[0]?.graph;
  if (graph === undefined) return words.sort();
  const files = await filesOfGraph(join(folder, graph));
  return [...words, ...files.map((name) => posix.join(dirname(graph), name))].sort();
}
