import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LocalEngine } from "../../src/inference/engine.js";
import type { GeneratedRow, GenerateJob } from "../../src/inference/types.js";
import { assetFile } from "../../src/protocol/paths.js";
import type { ChatMessage, SamplingOptions } from "../../src/protocol/types.js";

interface Fixture {
  weights: string;
  newTokens: number;
  rows: { messages: ChatMessage[]; prompt: number[]; tokens: number[]; logprobs: number[] }[];
}
const MODEL = assetFile("demo/model");
const fixture = JSON.parse(readFileSync(assetFile("test/fixtures/decode.json"), "utf8")) as Fixture;
const PLAIN: SamplingOptions = { temperature: 1, topP: 1, topK: 0, maxTokens: 60, seed: 11 };

/** Rows in a fixed order, whatever order they were reported in. */
async function run(
  engine: LocalEngine,
  jobs: GenerateJob[],
  options: Partial<SamplingOptions> = {},
  signal?: AbortSignal,
): Promise<GeneratedRow[]> {
  const rows: GeneratedRow[] = [];
  await engine.generate(jobs, { ...PLAIN, ...options }, { row: (row) => rows.push(row) }, signal);
  return rows.sort((a, b) => a.key.localeCompare(b.key) || a.sample - b.sample);
}
const jobs = (samples: number[]): GenerateJob[] =>
  fixture.rows.map(({ messages }, i) => ({ key: `p${i}`, messages, samples }));

describe.each([
  ["blocks", true],
  ["steps", false],
] as const)("decoding the embedded model in %s", (decoding, block) => {
  const engine = new LocalEngine({ backend: "cpu", threads: 1, slots: 5, block });
  beforeAll(async () => {
    const digest = createHash("sha256")
      .update(readFileSync(join(MODEL, "hf/model.safetensors")))
      .digest("hex");
    expect(digest, "demo/model changed: run .venv/bin/python test/fixtures/decode.py").toBe(fixture.weights);
    expect((await engine.load({ folder: MODEL })).decoding).toBe(decoding);
  });
  afterAll(() => engine.dispose());

  test("prompt tokens and greedy tokens are those of PyTorch, log-probabilities within 1e-4", async () => {
    // 8 prompts of different lengths on 5 slots: ragged batches, refill and compaction.
    const rows = await run(engine, jobs([0]), { temperature: 0, maxTokens: fixture.newTokens });
    expect(rows).toHaveLength(fixture.rows.length);
    for (const [i, wanted] of fixture.rows.entries()) {
      expect((await engine.preview(wanted.messages)).tokens.map((t) => t.id)).toEqual(wanted.prompt);
      const row = rows[i];
      expect(row?.tokenIds).toEqual(wanted.tokens);
      const worst = Math.max(
        ...wanted.logprobs.map((p, t) => Math.abs(p - (row?.logprobs[t] ?? Number.NaN))),
      );
      expect(worst).toBeLessThan(1e-4);
    }
  });

  test("a sample is the same alone, in a full batch, and on another number of slots", async () => {
    const together = await run(engine, jobs([0, 1, 2]));
    expect(await run(engine, jobs([0, 1, 2]))).toEqual(together);
    const wide = new LocalEngine({ backend: "cpu", threads: 1, slots: 16, block });
    await wide.load({ folder: MODEL });
    expect(await run(wide, jobs([0, 1, 2]))).toEqual(together);
    await wide.dispose();
    for (const job of jobs([2]).slice(0, 4)) {
      const [alone] = await run(engine, [job]);
      expect(alone).toEqual(together.find((row) => row.key === job.key && row.sample === 2));
    }
    expect((await run(engine, jobs([0, 1, 2]), { seed: 12 })).map((r) => r.text)).not.toEqual(
      together.map((r) => r.text),
    );
  });

  test("samples of one prompt differ, and text is the tokens without the end token", async () => {
    const rows = await run(engine, jobs([0, 1, 2, 3]), { temperature: 2 });
    for (const { key } of jobs([])) {
      const group = rows.filter((row) => row.key === key);
      expect(new Set(group.map((row) => row.tokenIds.join())).size).toBeGreaterThan(1);
    }
    for (const row of rows) {
      expect(row.logprobs).toHaveLength(row.tokenIds.length);
      expect(row.text).not.toContain("<eos>");
      expect(row.finish).toBe(row.tokenIds.at(-1) === 1 ? "stop" : "length");
      if (row.finish === "length") expect(row.tokenIds).toHaveLength(PLAIN.maxTokens);
    }
  });

  test("text ends before the first stop string, as soon as it is complete", async () => {
    const free = await run(engine, jobs([0, 1]));
    // Two characters that stand in one of the texts, but not at its start.
    const sample = free.find((r) => r.text.length > 20)?.text ?? "";
    const stop = sample.slice(9, 12);
    const stopped = await run(engine, jobs([0, 1]), { stop: [stop, "never in there"] });
    for (const [i, row] of stopped.entries()) {
      const whole = free[i];
      const at = whole?.text.indexOf(stop) ?? -1;
      expect(row.text).toBe(at < 0 ? whole?.text : whole?.text.slice(0, at));
      expect(row.tokenIds).toEqual(whole?.tokenIds.slice(0, row.tokenIds.length));
      if (at >= 0) expect(row.finish).toBe("stop");
    }
    expect(stopped.some((row, i) => row.tokenIds.length < (free[i]?.tokenIds.length ?? 0))).toBe(true);
  });

  test("abort ends within a step; finished rows were reported", async () => {
    const controller = new AbortController();
    const done: GeneratedRow[] = [];
    let after = 0;
    const work = engine.generate(
      jobs(Array.from({ length: 40 }, (_, i) => i)),
      PLAIN,
      {
        row: (row) => {
          done.push(row);
          if (done.length === 5) controller.abort(new Error("enough"));
        },
        progress: () => {
          if (controller.signal.aborted) after++;
        },
      },
      controller.signal,
    );
    await expect(work).rejects.toThrow("enough");
    expect(done.length).toBeGreaterThanOrEqual(5);
    expect(after).toBeLessThanOrEqual(1);
    // The engine still works.
    expect(await run(engine, jobs([0]))).toHaveLength(fixture.rows.length);
  });

  test("a prompt longer than the context is refused before any work", async () => {
    const long = { key: "long", messages: [{ role: "user", content: "x+".repeat(200) }], samples: [0] };
    const rows: GeneratedRow[] = [];
    const work = engine.generate([...jobs([0]), long as GenerateJob], PLAIN, { row: (r) => rows.push(r) });
    await expect(work).rejects.toMatchObject({ code: "context-exceeded" });
    expect(rows).toEqual([]);
  });

  test("an answer ends where the context is full", async () => {
    const content = "x+".repeat(120);
    const [row] = await run(engine, [{ key: "k", messages: [{ role: "user", content }], samples: [0] }], {
      maxTokens: 100,
    });
    expect((row?.promptTokens ?? 0) + (row?.tokenIds.length ?? 0)).toBeLessThanOrEqual(256);
  });

  test("options that make no sense are refused", async () => {
    for (const bad of [{ temperature: -1 }, { topP: 0 }, { topK: 1.5 }, { maxTokens: 0 }])
      await expect(run(engine, jobs([0]), bad)).rejects.toMatchObject({ code: "bad-options" });
  });
});

test("blocks and steps make the same samples, whatever is cut off", async () => {
  const [blocks, steps] = await Promise.all(
    [true, false].map(async (block) => {
      const engine = new LocalEngine({ backend: "cpu", threads: 1, block });
      await engine.load({ folder: MODEL });
      return engine;
    }),
  );
  if (!blocks || !steps) throw new Error("no engine");
  for (const options of [
    {},
    { topK: 5 },
    { topP: 0.8 },
    { temperature: 2, topK: 30, topP: 0.9 },
    { temperature: 0 },
  ]) {
    const wanted = await run(steps, jobs([0, 1, 2]), options);
    const got = await run(blocks, jobs([0, 1, 2]), options);
    expect(got.map((r) => r.tokenIds)).toEqual(wanted.map((r) => r.tokenIds));
    const gap = got.flatMap((r, i) => r.logprobs.map((p, t) => Math.abs(p - (wanted[i]?.logprobs[t] ?? 99))));
    expect(Math.max(...gap)).toBeLessThan(1e-4);
  }
  await Promise.all([blocks.dispose(), steps.dispose()]);
});

describe("damaged folders", () => {
  let folder: string;
  const load = () => new LocalEngine({ backend: "cpu", threads: 1 }).load({ folder });
  const copy = () => {
    folder = mkdtempSync(join(tmpdir(), "errata-model-"));
    cpSync(MODEL, folder, { recursive: true });
  };
  const edit = (name: string, change: (json: { model: Record<string, unknown> }) => void) => {
    const json = JSON.parse(readFileSync(join(folder, name), "utf8"));
    change(json);
    writeFileSync(join(folder, name), JSON.stringify(json));
  };
  const cases: [string, string, RegExp, () => void][] = [
    [
      "no configuration",
      "not-a-model",
      /genai_config\.json is missing/,
      () => rmSync(join(folder, "genai_config.json")),
    ],
    [
      "no tokenizer",
      "no-tokenizer",
      /tokenizer\.json is missing/,
      () => rmSync(join(folder, "tokenizer.json")),
    ],
    ["no graph", "not-a-model", /model\.onnx is missing/, () => rmSync(join(folder, "model.onnx"))],
    [
      "an empty graph",
      "corrupt-model",
      /model\.onnx is empty/,
      () => truncateSync(join(folder, "model.onnx")),
    ],
    [
      "a truncated graph",
      "corrupt-model",
      /model\.onnx/,
      () => truncateSync(join(folder, "model.onnx"), 9000),
    ],
    [
      "truncated weights",
      "corrupt-model",
      /model\.onnx/,
      () => truncateSync(join(folder, "model.onnx.data"), 9000),
    ],
    ["missing weights", "corrupt-model", /model\.onnx/, () => rmSync(join(folder, "model.onnx.data"))],
    [
      "broken JSON",
      "bad-model",
      /genai_config\.json/,
      () => writeFileSync(join(folder, "genai_config.json"), "{"),
    ],
    [
      "another tokenizer",
      "vocab-mismatch",
      /143/,
      () => edit("genai_config.json", (c) => (c.model.vocab_size = 100)),
    ],
    [
      "another vocabulary",
      "vocab-mismatch",
      /143/,
      () => edit("genai_config.json", (c) => (c.model.vocab_size = 200)),
    ],
    [
      "no chat template",
      "no-chat-template",
      /chat template/,
      () => rmSync(join(folder, "chat_template.jinja")),
    ],
    [
      "a pointer",
      "corrupt-model",
      /Git LFS/,
      () => writeFileSync(join(folder, "model.onnx"), "version https://git-lfs.github.com/spec/v1\n"),
    ],
  ];
  test.each(cases)("%s: %s", async (_, code, message, damage) => {
    copy();
    damage();
    await expect(load()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    rmSync(folder, { recursive: true });
  });

  test("several end tokens end a text", async () => {
    copy();
    edit("genai_config.json", (c) => (c.model.eos_token_id = [1, 10, 11]));
    const engine = new LocalEngine({ backend: "cpu", threads: 1 });
    await engine.load({ folder });
    const rows = await run(engine, jobs([0, 1, 2, 3]));
    const ends = new Set(rows.filter((r) => r.finish === "stop").map((r) => r.tokenIds.at(-1)));
    expect([...ends].filter((end) => end === 10 || end === 11).length).toBeGreaterThan(0);
    for (const row of rows) expect(row.tokenIds.slice(0, -1).some((t) => t === 10 || t === 11)).toBe(false);
    await engine.dispose();
    rmSync(folder, { recursive: true });
  });
});
