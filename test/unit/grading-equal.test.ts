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
