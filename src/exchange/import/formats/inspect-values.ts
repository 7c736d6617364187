/** Values of Inspect's scorers: https://inspect.aisi.org.uk/scorers.html */
import type { ForeignScore } from "../../../protocol/import.js";
import { isRecord } from "../../../protocol/json-lines.js";
import { judgesAnswer } from "./rewards.js";

/** As `value_to_float` of Inspect takes them: correct, incorrect, partly, no answer. */
const WORDS: Readonly<Record<string, number | boolean>> = {
  ...{ c: true, i: false, p: 0.5, n: false },
  ...{ correct: true, yes: true, true: true, incorrect: false, no: false, false: false },
};
/** Before `scores` a sample had one score, of a scorer that it did not name. */
const ONLY = "score";
/** Parts of one scorer's value. */
const MOST_PARTS = 50;

/** What the scorers of a sample said; where one could not say anything (NaN, which reads as null) there is nothing. */
export function inspectScores(sample: Readonly<Record<string, unknown>>): ForeignScore[] {
  const scores = isRecord(sample.scores)
    ? sample.scores
    : isRecord(sample.score)
      ? { [ONLY]: sample.score }
      : {};
  return Object.entries(scores).flatMap(([name, score]) => {
    if (!isRecord(score)) return [];
    const answer = typeof score.answer === "string" ? score.answer : undefined;
    return valuesOf(name, score.value).map(([part, value]) => ({
      ...{ name: part, value },
      ...(answer !== undefined && { answer }),
    }));
  });
}

function valuesOf(name: string, value: unknown): [string, number | boolean][] {
  const parts: [string, unknown][] = Array.isArray(value)
    ? value.map((part, i) => [`${name}[${i}]`, part])
    : isRecord(value)
      ? Object.entries(value)
          .filter(([part]) => judgesAnswer(part))
          .map(([part, one]) => [`${name}.${part}`, one])
      : [[name, value]];
  return parts.slice(0, MOST_PARTS).flatMap(([part, one]): [string, number | boolean][] => {
    const read = readValue(one);
    return read === undefined ? [] : [[part, read]];
  });
}

function readValue(value: unknown): number | boolean | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value !== "string") return undefined;
  const word = value.trim().toLowerCase();
  if (Object.hasOwn(WORDS, word)) return WORDS[word];
  return /^-?\d+(?:\.\d+)?$/.test(word) ? Number(word) : undefined;
}
