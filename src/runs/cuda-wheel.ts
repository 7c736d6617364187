import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { createInterface } from "node:readline";
import { installationFolder } from "../protocol/paths.js";
import { ErrataError, type Report } from "../protocol/types.js";
import { interpreterIn, isRecent, type PythonPlaces, probe } from "./python.js";

/** The wheel that holds the CUDA provider; its version is that of ONNX Runtime. */
const WHEEL = "onnxruntime-gpu";
const FILES = ["libonnxruntime_providers_cuda.so", "libonnxruntime_providers_shared.so"] as const;

/**
 * The interpreter whose pip fetches: the one named, else the checkout's, else the training environment's, else the
 * newest on PATH. Unlike the trainer it needs no package but pip. Rejects with "no-python".
 */
export async function pipInterpreter(places: PythonPlaces): Promise<string> {
  const named = places.explicit || process.env.ERRATA_PYTHON;
  const environments = [join(installationFolder(), ".venv"), places.managed]
    .filter((folder) => folder !== undefined)
    .map(interpreterIn);
  const onPath = ["python3", "python3.13", "python3.12", "python3.11", "python"];
  for (const python of named ? [named] : [...environments, ...onPath]) {
    if (isAbsolute(python) && !existsSync(python)) continue;
    const info = await probe(python, ["pip"]);
    if (info?.packages.pip && isRecent(info.version)) return python;
  }
  throw new ErrataError(
    named ? `${named} is no Python 3.11 or newer with pip.` : "No Python 3.11 or newer with pip was found.",
    "pip fetches the CUDA provider: install Python with pip, or name an interpreter (`--python PATH`, in VS Code the setting errata.python).",
    "no-python",
  );
}

const PLACES = `
import json, site, sys, sysconfig
paths = [sysconfig.get_paths()[n] for n in ("purelib", "platlib")] + site.getsitepackages()
print(json.dumps([p for p in dict.fromkeys(paths + sys.path) if p.endswith("-packages")]))
`;

/** Folders that an interpreter takes its packages from; none when it cannot be asked. */
export async function packageFolders(python: string): Promise<string[]> {
  return ((await ask(python, PLACES)) as string[] | undefined) ?? [];
}

const HAS = `
import importlib.metadata as m, json, sys
try: d = m.distribution("${WHEEL}")
except m.PackageNotFoundError: print("null")
else: print(json.dumps({"version": d.version, "files": [str(d.locate_file(f)) for f in d.files or [] if f.name in sys.argv[1:]]}))
`;

/** The provider's files of an environment that has the wheel installed, in exactly this version. */
export async function providerIn(
  python: string,
  version: string,
): Promise<{ files: string[]; source: string } | undefined> {
  const found = (await ask(python, HAS, ...FILES)) as { version: string; files: string[] } | null | undefined;
  if (found?.version !== version || found.files.length !== FILES.length) return undefined;
  return found.files.every((file) => existsSync(file))
    ? { files: found.files, source: `${WHEEL} ${version} of ${python}` }
    : undefined;
}

async function ask(python: string, script: string, ...args: string[]): Promise<unknown> {
  return new Promise((resolve) => {
    execFile(python, ["-I", "-c", script, ...args], { timeout: 30_000 }, (error, stdout) => {
      try {
        resolve(error ? undefined : JSON.parse(stdout));
      } catch {
        resolve(undefined);
      }
    });
  });
}

export interface FetchOptions {
  report?: Report | undefined;
  signal?: AbortSignal | undefined;
  log?: ((line: string) => void) | undefined;
}

/**
 * Fetches the wheel with pip, so that the user's own index, proxy and certificates apply. Returns its path. Rejects
 * with "no-network" or "install-failed".
 */
export async function downloadProvider(
  python: string,
  version: string,
  folder: string,
  options: FetchOptions,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const bar = (await hasRawProgress(python)) ? ["--progress-bar", "raw"] : ["--progress-bar", "off"];
  const args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"];
  await run(python, [...args, ...bar, "--dest", folder, `${WHEEL}==${version}`], options, (line) => {
    const [, done, total] = /^Progress (\d+) of (\d+)$/.exec(line) ?? [];
    if (done === undefined || total === undefined) return false;
    const mb = (bytes: string) => Math.round(Number(bytes) / 1e6);
    const progress = { stage: "CUDA provider", done: mb(done), total: mb(total), detail: "MB" };
    if (progress.total > 0) options.report?.(progress);
    return true;
  });
  const wheel = (await readdir(folder)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined)
    throw new ErrataError(
      `pip fetched no wheel of ${WHEEL} ${version}.`,
      "The log has its words.",
      "install-failed",
    );
  return join(folder, wheel);
}

const EXTRACT = `
import shutil, sys, zipfile
wheel, target, *names = sys.argv[1:]
with zipfile.ZipFile(wheel) as z:
    members = {i.filename.rsplit("/", 1)[-1]: i for i in z.infolist()}
    for name in names:
        if name not in members: sys.exit(f"{wheel} holds no {name}")
        with z.open(members[name]) as source, open(f"{target}/{name}", "wb") as out: shutil.copyfileobj(source, out, 1 << 20)
`;

/** Unpacks the provider's two files, and nothing else of the wheel. */
export async function extractProvider(
  python: string,
  wheel: string,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  await run(python, ["-I", "-c", EXTRACT, wheel, folder, ...FILES], { signal });
}

/** pip tells its progress to programs since 24.1. */
async function hasRawProgress(python: string): Promise<boolean> {
  const version = (await probe(python, ["pip"]))?.packages.pip ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 1);
}

/** Runs one command; `take` returns true for lines that are its own business. */
function run(
  python: string,
  args: string[],
  { signal, log }: FetchOptions,
  take: (line: string) => boolean = () => false,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, { stdio: ["ignore", "pipe", "pipe"], ...(signal && { signal }) });
    const last: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (take(line)) return;
        log?.(line);
        if (line.trim()) last.push(line);
        if (last.length > 8) last.shift();
      });
    }
    child.once("error", (error) =>
      reject(signal?.aborted ? signal.reason : new ErrataError(error.message, undefined, "no-python")),
    );
    child.once("close", (code) => {
      if (signal?.aborted) reject(signal.reason);
      else if (code === 0) resolve();
      else reject(failure(last.join("\n")));
    });
  });
}

function failure(text: string): ErrataError {
  if (/No matching distribution/i.test(text))
    return new ErrataError(
      `The package index has no such wheel:\n${text}`,
      "Is the index reachable (network, proxy, pip's configuration)? The wheel exists for Linux x64 and Python 3.11 or newer; `--python PATH` names another interpreter.",
      "no-network",
    );
  if (/connection|resolve|timed out|network|SSL/i.test(text))
    return new ErrataError(
      `The CUDA provider could not be fetched:\n${text}`,
      "Check the network, a proxy or pip's configuration, and try again.",
      "no-network",
    );
  if (/No space left/i.test(text))
    return new ErrataError(`The disk is full:\n${text}`, "Free some space and try again.", "no-space");
  return new ErrataError(`The CUDA provider could not be fetched:\n${text}`, "Try again.", "install-failed");
}
