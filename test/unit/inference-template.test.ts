import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { extractAnswer } from "../../src/grading/extract.js";
import { LocalEngine } from "../../src/inference/engine.js";
import { ChatTokenizer } from "../../src/inference/model/tokenizer.js";
import { stripThinking } from "../../src/inference/prompts.js";
import type { GeneratedRow, LiveText } from "../../src/inference/types.js";
import { assetFile } from "../../src/protocol/paths.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "errata-model-"));
  cpSync(assetFile("demo/model"), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));
const template = (text: string) => writeFileSync(join(folder, "chat_template.jinja"), text);
const render = async () => (await ChatTokenizer.read(folder)).render([{ role: "user", content: "2x=4" }]);

describe("chat templates", () => {
  test("know the special tokens, and the day", async () => {
    template("{{ eos_token }}|{{ pad_token }}|{{ bos_token }}|{{ strftime_now('%Y') }}");
    expect(await render()).toBe(`<eos>|<pad>||${new Date().getFullYear()}`);
  });

  test("take the variables of the model's card", async () => {
    template("{% if enable_thinking %}think{% else %}answer{% endif %} {{ effort }}");
    expect(await render()).toBe("answer ");
    writeFileSync(
      join(folder, "errata.json"),
      JSON.stringify({ template: { enable_thinking: true, effort: "low" } }),
    );
    expect(await render()).toBe("think low");
  });

  test("go on with an answer that was begun", async () => {
    const turns = [
      { role: "user", content: "2x=4" },
      { role: "assistant", content: "$x=3$" },
      { role: "user", content: "<r>" },
      { role: "assistant", content: "Analysis: a slip.\nCorrected Solution:" },
    ] as const;
    const tokenizer = await ChatTokenizer.read(folder);
    const text = "<q>2x=4<a>$x=3$<eos><r>Analysis: a slip.\nCorrected Solution:";
    expect(tokenizer.render([...turns])).toBe(text);
    template("{{ messages[0].content }}");
    const silent = await ChatTokenizer.read(folder);
    expect(() => silent.render([...turns])).toThrow(/given beginning/);
  });

  test("are found in chat_template.json too", async () => {
    rmSync(join(folder, "chat_template.jinja"));
    writeFileSync(
      join(folder, "chat_template.json"),
      JSON.stringify({ chat_template: "Q: {{ messages[0].content }}" }),
    );
    expect(await render()).toBe("Q: 2x=4");
  });
});

test("thinking that the template begins belongs to the attempt", async () => {
  template("<q>{{ messages[0].content }}<a>{{ '<think>\\n' }}");
  const engine = new LocalEngine({ backend: "cpu", threads: 1 });
  await engine.load({ folder });
  const rows: GeneratedRow[] = [];
  const live: LiveText[] = [];
  await engine.generate(
    [{ key: "p", messages: [{ role: "user", content: "Solve for $x$: $5x+4=29$" }], samples: [0, 1] }],
    { temperature: 1, topP: 1, topK: 0, maxTokens: 40, seed: 1 },
    { row: (row) => rows.push(row), live: (text) => live.push(text) },
  );
  await engine.dispose();
  for (const { text } of [...rows, ...live]) expect(text.startsWith("<think>\n")).toBe(true);
  // It never stopped thinking: there is no answer to read, whatever stands in a box.
  for (const { text } of rows) expect(stripThinking(text)).toBe("");
  for (const { text } of rows) expect(extractAnswer(text)).toBeNull();
});
