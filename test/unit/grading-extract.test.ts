import { describe, expect, it } from "vitest";
import { extractAnswer } from "../../src/grading/extract.js";

describe("extractAnswer", () => {
  const read: [what: string, text: string, answer: string][] = [
    ["a box", "so $x=3$.\n\\boxed{3}", "3"],
    ["a nested box", "\\boxed{\\frac{1}{\\sqrt{2}}} is it", "\\frac{1}{\\sqrt{2}}"],
    ["a box with a set", "$\\boxed{\\left\\{1,2\\right\\}}$", "\\left\\{1,2\\right\\}"],
    ["the last of several boxes", "\\boxed{1} no, wait. It is \\boxed{2}.", "2"],
    ["the last meaningful box", "It is \\boxed{7}. Put the answer in \\boxed{}.", "7"],
    ["not a placeholder", "It is \\boxed{7}. Format: \\boxed{\\text{your answer}}", "7"],
    ["boxes that belong together", "$\\boxed{2}$ and $\\boxed{3}$", "2, 3"],
    ["a box repeated", "$\\boxed{2}$. So: $\\boxed{2}$", "2"],
    ["a framed box", "\\fbox{42}", "42"],
    ["a box without braces", "so $\\boxed 5$.", "5"],
    ["GSM8K's mark", "48/2 = 24\n48+24 = 72\n#### 72", "72"],
    ["GSM8K's mark with thousands", "Total.\n#### 1,072\n", "1,072"],
    ["an answer tag", "reasoning <answer> 12 </answer>", "12"],
    ["a box in an answer tag", "<answer>The value is \\boxed{12}.</answer>", "12"],
    ["after thinking only", "<think>\\boxed{1}</think>\nIt is \\boxed{2}", "2"],
    ["thinking that began in the prompt", "maybe \\boxed{1}</think> The answer is 2.", "2"],
    ["a plain sentence", "So the answer is 72.", "72"],
    ["a sentence with mathematics", "Therefore, the final answer is $\\frac{3}{4}$.", "\\frac{3}{4}"],
    ["display mathematics", "The answer is: \\[ x^2+1 \\]", "x^2+1"],
    ["a bold announcement", "**Final Answer:** 18 dollars", "18 dollars"],
    ["an announcement in bold", "The answer is **(B)**.", "(B)"],
    ["a choice", "The correct answer is (C).", "(C)"],
    ["the last announcement", "The answer is 3? No. The answer is 4.", "4"],
    ["money", "The answer is $1,800.50.", "$1,800.50"],
    ["bold text", "We add them.\n\nShe has **72** clips.", "72"],
    ["a last line", "2x=6\nx = 3", "3"],
    ["a last line in dollars", "$2x=6$\n$x=-3$", "-3"],
    ["emoji before it", "🎉🎉 \\boxed{5}", "5"],
  ];
  it.each(read)("reads %s", (_, text, answer) => {
    const found = extractAnswer(text);
    expect(found?.answer).toBe(answer);
    const [start, end] = found?.span ?? [0, 0];
    if (!found?.how.endsWith("boxes")) expect(text.slice(start, end)).toBe(answer);
  });

  const left: [what: string, text: string][] = [
    ["nothing", ""],
    ["a text without an answer", "We need to think about this more carefully."],
    ["thinking that has not ended", "<think> so \\boxed{3}"],
    ["thinking alone", "<think>\\boxed{3}</think>"],
    ["a box that never closes", "first \\boxed{1}, then \\boxed{\\frac{1}{2"],
    ["an empty box", "\\boxed{}"],
    ["a comment on the answer", "The answer is clear from the picture."],
    ["a denial", "The answer is not 5."],
    ["two candidates", "The answer is $3$ or $4$."],
    ["a range", "The answer is between 3 and 4."],
    ["a calculation", "The answer is 3 + 4."],
    ["an unfinished product", "The answer is 3 times the first one."],
    ["an equation among others", "48 + 24 = 72 clips were sold."],
    ["a Markdown heading", "#### Now we solve the equation for x\nand so on"],
    ["bold step titles", "text\n\n**Step 2** adds **Note** things"],
    ["several bold numbers", "First\n\n**12** and then **13**"],
    ["an equation in the middle", "x = 3\nbut this is not the end"],
  ];
  it.each(left)("leaves %s alone", (_, text) => {
    expect(extractAnswer(text)).toBeNull();
  });

  it("spans several boxes from the first content to the last", () => {
    const text = "x: $\\boxed{2}$ or $\\boxed{3}$.";
    const found = extractAnswer(text);
    expect(found && text.slice(...found.span)).toBe("2}$ or $\\boxed{3");
  });
});
