import { describe, expect, test } from "vitest";
import { answerTitle, latexToText, mathToText, problemTitle, shorten } from "../../src/protocol/latex.js";

describe("mathematics as plain text", () => {
  test.each([
    ["3(x-4)+5=2x-1", "3(x − 4) + 5 = 2x − 1"],
    ["-2(x+7)+x=-3", "−2(x + 7) + x = −3"],
    ["\\frac{x+5}{3}-2=4", "(x + 5)/3 − 2 = 4"],
    ["\\frac{-9}{5}", "−9/5"],
    ["\\dfrac{3}{4}", "3/4"],
    ["x^2+2x+1", "x² + 2x + 1"],
    ["x^{10}-y^{n+1}", "x¹⁰ − yⁿ⁺¹"],
    ["2^{\\frac12}", "2^(1/2)"],
    ["a_1+a_{12}", "a₁ + a₁₂"],
    ["\\sqrt{x+1}\\cdot\\sqrt[3]{2}", "√(x + 1) · ∛2"],
    ["\\left(1,\\,-2\\right)", "(1, −2)"],
    ["90^\\circ", "90°"],
    ["x\\le 4\\text{ or }x\\ge\\pi", "x ≤ 4 or x ≥ π"],
    ["\\boxed{-6}", "−6"],
    ["\\unknown{7}", "unknown 7"],
    ["\\$5", "$5"],
    ["50\\%", "50%"],
  ])("%s", (tex, text) => expect(mathToText(tex)).toBe(text));

  test.each([
    ["Solve for $x$: $3(x-5)+5=2x-16$", "Solve for x: 3(x − 5) + 5 = 2x − 16"],
    ["It costs $5 and $6.", "It costs $5 and $6."],
    ["Let \\(a=1\\). Find \\[a^2.\\]", "Let a = 1. Find a²."],
    ["one-to-one, so\n\n$$x=1$$", "one-to-one, so x = 1"],
    ["The answer is \\boxed{4}", "The answer is 4"],
    ["cost \\$3", "cost $3"],
  ])("%s", (source, text) => expect(latexToText(source)).toBe(text));

  test("the title of a problem is its formula where the words only say what to do", () => {
    expect(problemTitle("Solve for $x$: $3(x-4)+5=2x-1$")).toBe("3(x − 4) + 5 = 2x − 1");
    expect(problemTitle("Find the smallest prime.")).toBe("Find the smallest prime.");
    expect(problemTitle("  ")).toBe("(empty problem)");
  });

  test("an answer reads as an equation where the problem asks for an unknown", () => {
    expect(answerTitle("\\frac{-3}{4}", "Solve for $x$: $4x=-3$")).toBe("x = −3/4");
    expect(answerTitle("x=2", "Solve for $x$: $x=2$")).toBe("x = 2");
    expect(answerTitle("17", "Find $n$ such that $n>16$")).toBe("n = 17");
    expect(answerTitle("7", "How many?")).toBe("7");
  });

  test("hostile text cannot turn a label around, break a line or take long", () => {
    expect(latexToText("a\u202Eb\u2066c\u0000d\u200Be\nf")).toBe("abcde f");
    expect(mathToText("}}}x{{{")).toBe("x");
    expect(mathToText("\\frac")).toBe("/");
    expect(mathToText("\\")).toBe("");
    expect(mathToText("{".repeat(100_000)).length).toBeLessThan(10);
    expect(mathToText("\\sqrt".repeat(10_000)).length).toBeLessThan(5000);
    expect(latexToText(`$${"x".repeat(1_000_000)}$`).length).toBeLessThan(5000);
    expect(shorten("aaaaaaaaaa", 5)).toBe("aaaa…");
    expect(shorten("😀😀😀", 2)).toBe("😀…");
  });
});
