import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { equalAnswers } from "../../src/grading/equal.js";
import { equalSymbolically } from "../../src/grading/symbolic.js";

interface Pair {
  gold: string;
  answer: string;
  equal: boolean | null;
  kind: string;
}
const pairs = readFileSync(join(__dirname, "../fixtures/answer-pairs.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Pair);

describe.each([...new Set(pairs.map((pair) => pair.kind))])("answer pairs: %s", (kind) => {
  it.each(
    pairs.filter((pair) => pair.kind === kind).map((pair) => [pair.gold, pair.answer, pair.equal] as const),
  )("%s against %s is %s", (gold, answer, equal) => {
    const found = equalAnswers(gold, answer, equalSymbolically);
    expect(found).toMatchObject({ equal });
    expect(found.why).not.toBe("");
  });
});

describe("traps found after the table was written", () => {
  const traps: [gold: string, answer: string, equal: boolean | null][] = [
    ["0.5", "0.5\\%", null],
    ["12.5", "12.5\\%", true],
    ["\\frac{1}{3}", "0.333...", null],
    ["0.333", "0.333...", null],
    ["[2,3]", "2,3", null],
    ["5 \\text{ hours}", "5 hours and 30 minutes", false],
    ["12", "{1}{2}", null],
    ["x=3", "2x=6", true],
    ["3", "2x=6", null],
    ["(B) 5", "(B) 6", null],
    ["(B) 5", "(B) 5", true],
    ["BC", "(B)C", true],
    ["1e5", "5e", null],
    ["2", "2\\text{ or more}", null],
    ["\\text{xyz}", "\\text{zyx}", null],
    ["100 \\text{ cm}", "1 \\text{ m}", true],
    ["500 \\text{ cents}", "\\$5", true],
    ["-\\infty", "\\infty", false],
    ["0", "-0", true],
    ["x^2+1=0", "x^2+2=0", false],
    ["x<3", "-x>-3", true],
    ["x<3", "-x<-3", false],
    ["y \\ge 2x+1", "2x-y+1 \\le 0", true],
    ["y \\ge 2x+1", "2x-y+1 \\ge 0", false],
    ["\\sqrt{2}", "\\sqrt{-2}", false],
    ["\\sqrt[3]{-8}", "-2", true],
    ["\\frac{a}{b}+\\frac{c}{d}", "\\frac{ad+bc}{bd}", true],
    ["\\$20 per hour", "\\$20 per day", false],
    ["\\$20 per hour", "\\$30 per hour", false],
    ["A(1,2)", "B(1,2)", null],
    ["\\overline{ab}", "ab", null],
    ["0.1(6)", "0.6", null],
    ["\\sum_{k=1}^{3} k+1", "7", null],
    ["\\cos(10^{-30})", "1", null],
    ["(p,a,b)=(1,2,3)", "(1,2,3)", true],
    ["(y,x)=(1,2)", "x=2, y=1", true],
    ["2:30", "1:15", null],
    ["x>1, x<3", "(1,3)", null],
    ["x>1 \\text{ and } x<3", "(1,3)", true],
    ["x^2 \\ge 0", "\\mathbb{R}", true],
    ["x^2 < 0", "\\emptyset", true],
    ["20 pounds", "\\$20", false],
  ];
  it.each(traps)("%s against %s is %s", (gold, answer, equal) => {
    expect(equalAnswers(gold, answer, equalSymbolically)).toMatchObject({ equal });
  });
});
