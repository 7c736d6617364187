import { expect, test } from "vitest";
import { keeps, keptSuccesses } from "../../src/pool/filter.js";
import { DEFAULT_FILTER, type PoolFilter } from "../../src/protocol/types.js";
import { fill, open, workspace } from "./pool.fixture.js";

/** Every composition of 8 attempts by right, wrong, unscored and truncated ones. */
const EVERY: string[] = [];
for (let c = 0; c <= 8; c++)
  for (let u = 0; u + c <= 8; u++)
    for (let t = 0; t + u + c <= 8; t++)
      EVERY.push("C".repeat(c) + "U".repeat(u) + "T".repeat(t) + "I".repeat(8 - c - u - t));

const FILTERS: PoolFilter[] = [
  DEFAULT_FILTER,
  { kind: "variance", min: 0.75 },
  { kind: "variance", min: 1 },
  { kind: "mixed" },
  { kind: "band", low: 0.1, high: 0.7 },
  { kind: "band", low: 0, high: 0.25 },
  { kind: "all" },
];

test("the default keeps 2 to 6 of 8, as docs/methods.md says", () => {
  expect(keptSuccesses(DEFAULT_FILTER, 8)).toEqual([2, 3, 4, 5, 6]);
  expect(keptSuccesses({ kind: "mixed" }, 8)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(keptSuccesses({ kind: "band", low: 0.1, high: 0.7 }, 8)).toEqual([1, 2, 3, 4, 5]);
  expect(keptSuccesses({ kind: "all" }, 4)).toEqual([0, 1, 2, 3]);
  expect(keeps(DEFAULT_FILTER, 1, 3)).toBe(false);
});

test("the pool holds what the filter keeps, whatever the group, and changes with it without sampling", async () => {
  const pool = await open(workspace());
  const { rowIds } = await fill(pool, EVERY);
  expect(await pool.filter()).toEqual(DEFAULT_FILTER);
  for (const filter of FILTERS) {
    const stats = await pool.applyFilter(filter);
    expect(await pool.filter()).toEqual(filter);
    const expected = EVERY.map((letters) => {
      const count = (letter: string) => letters.split(letter).length - 1;
      return keeps(filter, count("C"), 8 - count("U")) ? count("I") : 0;
    });
    const found = new Map(
      (await pool.buckets("problem")).map((bucket) => [Number(bucket.key), bucket.attempts]),
    );
    expect(rowIds.map((id) => found.get(id) ?? 0)).toEqual(expected);
    expect(stats.inPool).toBe(expected.reduce((a, b) => a + b, 0));
    expect(await pool.attempts({})).toHaveLength(stats.inPool);
  }
  await expect(pool.applyFilter({ kind: "variance", min: Number.NaN })).rejects.toThrow(RangeError);
  expect(await pool.filter()).toEqual({ kind: "all" });
});

test("a group with fewer than 4 scored attempts is not filtered into the pool", async () => {
  const pool = await open(workspace());
  await fill(pool, ["CIIUUUUU", "CIIIUUUU"]);
  expect((await pool.buckets("problem")).map((b) => b.label)).toEqual(["Problem 1"]);
});

test("attempts enter as their group comes to have a figure", async () => {
  const pool = await open(workspace());
  const [a, b] = [await fill(pool, ["CIII"]), await pool.stats()];
  expect(a.attemptIds[0]).toHaveLength(4);
  expect(b).toMatchObject({ problems: 1, attempts: 4, correct: 1, incorrect: 3, inPool: 3 });
});
