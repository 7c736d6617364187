import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Connection } from "../../src/pool/sqlite.js";
import type { NewOpinion, Pool } from "../../src/pool/types.js";
import { seededRandom } from "../../src/protocol/statistics.js";
import type { DisputeKind } from "../../src/protocol/verdicts.js";
import { fill, open, workspace } from "./pool.fixture.js";

const said = (
  attemptId: number,
  grader: string,
  verdict: NewOpinion["verdict"],
  more: Partial<NewOpinion> = {},
): NewOpinion => ({
  ...{ attemptId, grader, version: "1", verdict, answer: "7", span: [0, 2], reason: "because" },
  ...more,
});

const kindOf = async (pool: Pool, id: number): Promise<DisputeKind | null> => (await pool.disputeOf(id)).kind;

async function some(letters: string): Promise<{ pool: Pool; ids: number[]; rowId: number }> {
  const pool = await open(workspace());
  const { attemptIds, rowIds } = await fill(pool, [letters]);
  return { pool, ids: attemptIds[0] ?? [], rowId: rowIds[0] ?? 0 };
}

test("an attempt comes into dispute by another grader's word against ours, and leaves it by a newer one", async () => {
  const { pool, ids } = await some("CIUT");
  const [right = 0, wrong = 0, open = 0, cut = 0] = ids;
  expect(await Promise.all(ids.map((id) => kindOf(pool, id)))).toEqual([null, null, "unsure", null]);
  await pool.putOpinions([
    ...[said(right, "math-verify", "incorrect"), said(wrong, "math-verify", "incorrect")],
    ...[said(open, "math-verify", "correct"), said(cut, "math-verify", "incorrect")],
  ]);
  // A text that was cut off counts as a failure: there they agree. Where ours could not tell, nobody contradicts it.
  expect(await Promise.all(ids.map((id) => kindOf(pool, id)))).toEqual(["disagree", null, "unsure", null]);
  expect(await pool.disputes()).toEqual({ disagree: 1, imported: 0, unsure: 1 });
  await pool.putOpinions([said(right, "math-verify", "correct", { version: "2" })]);
  expect(await kindOf(pool, right)).toBeNull();
  await pool.putOpinions([said(cut, "math-verify", "correct"), said(right, "math-verify", "unscored")]);
  expect(await Promise.all(ids.map((id) => kindOf(pool, id)))).toEqual([
    ...["unsure", null, "unsure", "disagree"],
  ]);
});

test("the log's own score is a dispute of its own, after other graders'", async () => {
  const { pool, ids } = await some("CCCC");
  const [a = 0, b = 0, c = 0] = ids;
  await pool.putOpinions([
    ...[said(a, "imported: exact_match", "incorrect"), said(b, "imported: exact_match", "incorrect")],
    ...[said(b, "mine", "incorrect"), said(c, "imported: exact_match", "unscored")],
  ]);
  expect(await Promise.all(ids.map((id) => kindOf(pool, id)))).toEqual(["imported", "disagree", null, null]);
  const opinions = await pool.opinionsOf([b]);
  expect(opinions.map(({ grader }) => grader)).toEqual(["imported: exact_match", "mine"]);
  expect(opinions[1]).toMatchObject({ ...said(b, "mine", "incorrect"), span: [0, 2] });
});

test("a person settles a dispute; taken back it opens again; another person settles it once more", async () => {
  const { pool, ids } = await some("CI");
  const [id = 0] = ids;
  await pool.putOpinions([said(id, "mine", "incorrect")]);
  const say = (who: string, value: "correct" | "incorrect" | null, pass: 1 | 2 = 1) =>
    pool.annotate("attempt", id, who, { kind: "verdict", value }, { pass });
  const now = () => kindOf(pool, id);
  await say("machine:judge", "incorrect");
  expect(await now()).toBe("disagree");
  await say("ann", "incorrect", 2);
  expect(await now(), "a second look never stands").toBe("disagree");
  await say("ann", "incorrect");
  expect(await now()).toBeNull();
  await say("ann", null);
  expect(await now()).toBe("disagree");
  await say("ben", "correct");
  expect(await now()).toBeNull();
  await say("ann", "incorrect");
  await say("ben", null);
  expect(await now()).toBeNull();
  await pool.annotateEach("ann", [
    { target: "attempt", targetId: id, value: { kind: "verdict", value: null } },
  ]);
  expect(await now()).toBe("disagree");
  await pool.putOpinions([said(id, "mine", "correct", { version: "2" })]);
  expect(await now()).toBeNull();
});

test("attempts of a problem that a person called bad leave the queue and its counts, and come back", async () => {
  const { pool, ids, rowId } = await some("CUCC");
  const [id = 0] = ids;
  await pool.putOpinions([said(id, "mine", "incorrect")]);
  await pool.annotate("problem", rowId, "ann", { kind: "badProblem", value: true });
  expect(await pool.disputes()).toEqual({ disagree: 0, imported: 0, unsure: 0 });
  expect(await pool.attemptIds({ scope: "all", dispute: "any" })).toEqual([]);
  await pool.putOpinions([said(ids[2] ?? 0, "mine", "incorrect")]);
  expect(await pool.disputes({ scope: "all" })).toEqual({ disagree: 0, imported: 0, unsure: 0 });
  await pool.annotate("problem", rowId, "ann", { kind: "badProblem", value: null });
  expect(await pool.disputes()).toEqual({ disagree: 2, imported: 0, unsure: 1 });
});

test("attempts that were no sampling are never in dispute", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CIUT"], "evaluation");
  const [id = 0] = attemptIds[0] ?? [];
  await pool.putOpinions([said(id, "mine", "incorrect")]);
  expect(await pool.disputes()).toEqual({ disagree: 0, imported: 0, unsure: 0 });
});

test("opinions are appended only; the same word again adds nothing; the newest by its time stands", async () => {
  const { pool, ids } = await some("CI");
  const [id = 0] = ids;
  expect(await pool.putOpinions([said(id, "mine", "incorrect"), said(id, "mine", "incorrect")])).toBe(1);
  expect(await pool.putOpinions([said(id, "mine", "incorrect")])).toBe(0);
  expect(await pool.putOpinions([said(id, "mine", "unscored"), said(id, "mine", "correct")])).toBe(2);
  expect((await pool.opinionsOf([id])).map(({ verdict }) => verdict)).toEqual(["correct"]);
  // As a merge brings it: said long ago, and arriving late.
  await pool.putOpinions([said(id, "mine", "incorrect", { at: "2020-01-01T00:00:00.000Z", version: "0" })]);
  expect((await pool.opinionsOf([id])).map(({ verdict }) => verdict)).toEqual(["correct"]);
  expect((await pool.opinionsOf([id], { history: true })).map(({ verdict }) => verdict)).toEqual([
    ...["incorrect", "incorrect", "unscored", "correct"],
  ]);
  expect(await kindOf(pool, id)).toBeNull();
  const write = (sql: string) => pool.transaction((db) => db.run(sql));
  await expect(write("UPDATE opinions SET verdict = 'correct'")).rejects.toThrow(/only ever appended/);
  await expect(write("UPDATE opinions SET superseded = 0")).rejects.toThrow(/only ever appended/);
  await expect(write("UPDATE opinions SET span_start = 1")).rejects.toThrow(/only ever appended/);
  await expect(write("DELETE FROM opinions")).rejects.toThrow(/only ever appended/);
  await expect(pool.putOpinions([said(999, "mine", "correct")])).rejects.toMatchObject({ code: "not-found" });
  expect(await pool.graders()).toEqual([{ grader: "mine", version: "1", attempts: 1 }]);
});

test("opinions go with their attempt, and with nothing else", async () => {
  const { pool, ids } = await some("CI");
  const [id = 0] = ids;
  await pool.putOpinions([said(id, "mine", "incorrect")]);
  await pool.transaction((db) => db.run("DELETE FROM attempts WHERE id = ?", id));
  expect(await pool.opinionsOf(ids, { history: true })).toEqual([]);
});

test("the queue has disputes first, by kind; a query finds each kind, in the order of problems", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCCU", "CCCC", "IIIU"]);
  const [first = [], second = [], third = []] = attemptIds;
  await pool.putOpinions([
    ...[said(first[1] ?? 0, "imported: a", "incorrect"), said(third[0] ?? 0, "mine", "correct")],
    ...[said(second[2] ?? 0, "mine", "incorrect")],
  ]);
  const order = await pool.attemptIds({ scope: "all" }, { by: "disputes" });
  expect(order.slice(0, 5)).toEqual([second[2], third[0], first[1], first[3], third[3]]);
  expect(order).toHaveLength(12);
  const any = [first[1], first[3], second[2], third[0], third[3]];
  expect(await pool.attemptIds({ scope: "all", dispute: "any" })).toEqual(any);
  expect((await pool.attempts({ scope: "all", dispute: "any" })).map(({ id }) => id)).toEqual(any);
  const page = await pool.attempts({ scope: "all", dispute: "any" }, { after: any[1] ?? 0, limit: 2 });
  expect(page.map(({ id }) => id)).toEqual(any.slice(2, 4));
  expect((await pool.attempts({ scope: "all", dispute: "unsure" })).map(({ id }) => id)).toEqual([
    first[3],
    third[3],
  ]);
  expect(await pool.count({ scope: "all", dispute: "disagree" })).toMatchObject({ attempts: 2, problems: 2 });
  expect(await pool.disputes({ scope: "all", dispute: "unsure" })).toEqual({
    disagree: 0,
    imported: 0,
    unsure: 2,
  });
  expect(await pool.disputes({ scope: "all", verdicts: ["incorrect"] })).toEqual({
    disagree: 1,
    imported: 0,
    unsure: 0,
  });
  const buckets = await pool.buckets("problem", { scope: "all", dispute: "any" });
  expect(buckets.map(({ attempts }) => attempts)).toEqual([2, 1, 2]);
  const sitting = { who: "ann", order: "disputes" as const, seed: 0, query: {}, blind: false };
  expect(await pool.openSitting(sitting)).toBeGreaterThan(0);
});

/** Which disputes there are, from what people and graders said, by a reckoning of its own. */
async function expected(file: string): Promise<Map<number, DisputeKind | null>> {
  const db = await Connection.open(file, "read");
  const attempts = await db.all("SELECT a.*, p.bad FROM attempts a JOIN problems p ON p.id = a.problem_id");
  const opinions = await db.all("SELECT * FROM opinions ORDER BY at, id");
  const words = await db.all("SELECT * FROM annotations WHERE kind = 'verdict' AND pass = 1 ORDER BY at, id");
  await db.close();
  const found = new Map<number, DisputeKind | null>();
  for (const a of attempts) {
    const people = new Map(words.filter((w) => w.target_id === a.id).map((w) => [w.who, w.value]));
    const settled = [...people].some(([who, value]) => !String(who).startsWith("machine:") && value !== null);
    const said = [
      ...new Map(opinions.filter((o) => o.attempt_id === a.id).map((o) => [String(o.grader), o.verdict])),
    ];
    const ours = a.graded === "truncated" ? "incorrect" : a.graded;
    const against = said.filter(([, v]) => v !== "unscored" && ours !== "unscored" && v !== ours);
    const log = (grader: string): boolean => grader.startsWith("imported:");
    const kind =
      settled || a.bad === 1 || a.purpose !== "sample"
        ? null
        : against.some(([grader]) => !log(grader))
          ? "disagree"
          : against.length > 0
            ? "imported"
            : ours === "unscored" || said.some(([grader, v]) => v === "unscored" && !log(grader))
              ? "unsure"
              : null;
    found.set(Number(a.id), kind);
  }
  return found;
}

test.each([1, 2, 3, 4])(
  "after random work, disputes are what follows from all that was said (seed %i)",
  async (seed) => {
    const random = seededRandom(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const pool = await open(workspace());
    const { attemptIds, rowIds } = await fill(pool, ["CCIIUT", "IIIICU", "UUTTCC"]);
    const ids = attemptIds.flat();
    const verdict = () => pick(["correct", "incorrect", "unscored"] as const);
    const pending: number[] = [];
    const work: (() => Promise<unknown>)[] = [
      () =>
        pool.putOpinions([
          said(pick(ids), pick(["mine", "math-verify", "imported: a", "imported: b"]), verdict(), {
            ...(random() < 0.3 ? { at: `20${10 + Math.floor(random() * 10)}-01-01T00:00:00.000Z` } : {}),
          }),
        ]),
      () =>
        pool.annotate("attempt", pick(ids), pick(["ann", "ben", "machine:judge"]), {
          kind: "verdict",
          value: pick(["correct", "incorrect", "unscored", ...Array<null>(9).fill(null)]),
        }),
      () =>
        pool.annotate("problem", pick(rowIds), pick(["ann", "ben"]), {
          kind: "badProblem",
          value: pick([true, null, null]),
        }),
      async () => {
        const [attempt] = await pool.gradable([pick(ids)]);
        if (!attempt) return;
        const { graded, answer, span, reason } = attempt;
        const id = await pool.openRegrade({ who: "ann", settings: "", scope: "" });
        const now = {
          verdict: pick(["correct", "incorrect", "unscored", "truncated"] as const),
          answer,
          span,
          reason: "x",
        };
        await pool.putRegraded(
          id,
          [{ attemptId: attempt.attemptId, old: { verdict: graded, answer, span, reason }, new: now }],
          1,
        );
        await pool.endRegrade(id);
        await pool.applyRegrade(id);
        pending.push(id);
      },
      async () => {
        const id = pending.pop();
        if (id !== undefined) await pool.undoRegrade(id);
      },
    ];
    const seen = new Set<DisputeKind | null>();
    for (let i = 1; i <= 120; i++) {
      await pick(work)();
      if (i % 15 !== 0) continue;
      const should = await expected(pool.file);
      for (const id of ids) expect(await kindOf(pool, id), `attempt ${id}`).toBe(should.get(id));
      const kinds = [...should.values()];
      const counts = await pool.disputes();
      for (const [kind, n] of Object.entries(counts))
        expect(n, kind).toBe(kinds.filter((k) => k === kind).length);
      for (const kind of kinds) seen.add(kind);
    }
    expect(seen.size).toBeGreaterThanOrEqual(3);
  },
);

test.each(["pool-v1", "pool-v2", "pool-v3"])(
  "%s: what nobody could score is in the queue after the migration",
  async (name) => {
    const folder = workspace();
    mkdirSync(join(folder, ".errata"));
    copyFileSync(
      join(import.meta.dirname, "..", "fixtures", `${name}.sqlite`),
      join(folder, ".errata", "pool.sqlite"),
    );
    const pool = await open(folder);
    const should = await expected(pool.file);
    const counts = await pool.disputes();
    expect(counts).toEqual({
      disagree: 0,
      imported: 0,
      unsure: [...should.values()].filter((k) => k === "unsure").length,
    });
    const sitting = { who: "ann", order: "disputes" as const, seed: 0, query: {}, blind: false };
    expect(await pool.openSitting(sitting)).toBeGreaterThan(0);
    const db = await Connection.open(pool.file, "read");
    expect(await db.all("PRAGMA foreign_key_check")).toEqual([]);
    await db.close();
  },
);
