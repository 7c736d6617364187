import { describe, expect, test } from "vitest";
import type { PoolBucket } from "../../src/pool/types.js";
import { DEFAULT_RUBRIC } from "../../src/protocol/rubric.js";
import type { Attempt, ModelEntry } from "../../src/protocol/types.js";
import type { AttemptNode, BucketNode, PoolNode, ProblemNode } from "../../src/ui/pool/nodes.js";
import { nodeId, queryOf } from "../../src/ui/pool/nodes.js";
import { RowCache } from "../../src/ui/pool/row-cache.js";
import { row, tooltip } from "../../src/ui/pool/rows.js";
import { bucketNodes, type Catalogue, withAlike } from "../../src/ui/pool/shape.js";
import { inPick, line } from "../../src/ui/pool/text.js";
import { HOSTILE } from "./hostile.fixture.js";

const model = (id: string, name: string, run?: string): ModelEntry => ({
  ...{ id, name, folder: "", addedAt: "" },
  ...(run === undefined ? {} : { run }),
});
const catalogue: Catalogue = {
  rubric: {
    ...DEFAULT_RUBRIC,
    labels: [
      { id: "nice", title: "Nice one" },
      { id: "odd", title: "Odd" },
    ],
  },
  models: [model("base", "Tiny"), model("one", "After one", "r1"), model("two", "After two", "r1")],
  runs: [{ id: "r1", name: "ScRPO on linear" }],
};
const bucket = (key: string, attempts = 3, unreviewed = 3): PoolBucket => ({
  key,
  label: key,
  attempts,
  unreviewed,
});
const bucketNode = (grouping: BucketNode["grouping"], key: string): BucketNode => ({
  ...{ type: "bucket", grouping, bucket: bucket(key) },
});
const attempt: Attempt = {
  ...{ id: 7, problemId: 1, groupId: 1, sample: 0, modelId: "base", text: "", finish: "stop", tokens: 1200 },
  ...{
    verdict: "incorrect",
    answer: "\\frac{1}{2}",
    answerSpan: null,
    reason: "compared as numbers",
    inPool: true,
  },
  ...{ errorType: null, errorTypeSource: null, createdAt: "" },
};
const problem: ProblemNode = {
  ...{ type: "problem", problemId: 1 },
  bucket: { ...bucket("1"), label: "Solve for $x$: $2x=1$", correct: 5, scored: 8 },
};
const attemptNode = (change: Partial<Attempt> = {}, more: Partial<AttemptNode> = {}): AttemptNode => ({
  ...{ type: "attempt", attempt: { ...attempt, ...change }, reviewed: false, alike: 1, parent: problem },
  ...more,
});

describe("what rows say", () => {
  test.each([
    ["level", "3", "Level 3", "layers"],
    ["level", "hard", "hard", "layers"],
    ["kind", "", "No kind", "circle-large-outline"],
    ["answer", "\\frac{3}{4}", "3/4", "symbol-numeric"],
    ["errorType", "sign", "Sign", "bug"],
    ["errorType", "own_kind", "own_kind", "bug"],
    ["errorType", "", "No error type yet", "circle-large-outline"],
    ["label", "nice", "Nice one", "tag"],
    ["decision", "accepted", "Accepted", "pass"],
    ["decision", "rejected", "Rejected", "error"],
    ["decision", "", "No decision yet", "circle-large-outline"],
    ["rating", "4", "Rated 4", "star-full"],
    ["rating", "", "Not rated yet", "circle-large-outline"],
    ["firstWrong", "2", "First wrong step 2", "list-ordered"],
    ["firstWrong", "0", "No wrong step", "pass"],
    ["firstWrong", "", "No step marked yet", "circle-large-outline"],
    ["model", "one", "After one", "circuit-board"],
    ["model", "gone", "gone", "circuit-board"],
  ] as const)("%s “%s”", (grouping, key, label, icon) => {
    expect(row(bucketNode(grouping, key), catalogue)).toMatchObject({
      label,
      icon,
      context: "bucket",
      parent: true,
    });
  });

  test("figures are read without counting digits, and done is said", () => {
    const many = { ...bucketNode("level", "3"), bucket: bucket("3", 1234567, 1234) };
    expect(row(many, catalogue).description).toBe("1,234,567 attempts, 1,234 to review");
    expect(row({ ...many, bucket: bucket("3", 1, 0) }, catalogue).spoken).toBe(
      "Level 3, 1 attempt, all reviewed",
    );
  });

  test("problems and attempts", () => {
    expect(row(problem, catalogue)).toMatchObject({
      label: "2x = 1",
      description: "5/8 correct",
      context: "problem",
    });
    const said = attemptNode({ errorType: "sign" }, { reviewed: true, reflection: "correct", alike: 3 });
    expect(row(said, catalogue)).toMatchObject({
      ...{ label: "x = 1/2", description: "✓ reviewed · Sign · reflection fixes it · 3 alike" },
      spoken: "x = 1/2, incorrect, reviewed, Sign, reflection fixes it, 3 alike",
    });
    const cut = row(attemptNode({ verdict: "truncated", answer: null }), catalogue);
    expect([cut.label, cut.description]).toEqual(["no answer", "cut off at the token limit"]);
    expect(cut.spoken).toBe("no answer, cut off at the token limit");
    expect(tooltip(said, catalogue)).toBe("incorrect: compared as numbers\n1,200 tokens, sample 1, base");
    expect(tooltip(bucketNode("rating", "5"), catalogue)).toContain("names the line and the cause");
  });

  test("the same answers are counted over everything shown", () => {
    const nodes = withAlike([attemptNode(), attemptNode({ answer: null }), attemptNode()]);
    expect(nodes.map(({ alike }) => alike)).toEqual([2, 1, 2]);
  });
});

describe("groupings", () => {
  const keys = (nodes: BucketNode[]) => nodes.map(({ bucket: { key } }) => key);
  const of = (grouping: BucketNode["grouping"], names: string[], whole = true, query = {}) =>
    bucketNodes(
      grouping,
      names.map((name) => bucket(name)),
      whole,
      query,
      catalogue,
    );

  test("error types and labels stand as the rubric lists them, once all are there", () => {
    const stored = ["", "algebra", "mine", "sign", "arithmetic"];
    expect(keys(of("errorType", stored))).toEqual(["arithmetic", "sign", "algebra", "mine", ""]);
    expect(keys(of("errorType", stored, false))).toEqual(stored);
    expect(keys(of("label", ["odd", "nice"]))).toEqual(["nice", "odd"]);
  });

  test("a filter for one label shows that label alone", () => {
    expect(keys(of("label", ["nice", "odd"], true, { label: "odd" }))).toEqual(["odd"]);
  });

  test("a run is the models it made; what no run made comes last and stands for itself", () => {
    const nodes = of("run", ["base", "one", "gone", "two"]);
    expect(nodes.map((node) => row(node, catalogue).label)).toEqual([
      "Run ScRPO on linear",
      "No run: Tiny",
      "No run: gone",
    ]);
    const [run, base] = nodes;
    if (!run || !base) throw new Error("no rows");
    expect(row(run, catalogue).description).toBe("2 models, 6 attempts");
    expect(queryOf(run, { reviewed: false })).toEqual({ reviewed: false, modelIds: ["one", "two"] });
    expect(queryOf(base, {})).toEqual({ modelIds: ["base"] });
    const under: ProblemNode = { ...problem, parent: run };
    expect(queryOf(under, {})).toEqual({ modelIds: ["one", "two"], problemId: 1 });
    expect(nodeId(under)).not.toBe(nodeId(problem));
  });

  test("a row means its attempts, within the filter", () => {
    expect(queryOf(bucketNode("model", "one"), { text: "x" })).toEqual({ text: "x", modelId: "one" });
    expect(queryOf(bucketNode("rating", ""), {})).toEqual({ rating: "" });
    expect(queryOf(attemptNode(), { text: "x" })).toEqual({ ids: [7], scope: "all" });
  });
});

describe("hostile texts in the tree", () => {
  // Of the isolates, the first strong one and its end are ours: they stand around right-to-left writing.
  const harmful = /(?!\n)\p{Cc}|\p{Cs}|[\u200b\u200e\u200f\u202a-\u202e\u2066\u2067]/u;

  test.each(HOSTILE)("$name", ({ text }) => {
    const hostile: Catalogue = {
      rubric: { ...DEFAULT_RUBRIC, errorTypes: [{ id: "t", title: text, description: text }] },
      models: [model("m", text, "r")],
      runs: [{ id: "r", name: text }],
    };
    const groupings = [
      "level",
      "kind",
      "answer",
      "errorType",
      "label",
      "decision",
      "rating",
      "firstWrong",
      "model",
    ];
    const nodes: PoolNode[] = [
      ...(groupings as BucketNode["grouping"][]).map((grouping) => bucketNode(grouping, text)),
      bucketNode("errorType", "t"),
      ...bucketNodes("run", [bucket("m"), bucket(text)], true, {}, hostile),
      { ...problem, bucket: { ...problem.bucket, label: text } },
      attemptNode({ answer: text, reason: text, modelId: text, errorType: text }),
    ];
    for (const node of nodes) {
      const { label, description, spoken } = row(node, hostile);
      for (const shown of [label, description, spoken]) {
        expect(shown).not.toMatch(harmful);
        expect(shown).not.toContain("\n");
        expect(shown.length).toBeLessThan(700);
      }
      expect(label).not.toBe("");
      expect(tooltip(node, hostile)).not.toMatch(harmful);
      expect(tooltip(node, hostile).length).toBeLessThan(5000);
    }
  });

  test("right-to-left writing is kept to itself, an override is gone, a terminal's colours too", () => {
    expect(line("אבג 5")).toBe("\u2068אבג 5\u2069");
    expect(line("a\u202Eb")).toBe("ab");
    expect(line("\u001b[31mred\u001b[0m \u001b]0;title\u0007x")).toBe("red x");
  });

  test("a quick pick shows $(name) as it is", () => {
    expect(inPick("costs $(trash) and $(sync~spin)")).toBe("costs \\$(trash) and \\$(sync~spin)");
    expect(inPick("$(x+1)$")).toBe("$(x+1)$");
  });
});

describe("rows of a page", () => {
  test("are worked out once for as long as the names stay, in slices that let other work pass", async () => {
    const rows = new RowCache(catalogue);
    const text = "Let $x$ be such that $\\frac{x+1}{2}=\\sqrt{7}$. ".repeat(40);
    const problems = Array.from(
      { length: 3000 },
      (_, i): ProblemNode => ({
        ...{ type: "problem", problemId: i, bucket: { ...problem.bucket, label: `${i} ${text}` } },
      }),
    );
    let others = 0;
    const other = setInterval(() => others++, 0);
    await rows.prepare(problems);
    clearInterval(other);
    expect(others).toBeGreaterThan(1);
    const [first] = problems;
    if (!first) throw new Error("no rows");
    expect(rows.get({ ...first })).toBe(rows.get(first));
    const renamed = new RowCache({ ...catalogue, rubric: { ...catalogue.rubric, errorTypes: [] } });
    const said = attemptNode({ errorType: "sign" });
    expect([rows.get(said).description, renamed.get(said).description]).toEqual(["Sign", "sign"]);
  });
});
