import { expect, test } from "vitest";
import { fill, open, sayAll, workspace } from "./pool.fixture.js";

test("many words are stored as one, in their order, and change what single ones would", async () => {
  const pool = await open(workspace());
  const { attemptIds, rowIds } = await fill(pool, ["CCCIIIII", "CCCCIIII"]);
  const wrong = attemptIds.flatMap((group) => group.slice(4));
  const before = (await pool.stats()).inPool;
  const ids = await pool.annotateEach(
    "ann",
    wrong.map((targetId) => ({ target: "attempt", targetId, value: { kind: "errorType", value: "sign" } })),
  );
  expect(new Set(ids).size).toBe(wrong.length);
  for (const [i, targetId] of wrong.entries()) {
    const [said] = await pool.annotations("attempt", targetId);
    expect(said).toMatchObject({ id: ids[i], who: "ann", value: { kind: "errorType", value: "sign" } });
  }
  expect(await pool.buckets("errorType")).toContainEqual(
    expect.objectContaining({ key: "sign", attempts: wrong.length }),
  );
  await sayAll(pool, attemptIds[0]?.slice(3, 5) ?? [], "ann", { kind: "verdict", value: "correct" });
  expect((await pool.stats()).inPool).toBe(before - 2);
  await pool.annotateEach("ann", [
    { target: "problem", targetId: rowIds[1] ?? -1, value: { kind: "badProblem", value: true } },
    { target: "attempt", targetId: wrong[0] ?? -1, value: { kind: "label", axis: "nice", value: true } },
  ]);
  expect((await pool.stats()).inPool).toBe(before - 2 - 4);
  expect(await pool.attemptIds({ scope: "all", label: "nice" })).toEqual([wrong[0]]);
});

test("one word that cannot be said stops all of them", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCCIIIII"]);
  const [first = -1] = attemptIds[0] ?? [];
  const flag = (targetId: number) =>
    ({ target: "attempt", targetId, value: { kind: "flag", value: true } }) as const;
  await expect(pool.annotateEach("ann", [flag(first), flag(9999)])).rejects.toMatchObject({
    code: "not-found",
  });
  const rating = { kind: "rating", axis: "overall", value: 9 } as const;
  await expect(
    pool.annotateEach("ann", [flag(first), { target: "attempt", targetId: first, value: rating }]),
  ).rejects.toMatchObject({ code: "bad-value" });
  expect(await pool.annotations("attempt", first)).toEqual([]);
});

test("what stands is one person's own, and says which word it is", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCCIIIII"]);
  const [first = -1, second = -1, third = -1] = attemptIds[0] ?? [];
  await pool.annotate("attempt", first, "ann", { kind: "label", axis: "a", value: true });
  await pool.annotate("attempt", second, "ann", { kind: "label", axis: "a", value: true });
  const taken = await pool.annotate("attempt", second, "ann", { kind: "label", axis: "a", value: null });
  await pool.annotate("attempt", first, "bob", { kind: "label", axis: "a", value: null });
  await pool.annotate("attempt", first, "ann", { kind: "label", axis: "b", value: true });
  const of = {
    target: "attempt",
    ids: [first, second, third],
    who: "ann",
    kind: "label",
    axis: "a",
  } as const;
  const standing = await pool.standing(of);
  expect([...standing.keys()]).toEqual([first, second]);
  expect(standing.get(first)?.said).toBe(true);
  expect(standing.get(second)).toEqual({ id: taken, said: null });
});
