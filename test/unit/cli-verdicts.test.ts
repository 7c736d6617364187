import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPool } from "../../src/pool/pool.js";
import { type Installation, install } from "./cli.fixture.js";
import { spec } from "./pool.fixture.js";

let errata: Installation;
let ids: number[] = [];
let rowId = 0;

/** Gold 2.5; our grader said what stands after the colon. */
const ATTEMPTS = [
  "2.5:correct",
  "2.51:incorrect",
  "2.51:incorrect",
  "2.51:incorrect",
  "5/2:correct",
  ":unscored",
];

beforeAll(async () => {
  errata = await install();
  const pool = await openPool(errata.folder);
  [rowId = 0] = await pool.putProblems("set", [{ id: "p", problem: "How long?", gold: "2.5" }]);
  const { groups } = await pool.openSampling(spec("sample", 6), [rowId]);
  ids = await pool.putAttempts(
    ATTEMPTS.map((one, sample) => {
      const [answer = "", verdict = ""] = one.split(":");
      return {
        ...{ groupId: groups[0]?.groupId ?? 0, sample },
        generation: {
          text: answer === "" ? "I cannot say." : `It is \\boxed{${answer}}.`,
          ...{ tokenIds: [], logprobs: [], finish: "stop" as const },
        },
        grade: {
          verdict: verdict as "correct",
          answer: answer === "" ? null : answer,
          ...{
            span: answer === "" ? null : ([13, 13 + answer.length] as [number, number]),
            reason: "as it was",
          },
        },
      };
    }),
  );
  await pool.close();
}, 120_000);
afterAll(() => errata.remove());

const run = async (...words: string[]) => {
  const { status, out, err } = await errata.run(words);
  return { status, out, err, json: () => JSON.parse(out) };
};

describe("errata opinions", () => {
  it("asks a command of one's own, and says who said how much and what is in dispute", async () => {
    const file = join(errata.folder, "mine.cjs");
    writeFileSync(
      file,
      `require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
         const { id, answer } = JSON.parse(line);
         console.log(JSON.stringify({ id, equal: answer === null ? null : Math.abs(Number(answer) - 2.5) < 0.1, reason: "about" })); });`,
    );
    const asked = await run(
      "opinions",
      "--command",
      `"${process.execPath}" "${file}"`,
      "--name",
      "mine",
      "--json",
    );
    expect(asked.status, asked.err).toBe(0);
    expect(asked.json()).toMatchObject({
      ...{ grader: "mine", attempts: 6, stored: 6, correct: 4, incorrect: 1, unscored: 1 },
      disputes: { disagree: 4, imported: 0, unsure: 1 },
    });
    const told = await run("opinions");
    expect(told.out).toContain("6  mine");
    expect(told.out).toContain("In dispute: 4 graders disagree, 1 unsure.");
    const again = await run("opinions", "--command", "false", "--name", "mine");
    expect(again.out).toContain("6 it had judged before");
  });

  it("a command that fails is told with its last words; wrong use is told, too", async () => {
    const failed = await run("opinions", "--command", "echo oops >&2; exit 3", "--name", "broken");
    expect(failed).toMatchObject({ status: 1 });
    expect(failed.err).toMatch(/broken ended \(exit status 3\)[\s\S]*oops/);
    for (const words of [
      ...[["--command", "cat"], ["--command", "cat", "--name", "math-verify"], ["another"]],
      ["math-verify", "--dispute", "often"],
    ]) {
      expect(await run("opinions", ...words), words.join(" ")).toMatchObject({ status: 2 });
    }
  });
});

describe("errata group", () => {
  it("shows a group's answers, its wrong majority and pass@k", async () => {
    const [card] = (await run("group", String(ids[0]), "--json")).json();
    expect(card).toMatchObject({ size: 6, scored: 5, correct: 2, problemId: rowId, majorityWrong: true });
    expect(card.clusters.map((c: { attemptIds: number[] }) => c.attemptIds.length)).toEqual([3, 2, 1]);
    const told = await run("group", "--problem", String(rowId));
    expect(told.out).toContain("Majority: 2.51 (60.0 %), incorrect: wrong and consistent");
    expect(told.out).toContain("pass@1 40.0 %");
    expect((await run("group", "--wrong-majority")).out).toContain("How long?");
    expect(await run("group", "999")).toMatchObject({ status: 1 });
  });
});

describe("errata regrade", () => {
  it("previews, applies and undoes other settings", async () => {
    const verdicts = async () => {
      const { correct, incorrect, unscored } = (await run("pool", "stats", "--json")).json();
      return { correct, incorrect, unscored };
    };
    const before = { correct: 2, incorrect: 3, unscored: 1 };
    const preview = await run("regrade", "--tolerance", "0.01");
    expect(preview.status, preview.err).toBe(0);
    expect(preview.out).toContain("3  incorrect → correct");
    expect(preview.out).toMatch(/attempt \d+: 2\.51 → 2\.51/);
    expect(preview.out).toContain("Nothing is changed yet");
    expect(await verdicts()).toEqual(before);
    const [made] = (await run("regrade", "list", "--json")).json();
    expect(made).toMatchObject({ state: "preview", graded: 6 });
    expect((await run("regrade", "apply", String(made.id), "--json")).json()).toMatchObject({
      state: "applied",
      skipped: 0,
    });
    expect(await verdicts()).toEqual({ correct: 5, incorrect: 0, unscored: 1 });
    expect((await run("regrade", "--undo")).out).toContain("as they were");
    expect(await verdicts()).toEqual(before);

    const one = await run(
      "regrade",
      "--tolerance",
      "0.01",
      "--attempts",
      String(ids[1]),
      "--apply",
      "--json",
    );
    expect(one.json()).toMatchObject({ graded: 1, state: "applied", changed: 1 });
    expect(await verdicts()).toEqual({ correct: 3, incorrect: 2, unscored: 1 });
    expect((await run("regrade", "undo", String(one.json().id))).status).toBe(0);
    expect(await run("regrade", "--tolerance", "often")).toMatchObject({ status: 2 });
    expect(await run("regrade", "undo", "77")).toMatchObject({ status: 1 });
  });
});
