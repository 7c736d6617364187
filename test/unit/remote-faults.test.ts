import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { AnyEngine } from "../../src/inference/any-engine.js";
import { KnownServers, notAllowed } from "../../src/inference/remote/consent.js";
import { discover } from "../../src/inference/remote/endpoint.js";
import type { Engine } from "../../src/inference/types.js";
import {
  chunk,
  complete,
  engine,
  generate,
  honest,
  isProbe,
  jobs,
  json,
  OPTIONS,
  serve,
} from "./remote.fixture.js";

const ids = (rows: { key: string; sample: number }[]): string[] =>
  rows.map(({ key, sample }) => `${key} ${sample}`);

test("429 with Retry-After: nothing is sent before that, and nothing is lost", async () => {
  let refusedAt = 0;
  const early: number[] = [];
  const server = await serve((request, response) => {
    if (refusedAt > 0 && performance.now() - refusedAt < 950) early.push(request.number);
    if (request.number === 5) {
      refusedAt = performance.now();
      return json(response, { error: { message: "slow down" } }, 429, { "retry-after": "1" });
    }
    return setTimeout(() => honest(request, response), 30);
  });
  const lines: string[] = [];
  const used = engine({ log: (line) => lines.push(line) });
  const rows = await generate(server.url, jobs(12, [0]), { engine: used, concurrency: 2 });
  expect(ids(rows)).toHaveLength(12);
  expect(server.requests).toHaveLength(13);
  // The one that was under way already, at most, was there before.
  expect(early).toEqual([]);
  expect(lines).toEqual([expect.stringContaining("slow down; trying again (1 of 10)")]);
});

test("500s, resets in the middle of an answer and nonsense are tried again; each sample comes once", async () => {
  const bad = new Map<string, number>();
  const server = await serve((request, response) => {
    const problem = JSON.stringify(request.body.messages);
    const times = bad.get(problem) ?? 0;
    bad.set(problem, times + 1);
    if (times > 3 || isProbe(request)) return honest(request, response);
    switch ((times + request.number) % 4) {
      case 0:
        return json(response, { error: { message: "CUDA error" } }, 500);
      case 1:
        response.writeHead(200, { "content-type": "application/json", "content-length": 1000 });
        response.write('{"choices": [{"mess');
        return setTimeout(() => response.destroy(), 5);
      case 2:
        response.writeHead(200, { "content-type": "application/json" });
        return response.end("<html>Bad gateway</html>");
      default:
        return json(response, { choices: [] });
    }
  });
  const rows = await generate(server.url, jobs(10, [0, 1, 2]), { concurrency: 4 });
  expect(rows).toHaveLength(30);
  expect(new Set(ids(rows)).size).toBe(30);
});

test("a stream that is cut keeps the samples that had ended and asks for the others alone", async () => {
  const server = await serve((request, response) => {
    if (isProbe(request) || request.number > 1) return honest(request, response);
    for (const index of [0, 2])
      chunk(response, [{ index, delta: { content: `early ${index}` }, finish_reason: "stop" }]);
    chunk(response, [{ index: 1, delta: { content: "half a tho" }, finish_reason: null }]);
    return setTimeout(() => response.destroy(), 20);
  });
  const rows = await generate(server.url, jobs(1, [3, 4, 5]));
  expect(rows.map(({ text }) => text)).toEqual(["early 0", "text 2.0", "early 2"]);
  const [, first, second] = server.requests;
  expect([first?.body.n, second?.body.n]).toEqual([3, undefined]);
  expect(second?.body.seed).not.toBe(first?.body.seed);
});

test("a stream that ends without [DONE] or a reason is cut; one that ends with [DONE] is not", async () => {
  const server = await serve((request, response) => {
    chunk(response, [{ index: 0, delta: { content: "whole" } }]);
    response.end(request.number === 0 ? undefined : "data: [DONE]\n\n");
  });
  const rows = await generate(server.url, jobs(1, [0]));
  expect(rows[0]).toMatchObject({ text: "whole", finish: "stop", tokens: 1 });
  expect(server.requests).toHaveLength(2);
});

test("an error in the middle of a stream: a refusal ends the work, anything else is tried again", async () => {
  const server = await serve((request, response) => {
    chunk(response, [{ index: 0, delta: { content: "so far" } }]);
    const code = request.number === 0 ? 500 : 400;
    response.end(`data: ${JSON.stringify({ error: { message: `no ${request.number}`, code } })}\n\n`);
  });
  const rows = generate(server.url, jobs(1, [0]));
  await expect(rows).rejects.toMatchObject({
    code: "endpoint-refused",
    message: expect.stringContaining("no 1"),
  });
  expect(server.requests).toHaveLength(2);
});

test("a server that stays broken: bounded tries, then an error that names it; what was done is kept", async () => {
  const server = await serve((request, response) =>
    JSON.stringify(request.body.messages).includes("Problem 2")
      ? json(response, { error: { message: "out of memory" } }, 503)
      : honest(request, response),
  );
  const seen: string[] = [];
  const work = generate(server.url, jobs(3, [0]), { on: { row: ({ key }) => seen.push(key) } });
  await expect(work).rejects.toMatchObject({
    code: "endpoint",
    message: expect.stringMatching(new RegExp(`^${server.url} .*HTTP 503.*out of memory, after 10 tries`)),
  });
  expect(seen.sort()).toEqual(["p0", "p1"]);
  expect(
    server.requests.filter(({ body }) => JSON.stringify(body.messages).includes("Problem 2")),
  ).toHaveLength(10);
});

test("no server at the address is said after a few tries", async () => {
  const { url } = await serve(honest);
  const gone = url.replace(/:\d+/, ":9");
  const loading = engine().load({ folder: "", endpoint: { url: gone, model: "m" } });
  await expect(loading).rejects.toMatchObject({
    ...{
      code: "endpoint",
      message: expect.stringContaining(`${gone} cannot be reached: No server answers there`),
    },
    hint: expect.stringContaining("Is the server running"),
  });
});

test("fields that a server refuses are left out from then on, and only what changes the samples is said", async () => {
  const strict: Record<string, string> = {
    top_k: "Unrecognized request argument supplied: top_k",
    min_p: "Unexpected fields in the request: {'min_p', 'repetition_penalty'}",
    repetition_penalty: "Unexpected fields in the request: {'repetition_penalty'}",
    logprobs: "This model does not support logprobs.",
    max_tokens: "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
  };
  const server = await serve((request, response) => {
    const [field] = Object.keys(strict).filter((name) => name in request.body);
    if (!field) return honest(request, response);
    return json(response, { error: { message: strict[field] } }, field === "min_p" ? 422 : 400);
  });
  const warnings: string[] = [];
  const used = engine({ warn: (line) => warnings.push(line) });
  const rows = await generate(server.url, jobs(6, [0]), {
    engine: used,
    options: { topK: 20 },
    concurrency: 1,
  });
  expect(rows).toHaveLength(6);
  expect(server.requests).toHaveLength(6 + 4);
  expect(server.requests.at(-1)?.body).toMatchObject({ max_completion_tokens: 50, temperature: 0.8 });
  expect(warnings).toEqual([expect.stringContaining("top-k is not applied")]);
});

test("what a server refuses for good ends the work at once, with its own words", async () => {
  const context = "This model's maximum context length is 4096 tokens; max_completion_tokens is too large.";
  for (const [status, message] of [
    [400, context],
    [404, 'The model "m" does not exist.'],
    [413, "too much"],
  ] as const) {
    const server = await serve((_, response) => json(response, { error: { message } }, status));
    const work = generate(server.url, jobs(20, [0]), { concurrency: 2 });
    await expect(work).rejects.toMatchObject({
      code: "endpoint-refused",
      message: expect.stringContaining(message),
    });
    expect(server.requests.length).toBeLessThanOrEqual(2);
  }
});

test("a server that says nothing is given up after a while and asked again", async () => {
  const server = await serve((request, response) => {
    if (request.number === 0) return undefined;
    if (request.number === 1) return chunk(response, [{ index: 0, delta: { content: "then nothing" } }]);
    return honest(request, response);
  });
  const lines: string[] = [];
  const used = engine({ idleMs: 150, log: (line) => lines.push(line) });
  const rows = await generate(server.url, jobs(1, [0]), { engine: used });
  expect(rows).toHaveLength(1);
  expect(lines.filter((line) => line.includes("Nothing came for 0.2 seconds"))).toHaveLength(2);
});

test("cancelling ends the requests under way at once, also while one waits to be tried again", async () => {
  const server = await serve((request, response) => {
    if (request.number < 2) return honest(request, response);
    if (request.number === 2) return json(response, {}, 429, { "retry-after": "100" });
    return chunk(response, [{ index: 0, delta: { content: "on and on" } }]);
  });
  const stop = new AbortController();
  const seen: string[] = [];
  const used = engine();
  const work = generate(server.url, jobs(9, [0]), {
    ...{ engine: used, concurrency: 4, signal: stop.signal },
    on: { row: ({ key }) => seen.push(key) },
  });
  const ended = expect(work).rejects.toMatchObject({ name: "AbortError" });
  while (seen.length < 2 || server.requests.length < 4) await sleep(5);
  const at = performance.now();
  stop.abort();
  await ended;
  expect(performance.now() - at).toBeLessThan(1000);
  await sleep(50);
  expect(server.requests.slice(3).every(({ cut }) => cut)).toBe(true);
  const asked = server.requests.length;
  await sleep(50);
  expect(server.requests).toHaveLength(asked);
  await expect(used.generate(jobs(1, [0]), OPTIONS, { row: () => undefined }, stop.signal)).rejects.toThrow();
});

test("a key goes to its own origin alone, is asked for again when refused, and never stands in an error or log", async () => {
  const other = await serve(honest);
  const server = await serve(
    ({ headers }, response) =>
      headers.authorization === "Bearer right-key"
        ? complete(response, ["text"])
        : json(response, { error: { message: `Incorrect API key provided: ${headers.authorization}` } }, 401),
    (incoming: { headers: Record<string, string> }, response: never) =>
      incoming.headers.authorization
        ? json(response, { data: [{ id: "m" }] })
        : json(response, { error: "no key" }, 401),
  );
  const lines: string[] = [];
  const asked: string[] = [];
  let key: string | undefined = "wrong-key";
  const keys = {
    get: async (origin: string) => (origin === server.origin ? key : undefined),
    refused: async (origin: string, why: string) => {
      asked.push(origin);
      lines.push(why);
      key = "right-key";
      return true;
    },
  };
  const log = (line: string) => lines.push(line);
  const used = engine({ keys, log, warn: log });
  expect(await generate(server.url, jobs(6, [0]), { engine: used })).toHaveLength(6);
  expect(asked).toEqual([server.origin]);
  await generate(other.url, jobs(2, [0]), { engine: used });
  expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);

  key = "wrong-key";
  const silent = engine({ keys: { get: keys.get }, log });
  const failure = await generate(server.url, jobs(6, [0]), { engine: silent }).catch((error) => error);
  expect(failure).toMatchObject({
    code: "endpoint-key",
    message: expect.stringContaining("Incorrect API key"),
  });
  lines.push(failure.message, failure.hint, String(failure.stack));
  await expect(discover(server.url)).rejects.toMatchObject({ code: "endpoint-key" });
  expect(lines.join("\n")).not.toMatch(/wrong-key|right-key/);
});

test("a redirect is not followed: neither prompts nor key go to where it leads", async () => {
  const elsewhere = await serve(honest);
  const server = await serve((_, response) =>
    response.writeHead(307, { location: `${elsewhere.url}/chat/completions` }).end(),
  );
  const work = generate(server.url, jobs(1, [0]), { engine: engine({ keys: { get: async () => "key" } }) });
  await expect(work).rejects.toMatchObject({
    code: "endpoint-refused",
    message: expect.stringContaining("redirects"),
  });
  expect(elsewhere.requests).toEqual([]);
});

test("nothing is sent to a server that a person has not agreed to; agreeing is remembered outside the workspace", async () => {
  const server = await serve(honest);
  const file = join(mkdtempSync(join(tmpdir(), "errata-known-")), "endpoints.json");
  const known = new KnownServers(file);
  const used = engine({
    allow: async (endpoint) => {
      if (!(await known.has(endpoint.url))) throw notAllowed(endpoint);
    },
  });
  await expect(generate(server.url, jobs(1, [0]), { engine: used })).rejects.toMatchObject({
    ...{ code: "endpoint-consent", hint: expect.stringContaining(server.url) },
  });
  expect([server.gets(), server.requests.length]).toEqual([0, 0]);
  await Promise.all([known.add(server.url), known.add(`${server.origin}/other`)]);
  expect(await generate(server.url, jobs(1, [0]), { engine: used })).toHaveLength(1);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ origins: [server.origin] });
  writeFileSync(file, "{damaged");
  expect(await known.has(server.url)).toBe(false);
});

test("an endpoint in models.json may be anything: what is no server's is refused", async () => {
  for (const endpoint of [
    { url: "file:///etc", model: "m" },
    { url: "http://u:p@127.0.0.1/v1", model: "m" },
    { url: 7 as unknown as string, model: "m" },
    { url: "http://127.0.0.1/v1", model: "" },
    { url: "http://127.0.0.1/v1", model: "m", concurrency: -1 },
  ])
    await expect(engine().load({ folder: "", endpoint })).rejects.toMatchObject({ code: "bad-endpoint" });
});

test("one engine for folders and servers: each call goes where the model before it was loaded from", async () => {
  const calls: string[] = [];
  const fake = (name: string): Engine => ({
    load: async (source) => {
      calls.push(`${name} load`);
      return { source, backend: name } as Awaited<ReturnType<Engine["load"]>>;
    },
    generate: async () => void calls.push(`${name} generate`),
    preview: async () => ({ text: name, tokens: [] }),
    dispose: async () => void calls.push(`${name} dispose`),
  });
  const any = new AnyEngine({ local: () => fake("local"), remote: () => fake("remote") });
  await expect(any.preview([])).rejects.toMatchObject({ code: "no-model" });
  const endpoint = { url: "http://127.0.0.1/v1", model: "m" };
  // Called one after another without waiting, as two windows' jobs may be.
  const work = [any.load({ folder: "/a" }), any.generate([], OPTIONS, { row: () => undefined })];
  work.push(any.load({ folder: "", endpoint }), any.generate([], OPTIONS, { row: () => undefined }));
  await Promise.all(work as Promise<unknown>[]);
  expect(calls).toEqual(["local load", "local generate", "remote load", "remote generate"]);
  expect(await any.preview([])).toEqual({ text: "remote", tokens: [] });
  await any.dispose();
  expect(calls.slice(4).sort()).toEqual(["local dispose", "remote dispose"]);
});
