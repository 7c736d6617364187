import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { serveGrader } from "../../src/grading/index.js";
import { exported } from "./exchange.fixture.js";
import { builtGrader } from "./grading.fixture.js";
import { open, spec, workspace } from "./pool.fixture.js";

const { grader } = builtGrader();

test("what people ruled becomes a test of graders that `errata grade` runs on", async () => {
  const pool = await open(workspace());
  const [rowId = 0, bare = 0] = await pool.putProblems("set", [
    { id: "p1", problem: "How much?", gold: "1/2" },
    { id: "p2", problem: "?", gold: "" },
  ]);
  const { groups } = await pool.openSampling(spec("sample", 4), [rowId, bare]);
  const texts = ["so \\boxed{0.5}", "I say \\boxed{\\frac{1}{3}}", "it is \\boxed{0.5}", "none"];
  const put = (groupId: number) =>
    pool.putAttempts(
      texts.map((text, sample) => ({
        ...{ groupId, sample, generation: { text, tokenIds: [], logprobs: [], finish: "stop" as const } },
        grade: { verdict: "incorrect" as const, answer: "x", span: null, reason: "said so" },
      })),
    );
  const ids = await put(groups[0]?.groupId ?? 0);
  const [other = 0] = await put(groups[1]?.groupId ?? 0);
  const [a = 0, b = 0, c = 0] = ids;
  const say = (id: number, who: string, value: "correct" | "incorrect" | null) =>
    pool.annotate("attempt", id, who, { kind: "verdict", value });
  await say(a, "ann", "correct");
  await say(b, "ann", "incorrect");
  await say(c, "ann", "correct");
  await say(c, "ben", "incorrect");
  await say(ids[3] ?? 0, "ann", "correct");
  await say(ids[3] ?? 0, "ann", null);
  await say(other, "ann", "correct");
  await say(ids[3] ?? 0, "machine:judge", "correct");
  await pool.putOpinions([
    {
      ...{
        attemptId: a,
        grader: "math-verify",
        version: "0.9.0",
        verdict: "correct",
        answer: "0.5",
        span: null,
      },
      reason: "equal",
    },
  ]);

  const file = join(workspace(), "tests.jsonl");
  const { result } = await exported(pool, "grader-tests", { file });
  expect(result).toMatchObject({ rows: 2, skipped: { conflict: 1, noVerdict: 4, noGold: 1 } });
  const lines = readFileSync(file, "utf8");
  const rows = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows[0]).toMatchObject({
    ...{ id: a, gold: "1/2", text: texts[0], answer: "x", expected: "correct" },
    ours: { verdict: "incorrect", reason: "said so" },
    others: [{ grader: "math-verify", version: "0.9.0", verdict: "correct", answer: "0.5", reason: "equal" }],
    problem: { set: "set", id: "p1" },
    errata: { attempt: a, who: "ann", kind: "person" },
  });

  const graded: { expected: string; verdict: string }[] = [];
  await serveGrader(Readable.from([lines]), (line) => graded.push(JSON.parse(line)), grader());
  expect(graded.map(({ expected, verdict }) => [expected, verdict])).toEqual([
    ["correct", "correct"],
    ["incorrect", "incorrect"],
  ]);

  // One person's word alone, where two differ.
  const mine = await exported(pool, "grader-tests", { annotator: "ben" });
  expect(mine.result).toMatchObject({ rows: 1 });
});
