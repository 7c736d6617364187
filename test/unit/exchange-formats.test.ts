import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Pool } from "../../src/pool/types.js";
import { cutSteps, stepsHash } from "../../src/protocol/steps.js";
import type { AnnotationValue } from "../../src/protocol/types.js";
import { exported } from "./exchange.fixture.js";
import { open, sayAll, spec, workspace } from "./pool.fixture.js";

const SOLUTION = "$2x=6$\n$x=4$\nSo \\boxed{4}";

/** One problem, `texts` as its attempts (`*` at the end: right; `?`: cannot be scored), two reflections on the second. */
async function group(
  texts: string[],
): Promise<{ pool: Pool; ids: number[]; reflections: number[]; rowId: number }> {
  const pool = await open(workspace());
  const [rowId = -1] = await pool.putProblems("set", [{ id: "p1", problem: "Solve $2x=6$", gold: "3" }]);
  const sampling = {
    ...spec("sample", texts.length),
    prompt: "{# system #}\nBe brief.\n{# user #}\n{{ problem }}",
  };
  const { groups } = await pool.openSampling(sampling, [rowId]);
  const ids = await pool.putAttempts(
    texts.map((text, sample) => ({
      ...{ groupId: groups[0]?.groupId ?? -1, sample },
      generation: { text: text.replace(/[*?]$/, ""), tokenIds: [1], logprobs: [-1], finish: "stop" as const },
      grade: {
        verdict: text.endsWith("*") ? "correct" : text.endsWith("?") ? "unscored" : "incorrect",
        ...{ answer: "4", span: null, reason: "numbers" },
      },
    })),
  );
  const reflections = await pool.putReflections(
    [0, 1].map((sample) => ({
      ...{ attemptId: ids[1] ?? -1, modelId: "reflector", sample, analysis: "slip", parsed: true },
      generation: { text: `reflection ${sample}`, tokenIds: [1], logprobs: [-1], finish: "stop" as const },
      correctedSolution: `$x=3$ (${sample})`,
      grade: { verdict: "correct" as const, answer: "3", span: null, reason: "" },
    })),
  );
  return { pool, ids, reflections, rowId };
}

const PROMPT = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Solve $2x=6$" },
];
const answer = (content: string) => [{ role: "assistant", content }];
const at = expect.stringMatching(/^\d{4}-.*Z$/);
const key = expect.stringMatching(/^[0-9a-f]{32}$/);

test("SFT: right attempts are the grader's, corrections their person's; a machine's word is nobody's", async () => {
  const { pool, ids, reflections } = await group([SOLUTION, SOLUTION, "right*", "open?"]);
  await pool.annotate("reflection", reflections[0] ?? -1, "machine:judge", {
    kind: "decision",
    value: "accepted",
  });
  expect((await exported(pool, "sft")).result).toMatchObject({ rows: 1, skipped: { noCorrection: 3 } });
  await pool.annotate("reflection", reflections[0] ?? -1, "ann", { kind: "decision", value: "accepted" });
  await pool.annotate("attempt", ids[0] ?? -1, "bo", { kind: "correction", value: "$x=3$ by \ud800 hand" });
  const { rows, result } = await exported(pool, "sft");
  const errata = {
    attempt: ids[0],
    at,
    kind: "person",
    model: null,
    sampling: key,
    reflection: null,
    who: "bo",
  };
  expect(rows).toEqual([
    { prompt: PROMPT, completion: answer("$x=3$ by \ufffd hand"), errata },
    {
      ...{ prompt: PROMPT, completion: answer("$x=3$ (0)") },
      errata: { ...errata, attempt: ids[1], who: "ann", model: "reflector", reflection: reflections[0] },
    },
    {
      ...{ prompt: PROMPT, completion: answer("right") },
      errata: { ...errata, attempt: ids[2], who: "grader", kind: "machine", model: "base" },
    },
  ]);
  expect(result.skipped).toEqual({ noCorrection: 1 });
  // Taken back is taken back.
  await pool.annotate("reflection", reflections[0] ?? -1, "ann", { kind: "decision", value: null });
  expect((await exported(pool, "sft")).result.rows).toBe(2);
});

test("a person's edit goes before an accepted reflection, a person's verdict before the grader's", async () => {
  const { pool, ids, reflections } = await group([SOLUTION, SOLUTION, "right*"]);
  await pool.annotate("reflection", reflections[1] ?? -1, "ann", { kind: "decision", value: "accepted" });
  await pool.annotate("reflection", reflections[1] ?? -1, "ann", { kind: "correction", value: "edited" });
  await pool.annotate("attempt", ids[2] ?? -1, "ann", { kind: "verdict", value: "incorrect" });
  await pool.annotate("attempt", ids[0] ?? -1, "ann", { kind: "verdict", value: "correct" });
  const { rows } = await exported(pool, "sft");
  expect(rows.map(({ completion, errata }) => [completion, errata])).toEqual([
    [answer(SOLUTION), expect.objectContaining({ who: "ann", kind: "person", model: "base" })],
    [answer("edited"), expect.objectContaining({ who: "ann", model: null, reflection: reflections[1] })],
  ]);
});

test("a correction that was saved as the model wrote it is the model's, accepted", async () => {
  const { pool, ids, reflections } = await group(["bad 0", "bad 1"]);
  const [first = -1, second = -1] = reflections;
  const provenance = async (target: "attempt" | "reflection", id: number, value: string) => {
    await pool.annotate(target, id, "ann", { kind: "correction", value });
    const { rows } = await exported(pool, "sft");
    return rows.map(({ errata }) => errata);
  };
  const ann = { who: "ann", kind: "person" };
  expect(await provenance("reflection", first, "$x=3$ (0)\n")).toMatchObject([
    { ...ann, model: "reflector", reflection: first },
  ]);
  expect(await provenance("attempt", ids[1] ?? -1, "$x=3$ (1)")).toMatchObject([
    { ...ann, model: "reflector", reflection: second },
  ]);
  expect(await provenance("reflection", first, "$x=3$, of course")).toMatchObject([
    { ...ann, model: null, reflection: first },
  ]);
});

test("DPO: a correction, else a right sibling; right siblings take turns", async () => {
  const { pool, ids, reflections } = await group([
    "bad 0",
    "bad 1",
    "right 2*",
    "bad 3",
    "right 4*",
    "open?",
  ]);
  await pool.annotate("reflection", reflections[0] ?? -1, "ann", { kind: "decision", value: "accepted" });
  const { rows, result } = await exported(pool, "dpo");
  expect(rows.map(({ prompt, chosen, rejected }) => ({ prompt, chosen, rejected }))).toEqual([
    { prompt: PROMPT, chosen: answer("right 2"), rejected: answer("bad 0") },
    { prompt: PROMPT, chosen: answer("$x=3$ (0)"), rejected: answer("bad 1") },
    { prompt: PROMPT, chosen: answer("right 4"), rejected: answer("bad 3") },
  ]);
  expect(rows.map(({ errata }) => (errata as { who: string }).who)).toEqual(["grader", "ann", "grader"]);
  expect(result.skipped).toEqual({ right: 2, unscored: 1 });
  await sayAll(pool, [ids[2] ?? -1, ids[4] ?? -1], "ann", { kind: "verdict", value: "incorrect" });
  expect((await exported(pool, "dpo")).result.skipped).toEqual({ noChosen: 4, unscored: 1 });
});

test("KTO: attempts, accepted and rejected corrections, each wanted or not", async () => {
  const { pool, reflections } = await group(["bad", "worse", "right*", "open?"]);
  await pool.annotate("reflection", reflections[0] ?? -1, "ann", { kind: "decision", value: "accepted" });
  await pool.annotate("reflection", reflections[1] ?? -1, "ann", { kind: "decision", value: "rejected" });
  const { rows, result } = await exported(pool, "kto");
  expect(
    rows.map(({ completion, label, errata }) => [completion, label, (errata as { kind: string }).kind]),
  ).toEqual([
    [answer("bad"), false, "machine"],
    [answer("worse"), false, "machine"],
    [answer("$x=3$ (0)"), true, "person"],
    [answer("$x=3$ (1)"), false, "person"],
    [answer("right"), true, "machine"],
  ]);
  expect(result.skipped).toEqual({ unscored: 1 });
});

test("steps: up to the first wrong one, frozen as they were when it was named", async () => {
  const { pool, ids } = await group([SOLUTION, SOLUTION, `${SOLUTION}*`, SOLUTION, SOLUTION]);
  const spans = cutSteps(SOLUTION).map((s): [number, number] => [s.start, s.start + s.text.length]);
  const joined: [number, number][] = [[0, spans[1]?.[1] ?? 0], spans[2] ?? [0, 0]];
  await pool.freezeCut(ids[1] ?? -1, { hash: stepsHash(SOLUTION), spans: joined });
  const said = (i: number, value: number, seconds?: number) =>
    pool.annotate(
      "attempt",
      ids[i] ?? -1,
      "ann",
      { kind: "firstWrongStep", value },
      seconds ? { seconds } : {},
    );
  await said(0, 2, 12.5);
  await said(1, 2);
  await said(2, 0);
  await said(3, 9);

  const stepwise = await exported(pool, "stepwise");
  expect(stepwise.rows.map(({ errata: _, ...row }) => row)).toEqual([
    { prompt: "Solve $2x=6$", completions: ["$2x=6$", "$x=4$"], labels: [true, false] },
    { prompt: "Solve $2x=6$", completions: ["$2x=6$\n$x=4$", "So \\boxed{4}"], labels: [true, false] },
    { prompt: "Solve $2x=6$", completions: ["$2x=6$", "$x=4$", "So \\boxed{4}"], labels: [true, true, true] },
  ]);
  expect(stepwise.result.skipped).toEqual({ unknownStep: 1, noStep: 1 });

  const bench = await exported(pool, "processbench");
  expect(bench.rows.map(({ label, final_answer_correct }) => [label, final_answer_correct])).toEqual([
    [1, false],
    [1, false],
    [-1, true],
  ]);
  expect(bench.rows[0]).toEqual({
    ...{ id: `set-p1-${ids[0]}`, generator: "base", problem: "Solve $2x=6$" },
    ...{ steps: ["$2x=6$", "$x=4$", "So \\boxed{4}"], final_answer_correct: false, label: 1 },
  });
  expect(bench.result.beside).toEqual([`${bench.result.file}.provenance.jsonl`]);

  const prm = await exported(pool, "prm800k");
  const step = (text: string, rating: number) => ({
    ...{ completions: [{ text, rating, flagged: null }], human_completion: null },
    chosen_completion: rating === 1 ? 0 : null,
  });
  expect(prm.rows[0]).toEqual({
    ...{ labeler: "ann", timestamp: expect.stringMatching(/^[\d-]+T[\d:.]+$/), generation: null },
    ...{ is_quality_control_question: false, is_initial_screening_question: false },
    question: {
      ...{ problem: "Solve $2x=6$", ground_truth_solution: null, ground_truth_answer: "3" },
      pre_generated_steps: ["$2x=6$", "$x=4$", "So \\boxed{4}"],
      ...{ pre_generated_answer: "4", pre_generated_verifier_score: null },
    },
    label: {
      ...{ steps: [step("$2x=6$", 1), step("$x=4$", -1)], total_time: 12_500, finish_reason: "found_error" },
    },
  });
  expect(prm.rows[2]).toMatchObject({ label: { finish_reason: "solution", total_time: null } });
  await pool.annotate("attempt", ids[2] ?? -1, "ann", { kind: "verdict", value: "incorrect" });
  expect((await exported(pool, "prm800k")).result.skipped).toMatchObject({ contradiction: 1 });
});

test("people who disagree: skipped, unless an adjudicator decided or one person's words are asked for", async () => {
  const { pool, ids } = await group([SOLUTION, SOLUTION]);
  const id = ids[0] ?? -1;
  const said = (who: string, value: number) =>
    pool.annotate("attempt", id, who, { kind: "firstWrongStep", value });
  const labels = async (annotator?: string) =>
    (await exported(pool, "processbench", { annotator })).rows.map(({ label }) => label);
  await said("ann", 1);
  await said("bo", 1);
  expect(await labels()).toEqual([0]);
  await said("bo", 2);
  expect(await labels()).toEqual([]);
  expect((await exported(pool, "processbench")).result.skipped).toMatchObject({ conflict: 1 });
  expect(await labels("ann")).toEqual([0]);
  expect(await labels("bo")).toEqual([1]);
  expect(await labels("nobody")).toEqual([]);
  await said("adjudicated:cy", 3);
  expect(await labels()).toEqual([2]);
  await said("bo", 1);
  expect(await labels()).toEqual([2]);
  await pool.annotate("attempt", id, "adjudicated:cy", { kind: "firstWrongStep", value: null });
  expect(await labels()).toEqual([0]);
  // What comes again unseen measures a person; it is no label.
  await pool.annotate("attempt", id, "ann", { kind: "firstWrongStep", value: 3 }, { pass: 2 });
  expect(await labels()).toEqual([0]);
});

test("a bad problem is in no training file; PRM800K has a word for it, the others a column", async () => {
  const { pool, ids, rowId } = await group([SOLUTION, SOLUTION, "right*"]);
  await pool.annotate("attempt", ids[0] ?? -1, "ann", { kind: "firstWrongStep", value: 1 });
  await pool.annotate("problem", rowId, "ann", { kind: "badProblem", value: true });
  for (const format of ["sft", "dpo", "kto", "stepwise", "processbench"] as const) {
    expect((await exported(pool, format)).result, format).toMatchObject({
      rows: 0,
      skipped: { badProblem: 3 },
    });
  }
  const { rows } = await exported(pool, "prm800k");
  expect(rows[0]).toMatchObject({ labeler: "ann", label: { steps: [], finish_reason: "bad_problem" } });
});

test("a prompt that cannot be rendered leaves out its attempts, and says so", async () => {
  const pool = await open(workspace());
  const [rowId = -1] = await pool.putProblems("set", [{ id: "p", problem: "P", gold: "1" }]);
  const { groups } = await pool.openSampling({ ...spec("sample", 1), prompt: "{{ nothing }}" }, [rowId]);
  const generation = { text: "t", tokenIds: [], logprobs: [], finish: "stop" as const };
  const grade = { verdict: "correct" as const, answer: "1", span: null, reason: "" };
  await pool.putAttempts([{ groupId: groups[0]?.groupId ?? -1, sample: 0, generation, grade }]);
  expect((await exported(pool, "sft")).result).toMatchObject({ rows: 0, skipped: { noPrompt: 1 } });
});

test("Label Studio: tasks in its documented form, people apart from machines, and a configuration that fits", async () => {
  const { pool, ids, reflections } = await group([SOLUTION, SOLUTION, "right*"]);
  const id = ids[1] ?? -1;
  await pool.setErrorTypes([{ attemptId: id, errorType: "<sign & \u0000>", source: "generator" }]);
  const say = (who: string, value: AnnotationValue, seconds?: number) =>
    pool.annotate("attempt", id, who, value, seconds === undefined ? {} : { seconds });
  await say("ann@example.org", { kind: "firstWrongStep", value: 2 }, 4);
  await say("ann@example.org", { kind: "label", axis: 'od"d', value: true }, 9);
  await say("Bo", { kind: "note", value: "n" });
  await pool.annotate("reflection", reflections[1] ?? -1, "Bo", {
    kind: "rating",
    axis: "custom axis",
    value: 4,
  });
  await say("machine:checker", { kind: "firstWrongStep", value: 1 });
  const { rows, result, text } = await exported(pool, "label-studio");
  expect(text).toMatch(/^\[\n\{[\s\S]*\}\n\]\n$/);
  expect(result).toMatchObject({ rows: 3, skipped: {} });
  const task = rows[1] as {
    data: Record<string, unknown>;
    annotations: { result: { from_name: string; to_name: string; type: string; value: object }[] }[];
    predictions: { model_version: string; result: { from_name: string }[] }[];
  };
  expect(task.data).toMatchObject({
    problem: "Solve $2x=6$",
    gold: "3",
    solution: SOLUTION,
    reflection: "reflection 1",
  });
  expect(task.annotations).toMatchObject([
    { was_cancelled: false, ground_truth: false },
    { completed_by: { email: "ann@example.org" }, lead_time: 9 },
  ]);
  expect(task.annotations[0]).not.toHaveProperty("completed_by");
  expect(
    task.annotations.map(({ result }) => result.map(({ from_name, value }) => [from_name, value])),
  ).toEqual([
    [
      ["rating_custom_axis", { rating: 4 }],
      ["note", { text: ["n"] }],
      ["said_by", { text: ["Bo"] }],
    ],
    [
      ["first_wrong_step", { number: 2 }],
      ["labels", { choices: ['od"d'] }],
      ["said_by", { text: ["ann@example.org"] }],
    ],
  ]);
  expect(task.predictions.map(({ model_version, result }) => [model_version, result[0]?.from_name])).toEqual([
    ["grader", "verdict"],
    ["generator", "error_type"],
    ["checker", "first_wrong_step"],
  ]);
  expect(text).not.toContain("\\u0000");

  const config = readFileSync(`${result.file}.config.xml`, "utf8");
  const names = new Set([...config.matchAll(/ name="([^"]+)"/g)].map(([, name]) => name));
  const objects = new Set(
    [...config.matchAll(/<Text name="(\w+)" value="\$(\w+)"/g)].map(([, name]) => name),
  );
  for (const { result: made } of [...task.annotations, ...task.predictions]) {
    for (const { from_name } of made) expect(names).toContain(from_name);
  }
  for (const { result: made } of task.annotations)
    for (const one of made) expect(objects).toContain(one.to_name);
  for (const [, field] of config.matchAll(/value="\$(\w+)"/g))
    expect(task.data).toHaveProperty(String(field));
  expect(config).toContain('<Choice value="&lt;sign &amp; \ufffd&gt;"/>');
  expect(config).toContain('<Choice value="od&quot;d"/>');
});
