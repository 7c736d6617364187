import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Distinct } from "../../src/exchange/import/distinct.js";
import { importFile, previewImport } from "../../src/exchange/import/index.js";
import { builtGrader } from "./grading.fixture.js";
import { open, workspace } from "./pool.fixture.js";

const { grader } = builtGrader();

const row = (i: number, text: string): string =>
  JSON.stringify({
    question: `What is ${i} + ${i}?`,
    answer: String(2 * i),
    response: text,
    correct: i % 2 === 0,
  });

function log(folder: string, name = "log.jsonl", problems = 3, group = 4): string {
  const lines: string[] = [];
  for (let i = 0; i < problems; i++) {
    for (let s = 0; s < group; s++) lines.push(row(i, `It is \\boxed{${s % 2 === 0 ? 2 * i : s}}.`));
  }
  const file = join(folder, name);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

test("a table of attempts becomes groups that our grader judged; the log's own word is an opinion", async () => {
  const folder = workspace();
  const file = log(folder);
  const pool = await open(folder);
  const preview = await previewImport(file, { pool });
  expect(preview).toMatchObject({
    ...{ complete: true, problems: 3, attempts: 12, groups: 3, largestGroup: 4, trouble: null, stored: null },
    mapping: { chosen: { problem: "question", gold: "answer", text: "response", score: "correct" } },
  });
  const result = await importFile(pool, file, { grader: grader() });
  expect(result).toMatchObject({ format: "jsonl", problems: 3, attempts: 12, opinions: 12, skipped: 0 });
  expect(await pool.stats()).toMatchObject({ problems: 3, attempts: 12, correct: 6, incorrect: 6 });
  const [attempt] = await pool.attempts({ scope: "all" }, { limit: 1 });
  const detail = await pool.detail(attempt?.id ?? 0);
  expect(detail).toMatchObject({ group: 4, problem: { set: "log" }, attempt: { modelId: "log" } });
});

test("the same file, renamed or not, adds nothing; a file that grew goes on", async () => {
  const folder = workspace();
  const pool = await open(folder);
  await importFile(pool, log(folder), { grader: grader() });
  const again = await importFile(pool, log(folder, "copy.jsonl"), { grader: grader() });
  expect(again).toMatchObject({
    problems: 0,
    attempts: 0,
    opinions: 0,
    reasons: { known: 12, contradicted: 0 },
  });
  const grown = await importFile(pool, log(folder, "log.jsonl", 5), { grader: grader() });
  expect(grown).toMatchObject({ problems: 2, attempts: 8, reasons: { known: 12 } });
  expect(await previewImport(join(folder, "log.jsonl"), { pool })).toMatchObject({
    stored: { attempts: 20, complete: true },
  });
  const run = await importFile(pool, join(folder, "log.jsonl"), { grader: grader(), run: "second" });
  expect(run).toMatchObject({ problems: 0, attempts: 20 });
});

test.each([
  ["numbers", [1, 0, 1]],
  ["booleans", [true, false, true]],
  ["words", ["True", "False", "1.0"]],
])(
  "a label of %s says whether a completion is right, as in KTO's tables, and is no gold answer",
  async (_, labels) => {
    const folder = workspace();
    const file = join(folder, "kto.jsonl");
    const rows = labels.map((label, i) => ({ prompt: `${i} + 1`, completion: `\\boxed{${i + 1}}`, label }));
    writeFileSync(file, rows.map((kto) => `${JSON.stringify(kto)}\n`).join(""));
    const pool = await open(folder);
    expect(await previewImport(file, { pool })).toMatchObject({
      ...{ attempts: 3, withoutGold: 3, scores: [{ name: "label", right: 2, wrong: 1, other: 0 }] },
      mapping: { chosen: { problem: "prompt", text: "completion", score: "label" } },
    });
    expect(await importFile(pool, file, { grader: grader() })).toMatchObject({ attempts: 3, opinions: 3 });
    expect(await pool.stats()).toMatchObject({ correct: 2, incorrect: 1, unscored: 0 });
  },
);

test("a label that holds answers is the gold answer", async () => {
  const folder = workspace();
  const file = join(folder, "log.jsonl");
  const rows = [0, 1, 5].map((label) => ({ prompt: `${label} + 0`, completion: `\\boxed{${label}}`, label }));
  writeFileSync(file, rows.map((labelled) => `${JSON.stringify(labelled)}\n`).join(""));
  expect(await previewImport(file)).toMatchObject({
    withoutGold: 0,
    mapping: { chosen: { gold: "label" } },
  });
});

test.each([
  ["a table", { question: "Which is prime?", options: ["4", "7"], answer: "B", response: "\\boxed{B}" }],
  [
    "an object within it",
    { doc: { question: "Which is prime?", choices: ["4", "7"], answer: "B" }, response: "\\boxed{B}" },
  ],
])("the choices of %s belong to the problem", async (_, choice) => {
  const file = join(workspace(), "choice.jsonl");
  writeFileSync(file, `${JSON.stringify(choice)}\n`);
  const { first } = await previewImport(file);
  expect(first).toMatchObject([{ problem: "Which is prime?\n\n(A) 4\n(B) 7", gold: "B" }]);
});

test("distinct words are counted exactly while the table grows", () => {
  const words = new Distinct();
  for (let i = 0; i < 30_000; i++) words.add("word", i % 10_000);
  expect([words.size, words.largest, words.add("word", 5), words.add("word\n5")]).toEqual([10_000, 3, 4, 1]);
});

test("words are marked with the number that came first, while the table grows", () => {
  const words = new Distinct();
  for (let i = 0; i < 10_000; i++) words.mark(i, "word", i);
  const again = Array.from({ length: 10_000 }, (_, i) => words.mark(4_000_000_000, "word", i));
  expect(again.every((number, i) => number === i)).toBe(true);
  expect([words.mark(4_000_000_000, "new"), words.mark(1, "new")]).toEqual([4_000_000_000, 4_000_000_000]);
});
