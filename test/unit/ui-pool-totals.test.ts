import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PoolCount } from "../../src/pool/types.js";
import { type Total, Totals } from "../../src/ui/pool/totals.js";
import { fill, open, workspace } from "./pool.fixture.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const total = (attempts: number): PoolCount => ({ attempts, problems: 1, unreviewed: 0 });

/** A pool that counts for as long as the test lets it, and what was shown. */
function slowPool() {
  const counts: {
    text: string | undefined;
    signal: AbortSignal | undefined;
    tell: (share: number) => void;
    end: (total: PoolCount) => void;
    fail: (error: unknown) => void;
  }[] = [];
  const shown: Total[] = [];
  const failed: unknown[] = [];
  const slow: Promise<unknown>[] = [];
  const totals = new Totals({
    show: (now) => shown.push(now),
    failed: (error) => failed.push(error),
    slow: (work) => slow.push(work),
  });
  const pool = {
    count: (query: { text?: string }, signal?: AbortSignal, tell: (share: number) => void = () => {}) =>
      new Promise<PoolCount>((end, fail) => {
        signal?.addEventListener("abort", () => fail(signal.reason));
        counts.push({ text: query.text, signal, tell, end, fail });
      }),
  };
  const at = (index: number) => {
    const count = counts[index];
    if (!count) throw new Error(`no count ${index}`);
    return count;
  };
  return { totals, pool, counts, at, shown, failed, slow };
}

test("a quick count shows its total and no progress", async () => {
  const { totals, pool, at, shown, slow } = slowPool();
  totals.update(pool, { text: "x" });
  at(0).tell(0.5);
  at(0).end(total(7));
  await vi.advanceTimersByTimeAsync(1000);
  expect(shown).toEqual([total(7)]);
  expect(slow).toEqual([]);
  expect(totals.slowSearch).toBe(false);
});

test("a slow one shows how far it is, no more than a few times a second, then its total", async () => {
  const { totals, pool, at, shown, slow } = slowPool();
  totals.update(pool, { text: "x" });
  at(0).tell(0.1);
  await vi.advanceTimersByTimeAsync(400);
  expect(shown).toEqual([{ share: 0.1 }]);
  expect(slow).toHaveLength(1);
  for (let i = 0; i < 100; i++) at(0).tell(0.2);
  await vi.advanceTimersByTimeAsync(5000);
  at(0).tell(0.9);
  at(0).end(total(3));
  await vi.advanceTimersByTimeAsync(1);
  expect(shown.at(-1)).toEqual(total(3));
  expect(shown.length).toBeLessThan(5);
  await expect(slow[0]).resolves.toBeDefined();
  expect(totals.slowSearch).toBe(true);
});

test("another filter ends the count of the one before, which says nothing any more", async () => {
  const { totals, pool, at, shown, failed } = slowPool();
  totals.update(pool, { text: "x" });
  totals.update(pool, { text: "y" });
  expect(at(0).signal?.aborted).toBe(true);
  at(0).tell(0.4);
  await vi.advanceTimersByTimeAsync(400);
  at(1).end(total(2));
  await vi.advanceTimersByTimeAsync(1);
  expect(shown).toEqual([{ share: 0 }, total(2)]);
  expect(failed).toEqual([]);
  totals.stop();
});

test("a pool that keeps changing neither restarts a count nor has it run without rest", async () => {
  const { totals, pool, at, counts, shown } = slowPool();
  totals.update(pool, { text: "x" });
  await vi.advanceTimersByTimeAsync(1000);
  for (let i = 0; i < 20; i++) totals.update(pool, { text: "x" });
  expect(counts).toHaveLength(1);
  expect(at(0).signal?.aborted).toBe(false);
  at(0).end(total(5));
  await vi.advanceTimersByTimeAsync(3000);
  totals.update(pool, { text: "x" });
  expect(counts).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1500);
  expect(counts).toHaveLength(2);
  at(1).end(total(6));
  await vi.advanceTimersByTimeAsync(1);
  expect(shown.at(-1)).toEqual(total(6));
});

test("a count that fails is told", async () => {
  const { totals, pool, at, failed } = slowPool();
  totals.update(pool, { text: "x" });
  at(0).fail(new Error("damaged"));
  await vi.advanceTimersByTimeAsync(1);
  expect(failed).toEqual([new Error("damaged")]);
});

test("the total of a real pool", async () => {
  vi.useRealTimers();
  const pool = await open(workspace());
  await fill(pool, ["CCIIIIII", "CCCCCIII"]);
  const shown = await new Promise<Total>((resolve, reject) => {
    new Totals({ show: resolve, failed: reject, slow: () => {} }).update(pool, { text: "solution 7" });
  });
  expect(shown).toEqual({ attempts: 2, problems: 2, unreviewed: 2 });
});
