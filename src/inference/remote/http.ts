import { createReadStream } from "node:fs";
import { type IncomingHttpHeaders, Agent as PlainAgent, request as plain } from "node:http";
import { Agent as SecureAgent, request as secure } from "node:https";

export interface Ask {
  url: string;
  /** Sent as JSON with POST; without it and `file` the request is a GET. */
  body?: unknown;
  /** A file that is sent as it is, with PUT. */
  file?: { path: string; size: number } | undefined;
  /** Goes into the Authorization header, and nowhere else. */
  key?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Without a byte for so long, the request is given up. */
  idleMs: number;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Breaking out of it ends the connection. */
  body: AsyncIterable<Buffer>;
}

/** Why a request did not bring what was asked for, and whether the same request may fare better later. */
export class Fault extends Error {
  constructor(
    /** The server's own words where it had any. */
    message: string,
    readonly kind: "connection" | "busy" | "failed" | "garbled" | "idle" | "key" | "refused",
    readonly more: { status?: number; afterMs?: number | undefined; field?: string | undefined } = {},
  ) {
    super(message);
    this.name = "Fault";
  }

  get passing(): boolean {
    return this.kind !== "key" && this.kind !== "refused";
  }
}

/** Texts of answers are this long at most, in bytes: a server cannot fill our memory. */
const ANSWER_LIMIT = 64 << 20;
const ERROR_LIMIT = 64 << 10;

/**
 * HTTP by Node's own modules: `fetch` ends an answer that takes five minutes to begin, which a long generation does,
 * and follows redirects, with the prompts, to wherever they lead. Connections are kept for the next request.
 */
export class Http {
  private readonly plainAgent = new PlainAgent({ keepAlive: true });
  private readonly secureAgent = new SecureAgent({ keepAlive: true });

  /** @throws Fault, or the signal's reason. Statuses other than 2xx are faults. */
  async send(ask: Ask): Promise<Answer> {
    const answer = await this.open(ask);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw await faultOf(answer, ask);
  }

  /** @throws Fault */
  async json(ask: Ask): Promise<unknown> {
    return parse(await readText(await this.send(ask), ask));
  }

  close(): void {
    this.plainAgent.destroy();
    this.secureAgent.destroy();
  }

  private open({ url, body, file, key, signal, idleMs }: Ask): Promise<Answer> {
    signal?.throwIfAborted();
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      accept: "application/json, text/event-stream",
      "user-agent": "errata",
      ...(text === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      ...(file ? { "content-type": "application/octet-stream", "content-length": file.size } : {}),
      ...(key ? { authorization: `Bearer ${key}` } : {}),
    };
    const isSecure = new URL(url).protocol === "https:";
    return new Promise((resolve, reject) => {
      const request = (isSecure ? secure : plain)(url, {
        method: file ? "PUT" : text === undefined ? "GET" : "POST",
        headers,
        agent: isSecure ? this.secureAgent : this.plainAgent,
        ...(signal ? { signal } : {}),
      });
      let idle: Fault | undefined;
      // Whatever Node calls the end that we made ourselves.
      const reason = (error: unknown) => (signal?.aborted ? signal.reason : (idle ?? connectionFault(error)));
      request.setTimeout(idleMs, () => {
        idle = new Fault(`Nothing came for ${duration(idleMs)}`, "idle");
        request.destroy(idle);
      });
      request.on("error", (error) => reject(reason(error)));
      request.once("response", (response) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: chunks(response, reason),
        }),
      );
      if (file) createReadStream(file.path).on("error", reject).pipe(request);
      else request.end(text);
    });
  }
}

/** The chunks of an answer, what breaks them off as a fault. */
async function* chunks(
  response: AsyncIterable<Buffer>,
  reason: (error: unknown) => unknown,
): AsyncGenerator<Buffer> {
  try {
    yield* response;
  } catch (error) {
    throw reason(error);
  }
}

function duration(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 100) / 10} seconds` : `${Math.round(ms / 60_000)} minutes`;
}

/** @throws Fault */
export async function readText(answer: Answer, { key }: Pick<Ask, "key"> = {}): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer.body) {
    size += part.length;
    if (size > ANSWER_LIMIT) throw new Fault("The answer is longer than 64 MiB", "refused");
    parts.push(part);
  }
  return without(Buffer.concat(parts).toString("utf8"), key);
}

/** @throws Fault */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const start = text.trim().slice(0, 120).replace(/\s+/g, " ");
    throw new Fault(start === "" ? "The answer is empty" : `The answer is no JSON: ${start}`, "garbled");
  }
}

/** `text` without the key, which some servers repeat when they refuse it. */
export function without(text: string, key: string | undefined): string {
  return key ? text.replaceAll(key, "•••") : text;
}

function connectionFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code ?? "");
  const words: Record<string, string> = {
    ECONNREFUSED: "No server answers there (connection refused)",
    ENOTFOUND: "There is no such host",
    EAI_AGAIN: "The host's name cannot be looked up",
    ECONNRESET: "The connection was cut",
    ETIMEDOUT: "The connection timed out",
    EPROTO: "The server does not speak https there",
  };
  const text = words[code ?? ""] ?? message;
  return new Fault(
    certificate ? `Its certificate is not trusted: ${message}` : text || String(code),
    "connection",
  );
}

async function faultOf(answer: Answer, { key, url }: Ask): Promise<Fault> {
  const { status, headers } = answer;
  if (status >= 300 && status < 400) {
    const to = typeof headers.location === "string" ? ` to ${headers.location}` : "";
    return new Fault(`The server redirects${to}; use that address if you trust it`, "refused", { status });
  }
  const { message, field } = await errorOf(answer, key);
  const said = message || `HTTP ${status} for ${new URL(url).pathname}`;
  if (status === 401 || status === 403) return new Fault(said, "key", { status });
  if (status === 429 || status === 408)
    return new Fault(said, "busy", { status, afterMs: retryAfter(headers["retry-after"]) });
  if (status >= 500)
    return new Fault(said, "failed", { status, afterMs: retryAfter(headers["retry-after"]) });
  return new Fault(said, "refused", { status, field });
}

async function errorOf(
  answer: Answer,
  key: string | undefined,
): Promise<{ message: string; field?: string }> {
  let text = "";
  try {
    for await (const part of answer.body) {
      text += part.toString("utf8");
      if (text.length > ERROR_LIMIT) break;
    }
  } catch {
    // The status says enough.
  }
  text = without(text, key).trim();
  try {
    return serverError(JSON.parse(text)) ?? { message: text.slice(0, 500) };
  } catch {
    return { message: text.startsWith("<") ? "" : text.slice(0, 500) };
  }
}

/** The shapes in which servers put their errors: OpenAI's, vLLM's, FastAPI's. */
export function serverError(json: unknown): { message: string; field?: string } | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { error, detail, message, param, object } = json as Record<string, unknown>;
  if (typeof error === "object" && error !== null) return serverError({ object: "error", ...error });
  const said = typeof error === "string" ? error : (detail ?? (object === "error" ? message : undefined));
  if (said === undefined) return undefined;
  const field = typeof param === "string" && param !== "" ? { field: param } : {};
  return { message: (typeof said === "string" ? said : JSON.stringify(said)).slice(0, 500), ...field };
}

/** Seconds or a date (RFC 9110, 10.2.3), as milliseconds from now; five minutes at most. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(header.trim())
    ? Number(header) * 1000
    : Date.parse(header) - Date.now();
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 300_000) : undefined;
}
