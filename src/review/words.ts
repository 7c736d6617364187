import type { AttemptDetail, AttemptQuery } from "../pool/types.js";
import { count } from "../protocol/figures.js";
import type { Choice, Rubric } from "../protocol/rubric.js";
import type { Annotation, AnnotationValue } from "../protocol/types.js";

/** Of a note, when it is told beside an item. */
const NOTE = 400;

const axisTitle = (rubric: Rubric, id: string): string => rubric.axes.find((a) => a.id === id)?.title ?? id;

const titleOf = (choices: readonly Choice[], id: string): string =>
  choices.find((choice) => choice.id === id)?.title ?? id;

const DISPUTES = {
  any: "in dispute",
  disagree: "graders disagree",
  imported: "imported score differs",
  unsure: "nobody could tell",
} as const;

const VERDICTS = { correct: "correct", incorrect: "incorrect", unscored: "unscorable" } as const;

/** What somebody said, as a verb phrase ("rated Overall 4"); empty for what says nothing (taken back). */
export function saidWords(said: AnnotationValue, rubric: Rubric): string {
  if (said.value === null || said.value === false) return "";
  switch (said.kind) {
    case "rating":
      return `rated ${axisTitle(rubric, said.axis)} ${said.value}`;
    case "decision":
      return `${said.value} the correction`;
    case "correction":
      return "wrote a correction";
    case "note":
      return `noted “${said.value.length > NOTE ? `${said.value.slice(0, NOTE)}…` : said.value}”`;
    case "firstWrongStep":
      return said.value === 0 ? "found no wrong step" : `found the first wrong step: ${said.value}`;
    case "verdict":
      return `called it ${VERDICTS[said.value]}`;
    case "flag":
      return "flagged it";
    case "badProblem":
      return "called it a bad problem or a wrong gold answer";
    case "errorType":
      return `error type ${titleOf(rubric.errorTypes, said.value)}`;
    case "label":
      return `label ${titleOf(rubric.labels, said.axis)}`;
  }
}

/** Of what a correction was written, where that is not the reflection that is shown: the oldest is reflection 1. */
export function aboutWords(
  { reflections }: AttemptDetail,
  { targetId, target }: Annotation,
): string | undefined {
  if (reflections.length === 0) return undefined;
  if (target === "attempt") return "written before there was a reflection";
  const place = reflections.findIndex(({ id }) => id === targetId);
  if (place === 0) return undefined;
  return `written on reflection ${reflections.length - place} of ${reflections.length}`;
}

/** What was done, as a noun phrase for undo ("rating 4", "error type Sign"). `was` is what stood before it. */
export function doneWords(said: AnnotationValue, was: AnnotationValue["value"], rubric: Rubric): string {
  if (said.value !== null) return nameOf(said, rubric);
  const before = { ...said, value: was } as AnnotationValue;
  return `taking back ${was === null ? said.kind : nameOf(before, rubric)}`;
}

function nameOf(said: AnnotationValue, rubric: Rubric): string {
  switch (said.kind) {
    case "rating":
      return said.axis === "overall"
        ? `rating ${said.value}`
        : `${axisTitle(rubric, said.axis)} ${said.value}`;
    case "decision":
      return said.value ?? "decision";
    case "firstWrongStep":
      return said.value === 0 ? "no wrong step" : `first wrong step ${said.value}`;
    case "verdict":
      return `verdict “${said.value === null ? "" : VERDICTS[said.value]}”`;
    case "badProblem":
      return "bad problem";
    case "errorType":
      return `error type ${titleOf(rubric.errorTypes, said.value ?? "")}`;
    case "label":
      return `label ${titleOf(rubric.labels, said.axis)}`;
    default:
      return said.kind;
  }
}

/** What a queue is restricted to; empty for the whole pool. */
export function scopeWords(query: AttemptQuery, rubric: Rubric): string {
  const parts: string[] = [];
  const add = (value: string | undefined, words: (value: string) => string, none: string): void => {
    if (value !== undefined) parts.push(value === "" ? none : words(value));
  };
  if (query.dispute) parts.push(DISPUTES[query.dispute]);
  if (query.wrongMajority) parts.push("groups whose majority is wrong");
  if (query.ids) parts.push("selected attempts");
  else if (query.scope === "all") parts.push("all attempts");
  if (query.verdicts) parts.push(query.verdicts.join(" or "));
  if (query.problemId !== undefined) parts.push("one problem");
  add(query.level, (level) => `level ${level}`, "no level");
  add(query.kind, (kind) => kind, "no kind");
  add(query.errorType, (type) => titleOf(rubric.errorTypes, type), "no error type");
  add(query.answer, (answer) => `answer ${answer}`, "no answer");
  add(query.label, (label) => `label ${titleOf(rubric.labels, label)}`, "no label");
  add(query.decision, (decision) => decision, "no decision");
  add(query.rating, (rating) => `rated ${rating}`, "not rated");
  add(
    query.firstWrong,
    (step) => (step === "0" ? "no wrong step" : `first wrong step ${step}`),
    "no step marked",
  );
  add(query.modelId, (model) => model, "no model");
  if (query.modelIds) parts.push(query.modelIds.join(" or "));
  if (query.reviewed !== undefined) parts.push(query.reviewed ? "reviewed" : "unreviewed");
  if (query.text) parts.push(`“${query.text}”`);
  return parts.join(", ");
}

/** Another person annotates from now on. */
export const personWords = (who: string): string =>
  `You annotate as ${who} now: what is shown as yours, and what can be undone, is ${who}’s alone.`;

/** `back`: attempts that came back with it; `left`: words that can still be taken back. */
export function undoneWords(words: string, back: number, left: number): string {
  const attempts = back > 0 ? ` · ${count(back, "attempt")} came back` : "";
  return `Undone: ${words}${attempts}${left === 0 ? "" : ` · ${left} more to undo`}`;
}
