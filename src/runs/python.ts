import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { assetFile, installationFolder } from "../protocol/paths.js";
import { ErrataError } from "../protocol/types.js";

/** An interpreter and what it has installed. */
export interface PythonInfo {
  python: string;
  /** "3.11.7". */
  version: string;
  /** Name of what was asked for → installed version, null when it is not installed. */
  packages: Record<string, string | null>;
  /** Can it make virtual environments? */
  venv: boolean;
}

/** Where an interpreter of the trainer may be, best first. */
export interface PythonPlaces {
  /** A setting or an option: the only candidate when given. */
  explicit?: string | undefined;
  /** The folder of the environment that Errata makes. */
  managed?: string | undefined;
}

/** torch is installed on its own line, first: anything unpinned before it pulls another build. */
export const TORCH = "torch==2.13.0";
/** Where the editor and the command line keep the environment that they make; one for all workspaces. */
export const MANAGED = join(homedir(), ".errata", "python");
export const MINIMUM = [3, 11] as const;

const PROBE = `
import json, sys, importlib.metadata as m
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return None
try:
    import venv, ensurepip
    can = True
except ImportError: can = False
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "venv": can,
  "packages": {n: version(n) for n in sys.argv[1:]}}))
`;

/** Asks an interpreter for its version and packages; undefined when it cannot be run. */
export async function probe(
  python: string,
  packages: readonly string[] = [],
): Promise<PythonInfo | undefined> {
  return new Promise((resolve) => {
    execFile(python, ["-I", "-c", PROBE, ...packages], { timeout: 30_000 }, (error, stdout) => {
      try {
        const found = JSON.parse(stdout) as Omit<PythonInfo, "python">;
        resolve(error ? undefined : { python, ...found });
      } catch {
        resolve(undefined);
      }
    });
  });
}

/** Pinned versions of trainer/requirements.txt, torch included: name → version. */
export async function requirements(): Promise<Map<string, string>> {
  const text = `${TORCH}\n${await readFile(assetFile("trainer/requirements.txt"), "utf8")}`;
  return new Map(
    [...text.matchAll(/^([\w.-]+)(?:\[[^\]]*\])?==([^\s;#]+)/gm)].map(([, name, version]) => [
      name ?? "",
      version ?? "",
    ]),
  );
}

/** Packages that are missing or have another version than the one the trainer was written for. */
export function wrongPackages(info: PythonInfo, wanted: ReadonlyMap<string, string>): string[] {
  return [...wanted].flatMap(([name, version]) => {
    // "2.13.0+cpu" is a build of 2.13.0.
    const found = info.packages[name]?.split("+")[0];
    return found === version ? [] : [`${name} ${version}${found ? ` (it has ${found})` : ""}`];
  });
}

/** The interpreter of a virtual environment. */
export function interpreterIn(folder: string): string {
  return process.platform === "win32" ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
}

export function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

/**
 * The interpreter for the trainer: the explicit one, else ERRATA_PYTHON, else the checkout's `.venv`, else the
 * managed environment. Rejects with "no-python" where none has what the trainer needs, saying what is missing.
 */
export async function findPython(places: PythonPlaces): Promise<PythonInfo> {
  const wanted = await requirements();
  const named = places.explicit || process.env.ERRATA_PYTHON;
  const candidates = named
    ? [named]
    : [join(installationFolder(), ".venv"), places.managed]
        .filter((folder) => folder !== undefined)
        .map(interpreterIn);
  let why = "There is no Python environment for training yet.";
  for (const python of candidates) {
    if (isAbsolute(python) && !existsSync(python)) {
      if (named) why = `The Python interpreter ${python} does not exist.`;
      continue;
    }
    const info = await probe(python, [...wanted.keys()]);
    if (!info) {
      why = `${python} cannot be run.`;
      continue;
    }
    const wrong = wrongPackages(info, wanted);
    if (wrong.length === 0) return info;
    why = `${python} lacks what the trainer needs: ${wrong.join(", ")}.`;
  }
  throw new ErrataError(
    why,
    "Set it up with `errata setup` (in VS Code: “Errata: Set Up Training Environment”); it needs Python 3.11 or newer with venv.",
    "no-python",
  );
}
