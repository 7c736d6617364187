import { expect, test } from "vitest";
import type { LiveMessage } from "../../src/protocol/live.js";
import type { Ending, Subject, WatchProgress } from "../../src/reflection/watch.js";
import { samplePipeline } from "../../src/sampling/pipeline.js";
import { LiveFeed } from "../../src/ui/live-feed.js";
import { open, workspace } from "./pool.fixture.js";
import { MODEL, OPTIONS, prompt, stored, tools } from "./sampling.fixture.js";

const with_ = tools();

test("who watches a sampling hears of every sample what is stored of it, and of one its text before", async () => {
  const pool = await open(workspace());
  const ids = await stored(pool, 60);
  const progress: WatchProgress[] = [];
  const texts: { subject: Subject; text: string }[] = [];
  const endings: { subject: Subject; ending: Ending }[] = [];
  const feed = new LiveFeed();
  const messages: LiveMessage[] = [];
  feed.attach((message, drawn) => {
    messages.push(message);
    drawn();
  });
  const watch = {
    progress: (now: WatchProgress) => {
      progress.push(now);
      feed.progress(now);
    },
    text: (...[subject, live]: Parameters<LiveFeed["text"]>) => {
      texts.push({ subject, text: live.text });
      feed.text(subject, live);
    },
    ended: (subject: Subject, ending: Ending) => {
      endings.push({ subject, ending });
      feed.ended(subject, ending);
    },
  };
  const job = {
    pool,
    model: MODEL,
    problems: ids,
    group: 8,
    options: OPTIONS,
    prompt: await prompt("solve"),
  };
  const result = await samplePipeline({ ...with_, engine: with_.engine, watch }, job, () => {});
  feed.close("done");
  await expect.poll(() => messages.at(-1)?.head.outcome).toBe("done");
  feed.dispose();

  expect(progress[0]).toMatchObject({ stage: "Sampling", backend: null, done: 0, total: 480 });
  expect(progress.at(-1)).toMatchObject({ backend: "cpu", done: 480 });
  expect(texts.length).toBeGreaterThan(0);
  const attempts = await pool.attemptsOfSampling(result.samplingId);
  const problems = new Map((await pool.problems(ids)).map((problem) => [problem.rowId, problem]));
  const told = new Map(
    endings.map(({ subject, ending }) => [`${subject.origin} ${subject.sample}`, { subject, ending }]),
  );
  expect(told.size).toBe(480);
  for (const { problemId, sample, verdict, answer, text } of attempts) {
    const problem = problems.get(problemId);
    const key = [...told.keys()].find(
      (name) => name.includes(` ${problem?.id} `) && name.endsWith(` ${sample}`),
    );
    expect(told.get(key ?? "")).toMatchObject({
      subject: { what: "attempt", problem: problem?.problem, gold: problem?.gold, of: 8 },
      ending: { verdict, answer, text },
    });
  }
  for (const { subject, text } of texts) {
    const whole = told.get(`${subject.origin} ${subject.sample}`)?.ending.text;
    expect(whole?.startsWith(text)).toBe(true);
  }
  expect(messages.at(-1)?.head.tally.correct).toBe(result.correct);
  expect(messages.some(({ sample, delta }) => sample && delta)).toBe(true);
});
