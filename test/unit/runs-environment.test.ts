import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Progress } from "../../src/protocol/types.js";
import { ensureEnvironment, installInto } from "../../src/runs/environment.js";
import { PipProgress } from "../../src/runs/pip.js";
import { startTime } from "../../src/runs/process.js";
import { findPython, probe, requirements, STAMP, troubles } from "../../src/runs/python.js";
import { torchBuild } from "../../src/runs/torch-build.js";

const base = resolve("test/fixtures/runs/python.mjs");
let home: string;
let folder: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "errata-python-"));
  folder = join(home, "env");
  return () => {
    vi.unstubAllEnvs();
    rmSync(home, { recursive: true, force: true });
  };
});

/** This machine has no NVIDIA driver, or it has one. */
const cpu = existsSync("/proc/driver/nvidia/version") ? "" : "+cpu";
const isRunning = async (pid: number) => (await startTime(pid)) !== null;
const asked = () => readFileSync(join(folder, "pip.log"), "utf8").trim().split("\n");

describe("the training environment", () => {
  it("gets torch first and alone, then the rest; the second time nothing happens", async () => {
    const stages: string[] = [];
    const report = ({ stage }: { stage: string }) => stages.push(stage);
    const made = await ensureEnvironment({ folder, base, report });
    expect(made).toMatchObject({ version: "3.12.1", packages: { torch: `2.13.0${cpu}`, trl: "1.16.0" } });
    expect(asked()).toEqual([
      `install --disable-pip-version-check --no-input torch==2.13.0${cpu}`,
      expect.stringMatching(/^install .* -r .*trainer\/requirements\.txt$/),
    ]);
    expect([...new Set(stages)]).toEqual(["Python environment", "PyTorch", "Training packages", "Check"]);
    await ensureEnvironment({ folder, base: "/nowhere/python" });
    expect(asked()).toHaveLength(2);
    expect((await findPython({ explicit: join(folder, "bin", "python") })).version).toBe("3.12.1");
  });

  it("is mended when its interpreter does not run or a package is gone", async () => {
    await ensureEnvironment({ folder, base });
    writeFileSync(join(folder, "packages.json"), '{"torch":"2.13.0"}');
    await expect(findPython({ explicit: join(folder, "bin", "python") })).rejects.toMatchObject({
      code: "no-python",
      message: expect.stringContaining("trl 1.16.0"),
    });
    await ensureEnvironment({ folder, base });
    expect(asked()).toHaveLength(4);
    writeFileSync(join(folder, "bin", "python"), "#!/nowhere/python\n");
    expect((await ensureEnvironment({ folder, base })).packages.trl).toBe("1.16.0");
  });

  it("is complete only when its set-up came to its end", async () => {
    const places = { managed: folder, checkout: join(home, "none") };
    await expect(findPython(places)).rejects.toThrow("There is no Python environment for training yet");
    await ensureEnvironment({ folder, base });
    expect((await findPython(places)).python).toBe(join(folder, "bin", "python"));
    rmSync(join(folder, STAMP));
    await expect(findPython(places)).rejects.toThrow("its set-up was broken off");
    await ensureEnvironment({ folder, base });
    await findPython(places);
    rmSync(join(folder, "bin"), { recursive: true });
    await expect(findPython(places)).rejects.toThrow("has lost its interpreter");
    await ensureEnvironment({ folder, base });
    await findPython(places);
  });

  it("gets a package anew whose files are gone", async () => {
    await ensureEnvironment({ folder, base });
    const packages = JSON.parse(readFileSync(join(folder, "packages.json"), "utf8"));
    writeFileSync(
      join(folder, "packages.json"),
      JSON.stringify({ ...packages, "files gone": "transformers==5.23.0" }),
    );
    await expect(findPython({ explicit: join(folder, "bin", "python") })).rejects.toThrow(
      "transformers 5.23.0 (its files are gone)",
    );
    await ensureEnvironment({ folder, base });
    expect(asked()[2]).toContain("--force-reinstall --no-deps transformers==5.23.0");
  });

  it.skipIf(cpu === "")("gets torch's build for the GPU when a driver has come, once", async () => {
    await ensureEnvironment({ folder, base });
    // A driver that answers, by way of its own tool.
    const bin = join(home, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "nvidia-smi"), "#!/bin/sh\necho 'GPU 0: a GPU'\n", { mode: 0o755 });
    vi.stubEnv("PATH", `${bin}:${process.env.PATH}`);
    vi.stubEnv("FAKE_PYTHON_ONLY_CPU", "1");
    const again = async (more: object = {}) =>
      (await ensureEnvironment({ folder, base, ...more })).packages.torch;
    expect(await again()).toBe("2.13.0+cpu");
    expect(asked()[2]).toContain("--force-reinstall --no-deps torch==2.13.0");
    // The index has no other build: it is not fetched again and again.
    const before = asked().length;
    await again();
    expect(asked()).toHaveLength(before);
    vi.stubEnv("FAKE_PYTHON_ONLY_CPU", "");
    expect(await again({ torchIndex: "file:///an/index" })).toBe("2.13.0");
    expect(asked()[before]).toMatch(/--force-reinstall .*torch==2\.13\.0 --index-url file:\/\/\/an\/index$/);
  });

  it("takes torch as it comes where the index has no CPU build, or from the index that is named", async () => {
    vi.stubEnv("FAKE_PYTHON_NO_CPU_BUILD", "1");
    expect((await ensureEnvironment({ folder, base })).packages.torch).toBe("2.13.0");
    rmSync(folder, { recursive: true });
    await ensureEnvironment({ folder, base, torchIndex: "file:///an/index" });
    expect(asked()[0]).toMatch(/torch==2\.13\.0 --index-url file:\/\/\/an\/index$/);
    expect(asked()[1]).not.toContain("index-url");
  });

  it("is one window's business at a time, and cancelling ends all of pip", async () => {
    vi.stubEnv("FAKE_PYTHON_SLOW", "1");
    const controller = new AbortController();
    let helper = 0;
    const seen: Progress[] = [];
    const made = ensureEnvironment({
      ...{ folder, base, signal: controller.signal, report: (progress) => seen.push(progress) },
      log: (line) => {
        helper = Number(/^helper (\d+)/.exec(line)?.[1] ?? helper);
      },
    });
    const ended = made.catch((error: unknown) => error);
    await expect.poll(() => helper, { timeout: 30_000 }).toBeGreaterThan(0);
    await expect(ensureEnvironment({ folder, base })).rejects.toMatchObject({ code: "busy" });
    controller.abort(new Error("enough"));
    expect(await ended).toMatchObject({ message: "enough" });
    await expect.poll(() => isRunning(helper), { timeout: 30_000 }).toBe(false);
    expect(seen.at(-1)).toMatchObject({ stage: "PyTorch", detail: "MB, torch" });
    vi.unstubAllEnvs();
    await ensureEnvironment({ folder, base });
  });

  it("is a person's own interpreter where they say so", async () => {
    const own = join(folder, "bin", "python");
    await ensureEnvironment({ folder, base });
    writeFileSync(join(folder, "packages.json"), '{"torch":"2.13.0","trl":"1.9.0"}');
    await expect(findPython({ explicit: own })).rejects.toMatchObject({
      message: expect.stringContaining("trl 1.16.0 (it has 1.9.0)"),
      hint: expect.stringContaining(`${own} -m pip install torch==2.13.0 -r`),
    });
    expect((await installInto(own, {})).packages.trl).toBe("1.16.0");
    vi.stubEnv("FAKE_PYTHON_VERSION", "3.9.2");
    await expect(findPython({ explicit: own })).rejects.toThrow("Python 3.11 or newer (it is 3.9.2)");
    await expect(installInto(own, {})).rejects.toMatchObject({ code: "no-python" });
  });

  it("is not made where something else lies", async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "thesis.tex"), "precious");
    await expect(ensureEnvironment({ folder, base })).rejects.toMatchObject({ code: "install-failed" });
    expect(existsSync(join(folder, "thesis.tex"))).toBe(true);
  });

  it.each([
    [
      { FAKE_PYTHON_VERSION: "3.9.2" },
      "No Python 3.11 or newer was found",
      "apt-get install python3 python3-venv",
    ],
    [{ FAKE_PYTHON_VENV: "no" }, "cannot make virtual environments", "apt-get install python3-venv"],
  ])("names what to install: %j", async (env, message, hint) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    await expect(ensureEnvironment({ folder, base })).rejects.toMatchObject({
      code: "no-python",
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
    expect(existsSync(folder)).toBe(false);
  });

  it("tells of a network that cannot be reached, and can be tried again", async () => {
    vi.stubEnv("FAKE_PYTHON_OFFLINE", "1");
    await expect(ensureEnvironment({ folder, base })).rejects.toMatchObject({
      code: "no-network",
      message: expect.stringContaining("connection refused"),
    });
    vi.unstubAllEnvs();
    await ensureEnvironment({ folder, base });
  });

  it("stops when asked to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(ensureEnvironment({ folder, base, signal })).rejects.toThrow("enough");
  });
});

it("every package of the trainer is pinned where it must be", async () => {
  const wanted = await requirements();
  expect(wanted.get("torch")).toBe("2.13.0");
  expect(wanted.get("trl")).toBe("1.16.0");
  expect(wanted.size).toBeGreaterThan(8);
});

describe("what pip says", () => {
  const said = (progress: PipProgress, ...lines: string[]) => lines.map((line) => progress.take(line));

  it("becomes one bar of megabytes, with the time left", () => {
    let now = 0;
    const progress = new PipProgress(400, () => now);
    said(progress, "Collecting torch==2.13.0", "Collecting sympy");
    expect(progress.progress("PyTorch")).toEqual({
      ...{ stage: "PyTorch", done: 0, total: 400, detail: "2 packages found" },
    });
    said(progress, "Downloading torch-2.13.0+cpu-cp311.whl (200.0 MB)");
    now = 10_000;
    expect(said(progress, "Progress 100000000 of 200000000")).toEqual([true]);
    expect(progress.progress("PyTorch")).toEqual({
      ...{ stage: "PyTorch", done: 100, total: 400, secondsLeft: 30, detail: "MB, torch" },
    });
    said(
      progress,
      "  Using cached sympy-1.14.0-py3-none-any.whl (6.3 MB)",
      "Installing collected packages: a, b",
    );
    expect(progress.progress("x")).toMatchObject({ done: 206, detail: "MB, unpacking 2 packages" });
    said(progress, "Downloading big-1.whl (1.5 GB)", "Collecting x");
    now = 20_000;
    said(progress, "Downloading small-1.whl (20 kB)");
    expect(progress.progress("x")).toMatchObject({ done: 1706, total: 1706 });
  });
});

describe("torch's build", () => {
  it.each([
    [false, undefined, "linux", ["torch==2.13.0+cpu", "torch==2.13.0"], "CPU"],
    [true, undefined, "linux", ["torch==2.13.0"], "CUDA"],
    [false, "file:///index", "linux", ["torch==2.13.0"], "CPU"],
    [false, undefined, "darwin", ["torch==2.13.0"], "CPU"],
  ] as const)("with a driver %s, the index %s, on %s is %j", (driver, index, platform, specs, name) => {
    expect(torchBuild(driver, index, platform)).toMatchObject({ specs, name });
  });
});

it("a real environment is looked at with all that its packages need in turn", async () => {
  const wanted = await requirements();
  const info = await probe(resolve(".venv/bin/python"), [...wanted.keys()]);
  expect(info && troubles(info, wanted)).toEqual([]);
  expect(Object.keys(info?.packages ?? {}).sort()).toEqual([...wanted.keys()].sort());
});

it("packages whose files are gone, and what others need and is not there, are found in a real environment", async () => {
  await promisify(execFile)(resolve(".venv/bin/python"), ["-m", "venv", "--without-pip", folder]);
  const [from, site] = [".venv", folder].map((env) => {
    const lib = join(resolve(env), "lib");
    return join(lib, readdirSync(lib).find((name) => name.startsWith("python3")) ?? "", "site-packages");
  }) as [string, string];
  for (const name of readdirSync(from)) {
    if (/^(jinja2|markupsafe|packaging)(-.*)?$/i.test(name))
      cpSync(join(from, name), join(site, name), { recursive: true });
  }
  const python = join(folder, "bin", "python");
  const version = (await probe(python, ["jinja2"]))?.packages.jinja2;
  expect(await probe(python, ["jinja2"])).toMatchObject({ missing: [], gone: [] });
  rmSync(join(site, "jinja2"), { recursive: true });
  for (const name of readdirSync(site))
    if (/^markupsafe/i.test(name)) rmSync(join(site, name), { recursive: true });
  expect(await probe(python, ["jinja2", "trl"])).toMatchObject({
    packages: { jinja2: version, trl: null },
    ...{ missing: ["MarkupSafe (for jinja2)"], gone: [`jinja2==${version}`] },
  });
});
