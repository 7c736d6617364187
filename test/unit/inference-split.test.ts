import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EngineOptions, LocalEngine } from "../../src/inference/engine.js";
import type { GeneratedRow, GenerateJob } from "../../src/inference/types.js";
import { assetFile } from "../../src/protocol/paths.js";
import type { SamplingOptions } from "../../src/protocol/types.js";

const MODEL = assetFile("demo/model");
const OPTIONS: SamplingOptions = { temperature: 1, topP: 1, topK: 0, maxTokens: 110, seed: 3 };
const problems = readFileSync(assetFile("demo/problems/heldout.jsonl"), "utf8")
  .split("\n", 5)
  .map((line) => (JSON.parse(line) as { problem: string }).problem);

/** Lengths that differ much: rows are refilled, moved together, and their cache grows and shrinks again. */
const jobs: GenerateJob[] = problems.map((content, p) => ({
  key: String(p),
  messages: [{ role: "user", content }],
  samples: [0, 1, 2, 3],
  maxTokens: [110, 4 + p, 20, 40 + 7 * p],
}));

async function sampled(options: EngineOptions, work = jobs, sampling = OPTIONS): Promise<GeneratedRow[]> {
  const engine = new LocalEngine({ backend: "cpu", threads: 1, ...options });
  try {
    expect((await engine.load({ folder: MODEL })).decoding).toBe("blocks");
    const rows: GeneratedRow[] = [];
    await engine.generate(work, sampling, { row: (row) => rows.push(row) });
    return rows.sort((a, b) => a.key.localeCompare(b.key) || a.sample - b.sample);
  } finally {
    await engine.dispose();
  }
}
const gap = (a: GeneratedRow[], b: GeneratedRow[], of: "logprobs" | "entropies") =>
  Math.max(...a.flatMap((row, i) => (row[of] ?? []).map((x, t) => Math.abs(x - (b[i]?.[of]?.[t] ?? 99)))));

describe("split attention", () => {
  test("gives the tokens of the fused operator, log-probabilities and entropies within 1e-4", async () => {
    for (const sampling of [OPTIONS, { ...OPTIONS, temperature: 0 }]) {
      const whole = await sampled({ split: false }, jobs, sampling);
      const split = await sampled({ split: true }, jobs, sampling);
      expect(split.map((row) => row.tokenIds)).toEqual(whole.map((row) => row.tokenIds));
      expect(gap(split, whole, "logprobs")).toBeLessThan(1e-4);
      expect(gap(split, whole, "entropies")).toBeLessThan(1e-4);
    }
  });

  test("is the same to the last bit whatever shares the batch, however many tokens a call makes", async () => {
    const wanted = await sampled({ split: true });
    for (const options of [
      { slots: 1 },
      { slots: 3, turns: 1 },
      { slots: 5, turns: 4 },
      { slots: 7, turns: 8 },
    ])
      expect(await sampled({ split: true, ...options })).toEqual(wanted);
    expect(await sampled({ split: true }, jobs.slice(3))).toEqual(wanted.slice(12));
  });
});

describe.each([true, false])("prompts in chunks, attention split: %s", (split) => {
  const shared = "Work carefully, and check every step before you go on. ";
  const long: GenerateJob[] = jobs.map(({ messages, ...job }) => ({
    ...job,
    messages: messages.map((message) => ({ ...message, content: shared + message.content })),
  }));
  let wanted: GeneratedRow[];
  beforeAll(async () => {
    wanted = await sampled({ split, prefillChunk: 16 }, long);
  });

  test("a beginning shared with the prompt before is not computed again, and nothing changes by it", async () => {
    for (const at of [4, 2, 0]) {
      const alone = await sampled({ split, prefillChunk: 16 }, long.slice(at, at + 1));
      expect(alone).toEqual(wanted.slice(4 * at, 4 * at + 4));
    }
  });

  test("tokens are those of a prompt computed at once", async () => {
    const atOnce = await sampled({ split, prefillChunk: 512 }, long);
    expect(atOnce.map((row) => row.tokenIds)).toEqual(wanted.map((row) => row.tokenIds));
    expect(gap(atOnce, wanted, "logprobs")).toBeLessThan(1e-4);
  });
});

describe("entropy", () => {
  const engine = new LocalEngine({ backend: "cpu", threads: 1, block: false });
  afterAll(() => engine.dispose());

  test("of steps and blocks is the same, and no larger than that of the flat distribution", async () => {
    const { vocabSize } = await engine.load({ folder: MODEL });
    const steps: GeneratedRow[] = [];
    await engine.generate(jobs, OPTIONS, { row: (row) => steps.push(row) });
    steps.sort((a, b) => a.key.localeCompare(b.key) || a.sample - b.sample);
    const blocks = await sampled({});
    expect(gap(blocks, steps, "entropies")).toBeLessThan(1e-4);
    const all = blocks.flatMap((row) => row.entropies ?? []);
    expect(all).toHaveLength(blocks.reduce((sum, row) => sum + row.tokenIds.length, 0));
    expect(Math.min(...all)).toBeGreaterThan(-1e-5);
    expect(Math.max(...all)).toBeLessThanOrEqual(Math.log(vocabSize) + 1e-5);
  });
});
