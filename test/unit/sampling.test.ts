import { expect, test } from "vitest";
import { modelFingerprint } from "../../src/inference/model/fingerprint.js";
import type { Progress } from "../../src/protocol/types.js";
import { reflectOn } from "../../src/reflection/reflect.js";
import { evaluate } from "../../src/sampling/evaluate.js";
import { samplePipeline } from "../../src/sampling/pipeline.js";
import { open, workspace } from "./pool.fixture.js";
import { MODEL, OPTIONS, prompt, stored, tools } from "./sampling.fixture.js";

const quiet = (): void => undefined;
const with_ = tools();
const texts = async (pool: Awaited<ReturnType<typeof open>>) =>
  (await pool.attempts({ scope: "all" }))
    .map((a) => `${a.problemId} ${a.sample} ${a.verdict} ${a.text}`)
    .sort();

async function job(n = 12, group = 8) {
  const pool = await open(workspace());
  const solve = await prompt("solve");
  return { pool, model: MODEL, problems: await stored(pool, n), group, options: OPTIONS, prompt: solve };
}

test("sampling grades, stores and filters, with progress that a person can follow", async () => {
  const it = await job();
  const seen: Progress[] = [];
  const result = await samplePipeline(with_, it, (progress) => seen.push(progress));
  expect(result).toMatchObject({ problems: 12, attempts: 96, made: 96, backend: "cpu" });
  expect(result.correct + result.incorrect + result.unscored + result.truncated).toBe(96);
  expect(result.correct).toBeGreaterThan(0);
  expect(result.incorrect).toBeGreaterThan(0);
  const stats = await it.pool.stats();
  expect(stats).toMatchObject({ attempts: 96, correct: result.correct, inPool: result.inPool });
  expect(seen.every((p) => p.stage === "Sampling" && p.total === 96)).toBe(true);
  expect(seen.map((p) => p.done)).toEqual(seen.map((p) => p.done).sort((a, b) => a - b));
  expect(seen.at(-1)).toMatchObject({ done: 96, secondsLeft: 0 });
  expect(seen.at(-1)?.detail).toMatch(/^[\d\u2009]+ tok\/s on cpu, \d+ at once$/);
  for (const attempt of await it.pool.attempts({ scope: "all" })) {
    const { tokenIds, logprobs } = await it.pool.tokensOf(attempt.id);
    expect(logprobs).toHaveLength(tokenIds.length);
    expect(logprobs.every((value) => value <= 0)).toBe(true);
    if (attempt.answerSpan) expect(attempt.text.slice(...attempt.answerSpan)).toBe(attempt.answer);
  }
  const again = await samplePipeline(with_, it, quiet);
  expect(again).toMatchObject({ made: 0, backend: null, attempts: 96, correct: result.correct });
});

test("a text cut at the token limit before its answer is truncated, a failure that never enters the pool", async () => {
  const it = await job(4, 4);
  const result = await samplePipeline(with_, { ...it, options: { ...OPTIONS, maxTokens: 12 } }, quiet);
  expect(result.truncated).toBeGreaterThan(8);
  expect(await it.pool.attempts({ verdicts: ["truncated"] })).toEqual([]);
});

test("cancelled half-way, what was finished stays; the next sampling makes the rest, the same as at once", async () => {
  // More than one report's worth, however fast the engine is.
  const it = await job(48);
  const stop = new AbortController();
  const sampling = samplePipeline(with_, it, ({ done }) => done >= 20 && stop.abort(), stop.signal);
  await expect(sampling).rejects.toMatchObject({ name: "AbortError" });
  const { attempts } = await it.pool.stats();
  expect(attempts).toBeGreaterThanOrEqual(20);
  expect(attempts).toBeLessThan(384);
  const seen: Progress[] = [];
  const rest = await samplePipeline(with_, it, (progress) => seen.push(progress));
  expect(rest).toMatchObject({ made: 384 - attempts, attempts: 384 });
  expect(seen[0]).toMatchObject({ done: attempts, total: 384 });

  const whole = await job(48);
  await samplePipeline(with_, whole, quiet);
  expect(await texts(it.pool)).toEqual(await texts(whole.pool));
});

test("a worker killed in the middle of sampling loses nothing and doubles nothing", async () => {
  const it = await job(48);
  let killed = 0;
  const result = await samplePipeline(with_, it, ({ done }) => {
    const { pid } = with_.engine;
    if (done < 10 || killed > 0 || pid === undefined) return;
    killed = pid;
    process.kill(pid, "SIGKILL");
  });
  expect(killed).toBeGreaterThan(0);
  expect(result).toMatchObject({ attempts: 384 });
  expect(await it.pool.stats()).toMatchObject({ attempts: 384, problems: 48 });
});

test("a grader that breaks ends the sampling with its error; what was stored stays", async () => {
  const it = await job();
  let graded = 0;
  const broken = {
    ...{ engine: with_.engine },
    grader: {
      ...with_.grader,
      grade: async (text: string, gold: string) => {
        if (++graded > 30) throw new Error("the grading thread is gone");
        return with_.grader.grade(text, gold);
      },
    },
  };
  await expect(samplePipeline(broken, it, quiet)).rejects.toThrow("the grading thread is gone");
  expect((await it.pool.stats()).attempts).toBeLessThanOrEqual(30);
  expect(await samplePipeline(with_, it, quiet)).toMatchObject({ attempts: 96 });
});

test("reflections are made once, parsed, graded, and the model never sees the gold answer", async () => {
  const it = await job();
  await samplePipeline(with_, it, quiet);
  const wrong = await it.pool.attempts({ scope: "all", verdicts: ["incorrect"] });
  const attemptIds = wrong.slice(0, 12).map((attempt) => attempt.id);
  const seen: string[] = [];
  const engine = new Proxy(with_.engine, {
    get: (target, name) => {
      if (name !== "generate") return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name);
      return (...args: Parameters<typeof target.generate>) => {
        seen.push(...args[0].map((j) => JSON.stringify(j.messages)));
        return target.generate(...args);
      };
    },
  });
  const reflect = {
    ...{ pool: it.pool, model: MODEL, attemptIds, samples: 2, options: OPTIONS },
    prompt: { file: "reflect.jinja", source: (await prompt("reflect")).source },
  };
  const withBuiltIn = { ...reflect, prompt: { ...reflect.prompt, builtIn: true } };
  const result = await reflectOn({ engine, grader: with_.grader }, withBuiltIn, quiet);
  expect(result).toMatchObject({ reflections: 24, made: 24 });
  expect(result.parsed).toBeGreaterThan(12);
  expect(seen).toHaveLength(12);
  for (const [i, messages] of seen.entries()) {
    const attempt = wrong.find((a) => a.id === attemptIds[i]);
    expect(messages).toContain(JSON.stringify(attempt?.text).slice(1, -1));
    const { gold } = await it.pool.problem(attempt?.problemId ?? -1);
    // The wrong text may hold the right number somewhere; as a boxed answer it would be right.
    expect(messages).not.toContain(`boxed{${gold}}`);
  }
  const [first] = await it.pool.reflectionsOf(attemptIds);
  expect(first?.text).toContain(first?.analysis ?? "?");
  expect(await reflectOn(with_, withBuiltIn, quiet)).toMatchObject({
    ...{ made: 0, reflections: 24, fixed: result.fixed },
  });
  const more = await reflectOn(with_, { ...withBuiltIn, samples: 3 }, quiet);
  expect(more).toMatchObject({ made: 12, reflections: 36 });
});

test("an evaluation measures first attempts, reflections and retries, and leaves the pool alone", async () => {
  const it = await job(10);
  const prompts = { solve: await prompt("solve"), reflect: await prompt("reflect") };
  const result = await evaluate(with_, { ...it, prompts }, quiet);
  const wrong = result.attempts.filter((attempt) => attempt.verdict === "incorrect");
  expect(result.problems).toHaveLength(10);
  expect(result.problems.reduce((n, p) => n + p.scored + p.unscored, 0)).toBe(80);
  expect(result.lift.attempts).toHaveLength(wrong.length);
  expect(result.lift.reflection.scored + result.lift.reflection.unscored).toBe(wrong.length);
  expect(result.lift.retry.scored + result.lift.retry.unscored).toBe(wrong.length);
  expect(await it.pool.stats()).toMatchObject({ problems: 0, attempts: 0, inPool: 0 });
  const again = await evaluate(with_, { ...it, prompts }, quiet);
  expect(again).toMatchObject({ made: 0, lift: result.lift, problems: result.problems });
});

test("a retry is another sample than the first attempt that it retries", async () => {
  const it = await job(10);
  const prompts = { solve: await prompt("solve"), reflect: await prompt("reflect") };
  const result = await evaluate(with_, { ...it, prompts }, quiet);
  const modelHash = await modelFingerprint(MODEL);
  const spec = { modelId: MODEL.id, modelHash, purpose: "retry" as const, group: 8, options: OPTIONS };
  const { samplingId } = await it.pool.openSampling({ ...spec, prompt: prompts.solve.source }, []);
  const retries = await it.pool.attemptsOfSampling(samplingId);
  expect(retries).toHaveLength(result.lift.attempts.length);
  const logprobs = async (id: number) => JSON.stringify((await it.pool.tokensOf(id)).logprobs);
  let same = 0;
  for (const retry of retries) {
    const first = result.attempts.find((a) => a.problemId === retry.problemId && a.sample === retry.sample);
    if (first && (await logprobs(first.id)) === (await logprobs(retry.id))) same++;
  }
  // Equal texts do occur, errors being nearly determined by the problem; equal random streams would make all equal.
  expect(same).toBeLessThan(retries.length);
});
