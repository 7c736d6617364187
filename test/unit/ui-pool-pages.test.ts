import { expect, test } from "vitest";
import type { PoolBucket } from "../../src/pool/types.js";
import { PAGE, Pages, type Read } from "../../src/ui/pool/pages.js";
import { attempt, fill, open, workspace } from "./pool.fixture.js";

/** Numbers from 1 on, and what was asked for. */
function numbers(count: number) {
  const asked: { after: number | undefined; limit: number }[] = [];
  const read: Read<number> = async (after, limit) => {
    asked.push({ after, limit });
    return Array.from({ length: count }, (_, i) => i + 1)
      .filter((n) => n > (after ?? 0))
      .slice(0, limit);
  };
  return { asked, read };
}

test("a page is read once; “Load more…” reads on from its last row", async () => {
  const pages = new Pages();
  const { asked, read } = numbers(2 * PAGE + 50);
  const first = await pages.list("", read);
  expect(first.rows).toHaveLength(PAGE);
  expect(first.more).toBe(true);
  await pages.list("", read);
  expect(asked).toEqual([{ after: undefined, limit: PAGE + 1 }]);
  pages.more("");
  expect((await pages.list("", read)).rows).toHaveLength(2 * PAGE);
  pages.more("");
  const last = await pages.list("", read);
  expect(last).toEqual({ rows: Array.from({ length: 2 * PAGE + 50 }, (_, i) => i + 1), more: false });
  expect(asked.slice(1)).toEqual([
    { after: PAGE, limit: PAGE + 1 },
    { after: 2 * PAGE, limit: PAGE + 1 },
  ]);
});

test("a list that ends with its page says that nothing comes after", async () => {
  const pages = new Pages();
  expect((await pages.list("", numbers(PAGE).read)).more).toBe(false);
  expect((await pages.list("empty", numbers(0).read)).rows).toEqual([]);
});

test("after a change of the pool what was shown is read again, no more and in pages", async () => {
  const pages = new Pages();
  await pages.list("a", numbers(1000).read);
  await pages.list("b", numbers(1000).read);
  pages.more("a");
  await pages.list("a", numbers(1000).read);
  pages.stale();
  const { asked, read } = numbers(1000);
  expect((await pages.list("a", read)).rows).toHaveLength(2 * PAGE);
  expect(asked.map(({ limit }) => limit)).toEqual([PAGE + 1, PAGE + 1]);
  pages.clear();
  expect((await pages.list("a", read)).rows).toHaveLength(PAGE);
});

test("two who ask at once share one reading, and one that began before a change does not count after it", async () => {
  const pages = new Pages();
  const release: (() => void)[] = [];
  let version = "old";
  const read: Read<string> = async () => {
    const now = version;
    await new Promise<void>((resolve) => release.push(resolve));
    return [now];
  };
  const before = [pages.list("", read), pages.list("", read)];
  await Promise.resolve();
  expect(release).toHaveLength(1);
  expect(pages.busy).toBe(true);
  version = "new";
  pages.stale();
  const after = pages.list("", read);
  await Promise.resolve();
  for (const go of release) go();
  expect((await Promise.all(before)).map(({ rows }) => rows)).toEqual([["old"], ["old"]]);
  expect((await after).rows).toEqual(["new"]);
  expect(pages.busy).toBe(false);
});

test("another filter ends the reading of the one before", async () => {
  const pages = new Pages();
  const read: Read<number> = (_after, _limit, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const slow = pages.list("", read);
  pages.clear();
  await expect(slow).rejects.toMatchObject({ name: "AbortError" });
  expect((await pages.list("", numbers(3).read)).rows).toEqual([1, 2, 3]);
});

test("a reading that fails is tried again, and loses nothing", async () => {
  const pages = new Pages();
  const { read } = numbers(PAGE + 50);
  await pages.list("", read);
  pages.more("");
  await expect(pages.list("", () => Promise.reject(new Error("busy")))).rejects.toThrow("busy");
  expect((await pages.list("", read)).rows).toHaveLength(PAGE + 50);
});

test("pages of a real pool follow one another without a gap or a double", async () => {
  const pool = await open(workspace());
  await fill(
    pool,
    Array.from({ length: 450 }, () => "CCII"),
  );
  const pages = new Pages();
  const read: Read<PoolBucket> = (last, limit, signal) =>
    pool.buckets("problem", {}, last ? { after: last.key, limit, signal } : { limit, signal });
  for (let page = 1; (await pages.list("", read)).more; page++) {
    expect((await pages.list("", read)).rows).toHaveLength(page * PAGE);
    pages.more("");
  }
  const { rows } = await pages.list("", read);
  expect(rows.map(({ key }) => key)).toEqual((await pool.buckets("problem")).map(({ key }) => key));
  expect(rows).toHaveLength(450);
});

test("the tree's attempts come without their texts, and say what came of the newest reflection", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const [, , first = -1, second = -1] = attemptIds[0] ?? [];
  const reflect = (sample: number, letter: string) =>
    pool.putReflections([
      {
        ...attempt(0, sample, letter),
        ...{ attemptId: first, modelId: "base", analysis: "a", correctedSolution: "s", parsed: true },
      },
    ]);
  await reflect(0, "I");
  await reflect(1, "C");
  await pool.annotate("attempt", second, "ann", { kind: "firstWrongStep", value: 1 });
  for (const query of [
    {},
    { verdicts: ["incorrect" as const] },
    { text: "solution" },
    { ids: [first, second] },
  ]) {
    const whole = await pool.attempts(query);
    const brief = await pool.attempts(query, { limit: 100, brief: true });
    expect(whole.every(({ text }) => text.startsWith("solution"))).toBe(true);
    expect(brief).toEqual(whole.map((each) => ({ ...each, text: "" })));
  }
  const seen = await pool.seen([first, second, 9999]);
  expect(seen.get(first)).toEqual({ reviewed: false, reflection: "correct" });
  expect(seen.get(second)).toEqual({ reviewed: true, reflection: null });
  expect(seen.size).toBe(2);
});
