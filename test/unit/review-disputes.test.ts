import { beforeEach, describe, expect, test } from "vitest";
import type { NewOpinion } from "../../src/pool/types.js";
import type { ReviewItem } from "../../src/protocol/review.js";
import { answerHow, disputeOf } from "../../src/review/dispute.js";
import { type Sitting, sitting, until } from "./review-session.fixture.js";
import { opinion } from "./verdicts.fixture.js";

const says = (attemptId: number, grader: string, verdict: NewOpinion["verdict"]): NewOpinion => ({
  ...{ attemptId, grader, version: "1", verdict, answer: "secret", span: [0, 2], reason: "told so" },
});

describe("the dispute queue", () => {
  let s: Sitting;
  let ids: number[];
  /** Disputed over another grader, over an imported score, and one that a grader was unsure of. */
  beforeEach(async () => {
    s = await sitting();
    ids = s.ids;
    const [unsure = 0, imported = 0, disagree = 0, agreed = 0] = ids;
    await s.pool.putOpinions([
      says(unsure, "math-verify", "unscored"),
      says(imported, "imported: exact_match", "correct"),
      says(disagree, "math-verify", "correct"),
      says(agreed, "math-verify", "incorrect"),
    ]);
  });
  const open = () => s.session.open({ scope: "all", dispute: "any" });

  test("comes by kind: disagreements, imported scores, then what nobody could tell; and says so", async () => {
    await open();
    const seen: (string | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      seen.push(s.item().dispute?.words);
      await s.press("next");
    }
    expect(seen).toEqual([
      "math-verify says correct; ours incorrect",
      "imported: exact_match says correct; ours incorrect",
      "math-verify could not tell; ours incorrect",
    ]);
    const { total, disputes, order, scope } = s.state();
    expect({ total, disputes, order, scope }).toEqual({
      ...{ total: 3, disputes: true, order: "disputes", scope: "in dispute, all attempts" },
    });
    await s.press("order");
    expect(s.state().order).toBe("random");
    await s.press("order", "order");
    expect(s.state().order).toBe("disputes");
    await s.session.open({});
    expect(s.state()).toMatchObject({ disputes: false, order: "stored" });
  });

  test("one key settles and goes on; undo brings the dispute back", async () => {
    await open();
    const first = s.item().attemptId;
    await s.press("overruleCorrect");
    expect(s.item().attemptId).not.toBe(first);
    expect(await s.pool.disputes()).toEqual({ disagree: 0, imported: 1, unsure: 1 });
    await s.press("undo");
    expect(s.item().attemptId).toBe(first);
    expect(s.item().dispute?.kind).toBe("disagree");
    expect(await s.pool.disputes()).toEqual({ disagree: 1, imported: 1, unsure: 1 });
  });

  test("elsewhere the same key stays on the item, unless in triage", async () => {
    const [, , disagree = 0] = ids;
    await s.session.go(disagree);
    await s.press("overruleIncorrect");
    expect(s.item().attemptId).toBe(disagree);
    expect(s.item()).toMatchObject({ dispute: null, graded: "incorrect" });
    expect(s.item().opinions).toHaveLength(1);
    await s.press("overruleCorrect");
    expect(s.item()).toMatchObject({ verdict: "correct", graded: "incorrect" });
  });

  test("works within a filter, and a queue of one kind alone", async () => {
    const { problemId } = (await s.pool.detail(ids[2] ?? 0)).attempt;
    await s.session.open({ scope: "all", dispute: "any", problemId });
    const own = await s.pool.attemptIds({ scope: "all", dispute: "any", problemId });
    expect(s.state().total).toBe(own.length);
    await s.session.open({ scope: "all", dispute: "imported" });
    expect(s.state()).toMatchObject({ total: 1, scope: "imported score differs, all attempts" });
  });

  test("blind mode withholds all of it until one has judged, ahead of time too", async () => {
    await s.press("blind");
    s.prefetched.length = 0;
    await open();
    await until("the next ones were read", () => s.prefetched.length >= 2);
    const nothing: Partial<ReviewItem> = {
      ...{ hidden: true, opinions: [], dispute: null, graded: null, answerHow: null, card: null },
    };
    expect(s.item()).toMatchObject(nothing);
    for (const item of s.prefetched) expect(item).toMatchObject(nothing);
    expect(JSON.stringify([s.item(), ...s.prefetched])).not.toMatch(/secret|told so|math-verify/);
    const { attemptId } = s.item();
    await s.press("overruleCorrect", "previous");
    expect(s.item()).toMatchObject({ attemptId, hidden: false, graded: "incorrect" });
    expect(s.item().opinions).toHaveLength(1);
  });

  test("what a grader says while an item is shown, and a re-grading, are shown with it", async () => {
    const [, , , agreed = 0] = ids;
    await s.session.go(agreed);
    expect(s.item().opinions.map(({ grader }) => grader)).toEqual(["math-verify"]);
    await s.pool.putOpinions([says(agreed, "judge", "correct")]);
    await s.session.refresh();
    expect(s.item().opinions.map(({ grader }) => grader)).toEqual(["judge", "math-verify"]);
    expect(s.item().dispute?.words).toBe("judge says correct; ours incorrect");
    const id = await s.pool.openRegrade({ who: "ada", settings: "", scope: "" });
    const { answer, answerSpan: span, reason } = (await s.pool.detail(agreed)).attempt;
    const old = { verdict: "incorrect" as const, answer, span, reason };
    const now = { verdict: "correct" as const, answer, span, reason: "within tolerance" };
    await s.pool.putRegraded(id, [{ attemptId: agreed, old, new: now }], 1);
    await s.pool.endRegrade(id);
    await s.pool.applyRegrade(id);
    await s.session.refresh();
    expect(s.item()).toMatchObject({ graded: "correct", reason: "within tolerance" });
    await s.pool.undoRegrade(id);
    await s.session.refresh();
    expect(s.item().graded).toBe("incorrect");
  });

  test("the group's card stands beside the item", async () => {
    await s.session.go(ids[0] ?? 0);
    const { card } = s.item();
    expect(card).toMatchObject({ size: 8, scored: 8, correct: 3, bad: false });
    expect(card?.clusters.map(({ attemptIds }) => attemptIds.length).reduce((a, b) => a + b)).toBe(8);
    expect(card?.passAtK[0]?.value).toBeCloseTo(3 / 8);
  });
});

describe("why an attempt is in dispute, in words", () => {
  const between = { bad: false, graded: "incorrect" as const };

  test("names who contradicts ours, and how many more", () => {
    const graders = ["a", "b", "c", "d"].map((grader, id) => opinion({ id, grader }));
    expect(disputeOf({ ...between, kind: "disagree", opinions: graders })?.words).toBe(
      "a, b, c and 1 more say correct; ours incorrect",
    );
    expect(disputeOf({ ...between, kind: null, opinions: graders })).toBeNull();
  });

  test("takes a text that was cut off for a failure, as the pool does", () => {
    const opinions = [opinion(), opinion({ id: 2, grader: "b", verdict: "incorrect" })];
    const words = disputeOf({ ...between, graded: "truncated", kind: "disagree", opinions })?.words;
    expect(words).toBe("math-verify says correct; ours cut off");
  });

  test("says when ours could not tell, and what others said", () => {
    expect(disputeOf({ ...between, graded: "unscored", kind: "unsure", opinions: [] })?.words).toBe(
      "ours could not tell",
    );
    expect(disputeOf({ ...between, graded: "unscored", kind: "unsure", opinions: [opinion()] })?.words).toBe(
      "ours could not tell; math-verify says correct",
    );
  });

  test("reads which reader found the answer from the reason alone", () => {
    expect(answerHow("Compared as numbers; read from \\boxed{}.")).toBe("\\boxed{}");
    expect(answerHow("A log said so.")).toBeNull();
  });
});
