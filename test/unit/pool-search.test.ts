import { expect, test } from "vitest";
import { Connection } from "../../src/pool/sqlite.js";
import type { Pool, SearchState } from "../../src/pool/types.js";
import { seededRandom } from "../../src/protocol/statistics.js";
import { attempt, open, spec, workspace } from "./pool.fixture.js";

const PIECES = [
  ...'Solve for $x$;\\frac{3}{4};\\frac{13}{4};x=5;x = 5;3(x-5)+5=2x-16;\\boxed{-6};100%;a_b;"quoted";\'; DROP TABLE search;--'.split(
    ";",
  ),
  ..."解方程;数学问题;方程式;Ölmühle;ÉCOLE;école;İstanbul;Straße;👩‍🏫 teaches;NEAR(;AND;OR;^;*;\u202Eright to left;\u0000cut".split(
    ";",
  ),
  ..."The Kelvin sign;THE KELVIN SIGN;\\\\ two lines;\n;tab\t;e\u0301 combining;{}{}{}{};ſharp;K".split(";"),
];

/** Problems, attempts, reflections, notes and corrections of random pieces. */
async function filled(pool: Pool, seed: number, problems = 20, set = "set"): Promise<number[]> {
  const random = seededRandom(seed);
  const text = (): string =>
    Array.from(
      { length: 1 + Math.floor(random() * 6) },
      () => PIECES[Math.floor(random() * PIECES.length)],
    ).join(" ");
  const rowIds = await pool.putProblems(
    set,
    Array.from({ length: problems }, (_, i) => ({ id: `p${i}`, problem: text(), gold: "1" })),
  );
  const { groups } = await pool.openSampling(spec("sample", 4, seed), rowIds);
  const ids = await pool.putAttempts(
    groups.flatMap(({ groupId }) =>
      [..."CIII"].map((letter, n) => {
        const one = attempt(groupId, n, letter);
        const answer = random() < 0.3 ? text() : one.grade.answer;
        return { ...one, generation: { ...one.generation, text: text() }, grade: { ...one.grade, answer } };
      }),
    ),
  );
  for (const id of ids.filter((_, i) => i % 3 === 0)) {
    const [reflection = 0] = await pool.putReflections([
      {
        ...{ attemptId: id, modelId: "base", sample: 0, analysis: "", correctedSolution: "", parsed: false },
        generation: { text: text(), tokenIds: [1], logprobs: [0], finish: "stop" },
        grade: { verdict: "incorrect", answer: null, span: null, reason: "" },
      },
    ]);
    if (random() < 0.4)
      await pool.annotate("reflection", reflection, "ann", { kind: "correction", value: text() });
    if (random() < 0.4) await pool.annotate("attempt", id, "ben", { kind: "note", value: text() });
  }
  await pool.annotate("problem", rowIds[0] ?? 0, "ann", { kind: "note", value: `a remark: ${text()}` });
  return ids;
}

/** Substrings of what is there, in any case, and what is not there. */
function questions(seed: number): string[] {
  const random = seededRandom(seed);
  const all = PIECES.join(" ");
  const substrings = Array.from({ length: 60 }, () => {
    const from = Math.floor(random() * all.length);
    const some = all.slice(from, from + 1 + Math.floor(random() * 12));
    return random() < 0.5 ? some : random() < 0.5 ? some.toLowerCase() : some.toUpperCase();
  }).filter((text) => text !== "" && !text.includes("\0"));
  return [
    ...PIECES.filter((text) => !text.includes("\0")),
    ...substrings,
    "no such text",
    "a remark",
    "x".repeat(200),
    "\\\\\\",
    "%%%",
    "___",
  ];
}

/** Attempts that hold a text, said in plain SQL without any index. */
async function byReading(file: string, text: string): Promise<number[]> {
  const db = await Connection.open(file, "read");
  const rows = await db.all(
    `WITH said AS (SELECT n.target, n.target_id FROM standing s JOIN annotations n ON n.id = s.annotation_id
       WHERE n.kind IN ('note', 'correction') AND instr(lower(json_extract(n.value, '$')), lower(?1)) > 0)
     SELECT a.id FROM attempts a JOIN generations t ON t.attempt_id = a.id JOIN problems p ON p.id = a.problem_id
     WHERE a.purpose = 'sample' AND (a.id IN (SELECT target_id FROM said WHERE target = 'attempt')
       OR p.id IN (SELECT target_id FROM said WHERE target = 'problem')
       OR EXISTS (SELECT 1 FROM reflections r WHERE r.attempt_id = a.id AND (instr(lower(r.text), lower(?1)) > 0
         OR r.id IN (SELECT target_id FROM said WHERE target = 'reflection')))
       OR instr(lower(t.text), lower(?1)) > 0 OR instr(lower(p.problem), lower(?1)) > 0 OR instr(lower(a.answer), lower(?1)) > 0)
     ORDER BY a.problem_id, a.id`,
    text,
  );
  await db.close();
  return rows.map((row) => Number(row.id));
}

async function expectFound(pool: Pool, texts: string[]): Promise<void> {
  for (const text of texts) {
    const ids = await byReading(pool.file, text);
    const found = (await pool.attempts({ scope: "all", text })).map((a) => a.id);
    expect([text, found]).toEqual([text, ids]);
    expect((await pool.count({ scope: "all", text })).attempts).toBe(ids.length);
    expect(await pool.attemptIds({ scope: "all", text })).toEqual(ids);
    const problems = await pool.buckets("problem", { scope: "all", text });
    expect(problems.reduce((n, bucket) => n + bucket.attempts, 0)).toBe(ids.length);
  }
}

/** Whether the texts are found through the index: where it says otherwise, nothing is. */
async function emptied(pool: Pool, work: () => Promise<void>): Promise<void> {
  await pool.transaction((db) => db.exec("INSERT INTO search(search) VALUES ('delete-all')"));
  await work();
}

test("a search finds the same with an index, before it and while it is not up to date", async () => {
  const pool = await open(workspace());
  await filled(pool, 1);
  const texts = questions(2);
  expect(await pool.searchState()).toMatchObject({ state: "none", indexed: 0, bytes: 0 });
  await expectFound(pool, texts);

  const built = await pool.buildSearchIndex();
  expect(built).toMatchObject({ state: "ready", indexed: built.total });
  expect(built.bytes).toBeGreaterThan(0);
  expect(built.total).toBe(20 + 80 + 27);
  await expectFound(pool, texts);

  // What is added, changed and taken back since is found, and not found, at once.
  await filled(pool, 3, 6, "more");
  await pool.putProblems("set", [{ id: "p1", problem: "Another text: \\sqrt{77}", gold: "1" }]);
  await pool.annotate("problem", 1, "ann", { kind: "note", value: null });
  expect((await pool.searchState()).state).toBe("partial");
  await expectFound(pool, [...texts, "\\sqrt{77}"]);
  expect(await pool.attempts({ scope: "all", text: "a remark: " })).toHaveLength(4);

  expect((await pool.buildSearchIndex()).state).toBe("ready");
  await expectFound(pool, [...texts, "\\sqrt{77}"]);
  await emptied(pool, async () => {
    expect(await pool.attempts({ scope: "all", text: "\\sqrt{77}" })).toEqual([]);
  });
}, 60_000);

test("a build that is stopped goes on where it was, lets others write, and says how far it is", async () => {
  const pool = await open(workspace());
  const ids = await filled(pool, 5, 120);
  const stop = new AbortController();
  const seen: SearchState[] = [];
  const building = pool.buildSearchIndex((state) => {
    seen.push(state);
    if (seen.length === 2) stop.abort(new Error("the window was closed"));
  }, stop.signal);
  const rated = pool.annotate("attempt", ids[0] ?? 0, "ann", { kind: "note", value: "said in between" });
  await expect(building).rejects.toThrow("the window was closed");
  await rated;
  const half = await pool.searchState();
  expect(half.state).toBe("partial");
  expect(half.indexed).toBe(seen.at(-1)?.indexed);
  expect(half.indexed).toBeGreaterThan(0);
  await expectFound(pool, questions(6).slice(0, 30));

  const again = await pool.buildSearchIndex((state) => expect(state.indexed).toBeGreaterThan(half.indexed));
  expect(again).toMatchObject({ state: "ready", indexed: again.total });
  await expectFound(pool, ["said in between", ...questions(6).slice(0, 30)]);
});

test("rows that go and come again under the same number are indexed again", async () => {
  const pool = await open(workspace());
  const ids = await filled(pool, 7, 6);
  await pool.buildSearchIndex();
  const gone = ids.at(-1) ?? 0;
  const { groupId, sample } = (await pool.detail(gone)).attempt;
  await pool.transaction(async (db) => {
    await db.run("DELETE FROM generations WHERE attempt_id = ?", gone);
    await db.run("DELETE FROM attempts WHERE id = ?", gone);
  });
  const one = attempt(groupId, sample, "I");
  await pool.putAttempts([{ ...one, generation: { ...one.generation, text: "come again: x=77" } }]);
  await expectFound(pool, ["come again: x=77", ...questions(8).slice(0, 20)]);
  await pool.buildSearchIndex();
  await expectFound(pool, ["come again: x=77", ...questions(8).slice(0, 20)]);
});

test("counting a search stops when it is told to, and says how far it came", async () => {
  const pool = await open(workspace());
  await filled(pool, 9, 200);
  const shares: number[] = [];
  await pool.count({ scope: "all", text: "x" }, undefined, (share) => shares.push(share));
  expect(shares.at(-1)).toBe(1);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  const stop = new AbortController();
  const counting = pool.count({ scope: "all", text: "x" }, stop.signal, () =>
    stop.abort(new Error("enough")),
  );
  await expect(counting).rejects.toThrow("enough");
  stop.abort();
  await expect(pool.buckets("problem", { text: "x" }, { limit: 9, signal: stop.signal })).rejects.toThrow(
    "enough",
  );
});
