import { isIPv4 } from "node:net";
import { type Endpoint, ErrataError } from "../../protocol/types.js";
import { Fault, Http, without } from "./http.js";

/** Where keys for servers come from. A key is kept for an origin (scheme, host and port), and sent to no other. */
export interface EndpointKeys {
  get(origin: string): Promise<string | undefined>;
  /** The server refused what `get` gave, or wants a key where there was none. True: `get` gives another one now. */
  refused?(origin: string, why: string): Promise<boolean>;
}
export const NO_KEYS: EndpointKeys = { get: async () => undefined };

/** One model that a server lists. */
export interface ServedModel {
  id: string;
  /** Tokens that prompt and answer may have together, where the server tells. */
  contextLength?: number;
}

/** How long a server may take to say which models it has. */
const PATIENCE_MS = 20_000;

export function originOf(url: string): string {
  return new URL(url).origin;
}

/** Host and port, as people call a server; what is no address as it stands. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** What people call a model whose id on its server is a path or has its owner in front. */
export function nameOf(model: string): string {
  return model.split(/[\\/]/).findLast((part) => part !== "") ?? model;
}

/** On this machine: nothing that is sent leaves it. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    (isIPv4(hostname) && hostname.startsWith("127."))
  );
}

/** A key sent to it can be read by whoever is on the way. */
export function isOpen(url: string): boolean {
  return new URL(url).protocol === "http:" && !isLoopback(url);
}

/**
 * The base address that a person meant: without what belongs to a single call, a query, a slash at the end. Throws
 * "bad-endpoint" for what is no address over http or https, or has a password in it.
 */
export function baseUrl(text: string): string {
  const typed = text.trim();
  const bare = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?(\/|$)/.test(typed);
  let url: URL;
  try {
    url = new URL(bare ? `http://${typed}` : typed);
  } catch {
    throw bad(`"${typed}" is no address`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw bad(`"${typed}" is no http or https address`);
  if (url.username || url.password)
    throw bad("The address has a name or password in it, which would be stored in models.json");
  const path = url.pathname.replace(/\/+$/, "").replace(/\/(chat\/completions|completions|models)$/, "");
  return url.origin + path;
}

/** An endpoint as `models.json` has it: anybody may have written that. Throws "bad-endpoint". */
export function checkEndpoint({ url, model, concurrency }: Endpoint): void {
  if (typeof url !== "string" || typeof model !== "string" || model === "")
    throw bad("An endpoint in models.json has no address or no model's name");
  baseUrl(url);
  if (
    concurrency !== undefined &&
    !(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 1024)
  )
    throw bad(`The endpoint ${url} has a concurrency that is no number from 1 to 1024`);
}

function bad(message: string): ErrataError {
  return new ErrataError(message, "Give it as http://127.0.0.1:8000/v1 or https://host/v1.", "bad-endpoint");
}

/**
 * Finds the API at an address (adding `/v1` where it answers there) and the models it lists; of a server that does not
 * list them, `why`. Throws ErrataError "endpoint" where no server answers, "endpoint-key" where it wants a key.
 */
export async function discover(
  text: string,
  key?: string,
  signal?: AbortSignal,
): Promise<{ url: string; models: ServedModel[]; why?: string }> {
  const base = baseUrl(text);
  const candidates = /\/v\d+(beta)?$/.test(base) ? [base] : [`${base}/v1`, base];
  const http = new Http();
  let unsure: { url: string; why: string } | undefined;
  let last: Fault | undefined;
  try {
    for (const url of candidates) {
      try {
        return { url, models: await listModels(http, url, key, signal) };
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (error.kind === "connection" || error.kind === "idle" || error.kind === "key")
          throw explain(error, { url }, 1);
        last = error;
        // It is there, and does not want to tell (transformers serve without a cache folder): a name may still work.
        if (error.kind === "failed" || error.more.status === 405) unsure ??= { url, why: error.message };
      }
    }
  } finally {
    http.close();
  }
  if (unsure) return { url: unsure.url, models: [], why: unsure.why };
  throw new ErrataError(
    `No OpenAI-compatible server answers at ${base}${last ? ` (${last.message})` : ""}`,
    "The address ends with /v1 for vLLM, SGLang, llama.cpp, LM Studio and `transformers serve`.",
    "endpoint",
  );
}

/** @throws Fault */
export async function listModels(
  http: Http,
  url: string,
  key: string | undefined,
  signal?: AbortSignal,
): Promise<ServedModel[]> {
  const answer = await http.json({ url: `${url}/models`, key, signal, idleMs: PATIENCE_MS });
  const { data } = (answer ?? {}) as { data?: unknown };
  if (!Array.isArray(data)) throw new Fault("It does not list its models", "garbled");
  return data.flatMap((each: unknown): ServedModel[] => {
    if (typeof each !== "object" || each === null) return [];
    const { id, meta, ...rest } = each as Record<string, unknown>;
    if (typeof id !== "string") return [];
    // vLLM and SGLang; llama.cpp; OpenRouter; Groq.
    const { n_ctx } = (typeof meta === "object" && meta !== null ? meta : {}) as { n_ctx?: unknown };
    const length = [rest.max_model_len, n_ctx, rest.context_length, rest.context_window].find(
      (n): n is number => typeof n === "number" && n > 0,
    );
    return [{ id, ...(length === undefined ? {} : { contextLength: length }) }];
  });
}

/** What a person reads when a server could not be used. */
export function explain(
  fault: Fault,
  { url, model }: Pick<Endpoint, "url"> & Partial<Endpoint>,
  tries: number,
  key?: string,
): ErrataError {
  const said = without(fault.message, key);
  const host = hostOf(url);
  const { status } = fault.more;
  const number = status ? ` (HTTP ${status})` : "";
  switch (fault.kind) {
    case "key":
      return new ErrataError(
        `${host} refuses the request${number}: ${said}`,
        "Set its key: the command Errata: Set Endpoint Key…, or ERRATA_API_KEY on the command line.",
        "endpoint-key",
      );
    case "refused":
      return new ErrataError(
        `${url} refuses the request${number}: ${said}`,
        /context length|context size|too long|too large|max_tokens/i.test(said)
          ? "Ask for fewer tokens (errata.maxTokens, --max-tokens), or start the server with a longer context."
          : status === 404 || status === 400
            ? `Is the model's name right${model ? ` ("${model}")` : ""}? The server lists its models at ${url}/models.`
            : "The message is the server's own.",
        "endpoint-refused",
      );
    case "connection":
      return new ErrataError(
        `${url} cannot be reached: ${said}${after(tries)}`,
        "Is the server running, and the address right? What was finished is kept; the same request again makes the rest.",
        "endpoint",
      );
    default:
      return new ErrataError(
        `${url} did not answer as it should${number}: ${said}${after(tries)}`,
        "Its own log says why. Fewer requests at once may help (`concurrency` in .errata/models.json). What was finished is kept.",
        "endpoint",
      );
  }
}

const after = (tries: number): string => (tries > 1 ? `, after ${tries} tries` : "");
