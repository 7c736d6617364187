/** Pairs an audit found misread: what stands behind a number, and where in a text an answer ends. */
import { describe, expect, it } from "vitest";
import { extractAnswer } from "../../src/grading/extract.js";
import { measure } from "../../src/grading/sides.js";
import { judged } from "./grading.fixture.js";

describe("words that make a number another one", () => {
  judged([
    ["5", "5\\text{ hundred}", null],
    ["5", "5 hundred", null],
    ["500", "5\\text{ hundred}", true],
    ["500", "5 hundred", true],
    ["500", "\\$5 \\text{ hundred}", true],
    ["600", "5\\text{ hundred}", false],
    ["500000", "5 hundred thousand", true],
    ["5", "5\\text{ tenths}", null],
    ["0.5", "5\\text{ tenths}", true],
    ["3", "3\\text{ quarters}", null],
    ["\\frac{3}{4}", "3\\text{ quarters}", true],
    ["12", "12 dozens", null],
    ["24", "2\\text{ dozen eggs}", true],
    ["24\\text{ eggs}", "2\\text{ dozen eggs}", true],
    ["2", "2\\text{ dozen eggs}", null],
    ["2", "2\\text{ million dollars}", null],
    ["2000000", "2\\text{ million dollars}", true],
    ["2", "\\$2\\text{ million}", null],
    ["2000000", "\\$2\\text{ million}", true],
    ["2000\\text{ apples}", "2\\text{ thousand apples}", true],
    ["3 \\text{ billion}", "3 \\text{ million}", false],
    ["5", "5\\text{ squared}", null],
    ["25", "5 squared", null],
    ["5", "5\\text{ factorial}", null],
    ["5", "5\\text{ remainder 2}", null],
    ["5", "5\\text{ below zero}", null],
    ["-5", "5\\text{ below zero}", null],
    ["12", "12\\text{ base 8}", null],
    ["12", "12\\text{ (base 8)}", null],
    ["12", "12\\text{ base eight}", null],
    ["7", "7\\text{ (mod 9)}", null],
    ["7", "7\\text{ out of 10}", null],
    ["10", "5\\text{ pairs}", null],
    ["5", "5\\text{ pairs}", null],
    ["50", "50\\%\\text{ decrease}", null],
    ["20\\%", "20\\%\\text{ off}", null],
    ["0.5", "50\\%\\text{ of the students}", null],
    ["30", "30^\\circ\\text{ north}", null],
    ["5\\text{ m}", "5\\text{ m below sea level}", null],
    ["5", "5\\text{ hours ago}", null],
    ["5", "5\\text{ is not a solution}", null],
    ["5\\frac{1}{2}", "5\\frac{1}{2}\\text{ or more}", null],
    ["3", "3 sin x", null],
    ["5", "5\\text{ lakh}", null],
    ["0.5", "0.5\\text{ recurring}", null],
    ["5", "5\\text{k}", null],
    ["(1,5)", "(1,5\\text{ hundred})", null],
    ["5", "x = 5\\text{ squared}", null],
  ]);
});

describe("words that only say what is counted", () => {
  judged([
    ["72", "72 clips", true],
    ["72", "71 clips", false],
    ["72", "72 chips", true],
    ["5", "5 men", true],
    ["2", "2 real roots", true],
    ["5", "5\\text{ blue marbles}", true],
    ["5", "5\\text{ cups of flour per cake}", true],
    ["5", "5\\text{ in total}", true],
    ["5", "5\\text{ (cm)}", true],
    ["5", "5\\text{ units}^2", true],
    ["5", "5\\text{ N}", true],
    ["5", "5 lbs", true],
    ["1", "1\\text{ cat}", true],
    ["30", "30^\\circ\\text{ Celsius}", true],
    ["2\\pi", "2\\pi cm", true],
    ["2\\pi\\text{ cm}", "2\\pi cm", true],
  ]);
});

describe("words behind money", () => {
  judged([
    ["\\$200 \\text{ profit}", "\\$200 \\text{ loss}", null],
    ["\\$200 \\text{ loss}", "\\$200 \\text{ loss}", true],
    ["\\$200 \\text{ loss}", "\\$300 \\text{ loss}", false],
    ["\\$200", "\\$200 \\text{ loss}", null],
    ["200\\text{ dollars}", "200\\text{ dollars loss}", null],
    ["$5", "$5 loss", null],
    ["-5", "$5 (loss)", null],
    ["$5", "$5x", false],
    ["\\$5", "\\$5 m", null],
    ["20", "\\$20\\text{ per hour}", true],
    ["\\$20\\text{ per hour}", "\\$20/hour", true],
    ["18", "\\$18 per person per day", true],
    ["\\$18", "\\$18\\text{ in total}", true],
    ["70{,}000", "\\$70,000 profit", true],
  ]);
});

describe("letters behind a number", () => {
  judged([
    ["3xyz", "3\\,xyz", true],
    ["3xyz", "3 xyz", true],
    ["3abc", "4 abc", false],
    ["6\\,abc", "6abc", true],
    ["6", "6 abc", null],
    ["6", "6 pqr", null],
    ["3", "3abcde", false],
    ["5", "5 m", null],
    ["5m", "5 m", true],
    ["5\\text{ m}", "5 m", true],
    ["5", "5 oz", null],
    ["5", "5 Hz", null],
    ["5\\text{ Hz}", "5 Hz", true],
    ["5i", "5\\mathrm{i}", true],
    ["5", "5\\mathrm{i}", null],
    ["3+2i", "3+2\\mathrm{i}", true],
    ["5", "3+2\\mathrm{i}", null],
    ["5e^2", "5\\mathrm{e}^{2}", true],
    ["5", "5\\mathrm{e}^{2}", null],
    ["5x", "5\\text{x}", true],
    ["5ab", "5\\text{ab}", true],
  ]);
});

describe("a side of a relation", () => {
  it.each(["5\\text{ hundred}", "5\\text{ squared}", "12\\text{ base 8}"])(
    "%s is not read as its number",
    (s) => {
      expect(measure(s)).toBe("the words behind a number may make it another one");
    },
  );
  it("keeps a plain unit", () => {
    expect(measure("5\\text{ clips}")).toMatchObject({ tex: "5", unit: "clip" });
  });
});

describe("a sentence that goes on behind a value", () => {
  const half = [
    "3√2",
    "3\\sqrt{2}",
    "3 \\sqrt{2}",
    "3π",
    "3 pi",
    "3 ab",
    "3i",
    "3:2",
    "3 : 2",
    "3, 4 and 5",
    "3; 4",
    "3 & 4",
    "3 < x",
    "3!",
    "3...",
    "3.5x",
    "1,234x",
    "3 less than 10",
    "3 more than x",
    "3 mod 7",
    "3 squared",
    "3 percent less",
    "3 and a half",
    "3 degrees below zero",
    "5 units left",
    "5 feet 6 inches",
    "12 for n = 3",
    "3, not 4",
    "3, which is wrong",
    "$5 loss",
    "$3$ less than 10",
    "$3$ \\times 2",
    "$3$$\\sqrt{2}$",
    "$3$√2",
    "$3$:$2$",
    "$3$, $4$",
    "$3$ < x",
    "$3$ $\\pm$ 2",
    "$3$ (mod 7)",
    "$x$ million",
    "**3** and **4**",
    "**3** : **2**",
    "**3**√2",
    "**3** million",
    "A and C",
    "(A), (C)",
    "(A) (C)",
    "A) 5, C) 6",
    "A \\cap B",
    "A triangle",
    "no solution",
  ];
  it.each(half)("nothing is read of: %s", (value) => {
    expect(extractAnswer(`The answer is ${value}.`)).toBeNull();
    expect(extractAnswer(`The answer is ${value}`)).toBeNull();
  });

  const whole: [said: string, answer: string][] = [
    ["3 million", "3 million"],
    ["$3$ million", "$3$ million"],
    ["$5 million", "$5 million"],
    ["**2 thousand**", "2 thousand"],
    ["5 hundred people", "5 hundred people"],
    ["50 percent", "50 percent"],
    ["3\\%", "3\\%"],
    ["25 °C", "25 °C"],
    ["5 cm long", "5 cm"],
    ["5 m/s", "5 m/s"],
    ["$2\\pi$ cm", "$2\\pi$ cm"],
    ["$20 per hour", "$20 per hour"],
    ["3,4,5", "3,4,5"],
    ["72 clips", "72"],
    ["72 (clips)", "72"],
    ["5 apples left", "5"],
    ["$18. She paid $5 before", "$18"],
    ["3, because 1+2=3", "3"],
    ["3 because there are no more", "3"],
    ["3, which is prime", "3"],
    ["12 ways to arrange them on 3 shelves", "12"],
    ["$\\frac{1}{2}$ of the cake", "\\frac{1}{2}"],
    ["(B) $\\frac{1}{2}$", "(B)"],
    ["C because B is wrong", "C"],
    ["no, because it is odd", "no"],
    ["72<|im_end|>", "72"],
  ];
  it.each(whole)("%s is read as %s", (said, answer) => {
    expect(extractAnswer(`The answer is ${said}.`)?.answer).toBe(answer);
  });

  it("two prices are no formula", () => {
    expect(extractAnswer("We add.\n\nShe has **$18** left. He has $5.")?.answer).toBe("$18");
  });
  it("of two bold values neither is the answer, though one of them cannot be read", () => {
    expect(extractAnswer("We divide.\n\nThe length is **3** : **2**.")).toBeNull();
    expect(extractAnswer("We count.\n\nThere are **5 apples** and **6 pears**.")).toBeNull();
  });
});
