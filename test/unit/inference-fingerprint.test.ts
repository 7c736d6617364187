import { cpSync, mkdirSync, mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelFingerprint } from "../../src/inference/model/fingerprint.js";
import { assetFile } from "../../src/protocol/paths.js";

test("a fingerprint follows the weights and the tokenizer, not the name or the folder", async () => {
  const folder = mkdtempSync(join(tmpdir(), "errata-model-"));
  cpSync(assetFile("demo/model"), folder, { recursive: true });
  const before = await modelFingerprint({ folder });
  expect(before).toBe(await modelFingerprint({ folder: assetFile("demo/model") }));
  writeFileSync(join(folder, "errata.json"), '{"id":"another name"}');
  expect(await modelFingerprint({ folder })).toBe(before);
  truncateSync(join(folder, "model.onnx.data"), 1000);
  expect(await modelFingerprint({ folder })).not.toBe(before);
});

test("a hub folder's follows the chosen graph and its data, and no other", async () => {
  const folder = mkdtempSync(join(tmpdir(), "errata-model-"));
  mkdirSync(join(folder, "onnx"));
  writeFileSync(join(folder, "config.json"), "{}");
  for (const name of ["model.onnx", "model.onnx_data", "model.onnx_data_1", "model_q4.onnx"])
    writeFileSync(join(folder, "onnx", name), name);
  const source = { folder, graph: "onnx/model.onnx" };
  const [chosen, q4] = [
    await modelFingerprint(source),
    await modelFingerprint({ folder, graph: "onnx/model_q4.onnx" }),
  ];
  expect(chosen).not.toBe(q4);
  // The best for a CPU: a small model in full precision.
  expect(await modelFingerprint({ folder })).toBe(chosen);
  writeFileSync(join(folder, "onnx", "model_q4.onnx"), "another");
  expect(await modelFingerprint(source)).toBe(chosen);
  writeFileSync(join(folder, "onnx", "model.onnx_data_1"), "another");
  expect(await modelFingerprint(source)).not.toBe(chosen);
});

test("a server's is its address and what it calls the model", async () => {
  const at = (url: string, model: string) => modelFingerprint({ folder: "", endpoint: { url, model } });
  expect(await at("http://a/v1", "m")).toBe(await at("http://a/v1", "m"));
  expect(await at("http://a/v1", "m")).not.toBe(await at("http://b/v1", "m"));
  expect(await at("http://a/v1", "m")).not.toBe(await at("http://a/v1", "n"));
});
