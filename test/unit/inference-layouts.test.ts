import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { floatsOf, loadRuntime } from "../../src/inference/backend/runtime.js";
import { type EngineOptions, LocalEngine } from "../../src/inference/engine.js";
import { readModelFolder } from "../../src/inference/model/folder.js";
import type { GeneratedRow, GenerateJob } from "../../src/inference/types.js";
import type { ModelSource, SamplingOptions } from "../../src/protocol/types.js";
import { buildLayouts, type Layouts, withPython } from "./layouts.fixture.js";

const CPU: EngineOptions = { backend: "cpu", threads: 1, slots: 5 };
const GREEDY: SamplingOptions = { temperature: 0, topP: 1, topK: 0, maxTokens: 24, seed: 3 };

async function run(engine: LocalEngine, jobs: GenerateJob[], options: Partial<SamplingOptions> = {}) {
  const rows: GeneratedRow[] = [];
  await engine.generate(jobs, { ...GREEDY, ...options }, { row: (row) => rows.push(row) });
  return rows.sort((a, b) => a.key.localeCompare(b.key) || a.sample - b.sample);
}

/** Logits after a prompt, from the model's own graph and ONNX Runtime alone. */
async function logitsOf(folder: string, tokens: number[]): Promise<number[]> {
  const runtime = loadRuntime();
  const { names, graph, kvHeads, headSize, vocabSize } = await readModelFolder(folder);
  const session = await runtime.InferenceSession.create(graph, { intraOpNumThreads: 1 });
  const int64 = (numbers: number[]) =>
    new runtime.Tensor("int64", BigInt64Array.from(numbers, BigInt), [1, numbers.length]);
  const empty = () => new runtime.Tensor("float32", new Float32Array(0), [1, kvHeads, 0, headSize]);
  const output = await session.run({
    [names.inputIds]: int64(tokens),
    [names.attentionMask]: int64(tokens.map(() => 1)),
    ...Object.fromEntries(names.past.map((name) => [name, empty()])),
  });
  const logits = [...floatsOf(output[names.logits]).slice(-vocabSize)];
  await session.release();
  return logits;
}

/** Probabilities after temperature, top-k and top-p in this order, as transformers' warpers define them. */
function distribution(logits: number[], { temperature, topK, topP }: SamplingOptions): number[] {
  const normal = (weights: number[]) => {
    const total = weights.reduce((sum, w) => sum + w, 0);
    return weights.map((w) => w / total);
  };
  const scaled = logits.map((logit) => logit / temperature);
  const most = Math.max(...scaled);
  const all = scaled.map((x) => Math.exp(x - most));
  const order = all.map((_, token) => token).sort((a, b) => (all[b] ?? 0) - (all[a] ?? 0));
  const inK = new Set(order.slice(0, topK || order.length));
  const cut = normal(all.map((w, token) => (inK.has(token) ? w : 0)));
  let before = 0;
  const inP = new Set<number>();
  for (const token of order) {
    if (before >= topP) break;
    inP.add(token);
    before += cut[token] ?? 0;
  }
  return normal(cut.map((p, token) => (inP.has(token) ? p : 0)));
}

/**
 * Pearson's chi-square of counts against probabilities, as standard deviations from its mean (Wilson and Hilferty
 * 1931); tokens of which fewer than 5 are expected count as one. Infinite when an impossible token was drawn.
 */
function surprise(tokens: number[], probabilities: number[]): number {
  const counts = probabilities.map(() => 0);
  for (const token of tokens) counts[token] = (counts[token] ?? 0) + 1;
  const bins: [number, number][] = [];
  let rest: [number, number] = [0, 0];
  for (const [token, p] of probabilities.entries()) {
    const [wanted, got] = [p * tokens.length, counts[token] ?? 0];
    if (p === 0 && got > 0) return Number.POSITIVE_INFINITY;
    if (wanted >= 5) bins.push([wanted, got]);
    else rest = [rest[0] + wanted, rest[1] + got];
  }
  if (rest[0] >= 5) bins.push(rest);
  const chi = bins.reduce((sum, [wanted, got]) => sum + (got - wanted) ** 2 / wanted, 0);
  const k = bins.length - 1;
  expect(k).toBeGreaterThan(1);
  return (Math.cbrt(chi / k) - (1 - 2 / (9 * k))) / Math.sqrt(2 / (9 * k));
}

describe.skipIf(!withPython)("models of every layout against transformers", { timeout: 120_000 }, () => {
  let layouts: Layouts;
  beforeAll(() => {
    layouts = buildLayouts();
  }, 180_000);
  afterAll(() => rmSync(layouts.folder, { recursive: true, force: true }));

  const jobs = (samples = [0]): GenerateJob[] =>
    layouts.chats.map((messages, i) => ({ key: `p${i}`, messages, samples }));
  const engineFor = async (source: ModelSource, options: EngineOptions = {}) => {
    const engine = new LocalEngine({ ...CPU, ...options });
    const info = await engine.load({ ...source, folder: join(layouts.folder, source.folder) });
    return { engine, info };
  };

  /** Greedy tokens as the reference has them, figures within `tolerance`; from a near-tie on nothing is compared. */
  const compare = (rows: GeneratedRow[], family: string, tolerance: number, clear = 0) => {
    expect(rows).toHaveLength(layouts.chats.length);
    for (const [i, wanted] of (layouts.families[family] ?? []).entries()) {
      const near = wanted.margins.findIndex((margin) => margin < clear);
      const n = near < 0 ? wanted.tokens.length : near;
      const row = rows[i];
      expect(row?.promptTokens).toBe(wanted.prompt.length);
      expect(row?.tokenIds.slice(0, n)).toEqual(wanted.tokens.slice(0, n));
      if (near < 0) expect(row?.tokenIds).toHaveLength(n);
      for (let t = 0; t < n; t++) {
        expect(Math.abs((wanted.logprobs[t] ?? 0) - (row?.logprobs[t] ?? 9))).toBeLessThan(tolerance);
        expect(Math.abs((wanted.entropies[t] ?? 0) - (row?.entropies?.[t] ?? 9))).toBeLessThan(tolerance);
      }
    }
  };

  describe.each(["qwen2", "llama", "qwen3"])("%s", (family) => {
    // 8 prompts of different lengths on 5 slots: ragged batches, refill and compaction.
    test.each<[string, ModelSource, EngineOptions, "blocks" | "steps"]>([
      ["genai, blocks", { folder: "genai" }, { split: false }, "blocks"],
      ["genai, split attention", { folder: "genai" }, { split: true }, "blocks"],
      ["genai, steps", { folder: "genai" }, { block: false }, "steps"],
      ["genai int4", { folder: "genai-int4" }, { split: true }, "blocks"],
      ["hub with position_ids", { folder: "hub" }, { split: false }, "blocks"],
      ["hub with position_ids, split attention", { folder: "hub" }, { split: true }, "blocks"],
      ["hub with position_ids, steps", { folder: "hub" }, { block: false }, "steps"],
      ["hub q4 with num_logits_to_keep", { folder: "hub", graph: "onnx/model_q4.onnx" }, {}, "blocks"],
      [
        "hub q4 with num_logits_to_keep, steps",
        { folder: "hub", graph: "onnx/model_q4.onnx" },
        { block: false },
        "steps",
      ],
      ["hub, attention in plain operators", { folder: "old" }, {}, "steps"],
    ])("%s: greedy tokens equal, log-probabilities within 1e-4", async (_, source, options, decoding) => {
      const { engine, info } = await engineFor({ ...source, folder: join(family, source.folder) }, options);
      expect(info.decoding).toBe(decoding);
      compare(await run(engine, jobs()), family, 1e-4);
      await engine.dispose();
    });

    test.each([
      ["blocks", {}],
      // Split attention is float32's: it is asked for and not taken.
      ["blocks", { split: true }],
      ["steps", { block: false }],
    ])("hub fp16 in %s (%o): equal where half precision can tell", async (decoding, options) => {
      const source = { folder: join(family, "hub"), graph: "onnx/model_fp16.onnx" };
      const { engine, info } = await engineFor(source, options);
      expect(info.decoding).toBe(decoding);
      compare(await run(engine, jobs()), family, 0.1, 0.3);
      await engine.dispose();
    });

    test("prompts in chunks, and any number of turns a call, change nothing", async () => {
      for (const options of [{ prefillChunk: 16 }, { turns: 1 }, { turns: 2 }, { turns: 5 }, { slots: 3 }])
        for (const split of [true, false]) {
          const { engine } = await engineFor({ folder: join(family, "genai") }, { ...options, split });
          compare(await run(engine, jobs()), family, 1e-4);
          await engine.dispose();
        }
      for (const source of [{ folder: "old" }, { folder: "hub", graph: "onnx/model_q4.onnx" }]) {
        const options = { prefillChunk: 16, slots: 3 };
        const { engine } = await engineFor({ ...source, folder: join(family, source.folder) }, options);
        compare(await run(engine, jobs()), family, 1e-4);
        await engine.dispose();
      }
    });

    test("a beginning shared with the prompt before changes nothing, in every decoder", async () => {
      const shared = "Solve for $x$, and check every step: ";
      const long = jobs().map(({ messages, ...job }) => ({
        ...job,
        messages: messages.map((message) => ({ ...message, content: shared + message.content })),
      }));
      for (const [source, how] of [
        [{ folder: "genai" }, { split: true }],
        [{ folder: "genai" }, { split: false }],
        [{ folder: "genai" }, { block: false }],
        [{ folder: "hub", graph: "onnx/model_fp16.onnx" }, {}],
        [{ folder: "old" }, {}],
      ] as const) {
        const { engine } = await engineFor(
          { ...source, folder: join(family, source.folder) },
          { ...how, prefillChunk: 16 },
        );
        const together = await run(engine, long);
        for (const [i, job] of long.entries())
          expect((await run(engine, [job]))[0]?.tokenIds).toEqual(together[i]?.tokenIds);
        await engine.dispose();
      }
    });

    test("same seed, same tokens: whatever shares the batch, in every decoder", async () => {
      const options = { temperature: 1.5, topP: 0.95, topK: 40 };
      const all: number[][][] = [];
      for (const [folder, how] of [
        ["genai", { split: true }],
        ["genai", { split: false }],
        ["genai", { block: false }],
        ["genai-int4", {}],
        ["hub", {}],
        ["old", {}],
      ] as const) {
        const { engine } = await engineFor({ folder: join(family, folder) }, how);
        const together = await run(engine, jobs([0, 1, 2]), options);
        expect(await run(engine, jobs([0, 1, 2]), options)).toEqual(together);
        const one = jobs([2])[3];
        const alone = one && (await run(engine, [one], options));
        const wanted = together.find(({ key, sample }) => key === "p3" && sample === 2);
        // Holes in the mask round the last bit: there the tokens alone are the same.
        if (folder === "old") expect(alone?.[0]?.tokenIds).toEqual(wanted?.tokenIds);
        else expect(alone?.[0]).toEqual(wanted);
        all.push(together.map(({ tokenIds }) => tokenIds));
        await engine.dispose();
      }
      for (const tokens of all) expect(tokens).toEqual(all[0]);
    });
  });

  // The seed decides: a test that passes, passes always. The prompt's own logits make the first token, outside of the
  // block; the second is the decoder's.
  test.each<[string, Partial<SamplingOptions>]>([
    ["temperature 1", { temperature: 1 }],
    ["temperature 0.7", { temperature: 0.7 }],
    ["temperature 2", { temperature: 2 }],
    ["top-k 5", { temperature: 1.5, topK: 5 }],
    ["top-p 0.8", { temperature: 1.5, topP: 0.8 }],
    ["top-k 30 and top-p 0.9", { temperature: 2.5, topK: 30, topP: 0.9 }],
  ])("samples are distributed as they should be: %s", async (_, more) => {
    const options = { ...GREEDY, maxTokens: 2, ...more };
    const folder = join(layouts.folder, "llama", "genai");
    const prompt = layouts.families.llama?.[1]?.prompt ?? [];
    const [job] = jobs(Array.from({ length: 3000 }, (_, i) => i)).slice(1);
    if (!job) throw new Error("no chat");
    for (const block of [true, false]) {
      const { engine } = await engineFor({ folder: "llama/genai" }, { block, split: true, slots: 32 });
      const drawn = (await run(engine, [job], options)).map(({ tokenIds }) => tokenIds);
      await engine.dispose();
      const first = await logitsOf(folder, prompt);
      const firsts = drawn.map(([token = -1]) => token);
      expect(surprise(firsts, distribution(first, options))).toBeLessThan(4);
      // A temperature that is a little wrong would be noticed.
      const wrong = { ...options, temperature: 1.25 * options.temperature };
      expect(surprise(firsts, distribution(first, wrong))).toBeGreaterThan(4);
      // After the commonest first token that is no end.
      const count = (token: number) => firsts.filter((t) => t === token).length;
      const [common = -1] = [...new Set(firsts)]
        .filter((token) => drawn.some((tokens) => tokens.length === 2 && tokens[0] === token))
        .sort((a, b) => count(b) - count(a));
      const seconds = drawn.filter(([token]) => token === common).map(([, token = -1]) => token);
      const second = await logitsOf(folder, [...prompt, common]);
      expect(surprise(seconds, distribution(second, options))).toBeLessThan(4);
    }
  });
});
