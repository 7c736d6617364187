import { open } from "node:fs/promises";
import { basename } from "node:path";
import { parseJson } from "../../../problems/json-lines.js";
import { isRecord } from "../../../protocol/json-lines.js";
import { ErrataError } from "../../../protocol/types.js";
import { JsonParts } from "../json-parts.js";
import type { FieldMeaning, FileStart, ForeignRow, Format, ReadOptions } from "../types.js";
import { LARGEST_MEMBER, ZipArchive, type ZipMember } from "../zip.js";
import { type InspectLog, SAMPLE_FIELDS, sampleRows } from "./inspect-sample.js";
import { referencesIn, resolver } from "./inspect-text.js";

/** Members that a log of Inspect begins with, whichever way it was written. */
const FIRST = /^(?:_journal\/|samples\/|header\.json|summaries\.json|reductions\.json)/;
/** One sample in a member of its own; or, in newer logs, in a folder of its own ("chunked"). */
const SAMPLE = /^samples\/(.+_epoch_\d+)(?:\.json|\/sample\.json)$/;
/** Of a `.json` log, which comes as one stream. Bytes. */
const LARGEST_SAMPLE = 64 << 20;
const CHUNK = 1 << 20;
/** Rows that tell what the fields mean. */
const LOOKED_AT = 50;

export const INSPECT: Format = {
  id: "inspect",
  title: "Inspect log",
  reads: (start) => isEval(start) || isJson(start),
  rows,
  fields,
};

function isEval({ name, bytes }: FileStart): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).toString(
    "latin1",
  );
  if (!head.startsWith("PK\x03\x04")) return false;
  return /\.eval$/i.test(name) || FIRST.test(head.slice(30));
}

const isJson = ({ text }: FileStart): boolean =>
  /^\s*\{\s*"(?:version|status|eval)"/.test(text) &&
  /"eval"\s*:\s*\{[^{}]*"(?:run_id|eval_id|task_id)"\s*:/.test(text);

async function* rows(file: string, options: ReadOptions): AsyncGenerator<ForeignRow> {
  const handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0).finally(() => handle.close());
  yield* buffer.toString("latin1") === "PK" ? evalRows(file, options) : jsonRows(file, options);
}

type Fields = Record<string, unknown>;

/** `.eval`: sample by sample, each a member (or a few) of the archive. */
async function* evalRows(file: string, { signal, progress }: ReadOptions): AsyncGenerator<ForeignRow> {
  const archive = await ZipArchive.open(file);
  try {
    const log = await headOf(archive);
    const members = archive.members();
    const attachments = attachmentChunks(members);
    for (const { name, at } of members) {
      const sample = SAMPLE.exec(name)?.[1];
      if (sample === undefined) continue;
      signal?.throwIfAborted();
      progress?.(at);
      const folder = name.slice(0, -"sample.json".length);
      const place = `sample ${sample.replace(/_epoch_(\d+)$/, " of epoch $1")}`;
      try {
        yield* name.endsWith("/sample.json")
          ? await chunkedRows(archive, folder, attachments.get(folder) ?? [], place, log)
          : rowsOf(await archive.read(name), place, log);
      } catch (error) {
        // A member that cannot be read is one sample's loss.
        if (!(error instanceof ErrataError)) throw error;
        yield {
          kind: "skipped",
          place,
          why: "The sample cannot be read: its part of the archive is damaged or too large.",
        };
      }
    }
    progress?.(1);
  } finally {
    archive.close();
  }
}

/** `header.json`; where the evaluation was killed, its journal's beginning. */
async function headOf(archive: ZipArchive): Promise<InspectLog> {
  for (const name of ["header.json", "_journal/start.json"]) {
    if (!archive.has(name)) continue;
    const parts = partsOf(await archive.read(name), new Set(["eval"]));
    if (parts) return logOf(parts.eval);
  }
  return { task: null, model: null };
}

function logOf(spec: unknown): InspectLog {
  const { task, model } = isRecord(spec) ? spec : {};
  const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);
  return { task: text(task), model: text(model) };
}

/** A whole sample, of which the fields that count are parsed, and the attachments that they refer to. */
function rowsOf(bytes: Buffer, place: string, log: InspectLog): ForeignRow[] {
  const sample = partsOf(bytes, SAMPLE_FIELDS);
  if (!sample) return [{ kind: "skipped", place, why: NO_JSON }];
  const keys = referencesIn(JSON.stringify(sample));
  const attachments = new Map<string, string>();
  if (keys.size > 0) {
    const parts = new JsonParts(
      (path) =>
        path.length === 0 || (path.length === 1 && path[0] === "attachments")
          ? "enter"
          : path.length === 2 && keys.has(String(path[1]))
            ? "take"
            : "skip",
      LARGEST_MEMBER,
    );
    for (const part of parts.feed(bytes)) {
      const text: unknown = part.bytes && parseJson(part.bytes.toString("utf8"));
      if (typeof text === "string") attachments.set(String(part.path[1]), text);
    }
  }
  return sampleRows(sample, log, resolver(attachments));
}

const NO_JSON = "The sample is no JSON object.";

/** A sample in a folder of its own: its metadata and its attachments (by index) are members beside it. */
async function chunkedRows(
  archive: ZipArchive,
  folder: string,
  starts: readonly number[],
  place: string,
  log: InspectLog,
): Promise<ForeignRow[]> {
  const sample = partsOf(await archive.read(`${folder}sample.json`), SAMPLE_FIELDS);
  if (!sample) return [{ kind: "skipped", place, why: NO_JSON }];
  const beside = `${folder}metadata.json`;
  if (archive.has(beside)) sample.metadata = parseJson((await archive.read(beside)).toString("utf8"));
  const attachments = new Map<string, string>();
  const wanted = [...referencesIn(JSON.stringify(sample))].map(Number).filter(Number.isSafeInteger);
  for (const start of starts) {
    const here = wanted.filter((index) => index >= start && !attachments.has(String(index)));
    if (here.length === 0) continue;
    const chunk = parseJson((await archive.read(`${folder}attachments/${start}.json`)).toString("utf8"));
    for (const index of here) {
      const text: unknown = Array.isArray(chunk) ? chunk[index - start] : undefined;
      if (typeof text === "string") attachments.set(String(index), text);
    }
  }
  return sampleRows(sample, log, resolver(attachments));
}

/** Of each chunked sample's folder the chunks of its attachments, the last one first: named by the index of their first item. */
function attachmentChunks(members: readonly ZipMember[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { name } of members) {
    const [, folder, start] = /^(samples\/.+\/)attachments\/(\d+)\.json$/.exec(name) ?? [];
    if (folder === undefined) continue;
    const starts = found.get(folder) ?? [];
    starts.push(Number(start));
    found.set(folder, starts);
  }
  for (const starts of found.values()) starts.sort((a, b) => b - a);
  return found;
}

/** Some fields of a JSON object; undefined where it is none. */
function partsOf(bytes: Buffer, names: ReadonlySet<string>): Fields | undefined {
  const parts = new JsonParts(
    (path) => (path.length === 0 ? "enter" : names.has(String(path[0])) ? "take" : "skip"),
    LARGEST_MEMBER,
  );
  const found: Fields = {};
  try {
    for (const { path, bytes: part } of parts.feed(bytes)) {
      const value = part && parseJson(part.toString("utf8"));
      if (value instanceof SyntaxError) return undefined;
      found[String(path[0])] = value;
    }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return parts.ended ? found : undefined;
}

/** `.json`: one object, whose samples come one after another. */
async function* jsonRows(file: string, { signal, progress }: ReadOptions): AsyncGenerator<ForeignRow> {
  const parts = new JsonParts((path) => {
    if (path.length === 0 || (path.length === 1 && path[0] === "samples")) return "enter";
    return path.length === 2 ? "take" : path[0] === "eval" ? "take" : "skip";
  }, LARGEST_SAMPLE);
  let log: InspectLog = { task: null, model: null };
  let seen = 0;
  const bad = (what: string): ErrataError =>
    new ErrataError(
      `${basename(file)} ${what} after sample ${seen}.`,
      "Copy or write it again. What came before may be imported; a whole file goes on from there.",
      "bad-import",
    );
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const buffer = Buffer.alloc(CHUNK);
    for (let at = 0; at < size; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, at);
      if (bytesRead === 0) break;
      const skipped = at === 0 && buffer.toString("hex", 0, 3) === "efbbbf" ? 3 : 0;
      at += bytesRead;
      for (const { path, bytes } of parts.feed(buffer.subarray(skipped, bytesRead))) {
        if (path[0] === "eval") log = logOf(bytes && parseJson(bytes.toString("utf8")));
        else {
          seen++;
          if (bytes) yield* rowsOf(bytes, `sample ${seen}`, log);
          else yield { kind: "skipped", place: `sample ${seen}`, why: "The sample is larger than 64 MB." };
        }
      }
      progress?.(at / size);
    }
  } catch (error) {
    throw error instanceof SyntaxError ? bad(`is not JSON (${error.message})`) : error;
  } finally {
    await handle.close();
  }
  if (!parts.ended) throw bad("ends within its JSON: it was cut off");
}

async function fields(file: string, options: ReadOptions): Promise<FieldMeaning[]> {
  const scores = new Set<string>();
  let looked = 0;
  for await (const row of rows(file, options)) {
    if (row.kind === "attempt") for (const { name } of row.scores) scores.add(name);
    if (++looked >= LOOKED_AT) break;
  }
  const all: [string, string][] = [
    ["eval.task", "problem set"],
    ["eval.model", "model"],
    ["id", "problem's id"],
    ["input", "problem (of messages, what the user says)"],
    ["choices", "problem's options"],
    ["target", "gold answer; where several are right, none, and the scores decide"],
    ["epoch", "number of the attempt: epochs are the group"],
    ["output.choices[i].message", "solution, with its reasoning"],
    ["output.choices[i].stop_reason", "reason why it ended (the token limit, or not)"],
    ["output.usage.output_tokens", "tokens"],
    ...[...scores].map((name): [string, string] => [`scores.${name}`, `score of ${name}`]),
  ];
  return all.map(([field, means]) => ({ field, means }));
}
