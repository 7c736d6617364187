import { describe, expect, it } from "vitest";
import { segmentGrowing } from "../../src/protocol/math.js";
import { cutSteps, type StepPiece, StepStream } from "../../src/protocol/steps.js";

/** Feeds a text in parts of the given lengths; the steps that the pieces make, and what was left untold each time. */
function streamed(text: string, parts: number[]): { steps: string[]; rests: string[] } {
  const stream = new StepStream();
  const pieces: StepPiece[] = [];
  const rests: string[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = parts[i % parts.length] ?? 1;
    expect(stream.put(at, text.slice(at, at + size))).toBe(true);
    pieces.push(...stream.take());
    rests.push(stream.rest);
    at += size;
  }
  pieces.push(...stream.take(true));
  const steps = [""];
  for (const piece of pieces) {
    if (piece === null) steps.push("");
    else steps[steps.length - 1] += piece.source;
  }
  return { steps: steps.map((s) => s.trim()).filter((s) => s !== ""), rests };
}

describe("a solution that is still being written", () => {
  it.each([
    "First $3x-12+5=2x-1$.\nThen\n\n$$\na\n=b\n$$\nso \\boxed{6}",
    "He pays $5.\nThen $6 more, and $x=3$ holds.\n\nDone",
    "\\begin{align*}\nx&=1\\\\\ny&=2\n\\end{align*}\nend",
    "\\[ x\n=1 \\] and \\( y \\)\n$a\nb$\n\\fbox{never closed\nnext",
    "$$ never closed\nline two\nline three",
    "ends with $",
    "ends with a backslash \\",
    "costs $5 and $6\nor $ x = 3 $\n",
  ])("%j becomes the steps that it has in the end, however it comes", (text) => {
    const steps = cutSteps(text).map((s) => s.text);
    for (const parts of [[1], [2, 3], [7], [1000]]) expect(streamed(text, parts).steps).toEqual(steps);
  });

  it("holds for any text", () => {
    const alphabet = ["$", "\\", "{", "}", "(", ")", "[", "]", "a", " ", "5", "\n", "\\boxed{", "$$", "\\("];
    alphabet.push("=", "\\begin{align}", "\\end{align}", "\\begin{");
    let seed = 11;
    const next = (): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed / 2147483648;
    };
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: 30 }, () => alphabet[Math.floor(next() * alphabet.length)]).join("");
      const steps = cutSteps(text).map((s) => s.text);
      expect(streamed(text, [1 + Math.floor(next() * 4), 3]).steps, JSON.stringify(text)).toEqual(steps);
    }
  });

  it("tells a step as soon as its line ends, and a formula as soon as it is closed", () => {
    const { rests } = streamed("ab $x$ c\nd", [1]);
    // One character later than the dollar: a digit there would make it an amount.
    expect(rests).toEqual(["", "", "", "$", "$x", "$x$", "", "", "", ""]);
  });

  it("does not wait for ever for a formula that is never closed", () => {
    const stream = new StepStream();
    stream.put(0, `$$ open\n${"a line of words\n".repeat(1000)}`);
    expect(stream.take().filter((piece) => piece === null).length).toBeGreaterThan(900);
    expect(stream.rest.length).toBeLessThan(4100);
  });

  it("reads a long text once: the work for what comes next does not grow", () => {
    const stream = new StepStream();
    let at = 0;
    let longest = 0;
    for (let i = 0; i < 3000; i++) {
      const line = `Step ${i}: $x_{${i}}=${i}$ costs $5, so\n\n`;
      stream.put(at, line);
      at += line.length;
      stream.take();
      longest = Math.max(longest, stream.rest.length);
    }
    expect(longest).toBeLessThan(10);
  });

  it("says when what was told is contradicted", () => {
    const stream = new StepStream();
    stream.put(0, "one\ntwo $x");
    stream.take();
    expect(stream.put(5, "x")).toBe(false);
    expect(stream.put(8, "$y$ z")).toBe(true);
    expect(stream.take().map((piece) => piece?.source)).toEqual(["$y$", " z"]);
  });

  it("segments what is certain and nothing else", () => {
    expect(segmentGrowing("so $5 and $6 or").end).toBe("so $5 and ".length);
    expect(segmentGrowing("a \\bo").end).toBe(2);
    expect(segmentGrowing("a \\begin{ali").end).toBe(2);
    expect(segmentGrowing("a \\boxed{3").end).toBe(2);
    expect(segmentGrowing("a \\frac").end).toBe(7);
  });
});
