/**
 * The output of a batch in OpenAI's format (platform.openai.com/docs/guides/batch; vLLM's `run-batch`, and others): JSON
 * lines `{"custom_id", "response": {"status_code", "body"}, "error"}` in any order. What was asked stands in the file of
 * requests alone, `{"custom_id", "method", "url", "body"}`: both are joined on `custom_id`.
 */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type JsonLine, readJsonLines } from "../../../problems/json-lines.js";
import { inner, plain } from "../../../problems/names.js";
import { ErrataError } from "../../../protocol/types.js";
import { readStart } from "../start.js";
import type { FieldMeaning, FileStart, ForeignRow, Format, ReadOptions } from "../types.js";
import { firstKeys } from "./first-line.js";
import { answersOf, askedBy, goldBeside } from "./openai-body.js";
import { RequestIndex } from "./request-index.js";

type Row = Record<string, unknown>;
/** JSON-lines files beside the output that are looked into for its requests. */
const NEIGHBOURS = 100;

export const OPENAI_BATCH: Format = {
  id: "openai-batch",
  title: "OpenAI-style batch",
  // The requests are known too, so that they are told for what they are.
  reads: (start) => isOutput(start) || isRequests(start),
  rows,
  fields,
};

const isOutput = (start: FileStart): boolean => has(start, ["custom_id", "response"]);
const isRequests = (start: FileStart): boolean => has(start, ["custom_id", "body"]) && !isOutput(start);

function has(start: FileStart, names: readonly string[]): boolean {
  const keys = firstKeys(start);
  return keys !== undefined && names.every((name) => keys.has(name));
}

async function* rows(file: string, options: ReadOptions): AsyncGenerator<ForeignRow> {
  const { signal, progress } = options;
  const { path, index } = await requestsOf(file, options);
  try {
    const onBytes = progress && ((read: number, of: number) => progress(read / of));
    for await (const line of readJsonLines(file, {
      ...(signal && { signal }),
      ...(onBytes && { onBytes }),
    })) {
      yield* rowsOf(line, index, basename(path));
    }
  } finally {
    await index.close();
  }
}

function* rowsOf(
  { number, value, why }: JsonLine,
  index: RequestIndex,
  requests: string,
): Generator<ForeignRow> {
  const place = `line ${number}`;
  const skip = (reason: string): ForeignRow => ({ kind: "skipped", place, why: reason });
  if (!value) return yield skip(`The line ${why}.`);
  const failed = failureOf(value);
  if (failed !== undefined) return yield skip(failed);
  const id = plain(value.custom_id);
  const request = id === undefined ? undefined : index.get(id);
  if (request === undefined) return yield skip(`No request in ${requests} has its custom_id.`);
  if (request === null) return yield skip(`Two requests in ${requests} have its custom_id and differ.`);
  const asked = askedBy((request.body ?? {}) as Row);
  if (asked === null) return yield skip("The request shows an image.");
  if (asked === undefined) return yield skip("The request has no user message that is text.");
  const body = bodyOf(value);
  if (!body) return yield skip("The response has no body.");
  const answers = answersOf(body);
  for (const [i, answer] of answers.entries()) {
    const at = answers.length > 1 ? `${place}, choice ${i + 1}` : place;
    if (typeof answer === "string") yield { kind: "skipped", place: at, why: answer };
    else {
      yield {
        ...{ kind: "attempt", place: at, set: null, group: "", sample: null, scores: [], ...answer },
        problem: { id: null, text: asked, gold: goldBeside(request) ?? null },
        modelId: plain(body.model) ?? plain(inner(request.body, "model")) ?? null,
      };
    }
  }
}

/** Why a line of the output is no answer; undefined where it is one. */
function failureOf({ error, response }: Row): string | undefined {
  if (error !== null && error !== undefined) {
    const code = plain(inner(error, "code")) ?? plain(inner(error, "type"));
    return `The request failed${code ? ` (${code.slice(0, 60)})` : ""}.`;
  }
  if (typeof response !== "object" || response === null) return "The request has no response.";
  const status = inner(response, "status_code");
  return typeof status === "number" && status !== 200
    ? `The server answered with status ${status}.`
    : undefined;
}

/** Some servers leave the envelope out and answer with the completion itself. */
function bodyOf({ response }: Row): Row | undefined {
  const body = inner(response, "body") ?? (inner(response, "choices") ? response : undefined);
  return typeof body === "object" && body !== null ? (body as Row) : undefined;
}

/** The requests: the file that was named, or the one in the same folder that holds the first answer's `custom_id`. */
async function requestsOf(
  file: string,
  { companion, signal }: ReadOptions,
): Promise<{ path: string; index: RequestIndex }> {
  if (companion === undefined && isRequests(await readStart(file))) {
    throw new ErrataError(
      `${basename(file)} holds the requests of a batch, and no answers.`,
      `Import the batch's output file, and name this one with --requests ${basename(file)}.`,
      "bad-import",
    );
  }
  if (companion !== undefined) {
    const index = await RequestIndex.open(companion, signal);
    if (index.size > 0) return { path: companion, index };
    await index.close();
    throw missing(`${basename(companion)} holds no request with a "custom_id".`);
  }
  const [path, ...others] = await neighbours(file, signal);
  if (path === undefined)
    throw missing(`The requests that ${basename(file)} answers are missing: its problems stand there alone.`);
  if (others.length > 0) {
    const names = [path, ...others].map((one) => basename(one)).join(", ");
    throw missing(`${basename(file)} may answer several files of requests: ${names}.`);
  }
  return { path, index: await RequestIndex.open(path, signal) };
}

const missing = (message: string): ErrataError =>
  new ErrataError(
    message,
    "Name the file that the batch was made from with --requests FILE, or put it beside the output.",
    "needs-requests",
  );

async function neighbours(file: string, signal: AbortSignal | undefined): Promise<string[]> {
  const id = await firstId(file, signal);
  if (id === undefined) return [];
  const names = (await readdir(dirname(file)))
    .filter((name) => /\.(?:jsonl|ndjson|json)$/i.test(name))
    .sort();
  const found: string[] = [];
  for (const name of names.slice(0, NEIGHBOURS)) {
    const path = join(dirname(file), name);
    const start = name === basename(file) ? undefined : await readStart(path).catch(() => undefined);
    if (!start || !isRequests(start)) continue;
    const index = await RequestIndex.open(path, signal);
    if (index.has(id)) found.push(path);
    await index.close();
  }
  return found;
}

async function firstId(file: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  for await (const { value } of readJsonLines(file, signal && { signal })) {
    const id = plain(value?.custom_id);
    if (id !== undefined) return id;
  }
  return undefined;
}

async function fields(file: string, options: ReadOptions): Promise<FieldMeaning[]> {
  // That they are missing, or cannot be read, is told where rows are read.
  const requests = await requestsOf(file, options).catch((error: unknown) => {
    if (error instanceof ErrataError) return undefined;
    throw error;
  });
  await requests?.index.close();
  const where = requests ? basename(requests.path) : "the requests file";
  return [
    { field: "custom_id", means: `name by which an answer finds its request in ${where}` },
    { field: "body.messages", means: "problem (the request's last user message)" },
    { field: "body.metadata", means: "gold answer, where the request has one there" },
    { field: "response.body.choices[i]", means: "solution (the choices of a request are one group)" },
    { field: "response.body.model", means: "model" },
    { field: "response.body.usage", means: "number of tokens, where there is one choice" },
    { field: "error", means: "not taken" },
  ];
}
