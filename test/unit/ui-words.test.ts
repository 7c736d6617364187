import { describe, expect, test } from "vitest";
import { previewText } from "../../src/ui/preview-text.js";
import { count, duration, keptWords, describe as progress } from "../../src/ui/words.js";

describe("figures in words", () => {
  test.each([
    [0.2, "1 s"],
    [59, "59 s"],
    [61, "1 min"],
    [3600, "1 h"],
    [4800, "1 h 20 min"],
    [Number.POSITIVE_INFINITY, "a while"],
  ])("%d seconds", (seconds, text) => expect(duration(seconds)).toBe(text));

  test("progress says stage, count, time left and what else is known", () => {
    expect(progress({ stage: "Sampling", done: 3, total: 8, secondsLeft: 5, detail: "9 tok/s" })).toBe(
      "Sampling 3 of 8 · 5 s left · 9 tok/s",
    );
    expect(progress({ stage: "Starting", done: 0, total: 0 })).toBe("Starting");
  });

  test("counts agree with their noun", () => {
    expect(count(1, "attempt")).toBe("1 attempt");
    expect(count(0, "attempt")).toBe("0 attempts");
    expect(count(2, "entry", "entries")).toBe("2 entries");
  });

  test("a filter says which numbers of successes it keeps", () => {
    expect(keptWords({ kind: "variance", min: 0.5 }, 8)).toBe("at G = 8 keeps k = 2..6");
    expect(keptWords({ kind: "variance", min: 1 }, 8)).toBe("at G = 8 keeps k = 4");
    expect(keptWords({ kind: "mixed" }, 8)).toBe("at G = 8 keeps k = 1..7");
    expect(keptWords({ kind: "band", low: 0.1, high: 0.7 }, 8)).toBe("at G = 8 keeps k = 1..5");
    expect(keptWords({ kind: "all" }, 8)).toBe("keeps every wrong answer");
    expect(keptWords({ kind: "variance", min: 0.5 }, 3)).toBe("keeps nothing at G = 3");
  });

  test("the preview of a prompt shows messages, exact text and every token", () => {
    const text = previewText({
      name: "solve",
      model: "Tiny",
      file: "/p/solve.jinja",
      messages: [{ role: "user", content: "$1+1$" }],
      text: "<q>$1+1$<a>",
      tokens: [
        { id: 3, text: "<q>" },
        { id: 112, text: "\n" },
      ],
    });
    expect(text).toContain("--- user\n$1+1$");
    expect(text).toContain("EXACT TEXT, 2 tokens\n<q>$1+1$<a>");
    expect(text).toContain('  3  "<q>"\n112  "\\n"');
  });
});
