import { createReadStream } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ErrataError } from "../../protocol/types.js";

export const LAYOUTS =
  "A model is a folder that onnxruntime-genai's builder wrote (genai_config.json, model.onnx, tokenizer.json), or a hub-style one (config.json, onnx/model.onnx, tokenizer.json).";

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

/** The same; undefined where there is no such file. */
export async function readJsonIfThere(file: string): Promise<unknown> {
  return (await stat(file).catch(() => undefined)) ? readJson(file) : undefined;
}

/** Cheap checks before ONNX Runtime reads the file: its own message for these names no file. */
export async function checkGraph(file: string): Promise<void> {
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile()) throw new ErrataError(`The model's graph ${file} is missing`, LAYOUTS, "not-a-model");
  const pointer = info.size < 1024 && (await head(file, 24)).startsWith("version https://git-lfs");
  if (info.size === 0 || pointer)
    throw new ErrataError(
      pointer ? `${file} is a Git LFS pointer, not the file itself` : `${file} is empty`,
      pointer ? "Fetch the real file with `git lfs pull`." : "Export or download the model again.",
      "corrupt-model",
    );
}

async function head(file: string, bytes: number): Promise<string> {
  for await (const chunk of createReadStream(file, { end: bytes - 1 })) return String(chunk);
  return "";
}

/** Names of a graph's file and its data files (`model.onnx.data`, `model.onnx_data`, `model.onnx_data_1`, …). */
export async function filesOfGraph(graph: string): Promise<string[]> {
  const files = await readdir(dirname(graph)).catch(() => []);
  return files.filter((name) => name.startsWith(basename(graph))).sort();
}

/** Size of a graph with its data files. */
export async function graphBytes(graph: string): Promise<number> {
  const infos = (await filesOfGraph(graph)).map((name) => stat(join(dirname(graph), name)));
  return (await Promise.all(infos)).reduce((sum, info) => sum + info.size, 0);
}

export function checkTokenizer(folder: string, files: readonly string[]): void {
  for (const name of ["tokenizer.json", "tokenizer_config.json"])
    if (!files.includes(name))
      throw new ErrataError(
        `The model in ${folder} has no tokenizer: ${name} is missing`,
        "Copy the tokenizer's files from the model it was exported from.",
        "no-tokenizer",
      );
}
