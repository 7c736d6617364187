/** One sample of an Inspect log (`EvalSample`): https://inspect.aisi.org.uk/reference/inspect_ai.log.html#evalsample */
import { goldOf } from "../../../problems/answers.js";
import { withChoices } from "../../../problems/choices.js";
import { fieldsOf, first, NAMES, plain } from "../../../problems/names.js";
import { isRecord } from "../../../protocol/json-lines.js";
import type { Finish } from "../../../protocol/types.js";
import type { ForeignAttempt, ForeignRow } from "../types.js";
import { answeredText, askedText, type Resolve } from "./inspect-text.js";
import { inspectScores } from "./inspect-values.js";

/** What is read of a sample: its events and its store, most of it, are not. */
export const SAMPLE_FIELDS: ReadonlySet<string> = new Set([
  ...["id", "epoch", "input", "choices", "target", "output", "scores", "score", "metadata", "model_usage"],
  ...["error", "limit", "invalidation"],
]);

/** Of the log, for each of its samples. */
export interface InspectLog {
  task: string | null;
  model: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** The attempt that a sample holds, one more for each further choice of the model's output, or why there is none. */
export function sampleRows(sample: Fields, log: InspectLog, resolve: Resolve): ForeignRow[] {
  const id = plain(sample.id) ?? "";
  const epoch = Number.isSafeInteger(sample.epoch) && Number(sample.epoch) > 0 ? Number(sample.epoch) : 1;
  const place = `sample ${id} of epoch ${epoch}`;
  const skip = (why: string): ForeignRow[] => [{ kind: "skipped", place, why }];

  if (isRecord(sample.error)) return skip(`The sample ended in an error${kindOf(sample.error)}.`);
  if (isRecord(sample.limit))
    return skip(`The sample was stopped at its limit of ${wordOf(sample.limit.type)}.`);
  if (isRecord(sample.invalidation)) return skip("A person marked the sample as invalid.");
  const asked = askedText(sample.input, resolve);
  if (asked === null) return skip("The problem shows an image, or another thing that is no text.");
  if (asked === undefined) return skip("The sample has no input that is text.");
  const output = isRecord(sample.output) ? sample.output : {};
  if (typeof output.error === "string") return skip("The model's answer is an error.");
  const choices = Array.isArray(output.choices) ? output.choices.filter(isRecord) : [];
  const completion = typeof output.completion === "string" ? resolve(output.completion) : undefined;
  if (choices.length === 0 && !completion) return skip("The sample has no answer of the model.");

  const gold = goldFor(sample.target, resolve);
  const model = plain(output.model) ?? null;
  const modelId = log.model ?? model;
  const attempt = (choice: Fields, i: number): ForeignAttempt => ({
    ...{ kind: "attempt", place: i === 0 ? place : `${place}, choice ${i + 1}` },
    problem: {
      ...{ id: id || null, text: withOptions(asked, sample.choices, gold), gold },
      ...about(sample.metadata),
    },
    ...{ set: log.task, modelId },
    // Epochs are the group; what the model said besides, at the same time, is another.
    ...{ group: i === 0 ? "" : `choice ${i + 1}`, sample: epoch - 1 },
    text: answeredText(choice.message, resolve) || (i === 0 ? (completion ?? "") : ""),
    finish: finishOf(choice.stop_reason),
    tokens: choices.length > 1 ? null : tokensOf(output.usage, sample.model_usage, model, log.model),
    // Scorers see the first choice.
    scores: i === 0 ? inspectScores(sample) : [],
  });
  return (choices.length === 0 ? [{}] : choices).map(attempt);
}

/** Of "RuntimeError('no sandbox')" the kind, so that alike ones are counted together. */
function kindOf({ message }: Fields): string {
  const kind = typeof message === "string" ? /^[A-Za-z_][\w.]{0,60}(?=\(|:|$)/.exec(message)?.[0] : undefined;
  return kind ? ` (${kind})` : "";
}

const LIMITS: Readonly<Record<string, string>> = {
  ...{ message: "messages", time: "time", working: "working time", token: "tokens", cost: "cost" },
  ...{ turn: "turns", operator: "the operator" },
};
const wordOf = (type: unknown): string =>
  typeof type === "string" ? (LIMITS[type] ?? type.slice(0, 40)) : "some kind";

/** Several targets are each right by itself: no one text stands for them, and the log's own scores decide. */
function goldFor(target: unknown, resolve: Resolve): string | null {
  const targets = (Array.isArray(target) ? target : [target]).map((one) =>
    goldOf(typeof one === "string" ? resolve(one) : one),
  );
  const [gold] = targets;
  return gold !== undefined && targets.every((one) => one === gold) ? gold : null;
}

/** Whatever letter is right: what can be chosen is part of the problem. */
const withOptions = (text: string, choices: unknown, gold: string | null): string =>
  withChoices(text, new Map([["choices", choices]]), gold !== null && /^[A-J]$/.test(gold) ? gold : "A");

function about(metadata: unknown): { level?: string; kind?: string; topic?: string } {
  if (!isRecord(metadata)) return {};
  const fields = fieldsOf(metadata);
  const read = (names: readonly string[]): string | undefined =>
    first(names, (name) => plain(fields.get(name)));
  const [level, kind, topic] = [NAMES.level, NAMES.kind, NAMES.topic].map(read);
  return {
    ...(level && { level: level.replace(/^level\s+/i, "") }),
    ...(kind && { kind }),
    ...(topic && { topic }),
  };
}

function finishOf(reason: unknown): Finish | null {
  if (reason === "stop") return "stop";
  return reason === "max_tokens" || reason === "model_length" || reason === "length" ? "length" : null;
}

/** New tokens of the last answer; else those of the whole sample, by its model. */
function tokensOf(usage: unknown, all: unknown, ...models: (string | null)[]): number | null {
  const count = (value: unknown): number | null =>
    isRecord(value) && Number.isSafeInteger(value.output_tokens) && Number(value.output_tokens) >= 0
      ? Number(value.output_tokens)
      : null;
  const found = count(usage);
  if (found !== null || !isRecord(all)) return found;
  for (const model of models) {
    if (model !== null && Object.hasOwn(all, model)) return count(all[model]);
  }
  return null;
}
