import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { LIGHTEVAL, taskIn } from "../../src/exchange/import/formats/lighteval.js";
import { pythonLiteral } from "../../src/exchange/import/formats/python-literal.js";
import type { ForeignRow } from "../../src/exchange/import/types.js";
import { attemptsOf, log, readAll, skippedOf } from "./import-logs.fixture.js";

// `details/` is lighteval's own (0.13.0); the other files have the same rows in the columns of older versions, from
// their source: test/fixtures/logs/write_lighteval.py.
const DATE = "2026-11-21T12-00-00.000000";
const file = (layout: string, task: string): string =>
  layout === ""
    ? log("lighteval", "details", "mock", "tiny-math", DATE, `details_${task}_${DATE}.parquet`)
    : log("lighteval", `${layout}_details_${task}_${DATE}.parquet`);

/** A table of one column a field; JSON for what is nested. */
async function table(rows: Record<string, unknown>[]): Promise<ForeignRow[]> {
  const columnData = Object.keys(rows[0] ?? {}).map((name) => ({
    ...{
      name,
      data: rows.map((row) => row[name]),
      type: typeof rows[0]?.[name] === "string" ? "STRING" : "JSON",
    },
  })) as Parameters<typeof parquetWriteBuffer>[0]["columnData"];
  const path = join(
    await mkdtemp(join(tmpdir(), "errata-lighteval-")),
    "details_t_2026-01-01T00-00-00.0.parquet",
  );
  await writeFile(path, Buffer.from(parquetWriteBuffer({ columnData })));
  return readAll(LIGHTEVAL, path);
}

describe("lighteval details", () => {
  it("give one answer a row its problem, gold, tokens, end and scores", async () => {
    const rows = await readAll(LIGHTEVAL, file("", "errata_once"));
    expect(attemptsOf(rows)).toHaveLength(3);
    expect(attemptsOf(rows).find(({ problem }) => problem.gold === "36")).toEqual({
      ...{
        kind: "attempt",
        place: "row 1",
        set: "errata_once",
        modelId: "mock/tiny-math",
        group: "",
        sample: 0,
      },
      problem: {
        ...{ id: "1", text: "Solve for positive $x$: $x^2 = 1{,}296$.", gold: "36" },
        ...{ level: "2", topic: "Algebra" },
      },
      ...{ text: "Since $36^2 = 1296$, we get $x = 36$.\n#### 36", finish: "stop", tokens: 45 },
      scores: [{ name: "extractive_match", value: 1, answer: "36" }],
    });
  });

  it("have the texts of a row as a group, of which an average between says nothing", async () => {
    const rows = attemptsOf(await readAll(LIGHTEVAL, file("", "errata_thrice")));
    const square = rows.filter(({ problem }) => problem.gold === "36");
    expect(square.map(({ sample, text, place }) => [sample, text.slice(0, 8), place])).toEqual([
      [0, "Since $3", "row 1, sample 1"],
      [1, "We halve", "row 1, sample 2"],
      [2, "I am not", "row 1, sample 3"],
    ]);
    expect(square.map(({ scores }) => scores)).toEqual([[], [], []]);
  });

  it.each(["old", "oldest", "underscored"])(
    "are read in the columns of other versions: %s",
    async (layout) => {
      for (const task of ["errata_once", "errata_thrice"]) {
        const rows = attemptsOf(await readAll(LIGHTEVAL, file(layout, task)));
        const plain = attemptsOf(await readAll(LIGHTEVAL, file("", task)));
        const known = layout === "underscored" ? {} : { finish: null };
        expect(rows).toEqual(
          plain.map((row) => ({
            ...{ ...row, modelId: null, ...known },
            problem: { ...row.problem, id: layout === "underscored" ? row.problem.id : null },
          })),
        );
      }
    },
  );

  it("say which fields mean what", async () => {
    expect(await LIGHTEVAL.fields(file("underscored", "errata_once"), {})).toContainEqual({
      field: "__model_response__",
      means: "solutions (text), tokens",
    });
    expect(await LIGHTEVAL.fields(file("old", "errata_once"), {})).toContainEqual({
      field: "padded",
      means: "not taken",
    });
  });

  it("are told where they are cut off", async () => {
    const bytes = await readFile(file("", "errata_once"));
    const path = join(await mkdtemp(join(tmpdir(), "errata-lighteval-")), "details_cut.parquet");
    await writeFile(path, bytes.subarray(0, 9000));
    const reading = (async () => {
      for await (const _ of LIGHTEVAL.rows(path, {}));
    })();
    await expect(reading).rejects.toMatchObject({
      code: "bad-import",
      message: expect.stringContaining("details_cut.parquet"),
    });
  });
});

describe("rows of lighteval", () => {
  const row = (more: { doc?: object; model_response?: object; metric?: object } = {}) => ({
    doc: {
      query: "Question: 2+2?\nAnswer:",
      choices: ["4"],
      gold_index: [0],
      task_name: "suite|sums|5|0",
      ...more.doc,
    },
    model_response: { text: ["4"], ...more.model_response },
    metric: { em: 1, ...more.metric },
  });

  it("have the reasoning that the server gave apart, and no gold where several differ", async () => {
    const [a, b] = attemptsOf(
      await table([
        row({ model_response: { text: ["So 4."], reasonings: ["two and two"] } }),
        row({ doc: { choices: ["4", "four"], gold_index: [0, 1] } }),
      ]),
    );
    expect(a).toMatchObject({
      text: "<think>\ntwo and two\n</think>\n\nSo 4.",
      set: "sums",
      problem: { gold: "4" },
    });
    expect(b).toMatchObject({ problem: { gold: null, text: "2+2?" }, tokens: null, finish: null });
  });

  it("say of several answers what is surely said of each", async () => {
    const scores = async (metric: object) => {
      const [made] = [
        await table([row({ model_response: { text: ["4", "5"] }, metric: { em: null, ...metric } })]),
      ];
      return attemptsOf(made).map((one) => one.scores.map(({ value }) => value));
    };
    expect(await scores({ "avg@n:n=2": 0 })).toEqual([[0], [0]]);
    expect(await scores({ "avg@n:n=2": 1 })).toEqual([[1], [1]]);
    expect(await scores({ "avg@n:n=1": 1 })).toEqual([[1], []]);
    expect(await scores({ "pass@k:k=2&n=2": 1, "maj@n:n=2": 1 })).toEqual([[], []]);
    expect(await scores({ "pass@k:k=2&n=2": 0 })).toEqual([[0], [0]]);
  });

  it("end at the limit where as many tokens came as were allowed", async () => {
    const tokens = { text: ["4", "5"], output_tokens: [[1, 2, 3], [1]] };
    const made = attemptsOf(await table([row({ doc: { generation_size: 3 }, model_response: tokens })]));
    expect(made.map(({ finish, tokens: count }) => [finish, count])).toEqual([
      ["length", 3],
      ["stop", 1],
    ]);
  });

  it("that are no attempts are told", async () => {
    const rows = await table([
      row({ model_response: { text: [], logprobs: [-1] } }),
      row({ doc: { images: ["png"] } }),
      row({ doc: { query: "" } }),
      { doc: { query: 3 }, model_response: 7, metric: null },
    ]);
    expect(attemptsOf(rows)).toEqual([]);
    expect(Object.values(skippedOf(rows)).flat().sort()).toEqual(["row 1", "row 2", "row 3", "row 4"]);
  });

  it("are of their task, whatever stands around its name", () => {
    expect([
      taskIn("lighteval|gsm8k|5|0"),
      taskIn("aime24|0"),
      taskIn("math"),
      taskIn("|0"),
      taskIn(undefined),
    ]).toEqual(["gsm8k", "aime24", "math", null, null]);
  });
});

describe("Python's values as text", () => {
  it.each([
    ["['a', \"it's\", 'x\\ny\\'\\\\']", ["a", "it's", "x\ny'\\"]],
    ["{'em': 1.0, 'n': None, \"t\": (True, -2e3), 1: nan}", { em: 1, n: null, t: [true, -2000], 1: null }],
    ["[array([1, 2], dtype=int32), np.float64(0.5)]", [[1, 2], 0.5]],
    ["'\\u00e9\\x41\\U0001F600'", "éA😀"],
    ["[]", []],
    ["__import__('os')", "os"],
    ["open", undefined],
    ["['a'", undefined],
    ["[1 2]", undefined],
    ["Solve for x", undefined],
    ["[".repeat(100_000), undefined],
  ])("%j", (text, value) => {
    expect(pythonLiteral(text)).toEqual(value);
  });
});
