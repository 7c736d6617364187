import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LocalEngine } from "../../src/inference/engine.js";
import { readModelFolder } from "../../src/inference/model/folder.js";
import { listGraphs } from "../../src/inference/model/graphs.js";
import { decodeModel, encodeModel, INT64, type OnnxModel, value } from "../../src/inference/model/onnx.js";
import type { GeneratedRow } from "../../src/inference/types.js";
import { assetFile } from "../../src/protocol/paths.js";

const MODEL = assetFile("demo/model");
let folder: string;
let graph: string;

/** The embedded model as the hub would hold it. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "errata-hub-"));
  mkdirSync(join(folder, "onnx"));
  graph = join(folder, "onnx", "model.onnx");
  for (const name of ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"])
    cpSync(join(MODEL, name), join(folder, name));
  for (const name of ["config.json", "generation_config.json"])
    cpSync(join(MODEL, "hf", name), join(folder, name));
  for (const name of ["model.onnx", "model.onnx.data"]) cpSync(join(MODEL, name), join(folder, "onnx", name));
});
afterEach(() => rmSync(folder, { recursive: true }));

const edit = (name: string, change: (json: Record<string, unknown>) => void) => {
  const json = JSON.parse(readFileSync(join(folder, name), "utf8"));
  change(json);
  writeFileSync(join(folder, name), JSON.stringify(json));
};
const rewrite = (change: (model: OnnxModel) => void) => {
  const model = decodeModel(readFileSync(graph));
  change(model);
  writeFileSync(graph, encodeModel(model));
};
const addInput = (name: string) => rewrite((model) => model.graph.input.push(value(name, INT64, ["B", "S"])));

async function sample(source: string): Promise<GeneratedRow[]> {
  const engine = new LocalEngine({ backend: "cpu", threads: 1 });
  await engine.load({ folder: source });
  const rows: GeneratedRow[] = [];
  await engine.generate(
    [{ key: "p", messages: [{ role: "user", content: "Solve for $x$: $5x+4=29$" }], samples: [0, 1] }],
    { temperature: 1, topP: 1, topK: 0, maxTokens: 40, seed: 1 },
    { row: (row) => rows.push(row) },
  );
  await engine.dispose();
  return rows.sort((a, b) => a.sample - b.sample);
}

test("the same model in the hub's layout gives the same samples", async () => {
  const model = await readModelFolder(folder);
  const genai = await readModelFolder(MODEL);
  expect(model).toMatchObject({
    layers: genai.layers,
    kvHeads: genai.kvHeads,
    headSize: genai.headSize,
    vocabSize: genai.vocabSize,
    contextLength: genai.contextLength,
    bytes: genai.bytes,
    inPlace: true,
  });
  expect(model.names.past).toEqual(genai.names.past);
  expect(await sample(folder)).toEqual(await sample(MODEL));
  // The graph beside config.json is found as well.
  for (const name of ["model.onnx", "model.onnx.data"])
    cpSync(join(folder, "onnx", name), join(folder, name));
  rmSync(join(folder, "onnx"), { recursive: true });
  expect((await readModelFolder(folder)).graph).toBe(join(folder, "model.onnx"));
});

test("end tokens are those of all three files", async () => {
  edit("generation_config.json", (json) => (json.eos_token_id = [7, 8]));
  edit("config.json", (json) => (json.eos_token_id = 9));
  expect([...(await readModelFolder(folder)).endTokens].sort()).toEqual([1, 7, 8, 9]);
});

test("graphs are listed with their data, best for a CPU first; one that is named is taken", async () => {
  for (const name of ["model_int8.onnx", "model_q4.onnx", "model_q4f16.onnx", "model_quantized.onnx"])
    writeFileSync(join(folder, "onnx", name), name);
  writeFileSync(join(folder, "onnx", "model_q4.onnx_data"), "12345");
  writeFileSync(join(folder, "onnx", "model_q4.onnx_data_1"), "678");
  const graphs = await listGraphs(folder);
  expect(graphs.map(({ precision }) => precision)).toEqual(["fp32", "q4", "q4f16", "int8", "q8"]);
  expect(graphs[1]).toEqual({
    graph: "onnx/model_q4.onnx",
    precision: "q4",
    bytes: "model_q4.onnx".length + 8,
  });
  // 300 MB that take no room: past that size 4 bits are faster.
  truncateSync(join(folder, "onnx", "model.onnx.data"), 300e6);
  expect((await listGraphs(folder))[0]?.precision).toBe("q4");
  expect((await readModelFolder(folder, "onnx/model.onnx")).graph).toBe(graph);
});

describe("what cannot be used is refused, saying why", () => {
  const cases: [string, string, RegExp, () => void][] = [
    [
      "encoder-decoder",
      "bad-model",
      /encoder-decoder/,
      () => edit("config.json", (c) => (c.is_encoder_decoder = true)),
    ],
    ["half of an encoder-decoder", "bad-model", /one half/, () => addInput("encoder_hidden_states")],
    ["pictures", "bad-model", /embeddings or pictures/, () => addInput("inputs_embeds")],
    ["two models in one", "bad-model", /two models in one/, () => addInput("use_cache_branch")],
    [
      "no cache",
      "bad-model",
      /no key and value cache/,
      () => rewrite(({ graph: g }) => (g.input = g.input.slice(0, 2))),
    ],
    ["half a cache", "bad-model", /whole cache/, () => rewrite(({ graph: g }) => g.output.pop())],
    [
      "plain attention without positions",
      "bad-model",
      /position_ids/,
      () =>
        rewrite(({ graph: g }) => {
          for (const node of g.node) if (node.opType === "GroupQueryAttention") node.opType = "Softmax";
        }),
    ],
    ["no tokenizer", "no-tokenizer", /tokenizer\.json/, () => unlinkSync(join(folder, "tokenizer.json"))],
    [
      "no context length",
      "bad-model",
      /max_position_embeddings/,
      () => edit("config.json", (c) => delete c.max_position_embeddings),
    ],
    ["a truncated graph", "corrupt-model", /model\.onnx/, () => truncateSync(graph, 9000)],
    ["no graph", "not-a-model", /onnx\/model\.onnx/, () => rmSync(join(folder, "onnx"), { recursive: true })],
    [
      "weights alone",
      "not-a-model",
      /trainable weights/,
      () => {
        rmSync(join(folder, "onnx"), { recursive: true });
        writeFileSync(join(folder, "model.safetensors"), "");
      },
    ],
  ];
  test.each(cases)("%s: %s", async (_, code, message, damage) => {
    damage();
    await expect(readModelFolder(folder)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test("a graph that is not there, or outside of the folder", async () => {
    await expect(readModelFolder(folder, "onnx/model_q4.onnx")).rejects.toMatchObject({
      code: "not-a-model",
    });
    await expect(readModelFolder(folder, "../model.onnx")).rejects.toMatchObject({ code: "bad-model" });
  });
});
