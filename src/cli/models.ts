import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { download, entryOf, missingBytes, variantFolder } from "../inference/hub/download.js";
import { hubAccess, parseRepository, readRepository } from "../inference/hub/repository.js";
import { type Variant, variants } from "../inference/hub/variants.js";
import { describeModel, type ModelFacts, ownFolders } from "../inference/model/describe.js";
import { MODEL_STORE, removeFolder, size } from "../inference/store.js";
import { ErrataError, type ModelEntry } from "../protocol/types.js";
import { CONVERSIONS, type Conversion, convertModel, isTrainable } from "../runs/convert.js";
import { findPython } from "../runs/python.js";
import { answer, number, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";
import { addEndpoint } from "./endpoint.js";

/** `errata models [list] | add SOURCE | remove ID`. */
export async function models(args: readonly string[], context: Context): Promise<void> {
  const [what, ...rest] = args[0] === undefined || args[0].startsWith("-") ? ["list", ...args] : args;
  if (what === "list") return list(rest, context);
  if (what === "add") return add(rest, context);
  if (what === "remove") return remove(rest, context);
  throw new UsageError(`"${what}" is no part of \`errata models\`: list, add or remove.`);
}

async function list(args: readonly string[], context: Context): Promise<void> {
  const { values, json } = readArguments(args, {});
  const all = await context.models(values.workspace).list();
  const rows = await Promise.all(
    // A folder that has gone is still on the list, and says so.
    all.map(async (entry) => ({
      ...entry,
      ...(await describeModel(entry).catch((error: Error) => ({ problem: error.message }))),
    })),
  );
  if (await answer(json, rows)) return;
  const width = Math.max(...rows.map(({ id }) => id.length));
  for (const row of rows) console.log(`${row.id.padEnd(width)}  ${line(row)}`);
}

function line(row: ModelEntry & Partial<ModelFacts> & { problem?: string }): string {
  const { problem, precision, bytes, endpoint, base, trainable, folder } = row;
  return [
    problem ?? [precision, bytes === undefined ? "" : size(bytes)].filter(Boolean).join(" · "),
    base ? `from ${base}` : "",
    trainable ? "trainable" : "",
    endpoint ? `${endpoint.model} at ${endpoint.url}` : folder,
  ]
    .filter(Boolean)
    .join("  ");
}

const ADD = {
  graph: { type: "string" },
  convert: { type: "string" },
  revision: { type: "string" },
  name: { type: "string" },
  store: { type: "string" },
  python: { type: "string" },
  model: { type: "string" },
  concurrency: { type: "string" },
} as const;
type AddValues = Partial<Record<keyof typeof ADD | "workspace", string | undefined>>;

/** What kind of thing is named: a folder that is there, an address, or a repository of the hub. */
export function sourceKind(source: string, hub: string): "folder" | "server" | "hub" {
  if (existsSync(source)) return "folder";
  if (parseRepository(source, hub)) return "hub";
  if (/^https?:\/\//.test(source)) return "server";
  throw new UsageError(
    `"${source}" is no folder that exists, no OWNER/NAME of the hub and no server's http://… address.`,
  );
}

async function add(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, ADD, ["SOURCE"]);
  const [source = ""] = words;
  if (values.convert !== undefined && !Object.hasOwn(CONVERSIONS, values.convert))
    throw new UsageError(`--convert is "${values.convert}": ${Object.keys(CONVERSIONS).join(", ")}.`);
  const list = context.models(values.workspace);
  const kind = sourceKind(source, hubAccess().url);
  const named = values.name === undefined ? {} : { id: values.name, name: values.name };
  let entry: ModelEntry;
  if (kind === "server") {
    const concurrency =
      values.concurrency === undefined
        ? undefined
        : number("concurrency", values.concurrency, 8, { min: 1, whole: true });
    const more = { model: values.model, name: values.name, concurrency };
    entry = await addEndpoint(list, source, more, context.signal);
  } else if (kind === "folder" && values.convert === undefined && !(await isTrainable(source))) {
    const graph = values.graph === undefined ? {} : { graph: values.graph };
    entry = await list.add(resolve(source), { ...graph, ...named });
  } else if (kind === "folder") {
    entry = await list.add(await convert(resolve(source), values, context), named);
  } else {
    entry = await addFromHub(source, values, context, named);
  }
  context.progress.close();
  if (!(await answer(json, entry))) console.log(`${entry.id}  ${entry.endpoint?.url ?? entry.folder}`);
}

async function addFromHub(
  source: string,
  values: AddValues,
  context: Context,
  named: Partial<ModelEntry>,
): Promise<ModelEntry> {
  const access = hubAccess();
  const found = parseRepository(source, access.url) ?? { id: source };
  const revision = values.revision ?? found.revision;
  const repository = await readRepository(access, found.id, revision, context.signal);
  const offered = variants(repository);
  const variant = choose(offered, values);
  const store = storeOf(values);
  const missing = await missingBytes(store, repository, variant);
  console.error(
    `${repository.id} ${variant.label}: ${size(variant.bytes)}${missing < variant.bytes ? `, ${size(missing)} still to come` : ""}, into ${variantFolder(store, repository, variant)}`,
  );
  const options = { report: context.progress.report, signal: context.signal };
  const folder = await download(access, repository, variant, store, options);
  const list = context.models(values.workspace);
  if (variant.kind !== "weights") return list.add(folder, { ...entryOf(repository, variant), ...named });
  return list.add(await convert(folder, values, context), named);
}

/** The variant of --graph, or the weights where --convert asks for them; the only one; else the choice is named. */
function choose(offered: readonly Variant[], { graph, convert: precision }: AddValues): Variant {
  const wanted = graph ?? (precision === undefined ? undefined : "weights");
  const found =
    wanted === undefined
      ? offered.length === 1
        ? offered[0]
        : undefined
      : offered.find(({ id, label }) => id === wanted || label === wanted);
  if (found) return found;
  const lines = offered.map(({ id, kind, bytes, words }) => {
    const option = kind === "weights" ? "--convert int4|fp32|fp16" : `--graph ${id}`;
    return `  ${option.padEnd(34)} ${size(bytes).padStart(7)}  ${words}`;
  });
  throw new UsageError(
    `${wanted === undefined ? "Which of these?" : `There is no ${wanted}. There are:`}\n${lines.join("\n")}`,
  );
}

async function convert(hf: string, values: AddValues, context: Context): Promise<string> {
  if (values.convert === undefined)
    throw new UsageError(
      `${hf} holds trainable weights, which must be converted to ONNX to sample: say --convert int4 (fast on a CPU), fp32 (exact) or fp16 (CUDA).`,
    );
  const { python } = await findPython(context.pythonPlaces(values.python));
  const options = { report: context.progress.report, signal: context.signal };
  return convertModel(hf, values.convert as Conversion, { python, store: storeOf(values), ...options });
}

async function remove(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, { files: { type: "boolean" } }, ["ID"]);
  const list = context.models(values.workspace);
  const entry = await list.get(words[0] ?? "");
  const others = (await list.list()).filter(({ id }) => id !== entry.id);
  const folders = await ownFolders(entry, others);
  if (values.files && folders.length === 0)
    throw new ErrataError(
      `The files of ${entry.id} stay: Errata did not make ${entry.folder}, or another model uses it`,
      "Remove the model without --files, and delete them yourself if nobody needs them.",
      "not-ours",
    );
  await list.remove(entry.id);
  if (values.files) for (const folder of folders) await removeFolder(folder);
  if (await answer(json, { id: entry.id, folder: entry.folder, files: values.files === true })) return;
  const kept =
    folders.length > 0 ? ` Its files stay in ${folders.join(" and ")} (--files deletes them too).` : "";
  console.log(`${entry.id} was removed.${values.files ? " Its files were deleted." : kept}`);
}

const storeOf = ({ store }: AddValues) => (store === undefined ? MODEL_STORE : resolve(store));
