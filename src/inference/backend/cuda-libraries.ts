import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { neededLibraries } from "./elf.js";

/** One library of NVIDIA's that the CUDA provider needs. */
export interface CudaLibrary {
  /** What the loader looks for: "libcublas.so.13". */
  name: string;
  /** The folder it was found in; absent when it is missing. */
  folder?: string;
  /** The loader finds it by itself. */
  system?: boolean;
  /** How pip names the package that holds it; the driver has none. */
  pip?: string;
}

/** Comes with NVIDIA's driver and with nothing else. */
export const DRIVER = "libcuda.so.1";

/**
 * Opened by the provider when they are first used, so not among what it declares; by the major version of CUDA.
 * Read from the strings of onnxruntime-gpu 1.30.0's provider, and its `cuda` and `cudnn` extras.
 */
const LATER: Readonly<Record<string, readonly string[]>> = {
  "12": ["libcudnn.so.9", "libcufft.so.11", "libnvrtc.so.12"],
  "13": ["libcudnn.so.9", "libcufft.so.12", "libnvrtc.so.13"],
};

/** Packages on PyPI by a library's stem, and their version where it does not follow CUDA's. */
const PACKAGES: readonly [stem: RegExp, name: string, version?: Readonly<Record<string, string>>][] = [
  [/^libcublas(Lt)?$/, "nvidia-cublas"],
  [/^libcudart$/, "nvidia-cuda-runtime"],
  [/^libcurand$/, "nvidia-curand", { "12": "10.0", "13": "10.0" }],
  [/^libcufft$/, "nvidia-cufft", { "12": "11.0", "13": "12.0" }],
  [/^libcudnn/, "nvidia-cudnn", { "12": "9.0", "13": "9.0" }],
  [/^libnvrtc/, "nvidia-cuda-nvrtc"],
  [/^libnvJitLink$/, "nvidia-nvjitlink"],
];

/** Where the driver's library lies when the loader's cache does not know it: WSL, containers. */
const DRIVER_FOLDERS = ["/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib"];
const SYSTEM_FOLDERS = ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"];

/**
 * Looks for every library that a provider needs, those that they need in turn included: in Python environments (the
 * `nvidia-*` packages, PyTorch's own), then in CUDA's usual folders, then where the loader looks by itself. A library
 * is only ever taken by its full name, which carries its major version.
 *
 * @param packages folders of Python packages (`site-packages`)
 */
export async function cudaLibraries(provider: string, packages: readonly string[]): Promise<CudaLibrary[]> {
  const needed = (await neededLibraries(provider)).filter(isNvidias);
  const major = /^libcudart\.so\.(\d+)$/m.exec(needed.join("\n"))?.[1] ?? "";
  const waiting = [...needed, ...(LATER[major] ?? [])];
  const places = [...packages.flatMap(packageFolders), ...systemFolders(major), ...DRIVER_FOLDERS];
  const known = await loaderCache();
  const found = new Map<string, CudaLibrary>();
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (found.has(name)) continue;
    const library = find(name, major, places, known);
    found.set(name, library);
    if (library.folder !== undefined && name !== DRIVER)
      waiting.push(...(await neededLibraries(join(library.folder, name))).filter(isNvidias));
  }
  return [...found.values()];
}

function find(
  name: string,
  major: string,
  places: readonly string[],
  known: ReadonlyMap<string, string>,
): CudaLibrary {
  const pip = pipPackage(name, major);
  const library = { name, ...(pip === undefined ? {} : { pip }) };
  // The driver's own is the loader's business first: a stub of it in a toolkit's folder is no driver.
  const cached = known.get(name);
  if (name === DRIVER && cached !== undefined) return { ...library, folder: cached, system: true };
  const folder = places.find((place) => existsSync(join(place, name)));
  if (folder !== undefined) return { ...library, folder };
  return cached === undefined ? library : { ...library, folder: cached, system: true };
}

/** NVIDIA's own, which the system's package manager may lack: not libc and the like. */
const isNvidias = (name: string) => /^lib(cu|nv)/.test(name);

/** "nvidia-cublas~=13.0" for libcublas.so.13; undefined for what pip does not have. */
export function pipPackage(name: string, major: string): string | undefined {
  const stem = name.replace(/\.so.*$/, "");
  const entry = PACKAGES.find(([pattern]) => pattern.test(stem));
  if (!entry) return undefined;
  const [, plain, versions] = entry;
  // Packages for CUDA 13 dropped the suffix, cuDNN's alone kept it.
  const suffixed = major === "12" || plain === "nvidia-cudnn" ? `${plain}-cu${major}` : plain;
  return `${suffixed}~=${versions?.[major] ?? `${major}.0`}`;
}

/** `nvidia/<part>/lib` and `torch/lib` of a folder of Python packages. */
function packageFolders(packages: string): string[] {
  const vendor = join(packages, "nvidia");
  const parts = existsSync(vendor) ? readdirSync(vendor).map((part) => join(vendor, part, "lib")) : [];
  return [...parts, join(packages, "torch", "lib")].filter((folder) => existsSync(folder));
}

/** Folders of an installed CUDA toolkit, the wanted version's first, and what the environment names. */
function systemFolders(major: string): string[] {
  const local = existsSync("/usr/local") ? readdirSync("/usr/local") : [];
  const toolkits = local
    .filter((name) => /^cuda(-\d|$)/.test(name))
    .sort((a, b) => Number(b.startsWith(`cuda-${major}`)) - Number(a.startsWith(`cuda-${major}`)))
    .map((name) => join("/usr/local", name));
  const named = [process.env.CUDA_HOME, process.env.CUDA_PATH].filter((folder) => folder !== undefined);
  const roots = [...named, ...toolkits, "/opt/cuda"];
  const inside = roots.flatMap((root) => [
    join(root, "lib64"),
    join(root, "lib"),
    join(root, "targets/x86_64-linux/lib"),
  ]);
  return [...(process.env.LD_LIBRARY_PATH ?? "").split(delimiter).filter(Boolean), ...inside];
}

/** Library name → folder, of what the loader knows: `ldconfig -p`, else its usual folders. */
async function loaderCache(): Promise<Map<string, string>> {
  const listed = await new Promise<string>((resolve) => {
    const env = { ...process.env, PATH: `${process.env.PATH ?? ""}${delimiter}/sbin${delimiter}/usr/sbin` };
    execFile("ldconfig", ["-p"], { env, timeout: 10_000, maxBuffer: 1 << 26 }, (_, stdout) =>
      resolve(stdout),
    );
  });
  const known = new Map<string, string>();
  for (const [, name, folder] of listed.matchAll(/^\s*(\S+) \(libc6,x86-64[^)]*\) => (\/.*)\/[^/]+$/gm))
    if (name && folder && !known.has(name)) known.set(name, folder);
  if (known.size > 0) return known;
  for (const folder of SYSTEM_FOLDERS.filter((place) => existsSync(place)))
    for (const name of readdirSync(folder).filter(isNvidias)) if (!known.has(name)) known.set(name, folder);
  return known;
}
