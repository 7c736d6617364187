import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importFile } from "../../src/exchange/import/index.js";
import type { PoolGrouping } from "../../src/pool/types.js";
import { contents, exported, randomPool } from "./exchange.fixture.js";
import { fill, open, workspace } from "./pool.fixture.js";

const GROUPINGS: PoolGrouping[] = [
  ...([
    "problem",
    "level",
    "kind",
    "answer",
    "errorType",
    "label",
    "decision",
    "rating",
    "firstWrong",
  ] as const),
  "model",
];

test.each([1, 2, 3, 4, 5, 6])(
  "pool %i: exported and imported elsewhere, it is the same pool",
  async (seed) => {
    const pool = await open(workspace());
    await randomPool(pool, seed);
    const file = join(workspace(), "pool.jsonl");
    const { result } = await exported(pool, "jsonl", { file });
    expect(result).toMatchObject({ rows: 60, skipped: {}, beside: [] });

    const other = await open(workspace());
    const stored = await importFile(other, file);
    expect(stored).toMatchObject({ format: "errata", attempts: 60, skipped: 0 });
    expect(stored.annotations).toBe(80);
    expect(await contents(other.file)).toEqual(await contents(pool.file));
    expect(await other.stats()).toEqual(await pool.stats());
    expect(await other.filter()).toEqual(await pool.filter());
    for (const grouping of GROUPINGS) {
      const keys = async (of: typeof pool) =>
        (await of.buckets(grouping, { scope: "all" })).map(({ key, ...rest }) =>
          grouping === "problem" ? rest : { key, ...rest },
        );
      const byLabel = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
      expect((await keys(other)).sort(byLabel), grouping).toEqual((await keys(pool)).sort(byLabel));
    }

    // The same again adds nothing, and what comes out of it is what went in.
    const again = await importFile(other, file);
    expect(again).toMatchObject({ problems: 0, attempts: 0, reflections: 0, annotations: 0 });
    expect(again.reasons.contradicted).toBe(0);
    expect(again.skipped).toBe(again.reasons.known);
    expect(await contents(other.file)).toEqual(await contents(pool.file));
  },
);

test("an import that breaks off goes on where it stopped, and nothing of the broken chunk is stored", async () => {
  const pool = await open(workspace());
  await fill(
    pool,
    Array.from({ length: 120 }, () => "CCIIIIII"),
  );
  const { text } = await exported(pool, "jsonl");
  const lines = text.trimEnd().split("\n");
  const broken = join(workspace(), "broken.jsonl");
  const at = lines.findIndex((line) => line.startsWith('{"type":"attempt"')) + 700;
  writeFileSync(broken, lines.toSpliced(at, 1, '{"type":"attempt","ref":"no"}').join("\n"));
  const other = await open(workspace());
  await expect(importFile(other, broken)).rejects.toMatchObject({
    code: "bad-export",
    message: `broken.jsonl:${at + 1} has a "ref" that cannot be.`,
  });
  const { attempts } = await other.stats();
  expect(attempts).toBeGreaterThan(0);
  expect(attempts).toBeLessThan(700);

  const stop = new AbortController();
  const whole = join(workspace(), "whole.jsonl");
  writeFileSync(whole, text);
  const stopped = importFile(other, whole, {
    report: ({ done }) => done > 1200 && stop.abort(),
    signal: stop.signal,
  });
  await expect(stopped).rejects.toThrow(/abort/i);
  expect((await other.stats()).attempts).toBeGreaterThan(attempts);
  await importFile(other, whole);
  expect(await contents(other.file)).toEqual(await contents(pool.file));
});

test("two pools that were written apart are merged: all words are kept, and of one person's the newest stands", async () => {
  const [one, two] = [await open(workspace()), await open(workspace())];
  const { attemptIds } = await fill(one, ["CCIIIIII"]);
  const first = await exported(one, "jsonl");
  const start = join(workspace(), "start.jsonl");
  writeFileSync(start, first.text);
  await importFile(two, start);
  const id = attemptIds[0]?.[3] ?? -1;
  const [there] = await two.attempts({ verdicts: ["incorrect"] });
  const said = (kind: "verdict", value: "correct" | "unscored") => ({ kind, value });
  await two.annotate("attempt", there?.id ?? -1, "bo", said("verdict", "unscored"));
  await one.annotate("attempt", id, "ann", { kind: "note", value: "mine" });
  await new Promise((resolve) => setTimeout(resolve, 5));
  // Ann speaks last about the very attempt that Bo judged; both pools are put together both ways round.
  await one.annotate("attempt", attemptIds[0]?.[2] ?? -1, "ann", said("verdict", "correct"));
  const [a, b] = [join(workspace(), "a.jsonl"), join(workspace(), "b.jsonl")];
  await exported(one, "jsonl", { file: a });
  await exported(two, "jsonl", { file: b });
  await importFile(one, b);
  await importFile(two, a);
  expect(await contents(two.file)).toEqual(await contents(one.file));
  expect((await one.detail(attemptIds[0]?.[2] ?? -1)).attempt.verdict).toBe("correct");
});

test("the same id with another text is another problem; another text of the same sample is told, not stored", async () => {
  const [one, two] = [await open(workspace()), await open(workspace())];
  await fill(one, ["CI"]);
  await two.putProblems("set", [{ id: "p0", problem: "Something else", gold: "7" }]);
  const { text } = await exported(one, "jsonl");
  const file = join(workspace(), "one.jsonl");
  writeFileSync(file, text);
  expect(await importFile(two, file)).toMatchObject({ problems: 1, attempts: 2, skipped: 0 });
  expect(await importFile(two, file)).toMatchObject({ problems: 0, attempts: 0 });
  expect((await two.problemTexts()).map(({ problem }) => problem).sort()).toEqual([
    "Problem 0",
    "Something else",
  ]);

  writeFileSync(file, text.replace("solution 0 of group 1", "solution 0 of another machine"));
  const other = await importFile(two, file);
  expect(other).toMatchObject({ attempts: 0, reasons: { contradicted: 1 } });
  expect((await two.attempts({ scope: "all" })).map((attempt) => attempt.text)).not.toContain(
    "solution 0 of another machine",
  );
});

test("a search selects what the tree finds by it, before and after the index is built", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII", "CCIIIIII"]);
  const noted = attemptIds[1]?.[4] ?? -1;
  await pool.annotate("attempt", noted, "ann", { kind: "note", value: "a curious slip" });
  const found = async () => {
    const selection = { scope: "all", text: "curious slip" } as const;
    const { rows } = await exported(pool, "kto", { selection });
    expect(rows.map(({ errata }) => (errata as { attempt: number }).attempt)).toEqual([noted]);
    expect(await pool.attemptIds(selection)).toEqual([noted]);
  };
  await found();
  await pool.buildSearchIndex();
  await found();
});

test("a selection travels with what belongs to it, and nothing else", async () => {
  const pool = await open(workspace());
  await fill(pool, ["CCIIIIII", "CCIIIIII", "IIIIIIII"]);
  const ids = (await pool.attemptIds({ scope: "all" })).slice(2, 12);
  await pool.annotate("attempt", ids[0] ?? -1, "ann", { kind: "flag", value: true });
  const file = join(workspace(), "some.jsonl");
  const { result } = await exported(pool, "jsonl", { file, selection: { ids: [...ids, 9999] } });
  expect(result).toMatchObject({ rows: 10, skipped: { missing: 1 } });
  const other = await open(workspace());
  expect(await importFile(other, file)).toMatchObject({ problems: 2, attempts: 10, annotations: 1 });
});

const HEAD = '{"type":"head","format":"errata-pool","version":1,"counts":{}}';
test.each([
  ["a line that is no JSON", `${HEAD}\nnope`, "x.jsonl:2 is no JSON object."],
  [
    "a type that nobody knows",
    `${HEAD}\n{"type":"spell"}`,
    'x.jsonl:2 has a type that is not known ("spell").',
  ],
  ["a field that is missing", `${HEAD}\n{"type":"group","ref":1}`, 'x.jsonl:2 lacks "sampling".'],
  [
    "a row that hangs in the air",
    `${HEAD}\n{"type":"group","ref":1,"sampling":4,"problem":5}`,
    "x.jsonl:2 names sampling 4, which did not come before.",
  ],
  [
    "a word that cannot be",
    `${HEAD}\n${word({ kind: "rating", value: 9 })}`,
    'x.jsonl:2 has a "value" that cannot be.',
  ],
  [
    "a kind of every object",
    `${HEAD}\n${word({ kind: "constructor" })}`,
    'x.jsonl:2 has a "kind" that is not known.',
  ],
  ["a moment that is none", `${HEAD}\n${word({ at: "tomorrow" })}`, 'x.jsonl:2 has a "at" that cannot be.'],
  [
    "a filter that is none",
    `${HEAD}\n{"type":"setting","name":"filter","value":{"kind":"band"}}`,
    "x.jsonl:2 has a filter that cannot be.",
  ],
  ["a file without its end", HEAD, "x.jsonl:2 is missing: the file was cut off."],
  ["a newer format", HEAD.replace('"version":1', '"version":3'), /made by another Errata \(version 3/],
  [
    "a problem set",
    '{"id": "p1", "problem": "1+1", "answer": "2"}',
    /x\.jsonl holds problems without attempts/,
  ],
  ["an empty file", "", /is no file that Errata can import/],
])("%s is refused with its place, and nothing is stored", async (_, text, message) => {
  const pool = await open(workspace());
  const before = await contents(pool.file);
  const file = join(workspace(), "x.jsonl");
  writeFileSync(file, text);
  const refused = await importFile(pool, file).catch((error: unknown) => error);
  expect(refused).toMatchObject({ name: "ErrataError", hint: expect.stringMatching(/.{20}/) });
  expect((refused as Error).message).toEqual(
    typeof message === "string" ? message : expect.stringMatching(message),
  );
  expect(await contents(pool.file)).toEqual(before);
});

function word(change: object): string {
  return JSON.stringify({
    ...{ type: "annotation", ref: 1, target: "attempt", of: 1, who: "ann", at: "2026-01-01T00:00:00.000Z" },
    ...{ kind: "flag", axis: "", value: null, pass: 1, sitting: null, seconds: null, nth: 0, ...change },
  });
}

test("a byte-order mark and line ends of Windows do not hurt", async () => {
  const pool = await open(workspace());
  await fill(pool, ["CI"]);
  const { text } = await exported(pool, "jsonl");
  const file = join(workspace(), "windows.jsonl");
  writeFileSync(file, "\ufeff");
  appendFileSync(file, text.replaceAll("\n", "\r\n"));
  const other = await open(workspace());
  expect(await importFile(other, file)).toMatchObject({ attempts: 2 });
});
