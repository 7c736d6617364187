import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importFile, previewImport } from "../../src/exchange/import/index.js";
import type { Grader } from "../../src/grading/types.js";
import type { Pool } from "../../src/pool/types.js";
import { builtGrader } from "./grading.fixture.js";
import { open, workspace } from "./pool.fixture.js";

const { grader } = builtGrader();
const GROUP = 4;

/** A log of groups of four, of which the first is right. */
function log(folder: string, problems: number, name = "log.jsonl"): string {
  const file = join(folder, name);
  writeFileSync(file, "");
  for (let i = 0; i < problems; i++) {
    const rows = Array.from({ length: GROUP }, (_, s) =>
      JSON.stringify({
        question: `${i} + 0`,
        answer: `${i}`,
        response: `\\boxed{${i + s}} ${"x".repeat(500)}`,
        score: s === 0 ? 1 : 0,
      }),
    );
    appendFileSync(file, `${rows.join("\n")}\n`);
  }
  return file;
}

/** Everything that an import makes, by what it is and not by its number. */
async function contents(pool: Pool): Promise<unknown> {
  return pool.transaction(async (db) => [
    await db.all(
      `SELECT p.set_name, p.external_id, p.problem, p.gold, s.key_hash, s.group_size, s.model_id, a.sample, a.verdict,
         a.answer, a.in_pool, a.held, a.dispute, t.text, g.correct, g.scored, o.grader, o.verdict AS said
       FROM attempts a JOIN groups g ON g.id = a.group_id JOIN samplings s ON s.id = g.sampling_id
         JOIN problems p ON p.id = a.problem_id JOIN generations t ON t.attempt_id = a.id
         LEFT JOIN opinions o ON o.attempt_id = a.id
       ORDER BY p.external_id, a.sample, o.grader`,
    ),
    await db.all("SELECT model_id, level, verdict, in_pool, attempts FROM facets ORDER BY 1, 2, 3, 4"),
    await db.all("SELECT attempts, correct, incorrect, in_pool FROM tallies ORDER BY 1, 2, 3, 4"),
  ]);
}

test("an import that was cancelled keeps what it stored, and goes on to the very same pool", async () => {
  const folder = workspace();
  const file = log(folder, 1000);
  const whole = await open(folder);
  expect(await importFile(whole, file, { grader: grader() })).toMatchObject({
    attempts: 4000,
    problems: 1000,
  });

  const broken = await open(workspace());
  const stop = new AbortController();
  const stopped = importFile(broken, file, {
    grader: grader(),
    signal: stop.signal,
    report: ({ done }) => done > 0 && stop.abort(),
  });
  await expect(stopped).rejects.toThrow();
  const { attempts } = await broken.stats();
  expect(attempts).toBeGreaterThan(0);
  expect(attempts).toBeLessThan(4000);
  expect(await previewImport(file, { pool: broken })).toMatchObject({
    stored: { attempts, complete: false },
  });

  const rest = await importFile(broken, file, { grader: grader() });
  expect(rest).toMatchObject({
    attempts: 4000 - attempts,
    opinions: 4000 - attempts,
    reasons: { known: attempts },
  });
  expect(await contents(broken)).toEqual(await contents(whole));
  expect(await previewImport(file, { pool: broken })).toMatchObject({
    stored: { attempts: 4000, complete: true },
  });
});

test("problems come with their attempts: what stops the grading leaves none of a chunk behind", async () => {
  const folder = workspace();
  const pool = await open(folder);
  // A chunk is a thousand rows.
  const file = log(folder, 300);
  let graded = 0;
  const broken: Grader = {
    ...grader(),
    grade: (text, gold) =>
      ++graded > 1100 ? Promise.reject(new Error("the thread ended")) : grader().grade(text, gold),
  };
  await expect(importFile(pool, file, { grader: broken })).rejects.toThrow("the thread ended");
  const rows = await pool.transaction((db) =>
    db.get(
      `SELECT (SELECT count(*) FROM problems) AS problems, (SELECT count(*) FROM groups) AS groups,
         (SELECT count(*) FROM attempts) AS attempts`,
    ),
  );
  expect(rows).toEqual({ problems: 250, groups: 250, attempts: 1000 });
  expect(await importFile(pool, file, { grader: grader() })).toMatchObject({ problems: 50, attempts: 200 });
});

test("the grading of a chunk is cancelled in its midst", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const stop = new AbortController();
  let graded = 0;
  const counting: Grader = {
    ...grader(),
    grade: (text, gold) => {
      if (++graded === 20) stop.abort();
      return grader().grade(text, gold);
    },
  };
  const stopped = importFile(pool, log(folder, 250), { grader: counting, signal: stop.signal });
  await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
  // No more than are graded at a time.
  expect(graded).toBeLessThan(40);
  expect(await pool.stats()).toMatchObject({ problems: 0, attempts: 0 });
});

test("a gold answer that a row of the log brings grades rows without one that come much later", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const file = join(folder, "log.jsonl");
  const bare = { question: "1 + 1", response: "\\boxed{2}" };
  const others = Array.from({ length: 1100 }, (_, i) => ({ ...bare, question: `${i} + 3`, answer: "0" }));
  const rows = [bare, { ...bare, answer: "2" }, ...others, bare];
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const result = await importFile(pool, file, { grader: grader() });
  expect(result).toMatchObject({ problems: 1101, attempts: 1103 });
  expect(await pool.stats()).toMatchObject({ correct: 2, incorrect: 1100, unscored: 1 });
});

test("two logs that are imported at once do not number each other's samples", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const files = [log(folder, 300), log(folder, 301, "other.jsonl")];
  const named = { grader: grader(), set: "sums" };
  // The second begins like the first: as another run it is another source.
  const both = files.map((file, i) => importFile(pool, file, { ...named, run: String(i) }));
  expect(await Promise.all(both)).toMatchObject([{ attempts: 1200 }, { attempts: 1204 }]);
  for (const [i, file] of files.entries()) {
    const again = await importFile(pool, file, { ...named, run: String(i) });
    expect(again.reasons).toMatchObject({ contradicted: 0, known: 1200 + 4 * i });
  }
});

test("no room on the disk is told; what was stored is whole, and goes on when there is room", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const file = log(folder, 1500);
  await pool.transaction(async (db) => {
    const pages = await db.pragma("page_count");
    await db.get(`PRAGMA max_page_count = ${pages + 700}`);
  });
  await expect(importFile(pool, file, { grader: grader() })).rejects.toMatchObject({ code: "disk-full" });
  const { attempts } = await pool.stats();
  expect(attempts % 1000).toBe(0);
  expect(attempts).toBeLessThan(6000);
  expect(await pool.transaction((db) => db.all("PRAGMA foreign_key_check"))).toEqual([]);
  expect(await pool.transaction((db) => db.all("SELECT id FROM attempts WHERE held = 1"))).toEqual([]);

  await pool.transaction((db) => db.get("PRAGMA max_page_count = 1000000000"));
  await importFile(pool, file, { grader: grader() });
  const other = await open(workspace());
  await importFile(other, file, { grader: grader() });
  expect(await contents(pool)).toEqual(await contents(other));
});

test("another text under a sample's number is left out and told; other samples of the same log are taken", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const file = join(folder, "log.jsonl");
  const row = (sample: number, response: string): string =>
    `${JSON.stringify({ question: "1 + 1", answer: "2", response, sample, model: "m" })}\n`;
  writeFileSync(
    file,
    row(0, "\\boxed{2}") + row(0, "\\boxed{2}") + row(0, "\\boxed{5}") + row(7, "\\boxed{3}"),
  );
  const preview = await previewImport(file, { pool });
  const result = await importFile(pool, file, { grader: grader() });
  expect(preview).toMatchObject({ attempts: 2, skipped: [{ count: 2, places: ["line 2", "line 3"] }] });
  expect(result).toMatchObject({
    ...{ attempts: 2, reasons: { contradicted: 2 } },
    told: [
      {
        why: "The same sample stands in the file twice; the first was taken.",
        ...{ count: 2, places: ["line 2", "line 3"] },
      },
    ],
  });
  const [attempt] = await pool.attempts({ scope: "all" }, { limit: 1 });
  expect(await pool.detail(attempt?.id ?? 0)).toMatchObject({
    group: 8,
    scored: 2,
    attempt: { text: "\\boxed{2}" },
  });

  const again = await importFile(pool, file, { grader: grader() });
  expect(again).toMatchObject({ attempts: 0, reasons: { known: 3, contradicted: 1 } });
});

test("a gold answer that a later log brings is learned, and one that is here grades a log without", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const write = (name: string, rows: object[]): string => {
    const file = join(folder, name);
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return file;
  };
  const bare = write("bare.jsonl", [{ question: "1 + 1", response: "\\boxed{2}" }]);
  const full = write("full.jsonl", [{ question: "1 + 1", response: "\\boxed{3}", answer: "2" }]);
  const more = write("more.jsonl", [{ question: "1 + 1", response: "\\boxed{2} again" }]);
  for (const file of [bare, full, more]) await importFile(pool, file, { grader: grader(), set: "sums" });
  expect(await pool.stats()).toMatchObject({
    problems: 1,
    attempts: 3,
    correct: 1,
    incorrect: 1,
    unscored: 1,
  });
});

test("a mapping that was chosen is remembered for such columns; names stay what they were", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const write = (name: string, solution: string): string => {
    const file = join(folder, name);
    writeFileSync(file, `${JSON.stringify({ aufgabe: "1 + 1", loesung: "2", antwort: solution })}\n`);
    return file;
  };
  const first = write("first.jsonl", "\\boxed{2}");
  await expect(importFile(pool, first, { grader: grader() })).rejects.toMatchObject({
    code: "needs-mapping",
    hint: expect.stringContaining("aufgabe, loesung, antwort"),
  });
  expect((await previewImport(first, { pool })).trouble).toContain(
    "Which column of first.jsonl holds the problems",
  );
  const mapping = { problem: "aufgabe", gold: "loesung", text: "antwort" };
  await expect(
    importFile(pool, first, { grader: grader(), mapping: { ...mapping, gold: "gold" } }),
  ).rejects.toMatchObject({ message: expect.stringContaining('no column "gold"') });
  const named = { mapping, set: "sums", model: "org/m" };
  expect(await importFile(pool, first, { grader: grader(), ...named })).toMatchObject({ attempts: 1 });
  expect(await importFile(pool, first, { grader: grader() })).toMatchObject({
    attempts: 0,
    reasons: { known: 1 },
  });

  const second = write("second.jsonl", "\\boxed{3}");
  expect(await previewImport(second, { pool })).toMatchObject({
    ...{ attempts: 1, trouble: null, mapping: { chosen: mapping } },
    fields: expect.arrayContaining([{ field: "antwort", means: "solution", example: "\\boxed{3}" }]),
  });
  expect(await importFile(pool, second, { grader: grader(), model: "n" })).toMatchObject({
    attempts: 1,
    problems: 1,
  });
  const rows = await pool.attempts({ scope: "all" }, { limit: 5 });
  expect(rows.map(({ modelId }) => modelId).sort()).toEqual(["n", "org/m"]);
});

test("a list of solutions is a group; a chat's last words are the problem and the solution", async () => {
  const folder = workspace();
  const file = join(folder, "lists.json");
  const chat = (role: string, content: string): object => ({ role, content });
  writeFileSync(
    file,
    JSON.stringify([
      { prompt: "1 + 1", ground_truth: "2", responses: ["\\boxed{2}", "\\boxed{3}", ""], score: [1, 0, 0] },
      {
        ...{ prompt: [chat("system", "Be brief."), chat("user", "2 + 2")], ground_truth: 4 },
        ...{ responses: [[chat("assistant", "\\boxed{4}")]], score: [true] },
      },
    ]),
  );
  const pool = await open(folder);
  expect(await previewImport(file, { pool })).toMatchObject({
    ...{ problems: 2, attempts: 4, groups: 2, largestGroup: 3 },
    scores: [{ name: "score", right: 2, wrong: 2, other: 0 }],
  });
  expect(await importFile(pool, file, { grader: grader() })).toMatchObject({ attempts: 4, opinions: 4 });
  expect(await pool.stats()).toMatchObject({ problems: 2, correct: 2, incorrect: 1, unscored: 1 });
});
