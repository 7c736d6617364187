import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import yazl from "yazl";
import { INSPECT } from "../../src/exchange/import/formats/inspect.js";
import { sampleRows } from "../../src/exchange/import/formats/inspect-sample.js";
import type { ForeignAttempt, ForeignRow } from "../../src/exchange/import/types.js";
import { attemptsOf, log, readAll, skippedOf } from "./import-logs.fixture.js";

// The files are Inspect's own (0.3.285): test/fixtures/logs/write_inspect.py.
const read = (name: string): Promise<ForeignRow[]> => readAll(INSPECT, log("inspect", name));

/** By problem and number. */
const one = (rows: readonly ForeignRow[], id: string, epoch: number): ForeignAttempt => {
  const found = attemptsOf(rows).find(({ problem, sample }) => problem.id === id && sample === epoch - 1);
  if (!found) throw new Error(`no ${id} of epoch ${epoch}`);
  return found;
};
const scoresOf = ({ scores }: ForeignAttempt): Record<string, number | boolean> =>
  Object.fromEntries(scores.map(({ name, value }) => [name, value]));

async function written(name: string, bytes: Buffer | string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "errata-inspect-")), name);
  await writeFile(file, bytes);
  return file;
}

describe("Inspect logs", () => {
  it("are the same however they are packed: zstd, several frames, deflate, chunked, JSON, and after a crash", async () => {
    const rows = await read("log.eval");
    expect(attemptsOf(rows)).toHaveLength(8);
    for (const name of ["frames.eval", "deflate.eval", "chunked.eval", "crashed.eval", "log.json"]) {
      const others = await read(name);
      const plain = (all: readonly ForeignRow[]) =>
        all.map(({ place, ...row }) => ({ ...row, place: name === "log.json" ? "" : place }));
      expect(plain(others), name).toEqual(plain(rows));
    }
  });

  it("have epochs as the group, and their model, task, tokens and end", async () => {
    const rows = await read("log.eval");
    expect(one(rows, "apples", 2)).toMatchObject({
      ...{
        place: "sample apples of epoch 2",
        set: "errata_logs",
        modelId: "mockllm/model",
        group: "",
        sample: 1,
      },
      problem: {
        id: "apples",
        text: "Ann has 12 apples and gives 5 away. How many are left?",
        gold: "7",
        level: "1",
        topic: "Prealgebra",
      },
      ...{ finish: "stop", tokens: 20 },
    });
    expect(one(rows, "square", 2)).toMatchObject({
      finish: "length",
      text: "We halve: $x = 648$.\n#### 648",
    });
    // A number as id; a chat as input: what the user says.
    expect(one(rows, "3", 1).problem.id).toBe("3");
    expect(one(rows, "square", 1).problem).toMatchObject({
      text: "Solve for positive $x$: $x^2 = 1{,}296$.",
      gold: "36",
    });
  });

  it("keep reasoning before the answer, and of redacted reasoning the summary alone", async () => {
    const rows = await read("log.eval");
    expect(one(rows, "apples", 1).text).toBe(
      "<think>\nTwelve minus five.\n</think>\n\nShe gives 5 of 12 away, so 12 - 5 = 7.\n#### 7",
    );
    const coin = one(rows, "3", 1).text;
    expect(coin).toMatch(/^<think>\nTwo throws\.\n<\/think>\n\nLet us look at it slowly\./);
    expect(coin).not.toContain("secret");
  });

  it("have scores as words, numbers, booleans and dictionaries; NaN is none", async () => {
    const rows = await read("log.eval");
    expect(scoresOf(one(rows, "apples", 1))).toEqual({
      pattern: true,
      human_like: true,
    });
    expect(scoresOf(one(rows, "apples", 2))).toEqual({
      pattern: false,
      human_like: true,
    });
    expect(scoresOf(one(rows, "3", 2))).toMatchObject({ pattern: false, human_like: 0.5 });
    expect(scoresOf(one(rows, "square", 2))).toEqual({ pattern: false, human_like: false });
    expect(one(rows, "apples", 1).scores[0]).toEqual({ name: "pattern", value: true, answer: "7" });
  });

  it("have the choices in the problem, and no gold where several targets are right", async () => {
    const rows = await read("log.eval");
    const { problem } = one(rows, "choice/4", 1);
    expect(problem.text).toMatch(/How many are left\?\n\n\(A\) 5\n\(B\) 7\n\(C\) 17$/);
    expect(problem.gold).toBe("B");
    expect(one(rows, "3", 1).problem.gold).toBeNull();
  });

  it("leave out samples that ended in an error or at a limit: they are no wrong answers", async () => {
    expect(skippedOf(await read("chunked.eval"))).toEqual({
      "The sample ended in an error (RuntimeError).": ["sample fails of epoch 1", "sample fails of epoch 2"],
      "The sample was stopped at its limit of messages.": [
        "sample endless of epoch 1",
        "sample endless of epoch 2",
      ],
    });
  });

  it("say which fields mean what", async () => {
    const fields = await INSPECT.fields(log("inspect", "log.json"), {});
    expect(fields).toContainEqual({ field: "epoch", means: "number of the attempt: epochs are the group" });
    expect(fields).toContainEqual({ field: "scores.human_like", means: "score of human_like" });
  });

  it("are not taken for other archives and other JSON", async () => {
    const start = (name: string, text: string) => ({ name, text, bytes: Buffer.from(text) });
    expect(INSPECT.reads(start("a.xlsx", `PK\x03\x04${"\0".repeat(26)}[Content_Types].xml`))).toBe(false);
    expect(INSPECT.reads(start("a.json", '{"version": 2, "rows": []}'))).toBe(false);
    expect(INSPECT.reads(start("a.bin", `PK\x03\x04${"\0".repeat(26)}_journal/start.json`))).toBe(true);
  });
});

describe("attachments of Inspect logs", () => {
  const output = {
    choices: [{ message: { content: "attachment://0 and attachment://ff" }, stop_reason: "stop" }],
  };

  it("are put in their places, and unknown ones stay", async () => {
    const sample = {
      ...{ id: 1, epoch: 1, input: "attachment://0", target: "4", output, events: [{ a: "attachment://1" }] },
      attachments: { 0: "What is 2+2?", 1: "never read" },
    };
    const text = `{"version":2,"eval":{"run_id":"r","task":"t","model":"m"},"samples":[${JSON.stringify(sample)}]}`;
    const [row] = attemptsOf(await readAll(INSPECT, await written("log.json", text)));
    expect(row).toMatchObject({
      ...{ problem: { text: "What is 2+2?" }, text: "What is 2+2? and attachment://ff" },
    });
  });

  it("of chunked samples lie in chunks, each named by its first index", async () => {
    const zip = new yazl.ZipFile();
    const add = (name: string, value: unknown) => zip.addBuffer(Buffer.from(JSON.stringify(value)), name);
    const said = { choices: [{ message: { content: "attachment://0 attachment://2 attachment://3" } }] };
    add("header.json", { eval: { task: "t", model: "m" } });
    add("samples/a/b_epoch_3/sample.json", {
      id: "a/b",
      epoch: 3,
      input: "attachment://1",
      target: "4",
      output: said,
    });
    add("samples/a/b_epoch_3/metadata.json", { subject: "sums" });
    add("samples/a/b_epoch_3/attachments/0.json", ["zero", "one"]);
    add("samples/a/b_epoch_3/attachments/2.json", ["two"]);
    zip.end();
    const file = await written("a.eval", await buffer(zip.outputStream));
    const [row] = attemptsOf(await readAll(INSPECT, file));
    expect(row).toMatchObject({
      problem: { id: "a/b", text: "one", topic: "sums" },
      ...{ text: "zero two attachment://3", sample: 2, set: "t", modelId: "m" },
    });
  });
});

describe("Inspect logs that are damaged", () => {
  it("end in an error that names file and place, after what could be read", async () => {
    const text = await readFile(log("inspect", "log.json"), "utf8");
    const file = await written("cut.json", text.slice(0, text.indexOf('"samples"') + 40_000));
    const rows: ForeignRow[] = [];
    const reading = (async () => {
      for await (const row of INSPECT.rows(file, {})) rows.push(row);
    })();
    await expect(reading).rejects.toMatchObject({
      code: "bad-import",
      message: expect.stringMatching(/^cut\.json ends within its JSON: it was cut off after sample \d+\.$/),
    });
    expect(attemptsOf(rows).length).toBeGreaterThan(0);
    const archive = await readFile(log("inspect", "log.eval"));
    const cut = await written("cut.eval", archive.subarray(0, 20_000));
    await expect(readAll(INSPECT, cut)).rejects.toMatchObject({ code: "bad-import" });
  });

  it("lose the sample alone whose member is damaged", async () => {
    const bytes = Buffer.from(await readFile(log("inspect", "log.eval")));
    bytes.fill(
      0xaa,
      bytes.indexOf("samples/apples_epoch_1.json") + 300,
      bytes.indexOf("samples/apples_epoch_1.json") + 340,
    );
    const rows = await readAll(INSPECT, await written("log.eval", bytes));
    expect(attemptsOf(rows)).toHaveLength(7);
    expect(Object.values(skippedOf(rows)).flat()).toContain("sample apples of epoch 1");
  });
});

describe("one sample", () => {
  const logs = { task: "t", model: "m" };
  const sample = {
    ...{ id: 1, epoch: 1, input: "2+2?", target: "4" },
    output: { model: "m", choices: [{ message: { role: "assistant", content: "4" }, stop_reason: "stop" }] },
  };
  const rowsOf = (more: object): ForeignRow[] => sampleRows({ ...sample, ...more }, logs, (text) => text);

  it("may have several choices: each further one is of a group of its own, without scores", () => {
    const [a, b] = ["4", "5"].map((content) => ({ message: { content }, stop_reason: "model_length" }));
    const rows = attemptsOf(rowsOf({ output: { choices: [a, b] }, scores: { s: { value: "C" } } }));
    expect(rows.map(({ text, group, sample, finish }) => [text, group, sample, finish])).toEqual([
      ["4", "", 0, "length"],
      ["5", "choice 2", 0, "length"],
    ]);
    expect(rows.map(({ scores }) => scores.length)).toEqual([1, 0]);
  });

  it("of older logs has one score, reasoning beside the text, and usage by model", () => {
    const message = { content: "So 4.", reasoning: "two and two" };
    const [row] = attemptsOf(
      rowsOf({
        ...{
          output: { choices: [{ message, stop_reason: "tool_calls" }] },
          score: { value: "yes", answer: "4" },
        },
        model_usage: { m: { output_tokens: 12 } },
      }),
    );
    expect(row).toMatchObject({
      ...{ text: "<think>\ntwo and two\n</think>\n\nSo 4.", finish: null, tokens: 12 },
      scores: [{ name: "score", value: true, answer: "4" }],
    });
  });

  it("has the last question of a conversation, and none with an image", () => {
    const chat = [
      { role: "user", content: "1+1?" },
      { role: "assistant", content: "2" },
      { role: "user", content: [{ type: "text", text: "2+2?" }] },
    ];
    expect(attemptsOf(rowsOf({ input: chat }))[0]?.problem.text).toBe("2+2?");
    const image = [{ role: "user", content: [{ type: "image", image: "attachment://0" }] }];
    expect(rowsOf({ input: image })).toMatchObject([
      { kind: "skipped", why: expect.stringContaining("an image") },
    ]);
  });

  it("is no answer where it says so, and nothing in it can break the reading", () => {
    expect(rowsOf({ output: {} })).toMatchObject([{ why: "The sample has no answer of the model." }]);
    expect(rowsOf({ output: { error: "500", choices: [] } })).toMatchObject([
      { why: "The model's answer is an error." },
    ]);
    expect(rowsOf({ invalidation: { author: "x" } })).toMatchObject([{ kind: "skipped" }]);
    expect(rowsOf({ input: [null, 3] })).toMatchObject([{ why: "The sample has no input that is text." }]);
    const odd = rowsOf({
      ...{ id: null, epoch: "two", target: { a: 1 }, choices: 7, metadata: ["x"], model_usage: 3 },
      scores: {
        a: null,
        b: { value: null },
        c: { value: [1, "I", {}] },
        d: { value: Number.NaN },
        e: { value: "maybe" },
      },
    });
    expect(attemptsOf(odd)[0]).toMatchObject({ sample: 0, problem: { id: null, gold: null } });
    expect(attemptsOf(odd)[0]?.scores).toEqual([
      { name: "c[0]", value: 1 },
      { name: "c[1]", value: false },
    ]);
  });
});
