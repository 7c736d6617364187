import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sourceKind } from "../../src/cli/models.js";
import { type Installation, install } from "./cli.fixture.js";
import { folderContent, StandInHub } from "./hub.fixture.js";

const HF = resolve("demo/model/hf");
const ID = "errata/tiny";
let errata: Installation;
let hub: StandInHub;
let home: string;
beforeAll(async () => {
  [errata, hub] = await Promise.all([install(), StandInHub.start()]);
  home = mkdtempSync(join(tmpdir(), "errata-cli-models-"));
  process.env.HF_ENDPOINT = hub.url;
  process.env.OMP_NUM_THREADS = "1";
  hub.put(ID, {
    ...folderContent(HF),
    ...folderContent(resolve("demo/model"), "cpu/cpu-fp32"),
  });
});
afterAll(async () => {
  delete process.env.HF_ENDPOINT;
  errata.remove();
  rmSync(home, { recursive: true, force: true });
  await hub.stop();
});
const run = (...words: string[]) => errata.run([...words, "--workspace", home]);
const add = (...words: string[]) => run("models", "add", ...words, "--store", join(home, "store"));

test("the form of a source says what it is", () => {
  expect(sourceKind("demo/model", hub.url)).toBe("folder");
  expect(sourceKind("Qwen/Qwen2.5-0.5B", hub.url)).toBe("hub");
  expect(sourceKind("https://huggingface.co/Qwen/Qwen2.5-0.5B", hub.url)).toBe("hub");
  expect(sourceKind("http://127.0.0.1:8000/v1", hub.url)).toBe("server");
  expect(() => sourceKind("nothing", hub.url)).toThrow(/no folder/);
});

test("a hub model: the choice with sizes, the download, sampling with it, and its removal with its files", async () => {
  const asked = await add(ID);
  expect(asked.status).toBe(2);
  expect(asked.err).toMatch(/--graph cpu\/cpu-fp32 +\S+ [kM]B/);
  expect(asked.err).toMatch(/--convert int4\|fp32\|fp16 +\S+ [kM]B/);
  const added = await add(ID, "--graph", "cpu/cpu-fp32", "--json");
  expect(added.err).toContain("errata/tiny cpu-fp32");
  const entry = JSON.parse(added.out);
  expect(entry).toMatchObject({ id: "tiny-cpu-fp32", name: "errata/tiny cpu-fp32" });
  const problems = resolve("demo/problems/train.jsonl");
  const few = ["--limit", "1", "--group", "2", "--max-tokens", "20", "--json"];
  const sampled = await run("sample", problems, "--model", entry.id, ...few);
  expect(JSON.parse(sampled.out)).toMatchObject({ made: 2 });
  const listed = await run("models");
  expect(listed.out).toMatch(/^tiny-cpu-fp32 +fp32 · \S+ [kM]B/m);
  expect((await run("models", "remove", "demo-base")).status).toBe(1);
  const removed = await run("models", "remove", entry.id, "--files");
  expect(removed).toMatchObject({ status: 0, out: expect.stringContaining("files were deleted") });
  expect(existsSync(entry.folder)).toBe(false);
}, 60_000);

test("the hub's own layout: one graph with its data, sampled from as it came", async () => {
  const [graph, data] = ["model.onnx", "model.onnx.data"].map((name) =>
    readFileSync(join("demo/model", name)),
  );
  const beside = Object.entries(folderContent(HF)).filter(([path]) => !path.endsWith(".safetensors"));
  const onnx = { "onnx/model.onnx": graph as Buffer, "onnx/model.onnx.data": data as Buffer };
  hub.put("errata/hub-style", { ...Object.fromEntries(beside), ...onnx });
  const entry = JSON.parse((await add("errata/hub-style", "--json")).out);
  expect(entry).toMatchObject({ id: "hub-style-fp32", graph: "onnx/model.onnx" });
  const few = ["--limit", "1", "--group", "2", "--max-tokens", "20", "--json"];
  const sampled = await run("sample", resolve("demo/problems/train.jsonl"), "--model", entry.id, ...few);
  expect(JSON.parse(sampled.out)).toMatchObject({ made: 2 });
  expect((await run("models", "remove", entry.id, "--files")).status).toBe(0);
}, 60_000);

test("a folder of one's own is added and never deleted; trainable weights must be converted", async () => {
  const added = JSON.parse((await add("demo/model", "--name", "mine", "--json")).out);
  expect(added).toMatchObject({ id: "mine", folder: join(errata.folder, "demo/model") });
  const refused = await run("models", "remove", "mine", "--files");
  expect(refused).toMatchObject({ status: 1, err: expect.stringContaining("stay") });
  expect(JSON.parse((await run("models", "--json")).out)).toHaveLength(2);
  expect((await run("models", "remove", "mine")).status).toBe(0);
  expect(existsSync(join(added.folder, "model.onnx"))).toBe(true);
  expect(await add(HF)).toMatchObject({ status: 2, err: expect.stringContaining("--convert int4") });
});

test("trainable weights of the hub, converted on the way", async () => {
  const entry = JSON.parse((await add(ID, "--convert", "int4", "--json")).out);
  expect(entry).toMatchObject({ id: "tiny-int4", trainable: join(home, "store/errata--tiny/weights") });
  const [, row] = JSON.parse((await run("models", "--json")).out);
  expect(row).toMatchObject({ id: "tiny-int4", precision: "int4", ours: true, layout: "genai" });
  expect((await run("models", "remove", "tiny-int4", "--files")).status).toBe(0);
  expect(existsSync(join(home, "store/errata--tiny"))).toBe(false);
}, 60_000);
