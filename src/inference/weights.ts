import { readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import protobuf from "protobufjs/light.js";
import { ErrataError } from "../protocol/types.js";

/** The part of onnx.proto that says where weights lie: `TensorProto.external_data`, EXTERNAL being 1. */
const types = protobuf.Root.fromJSON({
  nested: {
    Model: { fields: { graph: { type: "Graph", id: 7 } } },
    Graph: { fields: { initializer: { rule: "repeated", type: "Tensor", id: 5 } } },
    Tensor: {
      fields: {
        name: { type: "string", id: 8 },
        externalData: { rule: "repeated", type: "Entry", id: 13 },
        dataLocation: { type: "int32", id: 14 },
      },
    },
    Entry: { fields: { key: { type: "string", id: 1 }, value: { type: "string", id: 2 } } },
  },
});
const EXTERNAL = 1;

interface Graph {
  initializer: { name: string; externalData: { key: string; value: string }[]; dataLocation: number }[];
}

/** A graph with its weights inside has nothing to look at here, and is slow to read. */
const LARGEST = 1 << 29;

/**
 * Holds the data files of a graph against what its initialisers say of them. ONNX Runtime maps these files: one that
 * was cut short may end the process that reads past its end. Throws "corrupt-model", naming the file.
 */
export async function checkWeights(graph: string): Promise<void> {
  if ((await stat(graph)).size > LARGEST) return;
  let initializers: Graph["initializer"];
  try {
    const model = types.lookupType("Model").decode(await readFile(graph)) as unknown as { graph?: Graph };
    initializers = model.graph?.initializer ?? [];
  } catch {
    // A damaged graph: ONNX Runtime's own words tell more.
    return;
  }
  /** Data file → the end of what is read of it, and for which weight. */
  const ends = new Map<string, { end: number; name: string }>();
  for (const { name, externalData, dataLocation } of initializers) {
    if (dataLocation !== EXTERNAL) continue;
    const entry = (key: string) => externalData.find((e) => e.key === key)?.value;
    const file = entry("location") ?? "";
    const end = Number(entry("offset") ?? 0) + Number(entry("length") ?? 0);
    if (end > (ends.get(file)?.end ?? -1)) ends.set(file, { end, name });
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
