import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { findPrompt, renderPrompt } from "../../src/inference/prompts.js";
import { neutralText, openingOf, shuffled } from "../../src/reflection/analysis.js";
import { takeTurns } from "../../src/reflection/turns.js";
import { parseVerification } from "../../src/reflection/verification.js";
import { evaluate } from "../../src/sampling/evaluate.js";
import { editRatio } from "../../src/sampling/second-turns.js";
import { open, workspace } from "./pool.fixture.js";
import { MODEL, OPTIONS, stored, tools } from "./sampling.fixture.js";

interface Case {
  name: string;
  text: string;
  claim: "right" | "wrong" | null;
}
const CASES: Case[] = JSON.parse(readFileSync("test/fixtures/verifications.json", "utf8"));

describe("a verification", () => {
  it.each(CASES)("$name", ({ text, claim }) => {
    expect(parseVerification(text)).toBe(claim);
  });
});

describe("another text where an analysis stood", () => {
  it("keeps what stands around it, to the correction's first character", () => {
    const text = "<think>hm</think>\nAnalysis:\nLine 2.\n\nCorrected Solution:\n$x=1$";
    const opening = openingOf(text);
    expect(opening).toEqual({
      before: "<think>hm</think>\nAnalysis:\n",
      analysis: "Line 2.",
      after: "\n\nCorrected Solution:\n",
    });
    expect(openingOf("Analysis: Line 2.")).toBeNull();
  });

  it.each([
    ["One two three.", 14, "One two three."],
    ["One two three.", 20, "One two three. One"],
    ["One two three.", 18, "One two three. One"],
    ["One two three.", 5, "One"],
    ["One two three.", 2, "On"],
  ])("repeats %j to at most %i characters, whole words where one fits", (sentence, length, text) => {
    expect(neutralText(sentence, length)).toBe(text);
  });

  it("gives nobody the analysis of its own problem, and everybody's to somebody", () => {
    for (const sizes of [
      [1, 1],
      [3, 2, 1],
      [5, 1, 1, 1, 1, 1],
      [4, 4],
      [2, 7, 3, 7],
    ]) {
      const items = sizes.flatMap((n, problemId) => Array.from({ length: n }, () => ({ problemId })));
      const donors = shuffled(items);
      expect(donors?.size).toBe(items.length);
      expect(new Set(donors?.values()).size).toBe(items.length);
      for (const [item, donor] of donors ?? []) expect(donor.problemId).not.toBe(item.problemId);
    }
    expect(shuffled([{ problemId: 1 }, { problemId: 1 }, { problemId: 2 }])).toBeNull();
    expect(shuffled([])).toBeNull();
  });
});

test("the edit ratio counts words over both texts", () => {
  expect(editRatio("$x = 12$", "$x=12$")).toBe(0);
  // One of four words replaced, of eight in all.
  expect(editRatio("a b c 12", "a b c 13")).toBe(1 / 8);
  expect(editRatio("a b", "c d")).toBe(1 / 2);
  expect(editRatio("a b", "")).toBe(1);
  expect(editRatio("", "")).toBe(0);
});

const quiet = (): void => undefined;
const with_ = tools();
const named = (name: "solve" | "reflect" | "look_again" | "verify" | "neutral") =>
  findPrompt(name, { family: "demo" });

describe("turns of the embedded model", () => {
  test("everything is measured once: cancelled half-way it goes on, and then nothing is left to make", async () => {
    const pool = await open(workspace());
    const job = {
      ...{ pool, model: MODEL, problems: await stored(pool, 6), group: 4, options: OPTIONS },
      prompts: { solve: await named("solve"), reflect: await named("reflect") },
      more: {
        second: await named("look_again"),
        verification: await named("verify"),
        neutral: await named("neutral"),
      },
    };
    const stop = new AbortController();
    const half = evaluate(
      with_,
      job,
      ({ stage, done }) => stage === "verifications" && done > 0 && stop.abort(),
      stop.signal,
    );
    await expect(half).rejects.toMatchObject({ name: "AbortError" });
    const whole = await evaluate(with_, job, quiet);
    expect(whole.looks).toHaveLength(24);
    expect(whole.verifications).toHaveLength(24);
    expect(whole.looks?.map(({ attemptId }) => attemptId)).toEqual(whole.attempts.map(({ id }) => id));
    // It learnt to end a verification with a verdict, and to write another solution at a second look.
    const claims = whole.verifications?.map(({ claim }) => claim) ?? [];
    expect(claims.filter((claim) => claim !== null).length).toBeGreaterThan(20);
    expect(whole.looks?.filter(({ second }) => second === "truncated")).toEqual([]);
    expect(whole.lifts?.length).toBe(whole.reflections.filter(({ parsed }) => parsed).length);
    expect(whole.lifts?.length).toBeGreaterThan(0);
    const again = await evaluate(with_, job, quiet);
    expect(again.made).toBe(0);
    expect([again.looks, again.verifications, again.lifts]).toEqual([
      ...[whole.looks, whole.verifications, whole.lifts],
    ]);
    // A problem that a person calls bad leaves every metric.
    const [bad = 0] = job.problems;
    await pool.annotate("problem", bad, "ann", { kind: "badProblem", value: true });
    const without = await evaluate(with_, job, quiet);
    expect(without.problems.map(({ problem }) => problem.rowId)).toEqual(job.problems.slice(1));
    expect(without.looks?.some(({ problemId }) => problemId === bad)).toBe(false);
    // None of it is a reflection that a person would be shown.
    expect(await pool.reflectionsOf(whole.attempts.map(({ id }) => id))).toHaveLength(
      whole.reflections.length,
    );
  });

  test("an attempt that fills the context leaves no room: a second turn that failed, stored as such", async () => {
    const pool = await open(workspace());
    const problems = await stored(pool, 1);
    const spec = { modelId: MODEL.id, modelHash: "h", purpose: "evaluation" as const, group: 2, prompt: "p" };
    const { samplingId, groups } = await pool.openSampling({ ...spec, options: OPTIONS }, problems);
    const attempt = (sample: number, text: string, tokens: number) => ({
      ...{ groupId: groups[0]?.groupId ?? 0, sample },
      generation: { text, tokens, tokenIds: [], logprobs: [], finish: "length" as const },
      grade: { verdict: "incorrect" as const, answer: null, span: null, reason: "No answer." },
    });
    await pool.putAttempts([attempt(0, "$x=1$", 5), attempt(1, "x=x+".repeat(60), 240)]);
    const attempts = await pool.attemptsOfSampling(samplingId);
    const look = await named("look_again");
    const job = {
      ...{ pool, model: MODEL, attempts, options: OPTIONS, sources: [look.source], stage: "second looks" },
      ask: ({ text }: { text: string }, { problem }: { problem: string }) => ({
        messages: renderPrompt(look, { problem, solution: text }),
      }),
    };
    const { turns, made } = await takeTurns(with_, { ...job, kind: "second" }, quiet);
    expect(made).toBe(1);
    const [asked, unasked] = attempts.map(({ id }) => turns.get(id));
    expect(asked?.tokens).toBeGreaterThan(0);
    expect(unasked).toMatchObject({ verdict: "truncated", text: "", answer: null, tokens: 0 });
    const judged = await takeTurns(with_, { ...job, kind: "verification" }, quiet);
    expect(judged.turns.get(attempts[1]?.id ?? 0)).toMatchObject({ verdict: null, answer: null, tokens: 0 });
  });
});
