import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { beforeAll, describe, expect, it } from "vitest";
import { TRL } from "../../src/exchange/import/formats/trl.js";
import { readStart } from "../../src/exchange/import/start.js";
import { attemptsOf, log, readAll, skippedOf } from "./import-logs.fixture.js";

type Written = Record<string, unknown>;
/** What pandas reads from the very files (test/fixtures/logs/write_trl.py). */
const written = JSON.parse(readFileSync(log("trl", "rows.json"), "utf8")) as Record<string, Written[]>;
const chat = (step: number) => log("trl", "linear-chat", "completions", `completions_0000${step}.parquet`);
const text = (step: number) => log("trl", "linear-text", "completions", `completions_0000${step}.parquet`);
const rowsOf = (name: string): Written[] => written[name] ?? [];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "errata-trl-"));
});

/** A log of some rows, each column as its kind. */
async function write(name: string, columns: Record<string, unknown[]>): Promise<string> {
  const file = join(folder, name);
  const columnData = Object.entries(columns).map(([column, data]) => ({
    ...{ name: column, data, nullable: true },
    type:
      typeof data.find((value) => value !== null) === "number" ? ("DOUBLE" as const) : ("STRING" as const),
  }));
  await writeFile(file, new Uint8Array(parquetWriteBuffer({ columnData })));
  return file;
}

describe("TRL's completion logs, as TRL writes them", () => {
  it("reads conversational prompts: problem, solution, gold from log_extra, a step's group, accuracy as a score", async () => {
    const rows = await readAll(TRL, chat(1));
    const attempts = attemptsOf(rows);
    const expected = rowsOf("linear-chat/completions/completions_00001.parquet");
    expect(rows).toHaveLength(expected.length);
    expect(attempts.map((row) => [row.problem.text, row.text, row.problem.gold])).toEqual(
      expected.map((row) => [
        (row.prompt as Written[])[0]?.content,
        (row.completion as Written[])[0]?.content,
        row.answer,
      ]),
    );
    expect(attempts.map((row) => row.scores)).toEqual(
      expected.map((row) => [{ name: "accuracy_reward", value: row.accuracy_reward }]),
    );
    for (const row of attempts) {
      expect(row).toMatchObject({
        set: null,
        run: "linear-chat",
        modelId: null,
        group: "step 1",
        sample: null,
        tokens: null,
      });
      expect(row.problem.id).toBeNull();
    }
    expect(new Set(attempts.map((row) => row.problem.text)).size).toBe(2);
    expect(attempts[0]?.place).toBe("row 1");
  });
  it("takes the user's part of a chat template's text, and a reward of None for no opinion", async () => {
    const attempts = attemptsOf(await readAll(TRL, text(1)));
    const expected = rowsOf("linear-text/completions/completions_00001.parquet");
    expect(attempts).toHaveLength(expected.length);
    expect(attempts.map((row) => row.scores)).toEqual(
      expected.map(({ exact_match: value }) => (value === null ? [] : [{ name: "exact_match", value }])),
    );
    expect(expected.some((row) => row.exact_match === null)).toBe(true);
    for (const [i, row] of attempts.entries()) {
      expect(row.problem.text).toMatch(/^Solve for \$x\$: \$.*\$$/);
      expect(expected[i]?.prompt).toContain(`<|im_start|>user\n${row.problem.text}<|im_end|>`);
      expect(row.problem.gold).toBeNull();
    }
  });
  it("passes over a step that was trained on the completions of the step before", async () => {
    expect(rowsOf("linear-chat/completions/completions_00002.parquet").map((row) => row.completion)).toEqual(
      rowsOf("linear-chat/completions/completions_00001.parquet").map((row) => row.completion),
    );
    const rows = await readAll(TRL, chat(2));
    expect(attemptsOf(rows)).toEqual([]);
    const [[why, places] = []] = Object.entries(skippedOf(rows));
    expect(why).toContain("completions_00001.parquet");
    expect(places).toHaveLength(8);
    // Alone, it is all that there is of them.
    const alone = join(folder, basename(chat(2)));
    await copyFile(chat(2), alone);
    const taken = attemptsOf(await readAll(TRL, alone));
    expect(taken).toHaveLength(8);
    expect(taken[0]).toMatchObject({ group: "step 2", set: null });
    expect(taken[0]).not.toHaveProperty("run");
  });
  it("keeps what follows: another generation is not the same", async () => {
    const attempts = attemptsOf(await readAll(TRL, chat(3)));
    expect(attempts).toHaveLength(8);
    expect(attempts[0]).toMatchObject({ group: "step 3", run: "linear-chat" });
    expect(attemptsOf(await readAll(TRL, text(2)))).toHaveLength(8);
  });
  it("says what each column means", async () => {
    const fields = Object.fromEntries(
      (await TRL.fields(chat(1), {})).map(({ field, means }) => [field, means]),
    );
    expect(fields).toEqual({
      step: expect.stringContaining("one group"),
      prompt: expect.stringContaining("problem"),
      completion: "solution",
      accuracy_reward: "score of accuracy_reward",
      format_reward: expect.stringContaining("not taken"),
      answer: "gold answer",
      advantage: "not taken",
    });
  });
});

describe("other logs of TRL's layout", () => {
  it("reads gold from `solution`, what it says of the problem, and no opinion from numbers that are none", async () => {
    const file = await write("named.parquet", {
      step: [7, 7],
      prompt: ["What is 2+2?", "user\nWhat is 3+3?\nassistant\n"],
      completion: ["4", ""],
      correctness_reward: [1, null],
      soft_overlong_punishment: [0, -1],
      get_cosine_scaled_reward: [0.4, 1],
      solution: ["So it is $\\boxed{4}$.", "$6$"],
      level: [5, 3],
      problem_id: ["a", "b"],
      advantage: [0.5, -0.5],
    });
    const attempts = attemptsOf(await readAll(TRL, file));
    expect(attempts.map(({ problem, text, scores }) => ({ problem, text, scores }))).toEqual([
      {
        problem: { id: "a", text: "What is 2+2?", gold: "4", level: "5" },
        text: "4",
        scores: [{ name: "correctness_reward", value: 1 }],
      },
      { problem: { id: "b", text: "What is 3+3?", gold: "$6$", level: "3" }, text: "", scores: [] },
    ]);
  });
  it("says of each row that is none why, and goes on", async () => {
    const file = await write("holes.parquet", {
      step: [1, 1, 1],
      prompt: [null, "Q", "Q"],
      completion: ["x", null, "y"],
    });
    const rows = await readAll(TRL, file);
    expect(attemptsOf(rows).map((row) => row.text)).toEqual(["y"]);
    expect(skippedOf(rows)).toEqual({
      "The row has no prompt that is text.": ["row 1"],
      "The row has no completion that is text.": ["row 2"],
    });
  });
  it("leaves other tables to others, and tells a log that was cut off", async () => {
    const other = await write("other.parquet", { prompt: ["Q"], completion: ["A"] });
    expect(TRL.reads(await readStart(other))).toBe(false);
    const bytes = await readFile(chat(1));
    await mkdir(join(folder, "cut"), { recursive: true });
    const cut = join(folder, "cut", "completions_00001.parquet");
    await writeFile(cut, bytes.subarray(0, bytes.length - 100));
    await expect(
      (async () => {
        for await (const _ of TRL.rows(cut, {})) expect.fail("a row of a file without its end");
      })(),
    ).rejects.toMatchObject({
      code: "bad-import",
      message: expect.stringContaining("completions_00001.parquet"),
    });
  });
});
