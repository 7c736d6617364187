import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { openMerge } from "../../src/pool/merge.js";
import { Connection } from "../../src/pool/sqlite.js";
import type { Pool } from "../../src/pool/types.js";
import type { AnnotationValue } from "../../src/protocol/types.js";
import { attempt, fill, open, spec, workspace } from "./pool.fixture.js";

const merge = async (into: Pool, file: string) => {
  const opened = await openMerge(into, file);
  try {
    return { preview: opened.preview, added: await opened.apply() };
  } finally {
    await opened.close();
  }
};

/** Everything in a pool by what it is, not by row ids; what triggers keep, too. */
async function content(pool: Pool): Promise<Record<string, unknown[]>> {
  const db = await Connection.open(pool.file, "read");
  const attemptKey = (
    id: string,
  ) => `(SELECT p.set_name || '/' || p.external_id || '/' || substr(s.key_hash, 1, 8) || '/'
    || a.sample || '/' || x.text FROM attempts a JOIN problems p ON p.id = a.problem_id JOIN groups g ON g.id = a.group_id
    JOIN samplings s ON s.id = g.sampling_id JOIN generations x ON x.attempt_id = a.id WHERE a.id = ${id})`;
  const target = `CASE n.target WHEN 'attempt' THEN ${attemptKey("n.target_id")}
    WHEN 'reflection' THEN (SELECT ${attemptKey("r.attempt_id")} || '/' || r.model_id || r.settings || r.sample || r.text
      FROM reflections r WHERE r.id = n.target_id)
    ELSE (SELECT set_name || external_id FROM problems WHERE id = n.target_id) END`;
  const queries = {
    problems: "SELECT set_name, external_id, problem, gold, level, kind, topic, bad FROM problems",
    attempts: `SELECT ${attemptKey("attempts.id")} AS k, verdict, graded, answer, error_type, error_type_source, in_pool,
      reviewed, rating, decision, first_wrong, created_at FROM attempts`,
    groups: `SELECT p.external_id, s.key_hash, g.correct, g.scored, g.truncated FROM groups g
      JOIN problems p ON p.id = g.problem_id JOIN samplings s ON s.id = g.sampling_id`,
    reflections: `SELECT ${attemptKey("reflections.attempt_id")} AS k, model_id, settings, sample, text FROM reflections`,
    turns: `SELECT ${attemptKey("turns.attempt_id")} AS k, kind, model_id, settings, sample, text FROM turns`,
    annotations: `SELECT ${target} AS k, n.who, n.at, n.kind, n.axis, n.value, n.pass, n.seconds,
      (SELECT who || began_at FROM sittings WHERE id = n.sitting_id) AS sitting FROM annotations n`,
    standing: `SELECT ${target} AS k, n.who, n.kind, n.axis, n.value FROM standing w JOIN annotations n ON n.id = w.annotation_id`,
    adjudications: `SELECT n.who, n.at, w.who AS of, w.at AS of_at FROM adjudications j
      JOIN annotations n ON n.id = j.annotation_id JOIN annotations w ON w.id = j.word_id`,
    labels: `SELECT label, ${attemptKey("attempt_id")} AS k FROM labels`,
    opinions: `SELECT ${attemptKey("attempt_id")} AS k, grader, version, verdict, answer, reason, at, superseded FROM opinions`,
    disputes: `SELECT ${attemptKey("attempts.id")} AS k, dispute FROM attempts WHERE dispute IS NOT NULL`,
    cuts: `SELECT ${attemptKey("attempt_id")} AS k, hash, spans FROM cuts`,
    sittings: "SELECT who, began_at, ordering, seed, query, blind FROM sittings",
    tallies: `SELECT p.external_id, t.attempts, t.correct, t.incorrect, t.unscored, t.truncated, t.reviewed, t.in_pool,
      t.pool_reviewed FROM tallies t JOIN problems p ON p.id = t.problem_id`,
  };
  const found: Record<string, unknown[]> = {};
  for (const [name, sql] of Object.entries(queries)) {
    found[name] = (await db.all(sql)).map((row) => JSON.stringify(row)).sort();
  }
  await db.close();
  return found;
}

/** The counters that triggers keep, against counting anew. */
async function expectCounted(pool: Pool): Promise<void> {
  const db = await Connection.open(pool.file, "read");
  const wrong =
    await db.all(`SELECT t.problem_id FROM tallies t WHERE (t.attempts, t.correct, t.incorrect, t.unscored,
      t.truncated, t.reviewed, t.in_pool, t.pool_reviewed) IS NOT (
    SELECT count(*), coalesce(sum(verdict = 'correct'), 0), coalesce(sum(verdict = 'incorrect'), 0),
      coalesce(sum(verdict = 'unscored'), 0), coalesce(sum(verdict = 'truncated'), 0), coalesce(sum(reviewed), 0),
      coalesce(sum(in_pool), 0), coalesce(sum(in_pool AND reviewed), 0)
    FROM attempts a WHERE a.problem_id = t.problem_id AND a.purpose = 'sample')`);
  const groups = await db.all(`SELECT g.id FROM groups g WHERE (g.correct, g.scored, g.truncated) IS NOT (
    SELECT coalesce(sum(verdict = 'correct'), 0), coalesce(sum(verdict <> 'unscored'), 0),
      coalesce(sum(verdict = 'truncated'), 0) FROM attempts WHERE group_id = g.id)`);
  const facets = "in_pool, verdict, reviewed, level, error_type, first_wrong";
  const kept = await db.all(
    `SELECT ${facets}, sum(attempts) AS n FROM facets GROUP BY ${facets} HAVING n > 0 ORDER BY ${facets}`,
  );
  const counted = await db.all(
    `SELECT in_pool, verdict, reviewed, coalesce(level, '') AS level, coalesce(error_type, '') AS error_type,
       CAST(coalesce(first_wrong, '') AS TEXT) AS first_wrong, count(*) AS n
     FROM attempts a JOIN problems p ON p.id = a.problem_id WHERE a.purpose = 'sample'
     GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`,
  );
  expect(kept).toEqual(counted);
  const [check] = await db.all("PRAGMA foreign_key_check");
  expect(await db.all("SELECT count(*) AS n FROM tallies")).toEqual(
    await db.all("SELECT count(*) AS n FROM problems"),
  );
  await db.close();
  expect([wrong, groups, check]).toEqual([[], [], undefined]);
}

let clock = Date.parse("2026-03-01T10:00:00.000Z");
const say = async (pool: Pool, id: number, who: string, value: AnnotationValue, pass: 1 | 2 = 1) => {
  clock += 60_000;
  vi.useFakeTimers({ toFake: ["Date"], now: clock });
  try {
    return await pool.annotate("attempt", id, who, value, { pass, seconds: 2.5 });
  } finally {
    vi.useRealTimers();
  }
};
const reflect = async (pool: Pool, attemptId: number, text: string) => {
  const [id = -1] = await pool.putReflections([
    {
      ...attempt(0, 0, "C"),
      generation: { text, tokenIds: [1, 2], logprobs: [-1, -2], finish: "stop" },
      ...{ attemptId, modelId: "base", settings: "abc", sample: 0 },
      ...{ analysis: "a", correctedSolution: "s", parsed: true },
    },
  ]);
  return id;
};

/** Ann's pool, and Bob's: a backup of the same pool from before they parted, each with words and samples of its own. */
async function two(): Promise<{ ann: Pool; bob: Pool }> {
  const [annFolder, bobFolder] = [workspace(), workspace()];
  const ann = await open(annFolder);
  const { attemptIds } = await fill(ann, ["CCIIIIII", "CIIICCCI", "IIIICCCC"]);
  const [first = -1, second = -1, third = -1] = [attemptIds[0]?.[2], attemptIds[1]?.[1], attemptIds[2]?.[0]];
  await say(ann, first, "ann", { kind: "firstWrongStep", value: 1 });
  await ann.backup(join(bobFolder, ".errata", "pool.sqlite"));
  const bob = await open(bobFolder);

  await say(ann, first, "ann", { kind: "decision", value: "accepted" });
  await say(bob, first, "bob", { kind: "decision", value: "rejected" });
  await say(ann, second, "ann", { kind: "verdict", value: "correct" });
  await say(ann, first, "ann", { kind: "firstWrongStep", value: 3 }, 2);
  await say(bob, second, "bob", { kind: "firstWrongStep", value: 1 });
  const of = [await say(bob, second, "cy", { kind: "firstWrongStep", value: 4 })];
  await bob.adjudicate(
    "dee",
    { target: "attempt", targetId: second, value: { kind: "firstWrongStep", value: 4 } },
    of,
  );
  await say(bob, third, "bob", { kind: "label", axis: "odd", value: true });
  await say(bob, third, "bob", { kind: "errorType", value: "sign" });
  await say(ann, third, "ann", { kind: "errorType", value: "algebra" });
  const reflected = await reflect(ann, first, "Analysis by Ann's machine");
  await ann.annotate("reflection", reflected, "ann", { kind: "rating", axis: "overall", value: 4 });
  await reflect(bob, first, "Analysis by Bob's machine");
  await bob.freezeCut(third, { hash: "h", spans: [[0, 3]] });
  const sitting = await bob.openSitting({ who: "bob", order: "random", seed: 4, query: {}, blind: true });
  await bob.annotate("attempt", third, "bob", { kind: "note", value: "ö \u{1f600} $x$" }, { sitting });
  await bob.putTurns([
    {
      ...{ kind: "second", modelId: "base", settings: "s", attemptId: first, sample: 0, text: "again" },
      ...{ verdict: "correct", answer: "1", reason: "r", finish: "stop", tokens: 3 },
    },
  ]);
  const [more = -1] = await bob.putProblems("set", [{ id: "p9", problem: "Problem 9", gold: "9" }]);
  await bob.setErrorTypes([{ attemptId: first, errorType: "product", source: "generator" }]);
  const { groups } = await bob.openSampling(spec("sample", 4, 2), [more]);
  const group = groups[0]?.groupId ?? -1;
  await bob.putAttempts([..."CIIC"].map((letter, i) => attempt(group, i, letter)));
  return { ann, bob };
}

test("in either direction the content is the same, and it is all of both", async () => {
  const { ann, bob } = await two();
  const [before, other] = [await content(ann), await content(bob)];
  const copies = { ann: join(workspace(), "a.sqlite"), bob: join(workspace(), "b.sqlite") };
  await ann.backup(copies.ann);
  await bob.backup(copies.bob);
  const { preview, added } = await merge(ann, copies.bob);
  expect(preview).toMatchObject({
    adds: { problems: 1, attempts: 4, reflections: 1, turns: 1, annotations: 7, sittings: 1 },
    same: { problems: 3, attempts: 24, annotations: 1 },
    people: [
      { who: "bob", annotations: 5 },
      { who: "adjudicated:dee", annotations: 1 },
      { who: "cy", annotations: 1 },
    ],
    ...{ conflicts: [], otherTexts: 0, otherCuts: 0, refused: {} },
  });
  expect(added).toEqual(preview.adds);
  await merge(bob, copies.ann);
  const together = await content(ann);
  // The two machines' reflections met under one key: which of them is kept apart depends on the direction.
  const apart = ({
    reflections = [],
    annotations = [],
    standing = [],
    ...rest
  }: Record<string, unknown[]>) => ({
    ...rest,
    reflections: reflections.map((one) => String(one).replace("~2", "")).sort(),
    annotations: annotations.map((one) => String(one).replace("~2", "")).sort(),
    standing: standing.map((one) => String(one).replace("~2", "")).sort(),
  });
  expect(apart(await content(bob))).toEqual(apart(together));
  for (const name of ["annotations", "adjudications", "sittings", "cuts", "turns", "problems"]) {
    expect(together[name]).toEqual(expect.arrayContaining([...(before[name] ?? []), ...(other[name] ?? [])]));
  }
  await expectCounted(ann);
  await expectCounted(bob);
});

test("merging twice, or a pool that came out of a merge, adds nothing", async () => {
  const { ann, bob } = await two();
  await merge(ann, bob.file);
  const once = await content(ann);
  const again = await merge(ann, bob.file);
  expect(Object.values(again.preview.adds)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  expect(Object.values(again.added)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  await merge(bob, ann.file);
  const back = await merge(ann, bob.file);
  expect(Object.values(back.added)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  expect(await content(ann)).toEqual(once);
});

test("the newest word stands by its time: an older one that comes in later overrules nothing", async () => {
  const [annFolder, bobFolder] = [workspace(), workspace()];
  const ann = await open(annFolder);
  const { attemptIds } = await fill(ann, ["CCIIIIII"]);
  const id = attemptIds[0]?.[2] ?? -1;
  await ann.backup(join(bobFolder, ".errata", "pool.sqlite"));
  const bob = await open(bobFolder);
  await say(bob, id, "bob", { kind: "firstWrongStep", value: 1 });
  await say(bob, id, "ann", { kind: "errorType", value: "sign" });
  await say(ann, id, "ann", { kind: "firstWrongStep", value: 2 });
  await say(ann, id, "ann", { kind: "errorType", value: "algebra" });
  await merge(ann, bob.file);
  expect((await ann.attempts({ firstWrong: "2" })).map((a) => a.id)).toEqual([id]);
  expect((await ann.detail(id)).attempt.errorType).toBe("algebra");
  expect(await ann.annotations("attempt", id)).toHaveLength(4);
  await merge(bob, ann.file);
  expect((await bob.attempts({ firstWrong: "2" })).map((a) => a.id)).toEqual([id]);
});

test("another text or gold answer under the same id is told, and kept under an id of its own", async () => {
  const [a, b] = [await open(workspace()), await open(workspace())];
  await fill(a, ["CCIIIIII"]);
  const { attemptIds } = await fill(b, ["CCIIIIII"]);
  await b.putProblems("set", [{ id: "p0", problem: "Problem 0", gold: "2" }]);
  await say(b, attemptIds[0]?.[2] ?? -1, "bob", { kind: "decision", value: "accepted" });
  const { preview } = await merge(a, b.file);
  const keptAs = expect.stringMatching(/^p0~[0-9a-f]{12}$/);
  expect(preview.conflicts).toEqual([{ set: "set", id: "p0", keptAs }]);
  expect((await content(a)).problems).toHaveLength(2);
  expect((await a.problem(1)).gold).toBe("1");
  expect((await a.stats()).attempts).toBe(16);
  expect(Object.values((await merge(a, b.file)).added)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  // Ours, kept apart over there, is found again as ours.
  await merge(b, a.file);
  expect((await content(b)).problems).toHaveLength(2);
  await expectCounted(a);
});

test("two machines' different texts under one seed are both kept, with what was said of each", async () => {
  const [a, b] = [await open(workspace()), await open(workspace())];
  const ours = await fill(a, ["CCIIIIII"]);
  const rowIds = await b.putProblems("set", [
    { id: "p0", problem: "Problem 0", gold: "1", level: "1", kind: "even" },
  ]);
  const { groups } = await b.openSampling(spec("sample", 8), rowIds);
  const group = groups[0]?.groupId ?? -1;
  const ids = await b.putAttempts(
    [..."CCIIIIII"].map((letter, i) => {
      const one = attempt(group, i, letter);
      return i < 3 ? one : { ...one, generation: { ...one.generation, text: `another machine's ${i}` } };
    }),
  );
  await say(a, ours.attemptIds[0]?.[4] ?? -1, "ann", { kind: "firstWrongStep", value: 2 });
  await say(b, ids[4] ?? -1, "bob", { kind: "firstWrongStep", value: 1 });
  const { preview, added } = await merge(a, b.file);
  expect(preview).toMatchObject({ otherTexts: 5, same: { attempts: 3 } });
  expect(added).toMatchObject({ attempts: 5, annotations: 1 });
  expect((await a.attempts({ scope: "all", firstWrong: "1" })).map(({ text }) => text)).toEqual([
    "another machine's 4",
  ]);
  expect((await a.attempts({ scope: "all", firstWrong: "2" })).map(({ text }) => text)).toEqual([
    "solution 4 of group 1",
  ]);
  expect(Object.values((await merge(a, b.file)).added)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  expect((await merge(b, a.file)).added).toMatchObject({ attempts: 5, annotations: 1 });
  expect(Object.values((await merge(a, b.file)).added)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  await expectCounted(a);
  await expectCounted(b);
});

test.each(["pool-v1", "pool-v2", "pool-v3"])(
  "an older pool comes in by a copy; %s itself stays as it is",
  async (name) => {
    const pool = await open(workspace());
    const file = join(workspace(), "old.sqlite");
    copyFileSync(`test/fixtures/${name}.sqlite`, file);
    const before = readFileSync(file);
    const { preview, added } = await merge(pool, file);
    expect(preview.version).toBe(Number(name.at(-1)));
    expect(added.attempts).toBeGreaterThan(0);
    expect(preview.refused).toEqual({});
    expect(Object.values((await merge(pool, file)).added)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(readFileSync(file).equals(before)).toBe(true);
    const alone = workspace();
    await open(alone).then((empty) => empty.close());
    copyFileSync(file, join(alone, ".errata", "pool.sqlite"));
    const migrated = await open(alone);
    await migrated.applyFilter(); // what it had in its pool was decided by an older version
    expect(await content(pool)).toEqual(await content(migrated));
    await expectCounted(pool);
  },
);

test("stopped in the middle it leaves a whole pool, and going on comes to the same", async () => {
  const { ann, bob } = await two();
  const whole = await open(workspace());
  await merge(whole, bob.file);
  const half = await open(workspace());
  for (let stops = 0; stops < 4; stops++) {
    const opened = await openMerge(half, bob.file);
    const control = new AbortController();
    const stages = ["Groups", "Attempts", "Reflections", "Annotations"];
    const report = ({ stage, done }: { stage: string; done: number }) => {
      if (stage === stages[stops] && done >= 0) control.abort(new Error("stopped"));
    };
    await expect(opened.apply(report, control.signal)).rejects.toThrow("stopped");
    await opened.close();
    await expectCounted(half);
  }
  await merge(half, bob.file);
  expect(await content(half)).toEqual(await content(whole));
  expect(readdirSync(join(half.file, "..", "backups"))).toEqual([]);
  await ann.close();
});

test("what is no pool, damaged, newer, missing or the pool itself is refused, and nothing is written", async () => {
  const pool = await open(workspace());
  await fill(pool, ["CCIIIIII"]);
  const before = await content(pool);
  const folder = workspace();
  const file = (name: string) => join(folder, name);
  writeFileSync(file("words.sqlite"), "not a database, only words, and enough of them to look like a file");
  copyFileSync("test/fixtures/pool-v2.sqlite", file("cut.sqlite"));
  truncateSync(file("cut.sqlite"), 20_000);
  for (const [name, sql] of [
    ["newer.sqlite", "PRAGMA user_version = 99"],
    ["other.sqlite", "PRAGMA application_id = 7"],
    ["view.sqlite", "DROP TABLE turns; CREATE VIEW turns AS SELECT 1 AS id"],
  ] as const) {
    copyFileSync("test/fixtures/pool-v2.sqlite", file(name));
    const db = await Connection.open(file(name), "write");
    await db.exec(sql);
    await db.close();
  }
  const refused = (name: string) => openMerge(pool, file(name));
  await expect(refused("words.sqlite")).rejects.toMatchObject({ code: "corrupt-pool" });
  await expect(refused("cut.sqlite")).rejects.toMatchObject({ code: "corrupt-pool" });
  await expect(refused("newer.sqlite")).rejects.toMatchObject({ code: "pool-newer" });
  await expect(refused("other.sqlite")).rejects.toMatchObject({ code: "not-a-pool" });
  await expect(refused("view.sqlite")).rejects.toMatchObject({ code: "not-a-pool" });
  await expect(refused("none.sqlite")).rejects.toMatchObject({ code: "not-found" });
  await expect(openMerge(pool, pool.file)).rejects.toMatchObject({ code: "same-pool" });
  expect(await content(pool)).toEqual(before);
  expect(readdirSync(join(pool.file, "..", "backups"))).toEqual([]);
});

test("rows that no Errata writes are left out and counted; a trigger of the file's making never runs", async () => {
  const pool = await open(workspace());
  const theirs = await open(workspace());
  const { attemptIds } = await fill(theirs, ["CCIIIIII"]);
  const id = attemptIds[0]?.[2] ?? -1;
  await say(theirs, id, "bob", { kind: "decision", value: "accepted" });
  const insert = (values: string) =>
    `INSERT INTO annotations (target, target_id, who, at, kind, axis, value) VALUES ${values};`;
  const at = "2026-01-01T00:00:00.000Z";
  await theirs.close();
  const db = await Connection.open(theirs.file, "write");
  await db.exec(
    [
      `('attempt', ${id}, 'bob', '9999-01-01T00:00:00.000Z', 'decision', '', '"rejected"')`,
      `('attempt', ${id}, 'bob', 'yesterday', 'decision', '', '"rejected"')`,
      `('attempt', ${id}, '', '${at}', 'decision', '', '"rejected"')`,
      `('attempt', ${id}, 'bob', '${at}', 'rating', 'overall', '600')`,
      `('attempt', ${id}, 'bob', '${at}', 'flag', '', '{"a":1}')`,
      `('attempt', ${id}, 'bob', '${at}', 'own', '', '1')`,
      `('attempt', 4711, 'bob', '${at}', 'flag', '', 'true')`,
      `('attempt', ${id}, '${"b".repeat(501)}', '${at}', 'flag', '', 'true')`,
    ]
      .map(insert)
      .join("\n"),
  );
  await db.exec(`UPDATE generations SET text = x'00' WHERE attempt_id = ${id + 1};
    CREATE TRIGGER theirs AFTER UPDATE ON problems BEGIN DELETE FROM attempts; END;
    CREATE VIEW unending AS WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;`);
  await db.close();
  const { preview, added } = await merge(pool, theirs.file);
  expect(preview.refused).toEqual({ annotations: 8, attempts: 1 });
  expect(added).toMatchObject({ attempts: 7, annotations: 1 });
  expect((await pool.stats()).attempts).toBe(7);
  await expectCounted(pool);
});

test("a pool that can only be read takes nothing in", async () => {
  const folder = workspace();
  await (await open(folder)).close();
  const pool = await open(folder, { readOnly: true });
  await expect(openMerge(pool, "test/fixtures/pool-v1.sqlite")).rejects.toMatchObject({ code: "read-only" });
});
