import { describe, expect, it } from "vitest";
import { DEFAULT_RUBRIC, type Rubric } from "../../src/protocol/rubric.js";
import { stepsHash } from "../../src/protocol/steps.js";
import { attempt, spec } from "./pool.fixture.js";
import { reflectOn, said, sitting, until } from "./review-session.fixture.js";

const LABELLED: Rubric = {
  ...DEFAULT_RUBRIC,
  labels: [
    { id: "nice", title: "Nice example" },
    { id: "odd", title: "Odd" },
  ],
};

describe("axes of the rubric", () => {
  it("move in a circle, and every item begins at the first", async () => {
    const s = await sitting();
    const ids = DEFAULT_RUBRIC.axes.map(({ id }) => id);
    expect(s.state().axis).toBe("overall");
    await s.press("axisBefore");
    expect(s.state().axis).toBe(ids.at(-1));
    await s.press("axisAfter", "axisAfter");
    expect(s.state().axis).toBe(ids[1]);
    await s.press("rate3");
    expect(s.item().mine.ratings).toEqual({ [ids[1] ?? ""]: 3 });
    expect(s.state().axis).toBe(ids[1]);
    await s.press("next");
    expect(s.state().axis).toBe("overall");
  });

  it("in triage overall goes on at once; the others go through the axes, and the last goes on", async () => {
    const s = await sitting();
    await s.press("mode", "rate4");
    expect(s.state().position).toBe(2);
    await s.press("axisAfter", "rate1", "rate2", "rate3");
    expect(s.state()).toMatchObject({ position: 2, axis: "independent" });
    await s.press("rate5");
    expect(s.state()).toMatchObject({ position: 3, axis: "overall" });
    await s.press("previous");
    expect(s.item().mine.ratings).toEqual({ locates: 1, explains: 2, valid: 3, independent: 5 });
  });

  it("taking a rating back in triage stays", async () => {
    const s = await sitting();
    await s.press("mode", "rate4", "previous", "rate4");
    expect(s.state().position).toBe(1);
    expect(s.item().mine.ratings).toEqual({});
  });

  it("are rated by the mouse as by keys; values and axes that do not exist are not stored", async () => {
    const s = await sitting();
    await s.session.rate("explains", 2);
    expect(s.item().mine.ratings).toEqual({ explains: 2 });
    expect(s.state().axis).toBe("explains");
    await s.session.rate("nowhere", 2);
    await s.session.rate("explains", 6);
    await s.session.rate("explains", 2.5);
    expect(s.item().mine.ratings).toEqual({ explains: 2 });
    await s.session.rate("explains", 2);
    expect(s.item().mine.ratings).toEqual({});
    expect(s.problems).toEqual([]);
  });
});

describe("error types and labels", () => {
  it("one error type stands at a time, and undo says which", async () => {
    const s = await sitting();
    await s.session.errorType("sign");
    await s.session.errorType("algebra");
    expect(s.item().mine.errorType).toBe("algebra");
    expect(s.item().errorType).toBeNull();
    expect(s.state().undoes).toBe("error type Invalid algebra");
    await s.press("undo");
    expect(s.item().mine.errorType).toBe("sign");
    expect(s.state().notice).toMatch(/^Undone: error type Invalid algebra/);
    await s.session.errorType("sign");
    expect(s.item().mine.errorType).toBeUndefined();
    expect(s.state().undoes).toBe("taking back error type Sign");
    await s.session.errorType("no such type");
    expect((await said(s.pool)).length).toBe(4);
  });

  it("labels stand beside each other, each undone for itself", async () => {
    const s = await sitting();
    await s.session.setRubric(LABELLED);
    await s.session.label("nice");
    await s.session.label("odd");
    expect(s.item().mine.labels).toEqual(["nice", "odd"]);
    await s.session.label("nice");
    expect(s.item().mine.labels).toEqual(["odd"]);
    await s.press("undo");
    expect(s.item().mine.labels.toSorted()).toEqual(["nice", "odd"]);
    expect(s.state().notice).toMatch(/^Undone: taking back label Nice example/);
    expect(await s.pool.attemptIds({ label: "odd" })).toEqual([s.ids[0]]);
  });

  it("a rubric that lost the axis falls back to the first, and draws anew", async () => {
    const s = await sitting();
    await s.press("axisBefore");
    const axes = DEFAULT_RUBRIC.axes.slice(0, 2);
    await s.session.setRubric({ ...DEFAULT_RUBRIC, axes });
    expect(s.state().axis).toBe("overall");
    expect(s.state().rubric.axes).toHaveLength(2);
  });
});

describe("what goes on in triage", () => {
  it("a rating, a decision, an overruling; a step, a flag, a note and an error type stay", async () => {
    const s = await sitting();
    await s.press("mode", "firstWrong", "flag");
    await s.session.errorType("sign");
    await s.session.text("note", s.ids[0] ?? -1, "why?", false);
    expect(s.state().position).toBe(1);
    await s.press("reject");
    expect(s.state().position).toBe(2);
    await s.press("overruleUnscored");
    expect(s.state().position).toBe(3);
    await s.press("previous", "previous");
    expect(s.item().mine).toMatchObject({
      decision: "rejected",
      firstWrong: 1,
      flag: true,
      note: "why?",
      errorType: "sign",
    });
  });

  it("says so at the last item, and shows what was said there", async () => {
    const s = await sitting();
    await s.press("mode");
    await s.session.go(s.ids.at(-1) ?? -1);
    await s.press("accept");
    expect(s.state().notice).toMatch(/last item/);
    expect(s.item().mine.decision).toBe("accepted");
  });
});

describe("a bad problem", () => {
  it("leaves the pool and the figures, stays on screen until one goes on, and comes back whole", async () => {
    const s = await sitting();
    expect(s.ids).toHaveLength(9);
    await s.press("badProblem");
    expect(s.state()).toMatchObject({ position: 1, total: 9, leftOut: 1 });
    expect(s.state().notice).toMatch(/5 attempts left the pool/);
    expect(s.item().mine.badProblem).toBe(true);
    expect(await s.pool.attemptIds({})).toHaveLength(4);
    expect((await s.pool.stats()).problems).toBe(2);
    await s.press("firstWrong");
    expect(s.item().mine.firstWrong).toBe(1);
    await s.press("undo", "next");
    expect(s.state()).toMatchObject({ position: 1, total: 4 });
    expect(s.item().attemptId).toBe(s.ids[5]);
    await s.press("next", "undo");
    expect(s.state()).toMatchObject({ position: 1, total: 9, leftOut: 0 });
    expect(s.state().notice).toMatch(/Undone: bad problem · 5 attempts came back/);
    expect(s.item().attemptId).toBe(s.ids[0]);
    expect(await s.pool.attemptIds({})).toEqual(s.ids);
    await s.press("next");
    expect(s.item().attemptId).toBe(s.ids[1]);
  });

  it("going back from it leaves it, too; where nothing else is left one stays", async () => {
    const s = await sitting({ groups: ["CCCCIIII", "CCCCIIII"] });
    await s.session.go(s.ids[4] ?? -1);
    await s.press("badProblem", "previous");
    expect(s.item().attemptId).toBe(s.ids[3]);
    expect(s.state()).toMatchObject({ position: 4, total: 4 });
    await s.press("badProblem", "next");
    expect(s.item().attemptId).toBe(s.ids[3]);
    expect(s.state()).toMatchObject({ position: 4, total: 4, leftOut: 2 });
    await s.press("badProblem");
    expect(s.state()).toMatchObject({ position: 4, total: 4, leftOut: 1 });
    expect(await s.pool.attemptIds({})).toHaveLength(4);
  });
});

describe("overruling the grader", () => {
  it("keeps its history, of everybody, those that were taken back with them", async () => {
    const s = await sitting();
    const id = s.ids[0] ?? -1;
    await s.pool.annotate("attempt", id, "bob", { kind: "verdict", value: "correct" });
    await s.session.refresh();
    expect(s.item().verdict).toBe("correct");
    expect(s.item().mine.verdict).toBeUndefined();
    await s.press("overruleIncorrect", "overruleIncorrect");
    expect(s.item().overrules.map(({ who, verdict }) => [who, verdict])).toEqual([
      ["bob", "correct"],
      ["ada", "incorrect"],
      ["ada", null],
    ]);
    expect(s.item().overrules.every(({ at }) => /^\d{4}-.*Z$/.test(at))).toBe(true);
  });
});

describe("what others said", () => {
  it("is told in the rubric's words, people and machines apart, and never as one's own", async () => {
    const s = await sitting();
    const id = s.ids[0] ?? -1;
    const reflection = s.item().reflection?.id ?? -1;
    await s.session.setRubric(LABELLED);
    await s.pool.annotate("reflection", reflection, "bob", { kind: "rating", axis: "locates", value: 2 });
    await s.pool.annotate("reflection", reflection, "bob", { kind: "decision", value: "accepted" });
    await s.pool.annotate("attempt", id, "bob", { kind: "firstWrongStep", value: 0 });
    await s.pool.annotate("attempt", id, "bob", { kind: "label", axis: "odd", value: true });
    await s.pool.annotate("attempt", id, "bob", { kind: "note", value: "x".repeat(2000) });
    await s.pool.annotate("attempt", id, "machine:judge", { kind: "errorType", value: "sign" });
    await s.pool.annotate("attempt", id, "bob", { kind: "flag", value: true });
    await s.pool.annotate("attempt", id, "bob", { kind: "flag", value: null });
    await s.press("flag");
    await s.session.refresh();
    const told = s.item().others;
    expect(told.map(({ who, machine, words }) => [who, machine, words.slice(0, 40)])).toEqual([
      ["bob", false, "rated Locates the error 2"],
      ["bob", false, "accepted the correction"],
      ["bob", false, "found no wrong step"],
      ["bob", false, "label Odd"],
      ["bob", false, `noted “${"x".repeat(33)}`],
      ["judge", true, "error type Sign"],
    ]);
    expect(told[4]?.words.length).toBeLessThan(450);
    expect(s.item().errorType).toBe("sign");
    expect(s.item().mine).toEqual({ ratings: {}, labels: [], flag: true });
  });
});

describe("sittings", () => {
  it("one is opened at the first word, another when order or blindness change; seconds are kept", async () => {
    const s = await sitting();
    const sittings = (): Promise<Record<string, unknown>[]> =>
      s.pool.transaction((db) => db.all("SELECT * FROM sittings ORDER BY id"));
    await s.press("next", "previous");
    expect(await sittings()).toEqual([]);
    s.clock.now += 2500;
    await s.press("accept", "firstWrong", "next", "reject");
    expect(await sittings()).toMatchObject([
      { who: "ada", ordering: "stored", query: "{}", blind: 0, seed: 7 },
    ]);
    await s.press("order", "accept", "blind", "flag", "flag");
    expect(await sittings()).toMatchObject([
      { ordering: "stored", blind: 0 },
      { ordering: "random", blind: 0 },
      { ordering: "random", blind: 1 },
    ]);
    const words = await said(s.pool);
    expect(words.map((w) => w.sitting_id)).toEqual([1, 1, 1, 2, 3, 3]);
    expect(words[0]?.seconds).toBe(2.5);
    expect(words.every((w) => w.pass === 1)).toBe(true);
  });

  it("a text for another attempt than the one on the screen has no time of its own", async () => {
    const s = await sitting();
    s.clock.now += 4000;
    await s.session.text("note", s.ids[5] ?? -1, "elsewhere", true);
    expect(s.state()).toMatchObject({ position: 1, pace: null });
    await s.press("accept");
    expect((await said(s.pool)).map((w) => w.seconds)).toEqual([null, 4]);
  });
});

describe("frozen steps", () => {
  it("are frozen when one is first named, and drawn as they were frozen", async () => {
    const s = await sitting();
    const id = s.ids[0] ?? -1;
    expect((await s.pool.detail(id)).cut).toBeNull();
    await s.press("flag");
    expect((await s.pool.detail(id)).cut).toBeNull();
    await s.press("firstWrong");
    const cut = (await s.pool.detail(id)).cut;
    expect(cut?.spans).toHaveLength(s.item().solution.steps.length);
    expect(cut?.hash).toMatch(/^[0-9a-f]{14}$/);
  });

  it("another cutting of the same text stands where it was frozen", async () => {
    const s = await sitting();
    const id = s.ids[4] ?? -1;
    const { text } = (await s.pool.detail(id)).attempt;
    await s.pool.freezeCut(id, {
      hash: stepsHash(text),
      spans: [
        [0, 8],
        [9, text.length],
      ],
    });
    await s.session.go(id);
    expect(s.item().solution.steps).toEqual([
      { n: 1, text: "solution", start: 0 },
      { n: 2, text: text.slice(9), start: 9 },
    ]);
    await s.press("stepDown", "firstWrong");
    expect(s.item().mine.firstWrong).toBe(2);
  });

  it("of another text say so instead of misnumbering", async () => {
    const s = await sitting();
    const id = s.ids[4] ?? -1;
    await s.pool.annotate("attempt", id, "ada", { kind: "firstWrongStep", value: 1 });
    await s.pool.freezeCut(id, { hash: "00000000000000", spans: [[0, 3]] });
    await s.session.go(id);
    expect(s.state().notice).toMatch(/changed after its steps were numbered/);
    expect(s.item().mine.firstWrong).toBeUndefined();
    await s.press("firstWrong");
    expect(s.state().notice).toMatch(/no step can be marked/);
    expect(await said(s.pool)).toHaveLength(1);
  });
});

describe("orders and queues", () => {
  it("come round; what is shown stays, and its place is found anew", async () => {
    const s = await sitting();
    const id = s.ids[4];
    await s.session.go(id ?? -1);
    await s.press("order");
    const random = await s.pool.attemptIds({}, { by: "random", seed: 7 });
    expect(s.state()).toMatchObject({ order: "random", position: random.indexOf(id ?? -1) + 1, total: 9 });
    expect(s.item().attemptId).toBe(id);
    expect(s.state().notice).toBe("Order: random.");
    await s.press("order");
    const uncertain = await s.pool.attemptIds({}, { by: "uncertain" });
    expect(s.state()).toMatchObject({ order: "uncertain", position: uncertain.indexOf(id ?? -1) + 1 });
    await s.press("order");
    expect(s.state()).toMatchObject({ order: "stored", position: 5 });
  });

  it("another queue keeps what is shown where it belongs to it, else begins anew", async () => {
    const s = await sitting();
    const kinds = await s.pool.attemptIds({ kind: "even" });
    await s.session.go(kinds[2] ?? -1);
    await s.press("stepDown");
    await s.session.requeue({ kind: "even" });
    expect(s.state()).toMatchObject({ position: 3, total: kinds.length, scope: "even" });
    await s.session.requeue({ kind: "" });
    expect(s.state()).toMatchObject({ position: 1, scope: "no kind" });
    expect(kinds).not.toContain(s.item().attemptId);
    await s.session.requeue({ text: "nothing has this" });
    expect(s.session.item).toBeNull();
    expect(s.state()).toMatchObject({ position: null, total: 0 });
    await s.session.requeue({});
    expect(s.state()).toMatchObject({ position: 1, total: 9 });
  });

  it("from an attempt beside the queue one goes back to where it was left", async () => {
    const s = await sitting();
    const right = s.item().siblings.find(({ verdict }) => verdict === "correct")?.attemptIds[0] ?? -1;
    await s.press("next");
    await s.session.go(right);
    expect(s.state()).toMatchObject({ position: null, total: 9 });
    await s.press("next");
    expect(s.state().position).toBe(3);
    await s.session.go(right);
    await s.press("previous");
    expect(s.state().position).toBe(3);
  });
});

describe("what is shown after a word", () => {
  it("is what the pool holds, whatever was said", async () => {
    const s = await sitting();
    await s.session.setRubric(LABELLED);
    const id = s.item().attemptId;
    const same = async (after: string): Promise<void> => {
      const other = await sitting({ pool: s.pool, memory: { attemptId: id } });
      expect(s.item().attemptId, after).toBe(id);
      expect(s.item(), after).toEqual(other.item());
      expect(s.state(), after).toMatchObject({ reviewed: other.state().reviewed });
    };
    for (const action of [
      ...(["rate2", "rate3", "rate3", "accept", "reject", "firstWrong", "noWrongStep"] as const),
      ...(["noWrongStep", "flag", "overruleCorrect", "overruleCorrect", "badProblem", "badProblem"] as const),
      ...(["undo", "undo", "undo", "undo", "undo"] as const),
    ]) {
      await s.press(action);
      await same(action);
    }
    await s.session.errorType("sign");
    await same("error type");
    await s.session.label("odd");
    await same("label");
    await s.session.text("note", id, "n", false);
    await same("note");
    await s.session.text("note", id, "", false);
    await same("no note");
  });
});

describe("coming back after a reload", () => {
  it("attempt, step, axis, mode, order, seed, blindness and queue are as they were", async () => {
    const s = await sitting({ reflect: true });
    await s.session.requeue({ kind: "even" });
    await s.press("mode", "order", "blind", "next", "next", "stepDown", "axisAfter");
    const { memory } = s.session;
    const kept = JSON.parse(JSON.stringify(memory));
    const t = await sitting({ pool: s.pool, memory: kept });
    expect(t.state()).toEqual({ ...s.state(), notice: null });
    expect(t.session.memory).toEqual(memory);
  });

  it("a memory of an older version, or of another pool, begins as well as it can", async () => {
    const s = await sitting();
    const old = await sitting({ pool: s.pool, memory: { attemptId: s.ids[3] ?? -1, query: {} } });
    expect(old.state()).toMatchObject({ position: 4, mode: "localise", order: "stored", blind: false });
    const other = await sitting({ pool: s.pool, memory: { attemptId: 4711, query: {} } });
    expect(other.problems).toHaveLength(1);
    expect(other.state().position).toBe(1);
  });

  it("begins at the first attempt that nobody reviewed", async () => {
    const s = await sitting();
    await s.press("accept", "next", "accept");
    const t = await sitting({ pool: s.pool });
    expect(t.state()).toMatchObject({ position: 3, reviewed: 2 });
  });
});

describe("a pool that changes meanwhile", () => {
  it("what others add comes to the queue behind what was read; one's own words ask for nothing", async () => {
    const s = await sitting();
    await s.press("next", "next", "accept");
    const before = s.states.length;
    await s.session.refresh();
    await s.session.settled;
    expect(s.states.length).toBe(before + 1);
    const { rowIds } = await more(s.pool);
    await s.session.refresh();
    await s.press("previous");
    await s.session.settled;
    expect(s.state()).toMatchObject({ position: 2, total: 12 });
    expect(await s.pool.attemptIds({ problemId: rowIds[0] ?? -1 })).toHaveLength(3);
  });

  it("a queue of unreviewed attempts does not shrink under the reader's hands", async () => {
    const s = await sitting();
    await s.session.requeue({ reviewed: false });
    await s.press("accept", "next", "accept", "next", "accept");
    await s.pool.annotate("attempt", s.ids[8] ?? -1, "bob", { kind: "verdict", value: "incorrect" });
    await s.session.refresh();
    await s.session.settled;
    expect(s.state()).toMatchObject({ position: 3, total: 8 });
    await s.press("previous", "previous");
    expect(s.item().attemptId).toBe(s.ids[0]);
    expect(s.item().mine.decision).toBe("accepted");
  });

  it("an empty queue shows what comes in", async () => {
    const s = await sitting({ groups: ["CCCCCCCC"], reflect: false });
    expect(s.session.item).toBeNull();
    await more(s.pool);
    await s.session.refresh();
    await s.session.settled;
    expect(s.state()).toMatchObject({ position: 1, total: 3 });
  });

  it("a new reflection on what is shown is shown", async () => {
    const s = await sitting({ reflect: false });
    await reflectOn(s.pool, s.ids.slice(0, 1));
    await s.session.refresh();
    expect(s.item().reflection?.analysis).toBe("Line 1 is wrong.");
  });
});

describe("beside the work", () => {
  it("a draft is graded once it rests, the newest alone, and never another attempt's", async () => {
    const s = await sitting();
    const id = s.item().attemptId;
    s.session.draft(id, "a");
    s.session.draft(id, "ab \\boxed{1}");
    s.session.draft(s.ids[3] ?? -1, "not shown");
    await until("the grade", () => s.graded.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(s.graded).toMatchObject([{ attemptId: id, text: "ab \\boxed{1}", grade: { verdict: "correct" } }]);
    s.session.draft(id, "ab \\boxed{1}");
    expect(s.graded).toHaveLength(2);
  });

  it("hints come with their step, for what is shown and its neighbours once each", async () => {
    const asked: string[] = [];
    const s = await sitting({
      needs: {
        relations: async (solution) => {
          asked.push(solution);
          return [
            { start: 0, end: 8, verdict: "false", says: "left: 1, right: 2" },
            { start: 0, end: 9999, verdict: "true", says: "beyond every step" },
          ];
        },
      },
    });
    await until("hints", () => s.hinted.length > 0);
    expect(s.hinted[0]).toEqual({
      attemptId: s.ids[0],
      hints: [{ step: 1, start: 0, end: 8, verdict: "false", says: "left: 1, right: 2" }],
    });
    await until("the neighbours", () => asked.length >= 3);
    await s.press("next");
    expect(s.hinted.at(-1)?.attemptId).toBe(s.ids[1]);
    await until("the next neighbour", () => asked.length === 4);
    expect(new Set(asked).size).toBe(4);
  });

  it("a hint that fails is noted and disturbs nobody", async () => {
    const s = await sitting({
      needs: {
        relations: async () => {
          throw new Error("too deep");
        },
      },
    });
    await until("the note", () => s.notes.length > 0);
    expect(s.problems).toEqual([]);
    await s.press("accept");
    expect(s.item().mine.decision).toBe("accepted");
  });

  it("answers that mean the same stand together, right and wrong apart", async () => {
    const s = await sitting({
      needs: { equal: async (a, b) => [a, b].toSorted().join() === "2,3" },
    });
    await until("the clusters", () => s.item().siblings.length === 2);
    expect(s.item().siblings.map(({ verdict, attemptIds }) => [verdict, attemptIds.length])).toEqual([
      ["incorrect", 5],
      ["correct", 3],
    ]);
  });

  it("a sibling is shown beside its own problem's attempts alone", async () => {
    const s = await sitting();
    const [first = -1, , , , , other = -1] = s.ids;
    const sibling =
      s
        .item()
        .siblings.flatMap((c) => c.attemptIds)
        .find((id) => id !== first) ?? -1;
    expect(await s.session.sibling(first, sibling)).toMatchObject({ attemptId: sibling, modelId: "base" });
    expect(await s.session.sibling(first, other)).toBeUndefined();
    expect(await s.session.sibling(other, sibling)).toBeUndefined();
  });
});

async function more(pool: Parameters<typeof reflectOn>[0]) {
  const rowIds = await pool.putProblems("more", [{ id: "late", problem: "Late", gold: "1" }]);
  const { groups } = await pool.openSampling(spec(), rowIds);
  await pool.putAttempts([..."CCCCCIII"].map((letter, i) => attempt(groups[0]?.groupId ?? -1, i, letter)));
  return { rowIds };
}
