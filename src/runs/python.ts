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
  /** What the packages need in turn and is not installed, with who needs it. */
  missing?: string[];
  /** Packages ("torch==2.13.0") that say they are installed, whose files are gone. */
  gone?: string[];
}

/** Where an interpreter of the trainer may be, best first. */
export interface PythonPlaces {
  /** A setting or an option: the only candidate when given. */
  explicit?: string | undefined;
  /** The folder of the environment that Errata makes. */
  managed?: string | undefined;
  /** The folder of a checkout's environment; by default `.venv` beside package.json. */
  checkout?: string | undefined;
}

/** torch is installed on its own line, first: anything unpinned before it pulls another build. */
export const TORCH = "torch==2.13.0";
/** Where the editor and the command line keep the environment that they make; one for all workspaces. */
export const MANAGED = join(homedir(), ".errata", "python");
export const MINIMUM = [3, 11] as const;

/** Left in an environment of ours once it is complete; taken away while it is worked on. */
export const STAMP = "errata-environment.json";

const PROBE = `
import json, re, sys, importlib.metadata as m
try: from packaging.requirements import Requirement
except ImportError:
    try: from pip._vendor.packaging.requirements import Requirement
    except ImportError: Requirement = None
found, missing, gone, seen = {}, [], [], set()
todo = [(name, None) for name in sys.argv[1:]]
while todo:
    name, user = todo.pop(0)
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen: continue
    seen.add(key)
    try: d = m.distribution(name)
    except m.PackageNotFoundError:
        if user: missing.append(f"{name} (for {user})")
        else: found[name] = None
        continue
    if not user:
        found[name] = d.version
        init = next((f for f in d.files or [] if len(f.parts) == 2 and f.name == "__init__.py"), None)
        if init is not None and not d.locate_file(init).exists(): gone.append(f"{name}=={d.version}")
    for line in (d.requires or []) if Requirement else []:
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate({"extra": ""}): todo.append((need.name, name))
try:
    import venv, ensurepip
    can = True
except ImportError: can = False
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "venv": can, "packages": found,
  "missing": missing, "gone": gone}))
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

/** Everything that keeps an interpreter from training; empty when nothing does. */
export function troubles(info: PythonInfo, wanted: ReadonlyMap<string, string>): string[] {
  const old = isRecent(info.version) ? [] : [`Python ${MINIMUM.join(".")} or newer (it is ${info.version})`];
  const gone = (info.gone ?? []).map((name) => `${name.replace("==", " ")} (its files are gone)`);
  return [...old, ...wrongPackages(info, wanted), ...gone, ...(info.missing ?? [])];
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
  const candidates: { python: string; folder?: string }[] = named
    ? [{ python: named }]
    : [places.checkout ?? join(installationFolder(), ".venv"), places.managed]
        .filter((folder) => folder !== undefined)
        .map((folder) => ({ python: interpreterIn(folder), folder }));
  let why = "There is no Python environment for training yet.";
  for (const { python, folder } of candidates) {
    if (isAbsolute(python) && !existsSync(python)) {
      if (named) why = `The Python interpreter ${python} does not exist.`;
      else if (folder !== undefined && existsSync(join(folder, "pyvenv.cfg")))
        why = `The Python environment ${folder} has lost its interpreter.`;
      continue;
    }
    const info = await probe(python, [...wanted.keys()]);
    if (!info) {
      why = `${python} cannot be run${named ? "" : ": the Python that it was made with may have been removed"}.`;
      continue;
    }
    const wrong = troubles(info, wanted);
    if (wrong.length === 0 && folder !== undefined && folder === places.managed)
      if (!existsSync(join(folder, STAMP))) {
        why = `The Python environment ${folder} is not complete: its set-up was broken off.`;
        continue;
      }
    if (wrong.length === 0) return info;
    why = `${python} lacks what the trainer needs: ${wrong.join(", ")}.`;
  }
  throw new ErrataError(
    why,
    named
      ? `Install it there: ${named} -m pip install ${TORCH} -r ${assetFile("trainer/requirements.txt")}. Without ${places.explicit ? "the setting errata.python (--python)" : "ERRATA_PYTHON"}, Errata uses an environment of its own, made by “Errata: Set Up the Training Environment” (\`errata setup\`).`
      : "Set it up, which also mends it: “Errata: Set Up the Training Environment” (`errata setup`); it needs Python 3.11 or newer with venv.",
    "no-python",
  );
}
