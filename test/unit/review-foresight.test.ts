import { describe, expect, it } from "vitest";
import { REVIEW_ACTIONS, type ReviewAction } from "../../src/protocol/review.js";
import { GAP } from "../../src/review/repeats.js";
import { said, sitting } from "./review-session.fixture.js";

/** Of these it is never told where they lead: what they undo, or how they sort, is known only once it is done. */
const UNTOLD: ReadonlySet<ReviewAction> = new Set(["undo", "order", "blind", "badProblem"]);

describe("what a key will show", () => {
  it.each([
    { name: "localise", before: ["next"] },
    {
      name: "triage, where it was judged",
      before: ["mode", "next", "accept", "previous", "rate2", "previous"],
    },
    { name: "triage, on the last axis", before: ["mode", "next", "axisBefore"] },
  ] as const)("is what it shows: $name", async ({ before }) => {
    for (const action of REVIEW_ACTIONS.filter((one) => !UNTOLD.has(one))) {
      const s = await sitting({ groups: ["CCCIIIII"] });
      await s.press(...before);
      const [here, foretold] = [s.item().attemptId, s.state().foreseen[action]];
      await s.press(action);
      expect([action, s.item().attemptId]).toEqual([action, foretold ?? here]);
      await s.pool.close();
    }
  });

  it("is not told of what comes back unseen, and not where nothing can be said", async () => {
    const s = await sitting();
    await s.press("mode");
    expect(s.state().foreseen).toMatchObject({ next: s.ids[1], accept: s.ids[1] });
    s.session.readOnly = "Restricted Mode";
    expect(Object.keys(s.state().foreseen).sort()).toEqual(["next", "skip"]);

    const groups = Array.from({ length: 5 }, () => "CCIIIIII");
    const again = await sitting({ groups, reflect: false, needs: { repeats: () => 1 } });
    await again.press("mode");
    const shown: (number | undefined)[] = [];
    for (let i = 0; i < GAP + 4; i++) {
      shown.push(again.state().foreseen.rate4);
      await again.press("rate4");
    }
    // All were told but the first that came back.
    expect(shown.slice(0, GAP - 1)).not.toContain(undefined);
    expect(shown.slice(GAP - 1)).toContain(undefined);
  });
});

describe("a view that is ahead", () => {
  it("is caught up with, and what is said then is said of that item", async () => {
    const s = await sitting();
    const [, second = 0] = s.ids;
    s.session.foresight.showing({ attemptId: second, action: "next" });
    await s.press("next", "flag");
    expect(s.item()).toMatchObject({ attemptId: second, mine: { flag: true } });
    expect(s.state().notice).toBeNull();
  });

  it("of an item that did not come: nothing is said of the other, once, and why", async () => {
    const s = await sitting();
    const [first = 0, , third = 0] = s.ids;
    s.session.foresight.showing({ attemptId: third, action: "next" });
    await s.press("accept");
    expect(s.item().attemptId).toBe(first);
    expect(await said(s.pool)).toEqual([]);
    expect(s.state().notice).toMatch(/another one was to be seen. Press the key again/);
    await s.press("accept");
    expect(s.item().mine.decision).toBe("accepted");
  });

  it("by a judgement: that one is said of the item that was left, the next of the one that is seen", async () => {
    const s = await sitting();
    const [first = 0, second = 0, third = 0] = s.ids;
    await s.press("mode");
    s.session.foresight.showing({ attemptId: second, action: "accept" });
    await s.press("accept");
    s.session.foresight.showing({ attemptId: third, action: "rate2" });
    await s.press("rate2");
    expect(s.item().attemptId).toBe(third);
    const words = (await said(s.pool)).map(({ kind, value }) => [kind, value]);
    expect(words).toEqual([
      ["decision", '"accepted"'],
      ["rating", "2"],
    ]);
    expect((await s.pool.detail(first)).annotations).toHaveLength(1);
    expect((await s.pool.detail(second)).annotations).toHaveLength(1);
  });

  it("by a judgement that did not go on: the next one is said of nothing", async () => {
    const s = await sitting();
    const [first = 0, second = 0] = s.ids;
    // In localise it stays; the view took it for triage.
    s.session.foresight.showing({ attemptId: second, action: "accept" });
    await s.press("accept", "flag");
    expect(s.item()).toMatchObject({ attemptId: first, mine: { decision: "accepted" } });
    expect(s.item().mine.flag).toBeUndefined();
    expect(s.state().notice).toMatch(/nothing was said of this item/);
  });

  it("by a judgement that another one overtakes: that one is said of nothing, the late one of its own item", async () => {
    const s = await sitting();
    const [, second = 0] = s.ids;
    await s.press("mode");
    s.session.foresight.showing({ attemptId: second, action: "accept" });
    await s.press("reject");
    expect(await said(s.pool)).toEqual([]);
    await s.press("accept");
    expect((await said(s.pool)).map(({ kind, value }) => [kind, value])).toEqual([
      ["decision", '"accepted"'],
    ]);
    expect((await s.pool.detail(second)).annotations).toHaveLength(0);
    expect(s.item().attemptId).toBe(second);
  });

  it("that went back by itself changes nothing", async () => {
    const s = await sitting();
    s.session.foresight.showing({ attemptId: s.ids[2] ?? 0, action: "next" });
    s.session.foresight.showing(null);
    await s.press("flag");
    expect(s.item().mine.flag).toBe(true);
  });
});
