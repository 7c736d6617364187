import { cpSync, mkdtempSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelFingerprint } from "../../src/inference/fingerprint.js";
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
