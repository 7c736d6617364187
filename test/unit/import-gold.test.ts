import { describe, expect, it } from "vitest";
import { KnownProblems } from "../../src/exchange/import/gold.js";

const problem = (id: string, text: string, gold = id) => ({ id, problem: text, gold });
const DUCKS = "Janet's ducks lay 16 eggs per day. How many eggs a week?";
const ROBE = "A robe takes 2 bolts of blue fiber. How many bolts in total?";

describe("a problem by the text of a prompt", () => {
  const known = new KnownProblems([
    problem("ducks", DUCKS),
    problem("robe", ROBE),
    problem("robes", `${ROBE} And for two robes?`),
    problem("short", "What is 2+2?"),
    problem("one", "Which of two answers is it, then?", "1"),
    problem("two", "Which of two answers is it, then?", "2"),
    problem("twice", "The same problem, which stands there twice.", "3"),
    problem("again", "The same problem,\nwhich stands there twice.", "3"),
  ]);
  const cases: [string, string, string | undefined][] = [
    ["itself, however it is spaced", ` ${DUCKS.replace(/ /g, "\n ")}`, "ducks"],
    ["an instruction after it", `${DUCKS} Let's think step by step.`, "ducks"],
    ["an instruction before it", `Solve this.\n\n${ROBE}`, "robe"],
    ["worked examples before it", `Q: ${DUCKS}\nA: 112\n\nQ: ${ROBE}\nA:`, "robe"],
    ["the longer of two that begin alike", `${ROBE} And for two robes? Answer:`, "robes"],
    ["a short one, alone", "What is 2+2?", "short"],
    ["a short one within something else", "What is 2+2? Or rather, what is 2+2+2?", undefined],
    ["two answers to one text", "Which of two answers is it, then?", undefined],
    ["one answer, twice", "The same problem, which stands there twice.", "again"],
    ["another problem", "How many eggs per day do Janet's ducks lay in all?", undefined],
  ];
  it.each(cases)("%s", (_, prompt, id) => {
    expect(known.find(prompt)?.id).toBe(id);
    expect(known.find(prompt)?.id).toBe(id);
  });
  it("looks at the end of a prompt of any length", () => {
    expect(known.find(`${"x ".repeat(500_000)}${DUCKS}`)?.id).toBe("ducks");
    expect(known.find(DUCKS.slice(0, 30).repeat(20_000))).toBeUndefined();
  });
});
