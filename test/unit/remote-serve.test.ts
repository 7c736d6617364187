import { afterAll, beforeAll, expect, test } from "vitest";
import { AnyEngine } from "../../src/inference/any-engine.js";
import { discover } from "../../src/inference/remote/endpoint.js";
import { RemoteEngine } from "../../src/inference/remote/engine.js";
import type { LiveText } from "../../src/inference/types.js";
import type { ModelEntry } from "../../src/protocol/types.js";
import { samplePipeline } from "../../src/sampling/pipeline.js";
import { open, workspace } from "./pool.fixture.js";
import { type RealServer, transformersServe } from "./remote-serve.fixture.js";
import { MODEL, OPTIONS, prompt, stored, tools } from "./sampling.fixture.js";

/** Against a real server, `transformers serve`, on the very weights that our own engine has. */
const local = tools();
const warnings: string[] = [];
const remote = new RemoteEngine({ warn: (line) => warnings.push(line) });
const quiet = (): void => undefined;
let server: RealServer;
let model: ModelEntry;
const with_ = () => ({
  engine: new AnyEngine({ local: () => local.engine, remote: () => remote }),
  grader: local.grader,
});

beforeAll(async () => {
  server = await transformersServe();
  const endpoint = { url: server.url, model: server.model, concurrency: 4 };
  model = { ...MODEL, id: "served", folder: "", endpoint };
}, 150_000);
afterAll(async () => {
  await remote.dispose();
  await server?.stop();
});

async function job(n: number, group: number, options = {}) {
  const pool = await open(workspace());
  const solve = await prompt("solve");
  return { pool, problems: await stored(pool, n), group, options: { ...OPTIONS, ...options }, prompt: solve };
}

test("greedy texts of the server are those of our own engine on the same weights, in the same pool", async () => {
  const it = await job(8, 1, { temperature: 0 });
  const both = with_();
  const own = await samplePipeline(both, { ...it, model: MODEL }, quiet);
  const result = await samplePipeline(both, { ...it, model }, quiet);
  expect(result).toMatchObject({ made: 8, attempts: 8, backend: "remote", correct: own.correct });
  const texts = async (samplingId: number) =>
    (await it.pool.attemptsOfSampling(samplingId)).map(({ problemId, text, finish, verdict, tokens }) => ({
      ...{ problemId, text, finish, verdict, tokens },
    }));
  expect(await texts(result.samplingId)).toEqual(await texts(own.samplingId));
  expect(result.tokens).toBe(own.tokens);
});

test("sampling through the server fills the pool; cancelled half-way, the rest is made later and nothing twice", async () => {
  const it = { ...(await job(5, 4)), model };
  const live: LiveText[] = [];
  const stop = new AbortController();
  const first = samplePipeline(with_(), it, ({ done }) => done >= 6 && stop.abort(), stop.signal);
  await expect(first).rejects.toMatchObject({ name: "AbortError" });
  const { attempts } = await it.pool.stats();
  expect(attempts).toBeGreaterThanOrEqual(6);
  expect(attempts).toBeLessThan(20);
  const result = await samplePipeline(with_(), it, quiet);
  expect(result).toMatchObject({ made: 20 - attempts, attempts: 20, backend: "remote" });
  expect(result.correct + result.incorrect + result.unscored + result.truncated).toBe(20);
  const made = await it.pool.attemptsOfSampling(result.samplingId);
  expect(new Set(made.map(({ problemId, sample }) => `${problemId} ${sample}`)).size).toBe(20);
  expect(made.every(({ text, tokens }) => !text.includes("<eos>") && tokens > 3)).toBe(true);
  // It was asked for one sample a request, with other seeds: the samples of a problem are not all equal.
  expect(new Set(made.map(({ problemId, text }) => `${problemId} ${text}`)).size).toBeGreaterThan(5);
  expect(await samplePipeline(with_(), it, quiet)).toMatchObject({ made: 0, attempts: 20 });

  await remote.load(model);
  const messages = [{ role: "user" as const, content: "Solve for $x$: $5x+4=29$" }];
  await remote.generate([{ key: "k", messages, samples: [0] }], OPTIONS, {
    row: quiet,
    live: (text) => live.push(text),
  });
  expect(live.length).toBeGreaterThan(0);
  expect(warnings).toEqual([]);
});

test("adding finds the API at the server's bare address; a wrong model is refused in the server's words", async () => {
  expect(await discover(new URL(server.url).origin)).toEqual({ url: server.url, models: [] });
  await remote.load({ folder: "", endpoint: { url: server.url, model: "another" } });
  await expect(remote.tryOut()).rejects.toMatchObject({
    ...{ code: "endpoint-refused", message: expect.stringContaining("Server is pinned to") },
  });
});
