import { describe, expect, it } from "vitest";
import { type Entry, Queue } from "../../src/review/queue.js";
import { chance, GAP, Repeats } from "../../src/review/repeats.js";
import { reflectOn, type Sitting, said, sitting } from "./review-session.fixture.js";

const ids = (n: number, from = 1): number[] => Array.from({ length: n }, (_, i) => from + i);

async function begin(queue: Queue, attempts: number[], shown: Entry | null): Promise<void> {
  queue.fill(await queue.plan(attempts, shown), shown, false);
}

/** Reads a queue to its end, judging everything; what was read, in order. */
function readAll(queue: Queue, repeats: Repeats): Entry[] {
  const read: Entry[] = [];
  for (let next = queue.peek(1); next; next = queue.peek(1)) {
    queue.place(next);
    repeats.saw(next.attemptId);
    if (!next.again) repeats.said(next.attemptId);
    read.push(next);
  }
  return read;
}

describe("which attempts come back", () => {
  it("about the share that is asked for, by seed and attempt alone", () => {
    const kept = ids(20_000).filter((id) => chance(1, id) < 0.05);
    expect(kept.length / 20_000).toBeCloseTo(0.05, 2);
    expect(ids(20_000).filter((id) => chance(2, id) < 0.05)).not.toEqual(kept);
  });

  it("each once, and never before 20 others were judged and read", async () => {
    const repeats = new Repeats(0.2, 3);
    const queue = new Queue(repeats);
    await begin(queue, ids(400), null);
    const read = readAll(queue, repeats);
    const again = read.filter((entry) => entry.again);
    expect(again.length).toBeGreaterThan(40);
    expect(new Set(again.map((entry) => entry.attemptId)).size).toBe(again.length);
    for (const [index, entry] of read.entries()) {
      if (!entry.again) continue;
      const first = read.findIndex((e) => e.attemptId === entry.attemptId && !e.again);
      const between = read.slice(first + 1, index).filter((e) => !e.again);
      expect(between.length).toBeGreaterThanOrEqual(GAP);
    }
    expect(read.filter((entry) => !entry.again).map((entry) => entry.attemptId)).toEqual(ids(400));
  });

  it("the same of the same reading, others under another seed", async () => {
    const run = async (seed: number): Promise<Entry[]> => {
      const repeats = new Repeats(0.1, seed);
      const queue = new Queue(repeats);
      await begin(queue, ids(200), null);
      return readAll(queue, repeats);
    };
    expect(await run(5)).toEqual(await run(5));
    expect(await run(6)).not.toEqual(await run(5));
  });

  it("are counted from the start: total and place go on as if there were none", async () => {
    const repeats = new Repeats(0.2, 3);
    const queue = new Queue(repeats);
    repeats.begin(ids(100, 1000));
    await begin(queue, ids(200), { attemptId: 1, again: false });
    const { total } = queue;
    expect(total).toBeGreaterThan(210);
    let place = 1;
    for (let next = queue.peek(1); next; next = queue.peek(1)) {
      queue.place(next);
      place++;
      expect(queue.position).toBe(place);
      expect(queue.total).toBe(total);
    }
    expect(place).toBe(total);
  });

  it("nothing is old enough in the beginning: places are given up", async () => {
    const repeats = new Repeats(0.5, 3);
    const queue = new Queue(repeats);
    await begin(queue, ids(60), { attemptId: 1, again: false });
    for (let next = queue.peek(1); next; next = queue.peek(1)) queue.place(next);
    expect(queue.total).toBe(60);
  });

  it("none where it is turned off", async () => {
    const repeats = new Repeats(0, 3);
    repeats.begin(ids(100, 1000));
    const queue = new Queue(repeats);
    await begin(queue, ids(200), null);
    expect(readAll(queue, repeats).some((entry) => entry.again)).toBe(false);
  });

  it("a queue that is read anew keeps what was read and what came back in it", async () => {
    const repeats = new Repeats(0.3, 3);
    const queue = new Queue(repeats);
    repeats.begin(ids(100, 1000));
    await begin(queue, ids(100), null);
    const read: Entry[] = [];
    for (let i = 0; i < 40; i++) {
      const next = queue.peek(1);
      if (!next) break;
      queue.place(next);
      read.push(next);
    }
    expect(read.some((entry) => entry.again)).toBe(true);
    const place = queue.position;
    queue.renew(await queue.plan([...ids(30, 71), ...ids(5, 500)], null));
    expect(queue.position).toBe(place);
    for (let i = read.length - 2; i >= 0; i--) {
      const before = queue.peek(-1);
      expect(before).toEqual(read[i]);
      if (before) queue.place(before);
    }
  });
});

describe("an item that comes back", () => {
  const groups = Array<string>(8).fill("CCCCIIII");

  /** Judges on until something comes back. */
  async function untilAgain(memory = {}): Promise<Sitting> {
    const s = await sitting({ groups, needs: { repeats: () => 0.3 }, memory });
    for (let i = 0; i < 60 && !s.session.memory.again; i++) {
      await s.press(i % 2 === 0 ? "rate2" : "reject");
      await s.session.errorType("sign");
      await s.session.label("x");
      await s.press("next");
    }
    expect(s.session.memory.again).toBe(true);
    return s;
  }

  it("looks like any other: one's own words are not on it, not among others', not in the error type", async () => {
    const s = await untilAgain();
    const id = s.item().attemptId;
    expect((await s.pool.annotations("attempt", id)).length).toBeGreaterThan(0);
    expect(s.item()).toMatchObject({
      mine: { ratings: {}, labels: [] },
      others: [],
      overrules: [],
      errorType: null,
      hidden: false,
    });
    expect(s.item().mine).toEqual({ ratings: {}, labels: [] });
    expect(s.state().position).not.toBeNull();
    expect(JSON.stringify(s.state())).not.toContain("again");
  });

  it("second words are kept as a second pass and never stand; undo takes them back", async () => {
    const s = await untilAgain();
    const id = s.item().attemptId;
    const before = await s.pool.detail(id);
    const { reviewed } = s.state();
    await s.press("rate5", "accept", "firstWrong");
    await s.session.errorType("method");
    expect(s.item().mine).toEqual({
      ratings: { overall: 5 },
      labels: [],
      decision: "accepted",
      firstWrong: 1,
      errorType: "method",
    });
    const after = await s.pool.detail(id);
    expect(after.annotations).toEqual(before.annotations);
    expect(after.attempt.errorType).toBe("sign");
    expect(s.state().reviewed).toBe(reviewed);
    const second = (await said(s.pool)).filter((a) => a.pass === 2);
    expect(second.map((a) => a.kind)).toEqual(["rating", "decision", "firstWrongStep", "errorType"]);
    expect(second.every((a) => a.sitting_id !== null && a.who === "ada")).toBe(true);
    await s.press("undo", "undo", "undo");
    expect(s.item().attemptId).toBe(id);
    expect(s.item().mine).toEqual({ ratings: { overall: 5 }, labels: [] });
    await s.press("rate5");
    expect(s.item().mine).toEqual({ ratings: {}, labels: [] });
    expect((await s.pool.detail(id)).annotations).toEqual(before.annotations);
  });

  it("undo goes back to it from another item; a reload shows it as it was", async () => {
    const s = await untilAgain();
    const id = s.item().attemptId;
    const place = s.state().position;
    await s.press("rate5", "next", "reject", "undo", "undo");
    expect(s.item().attemptId).toBe(id);
    expect(s.state().position).toBe(place);
    expect(s.item().mine.ratings).toEqual({});
    await s.press("accept");
    const memory = JSON.parse(JSON.stringify(s.session.memory));
    const t = await sitting({ pool: s.pool, memory, needs: { repeats: () => 0.3 } });
    expect(t.item()).toEqual(s.item());
    expect(t.item().mine).toEqual({ ratings: {}, labels: [], decision: "accepted" });
    expect(t.state().position).not.toBeNull();
  });

  it("a note and a correction on it count as ever; they are work, not a measure", async () => {
    const s = await untilAgain();
    const id = s.item().attemptId;
    await s.session.text("note", id, "seen before?", false);
    await s.session.text("correction", id, "\\boxed{1}", false);
    expect(s.item().mine).toMatchObject({ note: "seen before?", correction: { text: "\\boxed{1}" } });
    const kinds = (await s.pool.detail(id)).annotations.map((a) => a.value.kind);
    expect(kinds).toContain("note");
    expect(kinds).toContain("correction");
  });

  it("in blind mode it hides again what it hid", async () => {
    const s = await untilAgain({ blind: true });
    expect(s.item()).toMatchObject({ hidden: true, verdict: null });
    await s.press("rate1");
    expect(s.item()).toMatchObject({
      hidden: false,
      verdict: "incorrect",
      mine: { ratings: { overall: 1 } },
    });
  });

  it("comes no third time, not in a later sitting either", async () => {
    const s = await untilAgain();
    const id = s.item().attemptId;
    await s.press("rate5");
    expect(await s.pool.judgedBy("ada", {})).not.toContain(id);
    await reflectOn(s.pool, [id], "other");
    const t = await sitting({ pool: s.pool, needs: { repeats: () => 0.5, seed: () => 99 } });
    const seen: number[] = [];
    for (let i = 0; i < 60; i++) {
      await t.press("rate3");
      if (t.session.memory.again) seen.push(t.item().attemptId);
      await t.press("next");
    }
    expect(seen).not.toContain(id);
  });
});
