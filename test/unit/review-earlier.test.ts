import { describe, expect, it } from "vitest";
import { PoolStore } from "../../src/ui/correction-store.js";
import { reflectOn, type Sitting, said, sitting } from "./review-session.fixture.js";

const MINE = "$x=7$\n\\boxed{7}";

/** Reflects once more on what is shown, as `r` reflections of its own seed do. */
async function again(s: Sitting): Promise<number> {
  const [id = -1] = await reflectOn(s.pool, [s.item().attemptId], "another seed");
  await s.session.refresh();
  expect(s.item().reflection?.id).toBe(id);
  return id;
}

const store = (s: Sitting, who = "ada"): PoolStore =>
  new PoolStore({
    trusted: true,
    pool: async () => s.pool,
    poolIfAny: async () => s.pool,
    who: async () => who,
  });

describe("what was said of an earlier reflection", () => {
  it("the correction stays the person's own, and says of which it is", async () => {
    const s = await sitting();
    await s.session.text("correction", s.item().attemptId, MINE, false);
    expect(s.item().mine.correction?.about).toBeUndefined();
    await again(s);
    expect(s.item().mine.correction).toMatchObject({ text: MINE, about: "written on reflection 1 of 2" });
    expect(await store(s).read(s.item().attemptId)).toMatchObject({ own: MINE });
    expect(await store(s, "bob").read(s.item().attemptId)).toMatchObject({ own: null });
  });

  it("so does one that was written before there was a reflection", async () => {
    const s = await sitting({ reflect: false });
    await s.session.text("correction", s.item().attemptId, MINE, false);
    await again(s);
    expect(s.item().mine.correction).toMatchObject({
      text: MINE,
      about: "written before there was a reflection",
    });
  });

  it("a new text is of the reflection that is shown; taken back, the earlier one stands again", async () => {
    const s = await sitting();
    const id = s.item().attemptId;
    const first = s.item().reflection?.id;
    await s.session.text("correction", id, MINE, false);
    const second = await again(s);
    await s.session.text("correction", id, "$x=8$", false);
    expect(s.item().mine.correction).toMatchObject({ text: "$x=8$" });
    expect(s.item().mine.correction?.about).toBeUndefined();
    await s.session.text("correction", id, "", false);
    expect(s.item().mine.correction).toMatchObject({ text: MINE, about: "written on reflection 1 of 2" });
    await s.session.text("correction", id, "", false);
    expect(s.item().mine.correction).toBeUndefined();
    await s.press("undo");
    expect(s.item().mine.correction?.text).toBe(MINE);
    expect((await said(s.pool)).map((word) => [word.target_id, word.value])).toEqual([
      [first, JSON.stringify(MINE)],
      [second, '"$x=8$"'],
      [second, null],
      [first, null],
      [first, JSON.stringify(MINE)],
    ]);
  });

  it("an editor of its own takes back the one that it shows", async () => {
    const s = await sitting();
    const id = s.item().attemptId;
    await s.session.text("correction", id, MINE, false);
    await again(s);
    await store(s).write(id, null);
    expect(await store(s).read(id)).toMatchObject({ own: null });
    await s.session.refresh();
    expect(s.item().mine.correction).toBeUndefined();
  });

  it("ratings and a decision are told, but stand of the old one: the same keys say them of the new one", async () => {
    const s = await sitting();
    await s.press("rate4", "reject");
    const id = await again(s);
    expect(s.item().mine).toMatchObject({
      ratings: {},
      earlier: ["rated Overall 4", "rejected the correction"],
    });
    expect(s.item().mine.decision).toBeUndefined();
    await s.press("rate4", "reject");
    expect(s.item().mine).toMatchObject({ ratings: { overall: 4 }, decision: "rejected" });
    expect((await s.pool.annotations("reflection", id)).map(({ value }) => value.value)).toEqual([
      4,
      "rejected",
    ]);
  });
});

describe("a decision without a model's correction", () => {
  it("is refused, in words, by key and beforehand; nothing is stored and one stays", async () => {
    const s = await sitting({ reflect: false });
    await s.press("mode");
    expect(Object.keys(s.item().refuses).sort()).toEqual(["accept", "reject"]);
    expect(s.state().foreseen).not.toHaveProperty("accept");
    expect(s.state().foreseen).toHaveProperty("rate4");
    for (const action of ["accept", "reject"] as const) {
      await s.press(action);
      expect(s.state()).toMatchObject({ position: 1, notice: s.item().refuses[action] });
    }
    expect(s.state().notice).toMatch(/no reflection yet.*Reflect first/);
    expect(await said(s.pool)).toEqual([]);
    await again(s);
    expect(s.item().refuses).toEqual({});
    await s.press("reject");
    expect(s.state().position).toBe(2);
  });

  it("of a reflection without a corrected solution one may reject, not accept", async () => {
    const s = await sitting({ reflect: false });
    await s.pool.putReflections([
      {
        ...{ attemptId: s.item().attemptId, modelId: "base", sample: 0 },
        generation: { text: "…", tokenIds: [1], logprobs: [-1], finish: "length" },
        ...{ analysis: "", correctedSolution: "", parsed: false },
        grade: { verdict: "unscored", answer: null, span: null, reason: "" },
      },
    ]);
    await s.session.refresh();
    expect(Object.keys(s.item().refuses)).toEqual(["accept"]);
    await s.press("accept");
    expect(s.state().notice).toMatch(/nothing to accept/);
    await s.press("reject");
    expect(s.item().mine.decision).toBe("rejected");
  });

  it("that was said of the attempt in an older version can be taken back", async () => {
    const s = await sitting({ reflect: false });
    const { attemptId } = s.item();
    await s.pool.annotate("attempt", attemptId, "ada", { kind: "decision", value: "accepted" });
    await s.session.refresh();
    expect(Object.keys(s.item().refuses)).toEqual(["reject"]);
    await s.press("accept");
    expect(s.item().mine.decision).toBeUndefined();
    expect(Object.keys(s.item().refuses).sort()).toEqual(["accept", "reject"]);
  });
});
