import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorkspaceModels } from "../../src/inference/models.js";
import { assetFile } from "../../src/protocol/paths.js";

const EMBEDDED = assetFile("demo/model");
let workspace: string;
let models: WorkspaceModels;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "errata-models-"));
  models = new WorkspaceModels(workspace);
});
afterEach(() => {
  chmodSync(workspace, 0o755);
  rmSync(workspace, { recursive: true });
});

function runModel(run: string, card?: object): string {
  const folder = join(workspace, ".errata", "runs", run, "model");
  mkdirSync(folder, { recursive: true });
  for (const name of ["genai_config.json", "tokenizer.json", "tokenizer_config.json", "model.onnx"])
    cpSync(join(EMBEDDED, name), join(folder, name));
  if (card) {
    writeFileSync(join(folder, "errata.json"), JSON.stringify(card));
    mkdirSync(join(folder, "hf"));
    writeFileSync(join(folder, "hf", "config.json"), "{}");
  }
  return folder;
}

test("the embedded model is listed and never stored", async () => {
  expect(await models.list()).toMatchObject([
    { id: "demo-base", prompts: "demo", folder: EMBEDDED, trainable: join(EMBEDDED, "hf") },
  ]);
  expect(readdirSync(workspace)).toEqual([]);
});

test("a run's model: card read, stored relative, listed absolute, found by id and by folder", async () => {
  const card = {
    id: "run-1",
    name: "Run one",
    prompts: "demo",
    trainable: "hf",
    base: "demo-base",
    run: "r1",
  };
  const folder = runModel("r1", card);
  const added = await models.add(folder);
  expect(added).toMatchObject({ ...card, folder, trainable: join(folder, "hf") });
  const text = readFileSync(join(workspace, ".errata", "models.json"), "utf8");
  expect(text).toContain('"folder": "runs/r1/model"');
  expect(text).not.toContain(workspace);
  const again = new WorkspaceModels(workspace);
  expect(await again.get("run-1")).toEqual(added);
  expect(await again.get(folder)).toEqual(added);
  expect((await again.list()).map((m) => m.id)).toEqual(["demo-base", "run-1"]);
});

test("adding the same folder again replaces it; another one with the same id gets a number", async () => {
  const first = await models.add(runModel("r1", { id: "m" }));
  const second = await models.add(runModel("r2", { id: "m" }));
  const third = await models.add(runModel("r3", { id: "demo-base" }));
  expect([first.id, second.id, third.id]).toEqual(["m", "m-2", "demo-base-2"]);
  expect((await models.add(first.folder, { name: "New name" })).id).toBe("m");
  expect((await models.list()).map((m) => m.name)).toContain("New name");
  expect(await models.list()).toHaveLength(4);
});

test("without trainable weights a model is accepted, and the entry says so", async () => {
  const entry = await models.add(runModel("bare"));
  expect(entry.id).toBe("bare");
  expect("trainable" in entry).toBe(false);
});

test("a folder that is no model is refused, and nothing is written", async () => {
  await expect(models.add(workspace)).rejects.toMatchObject({ code: "not-a-model" });
  await expect(models.get(workspace)).rejects.toMatchObject({ code: "not-a-model" });
  await expect(models.get("nobody")).rejects.toMatchObject({ code: "unknown-model", hint: /demo-base/ });
  expect(readdirSync(workspace)).toEqual([]);
});

test("two windows that add at once lose nothing", async () => {
  const other = new WorkspaceModels(workspace);
  const folders = Array.from({ length: 8 }, (_, i) => runModel(`r${i}`));
  await Promise.all(folders.map((folder, i) => (i % 2 ? models : other).add(folder)));
  expect((await models.list()).map((m) => m.id).sort()).toEqual(
    ["demo-base", ...folders.map((_, i) => `r${i}`)].sort(),
  );
  expect(readdirSync(join(workspace, ".errata")).sort()).toEqual(["models.json", "runs"]);
});

test("another window's change is noticed", async () => {
  const other = new WorkspaceModels(workspace);
  let changes = 0;
  const stop = models.onDidChange(() => changes++);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await other.add(runModel("r1"));
  while (changes === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  stop();
});

test("a server is a model without a folder; two models of one server are two", async () => {
  const endpoint = { url: "http://127.0.0.1:8000/v1", model: "Qwen/Qwen2.5-7B-Instruct" };
  const added = await models.add("", { endpoint });
  expect(added).toMatchObject({ id: "Qwen2.5-7B-Instruct", name: endpoint.model, folder: "", endpoint });
  expect((await models.add("", { endpoint: { ...endpoint, concurrency: 4 } })).id).toBe(added.id);
  expect((await models.add("", { endpoint: { ...endpoint, model: "other" } })).id).toBe("other");
  const again = await new WorkspaceModels(workspace).get(added.id);
  expect(again).toMatchObject({ folder: "", endpoint: { concurrency: 4 } });
  expect(await models.list()).toHaveLength(3);
  await models.remove(added.id);
  expect(await models.list()).toHaveLength(2);
});

test("removing forgets the entry and keeps the folder; the embedded model stays", async () => {
  const entry = await models.add(runModel("r1"));
  await models.remove(entry.id);
  expect(await models.list()).toHaveLength(1);
  expect(readdirSync(entry.folder)).toContain("model.onnx");
  await expect(models.remove("demo-base")).rejects.toMatchObject({ code: "unknown-model" });
});

test("a damaged models.json is named, and left as it is", async () => {
  const file = join(workspace, ".errata", "models.json");
  mkdirSync(join(workspace, ".errata"));
  writeFileSync(file, '{"models": [{"id": 1}]}');
  await expect(models.list()).rejects.toMatchObject({
    code: "bad-models-file",
    message: expect.stringContaining(file),
  });
  await expect(models.add(runModel("r1"))).rejects.toMatchObject({ code: "bad-models-file" });
  expect(readFileSync(file, "utf8")).toBe('{"models": [{"id": 1}]}');
});

test("where nothing can be written, the message says so", async () => {
  // A file in the folder's place refuses also root, whom permissions do not stop.
  writeFileSync(join(workspace, ".errata"), "");
  await expect(models.add(EMBEDDED)).rejects.toMatchObject({
    message: expect.stringContaining("models.json"),
  });
});
