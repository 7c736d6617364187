import { execFile } from "node:child_process";
import { access, constants, readFile, statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism, freemem, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cudaCopy, installedRuntime } from "../inference/backend/cuda.js";
import { explainCuda } from "../inference/backend/cuda-words.js";
import type { Engine } from "../inference/types.js";
import { assetFile, installationFolder } from "../protocol/paths.js";
import { ErrataError } from "../protocol/types.js";
import { librariesOf, staleCopies, troublesOf } from "./cuda.js";
import { pipInterpreter } from "./cuda-wheel.js";
import { findPython, interpreterIn, type PythonPlaces, TORCH } from "./python.js";
import { hasDriver, isForCpu } from "./torch-build.js";

/** One thing that was looked at. */
export interface Check {
  name: string;
  /** `note`: works without it; `missing`: something cannot be done until it is mended. */
  status: "ok" | "note" | "missing";
  value: string;
  /** How to mend what is missing, or what the note means. */
  mend?: string;
}

export interface DoctorReport {
  /** Nothing is missing. */
  ok: boolean;
  /** The execution provider that the embedded model got; null when it did not load. */
  backend: string | null;
  checks: Check[];
}

export interface Patient {
  engine: Engine;
  python: PythonPlaces;
  workspace: string;
}

/** Looks at what this machine can do: nothing is installed or changed. Never rejects. */
export async function examine(patient: Patient): Promise<DoctorReport> {
  const inference = await checkInference(patient.engine);
  const checks = [
    { name: "Node", status: "ok", value: `${process.version}, ${process.platform} ${process.arch}` } as const,
    ...inference.checks,
    await checkSqlite(),
    ...(await checkPython(patient.python)),
    ...(await checkGpu(patient.python, inference.backend)),
    await checkFolder(patient.workspace),
    checkMemory(),
  ];
  return {
    ok: checks.every((check) => check.status !== "missing"),
    backend: inference.backend,
    checks,
  };
}

/** Loads the embedded model in the inference worker: the only honest test of a backend. */
async function checkInference(engine: Engine): Promise<{ backend: string | null; checks: Check[] }> {
  const version = await packageVersion("onnxruntime-node");
  const runtime: Check = version
    ? { name: "ONNX Runtime", status: "ok", value: `onnxruntime-node ${version}` }
    : {
        name: "ONNX Runtime",
        status: "missing",
        value: "onnxruntime-node is not installed",
        mend: "Install Errata again; in a checkout: npm run setup",
      };
  try {
    const model = await engine.load({ folder: assetFile("demo/model") });
    return {
      backend: model.backend,
      checks: [
        runtime,
        { name: "Backend", status: "ok", value: `${model.backend}, ${model.slots} sequences at once` },
        {
          name: "Decoding",
          status: "ok",
          value:
            model.decoding === "blocks"
              ? "in blocks: many tokens a call"
              : `step by step${model.decodingWhy === undefined ? "" : `: ${model.decodingWhy}`}`,
        },
        ...model.notTaken.map(
          ({ backend, why }): Check => ({ name: `  not ${backend}`, status: "note", value: firstLine(why) }),
        ),
      ],
    };
  } catch (error) {
    return {
      backend: null,
      checks: [runtime, { name: "Backend", status: "missing", value: messageOf(error), ...mendOf(error) }],
    };
  }
}

async function checkSqlite(): Promise<Check> {
  try {
    const sqlite = requireFrom()("sqlite3") as { VERSION: string };
    const version = await packageVersion("sqlite3");
    return { name: "SQLite", status: "ok", value: `sqlite3 ${version ?? "?"} with SQLite ${sqlite.VERSION}` };
  } catch (error) {
    const mend =
      "The native module does not fit this system (it needs the glibc it was compiled against); in a checkout: npm rebuild sqlite3";
    return { name: "SQLite", status: "missing", value: firstLine(messageOf(error)), mend };
  }
}

async function checkPython(places: PythonPlaces): Promise<Check[]> {
  try {
    const info = await findPython(places);
    const named = ["torch", "trl", "transformers", "peft", "onnxruntime-genai"];
    const versions = named.map((name) => `${name} ${info.packages[name] ?? "–"}`).join(", ");
    const unused = isForCpu(info) && (await hasDriver());
    const ours = places.managed !== undefined && info.python === interpreterIn(places.managed);
    return [
      { name: "Python", status: "ok", value: `${info.version}, ${info.python}` },
      unused
        ? {
            ...{ name: "Training packages", status: "note", value: `${versions}: a build for the CPU alone` },
            mend: ours
              ? "Training does not use the GPU. “Errata: Set Up the Training Environment” (`errata setup`) fetches the build for it; where pip's index has none, name one with `--torch-index URL` (setting errata.torchIndex)."
              : `Training does not use the GPU. Install the build for it there: ${info.python} -m pip install --force-reinstall ${TORCH}`,
          }
        : { name: "Training packages", status: "ok", value: versions },
    ];
  } catch (error) {
    return [{ name: "Python", status: "missing", value: messageOf(error), ...mendOf(error) }];
  }
}

async function checkGpu(places: PythonPlaces, backend: string | null): Promise<Check[]> {
  const query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"];
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", query, { timeout: 10_000 });
    const gpu: Check = { name: "GPU", status: "ok", value: stdout.trim().split("\n").join("; ") };
    return [gpu, await checkCuda(places, backend, true)];
  } catch (error) {
    const none = (error as NodeJS.ErrnoException).code === "ENOENT";
    const value = none ? "no NVIDIA driver found (nvidia-smi)" : firstLine(messageOf(error));
    const gpu: Check = {
      name: "GPU",
      status: "note",
      value,
      mend: "Sampling and training run on the CPU: fine for the embedded model, slow for others.",
    };
    return cudaCopy() ? [gpu, await checkCuda(places, backend, false)] : [gpu];
  }
}

/** The CUDA provider and the libraries that it needs; worth a word where there is a GPU, or where it was set up. */
async function checkCuda(places: PythonPlaces, backend: string | null, gpu: boolean): Promise<Check> {
  const name = "CUDA provider";
  const setUp = "errata setup --cuda (in VS Code: “Errata: Set Up CUDA”)";
  try {
    const copy = cudaCopy();
    const stale = (await staleCopies()).length > 0;
    if (!copy) {
      const value = stale
        ? `set up for another version than onnxruntime-node ${installedRuntime().version}`
        : "not set up: sampling does not use the GPU";
      return { name, status: gpu ? "note" : "ok", value, mend: setUp };
    }
    const python = await pipInterpreter(places).catch(() => undefined);
    const libraries = await librariesOf(copy, python);
    const found = libraries.filter(({ folder }) => folder !== undefined).length;
    const value = `${copy.version}, ${found} of ${libraries.length} libraries found`;
    if (backend === "cuda") return { name, status: "ok", value };
    const [trouble] = troublesOf(libraries, null, python);
    // Every library is there now, and still it is not used: it was set up before they were, or says why above.
    if (!trouble) return { name, status: "note", value, mend: `Set it up again, which tries it: ${setUp}` };
    return {
      name,
      status: "note",
      value: `${value}: ${trouble.why}`,
      mend: trouble.mend.split(/\n|(?<=\.) /)[0] ?? "",
    };
  } catch (error) {
    const why = explainCuda(messageOf(error))?.why ?? firstLine(messageOf(error));
    return { name, status: "note", value: why, mend: setUp };
  }
}

async function checkFolder(workspace: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(workspace);
    const free = (bavail * bsize) / 2 ** 30;
    await access(workspace, constants.W_OK);
    const low = free < 2;
    return {
      name: "Workspace",
      status: low ? "note" : "ok",
      value: `${workspace}, ${free.toFixed(1)} GiB free`,
      ...(low ? { mend: "Runs keep checkpoints: free some space before training." } : {}),
    };
  } catch (error) {
    const mend = "Choose a folder that can be written: the pool and the runs are kept in its .errata.";
    return { name: "Workspace", status: "missing", value: firstLine(messageOf(error)), mend };
  }
}

function checkMemory(): Check {
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  const cores = availableParallelism();
  const value = `${gib(freemem())} of ${gib(totalmem())} GiB free, ${cores} ${cores === 1 ? "core" : "cores"}`;
  return { name: "Memory", status: "ok", value };
}

/** `require` as the bundles in dist/ see it. */
function requireFrom(): NodeJS.Require {
  return createRequire(join(installationFolder(), "dist", "cli.js"));
}

async function packageVersion(name: string): Promise<string | undefined> {
  try {
    const file = requireFrom().resolve(`${name}/package.json`);
    return (JSON.parse(await readFile(file, "utf8")) as { version: string }).version;
  } catch {
    return undefined;
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const firstLine = (text: string) => text.split("\n")[0] ?? "";
const mendOf = (error: unknown) =>
  error instanceof ErrataError && error.hint !== undefined ? { mend: error.hint } : {};
