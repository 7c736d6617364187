import { expect, test } from "vitest";
import { Connection } from "../../src/pool/sqlite.js";
import type { NewRegrade, Pool } from "../../src/pool/types.js";
import { seededRandom } from "../../src/protocol/statistics.js";
import type { Verdict } from "../../src/protocol/types.js";
import { fill, open, sayAll, workspace } from "./pool.fixture.js";
import { expectCounted } from "./pool-counted.fixture.js";

/** What a re-grading would make of these attempts. */
async function changes(pool: Pool, to: Map<number, Partial<NewRegrade["new"]>>): Promise<NewRegrade[]> {
  const attempts = await pool.gradable([...to.keys()]);
  return attempts.map(({ attemptId, graded, answer, span, reason }) => {
    const old = { verdict: graded, answer, span, reason };
    return { attemptId, old, new: { ...old, ...to.get(attemptId) } };
  });
}

async function preview(
  pool: Pool,
  to: Map<number, Partial<NewRegrade["new"]>>,
  graded = to.size,
): Promise<number> {
  const id = await pool.openRegrade({ who: "ann", settings: "tolerance 0.01", scope: "the pool" });
  await pool.putRegraded(id, await changes(pool, to), graded);
  await pool.endRegrade(id);
  return id;
}

/** Every row of attempts and what is counted of them. */
async function everything(pool: Pool): Promise<unknown> {
  const db = await Connection.open(pool.file, "read");
  const tables = ["attempts", "groups", "tallies"].map((table) =>
    db.all(`SELECT * FROM ${table} ORDER BY 1`),
  );
  const found = await Promise.all(tables);
  await db.close();
  return { found, stats: await pool.stats(), disputes: await pool.disputes() };
}

const right: Partial<NewRegrade["new"]> = {
  verdict: "correct",
  answer: "1",
  span: [1, 2],
  reason: "by tolerance",
};

test("a preview changes nothing; applied it changes grades, verdicts, the pool and every count; undone all is as before", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIUT", "IIIIIIII", "CCCCCCII"]);
  const [first = [], second = [], third = []] = attemptIds;
  const before = await everything(pool);
  const id = await preview(
    pool,
    new Map([
      ...[second[0], second[1], second[2], second[3]].map((a) => [a ?? 0, right] as const),
      [first[0] ?? 0, { verdict: "incorrect", reason: "units" }],
      [first[6] ?? 0, { verdict: "incorrect", answer: "5" }],
      [third[0] ?? 0, { reason: "written alike" }],
    ]),
    24,
  );
  expect(await everything(pool)).toEqual(before);
  expect(await pool.regrade(id)).toMatchObject({
    ...{ id, who: "ann", state: "preview", settings: "tolerance 0.01", scope: "the pool", graded: 24 },
    changes: [
      { from: "incorrect", to: "correct", count: 4 },
      { from: "correct", to: "correct", count: 1 },
      { from: "correct", to: "incorrect", count: 1 },
      { from: "unscored", to: "incorrect", count: 1 },
    ],
  });
  expect(await pool.regradeChanges(id, { from: "incorrect", to: "correct", limit: 3 })).toHaveLength(3);
  const rest = await pool.regradeChanges(id, {
    from: "incorrect",
    to: "correct",
    after: second[2] ?? 0,
    limit: 3,
  });
  expect(rest).toEqual([
    {
      ...{ attemptId: second[3], from: "incorrect", to: "correct", fromAnswer: "3", toAnswer: "1" },
      ...{ fromReason: "compared as numbers", toReason: "by tolerance" },
    },
  ]);

  expect(await pool.applyRegrade(id)).toEqual({ changed: 7, skipped: 0 });
  await expectCounted(pool.file);
  const [attempt] = await pool.attempts({ ids: [second[0] ?? 0] });
  expect(attempt).toMatchObject({
    verdict: "correct",
    answer: "1",
    answerSpan: [1, 2],
    reason: "by tolerance",
    inPool: false,
  });
  // Half of them right now: what is wrong of the second problem came into the pool.
  expect((await pool.attemptIds({ problemId: attempt?.problemId ?? 0 })).length).toBe(4);
  expect(await pool.disputes()).toMatchObject({ unsure: 0 });
  await expect(pool.applyRegrade(id)).rejects.toMatchObject({ code: "regrade-state" });
  await expect(pool.dropRegrade(id)).rejects.toMatchObject({ code: "regrade-state" });

  expect(await pool.undoRegrade(id)).toEqual({ changed: 7, skipped: 0 });
  expect(await everything(pool)).toEqual(before);
  await expectCounted(pool.file);
  expect((await pool.regrades()).map(({ state }) => state)).toEqual(["undone"]);
});

test("a person's verdict stands through a re-grading; taken back, the new grade holds", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const [ids = []] = attemptIds;
  const [, , a = 0, b = 0] = ids;
  await sayAll(pool, [a], "ann", { kind: "verdict", value: "incorrect" });
  await sayAll(pool, [b], "machine:judge", { kind: "verdict", value: "incorrect" });
  const id = await preview(pool, new Map([a, b].map((each) => [each, right])));
  await pool.applyRegrade(id);
  const verdicts = async () => (await pool.attempts({ ids: [a, b] })).map(({ verdict }) => verdict);
  expect(await verdicts()).toEqual(["incorrect", "correct"]);
  await expectCounted(pool.file);
  await sayAll(pool, [a], "ann", { kind: "verdict", value: null });
  expect(await verdicts()).toEqual(["correct", "correct"]);
  await sayAll(pool, [b], "ben", { kind: "verdict", value: "unscored" });
  await pool.undoRegrade(id);
  expect(await verdicts()).toEqual(["incorrect", "unscored"]);
  await expectCounted(pool.file);
});

test("what changed since the preview is skipped and told; a later re-grading has to be undone first", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const [ids = []] = attemptIds;
  const [, , a = 0, b = 0, c = 0] = ids;
  const first = await preview(pool, new Map([a, b].map((each) => [each, right])));
  const second = await preview(
    pool,
    new Map([b, c].map((each) => [each, { ...right, reason: "otherwise" }])),
  );
  expect(await pool.applyRegrade(first)).toEqual({ changed: 2, skipped: 0 });
  expect(await pool.applyRegrade(second)).toEqual({ changed: 1, skipped: 1 });
  // They share no attempt that both changed: either may go first.
  expect(await pool.undoRegrade(first)).toEqual({ changed: 2, skipped: 0 });
  const third = await preview(pool, new Map([[c, { verdict: "unscored" as Verdict }]]));
  await pool.applyRegrade(third);
  await expect(pool.undoRegrade(second)).rejects.toMatchObject({ code: "regrade-later" });
  await pool.undoRegrade(third);
  expect(await pool.undoRegrade(second)).toEqual({ changed: 1, skipped: 0 });
  await expectCounted(pool.file);
  const dropped = await preview(pool, new Map([[a, right]]));
  await pool.dropRegrade(dropped);
  expect(await pool.regrade(dropped)).toMatchObject({ state: "dropped", changes: [] });
  await expect(pool.regrade(99)).rejects.toMatchObject({ code: "not-found" });
});

test.each([1, 2, 3])(
  "after random re-gradings among other work all is counted right, and undone all is back (seed %i)",
  async (seed) => {
    const random = seededRandom(seed);
    const pool = await open(workspace());
    const { attemptIds } = await fill(pool, ["CCIIIIUT", "IIIICICI", "CCCCCCII", "UUUUTTTT", "CICICICI"]);
    const ids = attemptIds.flat();
    const all: Verdict[] = ["correct", "incorrect", "unscored", "truncated"];
    const before = await everything(pool);
    const applied: number[] = [];
    for (let i = 0; i < 6; i++) {
      // Few and many: counted one by one, and all at once.
      const share = i % 2 === 0 ? 0.05 : 0.8;
      const some = ids.filter(() => random() < share);
      const to = some.map((id): [number, Partial<NewRegrade["new"]>] => [
        id,
        {
          verdict: all[Math.floor(random() * 4)] ?? "unscored",
          answer: random() < 0.2 ? null : String(i),
          reason: `round ${i}`,
        },
      ]);
      const id = await preview(pool, new Map(to));
      await pool.applyRegrade(id);
      applied.push(id);
      await expectCounted(pool.file);
    }
    for (const id of applied.toReversed()) {
      await pool.undoRegrade(id);
      await expectCounted(pool.file);
    }
    expect(await everything(pool)).toEqual(before);
  },
);
