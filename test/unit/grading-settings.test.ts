import { describe, expect, it } from "vitest";
import { equalAnswers } from "../../src/grading/equal.js";
import { readSettings, settingsWords } from "../../src/grading/settings.js";
import { equalSymbolically } from "../../src/grading/symbolic.js";
import { DEFAULT_GRADER } from "../../src/grading/types.js";

const equal = (gold: string, answer: string, tolerance: number, units: "forgive" | "require" = "forgive") =>
  equalAnswers(gold, answer, equalSymbolically, { tolerance, units }).equal;

describe("tolerance", () => {
  const table: [gold: string, answer: string, tolerance: number, equal: boolean | null][] = [
    ["\\frac{1}{3}", "0.333", 0, false],
    ["\\frac{1}{3}", "0.333", 0.01, true],
    ["\\frac{1}{3}", "0.333", 0.0001, false],
    ["100", "101", 0.01, true],
    ["100", "101.5", 0.01, false],
    ["\\sqrt{2}", "1.414", 0.001, true],
    ["\\pi", "3.2", 0.001, false],
    ["\\ln 2", "0.693", 0.001, true],
    ["\\ln 2", "0.7", 0.001, false],
    ["(1, \\frac{2}{3})", "(1, 0.67)", 0.01, true],
    ["-5", "5", 0.5, false],
    ["0", "0.001", 0.01, false],
    ["2x", "2.001x", 0.01, false],
    ["1\\text{ km}", "1001\\text{ m}", 0.01, true],
  ];
  it.each(table)("%s against %s within %d is %s", (gold, answer, tolerance, expected) => {
    expect(equal(gold, answer, tolerance)).toBe(expected);
  });
});

describe("units", () => {
  it("may be left out unless they are required", () => {
    expect(equal("5\\text{ cm}", "5", 0)).toBe(true);
    expect(equal("5\\text{ cm}", "5", 0, "require")).toBe(false);
    expect(equal("5\\text{ cm}", "50\\text{ mm}", 0, "require")).toBe(true);
    expect(equal("5", "5", 0, "require")).toBe(true);
  });
});

describe("settings in words", () => {
  it("says the defaults and what differs from them", () => {
    expect(settingsWords(DEFAULT_GRADER)).toBe(
      "Answers are read wherever one is found; numbers must be exactly equal; a missing unit is forgiven.",
    );
    expect(settingsWords(readSettings({ tolerance: "0.01", readers: "hash, boxed", units: "require" }))).toBe(
      "Answers are read from a box or #### only; numbers may differ by 1%; a missing unit is a mistake.",
    );
  });
  it("refuses what is no setting", () => {
    expect(() => readSettings({ readers: "boxes" })).toThrow('no reader called "boxes"');
    expect(() => readSettings({ tolerance: "-1" })).toThrow("no number from 0 up to 1");
    expect(() => readSettings({ tolerance: "" })).toThrow("no number from 0 up to 1");
    expect(() => readSettings({ units: "maybe" })).toThrow('Units are not "maybe"');
    expect(readSettings({})).toEqual(DEFAULT_GRADER);
  });
});
