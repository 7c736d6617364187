import type { StandingWord, Word } from "../../pool/types.js";
import type { Rubric } from "../../protocol/rubric.js";
import type { AnnotationValue } from "../../protocol/types.js";
import { line } from "./text.js";

/** One thing that can be said of many attempts at once, or of the problems they are attempts at. */
export interface Saying {
  of: "attempt" | "problem";
  value: AnnotationValue;
  /** In its list: "Sign". */
  title: string;
  description?: string;
  /** By itself: "Error type “Sign”". */
  words: string;
}

const plain = (value: AnnotationValue, title: string, words = title): Saying => ({
  ...{ of: value.kind === "badProblem" ? "problem" : "attempt", value, title, words },
});

/** A kind of saying, and what it can say. */
export const SAYINGS = {
  errorType: (rubric: Rubric): Saying[] => [
    ...rubric.errorTypes.map(
      ({ id, title, description }): Saying => ({
        ...plain({ kind: "errorType", value: id }, line(title), `Error type “${line(title)}”`),
        ...(description ? { description: line(description) } : {}),
      }),
    ),
    plain({ kind: "errorType", value: null }, "Take back my error type"),
  ],
  /** Labels in use, beside those of the rubric, can be said and taken back, too. */
  label: (rubric: Rubric, used: readonly string[] = []): Saying[] => {
    const ids = [...new Set([...rubric.labels.map(({ id }) => id), ...used.filter(Boolean)])];
    const named = ids.map((id) => {
      const label = rubric.labels.find((each) => each.id === id);
      return { id, title: line(label?.title ?? id), description: line(label?.description ?? "") };
    });
    return [
      ...named.map(
        ({ id, title, description }): Saying => ({
          ...plain({ kind: "label", axis: id, value: true }, title, `Label “${title}”`),
          ...(description ? { description } : {}),
        }),
      ),
      ...named.map(({ id, title }) =>
        plain({ kind: "label", axis: id, value: null }, `Take back my label “${title}”`),
      ),
    ];
  },
  verdict: (): Saying[] => [
    plain({ kind: "verdict", value: "correct" }, "Overrule: correct", "Overruled as correct"),
    plain({ kind: "verdict", value: "incorrect" }, "Overrule: incorrect", "Overruled as incorrect"),
    plain(
      { kind: "verdict", value: "unscored" },
      "Overrule: cannot be scored",
      "Overruled as not to be scored",
    ),
    plain({ kind: "verdict", value: null }, "Take back my overrule"),
  ],
  flag: (): Saying[] => [
    plain({ kind: "flag", value: true }, "Flag"),
    plain({ kind: "flag", value: null }, "Take back my flag"),
  ],
  badProblem: (): Saying[] => [
    {
      ...plain({ kind: "badProblem", value: true }, "Bad problem or wrong gold answer"),
      description: "leaves the pool and every metric",
    },
    plain({ kind: "badProblem", value: null }, "Take back that the problem is bad"),
  ],
} as const;
export type SayingKind = keyof typeof SAYINGS;

/** The words to store: of those who do not say it already. What nobody said cannot be taken back. */
export function toSay(
  { of: target, value }: Saying,
  ids: readonly number[],
  standing: ReadonlyMap<number, StandingWord>,
): Word[] {
  return ids
    .filter((id) => (standing.get(id)?.said ?? null) !== value.value)
    .map((targetId) => ({ target, targetId, value }));
}

/** Why nothing was to be said. */
export function unchanged({ value }: Saying, who: string): string {
  return value.value === null
    ? `None of them has such a word of ${who} that could be taken back.`
    : `${who} says so of all of them already.`;
}

/** What was said at once, with what is needed to take it back. */
export interface Said {
  words: readonly Word[];
  /** Annotation ids, in the order of the words. */
  ids: readonly number[];
  /** What the same person said before, by target. */
  before: ReadonlyMap<number, StandingWord>;
}

/** The words that put back what stood before; whatever was said again since then stays. */
export function toUndo({ words, ids, before }: Said, now: ReadonlyMap<number, StandingWord>): Word[] {
  return words
    .filter(({ targetId }, i) => now.get(targetId)?.id === ids[i])
    .map((word) => ({
      ...word,
      // Of the same kind, so of the same type.
      value: { ...word.value, value: before.get(word.targetId)?.said ?? null } as AnnotationValue,
    }));
}
