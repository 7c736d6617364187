import { cpSync, existsSync, linkSync, mkdirSync } from "node:fs";
import { copyFile, link, mkdir, mkdtemp, readdir, rename, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  CUDA_MANIFEST,
  CUDA_PROVIDER,
  type CudaCopy,
  copiedRuntime,
  cudaCopy,
  cudaEnvironment,
  cudaFolder,
  cudaHome,
  installedRuntime,
  nativeFolder,
} from "../inference/backend/cuda.js";
import { type CudaLibrary, cudaLibraries, DRIVER } from "../inference/backend/cuda-libraries.js";
import { explainCuda } from "../inference/backend/cuda-words.js";
import { probeInChild } from "../inference/backend/probe.js";
import { assetFile, distFile } from "../protocol/paths.js";
import { ErrataError, type Report } from "../protocol/types.js";
import {
  downloadProvider,
  extractProvider,
  packageFolders,
  pipInterpreter,
  providerIn,
} from "./cuda-wheel.js";
import type { PythonPlaces } from "./python.js";

export interface CudaOptions {
  /** Interpreter whose pip fetches the wheel, and in whose environment the libraries are looked for first. */
  python: PythonPlaces;
  /** Default: beside the training environment. */
  home?: string;
  /** Default: dist/inference-worker.js. */
  workerFile?: string;
  report?: Report | undefined;
  signal?: AbortSignal | undefined;
  log?: ((line: string) => void) | undefined;
}

export interface CudaState {
  folder: string;
  version: string;
  source: string;
  libraries: CudaLibrary[];
  /** A decode of the embedded model ran on CUDA, with the CPU's tokens. */
  works: boolean;
  /** Why it does not, and what to do; empty when it works. */
  troubles: { why: string; mend: string }[];
}

/** What the wheel of onnxruntime-gpu 1.30.0 takes: 247 MB to fetch, 272 MB unpacked. MB, rounded up. */
export const CUDA_SIZES = { download: 250, disk: 330 } as const;
/** Wheel and unpacked provider lie beside each other for a moment. GiB. */
const ROOM = 0.8;
const STAGES = ["CUDA provider", "CUDA libraries", "Check"] as const;

/** What people are told before anything is fetched. */
export function cudaPlan(home = cudaHome()): string {
  const { version } = installedRuntime();
  return `Fetches the CUDA provider of ONNX Runtime ${version} with pip (about ${CUDA_SIZES.download} MB) and keeps it in ${cudaFolder(version, home)} (about ${CUDA_SIZES.disk} MB). CUDA's own libraries and the driver are not fetched: what is missing of them is named.`;
}

/**
 * Brings the CUDA provider for exactly the installed onnxruntime-node: from a Python environment that has
 * onnxruntime-gpu of the same version, else as a wheel that pip fetches without its dependencies. It is put beside a
 * copy of onnxruntime-node (hard links where the disk allows) in a folder of our own, so neither this installation nor
 * a Python environment is changed. Then a real decode is tried. Done a second time, only libraries and decode are
 * looked at anew. Rejects with "no-cuda" (this system), "no-python", "no-space", "no-network" or "install-failed";
 * what the machine lacks to run it is no failure: `troubles` says it.
 */
export async function setUpCuda(options: CudaOptions): Promise<CudaState> {
  const { home = cudaHome(), signal, report = () => {} } = options;
  const system = `${process.platform}-${process.arch}`;
  if (system !== "linux-x64")
    throw new ErrataError(
      `ONNX Runtime for Node has no CUDA provider for ${system}.`,
      "It has one for Linux on x64 alone. On Windows, DirectML serves NVIDIA's GPUs without any set-up.",
      "no-cuda",
    );
  const { version } = installedRuntime();
  report({ stage: STAGES[0], done: 0, total: 0 });
  const python = await pipInterpreter(options.python);
  let copy = cudaCopy(home);
  if (!copy) {
    await mkdir(home, { recursive: true });
    await checkRoom(home);
    copy = await bringProvider(version, python, { ...options, home });
  }
  signal?.throwIfAborted();
  report({ stage: STAGES[1], done: 0, total: 0 });
  const libraries = await librariesOf(copy, python);
  copy = { ...copy, libraries: foldersOf(libraries), at: new Date().toISOString() };
  await writeManifest(copy);
  report({ stage: STAGES[2], done: 0, total: 0, detail: "decoding on CUDA" });
  const why = await tryCuda(copy, options.workerFile ?? distFile("inference-worker.js"), signal);
  return {
    ...{ folder: copy.folder, version, source: copy.source, libraries, works: why === null },
    troubles: why === null ? [] : troublesOf(libraries, why, python),
  };
}

/** Every library's state for a copy, those of this interpreter's environment first. */
export async function librariesOf(copy: CudaCopy, python: string | undefined): Promise<CudaLibrary[]> {
  const provider = join(nativeFolder(copiedRuntime(copy)), CUDA_PROVIDER);
  return cudaLibraries(provider, python === undefined ? [] : await packageFolders(python));
}

/** What stops CUDA, most telling first: libraries that are missing, then what it said itself. */
export function troublesOf(
  libraries: readonly CudaLibrary[],
  why: string | null,
  python: string | undefined,
): CudaState["troubles"] {
  const missing = libraries.filter(({ folder }) => folder === undefined);
  const troubles: CudaState["troubles"] = [];
  // First: without a driver the rest is of no use.
  const driver = explainCuda(`${DRIVER}: cannot open`);
  if (driver && missing.some(({ name }) => name === DRIVER)) troubles.push(driver);
  const packages = [...new Set(missing.flatMap(({ pip }) => (pip === undefined ? [] : [pip])))];
  if (packages.length > 0) {
    const names = missing.filter(({ pip }) => pip !== undefined).map(({ name }) => name);
    troubles.push({
      why: `CUDA's libraries are not complete: ${names.join(", ")} missing`,
      mend: `${python ?? "python"} -m pip install ${packages.map((name) => `"${name}"`).join(" ")}\nthen set up CUDA again`,
    });
  }
  if (troubles.length === 0 && why !== null)
    troubles.push({ why, mend: explainCuda(why)?.mend ?? "The log has what ONNX Runtime said." });
  return troubles;
}

async function bringProvider(
  version: string,
  python: string,
  options: CudaOptions & { home: string },
): Promise<CudaCopy> {
  const { home, signal } = options;
  const work = await mkdtemp(join(home, ".new-"));
  try {
    const made = join(work, "copy");
    const runtime = copiedRuntime({ folder: made });
    copyRuntime(runtime);
    const native = nativeFolder(runtime);
    const there = await providerIn(python, version);
    let source = there?.source ?? "";
    if (there)
      for (const file of there.files) await linkOrCopy(file, join(native, file.split("/").at(-1) ?? ""));
    else {
      const wheel = await downloadProvider(python, version, join(work, "wheel"), options);
      signal?.throwIfAborted();
      options.report?.({ stage: STAGES[0], done: 0, total: 0, detail: "unpacking" });
      await extractProvider(python, wheel, native, signal);
      source = wheel.split("/").at(-1) ?? "";
    }
    const folder = cudaFolder(version, home);
    const copy = { folder, version, source, libraries: [], at: new Date().toISOString() };
    await writeManifest({ ...copy, folder: made });
    await rm(folder, { recursive: true, force: true });
    await rename(made, folder);
    return copy;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** onnxruntime-node and onnxruntime-common as they are installed, for this system alone. */
function copyRuntime(target: string): void {
  const { folder, require } = installedRuntime();
  const common = dirname(dirname(dirname(require.resolve("onnxruntime-common"))));
  const linked = (from: string, to: string) => {
    mkdirSync(dirname(to), { recursive: true });
    try {
      linkSync(from, to);
    } catch {
      cpSync(from, to);
    }
  };
  const copyFolder = (from: string, to: string) =>
    cpSync(from, to, { recursive: true, filter: (file) => !/\.(map|d\.ts)$/.test(file) });
  cpSync(join(folder, "package.json"), join(target, "package.json"));
  copyFolder(join(folder, "dist"), join(target, "dist"));
  const beside = join(dirname(target), "onnxruntime-common");
  cpSync(join(common, "package.json"), join(beside, "package.json"));
  copyFolder(join(common, "dist", "cjs"), join(beside, "dist", "cjs"));
  for (const file of ["libonnxruntime.so.1", "onnxruntime_binding.node"])
    linked(join(nativeFolder(folder), file), join(nativeFolder(target), file));
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

/** Only what the loader would not find by itself. */
function foldersOf(libraries: readonly CudaLibrary[]): string[] {
  const folders = libraries.flatMap(({ folder, system }) => (folder && !system ? [folder] : []));
  return [...new Set(folders)];
}

async function writeManifest({ folder, ...copy }: CudaCopy): Promise<void> {
  await writeFile(join(folder, CUDA_MANIFEST), `${JSON.stringify(copy, null, 2)}\n`);
}

/** A small real decode in a process of its own; null when it gave the CPU's tokens. */
function tryCuda(copy: CudaCopy, workerFile: string, signal?: AbortSignal): Promise<string | null> {
  const environment = cudaEnvironment(copy);
  const options = { environment, exact: true, signal };
  return probeInChild(workerFile, "cuda", { folder: assetFile("demo/model") }, options).then(
    ({ why }) => why,
  );
}

async function checkRoom(home: string): Promise<void> {
  const { bavail, bsize } = await statfs(home);
  const free = (bavail * bsize) / 2 ** 30;
  if (free >= ROOM) return;
  throw new ErrataError(
    `The disk of ${home} has ${free.toFixed(1)} GiB free; the CUDA provider needs ${ROOM} GiB while it is unpacked.`,
    "Free some space and try again.",
    "no-space",
  );
}

/** Versions that were set up and do not fit this installation any more. */
export async function staleCopies(home = cudaHome()): Promise<string[]> {
  const current = cudaFolder(installedRuntime().version, home);
  const names = existsSync(home) ? await readdir(home) : [];
  return names
    .filter((name) => name.startsWith("onnxruntime-node-"))
    .map((name) => join(home, name))
    .filter((folder) => folder !== current);
}
