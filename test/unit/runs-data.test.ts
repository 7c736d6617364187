import { afterEach, describe, expect, it, vi } from "vitest";
import { Connection } from "../../src/pool/sqlite.js";
import type { NewReflection, Pool } from "../../src/pool/types.js";
import type { DataKind, RunData } from "../../src/protocol/run-data.js";
import type { AnnotationValue, Problem } from "../../src/protocol/types.js";
import { gatherData, summariseData } from "../../src/runs/data.js";
import { dataLines } from "../../src/runs/data-words.js";
import { type CompleteRecipe, parseRecipe } from "../../src/runs/recipe.js";
import { attempt, fill, open, spec, workspace } from "./pool.fixture.js";

afterEach(() => vi.restoreAllMocks());

function recipe(method: string, more: object = {}): CompleteRecipe {
  return parseRecipe(
    JSON.stringify({ method, model: "base", problems: "p.jsonl", ...more }),
    "/r.errata.json",
  );
}

/** The run's set: the fixture's problems, by text; their ids are the run's own. */
const problems = (count: number, first = 0): Problem[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `run${first + i}`,
    problem: `Problem ${first + i}`,
    gold: "1",
  }));

/** Two right and two wrong attempts (of different answers) at each of `n` problems. */
async function filled(
  n: number,
  letters = "CCII",
): Promise<{ pool: Pool; ids: number[][]; problemIds: number[] }> {
  const pool = await open(workspace());
  const { attemptIds, rowIds } = await fill(
    pool,
    Array.from({ length: n }, () => letters),
  );
  await pool.applyFilter({ kind: "mixed" });
  return { pool, ids: attemptIds, problemIds: rowIds };
}

async function reflect(
  pool: Pool,
  attemptId: number,
  options: { right?: boolean; text?: string; sample?: number } = {},
) {
  const {
    right = true,
    text = "Analysis: Line 2.\nCorrected Solution:\nso \\boxed{1}",
    sample = 0,
  } = options;
  const [, analysis = "", corrected = ""] =
    /^Analysis: (.*?)(?:\nCorrected Solution:\n(.*))?$/s.exec(text) ?? [];
  const reflection: NewReflection = {
    ...{
      attemptId,
      modelId: "base",
      sample,
      analysis,
      correctedSolution: corrected,
      parsed: corrected !== "",
    },
    generation: { text, tokenIds: [1], logprobs: [0], finish: "stop" },
    grade: { verdict: right ? "correct" : "incorrect", answer: right ? "1" : "2", span: null, reason: "" },
  };
  await pool.putReflections([reflection]);
  return (await pool.reflectionsOf([attemptId])).at(-1)?.id ?? 0;
}

const left = (summary: RunData, kind: DataKind): Record<string, number> =>
  Object.fromEntries(
    summary.counts.find((count) => count.kind === kind)?.leftOut.map(({ why, count }) => [why, count]) ?? [],
  );
const used = (summary: RunData): Record<string, number> =>
  Object.fromEntries(summary.counts.map((count) => [count.kind, count.used]));

describe("errors to reflect on", () => {
  it("are wrong attempts of the pool at the run's own problems, the newest as many as its pool holds", async () => {
    const { pool, ids } = await filled(4);
    const { rows, summary } = await gatherData(pool, recipe("scrpo"), problems(3));
    expect(rows.map((row) => row.attempt_id)).toEqual(ids.slice(0, 3).flatMap((group) => group.slice(2)));
    expect(rows[0]).toMatchObject({
      ...{ problem_id: "run0", problem: "Problem 0", gold: "1", verdict: "incorrect", answer: "2" },
      ...{ solution: expect.stringContaining("solution 2"), reflection: null, fixed: false },
    });
    expect(used(summary)).toEqual({ errors: 6 });
    expect(left(summary, "errors")).toEqual({ elsewhere: 2 });
    const few = await gatherData(pool, recipe("scrpo", { pool: { max_size: 3 } }), problems(4));
    expect(few.rows.map((row) => row.attempt_id)).toEqual([ids[2]?.[3], ...(ids[3]?.slice(2) ?? [])]);
    expect(left(few.summary, "errors")).toEqual({ poolSize: 5 });
    expect(dataLines(summary)).toEqual([
      "6 errors to reflect on of 3 problems",
      "2 left out: on a problem that is not in the run's problem set",
    ]);
  });

  describe("are told apart as the run's pool does, by answer and first wrong line", () => {
    /** One group of these solutions, the right ones marked by a ✓; returns what the run takes, and the attempts' ids. */
    async function group(...texts: string[]) {
      const pool = await open(workspace());
      const rowIds = await pool.putProblems("set", [{ id: "p", problem: "Problem 0", gold: "1" }]);
      const { groups } = await pool.openSampling(spec("sample", texts.length), rowIds);
      const made = texts.map((text, sample) => {
        const one = attempt(groups[0]?.groupId ?? -1, sample, text.startsWith("✓") ? "C" : "I");
        return {
          ...one,
          generation: { ...one.generation, text: text.replace("✓", "") },
          grade: { ...one.grade, answer: text.startsWith("✓") ? "1" : "7" },
        };
      });
      const ids = await pool.putAttempts(made);
      const take = async () => {
        const how = recipe("scrpo", { data: { take: "all" }, pool: { per_problem: 9 } });
        const { rows, summary } = await gatherData(pool, how, problems(1));
        return { lines: rows.map((row) => row.wrong_line), same: left(summary, "errors").same ?? 0 };
      };
      return { pool, ids, take };
    }

    it("two mistakes after the same opening are two, one mistake after different openings is one", async () => {
      const { take } = await group(
        "✓2x+3=7\n2x=4\nx=2",
        "2x+3=7\n2x=10\nx=7",
        "2x+3=7\n  x=4+3 \nx=7",
        "2x=4\n2x=10\r\n\nx=7",
      );
      expect(await take()).toEqual({ lines: ["x=4+3", "2x=10"], same: 1 });
    });

    it("by their first line where nothing right stands beside them, whatever is written in it", async () => {
      const odd = ['\\neq "x"\t1', "a\u0001b", "\\\\", "√ 😀", "a\u0000b"];
      const { take } = await group(...odd.map((line) => `\n \n${line}\nx=7`), "\\neq\nx=7");
      const { lines, same } = await take();
      expect(lines.slice(0, 4)).toEqual(odd.slice(0, 4));
      expect(lines).toHaveLength(6);
      expect(same).toBe(0);
    });

    it("and come with the error type that stands", async () => {
      const { pool, ids } = await group("✓a", "b", "c");
      await pool.annotate("attempt", ids[1] ?? 0, "ann", { kind: "errorType", value: "sign" });
      const how = recipe("scrpo", { data: { take: "all" }, pool: { per_problem: 9 } });
      const { rows } = await gatherData(pool, how, problems(1));
      expect(rows.map((row) => [row.wrong_line, row.error_type])).toEqual([
        ["b", "sign"],
        ["c", null],
      ]);
    });

    it("by the step that a person marked", async () => {
      const texts = ["✓a\nb", "a\nc\nx=7", "d\nc\nx=7", "e\nc\nx=7"];
      const { pool, ids, take } = await group(...texts);
      expect(await take()).toEqual({ lines: ["c", "d", "e"], same: 0 });
      for (const i of [1, 2]) {
        const spans: [number, number][] = [
          [0, 2],
          [2, 4],
          [4, 7],
        ];
        await pool.freezeCut(ids[i] ?? 0, { hash: "h", spans });
        await pool.annotate("attempt", ids[i] ?? 0, "ann", { kind: "firstWrongStep", value: 2 });
      }
      expect(await take()).toEqual({ lines: ["c", "e"], same: 1 });
      // A mark of nothing wrong, and a step without a cut, say nothing of a line.
      await pool.annotate("attempt", ids[2] ?? 0, "ann", { kind: "firstWrongStep", value: 0 });
      await pool.annotate("attempt", ids[3] ?? 0, "ann", { kind: "firstWrongStep", value: 2 });
      expect(await take()).toEqual({ lines: ["c", "d", "e"], same: 0 });
    });
  });

  it.each([
    ["levels", ["3"], 2, { level: 6 }],
    ["kinds", ["even"], 4, { kind: 4 }],
    ["models", ["base"], 8, {}],
    ["models", ["other"], 0, { model: 8 }],
    ["error_types", ["sign"], 1, { errorType: 7 }],
    ["first_wrong_step", "marked", 1, { noStep: 7 }],
  ])("by data.%s %j", async (field, value, expected, out) => {
    const { pool, ids } = await filled(4);
    const one = ids[1]?.[2] ?? 0;
    await pool.setErrorTypes([{ attemptId: one, errorType: "sign", source: "machine" }]);
    await pool.annotate("attempt", one, "ann", { kind: "firstWrongStep", value: 2 });
    await pool.annotate("attempt", ids[3]?.[2] ?? 0, "ann", { kind: "firstWrongStep", value: 0 });
    await pool.annotate("attempt", ids[2]?.[2] ?? 0, "machine:x", { kind: "firstWrongStep", value: 2 });
    const summary = await summariseData(pool, recipe("scrpo", { data: { [field]: value } }), problems(4));
    expect(used(summary)).toEqual({ errors: expected });
    expect(left(summary, "errors")).toEqual(out);
  });

  it("leave out problems that a person called bad, once the pool holds all", async () => {
    const { pool, problemIds } = await filled(2);
    await pool.annotate("problem", problemIds[0] ?? 0, "ann", { kind: "badProblem", value: true });
    const summary = await summariseData(pool, recipe("scrpo", { data: { take: "all" } }), problems(2));
    expect(left(summary, "errors")).toEqual({ badProblem: 2 });
  });
});

describe("people's annotations", () => {
  const say = (pool: Pool, id: number, value: AnnotationValue, who = "ann") =>
    pool.annotate("reflection", id, who, value);

  it("accepted corrections are those that a person accepted or mended; a person's word goes before the grader's", async () => {
    const { pool, ids } = await filled(4);
    const wrong = ids.flatMap((group) => group.slice(2));
    const reflections: number[] = [];
    for (const id of wrong.slice(0, 5)) reflections.push(await reflect(pool, id, { right: id !== wrong[1] }));
    const [, accepted = 0, rejected = 0, mended = 0, withdrawn = 0] = reflections;
    await say(pool, accepted, { kind: "decision", value: "accepted" });
    await say(pool, rejected, { kind: "decision", value: "rejected" });
    await say(pool, mended, { kind: "decision", value: "rejected" });
    await say(pool, mended, { kind: "correction", value: "$x=1$" });
    await say(pool, withdrawn, { kind: "decision", value: "accepted" });
    await say(pool, withdrawn, { kind: "decision", value: null });

    const of = async (corrections: string) => {
      const asked = recipe("scrpo", { data: { corrections } });
      const { rows, summary } = await gatherData(pool, asked, problems(4));
      expect(used(summary)).toEqual({ errors: rows.length });
      return rows.map((row) => wrong.indexOf(row.attempt_id));
    };
    expect(await of("any")).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await of("right")).toEqual([0, 1, 3, 4]);
    expect(await of("accepted")).toEqual([1, 3]);
  });

  it("ratings are by axis, and the newest person's stands", async () => {
    const { pool, ids } = await filled(4);
    const wrong = ids.flatMap((group) => group.slice(2));
    const rated: (readonly [string, number | null, string])[][] = [
      [["overall", 4, "ann"]],
      [["overall", 3, "ann"]],
      [["clarity", 5, "ann"]],
      [
        ["overall", 5, "ann"],
        ["overall", 2, "bob"],
      ],
      [
        ["overall", 2, "ann"],
        ["overall", 5, "ann"],
        ["overall", 1, "machine:judge"],
      ],
      [
        ["overall", 5, "ann"],
        ["overall", null, "ann"],
      ],
    ];
    for (const [i, ratings] of rated.entries()) {
      const id = await reflect(pool, wrong[i] ?? 0);
      for (const [axis, value, who] of ratings) await say(pool, id, { kind: "rating", axis, value }, who);
    }
    const asked = recipe("scrpo", { data: { min_rating: { axis: "overall", value: 4 } } });
    const { rows, summary } = await gatherData(pool, asked, problems(4));
    expect(rows.map((row) => wrong.indexOf(row.attempt_id))).toEqual([0, 4]);
    expect(left(summary, "errors")).toEqual({ notRated: 4, ratedLower: 2 });
  });

  it("pairs hold the right correction, a person's after the model's analysis", async () => {
    const { pool, ids } = await filled(4);
    const wrong = ids.flatMap((group) => group.slice(2));
    const one = await reflect(pool, wrong[0] ?? 0, { right: false });
    await reflect(pool, wrong[0] ?? 0, { right: false, sample: 1 });
    await say(pool, one, { kind: "correction", value: "$x=1$\n\\boxed{1}" });
    await reflect(pool, wrong[1] ?? 0);
    await reflect(pool, wrong[1] ?? 0, { right: false, sample: 1 });
    await reflect(pool, wrong[2] ?? 0, { right: false });
    const headless = await reflect(pool, wrong[3] ?? 0, { text: "Analysis: line 1" });
    await say(pool, headless, { kind: "correction", value: "\\boxed{1}" });
    await say(pool, await reflect(pool, wrong[4] ?? 0, { text: "nothing" }), {
      kind: "correction",
      value: "1",
    });

    const { rows, summary } = await gatherData(
      pool,
      recipe("sft", { sft: { examples: ["pairs"] } }),
      problems(4),
    );
    expect(rows.map((row) => [wrong.indexOf(row.attempt_id), row.reflection, row.fixed])).toEqual([
      [0, "Analysis: Line 2.\nCorrected Solution:\n$x=1$\n\\boxed{1}", true],
      [1, "Analysis: Line 2.\nCorrected Solution:\nso \\boxed{1}", true],
      [3, "Analysis: line 1\nCorrected Solution:\n\\boxed{1}", true],
    ]);
    expect(left(summary, "pairs")).toEqual({ noReflection: 4, notRight: 1 });
    expect(summary.reflections).toEqual([
      { by: "ann", person: true, count: 2 },
      { by: "base", person: false, count: 1 },
    ]);
  });
});

describe("right attempts and gold", () => {
  it("come from all attempts, not from the pool of errors", async () => {
    const { pool, ids } = await filled(3, "CCIU");
    const sft = { sft: { examples: ["gold", "rejection"], per_problem: 1 } };
    const set = problems(3).map((problem, i) => (i === 0 ? { ...problem, solution: "so 1" } : problem));
    const { rows, summary } = await gatherData(pool, recipe("sft", sft), set);
    expect(rows.map((row) => [row.attempt_id, row.verdict])).toEqual(
      ids.map((group) => [group[1], "correct"]),
    );
    expect(used(summary)).toEqual({ gold: 1, right: 3 });
    expect(left(summary, "gold")).toEqual({ noSolution: 2 });
    expect(left(summary, "right")).toEqual({ perProblem: 3, undecided: 3 });
  });
});

describe("preference pairs", () => {
  it("are of groups that the filter keeps, both sides of them, whatever part of the pool was asked for", async () => {
    const pool = await open(workspace());
    const { attemptIds: ids } = await fill(pool, ["CIII", "CCCC", "IIII", "CCII"]);
    await pool.applyFilter({ kind: "mixed" });
    const { rows, summary } = await gatherData(pool, recipe("dpo"), problems(4));
    expect(rows.map((row) => row.attempt_id)).toEqual([...(ids[0] ?? []), ...(ids[3] ?? [])]);
    expect(used(summary)).toEqual({ preferences: 5 });
    expect(left(summary, "preferences")).toEqual({ filtered: 8 });
    const band = { filter: { kind: "band", low: 0.5, high: 0.5 }, dpo: { per_problem: 1 } };
    const kept = await summariseData(pool, recipe("dpo", band), problems(4));
    expect(used(kept)).toEqual({ preferences: 1 });
    const some = { take: "selection", attempts: [ids[0]?.[1] ?? 0] };
    const chosen = await gatherData(pool, recipe("dpo", { data: some }), problems(4));
    expect(chosen.rows.map((row) => row.attempt_id)).toEqual(ids[0]?.slice(0, 2));
  });
});

describe("what cannot be", () => {
  it.each([
    ["scrpo", { data: { take: "selection", attempts: [1, 98, 99] } }, /data.attempts.*98, 99/],
    ["scrpo", { correction: { cycle: [0, 4] }, data: { levels: ["9"] } }, /data.levels: nothing is left/],
    ["sft", { data: { take: "pool" } }, /no right attempts/],
    ["sft", { sft: { examples: ["gold"] } }, /problems: nothing is left .*without a worked solution/],
    ["sft", { sft: { examples: ["pairs"] } }, /no wrong → right pairs/],
    ["dpo", { data: { take: "none" } }, /data.take is none/],
    ["dpo", { filter: { kind: "band", low: 0.9, high: 1 } }, /filter: nothing is left/],
  ])("%s %j is refused, naming the field", async (method, more, message) => {
    const { pool } = await filled(2);
    const asked = recipe(method, more);
    await expect(summariseData(pool, asked, problems(2))).rejects.toThrow(message);
  });

  it("methods that sample for themselves need nothing", async () => {
    const { pool } = await filled(2);
    for (const [method, more] of [
      ["grpo", {}],
      ["scrpo", { data: { levels: ["9"] } }],
      ["sft", { data: { examples: "sampled" } }],
      ["dpo", { data: { examples: "sampled" } }],
    ] as const) {
      expect((await gatherData(pool, recipe(method, more), problems(2))).rows).toEqual([]);
    }
  });
});

it("asks the pool as often for thousands of attempts as for a few", async () => {
  const asked: number[] = [];
  for (const n of [3, 800]) {
    const pool = await open(workspace());
    const rowIds = await pool.putProblems("set", problems(n));
    const { groups } = await pool.openSampling(spec("sample", 5), rowIds);
    const ids = await pool.putAttempts(
      groups.flatMap(({ groupId }) => [..."CCIII"].map((letter, sample) => attempt(groupId, sample, letter))),
    );
    await pool.applyFilter({ kind: "mixed" });
    for (const id of ids.slice(0, 15)) await reflect(pool, id);
    const queries = vi.spyOn(Connection.prototype, "all");
    for (const [method, more] of [
      ["scrpo", { data: { take: "all", corrections: "right" } }],
      ["sft", { sft: { examples: ["rejection", "pairs"] } }],
      ["dpo", {}],
    ] as const) {
      const { rows } = await gatherData(pool, recipe(method, more), problems(n));
      expect(rows.length).toBeGreaterThan(0);
    }
    asked.push(queries.mock.calls.length);
    vi.restoreAllMocks();
  }
  expect(asked[1]).toBe(asked[0]);
});
