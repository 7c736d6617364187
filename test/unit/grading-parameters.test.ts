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
    ["2\\pi rC", "2\\pi rK", null],
    ["f(x)=kx,\\ k\\in\\mathbb{R}", "f(x)=kx", true],
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
    ["x\\le 3", "x &le; 3", true],
    ["x<2", "x<3", false],
  ]);
});

describe("other spellings", () => {
  judged([
    ["7!!", "105", null],
    ["3!!", "720", null],
    ["(3!)!", "720", true],
    ["{}_8P_3", "336", true],
    ["{}_8C_3", "56", true],
    ["^{8}C_{3}", "336", false],
    ["x^8", "x^8", true],
    ["f^{-1}(x)=\\frac{x-3}{2}", "\\frac{x}{2}-\\frac{3}{2}", true],
    ["f^{-1}(x)=\\frac{x-3}{2}", "f^{-1}(x)=\\frac{1}{2x+3}", false],
    ["x^{-1}=3", "3", null],
    ["x y", "x-y", null],
    ["xyz - abc", "xyz abc", null],
    ["A-B-D-C", "A-D-B-C", null],
    ["A-B", "B-A", null],
    ["C A B", "A B C", null],
    ["\\text{t-v}", "\\text{t v}", true],
    ["5,25,125", "525125", false],
    ["1,11,121", "\\{1, 11, 121\\}", true],
    ["5,25,125", "(5,25,125)", true],
    ["\\text{DNE}", "\\text{The limit does not exist.}", true],
    ["\\langle 2,-1\\rangle", "2\\mathbf{i}-\\mathbf{j}", null],
    ["y^2=x", "y=\\pm\\sqrt{x}", null],
    ["\\sqrt[3]{\\sin x}", "[\\sin x]^{1/3}", null],
  ]);
});

describe("letters that may have been given, and other traps", () => {
  judged([
    ["y^2 = x^2 + C", "y = x^2 + C", false],
    ["\\ln y = x + C", "y = x + C", null],
    ["-\\frac1y = x + C", "\\frac1y = x + C", false],
    ["F'(x) = x^2+C", "F(x)=x^2+C", null],
    ["y = x + C", "z = x + C", false],
    ["A-B-A", "-B", null],
    ["T F T F", "F F T T", null],
    ["HT HH", "HH TH", null],
    ["x + y", "x + C", false],
    ["2x + y", "2x + C", false],
    ["a + b", "a + C", false],
    ["C_1 x + C_2", "x y + z", false],
    ["y = C_1 x", "y = ex", false],
    ["\\frac{k_1}{k_2}t", "\\frac{k_2}{k_1}t", false],
    ["\\frac{C_1 v}{C_1+C_2}", "\\frac{C_2 v}{C_1+C_2}", false],
    ["k_1 m + k_2 n", "k_2 m + k_1 n", false],
    ["\\frac{m_1c_1t+m_2c_2s}{m_1c_1+m_2c_2}", "\\frac{m_1c_2t+m_2c_1s}{m_1c_1+m_2c_2}", false],
    ["f(x)=cx, c \\in \\mathbb{R}", "f(x)=cx, c \\in \\mathbb{Z}", null],
    ["(t,2t), t \\in \\mathbb{R}", "(t,2t), t \\in \\mathbb{Z}", null],
    ["(t,2t), t \\in \\mathbb{R}", "(s,2s), s \\in \\mathbb{R}", true],
    ["n=2^k, k\\in\\mathbb{Z}", "n=2^k, k\\in\\mathbb{R}", null],
    ["\\{n^2 : n\\in\\mathbb{Z}\\}", "\\{n^2 : n\\in\\mathbb{R}\\}", null],
    ["\\{n^2 : n\\in\\mathbb{Z}\\}", "n^2", null],
    [
      "f(n)=cn \\text{ where } c \\text{ is a positive integer}",
      "f(n)=cn \\text{ where } c \\text{ is a non-negative integer}",
      null,
    ],
    [
      "f(n)=cn \\text{ where } c \\text{ is a positive integer}",
      "f(n)=cn \\text{ where } c \\text{ is a positive real number}",
      null,
    ],
    ["a + C", "a + 1 + C", false],
    ["\\frac n2 + C", "\\frac{n+1}2 + C", false],
    ["x+3+K", "x+5+K", null],
    ["a + b + C", "a + b + K", null],
    ["f(x)=c \\text{ for some constant } c", "f(x)=y", null],
    ["n=2^k, k\\in\\mathbb{Z}", "n=2^a", null],
    ["(x+1) ^2 C_1", "2(x+1)", false],
    ["5!^2 C_1", "240", false],
    ["[\\log_2 n] + 1", "\\log_2 n + 1", null],
    ["[\\sqrt n] + 1", "\\sqrt n + 1", null],
    ["[2.5]", "2.5", null],
    ["[e^x]", "e^x", null],
    ["\\frac{1}{2} \\mathbf{A}", "\\frac{1}{2}", false],
    ["\\frac{1}{2} \\mathbf{A}", "\\frac{1}{2}\\mathbf{A}", true],
    ["\\frac{v^{2}}{2} \\mathrm{ g}", "\\frac{v^2 g}{2}", true],
    ["1,10,100", "110100", false],
    ["S = 5\\pi m", "S = 5\\pi n", null],
    ["\\pi m", "\\pi n", null],
    ["S = (n-2)\\pi, n\\in\\mathbb{Z}", "S = n\\pi, n\\in\\mathbb{Z}", null],
    ["x^{-1}(y)=5", "5", null],
    ["\\sin ^2 C_1", "\\sin^2 C_1", true],
    ["A = 25\nr = 5", "5", true],
    ["42!!", "42", null],
    ["C_8^3", "56", null],
    ["y = C e^x", "y = A e^x", null],
    ["a_n = 3n-1, n\\in\\mathbb{N}^*", "a_n = 3n-1", true],
    ["a_n = 3n-1, n\\in\\mathbb{N}^*", "a_n = 3n+1", null],
    ["\\ln|x|+C, C\\in\\mathbb{R}", "\\ln|x|+C", true],
    ["2n+1", "2n-1, n\\in\\mathbb{Z}", null],
    ["180n-360", "180n, \\text{ where } n \\text{ is an integer}", null],
    ["(n-2)\\pi", "(n-1)\\pi, \\text{ where } n \\text{ is an integer}", null],
    ["2\\pi n", "-2\\pi n, n\\in\\mathbb{Z}", null],
    ["x=-3a", "x=3a, a\\in\\mathbb{Z}", null],
    ["n \\text{ for all integers } n", "n+1 \\text{ for all integers } n", null],
    ["[\\log_2(n)]+1", "\\log_2(n)+1", null],
    ["f(x)=ax+a, a\\in\\mathbb{R}", "f(x)=ax+b, b\\in\\mathbb{R}", null],
    ["(t,2t), t\\in\\mathbb{R}", "(t,2s), s\\in\\mathbb{R}", null],
    ["n=m^2, m\\in\\mathbb{Z}", "n=mk, k\\in\\mathbb{Z}", null],
    ["y=Ce^x", "y=Ce^x, C \\text{ is a positive constant}", null],
    ["f(x)=cx", "f(x)=cx, c\\in\\mathbb{R}^{+}", null],
    ["f(x)=kx", "f(x)=kx, k \\text{ is a positive integer}", null],
    ["y=n\\pi", "y=n\\pi, n\\in\\mathbb{N}", null],
    ["\\frac{c_1}{c_2}t", "\\frac{c_2}{c_1}t", false],
    ["c_0+c_1x+c_2x^2", "c_2+c_1x+c_0x^2", false],
    ["C_1x+C_2", "C_2x+C_1", false],
    ["Ax+C_1", "C_1x+A", false],
    ["A=x^2+K", "A=x^2+4+K", false],
    ["V=\\pi x^2+C", "V=\\pi x^2+\\pi+C", false],
    ["\\frac{t}{60}+C", "\\frac{t+30}{60}+C", null],
    ["-\\ln(1-x)+C", "\\ln\\frac{1}{x-1}+C", null],
    ["10^{3}\\mathbf{a}", "10^3", false],
    ["1,01,110", "101110", false],
    ["(3k,2k), k\\in\\mathbb{Z}", "3k,2k, k\\in\\mathbb{Z}", null],
    ["x\\in\\{k\\pi, k\\in\\mathbb{Z}\\}", "y\\in\\{k\\pi, k\\in\\mathbb{Z}\\}", null],
    ["f^{-1}(a)=5", "5", null],
    ["1.6\\times10^{5}\\mathrm{~J}", "1.6\\times10^{5}J", true],
    ["1,00,101", "\\{1,00,101\\}", true],
    ["10\\mathrm{~m}/\\mathrm{s}", "10 m/s", null],
    ["yes - no", "no - yes", null],
    ["A-B", "B-A", null],
  ]);
  it("a long row of units comes to an end", () => {
    const rows = [`5 ${"\\text{ab} ".repeat(60)}x`, `5 ${"\\text{m} / ".repeat(60)}x`];
    for (const row of rows) expect(equalAnswers("5", row, equalSymbolically).equal).not.toBe(true);
  });
});
