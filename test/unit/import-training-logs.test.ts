import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importFile, previewImport } from "../../src/exchange/import/index.js";
import { builtGrader } from "./grading.fixture.js";
import { log } from "./import-logs.fixture.js";
import { open, workspace } from "./pool.fixture.js";

const { grader } = builtGrader();

test("TRL's steps become one run's groups; a step trained on twice is one; our grader agrees with its reward", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const steps = [1, 2, 3, 4].map((step) =>
    log("trl", "linear-chat", "completions", `completions_0000${step}.parquet`),
  );
  const results = [];
  for (const file of steps) results.push(await importFile(pool, file, { grader: grader() }));
  expect(results.map(({ format, attempts, skipped }) => [format, attempts, skipped])).toEqual([
    ["trl", 8, 0],
    ["trl", 0, 8],
    ["trl", 8, 0],
    ["trl", 0, 8],
  ]);
  expect(results[1]?.told[0]?.why).toContain("completions_00001.parquet");
  const rows = await pool.attempts({ scope: "all" }, { limit: 100 });
  expect(rows).toHaveLength(16);
  for (const row of rows) {
    const { problem, attempt, group } = (await pool.detail(row.id)) ?? {};
    expect(problem?.set).toBe("linear-chat");
    expect(attempt?.modelId).toBe("linear-chat");
    expect(group).toBe(4);
  }
  // The reward function compares the box with the gold answer; where there is none, it says 0 and ours nothing.
  expect(await pool.stats()).toMatchObject({ problems: 4, attempts: 16, correct: 3, incorrect: 12 });
  for (const file of steps) {
    expect(await importFile(pool, file, { grader: grader() })).toMatchObject({ problems: 0, attempts: 0 });
  }
});

test("TRL's log without gold answers: the reward is the verdict, and where it has none nothing is", async () => {
  const pool = await open(workspace());
  const file = log("trl", "linear-text", "completions", "completions_00001.parquet");
  expect(await previewImport(file, { pool })).toMatchObject({
    attempts: 8,
    withoutGold: 8,
    groups: 2,
    trouble: null,
  });
  await importFile(pool, file, { grader: grader() });
  const { correct, incorrect, unscored } = await pool.stats();
  expect([correct, incorrect, unscored]).toEqual([1, 4, 3]);
});

test("verl's rollouts: our verdicts where there is gold, the log's acc beside them", async () => {
  const pool = await open(workspace());
  const file = log("verl", "rollouts", "5.jsonl");
  expect(await previewImport(file, { pool })).toMatchObject({
    ...{ format: "verl", problems: 2, attempts: 9, groups: 3, largestGroup: 3 },
    scores: [{ name: "acc", right: 6, wrong: 3, other: 0 }],
    models: [{ model: "rollouts", attempts: 9 }],
  });
  expect(await importFile(pool, file, { grader: grader() })).toMatchObject({
    attempts: 9,
    opinions: 9,
    skipped: 0,
  });
  expect(await pool.stats()).toMatchObject({ problems: 2, correct: 6, incorrect: 3 });
  expect(await importFile(pool, file, { grader: grader() })).toMatchObject({ attempts: 0 });
});

test("a batch with its requests: what failed is told, gold from metadata is graded, the rest waits unscored", async () => {
  const folder = workspace();
  const pool = await open(folder);
  cpSync(log("openai-batch", "output.jsonl"), join(folder, "output.jsonl"));
  const alone = await previewImport(join(folder, "output.jsonl"), { pool });
  expect(alone.trouble).toContain("--requests FILE");
  const companion = log("openai-batch", "requests.jsonl");
  const preview = await previewImport(join(folder, "output.jsonl"), { pool, companion });
  expect(preview).toMatchObject({ trouble: null, attempts: 6, groups: 4, largestGroup: 3, withoutGold: 3 });
  expect(preview.skipped.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 1]);
  const result = await importFile(pool, join(folder, "output.jsonl"), { grader: grader(), companion });
  expect(result).toMatchObject({ format: "openai-batch", problems: 4, attempts: 6, skipped: 6 });
  expect(await pool.stats()).toMatchObject({ correct: 2, incorrect: 1 });
});

test("a problem set gives the gold answers that a log does not have: the attempts are at its own problems", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const set = join(folder, "arithmetic.jsonl");
  const row = (id: string, problem: string, answer: string) =>
    JSON.stringify({ id, problem, answer, level: "1" });
  writeFileSync(set, [row("a", "What is  $3+5$?", "8"), row("b", "What is $6\\cdot 7$?", "42")].join("\n"));
  const companion = log("openai-batch", "requests.jsonl");
  const file = log("openai-batch", "output.jsonl");
  const options = { pool, companion, problems: set };
  expect(await previewImport(file, options)).toMatchObject({ attempts: 6, problems: 4, withoutGold: 1 });
  const { problems } = await importFile(pool, file, { ...options, grader: grader() });
  expect(problems).toBe(4);
  const details = [];
  for (const { id } of await pool.attempts({ scope: "all" }, { limit: 100 }))
    details.push(await pool.detail(id));
  const ours = details.filter((detail) => detail?.problem.set === "arithmetic.jsonl");
  expect(
    ours.map((detail) => [detail?.problem.id, detail?.problem.gold, detail?.attempt.verdict]).sort(),
  ).toEqual([
    ["a", "8", "truncated"],
    ["b", "42", "correct"],
  ]);
  await expect(
    importFile(pool, file, { companion, problems: join(folder, "none.jsonl"), grader: grader() }),
  ).rejects.toMatchObject({ code: "no-file" });
});
