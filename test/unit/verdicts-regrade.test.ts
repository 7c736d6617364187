import { expect, test } from "vitest";
import { createGrader, type GraderSettings } from "../../src/grading/index.js";
import { DEFAULT_GRADER } from "../../src/grading/types.js";
import type { NewAttempt, Pool } from "../../src/pool/types.js";
import type { Finish } from "../../src/protocol/types.js";
import { previewRegrade, settingsWords } from "../../src/verdicts/index.js";
import { builtGrader } from "./grading.fixture.js";
import { open, spec, workspace } from "./pool.fixture.js";
import { expectCounted } from "./pool-counted.fixture.js";

const { workerFile } = builtGrader();

const ALL = { scope: "all" } as const;
const WHAT = { who: "ann", scope: "all attempts" };

/** Problems with these gold answers, each with all of the texts, as the grader with its defaults reads them. */
async function graded(golds: string[], texts: { text: string; finish?: Finish }[]): Promise<Pool> {
  const pool = await open(workspace());
  const rowIds = await pool.putProblems(
    "set",
    golds.map((gold, i) => ({ id: String(i), problem: `Problem ${i}`, gold })),
  );
  const { groups } = await pool.openSampling(spec("sample", texts.length), rowIds);
  const grader = createGrader({ workerFile: workerFile() });
  for (const [i, { groupId }] of groups.entries()) {
    const gold = golds[i] ?? "";
    const made = texts.map(
      async ({ text, finish = "stop" }, sample): Promise<NewAttempt> => ({
        ...{ groupId, sample, generation: { text, tokenIds: [], logprobs: [], finish } },
        grade:
          gold === ""
            ? { verdict: "incorrect" as const, answer: null, span: null, reason: "The log's score." }
            : await grader.grade(text, gold),
      }),
    );
    await pool.putAttempts(await Promise.all(made));
  }
  await grader.dispose();
  return pool;
}

async function preview(pool: Pool, settings: Partial<GraderSettings>) {
  const all = { ...DEFAULT_GRADER, ...settings };
  const grader = createGrader({ workerFile: workerFile() }, all);
  try {
    return await previewRegrade(pool, ALL, grader, { ...WHAT, settings: settingsWords(all) });
  } finally {
    await grader.dispose();
  }
}

const TEXTS = [
  { text: "so \\boxed{2.5}" },
  { text: "so \\boxed{2.51}" },
  { text: "#### 2.51" },
  { text: "nothing" },
  { text: "The answer is 2.51", finish: "length" as const },
];

test("the same settings change nothing, and problems without a gold answer are left as they are", async () => {
  const pool = await graded(["2.5", ""], TEXTS);
  expect(await preview(pool, {})).toMatchObject({ state: "preview", graded: 5, changes: [] });
});

test("another tolerance, other readers: told by kind; a text that was cut off right after its answer stays truncated", async () => {
  const pool = await graded(["2.5", ""], TEXTS);
  const before = await pool.stats();
  const made = await preview(pool, { tolerance: 0.01 });
  expect(made.changes.filter(({ from, to }) => from !== to)).toEqual([
    { from: "incorrect", to: "correct", count: 2 },
  ]);
  expect(made).toMatchObject({ graded: 5, who: "ann" });
  await pool.applyRegrade(made.id);
  expect(await pool.stats()).toMatchObject({ correct: 3, truncated: 2, unscored: 1, incorrect: 4 });
  await expectCounted(pool.file);
  await pool.undoRegrade(made.id);
  expect(await pool.stats()).toEqual(before);

  const boxed = await preview(pool, { readers: ["boxed"] });
  const hash = await pool.regradeChanges(boxed.id, { from: "incorrect", to: "unscored", limit: 9 });
  expect(hash).toMatchObject([{ fromAnswer: "2.51", toAnswer: null }]);
});

test("stopped, or with a grader that fails, a preview is dropped and nothing is changed", async () => {
  const pool = await graded(["2.5"], TEXTS);
  const stop = new AbortController();
  const grade = async () => {
    stop.abort(new Error("enough"));
    return { verdict: "correct" as const, answer: "9", span: null, reason: "" };
  };
  const stopped = previewRegrade(pool, ALL, { grade }, { ...WHAT, settings: "", signal: stop.signal });
  await expect(stopped).rejects.toThrow("enough");
  const failing = { grade: () => Promise.reject(new Error("broken")) };
  await expect(previewRegrade(pool, ALL, failing, { ...WHAT, settings: "" })).rejects.toThrow("broken");
  expect((await pool.regrades()).map(({ state, changes }) => [state, changes])).toEqual([
    ...[
      ["dropped", []],
      ["dropped", []],
    ],
  ]);
});

test("one attempt, and thousands by pieces with progress", async () => {
  const pool = await graded(["1"], Array<{ text: string }>(900).fill({ text: "\\boxed{2}" }));
  const [one = 0] = await pool.attemptIds(ALL);
  const grade = async () => ({ verdict: "correct" as const, answer: "1", span: null, reason: "anew" });
  const options = { ...WHAT, settings: "" };
  expect(await previewRegrade(pool, { ids: [one] }, { grade }, options)).toMatchObject({ graded: 1 });
  const told: string[] = [];
  const made = await previewRegrade(
    pool,
    ALL,
    { grade },
    {
      ...options,
      report: ({ done, total }) => told.push(`${done}/${total}`),
    },
  );
  expect(told[0]).toBe("0/900");
  expect(told.at(-1)).toBe("900/900");
  expect(told.length).toBeGreaterThan(3);
  expect(made.changes).toEqual([{ from: "incorrect", to: "correct", count: 900 }]);
  const seen: number[] = [];
  for (let after = 0; ; ) {
    const page = await pool.regradeChanges(made.id, { from: "incorrect", after, limit: 250 });
    seen.push(...page.map(({ attemptId }) => attemptId));
    if (page.length < 250) break;
    after = page.at(-1)?.attemptId ?? 0;
  }
  expect(new Set(seen).size).toBe(900);
});
