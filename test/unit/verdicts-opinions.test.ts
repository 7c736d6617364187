import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { installationFolder } from "../../src/protocol/paths.js";
import { startTime } from "../../src/runs/process.js";
import {
  askOpinions,
  LineGrader,
  type LineGraderOptions,
  mathVerify,
  type OpinionGrader,
} from "../../src/verdicts/index.js";
import { fill, open, workspace } from "./pool.fixture.js";

const graders: OpinionGrader[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const grader of graders.splice(0)) await grader.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A program in JavaScript: `row` is what it read, `say` writes a line. */
function grader(body: string, options: Partial<LineGraderOptions> = {}): OpinionGrader & { log: string } {
  const folder = mkdtempSync(join(tmpdir(), "errata-grader-"));
  folders.push(folder);
  const log = join(folder, "log.txt");
  const file = join(folder, "grader.cjs");
  writeFileSync(
    file,
    `const fs = require("node:fs");
     const log = (text) => fs.appendFileSync(${JSON.stringify(log)}, text + "\\n");
     log("start");
     const say = (line) => process.stdout.write((typeof line === "string" ? line : JSON.stringify(line)) + "\\n");
     let n = 0;
     require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
       const row = JSON.parse(line); n++; log("row " + row.id);
       ${body}
     });`,
  );
  const made = new LineGrader({ name: "mine", version: "3", command: [process.execPath, file], ...options });
  graders.push(made);
  return Object.assign(made, { log });
}

const row = (id: number, text = "so it is 7") => ({ id, gold: "7", text, answer: "7" });

describe("a grader that speaks JSON lines", () => {
  test("says a verdict, what it read, where and why; replies come in any order when they have ids", async () => {
    const g = grader(`
      globalThis.kept ??= []; kept.push(row);
      if (kept.length === 3) for (const { id } of kept.reverse())
        say({ id, verdict: ["correct", "incorrect", "unscored"][id - 1], answer: id === 2 ? 7 : "7", span: [9, 10], reason: "r" + id });`);
    expect(await Promise.all([1, 2, 3].map((id) => g.ask(row(id))))).toEqual([
      { verdict: "correct", answer: "7", span: [9, 10], reason: "r1" },
      { verdict: "incorrect", answer: "7", span: [9, 10], reason: "r2" },
      { verdict: "unscored", answer: "7", span: [9, 10], reason: "r3" },
    ]);
  });

  test("without ids in their order, with equal as the verdict; a span outside the text is none", async () => {
    const g = grader(`say({ equal: [true, false, null][n - 1], why: "because", span: [5, 500] });`);
    const said = await Promise.all([1, 2, 3].map((id) => g.ask(row(id))));
    expect(said.map(({ verdict }) => verdict)).toEqual(["correct", "incorrect", "unscored"]);
    expect(said[0]).toEqual({ verdict: "correct", answer: null, span: null, reason: "because" });
  });

  test("many rows, long texts and a shell's command line", async () => {
    const folder = mkdtempSync(join(tmpdir(), "errata-grader-"));
    folders.push(folder);
    writeFileSync(
      join(folder, "long.cjs"),
      `require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
         const row = JSON.parse(line);
         console.log(JSON.stringify({ id: String(row.id), verdict: "correct", reason: String(row.text.length) })); });`,
    );
    const g = new LineGrader({ name: "mine", command: `"${process.execPath}" long.cjs`, cwd: folder });
    graders.push(g);
    const text = "x".repeat(100_000);
    const said = await Promise.all(Array.from({ length: 200 }, (_, i) => g.ask(row(i + 1, text))));
    expect(said.every(({ reason }) => reason === "100000")).toBe(true);
  });

  test.each([
    [
      "garbage",
      `console.error("hint on stderr"); say("Loading model...");`,
      /no JSON object: "Loading model\.\.\."/,
    ],
    ["an array", `say([1]);`, /no JSON object/],
    ["a row nobody asked about", `say({ id: 99, verdict: "correct" });`, /not asked about/],
    ["no verdict", `say({ id: row.id, score: 0.5 });`, /without "verdict"/],
    ["a verdict of its own", `say({ id: row.id, verdict: "right", equal: true });`, /without "verdict"/],
    ["its end", `console.error("Traceback\\nhint on stderr"); process.exit(3);`, /ended \(exit status 3\)/],
  ])("%s fails every row that waits, with its last words", async (_, body, message) => {
    const g = grader(`${body}`);
    const all = await Promise.allSettled([g.ask(row(1)), g.ask(row(2)), g.ask(row(3))]);
    for (const one of all) {
      expect(one.status).toBe("rejected");
      if (one.status === "rejected") {
        expect(one.reason).toMatchObject({ code: "grader-failed" });
        expect(one.reason.message).toMatch(message);
        if (body.includes("hint")) expect(one.reason.message).toContain("hint on stderr");
      }
    }
    await expect(g.ask(row(4))).rejects.toMatchObject({ code: "grader-failed" });
  });

  test("a program that is not there, or that writes without end", async () => {
    const none = new LineGrader({ name: "mine", command: ["/nowhere/grader"] });
    await expect(none.ask(row(1))).rejects.toThrow(/cannot be started/);
    await none.close();
    const g = grader(
      `const chunk = "x".repeat(1 << 20); const more = () => process.stdout.write(chunk, more); more();`,
    );
    await expect(g.ask(row(1))).rejects.toThrow(/more than 16 MB/);
  });

  test("a row that it is silent over is unscored, the others are asked again of a new process", async () => {
    const g = grader(`if (row.text === "hang") for (;;); say({ id: row.id, verdict: "correct" });`, {
      ...{ timeoutMs: 1500, startMs: 1500 },
    });
    const said = await Promise.all([1, 2, 3, 4].map((id) => g.ask(row(id, id === 2 ? "hang" : "fine"))));
    expect(said.map(({ verdict }) => verdict)).toEqual(["correct", "unscored", "correct", "correct"]);
    expect(said[1]?.reason).toMatch(/no reply within 1\.5 s/);
    expect(readFileSync(g.log, "utf8").match(/start/g)).toHaveLength(2);
  });

  test("silent for ever, it is no grader", async () => {
    const g = grader("", { timeoutMs: 300, startMs: 300 });
    const all = await Promise.allSettled([1, 2, 3, 4].map((id) => g.ask(row(id))));
    expect(all.at(-1)).toMatchObject({ status: "rejected", reason: { code: "grader-failed" } });
  });

  test("closed, it ends with what it started", async () => {
    const folder = mkdtempSync(join(tmpdir(), "errata-grader-"));
    folders.push(folder);
    const pid = join(folder, "pid");
    const g = new LineGrader({
      name: "mine",
      // A shell that waits for a child of its own.
      command: `"${process.execPath}" -e 'require("fs").writeFileSync("${pid}", String(process.pid)); setInterval(() => {}, 1000)'; true`,
    });
    const asked = g.ask(row(1));
    asked.catch(() => undefined);
    while (!existsSync(pid) || readFileSync(pid, "utf8") === "") await new Promise((r) => setTimeout(r, 20));
    await g.close();
    await expect(asked).rejects.toMatchObject({ code: "grader-failed" });
    const child = Number(readFileSync(pid, "utf8"));
    while ((await startTime(child)) != null) await new Promise((r) => setTimeout(r, 20));
  });
});

describe("asking for opinions", () => {
  const ALL = { scope: "all" } as const;

  test("asks about every attempt once, stores what is said, and leaves problems without gold", async () => {
    const pool = await open(workspace());
    await fill(pool, ["CIUT", "CC"]);
    const [bare = 0] = await pool.putProblems("bare", [{ id: "1", problem: "?", gold: "" }]);
    const { groups } = await pool.openSampling(
      {
        ...{ modelId: "base", modelHash: "2", purpose: "sample", group: 1, prompt: "" },
        options: { temperature: 1, topP: 1, topK: 0, maxTokens: 9, seed: 1 },
      },
      [bare],
    );
    await pool.putAttempts([
      {
        ...{ groupId: groups[0]?.groupId ?? 0, sample: 0 },
        generation: { text: "x", tokenIds: [], logprobs: [], finish: "stop" },
        grade: { verdict: "incorrect", answer: null, span: null, reason: "the log's score" },
      },
    ]);
    const body = `say({ id: row.id, verdict: row.gold === row.answer ? "correct" : "incorrect", answer: row.answer, reason: "compared" });`;
    const stages: number[] = [];
    const result = await askOpinions(pool, ALL, grader(body), { report: ({ done }) => stages.push(done) });
    expect(result).toEqual({
      ...{ grader: "mine", version: "3", attempts: 7, stored: 6, known: 0, withoutGold: 1, bad: 0 },
      ...{ correct: 3, incorrect: 3, unscored: 0 },
    });
    expect(stages).toEqual([0, 7]);
    expect(await pool.graders()).toEqual([{ grader: "mine", version: "3", attempts: 6 }]);
    const again = grader(body);
    expect(await askOpinions(pool, ALL, again)).toMatchObject({ stored: 0, known: 6, withoutGold: 1 });
    expect(existsSync(again.log)).toBe(false);
    expect(await askOpinions(pool, ALL, grader(body, { version: "4" }))).toMatchObject({
      stored: 6,
      known: 0,
    });
  });

  test("stopped, or failing, it keeps what was said; going on asks for the rest", async () => {
    const pool = await open(workspace());
    await fill(pool, Array<string>(30).fill("CIUTCIUT"));
    const failing = grader(`if (n > 130) process.exit(1); say({ id: row.id, verdict: "correct" });`);
    await expect(askOpinions(pool, ALL, failing)).rejects.toMatchObject({ code: "grader-failed" });
    const [before] = await pool.graders();
    expect(before?.attempts).toBeGreaterThanOrEqual(100);
    expect(before?.attempts).toBeLessThanOrEqual(130);

    const stop = new AbortController();
    const slow = grader(`say({ id: row.id, verdict: "correct" });`);
    const stopped = askOpinions(pool, ALL, slow, {
      report: ({ done }) => done >= 200 && stop.abort(new Error("stopped")),
      signal: stop.signal,
    });
    await expect(stopped).rejects.toThrow("stopped");
    const [then] = await pool.graders();
    expect(then?.attempts).toBe(200);

    const rest = grader(`say({ id: row.id, verdict: "correct" });`);
    expect(await askOpinions(pool, ALL, rest)).toMatchObject({ stored: 40, known: 200 });
    const asked = readFileSync(rest.log, "utf8").match(/^row /gm);
    expect(asked).toHaveLength(40);
  });
});

const python = join(installationFolder(), ".venv", "bin", "python");
describe.runIf(existsSync(python))("math-verify", () => {
  test("reads and judges, counts in UTF-16, and gives up in time", async () => {
    const g = mathVerify({ python, version: "0.9.0" });
    graders.push(g);
    const ask = (id: number, gold: string, text: string) => g.ask({ id, gold, text, answer: null });
    const said = await Promise.all([
      ask(1, "1/2", String.raw`so \boxed{0.5}`),
      ask(2, "7", String.raw`😀 \boxed{8}`),
      ask(3, "7", "no idea"),
      ask(4, "7", String.raw`\boxed{9^{9^{9}}}`),
      ask(5, "", "x"),
    ]);
    expect(said.map(({ verdict }) => verdict)).toEqual([
      "correct",
      "incorrect",
      "unscored",
      "unscored",
      "unscored",
    ]);
    expect(said[1]).toMatchObject({ answer: "8", span: [10, 11] });
    expect(said[3]?.reason).toContain("out of time");
  });

  test("an interpreter without it is told with its own words", async () => {
    const g = mathVerify({ python: "python3", version: "" });
    graders.push(g);
    const asked = g.ask({ id: 1, gold: "1", text: "1", answer: null });
    const failed = await asked.then(
      () => null,
      (error: Error) => error,
    );
    // Where the system's Python has it, it answers.
    if (failed) expect(failed.message).toMatch(/No module named/);
  });
});
