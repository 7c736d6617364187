import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { against, type Installation, install } from "./cli.fixture.js";

describe("errata import of foreign logs", () => {
  let errata: Installation;
  let workspace: string;
  let log: string;
  beforeAll(async () => {
    errata = await install();
    workspace = join(errata.folder, "workspace");
    mkdirSync(workspace);
    log = join(errata.folder, "log.jsonl");
    const row = (response: string, score: number): string =>
      `${JSON.stringify({ frage: "1 + 1", answer: "2", response, score })}\n`;
    writeFileSync(log, `${row("\\boxed{2}", 1)}${row("\\boxed{3}", 1)}no row\n`);
  });
  afterAll(() => errata.remove());
  const run = (...words: string[]) => errata.run(["import", ...words, "--workspace", workspace]);

  it("says what it would take, and writes nothing", async () => {
    const lost = await run(log, "--dry-run");
    expect(lost).toMatchObject({ status: 0, err: "" });
    expect(lost.out).toContain("Which column of log.jsonl holds the problems cannot be told by its name.");
    const { out, status } = await run(log, "--dry-run", "--map", "problem=frage");
    expect(status).toBe(0);
    expect(out).toContain("It holds 2 attempts of 1 problem in 1 group, the largest of 2.");
    expect(out).toContain("  score score: 2 right, 0 wrong\n");
    expect(out).toContain("  frage is the problem: 1 + 1\n");
    expect(out).toContain("  1 row (line 3): The row is not JSON");
    const answer = await run(log, "--dry-run", "--map", "problem=frage", "--json");
    expect(against("import-preview", JSON.parse(answer.out))).toBe("");
    expect(readdirSync(workspace)).toEqual([]);
  });

  it("takes several files, tells of each, and knows them again", async () => {
    const other = join(errata.folder, "other.csv");
    writeFileSync(other, "question,answer,response\n2 + 2,4,\\boxed{4}\n");
    const { out, status } = await run(log, other, "--map", "problem=frage");
    expect(out).toContain("Imported 1 problem, 2 attempts and 2 scores of the log. Passed over: 1 row.");
    // The mapping is of the first file: the other has no such column.
    expect(status).toBe(1);
    const both = await run(log, other, "--json", join(errata.folder, "answer.json"));
    expect(both.status).toBe(0);
    expect(both.out).toContain("Imported 1 problem and 1 attempt.");
    const results = JSON.parse(readFileSync(join(errata.folder, "answer.json"), "utf8")) as unknown[];
    expect(results.map((result) => against("import", result))).toEqual(["", ""]);
    expect(results).toMatchObject([
      { format: "jsonl", attempts: 0, reasons: { known: 2 } },
      { format: "csv", attempts: 1, problems: 1 },
    ]);
    rmSync(other);
  });

  it("wrong use says so", async () => {
    const { err, status } = await run(log, "--map", "question=frage");
    expect(status).toBe(2);
    expect(err).toContain('--map "question=frage" is no FIELD=COLUMN; the fields are problem, text, gold');
  });
});
