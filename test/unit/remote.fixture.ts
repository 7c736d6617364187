import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";
import type { RemoteOptions } from "../../src/inference/remote/engine.js";
import { RemoteEngine } from "../../src/inference/remote/engine.js";
import type { GeneratedRow, GenerateJob, GenerateListener } from "../../src/inference/types.js";
import type { SamplingOptions } from "../../src/protocol/types.js";

export interface Request {
  url: string;
  headers: IncomingMessage["headers"];
  body: { [field: string]: unknown; model: string; seed?: number; n?: number };
  /** Number of this request among those for a completion, from 0. */
  number: number;
  /** The client went away before the answer was whole. */
  cut: boolean;
}
export type Script = (request: Request, response: ServerResponse) => unknown;

export const OPTIONS: SamplingOptions = { temperature: 0.8, topP: 0.9, topK: 0, maxTokens: 50, seed: 7 };
export const jobs = (n: number, samples: number[]): GenerateJob[] =>
  Array.from({ length: n }, (_, i) => ({
    key: `p${i}`,
    messages: [{ role: "user", content: `Problem ${i}` }],
    samples,
  }));

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server of chat completions that does as its script says. */
export async function serve(script: Script, models: unknown = { data: [{ id: "m", max_model_len: 4096 }] }) {
  const requests: Request[] = [];
  let gets = 0;
  const server: Server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part) => parts.push(part));
    incoming.on("end", () => {
      if (incoming.method === "GET") {
        gets++;
        if (typeof models === "function") return models(incoming, response);
        return json(response, models);
      }
      const body = JSON.parse(Buffer.concat(parts).toString("utf8"));
      const { url = "", headers } = incoming;
      const request = { url, headers, body, number: requests.length, cut: false };
      requests.push(request);
      response.on("close", () => {
        request.cut = !response.writableFinished;
      });
      script(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return {
    ...{ requests, url: `http://127.0.0.1:${port}/v1`, origin: `http://127.0.0.1:${port}` },
    gets: () => gets,
  };
}

export function json(response: ServerResponse, body: unknown, status = 200, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** A whole answer of `n` choices, whose text says which request it answers. */
export function complete(response: ServerResponse, texts: string[], more: object = {}): void {
  const choices = texts.map((content, index) => ({
    ...{ index, finish_reason: "stop", message: { role: "assistant", content } },
    ...more,
  }));
  json(response, { choices, usage: { prompt_tokens: 9, completion_tokens: 4 * texts.length } });
}

/** One chunk of a streamed answer. */
export function chunk(response: ServerResponse, choices: unknown[], more: object = {}): void {
  if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`data: ${JSON.stringify({ choices, ...more })}\n\n`);
}

/** Is it the engine's own question, which finds out what the server does? */
export const isProbe = ({ body }: Request): boolean =>
  JSON.stringify(body.messages).includes("random number");
/** As many different texts as were asked for. */
export const honest: Script = ({ body, number }, response) =>
  complete(
    response,
    Array.from({ length: body.n ?? 1 }, (_, i) => `text ${number}.${i}`),
  );

export function engine(options: RemoteOptions = {}) {
  const made = new RemoteEngine({ backoffMs: 1, ...options });
  closing.push(() => made.dispose());
  return made;
}

/** Loads the model "m" there and generates. */
export async function generate(
  url: string,
  work: GenerateJob[],
  more: {
    engine?: RemoteEngine;
    options?: Partial<SamplingOptions>;
    concurrency?: number;
    signal?: AbortSignal;
    on?: Partial<GenerateListener>;
  } = {},
): Promise<GeneratedRow[]> {
  const rows: GeneratedRow[] = [];
  const used = more.engine ?? engine();
  const { concurrency, signal } = more;
  await used.load({ folder: "", endpoint: { url, model: "m", ...(concurrency ? { concurrency } : {}) } });
  const row = (each: GeneratedRow) => {
    rows.push(each);
    more.on?.row?.(each);
  };
  await used.generate(work, { ...OPTIONS, ...more.options }, { ...more.on, row }, signal);
  return rows.sort((a, b) => a.key.localeCompare(b.key) || a.sample - b.sample);
}
