import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { diagnosisRight, firstWrongLine, namedLine } from "../../src/reflection/diagnosis.js";

/** Written by demo/truth.py: natural attempts, attempts with signs dropped or doubled, and odd lines. */
const CASES: { problem: string; gold: string; solution: string; line: number | null }[] = JSON.parse(
  readFileSync("test/fixtures/diagnosis.json", "utf8"),
);

test("the first wrong line is the one that the demo's generator names", () => {
  const found = CASES.map(({ solution, gold }) => firstWrongLine(solution, gold));
  expect(found).toEqual(CASES.map((c) => c.line));
  expect(new Set(found).size).toBeGreaterThan(4);
});

test("an analysis is right when it names that line", () => {
  const solution = "$5x-4+1=3x-1$\n$5x-3=3x-1$\n$2x-3=-1$\n$2x=2$\n$x=1$\n\\boxed{1}"; // 5(x-4)+1=3x-1
  expect(diagnosisRight("Line 1, distribution error: should be $5x-20+1=3x-1$.", solution, "9")).toBe(true);
  expect(diagnosisRight("Line 4, sign error: should be $2x=2$.", solution, "9")).toBe(false);
  expect(diagnosisRight("No error found.", solution, "9")).toBe(false);
  expect(diagnosisRight("Line 1, sign error.", "$x=9$\n\\boxed{9}", "9")).toBeNull();
  expect(diagnosisRight("Line 1.", "$x=9$", "\\frac{1}{2}")).toBeNull();
  expect(namedLine("In line 12 the sign is lost; line 3 is fine.")).toBe(12);
  expect(namedLine("The outline 3 is odd.")).toBeNull();
});
