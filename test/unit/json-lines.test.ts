import { describe, expect, it } from "vitest";
import { lineOfSyntaxError, syntaxErrorAt } from "../../src/protocol/json-lines.js";

/** `|` marks where the first thing stands that JSON does not allow. */
const BROKEN = [
  "|",
  "{|",
  '{"a": 1,|}',
  '{"a": [1, |,]}',
  "[|,]",
  '[1|"two"]',
  '{"a" |1}',
  '{"a": 1}|}',
  "{|a: 1}",
  "{|'a': 1}",
  '{"a": |tru}',
  '[|"a\\x"]',
  '{"a": 0|1}',
  "[1|}",
  '{"a":1|;}',
  "|// ",
  '["a", |"b]',
  '[|"tab\t"]',
];

describe("where a JSON text breaks", () => {
  it.each(BROKEN)("%s", (marked) => {
    const text = marked.replace("|", "");
    expect(() => JSON.parse(text)).toThrow();
    expect(syntaxErrorAt(text)).toBe(marked.indexOf("|"));
  });

  it("names the line, also where JSON.parse does not", () => {
    const text = '{\n  "a": 1,\n  "b": [1, 2,],\n  "c": 3\n}\n';
    const error = (() => {
      try {
        return JSON.parse(text);
      } catch (caught) {
        return caught;
      }
    })();
    expect(lineOfSyntaxError(text, error)).toBe(3);
    expect(lineOfSyntaxError(text, new SyntaxError("Unexpected token"))).toBe(3);
    expect(lineOfSyntaxError('{\n"a": 1\n', new SyntaxError("Unexpected end of JSON input"))).toBe(3);
  });

  it("goes through sound texts to their end", () => {
    for (const value of [{}, [], [[], {}], { a: [1, -2.5e-3, 'x\\"y', null, true] }, "s", 0, "ä𝔸"]) {
      for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
        expect(syntaxErrorAt(text)).toBe(text.length);
      }
    }
  });
});
