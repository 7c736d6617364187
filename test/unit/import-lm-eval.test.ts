import { copyFile, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LM_EVAL, lmEval, taskOf } from "../../src/exchange/import/formats/lm-eval.js";
import { attemptsOf, log, readAll, skippedOf } from "./import-logs.fixture.js";

// The files are the harness's own (0.4.13): test/fixtures/logs/write_lm_eval.py.
const DATE = "2026-11-21T12-00-00.000000";
const samples = (task: string): string => log("lm-eval", "mock__tiny-math", `samples_${task}_${DATE}.jsonl`);

async function written(text: string, name = "samples_t.jsonl"): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "errata-lm-eval-")), name);
  await writeFile(file, text);
  return file;
}

/** A line as versions before 0.4.3 wrote it: no filter, no hashes, arguments as lists. */
const old = (more: object = {}) => ({
  doc_id: 0,
  doc: { prompt_text: "x" },
  target: "4",
  arguments: [["Question: What is 2+2?\nAnswer:", { until: ["\n"] }]],
  resps: [["It is 4."]],
  filtered_resps: ["4"],
  acc: true,
  ...more,
});
const lineRows = async (more: object) => readAll(LM_EVAL, await written(`${JSON.stringify(old(more))}\n`));

describe("lm-evaluation-harness samples", () => {
  it("take a document once, whatever the filters, with the scores of all of them", async () => {
    const rows = await readAll(LM_EVAL, samples("errata_gsm8k"));
    const attempts = attemptsOf(rows);
    expect(attempts).toHaveLength(3);
    expect(attempts[0]).toEqual({
      ...{
        kind: "attempt",
        place: "line 1",
        set: "errata_gsm8k",
        modelId: "mock/tiny-math",
        group: "",
        sample: 0,
      },
      problem: {
        id: "0",
        text: "Ann has 12 apples and gives 5 away. How many are left?",
        gold: "7",
        level: "1",
        topic: "Prealgebra",
      },
      ...{ text: "She gives 5 of 12 away, so 12 - 5 = 7.\n#### 7", finish: null, tokens: null },
      scores: [
        { name: "exact_match,strict-match", value: 1, answer: "7" },
        { name: "exact_match,flexible-extract", value: 0, answer: "5" },
      ],
    });
    expect(skippedOf(rows)).toEqual({
      "The same answers through another filter: its scores are joined to the first.": [
        "line 4",
        "line 5",
        "line 6",
      ],
    });
  });

  it("have repeats as the group; a score of the first is the first's, a majority's nobody's", async () => {
    const attempts = attemptsOf(await readAll(LM_EVAL, samples("errata_repeats")));
    expect(attempts.map(({ problem, sample }) => [problem.id, sample])).toEqual(
      ["0", "1", "2"].flatMap((id) => [0, 1, 2].map((sample) => [id, sample])),
    );
    expect(attempts[1]).toMatchObject({
      text: "12 + 5 = 17.\n#### 17",
      place: "line 1, repeat 2",
      scores: [],
    });
    expect(attempts[0]?.scores).toEqual([{ name: "exact_match,strict-match", value: 1, answer: "7" }]);
  });

  it("are no attempts where the model only weighed given answers", async () => {
    const rows = await readAll(LM_EVAL, samples("errata_choice"));
    expect(attemptsOf(rows)).toEqual([]);
    expect(skippedOf(rows)).toEqual({
      "The line has likelihoods of given answers, and no text of the model's.": [
        "line 1",
        "line 2",
        "line 3",
      ],
    });
  });

  it("are known by their content, and name no model without the results beside them", async () => {
    const file = await written("", "some-name.json");
    await copyFile(samples("errata_gsm8k"), file);
    const [row] = attemptsOf(await readAll(LM_EVAL, file));
    expect(row).toMatchObject({ set: null, modelId: null });
    expect(taskOf(`samples_mmlu_pro_math_${DATE}.jsonl`)).toBe("mmlu_pro_math");
    expect(taskOf("samples_gsm8k.jsonl")).toBe("gsm8k");
    const text = '{"question": "2+2?", "doc_id": 3}';
    expect(LM_EVAL.reads({ name: "samples_a.jsonl", text, bytes: Buffer.from(text) })).toBe(false);
  });

  it("say which fields mean what", async () => {
    const fields = await LM_EVAL.fields(samples("errata_repeats"), {});
    expect(fields).toEqual(
      expect.arrayContaining([
        { field: "doc.question", means: "problem" },
        { field: "doc.level", means: "level" },
        { field: "resps[i][j]", means: "solutions: j are repeats, a group" },
        { field: "exact_match", means: "score of exact_match" },
      ]),
    );
  });

  it("tell how far they are, up to the end and never back", async () => {
    const shares: number[] = [];
    for await (const _ of LM_EVAL.rows(samples("errata_gsm8k"), { progress: (share) => shares.push(share) }));
    expect(shares.at(-1)).toBe(1);
    expect([...shares].sort((a, b) => a - b)).toEqual(shares);
  });
});

describe("layouts of other versions", () => {
  it("may be one indented array, without filters and with arguments as lists", async () => {
    const text = JSON.stringify([old(), old({ doc_id: 1, acc: 0.0, resps: [["5", "4"]] })], null, 2);
    const attempts = attemptsOf(await readAll(LM_EVAL, await written(text)));
    expect(attempts.map(({ text, sample, scores }) => [text, sample, scores.length])).toEqual([
      ["It is 4.", 0, 1],
      ["5", 0, 0],
      ["4", 1, 0],
    ]);
    expect(attempts[0]).toMatchObject({
      problem: { id: "0", text: "What is 2+2?", gold: "4" },
      scores: [{ name: "acc", value: true, answer: "4" }],
    });
    await expect(readAll(LM_EVAL, await written(text.slice(0, -40)))).rejects.toMatchObject({
      code: "bad-import",
    });
  });

  it("may have one score for each repeat", async () => {
    const resps = [["4", "5"]];
    const rows = attemptsOf(
      await lineRows({ resps, filtered_resps: [["4", "5"]], acc: [1, 0], filter: "regex" }),
    );
    expect(rows.map(({ scores }) => scores)).toEqual([
      [{ name: "acc,regex", value: 1, answer: "4" }],
      [{ name: "acc,regex", value: 0, answer: "5" }],
    ]);
  });

  it("name their metrics, or every key that is not their own is one; what judges no answer is none", async () => {
    const [all] = attemptsOf(await lineRows({ exact_match: 1.0, bleu: 0.4, length: 12, note: "x" }));
    expect(all?.scores.map(({ name }) => name)).toEqual(["acc", "exact_match", "bleu"]);
    const [named] = attemptsOf(await lineRows({ metrics: ["exact_match", "gone"], exact_match: 0 }));
    expect(named?.scores).toEqual([{ name: "exact_match", value: 0, answer: "4" }]);
    const [none] = attemptsOf(await lineRows({ acc: Number.NaN }));
    expect(none?.scores).toEqual([]);
  });

  it("give a score to the first repeat only where the filter surely left that one", async () => {
    const scored = async (more: object) =>
      attemptsOf(await lineRows({ resps: [["so 18", "8"]], ...more })).map(({ scores }) => scores.length);
    expect(await scored({ filtered_resps: ["18"] })).toEqual([1, 0]);
    expect(await scored({ filtered_resps: ["8"] })).toEqual([0, 0]);
    expect(await scored({ filtered_resps: ["[invalid]"] })).toEqual([1, 0]);
    expect(await scored({ filtered_resps: ["18"], filter: "maj@2" })).toEqual([0, 0]);
    expect(await scored({ filtered_resps: [["18", "8"]] })).toEqual([0, 0]);
  });
});

describe("targets", () => {
  it.each([
    ["4", "4"],
    [7, "7"],
    ["Work.\n#### 1,200", "1,200"],
    ["Thus $\\boxed{\\frac12}$.", "\\frac12"],
    ["['18']", "18"],
    [`["3", '3']`, "3"],
    ["['18', '18.5']", null],
    ["[1, 2]", "[1, 2]"],
    ["", null],
    [null, null],
  ])("%j is %j", async (target, gold) => {
    expect(attemptsOf(await lineRows({ target }))[0]?.problem.gold).toBe(gold);
  });
});

describe("multiple choice", () => {
  const doc = { question: "Which is prime?", options: ["4", "6", "7", "8"], answer: "C" };
  const shown = "Which is prime?\n\n(A) 4\n(B) 6\n(C) 7\n(D) 8";

  it("has its choices in the problem, where the gold answer is a letter", async () => {
    const [row] = attemptsOf(await lineRows({ doc, target: "C" }));
    expect(row?.problem).toMatchObject({ text: shown, gold: "C" });
    const labelled = { question: "Which is prime?", choices: { text: ["4", "7"], label: ["A", "B"] } };
    const [arc] = attemptsOf(await lineRows({ doc: labelled, target: "B" }));
    expect(arc?.problem.text).toBe("Which is prime?\n\n(A) 4\n(B) 7");
  });

  it("has them once, and none where the answer is no letter", async () => {
    const prompt = "Which is prime?\nA. 4\nB. 6\nC. 7\nD. 8\nAnswer:";
    const { question: _, ...without } = doc;
    const asked = { doc: without, target: "C", arguments: [[prompt, {}]] };
    expect(attemptsOf(await lineRows(asked))[0]?.problem.text).not.toContain("(A)");
    expect(attemptsOf(await lineRows({ doc, target: "7" }))[0]?.problem.text).toBe("Which is prime?");
  });
});

describe("bad lines", () => {
  it("are told one by one, and the rest is read", async () => {
    const good = JSON.stringify(old());
    const text = [
      good,
      "{broken",
      "[1]",
      JSON.stringify(old({ doc: null, arguments: {} })),
      JSON.stringify(old({ resps: [] })),
      JSON.stringify(old({ resps: 7 })),
      `${good.slice(0, -1)}, "bleu": NaN}`,
    ].join("\r\n");
    const rows = await readAll(LM_EVAL, await written(`\ufeff${text}`));
    expect(attemptsOf(rows).map(({ place }) => place)).toEqual(["line 1", "line 7"]);
    const skipped = skippedOf(rows);
    expect(Object.values(skipped).flat().sort()).toEqual(["line 2", "line 3", "line 4", "line 5", "line 6"]);
    expect(skipped["The line has no problem."]).toEqual(["line 4"]);
  });

  it("of a document that stands there twice under one filter are both given: who stores them decides", async () => {
    const lines = [old({ filter: "a" }), old({ filter: "b" }), old({ filter: "a", resps: [["5"]] })];
    const rows = await readAll(LM_EVAL, await written(lines.map((line) => JSON.stringify(line)).join("\n")));
    expect(attemptsOf(rows).map(({ text }) => text)).toEqual(["It is 4.", "5"]);
  });

  it("are joined to their filters in a file of thousands of documents", async () => {
    const line = (i: number, filter: string) => JSON.stringify(old({ doc_id: i, filter }));
    const ids = Array.from({ length: 3000 }, (_, i) => i);
    const text = ["a", "b", "c"].flatMap((filter) => ids.map((i) => line(i, filter))).join("\n");
    const attempts = attemptsOf(await readAll(LM_EVAL, await written(text)));
    expect(attempts).toHaveLength(3000);
    expect(attempts.filter(({ scores }) => scores.length !== 3)).toEqual([]);
  });

  it("hold no more of further filters than memory is given, and say what was left out", async () => {
    const line = (i: number, filter: string) =>
      JSON.stringify(old({ doc_id: i, filter, filtered_resps: ["x".repeat(2000)] }));
    const ids = Array.from({ length: 20 }, (_, i) => i);
    const lines = ["a", "b"].flatMap((filter) => ids.map((i) => line(i, filter)));
    for (const text of [lines.join("\n"), `[\n${lines.join(",\n")}\n]`]) {
      // A score with its text of 2,000 characters takes some 4,300 bytes.
      const rows = await readAll(lmEval(50_000), await written(text));
      const attempts = attemptsOf(rows);
      const joined = attempts.filter(({ scores }) => scores.length === 2).length;
      expect(attempts).toHaveLength(20);
      expect([joined > 5, joined < 15]).toEqual([true, true]);
      const skipped = Object.entries(skippedOf(rows)).map(([why, places]) => [why, places.length]);
      expect(skipped).toEqual([
        ["The same answers through another filter: its scores are joined to the first.", joined],
        [expect.stringContaining("its scores are left out"), 20 - joined],
      ]);
    }
  });
});
