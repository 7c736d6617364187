import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { beforeAll, describe, expect, it } from "vitest";
import { createGrader, type Grader, serveGrader } from "../../src/grading/index.js";
import { builtGrader } from "./grading.fixture.js";

const built = builtGrader();
let grader: Grader;
beforeAll(() => {
  grader = built.grader();
});

describe("grading a text", () => {
  it("says what it read, where, and why", async () => {
    const text = "$2x=6$\n$x=3$\n\\boxed{3}";
    const grade = await grader.grade(text, "3");
    expect(grade).toEqual({
      verdict: "correct",
      answer: "3",
      span: [text.indexOf("{3") + 1, text.indexOf("{3") + 2],
      reason: "Written alike; read from \\boxed{}.",
      how: "boxed",
    });
    expect(await grader.grade(text, "4")).toMatchObject({ verdict: "incorrect", answer: "3" });
  });
  it("leaves unscored what it cannot read or decide", async () => {
    const none = { verdict: "unscored", answer: null, span: null };
    expect(await grader.grade("no idea", "3")).toMatchObject(none);
    expect(await grader.grade("", "3")).toMatchObject(none);
    expect(await grader.grade("\\boxed{1/2x}", "\\frac{1}{2}x")).toMatchObject({
      verdict: "unscored",
      answer: "1/2x",
    });
  });
  it("decides in the thread what needs more than algebra", async () => {
    expect(await grader.equal("\\ln 4", "2\\ln 2")).toMatchObject({ equal: true });
    expect(await grader.equal("(1, \\sin x)", "(1, \\cos x)")).toMatchObject({ equal: false });
  });
});

describe("hostile expressions", () => {
  const hostile: [string, string][] = [
    ["9^{9^{9^{9^9}}}", "1"],
    ["2^{10^{10^{10}}}", "\\ln 5"],
    ["((((99999!)!)!)!)!", "\\sin 1"],
    ["170!!!!!!", "\\cos 2"],
    [`\\sqrt{${"x+\\sin(".repeat(100)}x${")".repeat(100)}}`, "\\ln x"],
    [`${"(".repeat(450)}x${")".repeat(450)}`, "y"],
    [`${"\\frac{1}{1+".repeat(80)}x${"}".repeat(80)}`, "x"],
    [`(${"x+y+z+".repeat(20)}w)^{40}`, "x"],
    ["(a+b+c+d+e+f+g+h)^{39}", "x"],
    ["\\binom{999999999}{499999999}", "\\ln 3"],
    ["\\sum_{k=1}^{10^{12}} \\frac{1}{k}", "28"],
    ["\\int_0^1 e^{e^{e^x}} dx", "\\ln 7"],
    ["1".repeat(990), "\\sin x"],
    ["{".repeat(900), "3"],
    ["\\begin{matrix}".repeat(60), "3"],
    ["x_{".repeat(300), "3"],
    [",".repeat(999), "3"],
    ["x".repeat(1_000_000), "3"],
    ["\\text{".repeat(150), "3"],
    [" ".repeat(900), "3"],
    ["$".repeat(999), "3"],
  ];
  it.each(hostile.map(([gold, answer]) => [gold.slice(0, 40), gold, answer]))(
    "%s… is never called equal",
    async (_, gold, answer) => {
      const found = await grader.equal(gold, answer);
      expect(found.equal).not.toBe(true);
      expect(await grader.equal(answer, gold)).toMatchObject({ equal: found.equal });
    },
  );
  it("gives up on an expression that overruns its time, and on no other", async () => {
    // A limit below what any comparison in the thread takes stands for an endless one.
    const hurried = createGrader({ workerFile: built.workerFile(), timeLimit: 0 });
    expect(await hurried.equal("\\ln 4", "2\\ln 2")).toEqual({ equal: null, why: "ran out of time (0 s)" });
    expect(await hurried.equal("1/2", "0.5")).toMatchObject({ equal: true });
    await hurried.dispose();

    const others = ["\\ln 9", "\\ln 25", "\\ln 49"];
    const [slow, ...rest] = await Promise.all([
      grader.equal("\\sin(9^{9^{9^9}})", "\\cos 1"),
      ...others.map((gold, i) => grader.equal(gold, `2\\ln ${3 + 2 * i}`)),
    ]);
    expect(slow?.equal).toBeNull();
    expect(rest.map(({ equal }) => equal)).toEqual([true, true, true]);
  });
  it("reads no answer out of a hostile text slowly", async () => {
    const texts = [
      "\\boxed{".repeat(50_000),
      "the answer is ".repeat(50_000),
      "**".repeat(100_000),
      " ".repeat(300_000),
      "x = ".repeat(100_000),
      "<think>".repeat(50_000),
      `answer to ${"a ".repeat(100_000)}`,
      "$".repeat(300_000),
    ];
    for (const text of texts) expect((await grader.grade(text, "3")).verdict).toBe("unscored");
  });
});

describe("the thread", () => {
  it("comes back after it was closed in the middle of work only as undecided", async () => {
    const closing = createGrader({ workerFile: built.workerFile() });
    const asked = closing.equal("\\ln 16", "4\\ln 2");
    await closing.dispose();
    expect(await asked).toEqual({ equal: null, why: "the grader was closed" });
    expect((await closing.equal("\\ln 16", "4\\ln 2")).equal).toBeNull();
  });
  it("says so when it does not start, and the cheap layers go on", async () => {
    const broken = createGrader({ workerFile: join(tmpdir(), "no-such-thread.js") });
    expect(await broken.equal("\\ln 4", "2\\ln 2")).toMatchObject({
      equal: null,
      why: expect.stringContaining("does not start"),
    });
    expect(await broken.equal("1/2", "0.5")).toMatchObject({ equal: true });
    await broken.dispose();
  });
});

describe("serving JSON lines", () => {
  async function serve(lines: string[]): Promise<Record<string, unknown>[]> {
    const out: string[] = [];
    await serveGrader(Readable.from(lines.map((line) => `${line}\n`)), (line) => out.push(line), grader);
    return out.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
  it("answers in order, keeps the line's fields, and survives what is malformed", async () => {
    const replies = await serve([
      '{"id": 1, "gold": "\\\\ln 36", "answer": "2\\\\ln 6"}',
      '{"id": 2, "gold": "3", "text": "so \\\\boxed{4}"}',
      "no json",
      "[1]",
      "null",
      '{"id": 3, "answer": "3"}',
      '{"id": 4, "gold": "3"}',
      '{"id": 5, "gold": "3", "text": "hm"}',
    ]);
    expect(replies).toEqual([
      { id: 1, gold: "\\ln 36", answer: "2\\ln 6", equal: true, why: expect.any(String), verdict: "correct" },
      expect.objectContaining({ id: 2, equal: false, verdict: "incorrect", answer: "4", span: [10, 11] }),
      { error: expect.stringContaining("not JSON") },
      { error: "not a JSON object" },
      { error: "not a JSON object" },
      expect.objectContaining({ id: 3, error: expect.stringContaining("gold") }),
      expect.objectContaining({ id: 4, error: expect.stringContaining("text") }),
      expect.objectContaining({ id: 5, equal: null, verdict: "unscored", answer: null, span: null }),
    ]);
  });
  it("replies to a line before the next one comes", async () => {
    const input = new PassThrough();
    const replies: string[] = [];
    let told = () => {};
    const serving = serveGrader(
      input,
      (line) => {
        replies.push(line);
        told();
      },
      grader,
    );
    for (const answer of ["3", "4"]) {
      const reply = new Promise<void>((resolve) => {
        told = resolve;
      });
      input.write(`${JSON.stringify({ gold: "3", answer })}\n`);
      await reply;
    }
    input.end();
    await serving;
    expect(replies.map((line) => (JSON.parse(line) as { equal: boolean }).equal)).toEqual([true, false]);
  });
});
