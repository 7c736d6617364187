import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { toProblem } from "../../src/problems/fields.js";
import { describeIssues, readProblemSet } from "../../src/problems/index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "errata-problems-"));
});
async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe("field names of data sets", () => {
  it("reads ours", () => {
    const line = { id: "a", problem: "P", answer: "3", level: 2, kind: "brackets", topic: "equations" };
    expect(toProblem(line)).toEqual({
      id: "a",
      problem: "P",
      gold: "3",
      level: "2",
      kind: "brackets",
      topic: "equations",
    });
  });
  it("reads GSM8K", () => {
    const answer =
      "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nAltogether 48+24 = <<48+24=72>>72.\n#### 1,072";
    expect(toProblem({ question: "How many clips?", answer })).toMatchObject({ gold: "1,072" });
  });
  it("reads MATH, with and without its answer column", () => {
    const line = {
      problem: "Find $x$.",
      level: "Level 5",
      type: "Algebra",
      solution: "First \\boxed{1}, no: $\\boxed{\\frac{1}{\\sqrt{2}}}$.",
    };
    expect(toProblem(line)).toMatchObject({ gold: "\\frac{1}{\\sqrt{2}}", level: "5", topic: "Algebra" });
    expect(toProblem({ ...line, answer: "7", unique_id: "test/algebra/1.json" })).toMatchObject({
      gold: "7",
      id: "test/algebra/1.json",
    });
    expect(toProblem({ problem: "Find.", solution: "So $\\boxed 5$." })).toMatchObject({ gold: "5" });
    // A heading is no answer, and the last line's mark goes before a box.
    for (const [solution, gold] of [
      ["#### Work\nIt is 5.\n#### Conclusion\nSo $\\boxed{5}$.", "5"],
      ["So $\\boxed{5}$. #### 5", "5"],
      ["First \\boxed{1}.\n#### 72\n\n", "72"],
      ["48/2=24 #### 24", "24"],
    ]) {
      expect(toProblem({ problem: "Find.", solution })).toMatchObject({ gold });
    }
  });
  it("reads AIME's, OlympiadBench's and verl's", () => {
    expect(toProblem({ ID: "2024-I-1", Problem: "P", Solution: "long", Answer: 33 })).toMatchObject({
      id: "2024-I-1",
      gold: "33",
    });
    expect(toProblem({ question: "Q", final_answer: ["1", "2"], subfield: "Algebra" })).toMatchObject({
      gold: "1, 2",
      topic: "Algebra",
    });
    const verl = { prompt: [{ role: "user", content: "Q" }], reward_model: { ground_truth: "8" } };
    expect(toProblem(verl)).toMatchObject({ problem: "Q", gold: "8" });
  });
  it("reads a worked solution, where there is more than the answer", () => {
    const solved = (line: object) => (toProblem({ problem: "P", ...line }) as { solution?: string }).solution;
    expect(solved({ answer: "48/2 = <<48/2=24>>24.\nIn all 48+24.\n#### 72" })).toBe(
      "48/2 = 24.\nIn all 48+24.",
    );
    expect(solved({ solution: "So $\\boxed 5$." })).toBe("So $\\boxed 5$.");
    expect(solved({ solution: "It is #2 of them.\n#### 2", answer: "2" })).toBe("It is #2 of them.");
    expect(solved({ answer: "So $\\boxed{5}$." })).toBe("So $\\boxed{5}$.");
    const headed = "#### Work\nIt is 5.\n#### Conclusion\nSo $\\boxed{5}$.";
    expect(solved({ answer: headed })).toBe(headed);
    for (const answer of ["72", "#### 72", "$\\boxed{72}$.", 72]) expect(solved({ answer })).toBeUndefined();
    expect(solved({ answer: "72", solution: "72" })).toBeUndefined();
  });
  it("keeps a zero answer and refuses an empty one", () => {
    expect(toProblem({ problem: "P", answer: 0 })).toMatchObject({ gold: "0" });
    expect(toProblem({ problem: "P", answer: "  " })).toMatch(/no answer/);
    expect(toProblem({ answer: "3" })).toMatch(/no problem text/);
    expect(toProblem([1])).toMatch(/not a JSON object/);
  });
  it("derives an id from the text that does not depend on spacing", () => {
    const one = toProblem({ problem: "Solve  $x$\n", answer: "1" });
    const two = toProblem({ problem: "Solve $x$", answer: "1" });
    const other = toProblem({ problem: "Solve $y$", answer: "1" });
    expect(one).toMatchObject({ id: expect.stringMatching(/^p-[0-9a-f]{12}$/) });
    expect((one as { id: string }).id).toBe((two as { id: string }).id);
    expect((one as { id: string }).id).not.toBe((other as { id: string }).id);
  });
});

describe("readProblemSet", () => {
  it("reports each bad line with its number and loads the rest", async () => {
    const path = await file(
      "mixed.jsonl",
      Buffer.concat([
        Buffer.from('\uFEFF{"id":"a","problem":"P1","answer":"1"}\r\n\r\n{"id":"b",\r\n'),
        Buffer.from('{"id":"c","problem":"P3"}\n"text"\n{"id":"d","problem":"'),
        Buffer.from([0xff, 0xfe, 0xfd]),
        Buffer.from('","answer":"1"}\n{"id":"e","problem":"Größe","answer":"2"}'),
      ]),
    );
    const { problems, issues } = await readProblemSet(path);
    expect(problems.map((p) => [p.id, p.problem])).toEqual([
      ["a", "P1"],
      ["e", "Größe"],
    ]);
    expect(issues.map((issue) => issue.line)).toEqual([3, 4, 5, 6]);
    expect(issues[0]?.message).toMatch(/^is not JSON/);
    expect(issues[3]?.message).toBe("is not UTF-8");
    const text = describeIssues(path, issues, 2);
    expect(text).toContain("mixed.jsonl:3 is not JSON");
    expect(text).toContain("… and 2 more lines");
  });
  it("reports ids used twice: a copy is left out, another problem is kept under an id of its own", async () => {
    const line = (problem: string) => JSON.stringify({ id: "a", problem, answer: "1" });
    const path = await file("twice.jsonl", [line("P"), line("P"), line("Q"), line("Q")].join("\n"));
    const { problems, issues } = await readProblemSet(path);
    expect(problems.map((p) => p.problem)).toEqual(["P", "Q"]);
    expect(new Set(problems.map((p) => p.id)).size).toBe(2);
    expect(issues.map((issue) => issue.line)).toEqual([2, 3, 4]);
    expect(issues[0]?.message).toContain("line 1");
  });
  it("says what a line should look like when a set is empty", async () => {
    for (const content of ["", "\n\n", "no json\n"]) {
      const path = await file("empty.jsonl", content);
      await expect(readProblemSet(path)).rejects.toMatchObject({
        code: "empty-set",
        message: expect.stringContaining(path),
        hint: expect.stringContaining('"problem"'),
      });
    }
  });
  it("names what is wrong with a file that is no problem set", async () => {
    await expect(readProblemSet(join(folder, "missing.jsonl"))).rejects.toMatchObject({ code: "no-file" });
    await expect(readProblemSet(folder)).rejects.toMatchObject({ code: "no-file" });
    const wide = await file("wide.json", Buffer.from('\uFEFF[{"problem":"P","answer":"1"}]', "utf16le"));
    await expect(readProblemSet(wide)).rejects.toMatchObject({ code: "encoding" });
  });
  it("reads lines across chunk borders and gives up on one that is too long, not on the file", async () => {
    const long = "é".repeat(200_000);
    const path = await file(
      "long.jsonl",
      `${JSON.stringify({ problem: long, answer: "1" })}\n{"problem":"${"x".repeat(17 * 1024 * 1024)}","answer":"1"}\n${JSON.stringify({ problem: "P", answer: "2" })}\n`,
    );
    const { problems, issues } = await readProblemSet(path);
    expect(problems.map((p) => p.problem.length)).toEqual([200_000, 1]);
    expect(issues).toEqual([{ line: 2, message: "is longer than 16 MB" }]);
  });
});
