import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importFile } from "../../src/exchange/import/index.js";
import { openMerge } from "../../src/pool/merge.js";
import type { NewOpinion, Pool } from "../../src/pool/types.js";
import { exported } from "./exchange.fixture.js";
import { fill, open, workspace } from "./pool.fixture.js";

const said = (
  attemptId: number,
  verdict: NewOpinion["verdict"],
  at: string,
  more: Partial<NewOpinion> = {},
): NewOpinion => ({
  ...{
    attemptId,
    grader: "mine",
    version: "1",
    verdict,
    answer: "7\u0000“x”",
    span: [0, 2],
    reason: "because",
  },
  ...{ at, ...more },
});
const day = (n: number): string => `2026-01-0${n}T00:00:00.000Z`;

/** Everything that is said of a pool's attempts, and what is in dispute; pools that were filled alike compare. */
async function told(pool: Pool): Promise<unknown> {
  const ids = await pool.attemptIds({ scope: "all" });
  const history = await pool.opinionsOf(ids, { history: true });
  const stand = await pool.opinionsOf(ids);
  const bare = ({ attemptId, grader, verdict, at, answer, span, reason }: (typeof stand)[number]) => ({
    ...{ attempt: ids.indexOf(attemptId), grader, verdict, at, answer, span, reason },
  });
  return {
    history: history.map(bare),
    stand: stand.map(bare),
    disputes: await pool.disputes(),
    queue: (await pool.attemptIds({ scope: "all", dispute: "any" })).map((id) => ids.indexOf(id)),
  };
}

async function filled(): Promise<{ pool: Pool; ids: number[] }> {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIU", "CIIT"]);
  return { pool, ids: attemptIds.flat() };
}

test("opinions are in an export, and come back with their history; the same twice adds nothing", async () => {
  const { pool, ids } = await filled();
  const [a = 0, b = 0, c = 0] = ids;
  await pool.putOpinions([
    ...[
      said(a, "correct", day(1)),
      said(a, "incorrect", day(2)),
      said(b, "unscored", day(1), { answer: null, span: null }),
    ],
    said(c, "correct", day(1), { grader: "imported: exact_match" }),
  ]);
  const file = join(workspace(), "pool.jsonl");
  await exported(pool, "jsonl", { file });
  const other = await open(workspace());
  expect(await importFile(other, file)).toMatchObject({ attempts: 8, opinions: 4, skipped: 0 });
  expect(await told(other)).toEqual(await told(pool));
  expect(await other.disputes()).toEqual({ disagree: 1, imported: 1, unsure: 2 });
  expect(await importFile(other, file)).toMatchObject({ attempts: 0, opinions: 0 });
  expect(await told(other)).toEqual(await told(pool));

  // A selection takes what is said of its attempts along, and of no other.
  const one = join(workspace(), "one.jsonl");
  await exported(pool, "jsonl", { file: one, selection: { ids: [a] } });
  const third = await open(workspace());
  expect(await importFile(third, one)).toMatchObject({ attempts: 1, opinions: 2 });
});

test("an export of before there were opinions is read, one of a later version is not", async () => {
  const { pool } = await filled();
  const file = join(workspace(), "pool.jsonl");
  await exported(pool, "jsonl", { file });
  const text = readFileSync(file, "utf8");
  expect(text.startsWith('{"type":"head","format":"errata-pool","version":2,')).toBe(true);
  writeFileSync(file, text.replace('"version":2', '"version":1'));
  const other = await open(workspace());
  expect(await importFile(other, file)).toMatchObject({ attempts: 8, opinions: 0 });
  writeFileSync(file, text.replace('"version":2', '"version":3'));
  await expect(importFile(other, file)).rejects.toMatchObject({ code: "bad-export" });
});

test.each([
  ["a verdict", { verdict: "truncated" }, /"verdict" that cannot be/],
  ["a span", { span: [3, 1] }, /"span" that cannot be/],
  ["a moment", { at: "yesterday" }, /"at" that cannot be/],
  ["an attempt", { attempt: 99 }, /names attempt 99/],
])("an export with %s that cannot be is refused, with its line", async (_, change, message) => {
  const { pool, ids } = await filled();
  await pool.putOpinions([said(ids[0] ?? 0, "incorrect", day(1))]);
  const file = join(workspace(), "pool.jsonl");
  await exported(pool, "jsonl", { file });
  const lines = readFileSync(file, "utf8").split("\n");
  const at = lines.findIndex((line) => line.startsWith('{"type":"opinion"'));
  lines[at] = JSON.stringify({ ...JSON.parse(lines[at] ?? ""), ...change });
  writeFileSync(file, lines.join("\n"));
  const importing = importFile(await open(workspace()), file);
  await expect(importing).rejects.toThrow(message);
  await expect(importing).rejects.toThrow(`pool.jsonl:${at + 1}`);
});

test("merged in either direction, two pools say the same; the newest word by its time stands", async () => {
  const one = await filled();
  const two = await filled();
  const [a = 0, b = 0, c = 0] = one.ids;
  await one.pool.putOpinions([
    said(a, "incorrect", day(3)),
    said(b, "incorrect", day(1)),
    said(c, "incorrect", day(1)),
  ]);
  await two.pool.putOpinions([
    said(a, "correct", day(1)),
    said(b, "correct", day(2)),
    said(c, "incorrect", day(1)),
  ]);
  await one.pool.annotate("attempt", a, "ann", { kind: "verdict", value: "incorrect" });
  const copies = join(workspace(), "one.sqlite");
  await one.pool.backup(copies);
  const merge = async (into: Pool, file: string) => {
    const opened = await openMerge(into, file);
    try {
      return { preview: opened.preview, added: await opened.apply() };
    } finally {
      await opened.close();
    }
  };
  const first = await merge(one.pool, two.pool.file);
  expect(first.preview.adds).toMatchObject({ attempts: 0, opinions: 2 });
  expect(first.preview.same.opinions).toBe(1);
  expect(first.added.opinions).toBe(2);
  expect((await merge(two.pool, copies)).added).toMatchObject({ opinions: 2, annotations: 1 });
  expect(await told(one.pool)).toEqual(await told(two.pool));
  const stand = await one.pool.opinionsOf([a, b, c]);
  expect(stand.map(({ verdict }) => verdict)).toEqual(["incorrect", "correct", "incorrect"]);
  // What a person settled there is settled here.
  expect((await two.pool.disputeOf(a)).kind).toBeNull();
  expect((await merge(one.pool, two.pool.file)).added.opinions).toBe(0);

  const third = await open(workspace());
  expect((await merge(third, one.pool.file)).added).toMatchObject({ attempts: 8, opinions: 5 });
  expect(await told(third)).toEqual(await told(one.pool));
});

test("opinions that no Errata writes are left out of a merge, and counted", async () => {
  const { pool, ids } = await filled();
  const other = await filled();
  await other.pool.putOpinions([said(other.ids[0] ?? 0, "incorrect", day(1))]);
  const write = (sql: string) => other.pool.transaction((db) => db.run(sql));
  const columns = "(attempt_id, grader, version, verdict, answer, span_start, span_end, reason, at)";
  const id = other.ids[1] ?? 0;
  await write(
    `INSERT INTO opinions ${columns} VALUES (${id}, x'00', '1', 'correct', NULL, NULL, NULL, '', '${day(1)}')`,
  );
  await write(
    `INSERT INTO opinions ${columns} VALUES (${id}, 'a', '1', 'correct', NULL, 5, 2, '', '${day(1)}')`,
  );
  await write(
    `INSERT INTO opinions ${columns} VALUES (${id}, 'b', '1', 'correct', NULL, NULL, NULL, '', '9999-01-01T00:00:00.000Z')`,
  );
  const opened = await openMerge(pool, other.pool.file);
  expect(opened.preview.refused).toEqual({ opinions: 3 });
  expect((await opened.apply()).opinions).toBe(1);
  await opened.close();
  expect((await pool.opinionsOf(ids)).map(({ grader }) => grader)).toEqual(["mine"]);
});
