import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { installationFolder } from "../../protocol/paths.js";

/** A copy of onnxruntime-node with its CUDA provider beside it, as `errata setup --cuda` makes it. */
export interface CudaCopy {
  /** Holds the copy, and `errata-cuda.json`, which says the rest. */
  folder: string;
  /** Of onnxruntime-node; the provider is of exactly the same. */
  version: string;
  /** Where the provider came from, for people: a wheel's name, or an environment. */
  source: string;
  /** Folders of the CUDA libraries that it needs; what the loader finds by itself is not among them. */
  libraries: string[];
  /** Changes with every set-up. */
  at: string;
}

/** Names the copy to the worker; without it the installed onnxruntime-node is loaded. */
export const ONNXRUNTIME = "ERRATA_ONNXRUNTIME";
export const CUDA_MANIFEST = "errata-cuda.json";
export const CUDA_PROVIDER = "libonnxruntime_providers_cuda.so";

/** One for all workspaces, beside the training environment. */
export function cudaHome(): string {
  return join(homedir(), ".errata", "cuda");
}

/** onnxruntime-node as this installation has it. */
export function installedRuntime(): { folder: string; version: string; require: NodeJS.Require } {
  const from = createRequire(join(installationFolder(), "dist", "cli.js"));
  const file = from.resolve("onnxruntime-node/package.json");
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return { folder: dirname(file), version, require: createRequire(file) };
}

/** Where the native files lie within onnxruntime-node. */
export function nativeFolder(folder: string): string {
  return join(folder, "bin", "napi-v6", process.platform, process.arch);
}

export function cudaFolder(version: string, home = cudaHome()): string {
  return join(home, `onnxruntime-node-${version}`);
}

/** onnxruntime-node within the copy. */
export function copiedRuntime({ folder }: { folder: string }): string {
  return join(folder, "node_modules", "onnxruntime-node");
}

/** The copy that fits this installation, if it was set up. Reads two small files. */
export function cudaCopy(home = cudaHome()): CudaCopy | undefined {
  try {
    const { version } = installedRuntime();
    const folder = cudaFolder(version, home);
    const said = JSON.parse(readFileSync(join(folder, CUDA_MANIFEST), "utf8")) as Omit<CudaCopy, "folder">;
    const copy = { ...said, folder };
    const provider = join(nativeFolder(copiedRuntime(copy)), CUDA_PROVIDER);
    return said.version === version && existsSync(provider) ? copy : undefined;
  } catch {
    return undefined;
  }
}

/** What the worker's environment needs, so that it loads the copy and the loader finds the CUDA libraries. */
export function cudaEnvironment(copy: CudaCopy, base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const path = [...copy.libraries, ...(base.LD_LIBRARY_PATH ?? "").split(delimiter)];
  return {
    [ONNXRUNTIME]: copiedRuntime(copy),
    LD_LIBRARY_PATH: [...new Set(path.filter(Boolean))].join(delimiter),
    // TF32 rounds every factor to 10 bits, and which products use it depends on the shape, so on what shares the
    // batch. The Node binding passes on no such option of the provider; NVIDIA's libraries read this one.
    NVIDIA_TF32_OVERRIDE: base.NVIDIA_TF32_OVERRIDE ?? "0",
  };
}
