import { describe, expect, it } from "vitest";
import { type Change, type Difference, difference, tokens } from "../../src/protocol/diff.js";

const sides = ({ changes }: Difference): [string, string] => {
  const text = (other: Change["kind"]) =>
    changes
      .filter(({ kind }) => kind === "same" || kind === other)
      .map((change) => change.text)
      .join("");
  return [text("removed"), text("added")];
};
const shown = (before: string, after: string): string =>
  difference(before, after)
    .changes.map(({ kind, text }) =>
      kind === "same" ? text : kind === "removed" ? `[-${text}-]` : `{+${text}+}`,
    )
    .join("");

/** Numbers that look random and are the same in every run (a linear congruential generator). */
function draws(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}
const PIECES = [
  "\\frac",
  "{",
  "}",
  "x",
  "=",
  "12",
  "3.5",
  " ",
  "\n",
  "word",
  "$",
  "\\\\",
  "\u{1d465}",
  "\ud800",
  "é",
];
const random = (draw: (n: number) => number, most: number): string =>
  Array.from({ length: draw(most + 1) }, () => PIECES[draw(PIECES.length)]).join("");

/** Length of the longest common subsequence, by the table. */
function longestCommon(a: readonly string[], b: readonly string[]): number {
  let row = new Array<number>(b.length + 1).fill(0);
  for (const token of a) {
    const next = [0];
    b.forEach((other, j) => {
      next.push(token === other ? (row[j] ?? 0) + 1 : Math.max(row[j + 1] ?? 0, next[j] ?? 0));
    });
    row = next;
  }
  return row[b.length] ?? 0;
}

describe("words of a text with LaTeX", () => {
  it("are commands, numbers, identifiers, operators and delimiters", () => {
    expect(tokens("\\frac{12}{x}=3.5 \\\\\nso 1{,}000")).toEqual(
      "\\frac|{|12|}|{|x|}|=|3.5| |\\\\|\n|so| |1|{|,|}|000".split("|"),
    );
    expect(tokens("\\begin{align*}\\alpha_1\\{")).toEqual("\\begin|{|align|*|}|\\alpha|_|1|\\{".split("|"));
  });

  it("joined are the text again, whatever it holds", () => {
    for (const text of ["", "\\", "a\\", "\ud800", "x\u0000\u202e\r\n\t", "\u{1f600}e\u0301\\\u{1f600}"]) {
      expect(tokens(text).join("")).toBe(text);
    }
  });
});

describe("the difference of two texts", () => {
  it("names the words that changed", () => {
    expect(shown("$2x=26$\n$x=13$", "$2x=20$\n$x=10$")).toBe("$2x=[-26-]{+20+}$\n$x=[-13-]{+10+}$");
    expect(shown("\\frac{1}{2}", "\\dfrac{1}{2}")).toBe("[-\\frac-]{+\\dfrac+}{1}{2}");
    expect(shown("", "new")).toBe("{+new+}");
    expect(shown("same", "same")).toBe("same");
    expect(shown("we add three now", "we take two now")).toBe("we [-add three-]{+take two+} now");
  });

  it("gives back both texts, and never the same kind twice in a row", () => {
    const draw = draws(7);
    for (let i = 0; i < 800; i++) {
      const [a, b] = [random(draw, 30), random(draw, 30)];
      const found = difference(a, b);
      expect(sides(found)).toEqual([a, b]);
      found.changes.forEach((change, j) => {
        expect(change.text).not.toBe("");
        expect(change.kind).not.toBe(found.changes[j + 1]?.kind);
      });
    }
  });

  it("changes as few words as can be", () => {
    const draw = draws(11);
    for (let i = 0; i < 500; i++) {
      // Without white space every word counts, and joining what stands beside it cannot add any.
      const [a, b] = [random(draw, 14).replace(/\s/g, ""), random(draw, 14).replace(/\s/g, "")];
      const common = longestCommon(tokens(a), tokens(b));
      const { added, removed } = difference(a, b);
      expect(removed + added, JSON.stringify([a, b])).toBe(tokens(a).length + tokens(b).length - 2 * common);
    }
  });

  it("falls back to lines where texts have little in common, and stays whole", () => {
    const draw = draws(3);
    const line = (): string => Array.from({ length: 12 }, () => `${draw(1e6)}`).join("+");
    const lines = (n: number): string[] => Array.from({ length: n }, line);
    const kept = lines(20);
    const a = [...lines(80), ...kept, ...lines(80)].join("\n");
    const b = [...lines(70), ...kept, ...lines(90)].join("\n");
    const found = difference(a, b);
    expect(found.level).toBe("line");
    expect(sides(found)).toEqual([a, b]);
    expect(found.changes.some(({ kind, text }) => kind === "same" && text.includes(kept.join("\n")))).toBe(
      true,
    );
  });

  it("ends soon on texts of a million characters, alike or not", () => {
    const draw = draws(5);
    const long = (): string => Array.from({ length: 150_000 }, () => `${draw(1e6)}`).join(" ");
    const [a, b] = [long(), long()];
    expect(sides(difference(a, b))).toEqual([a, b]);
    expect(difference(a, `${a.slice(0, 500_000)}!${a.slice(500_000)}`).added).toBeLessThan(4);
    const newlines = difference("\n".repeat(300_000), "\n\r".repeat(200_000));
    expect(newlines.changes.length).toBeGreaterThan(0);
  });
});
