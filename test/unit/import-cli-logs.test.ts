import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Installation, install } from "./cli.fixture.js";
import { log } from "./import-logs.fixture.js";

let errata: Installation;
let workspace: string;

beforeAll(async () => {
  errata = await install();
});
afterAll(() => errata.remove());
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), "errata-logs-"));
});
afterEach(() => rmSync(workspace, { recursive: true, force: true }));

test("training logs from the command line: a dry run, the steps of a run together, a batch with its requests", async () => {
  const steps = [1, 2, 3].map((step) =>
    log("trl", "linear-chat", "completions", `completions_0000${step}.parquet`),
  );
  const dry = await errata.run(["import", steps[0] ?? "", "--dry-run", "--workspace", workspace]);
  expect(dry.status).toBe(0);
  expect(dry.out).toContain("accuracy_reward");
  const taken = await errata.run(["import", ...steps, "--workspace", workspace, "--json"]);
  expect(taken.status).toBe(0);
  expect(JSON.parse(taken.out).map((one: { attempts: number }) => one.attempts)).toEqual([8, 0, 8]);
  const batch = [
    "import",
    log("openai-batch", "output.jsonl"),
    "--requests",
    log("openai-batch", "requests.jsonl"),
  ];
  const answered = await errata.run([
    ...batch,
    "--problems",
    resolve("demo/problems/heldout.jsonl"),
    "--workspace",
    workspace,
  ]);
  expect(answered.status).toBe(0);
  expect(answered.out).toMatch(/\b6\b/);
});

test("a problem set in Parquet is sampled from the command line", async () => {
  const words = ["sample", log("verl", "train.parquet"), "--model", resolve("demo/model"), "--group", "2"];
  const { status, out, err } = await errata.run([
    ...words,
    "--max-tokens",
    "8",
    "--workspace",
    workspace,
    "--json",
  ]);
  expect(err).toContain("train.parquet row 3 has no answer");
  expect(status).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ problems: 2, attempts: 4 });
});
