import { describe, expect, it } from "vitest";
import { cutSteps, stepsHash } from "../../src/protocol/steps.js";
import { sitting, until } from "./review-session.fixture.js";

describe("a sitting of review", () => {
  it("stores a rating on the newest reflection at once, and takes it back on the same key", async () => {
    const s = await sitting();
    await s.session.act("rate4");
    expect(s.item().mine.ratings.overall).toBe(4);
    const reflection = s.item().reflection?.id ?? -1;
    const [stored] = await s.pool.annotations("reflection", reflection);
    expect(stored?.value).toEqual({ kind: "rating", axis: "overall", value: 4 });
    expect(stored?.who).toBe("ada");
    await s.session.act("rate4");
    expect(s.item().mine.ratings.overall).toBeUndefined();
    expect(await s.pool.annotations("reflection", reflection)).toHaveLength(2);
  });

  it("rates the attempt where there is no reflection", async () => {
    const s = await sitting({ reflect: false });
    await s.session.act("rate2");
    expect(s.item().reflection).toBeNull();
    expect((await s.pool.annotations("attempt", s.ids[0] ?? -1))[0]?.value.kind).toBe("rating");
  });

  it("walks the queue, says where it is, and stops at both ends", async () => {
    const s = await sitting();
    expect(s.state()).toMatchObject({ position: 1, total: s.ids.length });
    await s.session.act("previous");
    expect(s.state().notice).toMatch(/first item/);
    for (let i = 0; i < s.ids.length + 2; i++) await s.session.act("next");
    expect(s.state().position).toBe(s.ids.length);
    expect(s.state().notice).toMatch(/last item/);
  });

  it("reads the next item before it is asked for", async () => {
    const s = await sitting();
    await until("the next item", () => s.prefetched.some(({ attemptId }) => attemptId === s.ids[1]));
  });

  it("carries keys out in the order in which they were pressed", async () => {
    const s = await sitting();
    await Promise.all([s.session.act("rate5"), s.session.act("next"), s.session.act("rate1")]);
    expect(s.item().attemptId).toBe(s.ids[1]);
    expect(s.item().mine.ratings.overall).toBe(1);
    await s.session.act("previous");
    expect(s.item().mine.ratings.overall).toBe(5);
  });

  it("undoes across items, and says what it undid", async () => {
    const s = await sitting();
    await s.session.act("rate3");
    await s.session.act("rate5");
    await s.session.act("next");
    await s.session.act("accept");
    await s.session.act("next");
    await s.session.act("undo");
    expect(s.item().attemptId).toBe(s.ids[1]);
    expect(s.item().mine.decision).toBeUndefined();
    expect(s.state().notice).toMatch(/Undone: accepted/);
    await s.session.act("undo");
    expect(s.item().attemptId).toBe(s.ids[0]);
    expect(s.item().mine.ratings.overall).toBe(3);
    await s.session.act("undo");
    expect(s.item().mine.ratings.overall).toBeUndefined();
    await s.session.act("undo");
    expect(s.state().notice).toMatch(/Nothing to undo/);
  });

  it("undoes a skip by going back", async () => {
    const s = await sitting();
    await s.session.act("skip");
    expect(s.item().attemptId).toBe(s.ids[1]);
    await s.session.act("undo");
    expect(s.item().attemptId).toBe(s.ids[0]);
  });

  it("goes on after a judgement in triage, and stays when localising", async () => {
    const s = await sitting();
    await s.session.act("reject");
    expect(s.item().attemptId).toBe(s.ids[0]);
    await s.session.act("mode");
    await s.session.act("next");
    await s.session.act("accept");
    expect(s.item().attemptId).toBe(s.ids[2]);
  });

  it("marks the first wrong step at the cursor, which never leaves the steps", async () => {
    const s = await sitting();
    const last = s.item().solution.steps.length;
    for (let i = 0; i < last + 3; i++) await s.session.act("stepDown");
    expect(s.state().cursor).toBe(last);
    await s.session.act("firstWrong");
    expect(s.item().mine.firstWrong).toBe(last);
    await s.session.act("noWrongStep");
    expect(s.item().mine.firstWrong).toBe(0);
  });

  it("keeps a correction, grades it, and an empty one takes it back", async () => {
    const s = await sitting();
    const id = s.item().attemptId;
    await s.session.text("correction", id, "$x=1$\n\\boxed{1}", false);
    await s.session.act("stepUp");
    await s.session.act("stepUp");
    expect(s.item().mine.correction).toMatchObject({ text: "$x=1$\n\\boxed{1}", verdict: "correct" });
    expect(s.item().mine.correction?.steps).toHaveLength(2);
    await s.session.text("correction", id, "  ", false);
    expect(s.item().mine.correction).toBeUndefined();
  });

  it("saves a text on the item it was written for, even when another is shown", async () => {
    const s = await sitting();
    const first = s.item().attemptId;
    await s.session.act("next");
    await s.session.text("note", first, "jax", true);
    expect((await s.pool.annotations("attempt", first)).map((a) => a.value)).toEqual([
      { kind: "note", value: "jax" },
    ]);
    expect(s.item().attemptId).toBe(s.ids[1]);
  });

  it("shows nobody else's judgement as one's own", async () => {
    const s = await sitting();
    await s.pool.annotate("reflection", s.item().reflection?.id ?? -1, "bob", {
      kind: "rating",
      axis: "overall",
      value: 1,
    });
    await s.session.refresh();
    expect(s.item().mine.ratings.overall).toBeUndefined();
  });

  it("tells the pace as the median of judged items", async () => {
    const s = await sitting();
    for (const seconds of [4, 10, 6]) {
      s.clock.now += seconds * 1000;
      await s.session.act("rate3");
      await s.session.act("next");
    }
    expect(s.state().pace).toBe(6);
  });

  it("groups the attempts of the problem by answer, its own among them", async () => {
    const s = await sitting();
    const { siblings, attemptId, group } = s.item();
    expect(siblings.flatMap((c) => c.attemptIds)).toContain(attemptId);
    expect(siblings.reduce((n, c) => n + c.attemptIds.length, 0)).toBe(8);
    expect(group).toEqual({ correct: 3, scored: 8, size: 8 });
  });

  it("reports a failure and goes on", async () => {
    const s = await sitting();
    await s.session.go(999_999);
    expect(s.problems).toHaveLength(1);
    await s.session.act("next");
    expect(s.item().attemptId).toBe(s.ids[1]);
  });
});

describe("steps", () => {
  it("numbers lines that hold something, with their offsets", () => {
    const text = "First.\n\n  $x=1$  \n\\boxed{1}\n";
    const steps = cutSteps(text);
    expect(steps.map((s) => [s.n, s.text])).toEqual([
      [1, "First."],
      [2, "$x=1$"],
      [3, "\\boxed{1}"],
    ]);
    for (const s of steps) expect(text.slice(s.start, s.start + s.text.length)).toBe(s.text);
  });

  it("never cuts inside display mathematics", () => {
    expect(cutSteps("so\n$$\na\n=b\n$$\nend").map((s) => s.text)).toEqual(["so", "$$\na\n=b\n$$", "end"]);
    expect(cutSteps("\\begin{align*}\na&=1\\\\\nb&=2\n\\end{align*}")).toHaveLength(1);
  });

  it("gives other texts another hash", () => {
    expect(stepsHash("a")).not.toBe(stepsHash("b"));
    expect(stepsHash("a\nb")).toMatch(/^[0-9a-f]{14}$/);
  });
});
