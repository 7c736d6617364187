import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CUDA_PROVIDER,
  copiedRuntime,
  cudaCopy,
  cudaEnvironment,
  installedRuntime,
  nativeFolder,
  ONNXRUNTIME,
} from "../../src/inference/backend/cuda.js";
import { pipPackage } from "../../src/inference/backend/cuda-libraries.js";
import { explainCuda } from "../../src/inference/backend/cuda-words.js";
import { neededLibraries } from "../../src/inference/backend/elf.js";
import { probeInChild } from "../../src/inference/backend/probe.js";
import { InferenceClient } from "../../src/inference/client.js";
import { assetFile, installationFolder } from "../../src/protocol/paths.js";
import type { Progress } from "../../src/protocol/types.js";
import { setUpCuda, troublesOf } from "../../src/runs/cuda.js";
import { bundleWorker } from "./inference.fixture.js";

const { version } = installedRuntime();
/** No machine has it. */
const NEEDED = "libcustandin.so.13";
const python = join(installationFolder(), ".venv", "bin", "python");

/** A wheel as pip takes it, holding two small real libraries; no index is asked for anything. */
function standIn(folder: string, needs: string): void {
  const source = join(folder, "provider.c");
  writeFileSync(source, "int provider(void) { return 1; }\n");
  const compile = (name: string, soname: string, ...more: string[]) =>
    execFileSync("gcc", [
      "-shared",
      "-fPIC",
      "-o",
      join(folder, name),
      source,
      `-Wl,-soname,${soname}`,
      ...more,
    ]);
  // The provider asks the loader for a library that is nowhere, as the real one does without CUDA.
  compile("needed.so", needs);
  compile(CUDA_PROVIDER, CUDA_PROVIDER, "-Wl,--no-as-needed", join(folder, "needed.so"));
  compile("libonnxruntime_providers_shared.so", "libonnxruntime_providers_shared.so");
  const script = `
import sys, zipfile
folder, version = sys.argv[1:]
name = f"onnxruntime_gpu-{version}"
with zipfile.ZipFile(f"{folder}/{name}-py3-none-any.whl", "w") as z:
    for lib in ("${CUDA_PROVIDER}", "libonnxruntime_providers_shared.so"): z.write(f"{folder}/{lib}", f"onnxruntime/capi/{lib}")
    z.writestr("onnxruntime/capi/libonnxruntime_providers_tensorrt.so", "not wanted")
    z.writestr(f"{name}.dist-info/METADATA", f"Metadata-Version: 2.1\\nName: onnxruntime-gpu\\nVersion: {version}\\n")
    z.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr(f"{name}.dist-info/RECORD", "")
`;
  execFileSync(python, ["-I", "-c", script, folder, version]);
}

describe.skipIf(process.platform !== "linux" || process.arch !== "x64")("setting up CUDA", () => {
  let folder: string;
  let home: string;
  let worker: Awaited<ReturnType<typeof bundleWorker>>;
  const before = { ...process.env };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "errata-cuda-"));
    home = join(folder, "home");
    mkdirSync(join(folder, "wheels"));
    standIn(join(folder, "wheels"), NEEDED);
    worker = await bundleWorker("src/workers/inference.ts");
    Object.assign(process.env, { PIP_NO_INDEX: "1", PIP_FIND_LINKS: join(folder, "wheels") });
  });
  afterAll(() => {
    for (const name of ["PIP_NO_INDEX", "PIP_FIND_LINKS"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    worker.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const setUp = (more: Partial<Parameters<typeof setUpCuda>[0]> = {}) =>
    setUpCuda({ python: { explicit: python }, home, workerFile: worker.file, ...more });

  test("cancelled at once it leaves nothing behind", async () => {
    const controller = new AbortController();
    const report = ({ stage }: Progress) => {
      if (stage === "CUDA provider") setTimeout(() => controller.abort(), 400);
    };
    await expect(setUp({ signal: controller.signal, report })).rejects.toMatchObject({ name: "AbortError" });
    expect(readdirSync(home)).toEqual([]);
    expect(cudaCopy(home)).toBeUndefined();
  });

  test("brings the wheel's provider beside a copy of our onnxruntime-node, and says what is missing", async () => {
    const stages = new Set<string>();
    const state = await setUp({ report: ({ stage }) => stages.add(stage) });
    expect([...stages]).toEqual(["CUDA provider", "CUDA libraries", "Check"]);
    const copy = cudaCopy(home);
    if (!copy) throw new Error("no copy");
    expect(copy).toMatchObject({ version, source: `onnxruntime_gpu-${version}-py3-none-any.whl` });
    expect(state).toMatchObject({ folder: copy.folder, works: false });
    expect(readdirSync(home)).toEqual([`onnxruntime-node-${version}`]);
    const native = nativeFolder(copiedRuntime(copy));
    expect(readdirSync(native).sort()).toEqual([
      "libonnxruntime.so.1",
      CUDA_PROVIDER,
      "libonnxruntime_providers_shared.so",
      "onnxruntime_binding.node",
    ]);
    // The same bytes, in one place on the disk where it can be.
    const own = nativeFolder(installedRuntime().folder);
    expect(statSync(join(native, "libonnxruntime.so.1")).size).toBe(
      statSync(join(own, "libonnxruntime.so.1")).size,
    );
    expect(existsSync(join(own, CUDA_PROVIDER))).toBe(false);
    expect(await neededLibraries(join(native, CUDA_PROVIDER))).toContain(NEEDED);
    expect(state.libraries.map(({ name }) => name)).toEqual([NEEDED]);
    expect(state.troubles).toMatchObject([{ why: `a library of CUDA is missing (${NEEDED})` }]);
  });

  test("the copy is what a worker loads, and the loader's own words become the reason", async () => {
    const copy = cudaCopy(home);
    if (!copy) throw new Error("no copy");
    const environment = cudaEnvironment(copy, {});
    expect(environment).toMatchObject({ [ONNXRUNTIME]: copiedRuntime(copy), NVIDIA_TF32_OVERRIDE: "0" });
    const demo = { folder: assetFile("demo/model") };
    const answer = await probeInChild(worker.file, "cuda", demo, { environment });
    expect(answer.why).toBe("a library of CUDA is missing (libcustandin.so.13)");
    // The CPU works from the copy as from the installation, and what is mapped is the copy.
    process.env[ONNXRUNTIME] = copiedRuntime(copy);
    const client = new InferenceClient({ workerFile: worker.file, threads: 1, backend: "cpu" });
    try {
      expect(await client.load(demo)).toMatchObject({ backend: "cpu", decoding: "blocks" });
      const mapped = readFileSync(`/proc/${client.pid}/maps`, "utf8");
      expect(mapped).toContain(join(nativeFolder(copiedRuntime(copy)), "libonnxruntime.so.1"));
    } finally {
      delete process.env[ONNXRUNTIME];
      await client.dispose();
    }
  });

  test("a second time nothing is fetched; libraries that came since are found by their full name", async () => {
    const wheels = join(folder, "wheels");
    const parked = join(folder, "parked");
    execFileSync("mv", [wheels, parked]);
    const libraries = join(folder, "toolkit", "lib64");
    mkdirSync(libraries, { recursive: true });
    execFileSync("cp", [join(parked, "needed.so"), join(libraries, NEEDED)]);
    process.env.CUDA_HOME = join(folder, "toolkit");
    try {
      const state = await setUp();
      expect(state.libraries).toMatchObject([{ name: NEEDED, folder: libraries }]);
      expect(cudaCopy(home)?.libraries).toEqual([libraries]);
      const copy = cudaCopy(home);
      const path = copy && cudaEnvironment(copy, { LD_LIBRARY_PATH: "/x" }).LD_LIBRARY_PATH;
      expect(path).toBe(`${libraries}:/x`);
    } finally {
      delete process.env.CUDA_HOME;
      execFileSync("mv", [parked, wheels]);
    }
  });

  test("a Python environment that has the wheel gives it; nothing is fetched, and the environment stays as it is", async () => {
    const environment = join(folder, "environment");
    const theirs = join(environment, "bin", "python");
    execFileSync(python, ["-m", "venv", environment]);
    execFileSync(theirs, ["-m", "pip", "install", "--quiet", "--no-deps", `onnxruntime-gpu==${version}`]);
    const links = process.env.PIP_FIND_LINKS;
    process.env.PIP_FIND_LINKS = folder;
    const state = await setUp({ home: join(folder, "linked"), python: { explicit: theirs } });
    process.env.PIP_FIND_LINKS = links;
    expect(state.source).toBe(`onnxruntime-gpu ${version} of ${theirs}`);
    expect(state.libraries.map(({ name }) => name)).toEqual([NEEDED]);
    const listed = execFileSync(theirs, ["-m", "pip", "list", "--format=freeze"], { encoding: "utf8" });
    expect(listed).not.toMatch(/onnxruntime-node|nvidia/);
    expect(listed).toContain(`onnxruntime-gpu==${version}`);
  });

  test("an index without the wheel: a clear error, and nothing is left behind", async () => {
    const other = join(folder, "other");
    const links = process.env.PIP_FIND_LINKS;
    process.env.PIP_FIND_LINKS = folder;
    await expect(setUp({ home: other })).rejects.toMatchObject({
      code: "no-network",
      message: expect.stringContaining("onnxruntime-gpu"),
    });
    process.env.PIP_FIND_LINKS = links;
    expect(readdirSync(other)).toEqual([]);
  });
});

describe("what is missing, in words", () => {
  // What glibc, ONNX Runtime 1.30 and CUDA 13 really print.
  test.each([
    [
      "Failed to load library /x/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory",
      /library of CUDA is missing \(libcublasLt\.so\.13\)/,
      /says which package/,
    ],
    [
      "with error: libcuda.so.1: cannot open shared object file: No such file or directory",
      /no NVIDIA driver/,
      /Install NVIDIA's driver/,
    ],
    [
      "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1",
      /driver is too old/,
      /580 or newer/,
    ],
    [
      "CUDA failure 100: no CUDA-capable device is detected ; GPU=32",
      /sees no NVIDIA GPU/,
      /CUDA_VISIBLE_DEVICES/,
    ],
    [
      "CUDA error: no kernel image is available for execution on the device",
      /too old for the CUDA/,
      /Turing/,
    ],
    ["cuDNN library was not found", /cuDNN is missing/, /nvidia-cudnn-cu13/],
    ["CUDA failure 2: out of memory ; GPU=0 ; hostname=h", /too little free memory/, /smaller/],
    [
      "/x/libonnxruntime_providers_cuda.so: /lib/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /x/l.so)",
      /too old for the CUDA provider: it has no GLIBCXX_3\.4\.30/,
      /glibc/,
    ],
    ["with error: libvulkan.so.1: cannot open shared object file", /no Vulkan here/, /libvulkan1/],
  ])("%s", (said, why, mend) => {
    const trouble = explainCuda(said);
    expect(trouble?.why).toMatch(why);
    expect(trouble?.mend).toMatch(mend);
  });

  test("what says nothing of that kind is left alone", () => {
    expect(explainCuda("Protobuf parsing failed.")).toBeUndefined();
  });

  test("packages are named as pip knows them, by CUDA's major version", () => {
    expect(pipPackage("libcublasLt.so.13", "13")).toBe("nvidia-cublas~=13.0");
    expect(pipPackage("libcudnn.so.9", "13")).toBe("nvidia-cudnn-cu13~=9.0");
    expect(pipPackage("libcublas.so.12", "12")).toBe("nvidia-cublas-cu12~=12.0");
    expect(pipPackage("libcuda.so.1", "13")).toBeUndefined();
  });

  test("the driver comes first, libraries that no environment has after it", () => {
    const libraries = [
      { name: "libcublas.so.13", pip: "nvidia-cublas~=13.0" },
      { name: "libcudart.so.13", folder: "/x", pip: "nvidia-cuda-runtime~=13.0" },
      { name: "libcuda.so.1" },
    ];
    const troubles = troublesOf(libraries, "no", "/p/python");
    expect(troubles.map(({ why }) => why)).toEqual([
      expect.stringContaining("no NVIDIA driver"),
      expect.stringContaining("libcublas.so.13 missing"),
    ]);
    expect(troubles[1]?.mend).toMatch(/^\/p\/python -m pip install "nvidia-cublas~=13\.0"$/m);
  });

  test("this computer's own libraries are read right", async () => {
    const binding = join(nativeFolder(installedRuntime().folder), "onnxruntime_binding.node");
    if (process.platform === "linux") expect(await neededLibraries(binding)).toContain("libonnxruntime.so.1");
    expect(await neededLibraries(assetFile("package.json"))).toEqual([]);
    expect(readFileSync(binding).length).toBeGreaterThan(0);
  });
});
