import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { checkRoom, freeBytes, lockFolder, readOrigin, writeOrigin } from "../inference/store.js";
import { ErrataError, type Report } from "../protocol/types.js";

/** What a Hugging Face folder can be converted to. The provider is the builder's; each export runs elsewhere too. */
export const CONVERSIONS = {
  int4: {
    provider: "cpu",
    words: "4-bit weights: small, and the fastest on a CPU; not exactly the same model",
  },
  fp32: { provider: "cpu", words: "full precision: exact on a CPU, the largest" },
  fp16: { provider: "cuda", words: "half precision: for CUDA" },
} as const;
export type Conversion = keyof typeof CONVERSIONS;

export interface ConvertOptions {
  /** Interpreter with onnxruntime-genai. */
  python: string;
  /** Folder of models that the new one goes into. */
  store: string;
  report?: Report | undefined;
  signal?: AbortSignal | undefined;
  /** Every line that the builder says. */
  log?: ((line: string) => void) | undefined;
  /** Stands in for the disk's own answer, in tests. */
  free?: (folder: string) => Promise<number>;
}

/** The base's own files stand over those that the builder saves again: a tokenizer may split digits otherwise. */
const TOKENIZER = [
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"],
  ...["chat_template.jinja", "vocab.json", "merges.txt", "tokenizer.model"],
];

/** A trainable Hugging Face folder: config.json and safetensors, no graph. */
export async function isTrainable(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const exported = names.some((name) => name === "genai_config.json" || name.endsWith(".onnx"));
  const weights = names.some((name) => name.endsWith(".safetensors"));
  return names.includes("config.json") && weights && !exported && !existsSync(join(folder, "onnx"));
}

/** Throws "not-trainable". */
export async function needTrainable(folder: string): Promise<void> {
  if (await isTrainable(folder)) return;
  throw new ErrataError(
    `${folder} holds no trainable weights`,
    "A Hugging Face folder has config.json and *.safetensors, and no ONNX graph.",
    "not-trainable",
  );
}

/** Bytes that the export of a folder takes, at most about so many. */
export async function exportBytes(hf: string, precision: Conversion): Promise<number> {
  const names = (await readdir(hf)).filter((name) => name.endsWith(".safetensors"));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(hf, name))).size));
  const config = JSON.parse(await readFile(join(hf, "config.json"), "utf8")) as {
    dtype?: string;
    torch_dtype?: string;
  };
  const bytesEach = /float32/.test(config.dtype ?? config.torch_dtype ?? "float32") ? 4 : 2;
  const weights = sizes.reduce((sum, bytes) => sum + bytes, 0) / bytesEach;
  // With int4 the embeddings stay as they are, and each block has its scale: as much as half precision in small models.
  return weights * (precision === "fp32" ? 4 : 2) * 1.1;
}

/** Where an export lies: `<store>/<name of the weights>/<precision>-converted`. */
async function placeOf(hf: string, precision: Conversion, store: string): Promise<string> {
  const inside = relative(store, hf);
  const name = ["hf", "weights", "model"].includes(basename(hf)) ? basename(dirname(hf)) : basename(hf);
  const parent = inside.startsWith("..") ? join(store, name) : dirname(hf);
  for (let n = 1; ; n++) {
    const folder = join(parent, `${precision}-converted${n === 1 ? "" : `-${n}`}`);
    const there = await readOrigin(folder);
    if (!existsSync(folder) || there?.convertedFrom === hf) return folder;
  }
}

/**
 * Converts a trainable Hugging Face folder to ONNX with onnxruntime-genai's builder, in a process of its own, and
 * returns the new folder, which appears whole or not at all. Its `errata.json` names the weights that it came from.
 * Rejects with "not-trainable", "no-space", "busy" or "conversion-failed"; on abort the builder and what it started
 * are ended and nothing is left.
 */
export async function convertModel(
  source: string,
  precision: Conversion,
  { python, store, report = () => {}, signal, log, free = freeBytes }: ConvertOptions,
): Promise<string> {
  const hf = resolve(source);
  await needTrainable(hf);
  const folder = await placeOf(hf, precision, store);
  await mkdir(dirname(folder), { recursive: true });
  await checkRoom(store, await exportBytes(hf, precision), free);
  const unlock = await lockFolder(folder);
  const work = `${folder}.incomplete`;
  try {
    await rm(work, { recursive: true, force: true });
    await build(python, hf, work, precision, { report, signal, log });
    await rm(join(work, "cache"), { recursive: true, force: true });
    for (const name of TOKENIZER)
      if (existsSync(join(hf, name))) await copyFile(join(hf, name), join(work, name));
    const name = `${basename(dirname(folder)).split("--").at(-1)}-${precision}`;
    const card = { ...(await familyOf(hf)), id: name, name, trainable: hf };
    await writeFile(join(work, "errata.json"), `${JSON.stringify(card, null, 2)}\n`);
    await writeOrigin(work, { convertedFrom: hf, precision });
    signal?.throwIfAborted();
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
    await unlock();
  }
}

/** The prompt family, from the card of the model whose weights these are (`<model>/hf`). */
async function familyOf(hf: string): Promise<{ prompts?: string }> {
  try {
    const { prompts } = JSON.parse(await readFile(join(hf, "..", "errata.json"), "utf8")) as {
      prompts?: string;
    };
    return prompts === undefined ? {} : { prompts };
  } catch {
    return {};
  }
}

async function build(
  python: string,
  hf: string,
  out: string,
  precision: Conversion,
  { report, signal, log }: Pick<ConvertOptions, "signal" | "log"> & { report: Report },
): Promise<void> {
  signal?.throwIfAborted();
  const config = JSON.parse(await readFile(join(hf, "config.json"), "utf8")) as {
    num_hidden_layers?: number;
  };
  const { provider } = CONVERSIONS[precision];
  const args = ["-m", "onnxruntime_genai.models.builder", "-i", hf, "-o", out];
  args.push("-p", precision, "-e", provider, "-c", join(out, "cache"));
  const child = spawn(python, args, {
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: ending it ends what the builder started too.
    detached: process.platform !== "win32",
    env: {
      ...process.env,
      PYTHONUNBUFFERED: "1",
      // Everything is on this disk: nothing is looked up or reported anywhere.
      ...{ HF_HUB_OFFLINE: "1", HF_HUB_DISABLE_TELEMETRY: "1", TOKENIZERS_PARALLELISM: "false" },
    },
  });
  const end = () => endGroup(child);
  signal?.addEventListener("abort", end, { once: true });
  report({ stage: `Converting to ${precision}`, done: 0, total: 0, detail: "starting Python" });
  const last: string[] = [];
  const hear = (line: string) => {
    if (line.trim() === "") return;
    log?.(line);
    last.push(line.trim());
    if (last.length > 8) last.shift();
    const progress = progressOf(line, precision, config.num_hidden_layers ?? 0);
    if (progress) report(progress);
  };
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on("line", hear);
  try {
    await new Promise<void>((done, fail) => {
      child.once("error", (error) => fail(failed([error.message], null)));
      child.once("close", (code, by) => {
        if (signal?.aborted) fail(signal.reason);
        else if (code === 0) done();
        else fail(failed(last, by));
      });
    });
  } finally {
    signal?.removeEventListener("abort", end);
  }
}

/** The builder tells each layer that it reads, and then each tensor that it saves: "…| 3/29 […". */
function progressOf(line: string, precision: Conversion, layers: number): Parameters<Report>[0] | undefined {
  const layer = /^Reading (?:layer|decoder layer) (\d+)/.exec(line)?.[1];
  if (layer !== undefined)
    return { stage: `Converting to ${precision}: layer`, done: Number(layer) + 1, total: layers };
  const saved = /Saving .*\| *(\d+)\/(\d+) \[/.exec(line);
  if (saved)
    return {
      stage: `Converting to ${precision}: saving`,
      done: Number(saved[1]),
      total: Number(saved[2]),
    };
  if (/start to quantize/.test(line))
    return { stage: `Converting to ${precision}: quantizing`, done: 0, total: 0 };
  return undefined;
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") spawn("taskkill", ["/pid", String(child.pid), "/T", "/F"]);
    else process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function failed(last: readonly string[], by: NodeJS.Signals | null): ErrataError {
  const text = last.join("\n");
  const hint =
    by === "SIGKILL"
      ? "The system ended it: most likely there was not enough memory. The whole model must fit, twice in full precision."
      : /NotImplementedError|is not (?:currently )?supported|Unrecognized/i.test(text)
        ? "onnxruntime-genai's builder does not know this kind of model. Serve it (vLLM, llama.cpp) and add the server instead."
        : "The Errata log has everything that the builder said; nothing of it was kept.";
  return new ErrataError(
    `The conversion failed${by ? ` (${by})` : ""}: ${last.at(-1) ?? "no message"}\n${text}`,
    hint,
    "conversion-failed",
  );
}
