import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ImportResult, importFile, previewImport } from "../../src/exchange/import/index.js";
import type { Pool } from "../../src/pool/types.js";
import { builtGrader } from "./grading.fixture.js";
import { open, workspace } from "./pool.fixture.js";

const { grader } = builtGrader();
const take = (pool: Pool, file: string): Promise<ImportResult> =>
  importFile(pool, file, { grader: grader() });

const line = (i: number, solution: string): string =>
  `${JSON.stringify({ problem: `What is ${i} + ${i}?`, answer: `${2 * i}`, response: solution })}\n`;
/** The first solution of any run. */
const FIRST = line(1, "\\boxed{2}");
const LONG = 80_000;

/** A run whose first line is everybody's, with further ones of its own. */
function run(folder: string, name: string, further: number, length = 10): string {
  const file = join(folder, `${name}.jsonl`);
  const own = Array.from({ length: further }, (_, i) =>
    line(i + 2, `${name.repeat(length)} \\boxed{${2 * i + 4}}`),
  );
  writeFileSync(file, FIRST + own.join(""));
  return file;
}

test("runs that share a short first line, and have long ones behind it, are two sources", async () => {
  const folder = workspace();
  const pool = await open(folder);
  expect(await take(pool, run(folder, "a", 2, LONG))).toMatchObject({ attempts: 3 });
  const b = run(folder, "b", 2, LONG);
  expect(await previewImport(b, { pool })).toMatchObject({ attempts: 3, stored: null });
  expect(await take(pool, b)).toMatchObject({ attempts: 3, problems: 3, skipped: 0 });
  expect(await pool.stats()).toMatchObject({ attempts: 6 });
  // Both are known again.
  for (const name of ["a", "b"]) {
    expect(await take(pool, run(folder, name, 2, LONG))).toMatchObject({
      attempts: 0,
      reasons: { known: 3, contradicted: 0 },
    });
  }
});

test("two pools that took in such runs are of different sources, so that they can be joined", async () => {
  const folder = workspace();
  const keys = async (name: string): Promise<unknown[]> => {
    const pool = await open(workspace());
    await take(pool, run(folder, name, 2, LONG));
    return pool.transaction((db) => db.all("SELECT fingerprint FROM sources"));
  };
  expect(await keys("a")).not.toEqual(await keys("b"));
});

test.each([10, LONG])(
  "a run that had one line at first keeps no other from being taken (%d)",
  async (length) => {
    const folder = workspace();
    const pool = await open(folder);
    expect(await take(pool, run(folder, "a", 0))).toMatchObject({ attempts: 1 });
    expect(await take(pool, run(folder, "a", 2, length))).toMatchObject({
      attempts: 2,
      reasons: { known: 1 },
    });
    // Longer than the first one, and shorter.
    for (const [name, further] of [
      ["b", 4],
      ["c", 1],
    ] as const) {
      const file = run(folder, name, further, length);
      expect(await take(pool, file)).toMatchObject({ attempts: 1 + further, skipped: 0 });
      expect(await take(pool, file)).toMatchObject({ attempts: 0, reasons: { contradicted: 0 } });
    }
    expect(await take(pool, run(folder, "a", 2, length))).toMatchObject({
      attempts: 0,
      reasons: { known: 3 },
    });
  },
);

test("where the other run came before the first one grew, what grew is not lost either", async () => {
  const folder = workspace();
  const pool = await open(folder);
  await take(pool, run(folder, "a", 0));
  expect(await take(pool, run(folder, "b", 3))).toMatchObject({ attempts: 3 });
  const grown = await take(pool, run(folder, "a", 2));
  expect(grown.reasons.contradicted).toBe(0);
  const texts = await pool.transaction((db) =>
    db.all("SELECT DISTINCT text FROM generations WHERE text LIKE 'aaaa%'"),
  );
  expect(texts).toHaveLength(2);
});

test("a copy, and a copy of what it once was, add nothing; what is appended to a copy goes on", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const copy = join(folder, "copy.jsonl");
  const early = join(folder, "early.jsonl");
  await take(pool, run(folder, "a", 0));
  copyFileSync(run(folder, "a", 1, 1000), early);
  await take(pool, early);
  await take(pool, run(folder, "a", 4, 1000));
  const long = run(folder, "a", 300, 1000);
  expect(await take(pool, long)).toMatchObject({ attempts: 296, reasons: { known: 5 } });
  copyFileSync(long, copy);
  const grew = readFileSync(long, "utf8").split("\n").slice(0, 200);
  writeFileSync(join(folder, "half.jsonl"), `${grew.join("\n")}\n`);
  for (const file of [copy, early, join(folder, "half.jsonl"), run(folder, "a", 0)]) {
    expect(await take(pool, file)).toMatchObject({ attempts: 0, problems: 0, reasons: { contradicted: 0 } });
  }
  appendFileSync(copy, line(1000, "\\boxed{2000}"));
  expect(await previewImport(copy, { pool })).toMatchObject({ stored: { attempts: 301 } });
  expect(await take(pool, copy)).toMatchObject({ attempts: 1, reasons: { known: 301 } });
});

test("a pool that remembers no more than a beginning, as they did, knows its files again", async () => {
  const folder = workspace();
  const pool = await open(folder);
  await take(pool, run(folder, "a", 3));
  await pool.transaction((db) => db.run("DELETE FROM settings WHERE name LIKE 'import-marks:%'"));
  expect(await take(pool, run(folder, "a", 5))).toMatchObject({ attempts: 2, reasons: { known: 4 } });
  expect(await take(pool, run(folder, "b", 5))).toMatchObject({ attempts: 6, skipped: 0 });
});

test("a long file whose end was changed is the same one; what was changed is told with its line", async () => {
  const folder = workspace();
  const pool = await open(folder);
  const file = run(folder, "a", 50, LONG / 2);
  await take(pool, file);
  const before = readFileSync(file, "utf8");
  // The last line is another one, and one comes behind it.
  const start = before.slice(0, before.trimEnd().lastIndexOf("\n") + 1);
  writeFileSync(file, start + line(51, "changed \\boxed{102}") + line(52, "\\boxed{104}"));
  for (const attempts of [1, 0]) {
    expect(await take(pool, file)).toMatchObject({
      ...{ attempts, reasons: { known: 51 - attempts, contradicted: 1 } },
      told: [{ why: expect.stringContaining("Another text of the same sample"), places: ["line 51"] }],
    });
  }
  // As it was before, it is known as well.
  writeFileSync(file, before);
  expect(await take(pool, file)).toMatchObject({ attempts: 0, reasons: { known: 51, contradicted: 0 } });
});
