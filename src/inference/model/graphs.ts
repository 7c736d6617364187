import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { graphBytes } from "./model-files.js";
import { graphPrecision } from "./precision.js";

/** One of the graphs that a folder offers. */
export interface GraphVariant {
  /** Relative to the folder, with slashes: what ModelSource.graph says. */
  graph: string;
  /** As the hub calls it: "fp32", "q4", … */
  precision: string;
  /** With its data files. */
  bytes: number;
}

/** Up to here float32 is as fast as anything, and exact. */
const SMALL_BYTES = 256 << 20;
/**
 * Best for a CPU first. 4-bit weights with float32 around them are the fastest that give one answer whatever the batch;
 * half-precision has no kernels of its own on most CPUs and is converted at every step; dynamic 8-bit comes last because
 * the scale of a matrix's activations is shared by its rows, so that one sample's tokens depend on what is decoded
 * beside it.
 */
const CPU_ORDER = ["q4", "int4", "fp32", "q4f16", "fp16", "bnb4", "int8", "q8", "uint8"];

/** A hub-style folder's graphs (`onnx/model*.onnx`, or beside config.json), best for a CPU first. */
export async function listGraphs(folder: string): Promise<GraphVariant[]> {
  const found: GraphVariant[] = [];
  for (const place of ["onnx", ""]) {
    const names = await readdir(join(folder, place)).catch(() => []);
    for (const name of names.filter((n) => /^model(?:_\w+)?\.onnx$/.test(n)).sort()) {
      const graph = place === "" ? name : `${place}/${name}`;
      const bytes = await graphBytes(join(folder, graph));
      found.push({ graph, precision: graphPrecision(basename(name)), bytes });
    }
  }
  const rank = ({ precision, bytes }: GraphVariant) => {
    if (precision === "fp32" && bytes <= SMALL_BYTES) return -1;
    const at = CPU_ORDER.indexOf(precision);
    return at < 0 ? CPU_ORDER.length : at;
  };
  return found.sort((a, b) => rank(a) - rank(b));
}
