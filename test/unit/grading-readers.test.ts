import { describe, expect, it } from "vitest";
import { extractAnswer } from "../../src/grading/extract.js";
import type { AnswerReader } from "../../src/grading/types.js";

/** The answer stands between « and » in the text; the marks are taken out before it is read. */
const marked: [what: string, reader: AnswerReader, text: string][] = [
  ["a box in a sentence", "boxed", "So $x$ is $\\boxed{«42»}$, as asked."],
  ["a box within display mathematics", "boxed", "\\[ \\boxed{«\\frac{3}{4}»} \\]"],
  ["deeply nested braces", "boxed", "\\boxed{«\\frac{\\sqrt{\\frac{1}{2}}}{\\sqrt{3^{4^{5}}}}»}"],
  ["a box within a box", "boxed", "\\boxed{«\\text{so }\\boxed{5}»}"],
  ["the last of three boxes", "boxed", "\\boxed{1}, no: \\boxed{2}. Checked again. It is \\boxed{«3»}."],
  ["the box before a placeholder", "boxed", "\\boxed{«7»}\nI put the answer in \\boxed{...}."],
  ["the box before an empty one", "boxed", "\\boxed{«7»} and the form was \\boxed{ }"],
  ["the box before a question mark", "boxed", "\\boxed{«7»} instead of \\boxed{?}"],
  ["a box after thinking", "boxed", "<think>maybe \\boxed{1}, maybe \\boxed{2}</think>\nThen \\boxed{«3»}."],
  [
    "a box after two thoughts",
    "boxed",
    "<think>\\boxed{1}</think> hm <think>\\boxed{2}</think> \\boxed{«3»}",
  ],
  ["a box in bold", "boxed", "**\\boxed{«12»}**"],
  ["a box with text", "boxed", "\\boxed{«\\text{(B)}»}"],
  ["spaces within a box", "boxed", "\\boxed{ «12» }"],
  ["a box over lines", "boxed", "\\boxed{\n«12»\n}"],
  ["a framed box", "boxed", "\\framebox{«12»}"],
  ["a box after a mark", "boxed", "#### 3\nNo. \\boxed{«4»}"],
  ["an answer tag", "tag", "<answer>«12»</answer>"],
  ["the last answer tag", "tag", "<answer>1</answer> wait <answer>«2»</answer>"],
  ["an answer tag over lines", "tag", "<answer>\n«x = 3»\n</answer>"],
  ["an answer tag after thinking", "tag", "<think><answer>1</answer></think><answer>«2»</answer>"],
  ["GSM8K's mark", "hash", "40 + 2 = 42\n#### «42»"],
  ["GSM8K's mark with money", "hash", "Total.\n#### «$1,200»"],
  ["GSM8K's mark with a minus", "hash", "#### «-3»\n"],
  ["the answer is", "announced", "We add. The answer is «42»."],
  ["the final answer, in mathematics", "announced", "The final answer is $«\\frac{1}{2}»$."],
  ["an answer with its question", "announced", "The answer to the problem is «12»."],
  ["an answer in bold letters", "announced", "**Answer:** «5»"],
  ["a bold title and the answer", "announced", "**Final Answer**: «18 dollars»"],
  ["an answer after a heading's colon", "announced", "Answer: «(C)»"],
  ["a yes", "announced", "So the answer is «yes»."],
  ["an answer after a colon in display mathematics", "announced", "The answer is:\n\\[ «x^2» \\]"],
  ["a Chinese answer", "announced", "所以答案是 «42»。"],
  ["a Chinese answer with a colon", "announced", "答案:$«\\frac{1}{2}»$"],
  ["a result", "announced", "Therefore the result is $«7»$."],
  ["bold in the last paragraph", "bold", "We count.\n\nThere are **«12»** of them."],
  ["bold mathematics", "bold", "We count.\n\nHence **$«x+1»$**."],
  ["a last line", "lastLine", "2x = 6\nx = «3»"],
  ["a last line after therefore", "lastLine", "2x = 6\nTherefore, $x = «3»$."],
];

describe("where an answer is read from", () => {
  it.each(marked)("%s", (_, reader, text) => {
    const start = text.indexOf("«");
    const end = text.indexOf("»") - 1;
    const plain = text.replace(/[«»]/g, "");
    const found = extractAnswer(plain);
    expect(found).toMatchObject({ reader, span: [start, end], answer: plain.slice(start, end) });
  });

  const left: [what: string, text: string][] = [
    ["boxes of thinking alone", "<think>\\boxed{3}</think> Let me know if you have questions."],
    ["thinking that goes on", "<think>\\boxed{3}"],
    ["only placeholders", "\\boxed{} or \\boxed{...} or \\boxed{\\text{answer}}"],
    ["a box cut off after others", "\\boxed{3} and then \\boxed{4"],
    ["an answer tag of thinking", "<think><answer>3</answer></think>"],
    ["a tag that never closes", "<answer>3"],
    ["a heading", "#### Step 2 is to solve the equation for the unknown"],
    ["what the answer is about", "The answer is the number of ways to go."],
  ];
  it.each(left)("nothing: %s", (_, text) => {
    expect(extractAnswer(text)).toBeNull();
  });
});

describe("readers in use", () => {
  const text = "The answer is 1.\n#### 2\n\\boxed{3}";
  const chosen: [readers: AnswerReader[], answer: string | undefined][] = [
    [["boxed"], "3"],
    [["hash"], "2"],
    [["announced"], "1"],
    [["hash", "announced"], "2"],
    [["tag", "bold"], undefined],
    [[], undefined],
  ];
  it.each(chosen)("%j read %s", (readers, answer) => {
    expect(extractAnswer(text, readers)?.answer).toBe(answer);
  });
  it("a box cut off counts only where boxes are read", () => {
    expect(extractAnswer("The answer is 1. \\boxed{2", ["announced"])?.answer).toBe("1");
    expect(extractAnswer("The answer is 1. \\boxed{2")).toBeNull();
  });
});
