import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { detectFormat } from "../../src/exchange/import/formats/index.js";
import { OPENAI_BATCH } from "../../src/exchange/import/formats/openai-batch.js";
import { RequestIndex } from "../../src/exchange/import/formats/request-index.js";
import { readStart } from "../../src/exchange/import/start.js";
import { attemptsOf, log, readAll, skippedOf } from "./import-logs.fixture.js";

const batch = (...path: string[]): string => log("openai-batch", ...path);
const REQUESTS = batch("requests.jsonl");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "errata-batch-"));
});
/** A folder of files of JSON lines. */
async function files(name: string, given: Record<string, object[]>): Promise<(file: string) => string> {
  const at = join(folder, name);
  await mkdir(at, { recursive: true });
  for (const [file, rows] of Object.entries(given)) {
    await writeFile(join(at, file), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
  return (file) => join(at, file);
}
const ask = (id: string, content: unknown, body: object = {}) => ({
  ...{ custom_id: id, method: "POST", url: "/v1/chat/completions" },
  body: { model: "m", messages: [{ role: "user", content }], ...body },
});
const say = (id: string, body: object | null, status = 200) => ({
  ...{ id: `batch_req_${id}`, custom_id: id, error: null },
  response: body && { status_code: status, request_id: "r", body },
});
const choice = (text: string) => ({
  choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
});

describe("a batch of chat completions", () => {
  it("joins answers in any order with their requests; choices are one group, in the order of their index", async () => {
    const rows = await readAll(OPENAI_BATCH, batch("output.jsonl"), { companion: REQUESTS });
    const attempts = attemptsOf(rows);
    expect(attempts.map((row) => [row.place, row.problem.text, row.text, row.finish, row.tokens])).toEqual([
      ["line 1", "What is $12$?", "<think>\nIt is twelve.\n</think>\n\n\\boxed{12}", "stop", 40],
      ["line 2", "What is $3+5$?", "Adding,\n\\boxed{8", "length", 5],
      ["line 4, choice 1", "What is $2+2$?", "\\boxed{4}", "stop", null],
      ["line 4, choice 2", "What is $2+2$?", "\\boxed{5}", "stop", null],
      ["line 4, choice 3", "What is $2+2$?", "\\boxed{4}.", "stop", null],
      ["line 6", "What is $6\\cdot 7$?", "So \\boxed{42}.", "stop", 40],
    ]);
    for (const row of attempts) {
      expect(row).toMatchObject({
        modelId: "gpt-x-2026-01-01",
        group: "",
        sample: null,
        set: null,
        scores: [],
      });
      expect(row.problem.gold).toBe(row.problem.text === "What is $2+2$?" ? "4" : null);
    }
  });
  it("leaves out what is no answer, each with its reason", async () => {
    const rows = await readAll(OPENAI_BATCH, batch("output.jsonl"), { companion: REQUESTS });
    expect(skippedOf(rows)).toEqual({
      "The request failed (batch_expired).": ["line 3"],
      "The server answered with status 429.": ["line 5"],
      "The request shows an image.": ["line 7"],
      "The model called a tool and gave no answer.": ["line 8"],
      "No request in requests.jsonl has its custom_id.": ["line 9"],
      "Two requests in requests.jsonl have its custom_id and differ.": ["line 10"],
    });
  });
  it("reads the Responses API: reasoning apart, cut off at the limit", async () => {
    const attempts = attemptsOf(await readAll(OPENAI_BATCH, batch("responses", "output.jsonl")));
    expect(attempts.map((row) => [row.problem.text, row.text, row.finish, row.tokens])).toEqual([
      ["What is $8+7$?", "<think>\nSeven and eight.\n</think>\n\n", "length", 33],
      ["What is $7+8$?", "<think>\nSeven and eight.\n</think>\n\nIt is \\boxed{15}.", "stop", 33],
    ]);
  });
  it("reads plain completions, refusals, empty answers, and servers without an envelope", async () => {
    const at = await files("plain", {
      "in.jsonl": [
        {
          custom_id: "a",
          url: "/v1/completions",
          body: { model: "m", prompt: "Question: No\nAnswer: 1\n\nQuestion: Six?\nAnswer:" },
        },
        ...["b", "c", "d", "e"].map((id) => ask(id, `Problem ${id}`)),
      ],
      "out.jsonl": [
        say("a", { model: "base", choices: [{ index: 0, text: " 6", finish_reason: "length" }] }),
        say("b", {
          choices: [{ index: 0, message: { content: null, refusal: "I will not." }, finish_reason: "stop" }],
        }),
        say("c", choice("")),
        { custom_id: "d", response: { id: "cmpl", model: "direct", ...choice("\\boxed{1}") }, error: null },
        say("e", { choices: [] }),
      ],
    });
    const rows = await readAll(OPENAI_BATCH, at("out.jsonl"));
    expect(attemptsOf(rows).map((row) => [row.problem.text, row.text, row.modelId])).toEqual([
      ["Six?", " 6", "base"],
      ["Problem b", "I will not.", "m"],
      ["Problem c", "", "m"],
      ["Problem d", "\\boxed{1}", "direct"],
    ]);
    expect(skippedOf(rows)).toEqual({ "The response holds no answer.": ["line 5"] });
  });
});

describe("the file of requests", () => {
  it("is found beside the output when it is the only one with the answers' ids", async () => {
    const at = await files("beside", {
      "requests.jsonl": [ask("1", "One?")],
      "others.jsonl": [ask("2", "Two?")],
      "batch_output.jsonl": [say("1", choice("1"))],
      "older_output.jsonl": [say("1", choice("2"))],
    });
    const [attempt] = attemptsOf(await readAll(OPENAI_BATCH, at("batch_output.jsonl")));
    expect(attempt?.problem.text).toBe("One?");
    expect((await OPENAI_BATCH.fields(at("batch_output.jsonl"), {}))[0]?.means).toContain("requests.jsonl");
  });
  it("is asked for by its option where there is none, or more than one", async () => {
    const at = await files("missing", { "out.jsonl": [say("1", choice("1"))] });
    await expect(readAll(OPENAI_BATCH, at("out.jsonl"))).rejects.toMatchObject({
      ...{ code: "needs-requests", hint: expect.stringContaining("--requests FILE") },
      message: expect.stringContaining("out.jsonl"),
    });
    await expect(
      readAll(OPENAI_BATCH, at("out.jsonl"), { companion: at("none.jsonl") }),
    ).rejects.toMatchObject({
      ...{ code: "bad-import", message: expect.stringContaining("none.jsonl does not exist") },
    });
    await expect(
      readAll(OPENAI_BATCH, at("out.jsonl"), { companion: at("out.jsonl") }),
    ).resolves.toHaveLength(1);
    const two = await files("two", {
      "a.jsonl": [ask("1", "One?")],
      "b.jsonl": [ask("1", "Uno?")],
      "out.jsonl": [say("1", choice("1"))],
    });
    await expect(readAll(OPENAI_BATCH, two("out.jsonl"))).rejects.toMatchObject({
      ...{ code: "needs-requests", message: expect.stringContaining("a.jsonl, b.jsonl") },
    });
  });
  it("is told for what it is when it is imported itself", async () => {
    expect(detectFormat(await readStart(REQUESTS))?.id).toBe("openai-batch");
    expect(detectFormat(await readStart(batch("output.jsonl")))?.id).toBe("openai-batch");
    await expect(readAll(OPENAI_BATCH, REQUESTS)).rejects.toMatchObject({
      message: expect.stringContaining("holds the requests of a batch"),
    });
  });
  it("is found in by place, over line ends, marks and texts of any width", async () => {
    const file = join(folder, "wide.jsonl");
    const line = (id: string, content: string) => JSON.stringify(ask(id, content));
    await writeFile(
      file,
      `\ufeff${line("a", "Größe 𝔸")}\r\n\n${line("b", "x".repeat(2_000_000))}\nno json\n${line("c", "Ende")}`,
    );
    const index = await RequestIndex.open(file);
    const content = (id: string) =>
      (index.get(id)?.body as { messages: { content: string }[] } | undefined)?.messages[0]?.content;
    expect(content("c")).toBe("Ende");
    expect(content("b")?.length).toBe(2_000_000);
    expect(content("a")).toBe("Größe 𝔸");
    expect(index.get("d")).toBeUndefined();
    expect(index.size).toBe(3);
    await index.close();
  });
  it("that says a thing twice says it once", async () => {
    const at = await files("same", {
      "in.jsonl": [ask("1", "One?"), ask("1", "One?")],
      "out.jsonl": [say("1", choice("1"))],
    });
    expect(attemptsOf(await readAll(OPENAI_BATCH, at("out.jsonl")))).toHaveLength(1);
  });
});
