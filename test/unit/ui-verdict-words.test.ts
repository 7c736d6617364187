import { describe, expect, test } from "vitest";
import { changesWords, opinionWords, parseTolerance } from "../../src/ui/verdict-words.js";
import { regrade } from "./verdicts.fixture.js";

describe("what a person types and reads about graders", () => {
  test.each([
    ["0", 0],
    ["0.001", 0.001],
    [" 1e-3 ", 0.001],
    [".5", 0.5],
    ["0.1 %", 0.001],
    ["50%", 0.5],
  ])("a tolerance: %s", (text, value) => {
    expect(parseTolerance(text)).toBeCloseTo(value, 12);
  });

  test.each(["", "x", "-0.1", "0.6", "51 %", "0,001", "1e5", "0x1", "NaN", "Infinity", "0.001 0.002"])(
    "no tolerance: %s",
    (text) => {
      expect(parseTolerance(text)).toBeUndefined();
    },
  );

  const result = {
    ...{ grader: "math-verify", version: "0.9.0", attempts: 12, stored: 10 },
    ...{ correct: 6, incorrect: 3, unscored: 1, known: 0, withoutGold: 0, bad: 0 },
  };

  test("what a grader said of many, and what it was not asked", () => {
    expect(opinionWords(result, 2)).toBe(
      "math-verify on 10 attempts: 6 correct, 3 incorrect, 1 unsure. Graders disagree on 2 of them.",
    );
    expect(opinionWords({ ...result, known: 1, withoutGold: 1, bad: 2 }, 0)).toBe(
      "math-verify on 10 attempts: 6 correct, 3 incorrect, 1 unsure (1 attempt it knew already; 1 without a gold answer left out; 2 of bad problems left out). No grader contradicts ours.",
    );
    const none = { ...result, correct: 0, incorrect: 0, unscored: 0, known: 12 };
    expect(opinionWords(none, 0)).toMatch(
      /^math-verify was asked nothing new \(12 attempts it knew already\)\./,
    );
  });

  test("what a re-grading changes", () => {
    expect(changesWords(regrade())).toBe(
      "41 incorrect → correct, 7 unscored → incorrect, 3 correct for another answer or reason",
    );
  });
});
