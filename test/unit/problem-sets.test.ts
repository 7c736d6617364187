import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { beforeAll, describe, expect, it } from "vitest";
import { equalAnswers } from "../../src/grading/equal.js";
import { equalSymbolically } from "../../src/grading/symbolic.js";
import { toProblem } from "../../src/problems/fields.js";
import { describeIssues, readProblemSet } from "../../src/problems/index.js";
import type { Problem } from "../../src/protocol/types.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "errata-sets-"));
});
async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}
const lines = (...rows: object[]): string => rows.map((row) => JSON.stringify(row)).join("\n");
const problem = (row: object): Problem => {
  const read = toProblem(row);
  if (typeof read === "string") throw new Error(read);
  return read;
};
const isRight = (gold: string, answer: string) => equalAnswers(gold, answer, equalSymbolically).equal;

/** A row in the layout of the data set's own files (their cards on the Hub, read in 2026). */
const GSM8K = {
  question:
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. How many?",
  answer: "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nShe sold 48+24 = <<48+24=72>>72 clips.\n#### 72",
};
const MATH = {
  problem: "Compute $\\sin 60^\\circ$.",
  level: "Level 2",
  type: "Geometry",
  solution: "Let $P$ be the point. Then \\[\\sin 60^\\circ = \\boxed{\\frac{\\sqrt{3}}{2}}.\\]",
};
const MATH_500 = {
  ...{ problem: MATH.problem, solution: MATH.solution, answer: "\\frac{\\sqrt{3}}{2}" },
  ...{ subject: "Geometry", level: 2, unique_id: "test/geometry/967.json" },
};
const AIME = {
  ...{ id: 61, problem: "Find the remainder.", solution: "So it is \\boxed{045}.", answer: "045" },
  ...{ url: "https://example.org/2024_AIME_I_Problems/Problem_2", year: "2024" },
};
const OLYMPIAD = {
  ...{ id: 1606, question: "Find all $k$.", solution: ["First way: so $k=1$ or $k=8$.", "Second way."] },
  ...{ final_answer: ["$1$,$8$"], context: null, image_1: null, image_2: null, modality: "Text-only" },
  ...{
    difficulty: "Competition",
    is_multiple_answer: true,
    unit: null,
    answer_type: "Numerical",
    error: null,
  },
  ...{ question_type: "Open-ended", subfield: "Algebra", subject: "Math", language: "English" },
};
const VERL = {
  data_source: "openai/gsm8k",
  prompt: [{ role: "user", content: `${GSM8K.question} Let's think step by step.` }],
  ability: "math",
  reward_model: { ground_truth: "72", style: "rule" },
  extra_info: { answer: GSM8K.answer, index: 0, question: GSM8K.question, split: "train" },
};

describe("rows of the usual problem sets", () => {
  it("GSM8K: the answer behind ####, the solution without its notes", () => {
    expect(problem(GSM8K)).toMatchObject({
      problem: GSM8K.question,
      gold: "72",
      solution: "Natalia sold 48/2 = 24 clips in May.\nShe sold 48+24 = 72 clips.",
    });
  });
  it("MATH and MATH-500: the same problem, answer and level from either", () => {
    const [one, other] = [problem(MATH), problem(MATH_500)];
    expect(one).toMatchObject({ gold: "\\frac{\\sqrt{3}}{2}", level: "2", topic: "Geometry" });
    expect({ ...other, id: one.id }).toEqual(one);
    expect(other.id).toBe("test/geometry/967.json");
  });
  it("AIME: 045 is 45, and the grader takes either", () => {
    expect(problem(AIME)).toMatchObject({ id: "61", gold: "45" });
    expect(problem({ ID: "2024-I-2", Problem: "P", Solution: "s", Answer: 45 })).toMatchObject({
      gold: "45",
    });
    expect(problem({ Question: "P", Answer: "000" })).toMatchObject({ gold: "0" });
    for (const [gold, answer] of [
      ["45", "045"],
      ["045", "45"],
      ["45", "45"],
    ] as const) {
      expect(isRight(gold, answer)).toBe(true);
    }
    expect(isRight("45", "450")).toBe(false);
    expect(problem({ problem: "P", answer: "0.045" }).gold).toBe("0.045");
  });
  it("AMC: whole numbers that a table made decimals of, and letters with their choices", () => {
    expect(problem({ id: 0, problem: "P", answer: "142.0", url: "u" })).toMatchObject({
      id: "0",
      gold: "142",
    });
    expect(problem({ problem: "P", answer: 142.5 }).gold).toBe("142.5");
    const text = "What is $2+2$?\n\n(A) 3\n(B) 4";
    for (const choices of [
      ["3", "4"],
      ["(A) 3", "B. 4"],
      { A: "3", B: "4" },
      { label: ["A", "B"], text: ["3", "4"] },
    ]) {
      expect(problem({ question: "What is $2+2$?", choices, answer: "B" })).toMatchObject({
        problem: text,
        gold: "B",
      });
    }
    expect(problem({ problem: text, options: ["3", "4"], answer: "B" }).problem).toBe(text);
    expect(problem({ question: "What is $2+2$?", options: ["3", "4"], answer: "4" }).problem).toBe(
      "What is $2+2$?",
    );
  });
  it("OlympiadBench: several answers in any order, units, context", () => {
    expect(problem(OLYMPIAD)).toMatchObject({
      ...{ id: "1606", gold: "1,8", level: "Competition", topic: "Math" },
      solution: "First way: so $k=1$ or $k=8$.",
    });
    const gold = (more: object) => problem({ ...OLYMPIAD, ...more }).gold;
    expect(gold({ final_answer: ["1", "2"] })).toBe("1, 2");
    expect(isRight(gold({ final_answer: ["1", "2"] }), "2, 1")).toBe(true);
    expect(isRight(gold({ final_answer: ["$1$,$8$"] }), "8, 1")).toBe(true);
    expect(isRight(gold({ final_answer: ["1,8,19"] }), "19, 1, 8")).toBe(true);
    expect(gold({ final_answer: ["12"], is_multiple_answer: false, unit: "cm" })).toBe("12 \\text{ cm}");
    expect(isRight("12 \\text{ cm}", "12")).toBe(true);
    expect(gold({ final_answer: ["45"], unit: "$^\\circ$" })).toBe("45 ^\\circ");
    expect(isRight("45 ^\\circ", "45")).toBe(true);
    expect(gold({ final_answer: ["1", "2"], unit: "cm" })).toBe("1, 2");
    expect(gold({ final_answer: "['$\\\\frac{1}{2}$']" })).toBe("\\frac{1}{2}");
    expect(gold({ final_answer: ["(1,2)"], answer_type: "Tuple" })).toBe("(1,2)");
    expect(problem({ ...OLYMPIAD, context: "Let $n=3$." }).problem).toBe("Let $n=3$.\n\nFind all $k$.");
  });
  it("OlympiadBench: what no answer can be held against is left out, each with its reason", () => {
    const out = (more: object) => toProblem({ ...OLYMPIAD, ...more });
    expect(out({ question_type: "Theorem proof", final_answer: null })).toMatch(/^is a proof/);
    expect(out({ modality: "Multimodal" })).toMatch(/^needs an image/);
    expect(out({ image_1: { bytes: "x", path: null } })).toMatch(/^needs an image/);
    expect(out({ question: "In <image_1>, find $x$." })).toMatch(/^needs an image/);
    expect(out({ answer_type: "Need_human_evaluate" })).toMatch(/^has an answer that only a person/);
    expect(out({ error: "1e-1" })).toMatch(/error of its own/);
    expect(toProblem({ problem: "Prove it.", answer: "proof" })).toMatch(/^is a proof/);
    expect(toProblem({ problem: "P", answer: "notfound" })).toMatch(/^has no known answer/);
  });
  it("verl: the chat's last user message, ground truth, an id within its data source and split", () => {
    expect(problem(VERL)).toEqual({
      ...{ id: "openai/gsm8k/train/0", gold: "72", topic: "math" },
      problem: `${GSM8K.question} Let's think step by step.`,
      solution: "Natalia sold 48/2 = 24 clips in May.\nShe sold 48+24 = 72 clips.",
    });
    expect(toProblem({ ...VERL, images: [{ bytes: "x" }] })).toMatch(/^needs an image/);
    expect(problem({ ...VERL, images: [] }).gold).toBe("72");
  });
});

describe("problem sets as files", () => {
  it("reads the same rows from JSON lines, a JSON array, an object that holds one, CSV and Parquet", async () => {
    const rows = [
      { id: "a", problem: 'Say "x",\nthen $1+1$', answer: "2", level: "3" },
      { id: "b", problem: "Größe $2+2$", answer: "4", level: "5" },
    ];
    const quote = (text: string) => `"${text.replace(/"/g, '""')}"`;
    const table = (mark: string) =>
      [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row))]
        .map((cells) => cells.map(quote).join(mark))
        .join("\r\n");
    const column = (name: "id" | "problem" | "answer" | "level") => ({
      ...{ name, type: "STRING" as const },
      data: rows.map((row) => row[name]),
    });
    const files = [
      await file("set.jsonl", lines(...rows)),
      await file("set.json", JSON.stringify(rows, null, 2)),
      await file("nested.json", JSON.stringify({ version: 1, data: rows })),
      await file("byid.json", JSON.stringify(Object.fromEntries(rows.map(({ id, ...row }) => [id, row])))),
      await file("set.csv", `\ufeff${table(",")}`),
      await file("set.tsv", table("\t")),
      await file("set.txt", table(";")),
      await file("wide.jsonl", Buffer.from(`\ufeff${lines(...rows)}`, "utf16le")),
      await file(
        "set.parquet",
        new Uint8Array(
          parquetWriteBuffer({ columnData: (["id", "problem", "answer", "level"] as const).map(column) }),
        ),
      ),
    ];
    const expected = rows.map(({ answer: gold, ...row }) => ({ ...row, gold }));
    for (const path of files) {
      const { problems, issues } = await readProblemSet(path);
      expect(problems, path).toEqual(expected);
      expect(issues, path).toEqual([]);
    }
  });
  it("counts what is left out, and names where it begins", async () => {
    const proof = { ...OLYMPIAD, question_type: "Theorem proof", final_answer: null };
    const path = await file(
      "olympiad.json",
      JSON.stringify(
        [
          OLYMPIAD,
          ...Array.from({ length: 503 }, (_, i) => ({ ...proof, id: i })),
          { ...OLYMPIAD, id: 9, modality: "Multimodal" },
        ],
        null,
        1,
      ),
    );
    const { problems, issues } = await readProblemSet(path);
    expect(problems).toHaveLength(1);
    expect(issues).toHaveLength(504);
    const told = describeIssues(path, issues).split("\n");
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/^olympiad\.json:\d+ is a proof, .* \(and 502 more like it\)$/);
    expect(told[1]).toMatch(/^olympiad\.json:\d+ needs an image; it was left out$/);
  });
  it("reads verl's Parquet as `datasets` writes it, and says rows by their number", async () => {
    const path = join(__dirname, "../fixtures/logs/verl/train.parquet");
    const { problems, issues } = await readProblemSet(path);
    expect(problems.map(({ id, gold, topic }) => [id, gold, topic])).toEqual([
      ["openai/gsm8k/train/0", "72", "math"],
      ["openai/gsm8k/train/1", "10", "math"],
    ]);
    expect(problems[0]?.problem).toMatch(/^Natalia sold .* after "####"\.$/);
    expect(problems[0]?.solution).toBe("48/2 = 24.\nIn all 72.");
    expect(describeIssues(path, issues)).toMatch(/^train\.parquet row 3 has no answer/);
  });
  it("refuses a table that is damaged half-way, and says where", async () => {
    const cut = await file("cut.csv", 'problem,answer\nP,1\n"Q,2\n');
    await expect(readProblemSet(cut)).rejects.toMatchObject({
      code: "bad-file",
      message: expect.stringContaining("cut.csv:"),
    });
    const bytes = await readFile(join(__dirname, "../fixtures/logs/verl/train.parquet"));
    const half = await file("half.parquet", bytes.subarray(0, bytes.length / 2));
    await expect(readProblemSet(half)).rejects.toMatchObject({
      code: "bad-file",
      message: expect.stringContaining("half.parquet"),
    });
    const open = await file("open.json", '[{"problem":"P","answer":"1"},\n{"problem":');
    await expect(readProblemSet(open)).rejects.toMatchObject({
      code: "bad-file",
      message: expect.stringContaining("open.json"),
    });
  });
});
