import { describe, expect, it } from "vitest";
import { equalAnswers } from "../../src/grading/equal.js";
import { equalSymbolically } from "../../src/grading/symbolic.js";
import { processorTime } from "./grading.fixture.js";

type Said = boolean | null;
type Row = [gold: string, answer: string, equal: Said, because?: string];
const judge = (gold: string, answer: string) => equalAnswers(gold, answer, equalSymbolically).equal;
const says = (rows: Row[]) =>
  it.each(rows)("%s against %s is %s", (gold, answer, equal) => {
    expect([judge(gold, answer), judge(answer, gold)]).toEqual([equal, equal]);
  });

describe("equations with denominators", () => {
  says([
    ["\\frac{x^2-4}{x-2}=0", "x^2-4=0", null, "the first is not defined at 2"],
    ["y=\\frac{x^2-4}{x-2}", "y(x-2)=x^2-4", null, "every y goes with x = 2 in the second"],
    ["y=\\frac{1}{x}", "xy=1", null, "the same curve, but that takes an argument"],
    ["\\frac{x}{y}=2", "\\frac{y}{x}=\\frac{1}{2}", null, "the same line without the origin"],
    ["\\frac{x^2-4}{x-2}=0", "\\frac{x^2+5x+6}{x+3}=0", null, "both say x = -2"],
    ["\\frac{1}{x^2}<1", "x^2>1", null, "the same, but multiplying out proves nothing"],
    ["\\frac{x}{y+1}=2", "\\frac{3x}{2y+2}=3", true],
    ["\\frac{1}{x}+\\frac{1}{y}=\\frac{1}{3}", "\\frac{3}{x}+\\frac{3}{y}=1", true],
    ["\\frac{x}{1+\\sqrt{2}}=y", "x=y(1+\\sqrt{2})", true, "the denominator is a number"],
    ["\\frac{x}{2}+\\frac{y}{3}=1", "3x+2y=6", true],
    ["\\frac{x+1}{yz}=2", "\\frac{x+2}{yz}=2", false],
  ]);
});

describe("pieces of a formula", () => {
  says([
    ["|x-5|", "5-x", false, "they differ right of 5"],
    ["|x+5|", "x+5", null, "the same for positive values, which x may be"],
    ["|x-3000|", "3000-x", false],
    ["|x+3000|", "x+3000", null],
    ["\\sqrt{(x-5)^2}", "5-x", false],
    ["\\sqrt{(x-5)^2}", "|x-5|", true],
    ["\\sqrt{x^2-10x+25}", "5-x", false],
    ["\\sqrt[4]{(x-9)^4}", "9-x", false],
    ["20", "|x-10|+|x+10|", false],
    ["|x-5|+|x-6|", "|2x-11|", false, "they differ between 5 and 6 alone"],
    ["\\ln((x-5)^2)", "2\\ln(5-x)", null, "the second is not defined right of 5"],
    ["\\ln(x^2)", "2\\ln|x|", true],
    ["\\ln|\\sec x|", "-\\ln|\\cos x|", true],
    ["\\frac{1}{2}\\ln(x^2+1)", "\\ln\\sqrt{x^2+1}", true],
    ["|xy|", "|x|\\cdot|y|", true],
    ["|x-5|", "|5-x|", true],
    ["\\arctan(x-5000)+\\arctan\\frac{1}{x-5000}", "-\\frac{\\pi}{2}", false, "it jumps at 5000"],
    ["\\arcsin(\\sin\\frac{x}{1000})", "\\frac{x}{1000}", false, "it turns round at 500 pi"],
    ["\\arcsin\\frac{x}{\\sqrt{x^2+1}}", "\\arctan x", true],
    ["\\ln(x-5)+\\ln(x-6)", "\\ln((x-5)(x-6))", null, "left of 5 the second alone is defined"],
  ]);
});

describe("numbers next to which digits prove nothing", () => {
  says([
    ["1", "1+e^{-50\\pi}", null],
    ["1", "\\tanh(100)", null],
    ["\\cosh(100)", "\\sinh(100)", null],
    ["1", "1+\\exp(-1000)", null],
    ["\\pi", "\\pi+\\exp(-200)", null],
    ["\\arctan(e^{200})", "\\frac{\\pi}{2}", null],
    ["\\ln(1+e^{-200})", "0", null],
    ["1+(1-\\cos(e^{-18}))^4", "1", null, "no part of it is below 10^{-20}, but for what cancels"],
    ["\\sin x", "\\sin x+e^{-1000-x}", null],
    ["\\cosh^2(100)-\\sinh^2(100)", "1", null, "equal, though the digits that are left are noise"],
    ["\\sin(e^{100})", "\\sin(e\\cdot e^{99})", null, "equal, though 60 digits of the angle are too few"],
    ["\\sin x", "\\sin(x+10^{-25})", false, "60 digits do show that"],
    ["\\frac{1}{1+e^{-x}}", "\\frac{e^x}{1+e^x}", true],
    ["\\tanh x", "\\frac{e^{2x}-1}{e^{2x}+1}", true],
    ["\\sqrt{3+2\\sqrt{2}}", "1+\\sqrt{2}", true],
    ["\\frac{1}{\\sqrt{x+1}+\\sqrt{x}}", "\\sqrt{x+1}-\\sqrt{x}", true],
  ]);
});

describe("letters that stand for whole numbers", () => {
  says([
    ["(-1)^n", "\\cos(n\\pi)", null, "the same for every whole n"],
    ["0", "\\sin(n\\pi)", null],
    ["0", "\\sin(x\\pi)", false],
    ["1", "\\sin(n\\pi)", false],
    ["(-1)^n", "\\cos(2n\\pi)", false],
    ["(-1)^n", "(-1)^{n+1}", false],
    ["(-1)^{n+1}", "(-1)^{n-1}", true],
    ["|n-4|", "4-n", false],
    ["\\binom{n}{2}", "\\frac{n(n-1)}{2}", true],
  ]);
});

describe("exact algebra is bounded by counted work", () => {
  const long = "\\sum_{j=1}^{6}\\sum_{k=1}^{300}";
  const hostile: [string, string][] = [
    ["1", `${long}\\frac{1}{k^{18}}`],
    ["1,2", `${long}\\frac{1}{k^{18}},${long}\\frac{1}{k^{17}}`],
    ["1", `${long}\\frac{1}{k^{18}+j}`],
    ["1", "\\prod_{j=1}^{6}\\prod_{k=1}^{300}\\frac{k^{3}+1}{k^{3}+2}"],
    ["1", `${long}\\binom{1000}{500}`],
    ["1", `${long}300!`],
    ["1", `${long}\\sqrt{9999999967}`],
    ["1", `${long}\\gcd(300!+k,299!+j,298!+k,297!)`],
    ["1", `\\lcm(${Array.from({ length: 60 }, (_, i) => `${300 - i}!+1`).join(",")})`],
    ["1", `${long}${"{".repeat(30)}1${"}".repeat(30)}`],
    ["(a+b+c+d+e)^{39}", "(b+a+c+d+e)^{38}"],
    ["1", "\\prod_{k=1}^{300}(1+\\frac{x}{k})"],
  ];
  it.each(hostile)("%s against %s is undecided, within the limit for hostile expressions", (gold, answer) => {
    expect(judge(gold, answer)).toBeNull();
    expect(processorTime(() => judge(gold, answer))).toBeLessThan(200);
  });
  says([
    ["\\sum_{k=1}^{100}\\frac{1}{k(k+1)}", "\\frac{100}{101}", true],
    ["\\sum_{k=0}^{100}\\binom{100}{k}", "2^{100}", true],
    ["\\prod_{k=2}^{300}(1-\\frac{1}{k^2})", "\\frac{301}{600}", true],
    ["\\operatorname{lcm}(12,18,30)", "180", true],
    ["(x+y+z)^{10}", "(z+y+x)^{10}", true],
  ]);
  it("begins anew with every comparison", () => {
    for (let i = 0; i < 3; i++) {
      expect(judge("1", `${long}\\frac{1}{k^{18}}`)).toBeNull();
      expect(judge("\\sum_{k=1}^{100}k", "5050")).toBe(true);
    }
  });
});
