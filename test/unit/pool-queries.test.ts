import { expect, test } from "vitest";
import type { AttemptQuery, Pool, PoolBucket, PoolGrouping } from "../../src/pool/types.js";
import { fill, open, workspace } from "./pool.fixture.js";

const GROUPS = Array.from({ length: 24 }, (_, i) => `CC${"I".repeat(3 + (i % 3))}${"U".repeat(3 - (i % 3))}`);

async function filled(): Promise<Pool> {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, GROUPS);
  for (const id of attemptIds[1]?.slice(2, 4) ?? []) {
    await pool.annotate("attempt", id, "ann", { kind: "firstWrongStep", value: 1 });
  }
  return pool;
}

/** Page by page, as a tree reads. */
async function paged(pool: Pool, by: PoolGrouping, query: AttemptQuery): Promise<PoolBucket[]> {
  const all: PoolBucket[] = [];
  for (;;) {
    const after = all.at(-1)?.key;
    const page = await pool.buckets(by, query, { limit: 5, ...(after === undefined ? {} : { after }) });
    all.push(...page);
    if (page.length < 5) return all;
  }
}

test("every grouping counts what a query finds, in pages or at once", async () => {
  const pool = await filled();
  const queries: AttemptQuery[] = [
    {},
    { scope: "all" },
    { reviewed: false },
    { reviewed: true },
    { level: "3" },
    { kind: "" },
    { answer: "3" },
    { text: "solution 2" },
    { verdicts: ["correct", "unscored"], scope: "all" },
    { modelId: "nobody" },
  ];
  for (const query of queries) {
    const rows = await pool.attempts(query);
    for (const by of ["problem", "level", "kind", "answer", "errorType"] as const) {
      const buckets = await paged(pool, by, query);
      expect(await pool.buckets(by, query)).toEqual(buckets);
      expect(buckets.reduce((n, b) => n + b.attempts, 0)).toBe(rows.length);
      for (const bucket of buckets) {
        const narrowed = {
          ...query,
          [by === "problem" ? "problemId" : by]: by === "problem" ? Number(bucket.key) : bucket.key,
        };
        const inside = await pool.attempts(narrowed);
        // A query that fixes this grouping to another value is replaced by the bucket's own.
        expect(inside).toHaveLength(bucket.attempts);
        expect(await pool.attempts({ ...narrowed, reviewed: query.reviewed ?? false })).toHaveLength(
          query.reviewed === true ? bucket.attempts : bucket.unreviewed,
        );
      }
    }
  }
});

test("levels come in the order of numbers, attempts in pages by id, ids in review order", async () => {
  const pool = await filled();
  expect((await pool.buckets("level")).map((b) => b.key)).toEqual(
    Array.from({ length: 12 }, (_, i) => String(i + 1)),
  );
  const all = await pool.attempts({});
  const first = await pool.attempts({}, { limit: 7 });
  const second = await pool.attempts({}, { after: first.at(-1)?.id ?? 0, limit: 7 });
  expect([...first, ...second]).toEqual(all.slice(0, 14));
  expect(await pool.attemptIds({})).toEqual(all.map((a) => a.id));
});

test("a search takes wildcards literally", async () => {
  const pool = await filled();
  expect(await pool.attempts({ scope: "all", text: "solution_2" })).toEqual([]);
  expect(await pool.attempts({ scope: "all", text: "%" })).toEqual([]);
  expect((await pool.attempts({ scope: "all", text: "PROBLEM 23" })).length).toBe(8);
});
