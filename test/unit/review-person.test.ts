import { describe, expect, it } from "vitest";
import { stepsHash } from "../../src/protocol/steps.js";
import type { SessionNeeds } from "../../src/review/needs.js";
import { GAP } from "../../src/review/repeats.js";
import { type Begin, type Sitting, said, sitting } from "./review-session.fixture.js";

/** A sitting in which the annotator's name changes. */
async function shared(begin: Begin = {}): Promise<Sitting & { name(who: string): void }> {
  let who = "ada";
  const needs: Partial<SessionNeeds> = { ...begin.needs, who: async () => who };
  const s = await sitting({ ...begin, needs });
  const name = (now: string): void => {
    who = now;
  };
  return { ...s, name };
}

describe("another annotator in the middle of a sitting", () => {
  it("says what the key says, not that what the one before said is taken back", async () => {
    const s = await shared();
    const [, attemptId = -1] = s.ids;
    const { text } = (await s.pool.detail(attemptId)).attempt;
    const spans: [number, number][] = [
      [0, 8],
      [9, text.length],
    ];
    await s.pool.freezeCut(attemptId, { hash: stepsHash(text), spans });
    await s.session.open({}, attemptId);
    await s.press("accept", "stepDown");
    s.name("bob");
    await s.press("accept", "firstWrong");
    expect(s.item()).toMatchObject({ attemptId, mine: { decision: "accepted", firstWrong: 2 } });
    expect((await said(s.pool)).map(({ who, value }) => [who, value])).toEqual([
      ["ada", '"accepted"'],
      ["bob", '"accepted"'],
      ["bob", "2"],
    ]);
  });

  it("is shown their own words once the name changed, here and on what was read ahead", async () => {
    const s = await shared();
    await s.press("rate4", "next", "rate2");
    s.name("bob");
    await s.session.refresh();
    expect(s.item().mine.ratings).toEqual({});
    expect(s.item().others.map(({ who, words }) => [who, words])).toEqual([["ada", "rated Overall 2"]]);
    expect(s.state().notice).toMatch(/You annotate as bob now/);
    await s.press("previous");
    expect(s.item().mine.ratings).toEqual({});
    s.name("ada");
    await s.session.refresh();
    expect(s.item().mine.ratings).toEqual({ overall: 4 });
  });

  it("undoes nothing of the one before, and has a pace of their own", async () => {
    const s = await shared();
    s.clock.now += 9000;
    await s.press("reject", "next");
    expect(s.state()).toMatchObject({ canUndo: true, pace: 9 });
    s.name("bob");
    await s.press("undo");
    expect(s.state()).toMatchObject({
      canUndo: false,
      pace: null,
      notice: "Nothing to undo in this sitting.",
    });
    expect(await said(s.pool)).toHaveLength(1);
  });

  it("is not asked a second time what only the one before was asked", async () => {
    const groups = Array.from({ length: 5 }, () => "CCIIIIII");
    const s = await shared({ groups, needs: { repeats: () => 1 } });
    await s.press("mode");
    for (let i = 0; i < GAP + 4 && !s.session.memory.again; i++) await s.press("rate4");
    expect(s.session.memory.again).toBe(true);
    s.name("bob");
    await s.press("rate4", "rate4", "rate4");
    expect(s.session.memory).toMatchObject({ again: false, repeats: [] });
    const words = (await said(s.pool)).filter(({ who }) => who === "bob");
    expect(words.map(({ pass }) => pass)).toEqual([1, 1, 1]);
  });
});

describe("an undo that cannot be stored", () => {
  it("is still there to be undone, and no older word in its place", async () => {
    const s = await shared();
    await s.press("rate4", "flag");
    const { annotate } = s.pool;
    s.pool.annotate = () => Promise.reject(new Error("database is locked"));
    await s.press("undo");
    expect(s.problems).toHaveLength(1);
    expect(s.state()).toMatchObject({ canUndo: true, undoes: "flag" });
    s.pool.annotate = annotate;
    await s.press("undo");
    expect(s.item().mine).toEqual({ ratings: { overall: 4 }, labels: [] });
    expect(s.state().undoes).toBe("rating 4");
  });
});
