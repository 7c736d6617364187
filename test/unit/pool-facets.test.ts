import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AttemptQuery, Pool, PoolBucket, PoolGrouping } from "../../src/pool/types.js";
import { seededRandom } from "../../src/protocol/statistics.js";
import { attempt, open, sayAll, spec, workspace } from "./pool.fixture.js";
import { expectCounted } from "./pool-counted.fixture.js";

const LETTERS = "CCCIIIIUT";
const LABELS = ["sign", "units", "10", "9"];

/** Random work of every kind that changes what is counted. */
async function randomWork(pool: Pool, seed: number, steps: number): Promise<void> {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  let problems: number[] = [];
  const attempts: number[] = [];
  const put = (): Promise<number[]> =>
    pool.putProblems(
      "set",
      Array.from({ length: 12 }, (_, i) => ({
        ...{ id: `p${i}`, problem: `Problem ${i}`, gold: "1" },
        ...(random() < 0.7 ? { level: pick(["1", "2", "10"]) } : {}),
        ...(random() < 0.5 ? { kind: pick(["algebra", "words"]) } : {}),
      })),
    );
  problems = await put();
  const sample = async (): Promise<void> => {
    const modelId = pick(["base", "tuned"]);
    const purpose = random() < 0.85 ? ("sample" as const) : ("evaluation" as const);
    const some = problems.filter(() => random() < 0.3);
    const { groups } = await pool.openSampling(
      { ...spec(purpose, 8, Math.floor(random() * 3)), modelId },
      some,
    );
    const fresh = groups.flatMap(({ groupId, missing }) =>
      missing.filter(() => random() < 0.8).map((n) => attempt(groupId, n, pick([...LETTERS]))),
    );
    if (fresh.length > 0) attempts.push(...(await pool.putAttempts(fresh)));
  };
  await sample();
  await sample();
  const work: (() => Promise<unknown>)[] = [
    sample,
    put,
    () =>
      pool.annotate("attempt", pick(attempts), pick(["ann", "ben"]), {
        kind: "rating",
        axis: "overall",
        value: pick([1, 5, null]),
      }),
    () =>
      pool.annotate("attempt", pick(attempts), "ann", {
        kind: "firstWrongStep",
        value: pick([0, 2, 11, null]),
      }),
    () =>
      pool.annotate("attempt", pick(attempts), pick(["ann", "ben"]), {
        kind: "verdict",
        value: pick(["correct", "incorrect", "unscored", null]),
      }),
    () =>
      pool.annotate("attempt", pick(attempts), "ann", {
        kind: "errorType",
        value: pick(["sign", "slip", null]),
      }),
    () =>
      pool.annotate("attempt", pick(attempts), pick(["ann", "ben"]), {
        kind: "label",
        axis: pick(LABELS),
        value: pick([true, true, null]),
      }),
    () =>
      sayAll(pool, [pick(attempts), pick(attempts)], "ann", {
        kind: "decision",
        value: pick(["accepted", "rejected"]),
      }),
    () =>
      pool.setErrorTypes([
        { attemptId: pick(attempts), errorType: pick(["sign", "other"]), source: "machine" },
      ]),
    () => pool.annotate("problem", pick(problems), "ann", { kind: "badProblem", value: pick([true, null]) }),
    () => pool.applyFilter(pick([{ kind: "mixed" }, { kind: "all" }, { kind: "variance", min: 0.5 }])),
    async () => {
      const id = pick(attempts);
      await pool.transaction(async (db) => {
        await db.run("DELETE FROM generations WHERE attempt_id = ?", id);
        await db.run("DELETE FROM attempts WHERE id = ?", id);
      });
      attempts.splice(attempts.indexOf(id), 1);
    },
  ];
  for (let i = 0; i < steps; i++) await pick(work)();
  const [gone = 0] = problems.slice(3);
  await pool.transaction((db) => db.run("DELETE FROM problems WHERE id = ?", gone));
}

test.each([1, 2, 3])(
  "after random work, every figure is what counting anew gives (seed %i)",
  async (seed) => {
    const pool = await open(workspace());
    await randomWork(pool, seed, 120);
    await expectCounted(pool.file);
  },
);

test("a transaction that fails leaves every figure as it was, also in the middle of counting at once", async () => {
  const pool = await open(workspace());
  await randomWork(pool, 4, 40);
  await expect(
    pool.transaction(async (db) => {
      await db.exec("INSERT INTO settings VALUES ('uncounted', '1'); UPDATE attempts SET answer = 'gone'");
      throw new Error("killed");
    }),
  ).rejects.toThrow("killed");
  await expectCounted(pool.file);
});

test.each(["pool-v1", "pool-v2", "pool-v3"])(
  "a pool of the first versions is counted as it is taken over (%s)",
  async (name) => {
    const folder = workspace();
    mkdirSync(join(folder, ".errata"));
    copyFileSync(`test/fixtures/${name}.sqlite`, join(folder, ".errata", "pool.sqlite"));
    const pool = await open(folder);
    expect((await pool.buckets("model", { scope: "all" })).length).toBeGreaterThan(0);
    await expectCounted(pool.file);
  },
);

const GROUPINGS = [
  ...(["problem", "level", "kind", "answer", "errorType", "label", "decision", "rating"] as const),
  ...(["firstWrong", "model"] as const),
] satisfies PoolGrouping[];

/** A query that one bucket stands for. */
const inside = (by: PoolGrouping, { key }: PoolBucket, query: AttemptQuery): AttemptQuery =>
  by === "problem"
    ? { ...query, problemId: Number(key) }
    : { ...query, [by === "model" ? "modelId" : by]: key };

test("pages join to the whole, in every grouping and under every filter, and count what is inside", async () => {
  const pool = await open(workspace());
  await randomWork(pool, 5, 90);
  for (const id of (await pool.attemptIds({ scope: "all" })).filter((_, i) => i % 3 === 0)) {
    await pool.annotate("attempt", id, "ann", { kind: "label", axis: LABELS[id % 4] ?? "", value: true });
    await pool.annotate("attempt", id, "ann", { kind: "rating", axis: "overall", value: 1 + (id % 5) });
  }
  const filters: AttemptQuery[] = [
    ...([
      {},
      { verdicts: ["correct", "unscored"] },
      { reviewed: true },
      { reviewed: false },
      { level: "10" },
    ] as AttemptQuery[]),
    ...[
      { level: "" },
      { kind: "words" },
      { answer: "3" },
      { answer: "" },
      { errorType: "sign" },
      { errorType: "" },
    ],
    ...[
      { decision: "accepted" },
      { rating: "1" },
      { rating: "" },
      { firstWrong: "2" },
      { label: "sign" },
      { label: "" },
    ],
    ...[{ modelId: "tuned" }, { modelIds: ["base", "tuned"] }, { text: "solution 2" }, { text: "no such" }],
    ...[
      { label: "sign", level: "1" },
      { label: "", answer: "3" },
      { answer: "2", kind: "" },
      { text: "2", label: "" },
    ],
    ...[
      { level: "1", errorType: "" },
      { label: "9", answer: "2" },
    ],
  ];
  for (const filter of filters) {
    for (const scope of ["pool", "all"] as const) {
      const query = { scope, ...filter };
      const all = await pool.attempts(query);
      const count = await pool.count(query);
      expect(count.attempts).toBe(all.length);
      expect(count.problems).toBe(new Set(all.map((a) => a.problemId)).size);
      expect(await pool.attemptIds(query)).toEqual(all.map((a) => a.id));
      expect(await pool.attempts({ ...query, reviewed: query.reviewed ?? false })).toHaveLength(
        query.reviewed === true ? all.length : count.unreviewed,
      );
      const pages = [];
      for (let after = 0; ; after = pages.at(-1)?.id ?? 0) {
        const page = await pool.attempts(query, { after, limit: 7 });
        pages.push(...page);
        if (page.length < 7) break;
      }
      expect(pages).toEqual(all);
      for (const by of GROUPINGS) await expectGrouped(pool, by, query, all.length);
    }
  }
}, 60_000);

async function expectGrouped(
  pool: Pool,
  by: PoolGrouping,
  query: AttemptQuery,
  attempts: number,
): Promise<void> {
  const whole = await pool.buckets(by, query);
  const joined: PoolBucket[] = [];
  for (;;) {
    const after = joined.at(-1)?.key;
    const page = await pool.buckets(by, query, { limit: 2, ...(after === undefined ? {} : { after }) });
    joined.push(...page);
    if (page.length < 2) break;
  }
  expect(joined).toEqual(whole);
  // Under each of its labels an attempt is counted.
  if (by !== "label") expect(whole.reduce((n, bucket) => n + bucket.attempts, 0)).toBe(attempts);
  for (const bucket of whole) {
    const ids = await pool.attemptIds(inside(by, bucket, query));
    expect(ids).toHaveLength(bucket.attempts);
    const open = await pool.attemptIds({ ...inside(by, bucket, query), reviewed: false });
    if (query.reviewed !== true) expect(open).toHaveLength(bucket.unreviewed);
  }
}

test("numbers come in their order and before words, whatever is grouped by", async () => {
  const pool = await open(workspace());
  await randomWork(pool, 6, 60);
  const id = (await pool.attemptIds({ scope: "all" }))[0] ?? 0;
  for (const axis of LABELS) await pool.annotate("attempt", id, "ann", { kind: "label", axis, value: true });
  const labels = (await pool.buckets("label", { scope: "all" })).map((bucket) => bucket.key);
  expect(labels.filter((key) => LABELS.includes(key))).toEqual(["9", "10", "sign", "units"]);
  const levels = (await pool.buckets("level", { scope: "all" })).map((bucket) => bucket.key);
  expect(levels).toEqual(["1", "2", "10", ""].filter((level) => levels.includes(level)));
});

test("nothing is counted twice that is stored twice", async () => {
  const pool = await open(workspace());
  await randomWork(pool, 7, 20);
  const { groups } = await pool.openSampling(spec("sample", 4, 99), [1]);
  const groupId = groups[0]?.groupId ?? 0;
  const some = [0, 1, 2, 3].map((n) => attempt(groupId, n, "CIII"[n] ?? "I"));
  await pool.putAttempts(some);
  await pool.putAttempts(some);
  await expectCounted(pool.file);
});
