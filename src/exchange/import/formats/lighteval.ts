/**
 * lighteval's details: `details/<model>/<date>/details_<task>_<date>.parquet`, a row a document. Since 0.9 a row is
 * `doc`, `model_response` and `metric` (its documentation writes them `__doc__` and so on), each a struct; before, it had
 * a column a field (`full_prompt`, `predictions`, `gold`, `metrics` …), which up to 0.6 were all Python's `str()` of what
 * they hold. Source: lighteval/logging/info_loggers.py and evaluation_tracker.py of these versions.
 */
import { basename, dirname } from "node:path";
import { goldOf } from "../../../problems/answers.js";
import { fieldsOf, first, NAMES, plain } from "../../../problems/names.js";
import { parquetColumns, readParquetRows } from "../../../problems/parquet-rows.js";
import type { ForeignScore } from "../../../protocol/import.js";
import { isRecord } from "../../../protocol/json-lines.js";
import type { Finish } from "../../../protocol/types.js";
import type { FieldMeaning, FileStart, ForeignRow, Format, ReadOptions } from "../types.js";
import { lastUserTurn, withThought } from "./chat-text.js";
import { pythonLiteral } from "./python-literal.js";
import { judgesAnswer } from "./rewards.js";

type Fields = Readonly<Record<string, unknown>>;
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value == null ? [] : [value]);
const bare = (name: string): string => name.replace(/^_+|_+$/g, "");

export const LIGHTEVAL: Format = {
  id: "lighteval",
  title: "lighteval details",
  reads: ({ columns = [] }: FileStart) => {
    const names = new Set(columns.map(bare));
    return (
      (names.has("doc") && names.has("model_response")) ||
      (names.has("full_prompt") && names.has("predictions"))
    );
  },
  rows,
  fields,
};

/** What both layouts say. */
interface Detail {
  id: string | null;
  task: string | null;
  query: string | undefined;
  golds: unknown[];
  specific: Fields;
  images: boolean;
  texts: unknown[];
  reasonings: unknown[];
  tokens: unknown[];
  /** Most new tokens; null: not said. */
  most: number | null;
  metrics: Fields;
}

async function* rows(file: string, { signal, progress }: ReadOptions): AsyncGenerator<ForeignRow> {
  const set = taskIn(/^.*?details_(.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?\.parquet$/.exec(basename(file))?.[1]);
  const modelId = modelOf(file);
  const options = { ...(signal && { signal }), ...(progress && { progress }) };
  for await (const { index, value } of readParquetRows(file, options)) {
    const row = Object.fromEntries(Object.entries(value).map(([name, field]) => [bare(name), field]));
    yield* rowsOf(isRecord(row.doc) ? detail(row) : olderDetail(row), `row ${index + 1}`, { set, modelId });
  }
}

function detail({ doc, model_response, metric }: Fields): Detail {
  const [asked, answer] = [isRecord(doc) ? doc : {}, isRecord(model_response) ? model_response : {}];
  const choices = listOf(asked.choices);
  return {
    ...{ id: plain(asked.id) ?? null, task: taskIn(plain(asked.task_name)) },
    query: plain(asked.original_query) ?? plain(asked.query),
    golds: listOf(asked.gold_index).flatMap((index) => listOf(choices[Number(index)])),
    specific: isRecord(asked.specific) ? asked.specific : {},
    images: listOf(asked.images).length > 0,
    ...{
      texts: listOf(answer.text),
      reasonings: listOf(answer.reasonings),
      tokens: listOf(answer.output_tokens),
    },
    most: typeof asked.generation_size === "number" ? asked.generation_size : null,
    metrics: isRecord(metric) ? metric : {},
  };
}

function olderDetail(row: Fields): Detail {
  const read = (name: string): unknown => {
    const value = row[name];
    return typeof value === "string" ? (pythonLiteral(value) ?? value) : value;
  };
  const choices = listOf(read("choices"));
  const gold = listOf(read("gold"));
  const metrics = read("metrics");
  const specifics = read("specifics");
  return {
    ...{ id: null, task: null, query: plain(row.example) ?? plain(row.full_prompt) },
    golds:
      gold.length > 0 ? gold : listOf(read("gold_index")).flatMap((index) => listOf(choices[Number(index)])),
    specific: isRecord(specifics) ? specifics : {},
    ...{
      images: false,
      texts: listOf(read("predictions")),
      reasonings: [],
      tokens: listOf(read("cont_tokens")),
    },
    ...{ most: null, metrics: isRecord(metrics) ? metrics : {} },
  };
}

function* rowsOf(
  found: Detail,
  place: string,
  file: { set: string | null; modelId: string | null },
): Generator<ForeignRow> {
  const skip = (why: string): ForeignRow => ({ kind: "skipped", place, why });
  const texts = found.texts.filter((text) => typeof text === "string");
  if (found.images) return yield skip("The problem shows an image.");
  if (texts.length === 0 || texts.length !== found.texts.length) {
    return yield skip("The row has likelihoods of given answers, and no text of the model's.");
  }
  const text = found.query === undefined ? "" : lastUserTurn(found.query);
  if (text === "") return yield skip("The row has no problem.");
  const fields = fieldsOf(found.specific);
  const read = (names: readonly string[]): string | undefined =>
    first(names, (name) => plain(fields.get(name)));
  const [level, kind, topic] = [NAMES.level, NAMES.kind, NAMES.topic].map(read);
  const golds = found.golds.map(goldOf);
  const problem = {
    ...{ id: found.id, text, gold: golds.every((gold) => gold === golds[0]) ? (golds[0] ?? null) : null },
    ...(level && { level: level.replace(/^level\s+/i, "") }),
    ...(kind && { kind }),
    ...(topic && { topic }),
  };
  const scores = scoresOf(found, texts.length);
  for (const [i, answer] of texts.entries()) {
    const tokens = found.tokens.length === texts.length ? countOf(found.tokens[i], answer) : null;
    yield {
      ...{ kind: "attempt", place: texts.length === 1 ? place : `${place}, sample ${i + 1}`, problem },
      ...{ set: found.task ?? file.set, modelId: file.modelId, group: "", sample: i },
      text: answer.includes("<think>") ? answer : withThought({ reasoning: found.reasonings[i] }, answer),
      ...{ finish: finishOf(tokens, found.most), tokens, scores: scores[i] ?? [] },
    };
  }
}

/** Not every backend gives its tokens: then the list is empty. */
const countOf = (tokens: unknown, text: string): number | null =>
  Array.isArray(tokens) && (tokens.length > 0 || text === "") ? tokens.length : null;

const finishOf = (tokens: number | null, most: number | null): Finish | null =>
  tokens === null || most === null ? null : tokens >= most ? "length" : "stop";

/**
 * Of one answer each metric is its score. Of several a metric is their average (`avg@n`) or whether one is right
 * (`pass@k`): all wrong or all right is said of each, anything between of none.
 */
function scoresOf({ metrics, specific }: Detail, texts: number): ForeignScore[][] {
  const all: ForeignScore[][] = Array.from({ length: texts }, () => []);
  const [answer] = listOf(specific.extracted_predictions);
  for (const [name, value] of Object.entries(metrics)) {
    if (!judgesAnswer(name) || (typeof value !== "boolean" && typeof value !== "number")) continue;
    if (!Number.isFinite(Number(value))) continue;
    if (texts === 1) {
      all[0]?.push({ name, value, ...(typeof answer === "string" && { answer }) });
      continue;
    }
    const decided =
      (/avg@/.test(name) && (value === 0 || value === 1)) || (/pass@/.test(name) && value === 0);
    const counted = Number(/\bn=(\d+)/.exec(name)?.[1] ?? texts);
    if (decided) for (const scores of all.slice(0, counted)) scores.push({ name, value });
  }
  return all;
}

/** `lighteval|gsm8k|0|0` and `gsm8k|5` are the task gsm8k: numbers are of its few-shot examples. */
export function taskIn(name: string | undefined): string | null {
  const parts = name?.split("|").filter((part) => part !== "" && !/^\d+$/.test(part)) ?? [];
  return parts.at(-1) ?? null;
}

/** The folders between `details` and the date's. */
function modelOf(file: string): string | null {
  const date = dirname(file);
  if (!/^\d{4}-\d\d-\d\dT/.test(basename(date))) return null;
  const names: string[] = [];
  for (let folder = dirname(date); names.length < 4 && basename(folder) !== ""; folder = dirname(folder)) {
    if (basename(folder) === "details") return names.join("/") || null;
    names.unshift(basename(folder));
  }
  return null;
}

const MEANS: Readonly<Record<string, string>> = {
  ...{
    doc: "problem, gold answer (choices at gold_index), task",
    model_response: "solutions (text), tokens",
  },
  ...{ metric: "scores", full_prompt: "problem, where there is no example", example: "problem" },
  ...{ predictions: "solutions", gold: "gold answer", metrics: "scores", cont_tokens: "tokens" },
  ...{
    choices: "gold answer, at gold_index",
    gold_index: "index of the right choice",
    specifics: "level, topic",
  },
};

async function fields(file: string): Promise<FieldMeaning[]> {
  const { columns } = await parquetColumns(file);
  return columns.map((field) => ({ field, means: MEANS[bare(field)] ?? "not taken" }));
}
