import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import schema from "../../schemas/rubric.schema.json" with { type: "json" };
import { DEFAULT_RUBRIC, type Rubric } from "../../src/protocol/rubric.js";
import type { ErrataError } from "../../src/protocol/types.js";
import { parseRubric, readRubric, rubricFile, rubricText } from "../../src/review/rubric.js";
import { doneWords, saidWords, scopeWords } from "../../src/review/words.js";
import { workspace } from "./pool.fixture.js";

const axis = (id: string, title = id) => ({ id, title, anchors: ["1", "2", "3", "4", "5"] });

/** What is wrong with a rubric, by line. */
function faults(text: string): string[] {
  try {
    parseRubric(text, "r.json");
  } catch (error) {
    expect((error as ErrataError).code).toBe("bad-rubric");
    expect((error as ErrataError).hint).toMatch(/mended/);
    return (error as ErrataError).message.split("\n");
  }
  return [];
}
const lines = (...text: string[]): string => text.join("\n");

describe("the rubric of a workspace", () => {
  it("is the default where there is none; the default is one that the schema allows", async () => {
    expect(await readRubric(workspace())).toEqual(DEFAULT_RUBRIC);
    const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);
    expect(validate(DEFAULT_RUBRIC), JSON.stringify(validate.errors)).toBe(true);
    expect(parseRubric(rubricText(), "r.json")).toEqual(DEFAULT_RUBRIC);
  });

  it("every field has a description, for hover and completion", () => {
    const { axis: ofAxis, choice } = schema.definitions;
    const described = [
      ...Object.values(schema.properties),
      schema.definitions.id,
      schema.definitions.title,
      ofAxis.properties.anchors,
      choice.properties.key,
      choice.properties.description,
    ];
    for (const field of described) expect(field.description).toMatch(/.{15}/);
  });

  it("is read from its file; what it leaves out stands as ever", async () => {
    const folder = workspace();
    const labels = [{ id: "nice", title: "Nice", key: "n", description: "for the paper" }];
    mkdirSync(dirname(rubricFile(folder)), { recursive: true });
    writeFileSync(rubricFile(folder), `\uFEFF${JSON.stringify({ $schema: "…", labels })}`);
    expect(await readRubric(folder)).toEqual({ ...DEFAULT_RUBRIC, labels });
    expect(readFileSync(rubricFile(folder), "utf8")).toContain("nice");
  });

  it("overall always comes first, one's own or the default", () => {
    const own = { ...axis("overall", "All in all"), anchors: ["a", "b", "c", "d", "e"] };
    const moved = parseRubric(JSON.stringify({ axes: [axis("depth"), own] }), "r.json");
    expect(moved.axes.map(({ id, title }) => [id, title])).toEqual([
      ["overall", "All in all"],
      ["depth", "depth"],
    ]);
    const added = parseRubric(JSON.stringify({ axes: [axis("depth")] }), "r.json");
    expect(added.axes).toEqual([DEFAULT_RUBRIC.axes[0], axis("depth")]);
    expect(parseRubric('{"axes": []}', "r.json").axes).toEqual([DEFAULT_RUBRIC.axes[0]]);
  });

  it("tells every mistake with file and line", () => {
    const text = lines(
      "{",
      '  "axes": [',
      '    { "id": "a b", "title": "A", "anchors": ["1", "2", "3", "4", "5"] },',
      '    { "id": "b", "title": "", "anchors": ["1"] }',
      "  ],",
      '  "errorTypes": [{ "id": "x", "title": "X", "key": "ab" }, { "title": "no id" }],',
      '  "colour": "red"',
      "}",
    );
    const told = faults(text);
    expect(told.map((line) => line.replace(/^r\.json:(\d+): (\S+).*$/, "$1 $2")).toSorted()).toEqual([
      "3 axes.0.id",
      "4 axes.1.anchors",
      "4 axes.1.title",
      "6 errorTypes.0.key",
      "6 errorTypes.1.id",
      "7 colour",
    ]);
    expect(told.join(" ")).toContain("Known: $schema, axes, errorTypes, labels");
  });

  it("refuses ids and keys that are there twice, and says where", () => {
    const text = lines(
      "{",
      '  "axes": [',
      `    ${JSON.stringify(axis("a"))},`,
      `    ${JSON.stringify(axis("a", "again"))}`,
      "  ],",
      '  "labels": [{ "id": "l", "title": "L", "key": "k" },',
      '    { "id": "m", "title": "M", "key": "k" }]',
      "}",
    );
    expect(faults(text)).toEqual([
      'r.json:4: axes.1.id is "a", which axes.0 has already.',
      'r.json:7: labels.1.key is "k", which labels.0 has already.',
    ]);
    const shared = {
      errorTypes: [{ id: "a", title: "A", key: "k" }],
      labels: [{ id: "a", title: "A", key: "k" }],
    };
    expect(faults(JSON.stringify(shared))).toEqual([]);
  });

  it.each([
    ["not JSON", '{"axes": [,]}', /^r\.json:1: not valid JSON/],
    ["nothing", "", /not valid JSON/],
    ["a list", "[]", /^r\.json:1: the rubric is \[\]: it must be object/],
    ["null", "null", /the rubric is null/],
    ["a key that is a space", '{"labels":[{"id":"a","title":"A","key":" "}]}', /one printable character/],
    ["an id that is a path", '{"labels":[{"id":"../x","title":"A"}]}', /letters, digits/],
    ["a prototype", '{"__proto__": {"axes": 1}}', /__proto__ is no field here/],
    ["too many", `{"labels":${JSON.stringify(Array(101).fill(axis("a")))}}`, /must NOT have more than 100/],
  ])("%s is refused", (_, text, message) => {
    expect(faults(text)[0]).toMatch(message);
  });

  it("a file that is no rubric by its size, or a folder, is refused", async () => {
    const folder = workspace();
    mkdirSync(rubricFile(folder), { recursive: true });
    await expect(readRubric(folder)).rejects.toMatchObject({ code: "bad-rubric" });
    const other = workspace();
    mkdirSync(dirname(rubricFile(other)), { recursive: true });
    writeFileSync(rubricFile(other), " ".repeat(1_000_001));
    await expect(readRubric(other)).rejects.toMatchObject({ code: "bad-rubric" });
  });
});

describe("words", () => {
  const rubric: Rubric = { ...DEFAULT_RUBRIC, labels: [{ id: "n", title: "Nice" }] };

  it("use the rubric's titles, and the id where a rubric lost it", () => {
    expect(saidWords({ kind: "rating", axis: "valid", value: 2 }, rubric)).toBe(
      "rated Correction is valid 2",
    );
    expect(saidWords({ kind: "rating", axis: "gone", value: 2 }, rubric)).toBe("rated gone 2");
    expect(saidWords({ kind: "verdict", value: "unscored" }, rubric)).toBe("called it unscorable");
    expect(saidWords({ kind: "flag", value: false }, rubric)).toBe("");
    expect(doneWords({ kind: "label", axis: "n", value: null }, true, rubric)).toBe("taking back label Nice");
    expect(doneWords({ kind: "note", value: null }, "…", rubric)).toBe("taking back note");
  });

  it("tell what a queue is restricted to", () => {
    expect(scopeWords({}, rubric)).toBe("");
    expect(
      scopeWords(
        { scope: "all", level: "", errorType: "sign", label: "n", reviewed: false, text: "x=5" },
        rubric,
      ),
    ).toBe("all attempts, no level, Sign, label Nice, unreviewed, “x=5”");
  });
});
