import { describe, expect, it } from "vitest";
import { number, readArguments, UsageError } from "../../src/cli/arguments.js";
import { duration, line, ProgressLine } from "../../src/cli/progress.js";

const options = { model: { type: "string" } } as const;
const read = (words: string, names: string[] = []) => readArguments(words.split(" "), options, names);

describe("--json", () => {
  it.each([
    ["--json", [], true, []],
    ["--json out.json", [], "out.json", []],
    ["--json out", [], "out", []],
    ["--json=train.jsonl train.jsonl", ["P"], "train.jsonl", ["train.jsonl"]],
    // The word after it is the file only when the command keeps all of its own words.
    ["--json train.jsonl", ["P"], true, ["train.jsonl"]],
    ["--json out.json train.jsonl", ["P"], "out.json", ["train.jsonl"]],
    ["train.jsonl --json out.json", ["P"], "out.json", ["train.jsonl"]],
    ["a b train.jsonl --json --model m", ["A", "B", "P"], true, ["a", "b", "train.jsonl"]],
    ["train.jsonl --model m", ["P"], undefined, ["train.jsonl"]],
  ])("%s with words %j", (given, names, json, words) => {
    const got = read(given, names);
    expect(got.json).toBe(json);
    expect(got.words).toEqual(words);
  });
});

describe("wrong use", () => {
  it.each([
    ["--modl x", [], "--modl"],
    ["--model", [], "--model"],
    ["a b", ["P"], '"b" is one word too many'],
    ["--model m", ["A", "P"], "A and P missing"],
  ])("%s says so", (given, names, message) => {
    expect(() => read(given, names)).toThrow(UsageError);
    expect(() => read(given, names)).toThrow(message);
  });

  it("names the bounds of a number", () => {
    expect(number("group", undefined, 8)).toBe(8);
    expect(number("group", "4", 8, { min: 1, whole: true })).toBe(4);
    for (const wrong of ["0", "1.5", "x", "", "Infinity", "-1"]) {
      expect(() => number("group", wrong, 8, { min: 1, whole: true })).toThrow(
        `--group is "${wrong}"; it must be a whole number at least 1.`,
      );
    }
    expect(() => number("top-p", "2", 1, { max: 1 })).toThrow("from 0 to 1");
  });
});

describe("the progress line", () => {
  it("tells stage, count, time left and detail", () => {
    expect(line({ stage: "Sampling", done: 25, total: 100, detail: "4 310 tok/s" }, 10)).toMatch(
      /^Sampling +█████░{15} {5}25\/100 {2}30 s left {2}4 310 tok\/s$/,
    );
    expect(line({ stage: "Sampling", done: 25, total: 100, secondsLeft: 125 }, 10)).toContain(
      "2 min 05 s left",
    );
    expect(line({ stage: "Sampling", done: 100, total: 100 }, 61)).toContain("in 1 min 01 s");
    expect(line({ stage: "Loading", done: 0, total: 0 }, 0)).toBe("Loading");
    expect(line({ stage: "Loading", done: 0, total: 0 }, 31)).toMatch(/^Loading +31 s$/);
    expect(duration(4210)).toBe("1 h 10 min");
  });

  function drawn(isTTY: boolean): string[] {
    const lines: string[] = [];
    let now = 0;
    const progress = new ProgressLine({ isTTY, columns: 60, write: (text) => lines.push(text) }, () => now);
    for (let done = 0; done <= 300; done++) {
      progress.report({ stage: "Sampling", done, total: 300 });
      now += 50;
    }
    progress.report({ stage: "Sampling", done: 300, total: 300 });
    progress.report({ stage: "Reflecting", done: 10, total: 10 });
    progress.close();
    return lines;
  }

  it("is rewritten in place on a terminal, at most ten times a second, never wider than it", () => {
    const lines = drawn(true);
    expect(lines.length).toBeLessThanOrEqual(155);
    expect(lines.length).toBeGreaterThan(100);
    expect(lines.filter((text) => text === "\n")).toHaveLength(2);
    const texts = lines.filter((text) => text !== "\n");
    expect(texts.every((text) => text.startsWith("\r\x1b[K") && text.length <= 59 + 4)).toBe(true);
  });

  it("elsewhere is a line now and then, without control characters, and tells the end once", () => {
    const lines = drawn(false);
    expect(lines).toHaveLength(4);
    expect(lines.filter((text) => text.includes("300/300"))).toHaveLength(1);
    expect(lines.at(-1)).toContain("10/10");
    expect(lines.join("")).not.toContain("\x1b");
  });
});
