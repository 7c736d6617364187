import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXPORT_FORMATS } from "../../src/exchange/types.js";
import { openPool } from "../../src/pool/pool.js";
import { against, type Installation, install } from "./cli.fixture.js";
import { fill } from "./pool.fixture.js";

let errata: Installation;
let workspace: string;
let out: string;

beforeAll(async () => {
  errata = await install();
  workspace = mkdtempSync(join(tmpdir(), "errata-exchange-"));
  out = mkdtempSync(join(tmpdir(), "errata-out-"));
  const pool = await openPool(workspace);
  const { attemptIds } = await fill(
    pool,
    Array.from({ length: 200 }, () => "CCIIIIIT"),
  );
  await pool.annotate("attempt", attemptIds[0]?.[2] ?? -1, "ann", { kind: "firstWrongStep", value: 1 });
  await pool.annotate("attempt", attemptIds[0]?.[2] ?? -1, "ann", {
    kind: "correction",
    value: "\\boxed{1}",
  });
  await pool.close();
});
afterAll(() => {
  errata.remove();
  for (const folder of [workspace, out]) rmSync(folder, { recursive: true, force: true });
});

describe("errata export", () => {
  it.each(EXPORT_FORMATS)("%s: the file, and an answer that fits its schema", async (format) => {
    const file = join(out, `all.${format}`);
    const words = ["export", format, "--out", file, "--workspace", workspace];
    const got = await errata.run([...words, "--json"]);
    expect(got.err).not.toMatch(/\n {4}at /);
    expect(got.status).toBe(0);
    const answer = JSON.parse(got.out);
    expect(against("export", answer)).toBe("");
    expect(answer).toMatchObject({ format, file });
    for (const made of [file, ...answer.beside]) expect(existsSync(made)).toBe(true);
  });

  it("overwrites when it is told to, and says what it skipped", async () => {
    const file = join(out, "again.jsonl");
    const words = ["export", "kto", "--out", file, "--workspace", workspace];
    const first = await errata.run(words);
    expect(first.out).toBe(
      `Exported 1,401 rows; 200 attempts skipped. ${file}\n  skipped: 200 cut off at the token limit\n`,
    );
    const again = await errata.run(words);
    expect(again).toMatchObject({ status: 1, err: expect.stringContaining(`${file} exists already.`) });
    expect((await errata.run([...words, "--force"])).status).toBe(0);
  });

  it("selects by its options", async () => {
    const count = async (...more: string[]) => {
      const words = ["export", "kto", "--out", join(out, "some.jsonl"), "--force", "--workspace", workspace];
      return JSON.parse((await errata.run([...words, "--json", ...more])).out);
    };
    expect(await count("--attempts", "1,3,99999")).toMatchObject({ rows: 3, skipped: { missing: 1 } });
    expect(await count("--scope", "pool")).toMatchObject({ rows: 1001, skipped: {} });
    expect(await count("--level", "1", "--reviewed")).toMatchObject({ rows: 2 });
    expect(await count("--annotator", "bo", "--reviewed")).toMatchObject({ rows: 1 });
    expect(await count("--model", "another")).toMatchObject({ rows: 0 });
  });

  it.each([
    [["export"], /FORMAT missing/],
    [["export", "csv", "--out", "x"], /"csv" is no export format\. There are sft, dpo/],
    [["export", "sft"], /--out FILE is missing/],
    [["export", "sft", "--out", "x", "--scope", "some"], /--scope is "some"; it must be pool or all/],
    [["import"], /FILE missing/],
  ])("wrong use of %j says so", async (words, message) => {
    const { status, err } = await errata.run([...words, "--workspace", workspace]);
    expect(err).toMatch(message);
    expect(status).toBe(2);
  });

  it.skipIf(process.platform !== "linux")(
    "where there is no room: an error for people, and nothing half",
    async () => {
      const folder = mkdtempSync(join(out, "full-"));
      // The system lets no file of this process grow over 64 blocks, as a full disk or a quota would.
      const limited = spawn(
        "bash",
        [
          ...[
            "-c",
            'ulimit -f 64; exec "$@"',
            "bash",
            process.execPath,
            join(errata.folder, "dist", "cli.js"),
          ],
          ...["export", "kto", "--out", join(folder, "out.jsonl"), "--workspace", workspace],
        ],
        { stdio: ["ignore", "ignore", "pipe"] },
      );
      const ended = new Promise((done) => limited.once("close", done));
      const err = await text(limited.stderr);
      expect(await ended).toBe(1);
      expect(err).toContain("The disk is full:");
      expect(err).toContain("Nothing half was left behind");
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it("stops at Ctrl+C and leaves nothing", async () => {
    const folder = mkdtempSync(join(out, "stopped-"));
    const child = errata.start([
      ...["export", "jsonl", "--out", join(folder, "out.jsonl"), "--workspace", workspace],
    ]);
    child.stdin?.end();
    const ended = new Promise<number | null>((done) => child.once("close", done));
    child.stderr?.once("data", () => child.kill("SIGINT"));
    const status = await ended;
    // It may have been done before the signal came: then the file is whole.
    if (status === 0) expect(readFileSync(join(folder, "out.jsonl"), "utf8")).toMatch(/\{"type":"end"\}\n$/);
    else expect(readdirSync(folder)).toEqual([]);
    expect([0, 1]).toContain(status);
  });
});

describe("errata import", () => {
  it("makes the same pool elsewhere, and the same file twice adds nothing", async () => {
    const file = join(out, "import.jsonl");
    await errata.run(["export", "jsonl", "--out", file, "--workspace", workspace]);
    const other = mkdtempSync(join(out, "other-"));
    const words = ["import", file, "--workspace", other];
    const first = JSON.parse((await errata.run([...words, "--json"])).out);
    expect(against("import", first)).toBe("");
    expect(first).toMatchObject({
      format: "errata",
      problems: 200,
      attempts: 1600,
      annotations: 2,
      skipped: 0,
    });
    const again = JSON.parse((await errata.run([...words, "--json"])).out);
    expect(against("import", again)).toBe("");
    expect(again).toMatchObject({ problems: 0, attempts: 0, annotations: 0 });
    const stats = async (of: string) =>
      (await errata.run(["pool", "stats", "--json", "--workspace", of])).out;
    expect(await stats(other)).toBe(await stats(workspace));
    expect((await errata.run(words)).out).toMatch(
      /^Imported 0 problems, 0 attempts, .* Here already: [\d,]+ rows\.\n$/,
    );
  });

  it("says what a file is not, and where it goes wrong", async () => {
    const refused = await errata.run(["import", join(out, "nothing.jsonl"), "--workspace", workspace]);
    expect(refused).toMatchObject({
      status: 1,
      err: expect.stringContaining("nothing.jsonl does not exist."),
    });
    const problems = await errata.run(["import", "demo/problems/train.jsonl", "--workspace", workspace]);
    expect(problems).toMatchObject({
      status: 1,
      err: expect.stringContaining("train.jsonl holds problems without attempts"),
    });
  });
});
