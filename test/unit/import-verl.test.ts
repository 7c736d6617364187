import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { lastUserTurn } from "../../src/exchange/import/formats/chat-text.js";
import { detectFormat } from "../../src/exchange/import/formats/index.js";
import { VERL } from "../../src/exchange/import/formats/verl.js";
import { readStart } from "../../src/exchange/import/start.js";
import { attemptsOf, log, readAll, skippedOf } from "./import-logs.fixture.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "errata-verl-"));
});
async function write(name: string, ...lines: (object | string)[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(
    file,
    lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"),
  );
  return file;
}

describe("verl's rollouts", () => {
  it("reads an older version's: grouped by input, without gold, the score as the verdict", async () => {
    const attempts = attemptsOf(await readAll(VERL, log("verl", "rollouts-old", "1.jsonl")));
    expect(attempts.map((row) => [row.problem.text, row.scores[0]?.value])).toEqual([
      ...[1, 0, 1, 0].map((score) => ["What is $17\\cdot 3$?", score]),
      ...[1, 0, 1, 0].map((score) => ["Compute $\\frac{1}{2}+\\frac{1}{3}$.", score]),
    ]);
    expect(attempts[0]).toEqual({
      ...{
        kind: "attempt",
        place: "line 1",
        set: null,
        run: "rollouts-old",
        modelId: null,
        group: "step 1",
        sample: null,
      },
      problem: { id: null, text: "What is $17\\cdot 3$?", gold: null },
      text: "Step by step, attempt 0.\n\\boxed{51}",
      ...{ finish: null, tokens: null, scores: [{ name: "score", value: 1 }] },
    });
  });
  it("reads a newer version's: gold, acc and what it read; uid tells two groups of one problem apart", async () => {
    const rows = await readAll(VERL, log("verl", "rollouts", "5.jsonl"));
    const attempts = attemptsOf(rows);
    expect(attempts).toHaveLength(9);
    expect(attempts.map((row) => row.group)).toEqual(
      [1, 2, 3].flatMap(() => ["step 5", "step 5", "step 5 (2)"]),
    );
    expect(attempts.map((row) => row.problem.gold)).toEqual(
      [1, 2, 3].flatMap(() => ["51", "\\frac{5}{6}", "51"]),
    );
    // DAPO's score is less a penalty for length: what it says of the answer is `acc`.
    expect(attempts.map((row) => row.scores)).toEqual(
      [true, false, true].flatMap((acc) =>
        ["51", "\\frac{5}{6}", "51"].map((gold) => [{ name: "acc", value: acc, answer: acc ? gold : "7" }]),
      ),
    );
    expect(attempts[0]?.problem.text).toBe("What is $17\\cdot 3$?");
    expect(attempts[0]?.text).toContain("Für u-1");
  });
  it("reads a validation dump, Python's NaN and an empty output in it", async () => {
    const attempts = attemptsOf(await readAll(VERL, log("verl", "validation", "0.jsonl")));
    expect(attempts.map((row) => [row.text, row.scores])).toEqual([
      ["48 + 24 = 72\n#### 72", [{ name: "score", value: 1 }]],
      ["48 + 48 = 96\n#### 96", [{ name: "score", value: 0 }]],
      ["", []],
    ]);
    expect(attempts[0]).toMatchObject({ run: "validation", group: "step 0", problem: { gold: "72" } });
    expect(attempts[0]?.problem.text).toMatch(/^Natalia sold .* after "####"\.$/);
  });
  it("takes -1 for wrong, several ground truths for none, a chat for its last user message", async () => {
    const input = [
      { role: "user", content: "First" },
      { role: "assistant", content: "Yes" },
      { role: "user", content: "Second" },
    ];
    const file = await write(
      "log.jsonl",
      { input, output: "a", score: -1, step: 2, gts: ["7"], data_source: "aime" },
      { input: "Q", output: "b", score: 0.5, step: 2, gts: ["7", "07"] },
    );
    const attempts = attemptsOf(await readAll(VERL, file));
    expect(attempts.map(({ problem, scores, set }) => ({ ...problem, scores, set }))).toEqual([
      { id: null, text: "Second", gold: "7", scores: [{ name: "score", value: 0 }], set: "aime" },
      { id: null, text: "Q", gold: null, scores: [{ name: "score", value: 0.5 }], set: null },
    ]);
  });
  it("says of each line that is none why, and goes on", async () => {
    const file = await write(
      "holes.jsonl",
      { input: "Q", output: "a", score: 1 },
      "{broken",
      { input: "Q", output: 7, score: 1 },
      { input: " ", output: "b", score: 1 },
      { input: [{ role: "user", content: [{ type: "image" }] }], output: "c", score: 1 },
      { input: "Q", output: "d", score: "1" },
    );
    const rows = await readAll(VERL, file);
    expect(attemptsOf(rows).map((row) => [row.text, row.scores.length])).toEqual([
      ["a", 1],
      ["d", 0],
    ]);
    const skipped = skippedOf(rows);
    expect(Object.values(skipped)).toEqual([["line 2"], ["line 3"], ["line 4"], ["line 5"]]);
    expect(Object.keys(skipped)[0]).toMatch(/^The line is not JSON/);
  });
  it("is known by its keys, also where the first line is longer than what is looked at", async () => {
    const long = await write("long.jsonl", { input: "Q", output: "x".repeat(200_000), score: 1, step: 1 });
    expect(detectFormat(await readStart(long))?.id).toBe("verl");
    const other = await write("other.jsonl", { input: "Q", output: "A" });
    expect(VERL.reads(await readStart(other))).toBe(false);
    expect(detectFormat(await readStart(log("verl", "rollouts", "5.jsonl")))?.id).toBe("verl");
  });
  it("says what each key means", async () => {
    const fields = async (...path: string[]) =>
      Object.fromEntries(
        (await VERL.fields(log("verl", ...path), {})).map(({ field, means }) => [field, means]),
      );
    expect(await fields("rollouts", "5.jsonl")).toMatchObject({
      ...{ gts: "gold answer", acc: "score of acc", request_id: "not taken", overlong: "not taken" },
      score: "not taken (acc judges the answer)",
    });
    expect(await fields("rollouts-old", "1.jsonl")).toMatchObject({ score: "score", output: "solution" });
  });
});

describe("the last user turn of a decoded chat", () => {
  const asked = "Find $x$ if\n\n$x+1=2$.";
  const cases: [template: string, text: string][] = [
    [
      "ChatML",
      `<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n`,
    ],
    [
      "ChatML, several turns",
      `<|im_start|>user\nNo<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n<think>\n`,
    ],
    ["ChatML, stripped", `system\nS\nuser\n${asked}\nassistant\n`],
    ["ChatML, stripped, several turns", `user\nNo\nassistant\nA\nuser\n${asked}\nassistant\n`],
    ["ChatML, stripped, thinking off", `user\n${asked}\nassistant\n<think>\n\n</think>\n\n`],
    [
      "Llama 3",
      `<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n${asked}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n`,
    ],
    [
      "Llama 3, stripped",
      `system\n\nCutting Knowledge Date: December 2023\n\nS.user\n\n${asked}assistant\n\n`,
    ],
    ["Llama 2", `<s>[INST] <<SYS>>\nS\n<</SYS>>\n\n${asked} [/INST]`],
    ["Gemma", `<bos><start_of_turn>user\n${asked}<end_of_turn>\n<start_of_turn>model\n`],
    ["Gemma, stripped", `user\n${asked}\nmodel\n`],
    ["Phi", `<|system|>\nS<|end|>\n<|user|>\n${asked}<|end|>\n<|assistant|>\n`],
    ["DeepSeek", `<｜begin▁of▁sentence｜>S<｜User｜>${asked}<｜Assistant｜><think>\n`],
    [
      "gpt-oss",
      `<|start|>system<|message|>S<|end|><|start|>user<|message|>${asked}<|end|><|start|>assistant`,
    ],
    ["Alpaca", `Below is a task.\n\n### Instruction:\n${asked}\n\n### Response:\n`],
    [
      "spoken",
      `A conversation between User and Assistant. The User asks.\nUser: ${asked}\nAssistant: Let me solve this.\n<think>`,
    ],
    ["question and answer", `Question: No\nAnswer: 1\n\nQuestion: ${asked}\nAnswer:`],
    ["no template", `  ${asked}\n`],
  ];
  it.each(cases)("%s", (_, text) => expect(lastUserTurn(text)).toBe(asked));

  it("takes a text whole where only a word of it looks like a role", () => {
    for (const text of [
      "Each user\n\nhas 3 apples.",
      "The assistant pays the user\n5 coins",
      "user",
      "assistant\n",
    ]) {
      expect(lastUserTurn(text)).toBe(text.trim());
    }
  });
  it("is quick with what nobody wrote", () => {
    for (const text of [
      "user\n".repeat(200_000),
      " ".repeat(500_000),
      "\nUser: ".repeat(100_000),
      "[INST] ".repeat(100_000),
    ]) {
      expect(lastUserTurn(`${text}assistant`).length).toBeLessThanOrEqual(text.length + 9);
    }
  });
});
