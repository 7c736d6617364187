import { describe, expect, it } from "vitest";
import { segmentMath } from "../../src/protocol/math.js";

const math = (text: string): string[] =>
  segmentMath(text)
    .filter((s) => s.kind !== "text")
    .map((s) => `${s.kind === "display" ? "D" : "I"}:${s.body}`);

describe("segmentMath", () => {
  it.each([
    ["$x=3$", ["I:x=3"]],
    ["so $x=3$, and $y$.", ["I:x=3", "I:y"]],
    ["$$x^2$$", ["D:x^2"]],
    ["a \\(x\\) b \\[y\\]", ["I:x", "D:y"]],
    ["The answer is \\boxed{\\frac{1}{2}}.", ["I:\\boxed{\\frac{1}{2}}"]],
    ["$x = \\boxed{6}$", ["I:x = \\boxed{6}"]],
    ["$ x = 3 $ holds", ["I: x = 3 "]],
    ["\\begin{align*}x&=1\\end{align*}", ["D:\\begin{align*}x&=1\\end{align*}"]],
    ["$\\$5$ a piece", ["I:\\$5"]],
    ["He pays $5, then $x=3$.", ["I:x=3"]],
    ["$5$ apples", ["I:5"]],
    ["line one $a\nb$ line two", ["I:a\nb"]],
  ])("finds the mathematics of %j", (text, expected) => {
    expect(math(text)).toEqual(expected);
  });

  it.each([
    "$5 and $6",
    "between $5-$6",
    "It costs $5.",
    "\\$5 and \\$6",
    "$5 for each and 10$",
    "\\boxed{3",
    "$a\n\nb$",
    "$$ never closed",
    "\\( never closed",
    "$ $",
    "",
  ])("finds none in %j", (text) => {
    expect(math(text)).toEqual([]);
  });

  it("keeps every character, whatever the text", () => {
    const alphabet = ["$", "\\", "{", "}", "(", ")", "[", "]", "a", " ", "5", "\n", "\\boxed{", "$$", "\\("];
    let seed = 7;
    const next = (): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed / 2147483648;
    };
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: 24 }, () => alphabet[Math.floor(next() * alphabet.length)]).join("");
      const segments = segmentMath(text);
      expect(segments.map((s) => s.source).join("")).toBe(text);
      for (const s of segments) expect(text.startsWith(s.source, s.start)).toBe(true);
    }
  });

  it.each(["$a ", "\\(", "\\[", "\\boxed{", "\\begin{align}", "$$\n\n", "\\boxed{$\\("])(
    "stays linear on %j without end",
    (piece) => {
      const hostile = piece.repeat(20_000);
      const started = performance.now();
      segmentMath(hostile);
      const short = performance.now() - started;
      const again = performance.now();
      segmentMath(hostile.repeat(4));
      // Quadratic work would take sixteen times as long.
      expect(performance.now() - again).toBeLessThan(short * 10 + 200);
    },
  );
});
