import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exportPool } from "../../src/exchange/export.js";
import { INSPECT } from "../../src/exchange/import/formats/inspect.js";
import type { Pool } from "../../src/pool/types.js";
import { randomPool } from "./exchange.fixture.js";
import { attemptsOf, readAll } from "./import-logs.fixture.js";
import { open, spec, workspace } from "./pool.fixture.js";

// That Inspect itself reads such a file: trainer/tests/test_inspect_scores.py.

interface Log {
  version: number;
  status: string;
  eval: { task: string; model: string; config: { epochs: number }; dataset: { samples: number } };
  results: { scores: { name: string; scored_samples: number; metrics: { accuracy: { value: number } } }[] };
  samples: { id: string; epoch: number; scores: Record<string, { value: string }> }[];
}

async function attempts(pool: Pool, set: string, model: string): Promise<number[]> {
  const [rowId = -1] = await pool.putProblems(set, [
    { id: "p1", problem: "Solve $2x=6$", gold: "3", level: "2" },
  ]);
  const { groups } = await pool.openSampling({ ...spec("sample", 3), modelId: model }, [rowId]);
  return pool.putAttempts(
    ["So \\boxed{4}", "So \\boxed{3} \ud800", "No idea"].map((text, sample) => ({
      ...{ groupId: groups[0]?.groupId ?? -1, sample },
      generation: {
        text,
        tokenIds: [1, 2],
        logprobs: [-1, -1],
        finish: sample === 2 ? ("length" as const) : "stop",
      },
      grade: {
        verdict: sample === 2 ? ("unscored" as const) : sample === 1 ? "correct" : "incorrect",
        ...{ answer: sample === 2 ? null : "4", span: null, reason: "numbers" },
      },
    })),
  );
}

async function logOf(pool: Pool, annotator?: string): Promise<{ log: Log; file: string; result: object }> {
  const file = join(workspace(), "human.json");
  const job = { format: "inspect-scores" as const, file, ...(annotator && { annotator }) };
  const result = await exportPool(pool, job);
  return { log: JSON.parse(readFileSync(file, "utf8")) as Log, file, result };
}

test("what people graded becomes an Inspect log: a score for each of them, and what counts", async () => {
  const pool = await open(workspace());
  const [a = 0, b = 0, c = 0] = await attempts(pool, "sums", "base");
  const say = (id: number, who: string, value: "correct" | "incorrect" | "unscored" | null) =>
    pool.annotate("attempt", id, who, { kind: "verdict", value });
  await say(a, "ann", "correct");
  await say(a, "bo", "incorrect");
  await say(a, "adjudicated:ann", "incorrect");
  await pool.annotate("attempt", a, "bo", { kind: "note", value: "sign slip" });
  await pool.annotate("attempt", a, "bo", { kind: "firstWrongStep", value: 1 });
  await say(b, "ann", "correct");
  await say(b, "human", "incorrect");
  await say(c, "machine:judge", "incorrect");
  const { log, file, result } = await logOf(pool);
  expect(result).toMatchObject({ rows: 2, skipped: { noVerdict: 1 } });
  expect(log).toMatchObject({
    ...{ version: 2, status: "success" },
    eval: { task: "sums", model: "base", config: { epochs: 2 }, dataset: { samples: 1 } },
  });
  expect(Object.keys(log).at(-1)).toBe("samples");
  const at = expect.stringMatching(/Z$/);
  expect(log.samples[0]).toMatchObject({
    ...{
      id: "p1",
      epoch: 1,
      input: "Solve $2x=6$",
      target: "3",
      metadata: { level: "2", errata: { attempt: a } },
    },
    output: { model: "base", completion: "So \\boxed{4}", usage: { output_tokens: 2 } },
  });
  expect(log.samples[0]?.scores).toEqual({
    ann: { value: "C", answer: "4", metadata: { by: "person", at, role: "person" } },
    bo: {
      ...{ value: "I", answer: "4", explanation: "sign slip" },
      metadata: { by: "person", at, role: "person", first_wrong_step: 1 },
    },
    "ann (adjudicator)": { value: "I", answer: "4", metadata: { by: "person", at, role: "adjudicator" } },
    human: { value: "I", answer: "4", metadata: { by: "person" } },
    "errata grader": { value: "I", answer: "4", explanation: "numbers", metadata: { by: "machine", at } },
  });
  // People differ, and nobody decided: each has a score, and together they have none.
  expect(Object.keys(log.samples[1]?.scores ?? {})).toEqual(["ann", "human (person)", "errata grader"]);
  const accuracy = Object.fromEntries(
    log.results.scores.map(({ name, scored_samples: n, metrics }) => [name, [n, metrics.accuracy.value]]),
  );
  expect(accuracy).toMatchObject({ ann: [2, 1], human: [1, 0], "errata grader": [2, 0.5] });

  // Our own reader takes it back.
  const rows = attemptsOf(await readAll(INSPECT, file));
  expect(
    rows.map(({ text, sample, modelId, tokens, finish }) => [text, sample, modelId, tokens, finish]),
  ).toEqual([
    ["So \\boxed{4}", 0, "base", 2, "stop"],
    ["So \\boxed{3} \ufffd", 1, "base", 2, "stop"],
  ]);
  expect(rows[0]?.scores.map(({ name, value }) => [name, value])).toContainEqual([
    "ann (adjudicator)",
    false,
  ]);

  const mine = await logOf(pool, "bo");
  expect(mine.log.samples.map(({ scores }) => Object.keys(scores))).toEqual([
    ["bo", "human", "errata grader"],
  ]);
  await say(b, "ann", "unscored");
  await say(b, "human", null);
  expect((await logOf(pool)).result).toMatchObject({ rows: 1, skipped: { unscored: 1, noVerdict: 1 } });
});

test("samples of several sets and samplings are told apart; the first keep their id and epoch", async () => {
  const pool = await open(workspace());
  const all = [
    ...(await attempts(pool, "sums", "base")),
    ...(await attempts(pool, "sums", "other")),
    ...(await attempts(pool, "more", "base")),
  ];
  for (const id of all) await pool.annotate("attempt", id, "ann", { kind: "verdict", value: "incorrect" });
  const { log } = await logOf(pool);
  expect(log.samples.map(({ id, epoch }) => `${id} ${epoch}`)).toEqual([
    ...["p1 1", "p1 2", "p1 3", "p1 4", "p1 5", "p1 6", "more/p1 1", "more/p1 2", "more/p1 3"],
  ]);
  expect(log.eval).toMatchObject({ task: "errata", model: "base, other", config: { epochs: 6 } });
});

test("a pool where nobody graded is an empty log, and anything that a pool holds makes a whole one", async () => {
  const empty = await open(workspace());
  expect((await logOf(empty)).log.samples).toEqual([]);
  for (const seed of [1]) {
    const pool = await open(workspace());
    await randomPool(pool, seed);
    const { log, result } = await logOf(pool);
    expect(log.samples).toHaveLength((result as { rows: number }).rows);
    expect(new Set(log.samples.map(({ id, epoch }) => JSON.stringify([id, epoch]))).size).toBe(
      log.samples.length,
    );
  }
});
