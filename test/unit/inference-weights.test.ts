import {
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sessionOptions } from "../../src/inference/backend/providers.js";
import { defaultThreads } from "../../src/inference/backend/threads.js";
import { checkWeights } from "../../src/inference/model/weights.js";
import { assetFile } from "../../src/protocol/paths.js";

const MODEL = assetFile("demo/model");
let folder: string;
let graph: string;
let data: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "errata-weights-"));
  graph = join(folder, "model.onnx");
  data = join(folder, "model.onnx.data");
  for (const name of ["model.onnx", "model.onnx.data"]) cpSync(join(MODEL, name), join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("whole data files pass; one byte less is told, with the file and both sizes", async () => {
  await checkWeights(graph);
  const { size } = statSync(data);
  truncateSync(data, size - 1);
  await expect(checkWeights(graph)).rejects.toMatchObject({
    code: "corrupt-model",
    message: expect.stringMatching(`^${data} is cut short: it has ${size - 1} bytes, \\S+ ends at ${size}$`),
    hint: expect.stringContaining("not finished"),
  });
});

test("missing data, and a pointer to it, are told apart", async () => {
  writeFileSync(data, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 896512\n");
  await expect(checkWeights(graph)).rejects.toMatchObject({
    message: `${data} is a Git LFS pointer, not the file itself`,
  });
  rmSync(data);
  await expect(checkWeights(graph)).rejects.toMatchObject({
    message: `The weights ${data} are missing; ${graph} refers to them`,
  });
});

test("a graph that reaches outside of its folder is refused", async () => {
  // The location is a string with its length in front: another of the same length keeps the file whole.
  const evil = "../../etc/hosts";
  expect(evil).toHaveLength("model.onnx.data".length);
  writeFileSync(graph, readFileSync(graph, "latin1").replaceAll("model.onnx.data", evil), "latin1");
  await expect(checkWeights(graph)).rejects.toMatchObject({
    code: "corrupt-model",
    message: expect.stringContaining("outside of its folder: ../../etc/hosts"),
  });
});

test("a damaged graph is left to ONNX Runtime, and one without external data passes", async () => {
  renameSync(data, join(folder, "elsewhere"));
  truncateSync(graph, 100);
  await checkWeights(graph);
});

test("each provider is asked for with its own options, the CPU behind it", () => {
  expect(sessionOptions("cpu", 2)).toMatchObject({ executionProviders: ["cpu"], intraOpNumThreads: 2 });
  expect(sessionOptions("cuda", 1, "/m")).toMatchObject({
    executionProviders: [{ name: "cuda", deviceId: 0 }, "cpu"],
    extra: {
      session: {
        use_device_allocator_for_initializers: "1",
        model_external_initializers_file_folder_path: "/m",
      },
    },
  });
  expect(sessionOptions("dml", 1).enableMemPattern).toBe(false);
  expect(sessionOptions("webgpu", 1).executionProviders).toEqual(["webgpu", "cpu"]);
});

test("a small model takes one thread, a larger one no more than there are cores", async () => {
  expect(await defaultThreads(1e6)).toBe(1);
  const threads = await defaultThreads(1e9);
  expect(threads).toBeGreaterThanOrEqual(1);
  expect(threads).toBeLessThanOrEqual((await import("node:os")).availableParallelism());
});
