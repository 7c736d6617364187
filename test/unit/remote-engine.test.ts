import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { baseUrl, discover, isLoopback, isOpen } from "../../src/inference/remote/endpoint.js";
import { eventData } from "../../src/inference/remote/sse.js";
import type { LiveText } from "../../src/inference/types.js";
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
const all = (problems: number, samples: number): string[] =>
  jobs(problems, [...Array(samples).keys()]).flatMap(({ key, samples: list }) =>
    list.map((s) => `${key} ${s}`),
  );

test("the request says all that was asked, also what is off; a repeated job asks the same", async () => {
  const server = await serve(honest);
  const rows = await generate(server.url, jobs(2, [0, 1, 2]), { options: { stop: ["###"] } });
  expect(ids(rows)).toEqual(all(2, 3));
  expect(new Set(rows.map(({ text }) => text)).size).toBe(6);
  const asked = server.requests.filter((request) => !isProbe(request));
  // The server makes several samples a request: one request a problem.
  expect(asked.map(({ body }) => body.n)).toEqual([3, 3]);
  expect(asked[0]).toMatchObject({
    url: "/v1/chat/completions",
    body: {
      ...{ model: "m", temperature: 0.8, top_p: 0.9, top_k: -1, min_p: 0, repetition_penalty: 1 },
      ...{ max_tokens: 50, stop: ["###"], logprobs: true, stream: true },
      messages: [{ role: "user", content: "Problem 0" }],
    },
  });
  expect(asked[0]?.headers.authorization).toBeUndefined();
  const seeds = asked.map(({ body }) => body.seed);
  expect(new Set(seeds).size).toBe(2);
  await generate(server.url, jobs(2, [0, 1, 2]), { options: { stop: ["###"] } });
  const again = server.requests.filter((request) => !isProbe(request)).slice(2);
  expect(again.map(({ body }) => JSON.stringify(body)).sort()).toEqual(
    asked.map(({ body }) => JSON.stringify(body)).sort(),
  );
  expect(server.gets()).toBe(2);
});

test("what the server tells of its model, and the number of requests at once, are the loaded model's", async () => {
  let active = 0;
  let most = 0;
  const server = await serve(async (request, response) => {
    most = Math.max(most, ++active);
    await sleep(10);
    active--;
    honest(request, response);
  });
  const used = engine();
  const endpoint = { url: server.url, model: "m", concurrency: 3 };
  expect(await used.load({ folder: "", endpoint })).toMatchObject({
    ...{ backend: "remote", contextLength: 4096, slots: 3 },
    source: { endpoint },
  });
  const preview = await used.preview();
  expect(preview).toMatchObject({ tokens: [], text: expect.stringContaining("its own chat template") });
  await used.generate(jobs(20, [0]), OPTIONS, { row: () => undefined });
  expect(most).toBe(3);
});

test("a server that makes one sample a request, whatever n says, is asked one by one and with other seeds", async () => {
  const server = await serve(({ number }, response) => complete(response, [`text ${number}`]));
  const rows = await generate(server.url, jobs(3, [0, 1, 2, 5]));
  expect(rows).toHaveLength(12);
  const asked = server.requests.filter((request) => !isProbe(request));
  expect(asked).toHaveLength(12);
  expect(asked.every(({ body }) => body.n === undefined)).toBe(true);
  expect(new Set(asked.map(({ body }) => body.seed)).size).toBe(12);
});

test("a server that breaks or refuses when it is asked for several is asked one by one", async () => {
  for (const status of [500, 400]) {
    const server = await serve((request, response) => {
      if (request.body.n) return json(response, { error: { message: "not implemented" } }, status);
      return honest(request, response);
    });
    expect(await generate(server.url, jobs(2, [0, 1]))).toHaveLength(4);
  }
});

test("samples that are equal because a server gives them all one seed are asked for one by one", async () => {
  const server = await serve(({ body }, response) =>
    complete(response, Array(body.n ?? 1).fill(`drawn with ${body.seed}`)),
  );
  const warnings: string[] = [];
  const rows = await generate(server.url, jobs(1, [0, 1, 2]), {
    engine: engine({ warn: (line) => warnings.push(line) }),
  });
  expect(new Set(rows.map(({ text }) => text)).size).toBe(3);
  expect(warnings).toEqual([]);
});

test("a server that does not sample at all is named to people", async () => {
  const server = await serve((_, response) => complete(response, ["always this"]));
  const warnings: string[] = [];
  const used = engine({ warn: (line) => warnings.push(line) });
  expect(await generate(server.url, jobs(1, [0, 1]), { engine: used })).toHaveLength(2);
  expect(warnings).toEqual([expect.stringContaining("same text whatever the seed")]);
});

test("greedy samples are never asked for together, and nothing is probed for them", async () => {
  const server = await serve(({ body }, response) => {
    if (body.n) return json(response, { error: { message: "n must be 1 when using greedy sampling" } }, 400);
    return complete(response, ["greedy"]);
  });
  const rows = await generate(server.url, jobs(2, [0, 1]), { options: { temperature: 0 } });
  expect(rows.map(({ text }) => text)).toEqual(Array(4).fill("greedy"));
  expect(server.requests).toHaveLength(4);
});

test("log-probabilities, finish, thinking and token counts of a whole answer", async () => {
  const logprobs = {
    content: [
      { token: "4", logprob: -0.25 },
      { token: "2", logprob: -1.5 },
    ],
  };
  const server = await serve(({ body }, response) => {
    const number = String(JSON.stringify(body.messages).match(/Problem (\d)/)?.[1]);
    const choice = {
      "0": { message: { content: "42" }, finish_reason: "length", logprobs },
      "1": { message: { content: "so 42", reasoning_content: "Let me see." }, finish_reason: "stop" },
      "2": { message: { content: null, reasoning: "Still think" }, finish_reason: "length" },
      "3": { message: { content: "one ### two" }, finish_reason: "length" },
    }[number];
    json(response, { choices: [{ index: 0, ...choice }], usage: { prompt_tokens: 7, completion_tokens: 5 } });
  });
  const rows = await generate(server.url, jobs(4, [0]), { options: { stop: ["###"] } });
  expect(rows).toEqual([
    {
      key: "p0",
      sample: 0,
      text: "42",
      finish: "length",
      tokens: 2,
      tokenIds: [],
      logprobs: [-0.25, -1.5],
      promptTokens: 7,
    },
    {
      key: "p1",
      sample: 0,
      text: "<think>\nLet me see.\n</think>\n\nso 42",
      finish: "stop",
      tokens: 5,
      tokenIds: [],
      logprobs: [],
      promptTokens: 7,
    },
    {
      key: "p2",
      sample: 0,
      text: "<think>\nStill think",
      finish: "length",
      tokens: 5,
      tokenIds: [],
      logprobs: [],
      promptTokens: 7,
    },
    {
      key: "p3",
      sample: 0,
      text: "one ",
      finish: "stop",
      tokens: 5,
      tokenIds: [],
      logprobs: [],
      promptTokens: 7,
    },
  ]);
});

test("a streamed answer: each choice is a row as it ends, one is watched while it comes", async () => {
  const server = await serve(async (request, response) => {
    if (isProbe(request)) {
      honest(request, response);
      return;
    }
    for (let at = 0; at < 6; at++) {
      const open = [0, 1].filter((index) => at <= 2 + 2 * index);
      chunk(
        response,
        open.map((index) => ({
          ...{
            index,
            delta: { content: `${"ab"[index]}${at} ` },
            logprobs: { content: [{ logprob: -1 - at }] },
          },
          finish_reason: at === 2 + 2 * index ? "stop" : null,
        })),
      );
      await sleep(60);
    }
    chunk(response, [], { usage: { prompt_tokens: 3, completion_tokens: 8 } });
    response.end("data: [DONE]\n\n");
  });
  const live: LiveText[] = [];
  const order: string[] = [];
  const times: number[] = [];
  const rows = await generate(server.url, jobs(1, [4, 9]), {
    on: {
      live: (text) => live.push(text),
      row: ({ sample }) => {
        order.push(`row ${sample}`);
        times.push(performance.now());
      },
    },
  });
  expect(rows.map(({ text, logprobs, tokens }) => [text, logprobs, tokens])).toEqual([
    ["a0 a1 a2 ", [-1, -2, -3], 3],
    ["b0 b1 b2 b3 b4 ", [-1, -2, -3, -4, -5], 5],
  ]);
  expect(order).toEqual(["row 4", "row 9"]);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(50);
  expect(live[0]).toMatchObject({ key: "p0", sample: 4, text: "a0 ", tokens: 1 });
  expect(live.at(-1)?.sample).toBe(9);
  expect(live.length).toBeLessThanOrEqual(5);
});

test("server-sent events in pieces: any line end, half a character, comments, several lines of data", async () => {
  const text =
    'event: x\r\ndata: {"a":"é\u{1F600}"}\r\n\r\n: ping\n\ndata:one\ndata: two\n\rdata: 3\r\rdata: cut';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
    }
    const seen: string[] = [];
    for await (const data of eventData(pieces())) seen.push(data);
    expect(seen).toEqual(['{"a":"é\u{1F600}"}', "one\ntwo", "3"]);
  }
});

test("addresses: what people paste becomes the base address, and what could leak a password is refused", async () => {
  expect(baseUrl(" localhost:8000/v1/ ")).toBe("http://localhost:8000/v1");
  expect(baseUrl("https://host/v1/chat/completions?x=1")).toBe("https://host/v1");
  expect(baseUrl("http://host:1234")).toBe("http://host:1234");
  for (const text of ["file:///etc/passwd", "ftp://host/v1", "host", "http://me:secret@host/v1", ""])
    expect(() => baseUrl(text), text).toThrow(expect.objectContaining({ code: "bad-endpoint" }));
  expect(["http://127.0.0.9/v1", "http://[::1]:8/v1", "http://localhost/v1"].every(isLoopback)).toBe(true);
  expect(
    ["http://127.0.0.1.evil.com/", "http://10.0.0.1/", "http://localhost.evil.com"].some(isLoopback),
  ).toBe(false);
  expect([isOpen("http://10.0.0.1/v1"), isOpen("https://10.0.0.1/v1")]).toEqual([true, false]);
  const server = await serve(honest, (incoming: { url: string }, response: never) =>
    incoming.url === "/v1/models"
      ? json(response, { data: [{ id: "m" }, { id: "big", context_length: 99 }, 7] })
      : json(response, { detail: "Not Found" }, 404),
  );
  const found = { url: server.url, models: [{ id: "m" }, { id: "big", contextLength: 99 }] };
  expect(await discover(server.origin)).toEqual(found);
  expect(await discover(`${server.url}/chat/completions`)).toEqual(found);
  await expect(discover(`${server.origin}/other`)).rejects.toMatchObject({ code: "endpoint" });
});
