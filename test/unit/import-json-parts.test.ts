import { describe, expect, it } from "vitest";
import { type Choice, JsonParts } from "../../src/exchange/import/json-parts.js";
import { parseJson } from "../../src/problems/json-lines.js";

type Path = readonly (string | number)[];

function partsOf(text: string, choose: (path: Path) => Choice, step: number, most = 1 << 20) {
  const parts = new JsonParts(choose, most);
  const found: [string, unknown][] = [];
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += step) {
    for (const { path, bytes: part } of parts.feed(bytes.subarray(at, at + step))) {
      found.push([path.join("/"), part && parseJson(part.toString("utf8"))]);
    }
  }
  return { found, ended: parts.ended };
}

const LOG = `{"version" : 2, "e\\"val": {"task":"a}]\\\\"} ,"none":[], "samples":[ {"id": 1, "x":[1,{"y":"]"}]},
  {"id":"ü","score":NaN,"n":-1.5e3}, 7 ,"s",null],"tail":true}\n`;
const choose = (path: Path): Choice => {
  if (path.length === 0) return "enter";
  if (path[0] === "samples") return path.length === 1 ? "enter" : "take";
  return path[0] === 'e"val' || path[0] === "tail" ? "take" : "skip";
};

describe("parts of a JSON text", () => {
  it("are the same however the text is cut into chunks", () => {
    const expected = [
      ['e"val', { task: "a}]\\" }],
      ["samples/0", { id: 1, x: [1, { y: "]" }] }],
      ["samples/1", { id: "ü", score: null, n: -1500 }],
      ["samples/2", 7],
      ["samples/3", "s"],
      ["samples/4", null],
      ["tail", true],
    ];
    for (const step of [1, 2, 3, 7, 50, 1000]) {
      expect(partsOf(LOG, choose, step)).toEqual({ found: expected, ended: true });
    }
  });

  it("know where a text ends too early, and pass over a part that is too long", () => {
    expect(partsOf(LOG.slice(0, 90), choose, 10).ended).toBe(false);
    const { found } = partsOf(`{"tail": "${"x".repeat(5000)}", "samples": [1]}`, choose, 100, 1000);
    expect(found).toEqual([
      ["tail", null],
      ["samples/0", 1],
    ]);
    expect(() => partsOf("{a: 1}", choose, 100)).toThrow(SyntaxError);
  });

  it("are not thrown off by a hundred thousand brackets", () => {
    const deep = `{"skip": ${"[".repeat(100_000)}${"]".repeat(100_000)}, "tail": 1}`;
    expect(partsOf(deep, choose, 4096).found).toEqual([["tail", 1]]);
  });
});

describe("bare NaN in JSON", () => {
  it("is null, in texts of any length, and text in strings stays", () => {
    const long = '\\\\ \\" NaN '.repeat(1_000_000);
    expect(parseJson(`{"a": "${long}", "b": NaN, "c": [-Infinity, Infinity]}`)).toEqual({
      a: '\\ " NaN '.repeat(1_000_000),
      b: null,
      c: [null, null],
    });
    expect(parseJson('{"a": NaN, "b": }')).toBeInstanceOf(SyntaxError);
    expect(parseJson('{"a": NaN, "b')).toBeInstanceOf(SyntaxError);
  });
});
