import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { LocalEngine } from "../../src/inference/engine.js";
import { RemoteEngine } from "../../src/inference/remote/engine.js";
import type { GeneratedRow, GenerateJob } from "../../src/inference/types.js";
import { assetFile } from "../../src/protocol/paths.js";

const OPTIONS = { temperature: 0, topP: 1, topK: 0, maxTokens: 110, seed: 0 };
const lines = readFileSync(assetFile("demo/problems/train.jsonl"), "utf8").split("\n");
const content: string = JSON.parse(lines[0] ?? "").problem;
const job: GenerateJob = { key: "a", messages: [{ role: "user", content }], samples: [0] };

describe("an answer whose beginning is given", () => {
  const engine = new LocalEngine({ backend: "cpu", threads: 1 });
  afterAll(() => engine.dispose());
  const answer = async (more: Partial<GenerateJob> = {}): Promise<GeneratedRow> => {
    const rows: GeneratedRow[] = [];
    await engine.generate([{ ...job, ...more }], OPTIONS, { row: (row) => rows.push(row) });
    return rows[0] ?? expect.fail("no row");
  };

  test("goes on as it would have, greedily, and holds what was added alone", async () => {
    await engine.load({ folder: assetFile("demo/model") });
    const whole = await answer();
    const at = whole.text.indexOf("\n") + 1;
    expect(at).toBeGreaterThan(1);
    const rest = await answer({ prefix: whole.text.slice(0, at) });
    expect(rest.text).toBe(whole.text.slice(at));
    expect(rest.promptTokens).toBeGreaterThan(whole.promptTokens);
    expect((await answer({ prefix: "$x=7$\n" })).text).not.toBe(whole.text);
  });

  test("is refused by a server, before anything is asked of it", async () => {
    const remote = new RemoteEngine({});
    await expect(
      remote.generate([{ ...job, prefix: "$x=7$" }], OPTIONS, { row: () => expect.fail("made") }),
    ).rejects.toMatchObject({ code: "no-prefix" });
  });
});
