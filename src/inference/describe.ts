import type { ModelEntry } from "../protocol/types.js";
import { readModelFolder } from "./folder.js";
import { graphPrecision } from "./precision.js";
import { readOrigin } from "./store.js";

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
    (layout === "hub" ? graphPrecision(inner) : /int4|int8|fp16|fp32|bf16/.exec(origin?.variant ?? "")?.[0]);
  return { layout, bytes, ours: origin !== undefined, ...(precision === undefined ? {} : { precision }) };
}
