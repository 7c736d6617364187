import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseReflection, thinkEnd } from "../../src/reflection/parse.js";

interface Case {
  why: string;
  text: string;
  analysis: string;
  corrected: string;
  parsed: boolean;
}
const CASES: Case[] = JSON.parse(readFileSync("test/fixtures/reflections.json", "utf8"));

test.each(CASES)("$why", ({ text, analysis, corrected, parsed }) => {
  expect(parseReflection(text)).toMatchObject({ analysis, corrected, parsed });
});

test("offsets cut the text into what may learn and what is masked", () => {
  const text = "<think>hm</think>\nAnalysis: the sign.\n**Corrected Solution:**\n\\boxed{2}";
  const { start, boundary, thinkEnd: after } = parseReflection(text);
  expect(text.slice(0, after)).toBe("<think>hm</think>");
  expect(text.slice(start, boundary)).toBe("Analysis: the sign.\n**Corrected Solution:**");
  expect(parseReflection("nothing")).toMatchObject({ start: -1, boundary: -1, thinkEnd: 0 });
  expect(thinkEnd("  <think>for ever")).toBe("  <think>for ever".length);
});

test("a long text full of near-headings is read in a moment", () => {
  const text = `${"**Analysis ".repeat(20_000)}\n${"# ".repeat(50_000)}`;
  const started = performance.now();
  expect(parseReflection(text).parsed).toBe(false);
  const once = performance.now() - started;
  const double = performance.now();
  parseReflection(text + text);
  // Twice the text may not take the square: a hostile text must not stall the window.
  expect(performance.now() - double).toBeLessThan(20 * Math.max(once, 1));
});
