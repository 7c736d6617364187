/**
 * lm-evaluation-harness with `--log_samples`: one `samples_<task>_<date>.jsonl` a task. A line is one document through one
 * filter, so that the same answers come once for each filter; `resps[i][j]` is repeat j of request i. Layout:
 * lm_eval/evaluator.py and lm_eval/loggers/evaluation_tracker.py (0.4.x); versions up to 0.4.2 wrote one indented array
 * into the same file.
 */
import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { goldOf } from "../../../problems/answers.js";
import { withChoices } from "../../../problems/choices.js";
import { readJsonArray } from "../../../problems/json-array.js";
import { parseJson, readJsonLines } from "../../../problems/json-lines.js";
import { type LineOptions, readLines } from "../../../problems/lines.js";
import { fieldsOf, first, NAMES, plain } from "../../../problems/names.js";
import type { ForeignScore } from "../../../protocol/import.js";
import { isRecord } from "../../../protocol/json-lines.js";
import { ErrataError } from "../../../protocol/types.js";
import { Distinct } from "../distinct.js";
import type { FieldMeaning, FileStart, ForeignRow, Format, ReadOptions } from "../types.js";
import { lastUserTurn } from "./chat-text.js";
import { filterOf, lmEvalScores } from "./lm-eval-scores.js";

type Fields = Readonly<Record<string, unknown>>;

/** @param most bytes, about, of scores under further filters that are held until their document comes */
export const lmEval = (most: number): Format => ({
  id: "lm-eval",
  title: "lm-evaluation-harness samples",
  reads: ({ text }: FileStart) => /^\s*\[?\s*\{\s*"doc_id"\s*:\s*\d+\s*,\s*"doc"\s*:/.test(text),
  rows: (file, options) => rows(file, options, most),
  fields,
});

export const LM_EVAL = lmEval(128 << 20);

const LOOKED_AT = 20;
const AGAIN = "The same answers through another filter: its scores are joined to the first.";
const TOO_MANY =
  "The same answers through another filter: its scores are left out, since the file has more of them than are held in memory.";

interface Line {
  /** Its number. */
  at: number;
  value?: Fields;
  why?: string;
}

async function* linesOf(file: string, { signal, progress }: ReadOptions): AsyncGenerator<Line> {
  if (await isArray(file)) {
    for await (const { line: at, value, why } of readJsonArray(file, { signal, progress })) {
      yield why === undefined && isRecord(value) ? { at, value } : { at, why: why ?? "is not a JSON object" };
    }
    return;
  }
  for await (const { number: at, value, why } of readJsonLines(file, lineOptions(signal, progress))) {
    yield value ? { at, value } : { at, why };
  }
}

const lineOptions = (signal: AbortSignal | undefined, progress: ReadOptions["progress"]): LineOptions => ({
  ...(signal && { signal }),
  ...(progress && { onBytes: (read: number, of: number) => progress(of === 0 ? 1 : read / of) }),
});

async function isArray(file: string): Promise<boolean> {
  const handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0).finally(() => handle.close());
  return /^\ufeff?\s*\[/.test(buffer.toString("utf8", 0, bytesRead));
}

async function* rows(file: string, options: ReadOptions, most: number): AsyncGenerator<ForeignRow> {
  const set = taskOf(basename(file));
  const modelId = await modelOf(file);
  const others = await otherFilters(file, options, most);
  /** Of each document the filter under which its answers came; only where there are several filters. */
  const came = new Distinct();
  const { progress } = options;
  const counted = { ...options, ...(progress && { progress: (share: number) => progress((1 + share) / 2) }) };
  for await (const { at, value, why } of linesOf(file, counted)) {
    const place = `line ${at}`;
    if (!value) {
      yield { kind: "skipped", place, why: `The line ${why ?? "cannot be read"}.` };
      continue;
    }
    const key = keyOf(value);
    const filter = filterOf(value);
    if (others) {
      const number = numberOf(filter);
      if (came.mark(number, key) !== number) {
        yield { kind: "skipped", place, why: at < others.until ? AGAIN : TOO_MANY };
        continue;
      }
    }
    yield* rowsOf(
      value,
      place,
      { set, modelId },
      (j) =>
        others?.scores
          .get(key)
          ?.filter((one) => one.filter !== filter && one.repeat === j)
          .map(({ score }) => score) ?? [],
    );
  }
}

const numberOf = (filter: string): number => createHash("sha256").update(filter).digest().readUInt32LE();

interface HeldScore {
  filter: string;
  repeat: number;
  score: ForeignScore;
}

/** The scores under filters other than the first line's. */
interface Held {
  /** By document. */
  scores: Map<string, HeldScore[]>;
  /** The number of the line from which on none are held. */
  until: number;
}

/** What a score takes in memory beside its texts, about. */
const HELD_SCORE = 300;

/**
 * A file has all documents of one filter and then all of the next, so it is read twice. undefined where there is one
 * filter.
 */
async function otherFilters(file: string, options: ReadOptions, most: number): Promise<Held | undefined> {
  const scores = new Map<string, HeldScore[]>();
  let bytes = 0;
  const { signal, progress } = options;
  const half: ReadOptions = {
    ...(signal && { signal }),
    ...(progress && { progress: (share: number) => progress(share / 2) }),
  };
  try {
    for await (const { at, value } of furtherLines(file, half)) {
      const key = keyOf(value);
      const filter = filterOf(value);
      const found = lmEvalScores(value, textsOf(value) ?? []).flatMap((all, repeat) =>
        all.map((score) => ({ filter, repeat, score })),
      );
      for (const { score } of found) {
        bytes +=
          HELD_SCORE + 2 * (key.length + filter.length + score.name.length + (score.answer?.length ?? 0));
      }
      if (bytes > most) return { scores, until: at };
      scores.set(key, [...(scores.get(key) ?? []), ...found]);
    }
  } catch (error) {
    // Where the file ends badly is told when its rows are read.
    if (!(error instanceof ErrataError)) throw error;
  }
  return scores.size > 0 ? { scores, until: Number.POSITIVE_INFINITY } : undefined;
}

/** Lines under another filter than the first one's. Of lines only those are parsed. */
async function* furtherLines(
  file: string,
  options: ReadOptions,
): AsyncGenerator<{ at: number; value: Fields }> {
  let primary: string | undefined;
  if (await isArray(file)) {
    for await (const { at, value } of linesOf(file, options)) {
      if (!value) continue;
      primary ??= filterOf(value);
      if (filterOf(value) !== primary) yield { at, value };
    }
    return;
  }
  for await (const { number: at, text } of readLines(file, lineOptions(options.signal, options.progress))) {
    if (text === null || text.trim() === "") continue;
    // The last one is the line's own: a document's field of this name stands before it.
    const own = text.lastIndexOf('"filter":');
    const filter =
      own < 0 ? "" : (/^"filter":\s*"((?:[^"\\]|\\.){0,200})"/.exec(text.slice(own, own + 250))?.[1] ?? "");
    primary ??= filter;
    if (filter === primary) continue;
    const value = parseJson(text);
    if (isRecord(value)) yield { at, value };
  }
}

const keyOf = ({ doc_id: id, doc_hash: hash }: Fields): string => `${String(id)} ${String(hash ?? "")}`;

function* rowsOf(
  line: Fields,
  place: string,
  about: { set: string | null; modelId: string | null },
  more: (repeat: number) => readonly ForeignScore[],
): Generator<ForeignRow> {
  const skip = (why: string): ForeignRow => ({ kind: "skipped", place, why });
  const texts = textsOf(line);
  if (!texts) {
    yield skip("The line has likelihoods of given answers, and no text of the model's.");
    return;
  }
  if (texts.length === 0) {
    yield skip("The line has no answer.");
    return;
  }
  const problem = problemOf(line);
  if (!problem) {
    yield skip("The line has no problem.");
    return;
  }
  const scores = lmEvalScores(line, texts);
  for (const [j, text] of texts.entries()) {
    yield {
      ...{
        kind: "attempt",
        place: texts.length === 1 ? place : `${place}, repeat ${j + 1}`,
        problem,
        ...about,
      },
      ...{ group: "", sample: j, text, finish: null, tokens: null },
      scores: [...(scores[j] ?? []), ...more(j)],
    };
  }
}

/** The answers of all requests and repeats; undefined where they are no texts (a likelihood and whether it is greedy). */
function textsOf({ resps }: Fields): string[] | undefined {
  const all = (Array.isArray(resps) ? resps : []).flatMap((repeats: unknown) =>
    Array.isArray(repeats) ? (repeats as unknown[]) : [repeats],
  );
  return all.every((text): text is string => typeof text === "string") ? all : undefined;
}

/** From the document's own fields; its text else from the prompt, of which a chat template's last user turn. */
function problemOf(line: Fields): { id: string | null; text: string; gold: string | null } | undefined {
  const doc = isRecord(line.doc) ? fieldsOf(line.doc) : new Map<string, unknown>();
  const read = (names: readonly string[]): string | undefined => first(names, (name) => plain(doc.get(name)));
  const asked = read(NAMES.problem) ?? promptOf(line.arguments);
  if (asked === undefined) return undefined;
  const gold = targetOf(line.target);
  const text = withChoices(asked, doc, gold ?? "");
  const [level, kind, topic] = [NAMES.level, NAMES.kind, NAMES.topic].map(read);
  return {
    ...{ id: plain(line.doc_id) ?? null, text, gold },
    ...(level && { level: level.replace(/^level\s+/i, "") }),
    ...(kind && { kind }),
    ...(topic && { topic }),
  };
}

/** `{"gen_args_0": {"arg_0": prompt, …}}`, or before 0.4.3 `[[prompt, …], …]`. */
function promptOf(args: unknown): string | undefined {
  const [request] = Array.isArray(args) ? (args as unknown[]) : isRecord(args) ? Object.values(args) : [];
  const prompt: unknown = Array.isArray(request) ? request[0] : isRecord(request) ? request.arg_0 : undefined;
  return typeof prompt === "string" ? lastUserTurn(prompt) || undefined : undefined;
}

/**
 * The gold answer. Every target is written as text: a list of them as Python shows it, `['18', '18.0']`, of which each is
 * right by itself. Several different ones are no gold of ours; the log's scores decide.
 */
function targetOf(target: unknown): string | null {
  const text = plain(target);
  if (text === undefined) return null;
  const list = /^\[\s*(['"].*['"])\s*\]$/s.exec(text)?.[1];
  if (list === undefined) return goldOf(text) ?? null;
  const items = [...list.matchAll(/'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/gs)].map(([, a, b]) =>
    goldOf((a ?? b ?? "").replace(/\\(.)/gs, "$1")),
  );
  const [gold] = items;
  return gold !== undefined && items.every((item) => item === gold) ? gold : null;
}

/** `samples_gsm8k_2026-01-31T10-00-00.123456.jsonl` is of the task gsm8k. */
export function taskOf(name: string): string | null {
  return /^samples_(.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?\.jsonl?$/.exec(name)?.[1] ?? null;
}

/** The results of the same moment, beside it, name the model. */
async function modelOf(file: string): Promise<string | null> {
  const date = /_(\d{4}-\d\d-\d\dT[\d.:-]+)\.jsonl?$/.exec(basename(file))?.[1];
  if (date === undefined) return null;
  const beside = join(dirname(file), `results_${date}.json`);
  try {
    if ((await stat(beside)).size > LARGEST_RESULTS) return null;
    const results: unknown = JSON.parse(await readFile(beside, "utf8"));
    return (isRecord(results) && plain(results.model_name)) || null;
  } catch {
    return null;
  }
}

const LARGEST_RESULTS = 32 << 20;

async function fields(file: string, options: ReadOptions): Promise<FieldMeaning[]> {
  const found = new Map<string, string>();
  let looked = 0;
  for await (const { value } of linesOf(file, options)) {
    if (!value) continue;
    const doc = isRecord(value.doc) ? Object.keys(value.doc) : [];
    const named = (names: readonly string[]): string | undefined =>
      first(names, (name) => doc.find((own) => own.toLowerCase() === name));
    const asked = named(NAMES.problem);
    found.set(asked === undefined ? "arguments" : `doc.${asked}`, "problem");
    for (const [names, means] of [
      [NAMES.level, "level"],
      [NAMES.kind, "kind of problem"],
      [NAMES.topic, "topic"],
    ] as const) {
      const name = named(names);
      if (name !== undefined) found.set(`doc.${name}`, means);
    }
    found.set("doc_id", "problem's id");
    found.set("target", "gold answer");
    found.set("resps[i][j]", "solutions: j are repeats, a group");
    found.set("filtered_resps", "answer that a filter read");
    found.set("filter", "end of a score's name");
    for (const { name } of lmEvalScores(value, textsOf(value)?.slice(0, 1) ?? []).flat()) {
      found.set(name.replace(/,.*$/s, ""), `score of ${name.replace(/,.*$/s, "")}`);
    }
    if (++looked >= LOOKED_AT) break;
  }
  return [...found].map(([field, means]) => ({ field, means }));
}
