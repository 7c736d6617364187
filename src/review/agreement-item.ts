import { axisOf } from "../pool/rows.js";
import type { AttemptDetail } from "../pool/types.js";
import {
  ADJUDICATED,
  type AdjudicatedSubject,
  type AdjudicationItem,
  roleOf,
} from "../protocol/agreement.js";
import { difference } from "../protocol/diff.js";
import type { SolutionView } from "../protocol/review.js";
import type { Rubric } from "../protocol/rubric.js";
import { cutSteps } from "../protocol/steps.js";
import {
  type Annotation,
  type AnnotationTarget,
  type AnnotationValue,
  ErrataError,
} from "../protocol/types.js";
import { subjectWords, valueWords } from "./agreement-differences.js";
import { keyOf, type Said } from "./agreement-subjects.js";
import { siblingView } from "./item.js";

/** Whose words stand side by side: as stored; twice the same is a person before a repeat and in it. */
export interface Sides {
  a: string;
  b: string;
}

/** One subject of an attempt with the words on it. */
interface Pair {
  key: string;
  target: AnnotationTarget;
  targetId: number;
  kind: AnnotationValue["kind"];
  axis: string;
  a: Annotation | undefined;
  b: Annotation | undefined;
  settled: Annotation | undefined;
}

const SUBJECTS = ["decision", "correction", "verdict", "firstWrongStep", "errorType", "rating", "label"];

/** Everything the panel draws for one attempt. `history` is all that was said of it and of its reflections. */
export function adjudicationItem(
  detail: AttemptDetail,
  history: readonly Annotation[],
  sides: Sides,
  rubric: Rubric,
): AdjudicationItem {
  const { attempt, problem } = detail;
  const { solution } = siblingView(detail);
  const pairs = pairsOf(history, sides);
  const newest = detail.reflections[0];
  const text = (side: "a" | "b", kind: "correction" | "note"): string | null => {
    const found = pairs.find((pair) => pair.kind === kind)?.[side]?.value.value;
    return typeof found === "string" ? found : null;
  };
  const step = (side: "a" | "b"): number | null => {
    const found = pairs.find(({ kind }) => kind === "firstWrongStep")?.[side]?.value.value;
    return typeof found === "number" ? found : null;
  };
  const textsOf = (side: "a" | "b") => {
    const correction = text(side, "correction");
    return { correction: correction === null ? null : view(correction), note: text(side, "note") };
  };
  const [before, after] = [text("a", "correction"), text("b", "correction")];
  return {
    attemptId: attempt.id,
    problem: { set: problem.set, id: problem.id, text: problem.problem, gold: problem.gold },
    ...{ modelId: attempt.modelId, verdict: attempt.verdict, solution },
    reflection: newest
      ? { analysis: newest.analysis, corrected: view(newest.correctedSolution, newest.answer) }
      : null,
    steps: { a: step("a"), b: step("b") },
    subjects: pairs
      .filter(({ kind }) => SUBJECTS.includes(kind))
      .map((pair) => subjectOf(pair, solution.steps.length, rubric, judgedBy(pairs))),
    texts: { a: textsOf("a"), b: textsOf("b") },
    change: before !== null && after !== null && before !== after ? difference(before, after).changes : null,
  };
}

/** What an adjudicator says of one subject: a person's word taken, or one of the choices, as the view sent it. */
export function adjudicatedWord(
  history: readonly Annotation[],
  sides: Sides,
  key: string,
  said: { from: "a" | "b" | null; value: string | null },
): { target: AnnotationTarget; targetId: number; value: AnnotationValue; of: number[] } {
  const pair = pairsOf(history, sides).find((one) => one.key === key);
  const taken = said.from && pair?.[said.from]?.value.value;
  if (!pair || (said.from && taken === undefined && pair.kind !== "label")) {
    throw new ErrataError("This word is not there any more.", "It was taken back meanwhile.", "not-found");
  }
  const value = said.from ? (taken ?? false) : said.value === null ? null : (JSON.parse(said.value) as Said);
  const { target, targetId, kind, axis } = pair;
  const of = [pair.a, pair.b].flatMap((word) => (word ? [word.id] : []));
  const word = kind === "rating" || kind === "label" ? { kind, axis, value } : { kind, value };
  return { target, targetId, value: word as AnnotationValue, of };
}

const subjectIn = ({ target, targetId, value }: Annotation) => ({
  ...{ target, targetId },
  ...{ kind: value.kind, axis: axisOf(value) },
});

function pairsOf(history: readonly Annotation[], { a, b }: Sides): Pair[] {
  const pairs = new Map<string, Pair>();
  const later = (one: Annotation, other: Annotation | undefined): boolean =>
    !other || one.at > other.at || (one.at === other.at && one.id > other.id);
  const put = (side: "a" | "b" | "settled", word: Annotation): void => {
    const of = subjectIn(word);
    const key = keyOf(of);
    const pair = pairs.get(key) ?? { key, ...of, a: undefined, b: undefined, settled: undefined };
    if (later(word, pair[side])) pair[side] = word;
    pairs.set(key, pair);
  };
  for (const word of history) {
    if (word.who.startsWith(ADJUDICATED) && word.who !== a && word.who !== b) put("settled", word);
    if (word.who === b && word.pass === (a === b ? 2 : 1)) put("b", word);
  }
  for (const word of history) {
    if (word.who !== a || word.pass !== 1) continue;
    if (a !== b) put("a", word);
    else {
      const repeat = pairs.get(keyOf(subjectIn(word)))?.b;
      if (repeat ? word.at <= repeat.at : word.value.kind === "label") put("a", word);
    }
  }
  // A word that was taken back is none.
  for (const pair of pairs.values()) {
    for (const side of ["a", "b", "settled"] as const)
      if (pair[side]?.value.value === null) pair[side] = undefined;
  }
  return [...pairs.values()]
    .filter((pair) => pair.a ?? pair.b)
    .sort((x, y) => SUBJECTS.indexOf(x.kind) - SUBJECTS.indexOf(y.kind) || (x.axis < y.axis ? -1 : 1));
}

/** Did a side say anything that counts as having judged? Then a label it did not set is a word, too. */
function judgedBy(pairs: readonly Pair[]): { a: boolean; b: boolean } {
  const by = (side: "a" | "b") => pairs.some((pair) => pair[side] && SUBJECTS.includes(pair.kind));
  return { a: by("a"), b: by("b") };
}

function subjectOf(
  { key, kind, axis, a, b, settled }: Pair,
  steps: number,
  rubric: Rubric,
  judged: { a: boolean; b: boolean },
): AdjudicatedSubject {
  const said = (word: Annotation | undefined): Said | undefined => word?.value.value ?? undefined;
  const words = (word: Annotation | undefined, of: boolean): string | null => {
    if (kind === "correction") return word ? "wrote one" : null;
    if (kind === "label") return of ? valueWords(kind, said(word) === true, rubric) : null;
    const value = said(word);
    return value === undefined ? null : valueWords(kind, value, rubric);
  };
  const differs =
    kind === "label" ? judged.a && judged.b && said(a) !== said(b) : a && b && said(a) !== said(b);
  const stands = settled && [a, b].every((word) => !word || word.at < settled.at) ? settled : undefined;
  const value = said(stands);
  return {
    ...{ key, title: subjectWords(kind, axis, rubric), a: words(a, judged.a), b: words(b, judged.b) },
    differs: differs === true,
    settled:
      stands && value !== undefined
        ? {
            who: roleOf(stands.who).name,
            words: kind === "correction" ? correctionWords(value, a, b) : valueWords(kind, value, rubric),
          }
        : null,
    choices: choicesOf(kind, [said(a), said(b)], steps).map((choice) => ({
      value: JSON.stringify(choice),
      words: valueWords(kind, choice, rubric),
    })),
  };

  function choicesOf(of: string, both: (Said | undefined)[], count: number): Said[] {
    switch (of) {
      case "rating":
        return [1, 2, 3, 4, 5];
      case "decision":
        return ["accepted", "rejected"];
      case "verdict":
        return ["correct", "incorrect", "unscored"];
      case "label":
        return [true, false];
      case "firstWrongStep":
        return Array.from({ length: count + 1 }, (_, i) => i);
      case "errorType": {
        const named: Said[] = rubric.errorTypes.map(({ id }) => id);
        return [...new Set([...named, ...both.filter((one) => one !== undefined)])];
      }
      default:
        return [];
    }
  }
}

function correctionWords(value: Said, a: Annotation | undefined, b: Annotation | undefined): string {
  if (value === a?.value.value) return "the first’s";
  return value === b?.value.value ? "the second’s" : "another one";
}

function view(text: string, answer: string | null = null): SolutionView {
  return { text, steps: cutSteps(text), answer, span: null };
}
