import { readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { ErrataError } from "../../protocol/types.js";
import { externalOf } from "./onnx.js";
import { readModel } from "./onnx-file.js";

/**
 * Holds the data files of a graph against what its initialisers say of them. ONNX Runtime maps these files: one that
 * was cut short may end the process that reads past its end. Throws "corrupt-model", naming the file.
 */
export async function checkWeights(graph: string): Promise<void> {
  let initializers: Uint8Array[];
  try {
    initializers = (await readModel(graph)).graph.initializer;
  } catch {
    // A damaged graph: ONNX Runtime's own words tell more.
    return;
  }
  /** Data file → the end of what is read of it, and for which weight. */
  const ends = new Map<string, { end: number; name: string }>();
  for (const bytes of initializers) {
    const data = externalOf(bytes);
    if (!data) continue;
    const end = data.offset + data.length;
    if (end > (ends.get(data.location)?.end ?? -1)) ends.set(data.location, { end, name: data.name });
  }
  for (const [location, { end, name }] of ends) await checkFile(graph, location, end, name);
}

async function checkFile(graph: string, location: string, end: number, name: string): Promise<void> {
  const file = join(dirname(graph), location);
  if (location === "" || relative(dirname(graph), file).startsWith(".."))
    throw new ErrataError(
      `${graph} looks for its weights outside of its folder: ${location || "nowhere"}`,
      "Such a model is not loaded. Export or download it again.",
      "corrupt-model",
    );
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile())
    throw new ErrataError(
      `The weights ${file} are missing; ${graph} refers to them`,
      "Copy or download the whole folder again.",
      "corrupt-model",
    );
  if (info.size >= end) return;
  const pointer = info.size < 1024 && (await readFile(file, "latin1")).startsWith("version https://git-lfs");
  throw new ErrataError(
    pointer
      ? `${file} is a Git LFS pointer, not the file itself`
      : `${file} is cut short: it has ${info.size} bytes, ${name} ends at ${end}`,
    pointer
      ? "Fetch the real file with `git lfs pull`."
      : "The download or export was not finished. Make it again.",
    "corrupt-model",
  );
}
