/**
 * TRL's completion logs: `GRPOTrainer` (and RLOO's) with `log_completions=True` writes one
 * `completions/completions_<step>.parquet` a logging step. Columns, from trl/trainer/grpo_trainer.py: `step`, `prompt`,
 * `completion`, one a reward function (named after it), what reward functions log with `log_extra`, `advantage`.
 */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { answerInSolution, goldOf } from "../../../problems/answers.js";
import { fieldsOf, first, NAMES, plain } from "../../../problems/names.js";
import { parquetColumns, readParquetRows } from "../../../problems/parquet-rows.js";
import type { FieldMeaning, FileStart, ForeignRow, Format, ReadOptions } from "../types.js";
import { answeredIn, askedIn, isChat, lastUserTurn } from "./chat-text.js";
import { judgesAnswer, scoreOf } from "./rewards.js";

const OWN = new Set(["step", "prompt", "completion", "advantage"]);
/** What a reward function may log beside: of the problem, not of the answer. */
const OF_PROBLEM = new Set<string>(
  [NAMES.gold, NAMES.solution, NAMES.id, NAMES.level, NAMES.kind, NAMES.topic].flat(),
);

export const TRL: Format = {
  id: "trl",
  title: "TRL completions",
  reads: ({ columns = [] }: FileStart) =>
    ["step", "prompt", "completion"].every((name) => columns.includes(name)),
  rows,
  fields,
};

async function* rows(file: string, options: ReadOptions): AsyncGenerator<ForeignRow> {
  const run = runOf(file);
  const again = await repeated(file);
  const { signal, progress } = options;
  for await (const { index, value } of readParquetRows(file, {
    ...(signal && { signal }),
    ...(progress && { progress }),
  })) {
    const place = `row ${index + 1}`;
    if (again === undefined) yield rowOf(place, run, value);
    else
      yield {
        kind: "skipped",
        place,
        why: `The same completions stand in ${again}: one generation, trained on twice.`,
      };
  }
}

function rowOf(place: string, run: string | undefined, row: Record<string, unknown>): ForeignRow {
  const skip = (why: string): ForeignRow => ({ kind: "skipped", place, why });
  const { prompt, completion, step } = row;
  const asked = isChat(prompt)
    ? askedIn(prompt)
    : typeof prompt === "string"
      ? lastUserTurn(prompt)
      : undefined;
  if (asked === null) return skip("The prompt shows an image.");
  if (!asked) return skip("The row has no prompt that is text.");
  const text = isChat(completion) ? answeredIn(completion) : completion;
  if (typeof text !== "string") return skip("The row has no completion that is text.");
  const fields = fieldsOf(row);
  const read = (names: readonly string[]): string | undefined =>
    first(names, (name) => plain(fields.get(name)));
  const [id, level, kind, topic] = [NAMES.id, NAMES.level, NAMES.kind, NAMES.topic].map(read);
  return {
    ...{ kind: "attempt", place, set: null, modelId: null, text },
    ...(run !== undefined && { run }),
    problem: {
      ...{ id: id ?? null, text: asked, gold: goldFor(row) ?? null },
      ...(level && { level: level.replace(/^level\s+/i, "") }),
      ...(kind && { kind }),
      ...(topic && { topic }),
    },
    group: typeof step === "number" ? `step ${step}` : "",
    ...{ sample: null, finish: null, tokens: null },
    scores: Object.entries(row)
      .filter(([name]) => isReward(name) && judgesAnswer(name))
      .map(([name, value]) => scoreOf(name, value))
      .filter((score) => score !== undefined),
  };
}

const isReward = (name: string): boolean =>
  !OWN.has(name) && !OF_PROBLEM.has(name.toLowerCase()) && !/^(?:__|image$|seed$|epoch$)/.test(name);

/** What a reward function logged of the answer; TRL's own examples call it `solution`, and it may be no more than that. */
function goldFor(row: Record<string, unknown>): string | undefined {
  const fields = fieldsOf(row);
  const bare = (name: string): string | undefined => {
    const text = plain(fields.get(name));
    if (text === undefined) return undefined;
    return answerInSolution(text) ?? (text.length <= 80 && !text.includes("\n") ? goldOf(text) : undefined);
  };
  return first(NAMES.gold, (name) => goldOf(fields.get(name))) ?? first(NAMES.solution, bare);
}

/** `<run>/completions/completions_00005.parquet` belongs to its run, whatever the step; else the file stands for itself. */
function runOf(file: string): string | undefined {
  const folder = dirname(file);
  return basename(folder) === "completions" ? basename(dirname(folder)) || undefined : undefined;
}

/**
 * The log of an earlier step with the very same completions: TRL writes one generation again at every step that trains
 * on it (`num_iterations`, `steps_per_generation`).
 */
async function repeated(file: string): Promise<string | undefined> {
  const step = stepOf(basename(file));
  if (step === undefined) return undefined;
  const before = (await readdir(dirname(file)))
    .map((name) => ({ name, step: stepOf(name) ?? Number.NaN }))
    .filter((one) => one.step < step)
    .sort((a, b) => b.step - a.step)[0]?.name;
  if (before === undefined) return undefined;
  const other = join(dirname(file), before);
  try {
    const [here, there] = [await parquetColumns(file), await parquetColumns(other)];
    if (here.rows === 0 || here.rows !== there.rows) return undefined;
    return (await digest(file)) === (await digest(other)) ? before : undefined;
  } catch {
    // A damaged neighbour says nothing; that this file is damaged is told where its rows are read.
    return undefined;
  }
}

const stepOf = (name: string): number | undefined => {
  const digits = /^completions_(\d+)\.parquet$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

async function digest(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const { value } of readParquetRows(file, { columns: ["prompt", "completion", "advantage"] })) {
    hash.update(`${JSON.stringify(value)}\n`);
  }
  return hash.digest("hex");
}

async function fields(file: string): Promise<FieldMeaning[]> {
  // What is wrong with a damaged file is told where its rows are read.
  const { columns } = await parquetColumns(file).catch(() => ({ columns: [] }));
  const means = (name: string): string => {
    if (name === "step") return "training step, in which the completions of a prompt are one group";
    if (name === "prompt") return "problem (the last user message)";
    if (name === "completion") return "solution";
    if (name === "advantage") return "not taken";
    const lower = name.toLowerCase();
    const is = (names: readonly string[]): boolean => names.includes(lower);
    if (is(NAMES.gold) || is(NAMES.solution)) return "gold answer";
    if (is(NAMES.id)) return "the problem's id";
    if (is(NAMES.level)) return "level";
    if (is(NAMES.kind)) return "kind of problem";
    if (is(NAMES.topic)) return "topic";
    if (!isReward(name)) return "not taken";
    return judgesAnswer(name) ? `score of ${name}` : "not taken (it judges the form, not the answer)";
  };
  return columns.map((field) => ({ field, means: means(field) }));
}
