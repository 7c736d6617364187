import { expect, test, vi } from "vitest";
import { fill, open, sayAll, workspace } from "./pool.fixture.js";

test("what is said later is newer, even where the clock was set back", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const id = attemptIds[0]?.[2] ?? -1;
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-05-01T12:00:00.000Z") });
  try {
    await pool.annotate("attempt", id, "ann", { kind: "firstWrongStep", value: 1 });
    vi.setSystemTime(Date.parse("2026-05-01T11:00:00.000Z"));
    await pool.annotate("attempt", id, "ann", { kind: "firstWrongStep", value: 2 });
    await sayAll(pool, [id], "bob", { kind: "firstWrongStep", value: 3 });
  } finally {
    vi.useRealTimers();
  }
  const history = await pool.annotations("attempt", id);
  expect(history.map(({ at }) => at)).toEqual([
    "2026-05-01T12:00:00.000Z",
    "2026-05-01T12:00:00.001Z",
    "2026-05-01T12:00:00.002Z",
  ]);
  expect((await pool.attempts({ firstWrong: "3" })).map((a) => a.id)).toEqual([id]);
  expect((await pool.detail(id)).annotations.map((a) => [a.who, a.value.value])).toEqual([
    ["ann", 2],
    ["bob", 3],
  ]);
});

const setUp = async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  return { pool, id: attemptIds[0]?.[2] ?? -1, other: attemptIds[0]?.[3] ?? -1 };
};

test("who said how much: persons, machines and adjudicators apart", async () => {
  const { pool, id } = await setUp();
  await pool.annotate("attempt", id, "ann", { kind: "firstWrongStep", value: 1 });
  await pool.annotate("attempt", id, "ann", { kind: "firstWrongStep", value: 2 });
  await pool.annotate("attempt", id, "ann", { kind: "firstWrongStep", value: 2 }, { pass: 2 });
  await pool.annotate("attempt", id, "machine:judge", { kind: "flag", value: true });
  const word = { target: "attempt" as const, targetId: id, value: { kind: "flag" as const, value: true } };
  await pool.adjudicate("bob", word, []);
  expect(await pool.people()).toMatchObject([
    { who: "ann", role: "person", total: 2, repeats: 1, words: { firstWrongStep: 2 } },
    { who: "adjudicated:bob", name: "bob", role: "adjudicator", total: 1 },
    { who: "machine:judge", name: "judge", role: "machine" },
  ]);
});

test("judgements: what stands, of people alone; repeats beside what was said before them", async () => {
  const { pool, id, other } = await setUp();
  const step = (who: string, value: number | null, pass: 1 | 2 = 1) =>
    pool.annotate("attempt", id, who, { kind: "firstWrongStep", value }, { pass });
  await step("ann", 1);
  await step("ann", 2);
  await step("ann", 3, 2);
  await step("ann", 5);
  await step("ann", 4, 2);
  await step("bob", 1);
  await step("bob", null);
  await step("machine:judge", 1);
  await pool.annotate("attempt", other, "bob", { kind: "note", value: "odd" });
  await pool.annotate("attempt", other, "bob", { kind: "label", axis: "odd", value: true });
  const said = async (after: number, limit: number) =>
    (await pool.judgements(after, limit)).map((w) => [w.id, w.who, w.kind, w.value, w.pass, w.before]);
  const all = await said(0, 100);
  expect(all.map(([, ...rest]) => rest)).toEqual([
    ["ann", "firstWrongStep", 5, 1, null],
    ["ann", "firstWrongStep", 4, 2, 5],
    ["bob", "label", true, 1, null],
  ]);
  expect([...(await said(0, 2)), ...(await said(Number(all[1]?.[0]), 2))]).toEqual(all);
});

test("an adjudicator's word stands, is nobody else's, names what it decides between, and can be taken back", async () => {
  const { pool, id } = await setUp();
  const step = (value: number | null) => ({ kind: "firstWrongStep" as const, value });
  const ann = await pool.annotate("attempt", id, "ann", step(1));
  const bob = await pool.annotate("attempt", id, "bob", step(3));
  const before = await pool.judgements(0, 100);
  const settled = await pool.adjudicate("ann", { target: "attempt", targetId: id, value: step(3) }, [
    ann,
    bob,
  ]);
  expect(await pool.adjudicated(settled)).toEqual([ann, bob]);
  expect((await pool.attempts({ firstWrong: "3" })).map((a) => a.id)).toEqual([id]);
  const after = await pool.judgements(0, 100);
  expect(after.slice(0, 2)).toEqual(before);
  expect(after[2]).toMatchObject({ who: "adjudicated:ann", value: 3 });
  await pool.adjudicate("ann", { target: "attempt", targetId: id, value: step(2) }, [ann, bob]);
  expect(await pool.attempts({ firstWrong: "2" })).toHaveLength(1);
  await pool.adjudicate("ann", { target: "attempt", targetId: id, value: step(null) }, []);
  expect(await pool.attempts({ firstWrong: "3" })).toHaveLength(1);
  // A later word of a person's own opens it again.
  await pool.adjudicate("cy", { target: "attempt", targetId: id, value: step(4) }, [ann, bob]);
  await pool.annotate("attempt", id, "bob", step(1));
  expect(await pool.attempts({ firstWrong: "1" })).toHaveLength(1);
});

test("an adjudicator can say that a label does not hold, whoever set it", async () => {
  const { pool, id } = await setUp();
  const label = (value: boolean | null) => ({ kind: "label" as const, axis: "odd", value });
  await pool.annotate("attempt", id, "ann", label(true));
  expect(await pool.attempts({ label: "odd" })).toHaveLength(1);
  await pool.adjudicate("cy", { target: "attempt", targetId: id, value: label(false) }, []);
  expect(await pool.attempts({ label: "odd" })).toHaveLength(0);
  await pool.adjudicate("cy", { target: "attempt", targetId: id, value: label(null) }, []);
  expect(await pool.attempts({ label: "odd" })).toHaveLength(1);
});
