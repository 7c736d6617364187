import { describe, expect, it } from "vitest";
import type { Pool } from "../../src/pool/types.js";
import type { ReviewAction, ReviewItem } from "../../src/protocol/review.js";
import { attempt, open, spec, workspace } from "./pool.fixture.js";
import { reflectOn, type Sitting, sitting, until } from "./review-session.fixture.js";

/** Words that can come from nowhere else than what blind mode withholds. */
const SECRETS = {
  gold: "GOLD-7788",
  reason: "REASON-7788",
  reflection: "REFLECTION-REASON-7788",
  label: "LABEL-7788",
  other: "OTHER-7788",
};

async function secretive(): Promise<Pool> {
  const pool = await open(workspace());
  const rowIds = await pool.putProblems("set", [
    { id: "p", problem: "Problem", gold: SECRETS.gold },
    { id: "q", problem: "Problem", gold: SECRETS.gold },
  ]);
  const { groups } = await pool.openSampling(spec(), rowIds);
  for (const { groupId } of groups) {
    await pool.putAttempts(
      [..."CCCCIIII"].map((letter, sample) => {
        const made = attempt(groupId, sample, letter);
        return { ...made, grade: { ...made.grade, reason: SECRETS.reason } };
      }),
    );
  }
  await pool.applyFilter({ kind: "all" });
  const ids = await pool.attemptIds({});
  const reflections = await reflectOn(pool, ids);
  await pool.transaction((db) => db.run("UPDATE reflections SET reason = ?", SECRETS.reflection));
  await pool.setErrorTypes(
    ids.map((attemptId) => ({ attemptId, errorType: SECRETS.label, source: "generator" as const })),
  );
  for (const id of ids) await pool.annotate("attempt", id, "bob", { kind: "note", value: SECRETS.other });
  for (const id of reflections) {
    await pool.annotate("reflection", id, "bob", { kind: "decision", value: "rejected" });
  }
  return pool;
}

async function blind(needs: Parameters<typeof sitting>[0] = {}): Promise<Sitting> {
  const pool = await secretive();
  return sitting({
    ...needs,
    pool,
    memory: { blind: true, attemptId: (await pool.attemptIds({}))[0] ?? null },
  });
}

const hasSecrets = (of: unknown): boolean => /-7788/.test(JSON.stringify(of));

const JUDGEMENTS: [string, (s: Sitting) => Promise<unknown>][] = [
  ...(["rate3", "accept", "reject", "firstWrong", "noWrongStep", "overruleUnscored"] as ReviewAction[]).map(
    (action): [string, (s: Sitting) => Promise<unknown>] => [action, (s) => s.press(action)],
  ),
  ["an error type", (s) => s.session.errorType("sign")],
  ["a correction", (s) => s.session.text("correction", s.item().attemptId, "\\boxed{1}", false)],
];

describe("blind mode", () => {
  it("withholds everything that tells, from the item, its neighbours and every message", async () => {
    const s = await blind({
      needs: { relations: async () => [{ start: 0, end: 3, verdict: "false", says: "left: 1" }] },
    });
    await until("the neighbours", () => s.prefetched.length >= 2);
    const { reflection } = s.item();
    expect(s.item()).toMatchObject({
      hidden: true,
      problem: { gold: null },
      verdict: null,
      reason: null,
      inPool: false,
      errorType: null,
      group: null,
      siblings: [],
      others: [],
      overrules: [],
    });
    expect(reflection).toMatchObject({ verdict: null, reason: null, fixed: null, count: 1 });
    s.session.draft(s.item().attemptId, "\\boxed{1}");
    const sibling = s.ids[1] ?? -1;
    expect(await s.session.sibling(s.item().attemptId, sibling)).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const message of [s.states, s.prefetched, s.graded]) expect(hasSecrets(message)).toBe(false);
    expect(s.graded).toEqual([]);
    expect(s.hinted).toEqual([]);
  });

  it.each(JUDGEMENTS)("shows it after %s", async (_, judge) => {
    const s = await blind({
      needs: { relations: async () => [{ start: 0, end: 3, verdict: "false", says: "left: 1" }] },
    });
    const { attemptId } = s.item();
    await judge(s);
    const item: ReviewItem = s.item();
    expect(item.attemptId).toBe(attemptId);
    expect(item).toMatchObject({ hidden: false, problem: { gold: SECRETS.gold }, errorType: SECRETS.label });
    expect(item.others.map(({ who }) => who)).toEqual(["bob", "bob"]);
    expect(item.reflection?.reason).toBe(SECRETS.reflection);
    expect(item.siblings.length).toBeGreaterThan(1);
    await until("hints", () => s.hinted.some((h) => h.attemptId === attemptId));
    await s.press("next");
    expect(s.item().hidden).toBe(true);
    expect(hasSecrets(s.item())).toBe(false);
  });

  it("notes, flags and labels are no judgement", async () => {
    const s = await blind();
    await s.press("flag");
    await s.session.text("note", s.item().attemptId, "hm", false);
    expect(s.item()).toMatchObject({ hidden: true, mine: { flag: true, note: "hm" } });
  });

  it("does not hide again what was judged and taken back, nor after a reload", async () => {
    const s = await blind();
    await s.press("accept", "accept");
    expect(s.item()).toMatchObject({ hidden: false, mine: { ratings: {} } });
    await s.press("next", "previous");
    expect(s.item().hidden).toBe(false);
    const t = await sitting({ pool: s.pool, memory: s.session.memory });
    expect(t.item()).toMatchObject({ attemptId: s.item().attemptId, hidden: false });
    const bob = await sitting({ pool: s.pool, memory: s.session.memory, who: "carol" });
    expect(bob.item().hidden).toBe(true);
  });

  it("turned on it hides what is not judged, turned off it shows it", async () => {
    const s = await blind();
    await s.press("blind");
    expect(s.item().hidden).toBe(false);
    expect(s.state()).toMatchObject({ blind: false });
    await s.press("blind");
    expect(s.item().hidden).toBe(true);
    expect(s.state().notice).toMatch(/Blind mode on/);
  });

  it("a neighbour that was read ahead while it was off is read again", async () => {
    const pool = await secretive();
    const s = await sitting({ pool });
    await until("the neighbours", () => s.prefetched.length >= 2);
    await s.press("blind", "next");
    expect(s.item().hidden).toBe(true);
    expect(hasSecrets(s.item())).toBe(false);
  });
});
