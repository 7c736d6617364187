import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { networkName } from "../../src/pool/location.js";
import { openPool } from "../../src/pool/pool.js";
import { MIGRATIONS } from "../../src/pool/schema.js";
import { Connection } from "../../src/pool/sqlite.js";
import { fill, open, workspace } from "./pool.fixture.js";

/** The one that comes after all of ours. */
const NEWEST = MIGRATIONS.length;
const NEXT = {
  version: NEWEST + 1,
  sql: "ALTER TABLE problems ADD COLUMN source TEXT; UPDATE problems SET source = set_name;",
};
const versionOf = async (file: string): Promise<number> => {
  const db = await Connection.open(file, "read");
  const version = await db.pragma("user_version");
  await db.close();
  return version;
};

test("a rating given while an import is open survives the import's failure", async () => {
  const pool = await open(workspace());
  const { attemptIds } = await fill(pool, ["CCIIIIII"]);
  const id = attemptIds[0]?.[2] ?? -1;
  let fail: (error: Error) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  let opened: () => void = () => undefined;
  const inside = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const imported = pool.transaction(async (db) => {
    await db.run(
      "INSERT INTO problems (set_name, external_id, problem, gold) VALUES ('import', 'x', 'X', '1')",
    );
    opened();
    await failure;
  });
  await inside;
  const rated = pool.annotate("attempt", id, "ann", { kind: "rating", axis: "overall", value: 4 });
  // Reading goes on meanwhile, and sees neither.
  expect((await pool.detail(id)).annotations).toEqual([]);
  fail(new Error("line 7 is no JSON"));
  await expect(imported).rejects.toThrow("line 7 is no JSON");
  await rated;
  expect((await pool.detail(id)).annotations.map((a) => a.value)).toEqual([
    { kind: "rating", axis: "overall", value: 4 },
  ]);
  const reader = await Connection.open(pool.file, "read");
  expect(await reader.all("SELECT 1 FROM problems WHERE set_name = 'import'")).toEqual([]);
  await reader.close();
});

test("two windows on one pool: both write, each notices the other, nothing is lost", async () => {
  const folder = workspace();
  const [one, two] = [await open(folder, { pollMs: 50 }), await open(folder, { pollMs: 50 })];
  const { attemptIds } = await fill(one, ["CCIIIIII", "CCIIIIII"]);
  const ids = attemptIds.flat();
  const heard = vi.fn();
  two.onDidChange(heard);
  await new Promise((resolve) => setTimeout(resolve, 200));
  heard.mockClear();
  await one.annotate("attempt", ids[0] ?? -1, "ann", { kind: "note", value: "mine" });
  await vi.waitFor(() => expect(heard).toHaveBeenCalled(), 5000);
  await Promise.all(
    ids.flatMap((id) =>
      [one, two].map((pool, i) => pool.annotate("attempt", id, `person ${i}`, { kind: "flag", value: true })),
    ),
  );
  for (const id of ids) expect(await one.annotations("attempt", id)).toHaveLength(id === ids[0] ? 3 : 2);
});

test("our own writes are told once, coalesced; after the listener left, not at all", async () => {
  const pool = await open(workspace(), { pollMs: 60_000 });
  const heard = vi.fn();
  const leave = pool.onDidChange(heard);
  await fill(pool, ["CCIIIIII", "CCIIIIII", "CCIIIIII"]);
  await vi.waitFor(() => expect(heard).toHaveBeenCalled(), 5000);
  expect(heard.mock.calls.length).toBeLessThan(5);
  leave();
  heard.mockClear();
  await pool.applyFilter({ kind: "all" });
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(heard).not.toHaveBeenCalled();
});

test("a migration keeps what is stored, in one transaction, with a backup before it", async () => {
  const folder = workspace();
  const old = await openPool(folder);
  await fill(old, ["CCIIIIII"]);
  const stats = await old.stats();
  await old.close();
  const pool = await open(folder, { migrations: [...MIGRATIONS, NEXT] });
  expect(await pool.stats()).toEqual(stats);
  expect(await versionOf(pool.file)).toBe(NEWEST + 1);
  const backups = readdirSync(join(folder, ".errata", "backups"));
  expect(backups).toEqual([expect.stringMatching(new RegExp(`^pool-v${NEWEST}-.*\\.sqlite$`))]);
  expect(await versionOf(join(folder, ".errata", "backups", backups[0] ?? ""))).toBe(NEWEST);
  await pool.close();
  await expect(openPool(folder)).rejects.toMatchObject({ code: "pool-newer" });
});

/**
 * test/fixtures/pool-v<N>.sqlite were made by the code of their time: groups CCIIIIII and CICICICT, one reflection, what
 * ada and bob said of it and of the attempts, and the second problem called bad.
 */
test.each([1, 2])("a pool of schema %i becomes one of today, and loses nothing", async (version) => {
  const folder = workspace();
  mkdirSync(join(folder, ".errata"));
  copyFileSync(join("test/fixtures", `pool-v${version}.sqlite`), join(folder, ".errata", "pool.sqlite"));
  const pool = await open(folder);
  expect(await versionOf(join(folder, ".errata", "pool.sqlite"))).toBe(NEWEST);
  expect(readdirSync(join(folder, ".errata", "backups"))).toHaveLength(1);
  // The bad problem's attempts are counted nowhere; bob overruled one of the other's.
  const stats = { problems: 1, attempts: 8, correct: 3, incorrect: 5, inPool: 5, reviewed: 2 };
  expect(await pool.stats()).toMatchObject(stats);
  const [first = -1] = await pool.attemptIds({ rating: "4" });
  expect(await pool.attemptIds({ decision: "accepted", firstWrong: "1", modelId: "base" })).toEqual([first]);
  const detail = await pool.detail(first);
  expect(detail.annotations).toHaveLength(4);
  expect(detail.annotations.every(({ pass }) => pass === 1)).toBe(true);
  expect(detail.cut).toBeNull();
  const query = { kind: "second" as const, modelId: "m", settings: "s" };
  const turn = { ...query, attemptId: first, sample: 0, text: "$x=2$", verdict: "correct" as const };
  const more = { answer: "2", reason: "the same text", finish: "stop" as const, tokens: 5 };
  await pool.putTurns([{ ...turn, ...more }]);
  await pool.putTurns([{ ...turn, ...more, text: "never doubled" }]);
  expect(await pool.turnsOf([first], query)).toEqual([{ id: 1, ...turn, ...more }]);
  expect(await pool.turnsOf([first], { ...query, kind: "verification" })).toEqual([]);
  expect(await pool.turnsOf([first], { ...query, settings: "other" })).toEqual([]);
});

test("a migration that fails half-way changes nothing", async () => {
  const folder = workspace();
  const old = await openPool(folder);
  await fill(old, ["CCIIIIII"]);
  await old.close();
  const broken = { version: NEWEST + 1, sql: `${NEXT.sql} INSERT INTO nowhere VALUES (1);` };
  await expect(openPool(folder, { migrations: [...MIGRATIONS, broken] })).rejects.toThrow(/nowhere/);
  expect(await versionOf(join(folder, ".errata", "pool.sqlite"))).toBe(NEWEST);
  const pool = await open(folder);
  expect(await pool.stats()).toMatchObject({ attempts: 8, inPool: 6 });
});

test("two windows may open, and so make, the same new pool at once", async () => {
  const folder = workspace();
  const pools = await Promise.all([open(folder), open(folder), open(folder)]);
  await fill(pools[0], ["CCIIIIII"]);
  for (const pool of pools) expect(await pool.stats()).toMatchObject({ attempts: 8 });
});

test.each([
  ["text", "this is no database, whatever its name says. ".repeat(50)],
  ["a damaged header", `SQLite format 3\0${"\xff".repeat(4000)}`],
])("a pool that is %s is refused and left as it is", async (_, content) => {
  const folder = workspace();
  mkdirSync(join(folder, ".errata"));
  const file = join(folder, ".errata", "pool.sqlite");
  writeFileSync(file, content, "latin1");
  await expect(openPool(folder)).rejects.toMatchObject({
    code: "corrupt-pool",
    message: expect.stringContaining(file),
    hint: expect.stringContaining("backup"),
  });
  expect(readFileSync(file, "latin1")).toBe(content);
});

test("another program's database is refused and left as it is", async () => {
  const folder = workspace();
  mkdirSync(join(folder, ".errata"));
  const file = join(folder, ".errata", "pool.sqlite");
  const db = await Connection.open(file, "create");
  await db.exec("CREATE TABLE theirs (a)");
  await db.close();
  const before = readFileSync(file);
  await expect(openPool(folder)).rejects.toMatchObject({ code: "corrupt-pool" });
  expect(readFileSync(file).equals(before)).toBe(true);
});

/** Runs as a user who may not write there: root may write everywhere. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0 || !process.seteuid) return work();
  process.seteuid(65534);
  try {
    return await work();
  } finally {
    process.seteuid(0);
  }
}

test("a read-only workspace opens for reading; writing says what to do", async () => {
  const folder = workspace();
  const mine = await openPool(folder);
  const { attemptIds } = await fill(mine, ["CCIIIIII"]);
  const expected = await mine.stats();
  await mine.close();
  chmodSync(join(folder, ".errata", "pool.sqlite"), 0o444);
  chmodSync(join(folder, ".errata"), 0o555);
  chmodSync(folder, 0o555);
  await asNobody(async () => {
    const pool = await openPool(folder);
    expect(pool.readOnly).toBe(true);
    expect(await pool.stats()).toEqual(expected);
    expect(await pool.buckets("problem")).toHaveLength(1);
    await expect(
      pool.annotate("attempt", attemptIds[0]?.[0] ?? -1, "ann", { kind: "flag", value: true }),
    ).rejects.toMatchObject({ code: "read-only", hint: expect.stringContaining("writable") });
    await pool.backup(join(tmpdir(), `errata-copy-${process.pid}-${Date.now()}.sqlite`));
    await pool.close();
  });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, ".errata"), 0o755);
});

test("a read-only workspace without a pool says so", async () => {
  const folder = workspace();
  chmodSync(folder, 0o555);
  await asNobody(async () => {
    await expect(openPool(folder)).rejects.toMatchObject({ code: "read-only" });
  });
  expect(existsSync(join(folder, ".errata"))).toBe(false);
  chmodSync(folder, 0o755);
});

test("a workspace that is not there, and a closed pool, are told apart", async () => {
  await expect(openPool(join(workspace(), "gone"))).rejects.toMatchObject({ code: "no-folder" });
  const pool = await open(workspace());
  await pool.close();
  await pool.close();
  await expect(pool.applyFilter()).rejects.toMatchObject({ code: "pool-closed" });
  await expect(pool.stats()).rejects.toMatchObject({ code: "pool-closed" });
});

test("on a network file system the pool keeps a rollback journal", async () => {
  const folder = workspace();
  await (await openPool(folder)).close();
  const pool = await open(folder, { network: "NFS" });
  await fill(pool, ["CCIIIIII"]);
  const db = await Connection.open(pool.file, "read");
  expect(await db.get("PRAGMA journal_mode")).toEqual({ journal_mode: "delete" });
  await db.close();
  expect(await pool.stats()).toMatchObject({ attempts: 8 });
  expect(networkName(0x6969)).toBe("NFS");
  expect(networkName(-11317950)).toBe("CIFS"); // as a signed 32-bit f_type
  expect(networkName(0xef53)).toBeNull(); // ext4
});
