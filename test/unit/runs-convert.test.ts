import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalEngine } from "../../src/inference/engine.js";
import { describeModel } from "../../src/inference/model/describe.js";
import { WorkspaceModels } from "../../src/inference/models.js";
import { readOrigin } from "../../src/inference/store.js";
import { convertModel, isTrainable } from "../../src/runs/convert.js";

const HF = resolve("demo/model/hf");
const python = resolve(".venv/bin/python");
let store: string;
beforeEach(() => {
  process.env.OMP_NUM_THREADS = "1";
  store = mkdtempSync(join(tmpdir(), "errata-convert-"));
});
afterEach(() => rmSync(store, { recursive: true, force: true }));

async function greedy(folder: string): Promise<number[]> {
  const engine = new LocalEngine({ backend: "cpu", threads: 1 });
  try {
    await engine.load({ folder });
    const rows: number[][] = [];
    const messages = [{ role: "user" as const, content: "Solve 2x + 3 = 11." }];
    const options = { temperature: 0, topP: 1, topK: 0, maxTokens: 24, seed: 0 };
    await engine.generate([{ key: "a", messages, samples: [0] }], options, {
      row: (row) => void rows.push(row.tokenIds),
    });
    return rows[0] ?? [];
  } finally {
    await engine.dispose();
  }
}

test.each(["fp32", "int4"] as const)(
  "%s: converted by the real builder, registered, decoded",
  async (precision) => {
    const stages = new Set<string>();
    const log: string[] = [];
    const report = ({ stage }: { stage: string }) => void stages.add(stage);
    const folder = await convertModel(HF, precision, {
      python,
      store,
      report,
      log: (line) => log.push(line),
    });
    expect(folder).toBe(join(store, "model", `${precision}-converted`));
    expect([...stages]).toContain(`Converting to ${precision}: layer`);
    expect(log.join("\n")).toContain("Saving ONNX model");
    expect(readdirSync(folder)).not.toContain("cache");
    expect(readdirSync(join(store, "model"))).toEqual([`${precision}-converted`]);
    expect(await readOrigin(folder)).toEqual({ convertedFrom: HF, precision });
    expect(readFileSync(join(folder, "tokenizer.json"), "utf8")).toBe(
      readFileSync(join(HF, "tokenizer.json"), "utf8"),
    );
    const entry = await new WorkspaceModels(join(store, "workspace")).add(folder);
    expect(entry).toMatchObject({ id: `model-${precision}`, trainable: HF, prompts: "demo" });
    rmSync(join(folder, "errata-origin.json"));
    expect(await describeModel(entry)).toMatchObject({ layout: "genai", precision, ours: false });
    const tokens = await greedy(folder);
    expect(tokens.length).toBeGreaterThan(8);
    // The embedded graph was exported from these weights in full precision.
    if (precision === "fp32") expect(tokens).toEqual(await greedy(resolve("demo/model")));
  },
  120_000,
);

test("cancelled: the builder and what it started are ended, and nothing is left", async () => {
  const controller = new AbortController();
  const pid = join(store, "pid");
  const slow = join(store, "python");
  writeFileSync(
    slow,
    `#!/bin/sh\necho $$ > ${pid}\nsleep 600 &\necho $! >> ${pid}\necho "Reading layer 0"\nwait\n`,
  );
  chmodSync(slow, 0o755);
  const report = ({ stage }: { stage: string }) => {
    if (stage.endsWith("layer")) controller.abort();
  };
  const work = convertModel(HF, "fp32", { python: slow, store, report, signal: controller.signal });
  await expect(work).rejects.toMatchObject({ name: "AbortError" });
  for (const one of readFileSync(pid, "utf8").trim().split("\n")) {
    const state = existsSync(`/proc/${one}/stat`)
      ? readFileSync(`/proc/${one}/stat`, "utf8").split(") ")[1]
      : "Z";
    expect(state?.[0]).toBe("Z");
  }
  expect(readdirSync(join(store, "model"))).toEqual([]);
});

test("a builder that fails: its last lines, and nothing left; no room, no weights: told before it starts", async () => {
  const broken = join(store, "broken");
  cpSync(HF, broken, { recursive: true });
  const config = JSON.parse(readFileSync(join(broken, "config.json"), "utf8"));
  writeFileSync(
    join(broken, "config.json"),
    JSON.stringify({ ...config, architectures: ["NobodysModelForCausalLM"] }),
  );
  await expect(convertModel(broken, "int4", { python, store })).rejects.toMatchObject({
    code: "conversion-failed",
    message: expect.stringContaining("NotImplementedError"),
    hint: expect.stringContaining("does not know this kind of model"),
  });
  expect(readdirSync(broken)).not.toContain("int4-converted");
  await expect(convertModel(HF, "fp32", { python, store, free: async () => 1e6 })).rejects.toMatchObject({
    code: "no-space",
  });
  await expect(convertModel(resolve("demo"), "fp32", { python, store })).rejects.toMatchObject({
    code: "not-trainable",
  });
  expect(await isTrainable(resolve("demo/model"))).toBe(false);
}, 60_000);
