import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { assetFile } from "../protocol/paths.js";
import { ErrataError, type Report } from "../protocol/types.js";
import { lock } from "./lock.js";
import { PipProgress, pip } from "./pip.js";
import {
  interpreterIn,
  isRecent,
  type PythonInfo,
  probe,
  requirements,
  STAMP,
  TORCH,
  troubles,
} from "./python.js";
import { hasDriver, isForCpu, LARGE_ROOM, torchBuild } from "./torch-build.js";

export interface InstallOptions {
  report?: Report | undefined;
  signal?: AbortSignal | undefined;
  /** Every line that pip says. */
  log?: ((line: string) => void) | undefined;
  /** Address of an index that torch alone is taken from; by default those of pip's own configuration. */
  torchIndex?: string | undefined;
}

export interface EnvironmentOptions extends InstallOptions {
  /** Where the virtual environment is, or will be. */
  folder: string;
  /** Interpreter to make it with; by default the newest of those on PATH that will do. */
  base?: string | undefined;
}

/** GiB for mending an environment that is there. */
const MENDING_ROOM = 1;
/** pip tells programs how far a file is since 24.1. */
const RAW_PROGRESS = [24, 1] as const;
const STAGES = ["Python environment", "PyTorch", "Training packages", "Check"] as const;
const INSTALL = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input"];

/**
 * Makes the trainer's virtual environment, or mends it; nothing is done when it is complete. What was broken off or
 * damaged is found and mended. Rejects with "no-python" (no interpreter that will do), "no-space", "no-network",
 * "no-wheel", "install-failed", or "busy" while another window does it.
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<PythonInfo> {
  const { folder, report = () => {}, signal } = options;
  const wanted = await requirements();
  const python = interpreterIn(folder);
  const stamp = join(folder, STAMP);
  const hash = await wantedHash();

  report({ stage: STAGES[0], done: 0, total: 0 });
  const there = existsSync(python) ? await probe(python, [...wanted.keys()]) : undefined;
  const made = await readStamp(stamp);
  const tried = options.torchIndex ?? "";
  // A GPU's driver came after the environment did. What the same index gave with the driver there is not asked for again.
  const unused = isForCpu(there) && made?.gpu !== tried && (await hasDriver());
  if (there && !unused && made?.hash === hash && troubles(there, wanted).length === 0) return there;

  const unlock = await lock(`${folder}.lock`);
  if (!unlock)
    throw new ErrataError(
      `The training environment ${folder} is being set up by another window.`,
      "Wait for it.",
      "busy",
    );
  try {
    const usable = there !== undefined && isRecent(there.version);
    const build = torchBuild(await hasDriver(), options.torchIndex);
    const needs = usable && there.packages.torch && !unused ? MENDING_ROOM : build.room;
    await checkRoom(folder, needs, build.name);
    // From here on it is not complete, whatever happens.
    await rm(stamp, { force: true });
    if (!usable) {
      const base = await baseInterpreter(options.base);
      await emptyEnvironment(folder);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "pyvenv.cfg"), "");
      await pip(base, ["-m", "venv", folder], { signal, log: options.log });
    }
    const gone = there?.gone ?? [];
    const complete = await install(python, { ...options, gone, room: folder, anew: usable && unused });
    const stamped: Stamp = { hash, ...((await hasDriver()) ? { gpu: tried } : {}) };
    await writeFile(stamp, JSON.stringify(stamped));
    return complete;
  } finally {
    await unlock();
  }
}

/** Installs what the trainer needs into a person's own interpreter, as a person would by hand. */
export async function installInto(python: string, options: InstallOptions): Promise<PythonInfo> {
  const wanted = await requirements();
  const there = await probe(python, [...wanted.keys()]);
  if (!there || !isRecent(there.version))
    throw new ErrataError(
      there
        ? `${python} is Python ${there.version}; training needs 3.11 or newer.`
        : `${python} cannot be run.`,
      "Name another interpreter, or none: Errata then makes an environment of its own.",
      "no-python",
    );
  if (troubles(there, wanted).length === 0) return there;
  const build = torchBuild(await hasDriver(), options.torchIndex);
  await checkRoom(python, there.packages.torch ? MENDING_ROOM : build.room, build.name);
  return install(python, { ...options, gone: there.gone ?? [], room: python });
}

/** torch first and alone, then the rest, then a look at what came of it. */
async function install(
  python: string,
  options: InstallOptions & { gone: readonly string[]; room: string; anew?: boolean },
): Promise<PythonInfo> {
  const { signal, log, report = () => {}, torchIndex } = options;
  const wanted = await requirements();
  const build = torchBuild(await hasDriver(), torchIndex);
  const progress = new PipProgress(build.download);
  const bar = (await atLeast(python, RAW_PROGRESS)) ? ["--progress-bar", "raw"] : [];
  const run = async (at: 1 | 2, args: string[]) => {
    report(progress.progress(STAGES[at]));
    const take = (line: string) => {
      const own = progress.take(line);
      report(progress.progress(STAGES[at]));
      return own;
    };
    await pip(python, [...INSTALL, ...bar, ...args], { signal, log, take });
  };
  // pip believes what a package says of itself: one whose files are gone has to be forced.
  if (options.gone.length > 0) await run(1, ["--force-reinstall", "--no-deps", ...options.gone]);
  const from = torchIndex === undefined ? [] : ["--index-url", torchIndex];
  // To pip the build for the CPU is as good as any; what the other one needs in turn comes below.
  if (options.anew) await run(1, ["--force-reinstall", "--no-deps", TORCH, ...from]);
  let spec: string = TORCH;
  for (const [i, candidate] of build.specs.entries()) {
    spec = candidate;
    try {
      await run(1, [candidate, ...from]);
      break;
    } catch (error) {
      const last = i === build.specs.length - 1;
      if (last || !(error instanceof ErrataError) || error.code !== "no-wheel") throw error;
      // The index has no build for the CPU alone: the one that comes then is several times as large.
      await checkRoom(options.room, LARGE_ROOM, "CUDA");
    }
  }
  await run(2, [spec, "-r", assetFile("trainer/requirements.txt")]);
  report({ stage: STAGES[3], done: 0, total: 0 });
  const made = await probe(python, [...wanted.keys()]);
  const wrong = made ? troubles(made, wanted) : ["an interpreter that runs"];
  if (made && wrong.length === 0) return made;
  throw new ErrataError(
    `The Python environment of ${python} is not complete: ${wrong.join(", ")} missing.`,
    "Set it up once more; if that does not help, delete its folder first.",
    "install-failed",
  );
}

/** What an environment must have been made from to be current. */
async function wantedHash(): Promise<string> {
  const list = await readFile(assetFile("trainer/requirements.txt"));
  return createHash("sha256").update(TORCH).update(list).digest("hex");
}

/** The interpreter to make an environment with: the one named, else the first on PATH that is recent and has venv. */
async function baseInterpreter(named: string | undefined): Promise<string> {
  const names = named ? [named] : ["python3", "python3.13", "python3.12", "python3.11", "python"];
  const found = (await Promise.all(names.map((name) => probe(name)))).filter((info) => info !== undefined);
  const good = found.find((info) => isRecent(info.version) && info.venv);
  if (good) return good.python;
  const recent = found.find((info) => isRecent(info.version));
  const saw = found.map((info) => `${info.python} is ${info.version}`).join(", ");
  throw new ErrataError(
    recent
      ? `${recent.python} (${recent.version}) cannot make virtual environments.`
      : `No Python 3.11 or newer was found${saw ? `: ${saw}` : " on PATH"}.`,
    recent
      ? "Install the venv module, on Debian and Ubuntu: apt-get install python3-venv"
      : "Install Python 3.11 or newer with venv, on Debian and Ubuntu: apt-get install python3 python3-venv",
    "no-python",
  );
}

/** Removes a broken environment; refuses to empty a folder that is anything else. */
async function emptyEnvironment(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  const names = await readdir(folder);
  if (names.length > 0 && !names.includes("pyvenv.cfg")) {
    throw new ErrataError(
      `${folder} is not a Python environment, and not empty.`,
      "Name another folder for it.",
      "install-failed",
    );
  }
  await rm(folder, { recursive: true, force: true });
}

async function checkRoom(place: string, needs: number, build: string): Promise<void> {
  let at = place;
  while (!existsSync(at)) at = join(at, "..");
  const { bavail, bsize } = await statfs(at);
  const free = (bavail * bsize) / 2 ** 30;
  if (free >= needs) return;
  throw new ErrataError(
    `The disk of ${at} has ${free.toFixed(1)} GiB free; the training environment needs ${needs} GiB with the ${build} build of PyTorch.`,
    `Free ${(needs - free).toFixed(1)} GiB there, or name a folder on another disk.`,
    "no-space",
  );
}

async function atLeast(python: string, [major, minor]: readonly [number, number]): Promise<boolean> {
  const version = (await probe(python, ["pip"]))?.packages.pip ?? "0";
  const [a = 0, b = 0] = version.split(".").map(Number);
  return a > major || (a === major && b >= minor);
}

/** Left in a complete environment: what it was made from. */
interface Stamp {
  hash: string;
  /** With a GPU's driver there: the index that torch was asked of, "" for pip's own. */
  gpu?: string;
}

async function readStamp(file: string): Promise<Stamp | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Stamp;
  } catch {
    return undefined;
  }
}
