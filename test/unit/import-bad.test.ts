import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";
import { expect, test } from "vitest";
import { type ImportResult, importFile, previewImport } from "../../src/exchange/import/index.js";
import type { Pool } from "../../src/pool/types.js";
import { builtGrader } from "./grading.fixture.js";
import { open, workspace } from "./pool.fixture.js";

const { grader } = builtGrader();
const take = (pool: Pool, file: string): Promise<ImportResult> =>
  importFile(pool, file, { grader: grader() });

/** What an import says of single rows: reason, how many, where. */
const told = ({ told: all }: ImportResult): [string, number, string[]][] =>
  all.map(({ why, count, places }) => [why, count, places]);

const good = { id: "p1", question: "1 + 1", answer: "2", response: "\\boxed{2}", model: "m" };

async function imported(text: string | Buffer, name = "log.jsonl") {
  const pool = await open(workspace());
  const file = join(workspace(), name);
  writeFileSync(file, text);
  const preview = await previewImport(file, { pool });
  const result = await take(pool, file);
  // What the preview promised is what came.
  expect(result).toMatchObject({ problems: preview.problems, attempts: preview.attempts });
  expect(result.told.slice(0, preview.skipped.length)).toEqual(preview.skipped);
  expect(await pool.stats()).toMatchObject({ attempts: result.attempts });
  return { pool, file, result, preview };
}

const lines = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

test("a line of 50 MB is told by its number, and the rest is taken", async () => {
  const pool = await open(workspace());
  const file = join(workspace(), "log.jsonl");
  const out = openSync(file, "w");
  writeSync(out, lines(good));
  writeSync(out, '{"question":"long","response":"');
  const part = "x".repeat(1 << 20);
  for (let i = 0; i < 50; i++) writeSync(out, part);
  writeSync(out, `"}\n${lines({ ...good, response: "\\boxed{3}" })}`);
  closeSync(out);
  const result = await take(pool, file);
  expect(result).toMatchObject({ attempts: 2, reasons: { unusable: 1 } });
  expect(told(result)).toEqual([["The row is longer than 16 MB.", 1, ["line 2"]]]);
});

test.each([
  ["a byte-order mark", Buffer.from(`\ufeff${lines(good)}`)],
  ["UTF-16, little end first", Buffer.from(`\ufeff${lines(good)}`, "utf16le")],
  ["UTF-16, big end first", Buffer.from(`\ufeff${lines(good)}`, "utf16le").swap16()],
  ["line ends of Windows", Buffer.from(lines(good).replaceAll("\n", "\r\n"))],
  ["no line end at the end", Buffer.from(lines(good).trim())],
])("%s does not hurt", async (_, bytes) => {
  const { result } = await imported(bytes);
  expect(result).toMatchObject({ attempts: 1, problems: 1, skipped: 0 });
});

test("a line in another encoding among good ones is told", async () => {
  const latin = Buffer.from(JSON.stringify({ ...good, response: "Die Lösung ist \\boxed{2}" }), "latin1");
  const { result } = await imported(
    Buffer.concat([Buffer.from(lines(good)), latin, Buffer.from(`\n${lines(good)}`)]),
  );
  expect(result.attempts).toBe(2);
  expect(told(result)).toEqual([["The row is not UTF-8.", 1, ["line 2"]]]);
});

test("the same id with other content is another problem, and told; nothing is overwritten", async () => {
  const { pool, result, file } = await imported(
    lines(good, { ...good, question: "2 + 2", answer: "4", response: "\\boxed{4}" }),
  );
  expect(result).toMatchObject({ problems: 2, attempts: 2 });
  expect(told(result)).toEqual([[expect.stringContaining("got an id of its own"), 1, ["line 2"]]]);
  const [first, second] = await pool.buckets("problem", { scope: "all" }, { limit: 5 });
  expect([first?.label, second?.label].sort()).toEqual(["1 + 1", "2 + 2"]);
  expect(await pool.stats()).toMatchObject({ correct: 2 });
  expect(await take(pool, file)).toMatchObject({ problems: 0, attempts: 0, reasons: { known: 2 } });
});

test("without a gold answer the log's score is the verdict; without either nothing is", async () => {
  const bare = { question: "1 + 1", response: "\\boxed{2}" };
  const { pool, result, preview } = await imported(
    lines({ ...bare, score: 1 }, { ...bare, score: 0 }, { ...bare, score: 0.4 }, bare, {
      ...good,
      score: true,
    }),
  );
  expect(preview).toMatchObject({
    withoutGold: 4,
    scores: [{ name: "score", right: 2, wrong: 1, other: 1 }],
  });
  expect(await pool.stats()).toMatchObject({ correct: 2, incorrect: 1, unscored: 2 });
  expect(told(result)).toEqual([[expect.stringContaining("no gold answer"), 4, expect.anything()]]);
  const reasons = (await pool.attempts({ scope: "all" }, { limit: 9 })).map(({ reason }) => reason);
  expect(reasons).toContain("The problem has no gold answer; the log says score = 1.");
});

test("an empty solution is an attempt that is told; a number is taken as text; a solution that is no text is passed over", async () => {
  const { pool, result } = await imported(
    lines(
      { ...good, response: "" },
      { ...good, answer: 2, response: 2 },
      { ...good, response: { text: "2" } },
      { ...good, response: null },
      { ...good, question: 17 },
      { ...good, question: "" },
      { ...good, question: null },
    ),
  );
  expect(result.attempts).toBe(3);
  expect(told(result)).toEqual([
    ["The row has no problem.", 2, ["line 6", "line 7"]],
    ["The row's solution is no text.", 1, ["line 3"]],
    ["The row has no solution.", 1, ["line 4"]],
    [expect.stringContaining("The solution is empty"), 1, ["line 1"]],
    [expect.stringContaining("got an id of its own"), 1, ["line 5"]],
  ]);
  const texts = (await pool.attempts({ scope: "all" }, { limit: 9 })).map(({ text }) => text);
  expect(texts.sort()).toEqual(["", "2", "\\boxed{2}"]);
});

test("lines that are no JSON objects are told, and NaN is nothing", async () => {
  const { result } = await imported(
    `${lines(good)}{"question": \n[1]\n\n{"question":"1","response":"2","score":NaN}\n`,
  );
  expect(result.attempts).toBe(2);
  expect(told(result).slice(0, 2)).toEqual([
    [expect.stringContaining("The row is not JSON"), 1, ["line 2"]],
    ["The row is not a JSON object.", 1, ["line 3"]],
  ]);
});

test("a file that grows while it is read is read as far as it went, and goes on later", async () => {
  const pool = await open(workspace());
  const file = join(workspace(), "log.jsonl");
  const row = (i: number): string => lines({ ...good, response: `\\boxed{${i}} ${"x".repeat(1500)}` });
  for (let i = 0; i < 4000; i++) appendFileSync(file, row(i));
  let grown = false;
  const grow = (): void => {
    // Half a line: another program is in the middle of writing it.
    if (!grown) appendFileSync(file, row(4000).slice(0, 700));
    grown = true;
  };
  const first = await importFile(pool, file, { grader: grader(), report: grow });
  expect(grown).toBe(true);
  expect(first.attempts).toBe(4000);
  expect(told(first)).toContainEqual([
    "The row was still being written; once it is, import the file again.",
    1,
    ["line 4001"],
  ]);
  appendFileSync(file, row(4000).slice(700));
  expect(await take(pool, file)).toMatchObject({ attempts: 1, reasons: { known: 4000, unusable: 0 } });
});

test("a Parquet file that was cut off is refused with what to do, and a damaged page names its row", async () => {
  const folder = workspace();
  const file = join(folder, "log.parquet");
  const count = 3000;
  const column = (name: string, make: (i: number) => string) => ({
    ...{ name, type: "STRING" as const },
    data: Array.from({ length: count }, (_, i) => make(i)),
  });
  parquetWriteFile({
    filename: file,
    columnData: [
      column("question", (i) => `${Math.floor(i / 4)} + 1`),
      column("answer", (i) => String(Math.floor(i / 4) + 1)),
      column("response", (i) => `\\boxed{${i}} of ${"y".repeat(i % 50)}`),
    ],
    rowGroupSize: 1000,
  });
  const pool = await open(folder);
  const whole = readFileSync(file);
  const preview = await previewImport(file, { pool });
  expect(preview).toMatchObject({ format: "parquet", problems: 750, attempts: 3000, largestGroup: 4 });

  truncateSync(file, whole.length - 100);
  await expect(take(pool, file)).rejects.toMatchObject({
    code: "bad-import",
    message: /^log\.parquet .*cut off/,
  });
  expect(await pool.stats()).toMatchObject({ attempts: 0 });

  // The pages of the third row group.
  const hurt = Buffer.from(whole);
  hurt.fill(0xff, Math.floor(whole.length * 0.75), Math.floor(whole.length * 0.9));
  writeFileSync(file, hurt);
  await expect(take(pool, file)).rejects.toMatchObject({
    code: "bad-import",
    message: expect.stringMatching(/^log\.parquet cannot be read from row 2001 on/),
  });
  expect(await pool.stats()).toMatchObject({ attempts: 2000, problems: 500 });
  writeFileSync(file, whole);
  expect(await take(pool, file)).toMatchObject({ attempts: 3000 });
});

test("a JSON array that was cut off gives what came before its end, and says where that is", async () => {
  const pool = await open(workspace());
  const file = join(workspace(), "log.json");
  const text = JSON.stringify(
    [good, { ...good, response: "\\boxed{3}" }, { ...good, response: "[]{}\\boxed{4}" }],
    null,
    1,
  );
  writeFileSync(file, text);
  expect(await previewImport(file)).toMatchObject({ format: "json", attempts: 3, problems: 1, skipped: [] });
  writeFileSync(file, text.slice(0, -40));
  await expect(take(pool, file)).rejects.toMatchObject({ code: "bad-import", message: /^log\.json:\d+ / });
  expect(await pool.stats()).toMatchObject({ attempts: 2 });
});

test("a table: quoted line ends, a row with too many fields, a quote that never closes, another encoding", async () => {
  const head = "question,answer,response,correct\n";
  const { result } = await imported(
    Buffer.concat([
      Buffer.from(`\ufeff${head}1 + 1,2,"so\n""two"": \\boxed{2}",true\n1 + 1,2,3,true,5\n`),
      Buffer.from("1 + 1,2,gr\u00f6\u00dfer,false\n", "latin1"),
      Buffer.from("1 + 1,2,gr\u00f6\u00dfer \ufffd,false\n"),
    ]),
    "log.csv",
  );
  expect(result).toMatchObject({ format: "csv", attempts: 2, opinions: 2 });
  expect(told(result).slice(0, 2)).toEqual([
    ["The row has 5 fields where the first line names 4.", 1, ["line 4"]],
    ["The row is not UTF-8.", 1, ["line 5"]],
  ]);
  const pool = await open(workspace());
  const file = join(workspace(), "open.csv");
  writeFileSync(file, `${head}1 + 1,2,ok,true\n1 + 1,2,"never,true\n1 + 1,2,ok,true\n`);
  await expect(take(pool, file)).rejects.toMatchObject({ code: "bad-import", message: /^open\.csv:3 / });
  expect(await pool.stats()).toMatchObject({ attempts: 1 });
});
