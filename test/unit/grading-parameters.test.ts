/** Answers that hold for every value of a letter, and spellings from pages; pairs as a careful mathematician says them. */
import { describe, expect, it } from "vitest";
import { equalAnswers } from "../../src/grading/equal.js";
import { equalSymbolically } from "../../src/grading/symbolic.js";

type Pair = [gold: string, answer: string, equal: boolean | null];

function judged(pairs: Pair[]): void {
  it.each(pairs)("%s against %s is %s", (gold, answer, equal) => {
    expect(equalAnswers(gold, answer, equalSymbolically)).toMatchObject({ equal });
  });
}

describe("values for every whole number", () => {
  const alternating = "x=(-1)^k\\frac{\\pi}{6}+k\\pi,\\ k\\in\\mathbb{Z}";
  judged([
    ["x=k\\pi,\\ k\\in\\mathbb{Z}", "x = n\\pi, n \\in \\mathbb{Z}", true],
    ["x=k\\pi,\\ k\\in\\mathbb{Z}", "n\\pi \\text{ where } n \\text{ is an integer}", true],
    ["x=k\\pi,\\ k\\in\\mathbb{Z}", "x=2k\\pi, k\\in\\mathbb{Z}", false],
    ["x=k\\pi", "x=\\pi k + \\pi, \\text{ for any integer } k", true],
    ["x=\\frac{\\pi}{3}+k\\pi", "x=\\frac{\\pi}{3}+\\frac{k\\pi}{2}", false],
    [
      "\\frac{\\pi}{4}+\\frac{k\\pi}{2},\\ k\\in\\mathbb{Z}",
      "\\pm\\frac{\\pi}{4}+n\\pi,\\ n\\in\\mathbb{Z}",
      true,
    ],
    ["x=30^\\circ+180^\\circ k", "x=\\frac{\\pi}{6}+\\pi n, n\\in\\mathbb{Z}", true],
    ["x=30^\\circ+360^\\circ k", "x=\\frac{\\pi}{6}+\\pi n, n\\in\\mathbb{Z}", false],
    ["x=\\frac{\\pi}{3}+k\\pi", "x=\\frac{\\pi}{3}+n\\pi", true],
    ["x=\\frac{\\pi}{3}+k\\pi", "x=\\frac{4\\pi}{3}+k\\pi", null],
    ["(n-2)\\pi", "n\\pi", null],
    ["(n-2)\\pi", "\\pi(n-2)", true],
    ["180^\\circ(n-2)", "180^\\circ n", null],
    ["(n-2)\\pi", "2n\\pi", false],
    [
      alternating,
      "x=\\frac{\\pi}{6}+2\\pi k \\text{ or } x=\\frac{5\\pi}{6}+2\\pi k, \\text{ where } k\\in\\mathbb{Z}",
      true,
    ],
    [alternating, "x=\\frac{\\pi}{6}+2\\pi k, \\text{ where } k\\in\\mathbb{Z}", false],
    ["\\{k\\pi : k\\in\\mathbb{Z}\\}", "x=-\\pi n, n \\in \\mathbb{Z}", true],
    ["x=k\\pi,\\ k\\in\\mathbb{Z}", "\\theta=k\\pi,\\ k\\in\\mathbb{Z}", null],
    ["x=\\arcsin\\frac13+2k\\pi, k\\in\\mathbb{Z}", "x=\\arcsin\\frac13+2n\\pi, n\\in\\mathbb{Z}", true],
    ["x=\\arcsin\\frac13+2k\\pi, k\\in\\mathbb{Z}", "x=\\arcsin\\frac14+2n\\pi, n\\in\\mathbb{Z}", null],
    ["x\\equiv 3\\pmod 7", "x=7k+3,\\ k\\in\\mathbb{Z}", true],
    ["x\\equiv 3\\pmod 7", "x=7m-4", true],
    ["x\\equiv 3\\pmod 7", "x=7k+4,\\ k\\in\\mathbb{Z}", false],
    ["x\\equiv 1, 3\\pmod 4", "x\\equiv 1\\pmod 2", true],
    ["x\\equiv 3\\pmod 7", "3", null],
    ["3\\pmod 7", "3", true],
    ["2n+1, n\\in\\mathbb{N}", "2k+1, k\\in\\mathbb{N}", true],
    ["2n+1, n\\in\\mathbb{N}", "2k-1, k\\in\\mathbb{N}", null],
    ["x=1000003k, k\\in\\mathbb{Z}", "x=k, k\\in\\mathbb{Z}", null],
  ]);
});

describe("arbitrary constants", () => {
  const twice = "y=C_1e^{2x}+C_2e^{-3x}-x^2";
  judged([
    ["\\sin^2x+C", "-\\frac12\\cos 2x+C", true],
    ["\\sin^2x+C", "\\cos^2x+C", false],
    ["\\frac{x^3}{3}+C", "\\frac{x^3}{3}+5+K", true],
    ["\\frac{x^3}{3}+C", "\\frac{x^3}{2}+C", false],
    ["x^2+C", "x^2+c", null],
    ["x^2+C", "x^2", false],
    ["\\ln|x|+C", "\\ln x+C", null],
    [twice, "y(x)=Ae^{-3x}+Be^{2x}-x^2", true],
    [twice, "y=C_2e^{2x}+C_1e^{-3x}-x^2", true],
    [twice, "y=C_1e^{2x}+C_2e^{3x}-x^2", null],
    ["x(t)=C_1\\cos 3t+C_2\\sin 3t", "x(t)=A\\cos(3t-\\varphi)", null],
    ["f(x)=cx \\text{ for any real constant } c", "f(x)=kx, \\text{ where } k\\in\\mathbb{R}", true],
    ["2\\pi rC", "2\\pi rK", false],
    ["f(x)=kx,\\ k\\in\\mathbb{R}", "f(x)=kx", true],
    ["b+c", "b-c", false],
    ["x+C", "x-C", null],
    ["A+B+C", "A+B-C", false],
    ["C_5", "C_6", false],
    ["C_2\\times C_3", "C_2\\times C_4", false],
    ["K_1", "K_2", false],
    ["C_1+C_2+C_3+C_4", "C_1+C_2+C_3", false],
  ]);
});

describe("what a page shows as something else", () => {
  judged([
    ["\\frac{\\pi}{2}", "&pi;/2", true],
    ["x^2+1", "x<sup>2</sup>+1", true],
    ["x_1+1", "x<sub>1</sub>+1", true],
    ["x\\le 3", "x &le; 3", true],
    ["x^2+1", "x<sup>3</sup>+1", false],
    ["x<2", "x<3", false],
  ]);
});

describe("other spellings", () => {
  judged([
    ["7!!", "105", true],
    ["6!!", "48", true],
    ["5!!", "120!", false],
    ["(3!)!", "720", true],
    ["{}_8P_3", "336", true],
    ["{}_8C_3", "56", true],
    ["^{8}C_{3}", "336", false],
    ["x^8", "x^8", true],
    ["f^{-1}(x)=\\frac{x-3}{2}", "\\frac{x}{2}-\\frac{3}{2}", true],
    ["f^{-1}(x)=\\frac{x-3}{2}", "f^{-1}(x)=\\frac{1}{2x+3}", false],
    ["x^{-1}=3", "3", null],
    ["x-y", "-(y-x)", true],
    ["x-y", "x+y", false],
    ["x y", "x-y", false],
    ["AB-CD", "-CD+AB", true],
    ["\\text{t-v}", "\\text{t v}", true],
    ["100000", "1,00,000", true],
    ["1234567", "12,34,567", true],
    ["1234567", "12,34,568", false],
    ["12, 34, 567", "12,34,567", true],
    ["(x,y)=(1,2)", "x=1\ny=2", true],
    ["(x,y)=(1,2)", "x=2\ny=1", false],
    ["\\text{DNE}", "\\text{The limit does not exist.}", true],
    ["36 \\mathrm{~km} / \\mathrm{h}", "10\\text{ m/s}", true],
    ["36 \\mathrm{~km} / \\mathrm{h}", "36\\text{ m/s}", false],
    ["5\\text{ m/s}", "5\\,\\mathrm{m}\\,\\mathrm{s}^{-1}", true],
    ["7.2\\times10^{5}\\text{ m}", "720\\text{ km}", true],
    ["\\langle 2,-1\\rangle", "2\\mathbf{i}-\\mathbf{j}", null],
    ["y^2=x", "y=\\pm\\sqrt{x}", null],
    [
      "\\frac{1}{\\sqrt{5}}[(\\frac{1+\\sqrt{5}}{2})^n-(\\frac{1-\\sqrt{5}}{2})^n]",
      "\\frac{(1+\\sqrt5)^n-(1-\\sqrt5)^n}{2^n\\sqrt5}",
      true,
    ],
    ["\\sqrt[3]{\\sin x}", "[\\sin x]^{1/3}", true],
  ]);
});
