import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { assetFile } from "../protocol/paths.js";
import { ErrataError, type Report } from "../protocol/types.js";
import {
  interpreterIn,
  isRecent,
  type PythonInfo,
  probe,
  requirements,
  TORCH,
  wrongPackages,
} from "./python.js";

export interface EnvironmentOptions {
  /** Where the virtual environment is, or will be. */
  folder: string;
  /** Interpreter to make it with; by default the newest of those on PATH that will do. */
  base?: string | undefined;
  report?: Report | undefined;
  signal?: AbortSignal | undefined;
  /** Every line that pip says. */
  log?: ((line: string) => void) | undefined;
}

const STAMP = "errata-environment.json";
/** The packages take 1.5 GB with a CPU build of torch, and pip needs room beside them. GiB. */
const ROOM = 3;
const STAGES = ["Python environment", "PyTorch", "Training packages", "Check"];

/**
 * Makes the trainer's virtual environment, or mends it; nothing is done when it is complete. Rejects with
 * "no-python" (no interpreter that will do), "no-space", "no-network" or "install-failed".
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<PythonInfo> {
  const { folder, report = () => {}, signal } = options;
  const stage = (done: number, detail?: string) =>
    report({ stage: STAGES[done] ?? "", done, total: STAGES.length, ...(detail ? { detail } : {}) });
  const wanted = await requirements();
  const python = interpreterIn(folder);
  const file = assetFile("trainer/requirements.txt");
  const hash = createHash("sha256")
    .update(TORCH)
    .update(await readFile(file))
    .digest("hex");
  const stamp = join(folder, STAMP);

  stage(0);
  const there = existsSync(python) ? await probe(python, [...wanted.keys()]) : undefined;
  if (there && (await readStamp(stamp)) === hash && wrongPackages(there, wanted).length === 0) return there;

  await checkRoom(folder, there !== undefined);
  const run = (args: string[], at: number) =>
    pip(python, args, {
      signal,
      log: (line) => {
        options.log?.(line);
        stage(at, said(line));
      },
    });
  if (!there || !isRecent(there.version)) {
    const base = await baseInterpreter(options.base);
    await emptyEnvironment(folder);
    await mkdir(folder, { recursive: true });
    await pip(base, ["-m", "venv", folder], { signal, log: options.log });
  }
  stage(1);
  await run(["-m", "pip", "install", "--disable-pip-version-check", TORCH], 1);
  stage(2);
  await run(["-m", "pip", "install", "--disable-pip-version-check", TORCH, "-r", file], 2);
  stage(3);
  const made = await probe(python, [...wanted.keys()]);
  const wrong = made ? wrongPackages(made, wanted) : ["an interpreter that runs"];
  if (!made || wrong.length > 0) {
    throw new ErrataError(
      `The Python environment ${folder} is not complete: ${wrong.join(", ")} missing.`,
      "Delete the folder and set it up again.",
      "install-failed",
    );
  }
  await writeFile(stamp, JSON.stringify({ hash }));
  return made;
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

async function checkRoom(folder: string, there: boolean): Promise<void> {
  let at = folder;
  while (!existsSync(at)) at = join(at, "..");
  const { bavail, bsize } = await statfs(at);
  const free = (bavail * bsize) / 2 ** 30;
  if (free >= (there ? 1 : ROOM)) return;
  throw new ErrataError(
    `The disk of ${at} has ${free.toFixed(1)} GiB free; the training environment needs ${ROOM} GiB (more with a CUDA build of PyTorch).`,
    "Free some space, or name a folder on another disk.",
    "no-space",
  );
}

interface PipOptions {
  signal?: AbortSignal | undefined;
  log?: ((line: string) => void) | undefined;
}

/** Runs one command; its last lines become the error's message. */
function pip(python: string, args: string[], { signal, log }: PipOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, args, { stdio: ["ignore", "pipe", "pipe"], signal });
    const last: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        log?.(line);
        if (line.trim()) last.push(line);
        if (last.length > 12) last.shift();
      });
    }
    child.once("error", (error) =>
      reject(signal?.aborted ? signal.reason : new ErrataError(error.message, undefined, "no-python")),
    );
    child.once("close", (code) => {
      if (code === 0) resolve();
      else if (signal?.aborted) reject(signal.reason);
      else reject(failure(args, last));
    });
  });
}

function failure(args: string[], last: string[]): ErrataError {
  const text = last.join("\n");
  const offline = /connection|resolve|timed out|network|No matching distribution/i.test(text);
  return new ErrataError(
    `${args.slice(0, 3).join(" ")} … failed:\n${text}`,
    offline
      ? "Is the package index reachable? Check the network, a proxy or pip's configuration, and try again: what was fetched is kept."
      : "Try again; what was installed is kept.",
    offline ? "no-network" : "install-failed",
  );
}

async function readStamp(file: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(file, "utf8")) as { hash: string }).hash;
  } catch {
    return undefined;
  }
}

/** What of a line of pip is worth showing: the package it is busy with, or how many it unpacks. */
function said(line: string): string | undefined {
  const unpacked = /^Installing collected packages: (.+)/.exec(line.trim())?.[1]?.split(",").length;
  if (unpacked !== undefined) return `installing ${unpacked} ${unpacked === 1 ? "package" : "packages"}`;
  return /^(Collecting|Downloading|Successfully installed) ?\S{0,60}/.exec(line.trim())?.[0];
}
