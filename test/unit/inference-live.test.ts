import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LiveTeller, TextStream, type Watched } from "../../src/inference/decode/live.js";
import { LocalEngine } from "../../src/inference/engine.js";
import { ChatTokenizer } from "../../src/inference/model/tokenizer.js";
import type { GeneratedRow, GenerateJob, LiveText } from "../../src/inference/types.js";
import { assetFile } from "../../src/protocol/paths.js";

const FOLDER = assetFile("demo/model");
const OPTIONS = { temperature: 1, topP: 1, topK: 0, maxTokens: 110, seed: 5 };
const tokenizer = await ChatTokenizer.read(FOLDER);

/** Writes bytes: one token a byte, as byte-level tokenizers do with what they have no token for. */
const bytes = { decode: (ids: number[]) => new TextDecoder().decode(new Uint8Array(ids)) };
/** Writes a space before every word but the first, as SentencePiece does: a text depends on what stands before. */
const words = { decode: (ids: number[]) => ids.map((id) => `w${id}`).join(" ") };

function grown(decoding: { decode(ids: number[]): string }, ids: number[], steps: number[]): string[] {
  const stream = new TextStream(decoding);
  const seen: string[] = [];
  for (let at = 0, i = 0; at < ids.length; i++) {
    at = Math.min(ids.length, at + (steps[i % steps.length] ?? 1));
    stream.take(ids.slice(0, at));
    seen.push(stream.text);
  }
  return seen;
}

describe("text that comes in a few tokens at a time", () => {
  test.each([[[1]], [[2, 1, 5]], [[17]]])("is the whole text in the end, taken by %j", (steps) => {
    const text = "Löse $3(x−4)=6$ für $x$:\n∑ 🙂 = 𝔽₂\n\\boxed{6}";
    const ids = [...new TextEncoder().encode(text)];
    const seen = grown(bytes, ids, steps);
    expect(seen.at(-1)).toBe(text);
    for (const part of seen) expect(text.startsWith(part)).toBe(true);
    const demo = tokenizer.encode("Solve for $x$: $3x+5=2x-1$");
    expect(grown(tokenizer, demo, steps).at(-1)).toBe(tokenizer.decode(demo));
    expect(grown(words, [4, 5, 6, 7, 8], steps).at(-1)).toBe("w4 w5 w6 w7 w8");
  });

  test("half characters that never become whole do not hold the rest back for ever", () => {
    const ids = Array.from({ length: 400 }, () => 0xf0);
    expect(grown(bytes, ids, [3]).at(-1)?.length).toBeGreaterThan(300);
  });

  test("decodes what is new, not everything again", () => {
    let decoded = 0;
    const counting = {
      decode: (ids: number[]) => {
        decoded += ids.length;
        return words.decode(ids);
      },
    };
    const ids = Array.from({ length: 3000 }, (_, i) => i);
    grown(counting, ids, [10]);
    expect(decoded).toBeLessThan(ids.length * 4);
  });
});

describe("whom one follows", () => {
  const row = (sample: number, tokens: number[]): Watched & { tokens: number[] } => ({
    ...{ key: "p", sample, tokens },
  });
  const follow = () => {
    const clock = { now: 0 };
    const told: LiveText[] = [];
    const teller = new LiveTeller(
      words,
      (text) => told.push(text),
      () => clock.now,
    );
    return { clock, told, teller };
  };

  test("one sample until it ends, then the one that has just begun", () => {
    const { clock, told, teller } = follow();
    const [a, b, c] = [row(0, [1]), row(1, [2, 2, 2]), row(2, [3, 3])];
    teller.look([a, b]);
    a.tokens.push(1, 1, 1, 1);
    clock.now = 200;
    teller.look([a, b, c]);
    clock.now = 400;
    teller.look([undefined, b, c]);
    expect(told.map(({ sample, text, tokens }) => [sample, text, tokens])).toEqual([
      [0, "w1", 1],
      [0, "w1 w1 w1 w1 w1", 5],
      [2, "w3 w3", 2],
    ]);
  });

  test("ten times a second at most, and not when there is nothing new", () => {
    const { clock, told, teller } = follow();
    const a = row(0, [1]);
    for (; clock.now < 1000; clock.now += 5) {
      a.tokens.push(1);
      teller.look([a]);
    }
    expect(told.length).toBeGreaterThan(8);
    expect(told.length).toBeLessThanOrEqual(10);
    clock.now += 500;
    teller.look([a]);
    clock.now += 500;
    teller.look([a]);
    expect(told.at(-1)?.tokens).toBe(a.tokens.length);
    expect(told.length).toBeLessThanOrEqual(11);
  });
});

describe("live text of a real sampling", () => {
  const engine = new LocalEngine({ backend: "cpu", threads: 1, slots: 4 });
  beforeAll(async () => {
    await engine.load({ folder: FOLDER });
  });
  afterAll(() => engine.dispose());

  test("is the beginning of the text that the sample has in the end; the samples do not change by it", async () => {
    const lines = readFileSync(assetFile("demo/problems/heldout.jsonl"), "utf8").split("\n").slice(0, 40);
    const jobs: GenerateJob[] = lines.map((line, i) => ({
      ...{ key: String(i), messages: [{ role: "user", content: JSON.parse(line).problem }] },
      samples: [0, 1, 2, 3],
    }));
    const run = async (live?: LiveText[]): Promise<GeneratedRow[]> => {
      const rows: GeneratedRow[] = [];
      const on = { row: (row: GeneratedRow) => rows.push(row) };
      await engine.generate(jobs, OPTIONS, { ...on, ...(live && { live: (text) => live.push(text) }) });
      return rows.sort((a, b) => Number(a.key) - Number(b.key) || a.sample - b.sample);
    };
    const live: LiveText[] = [];
    const rows = await run(live);
    expect(live.length).toBeGreaterThan(0);
    for (const { key, sample, text, tokens } of live) {
      const ended = rows.find((row) => row.key === key && row.sample === sample);
      expect(ended?.text.startsWith(text)).toBe(true);
      expect(tokens).toBeLessThanOrEqual(ended?.tokenIds.length ?? 0);
    }
    expect(await run()).toEqual(rows);
  });
});
