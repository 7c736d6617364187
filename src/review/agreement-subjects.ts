/** What people can agree on: everything they said, sorted by what it is about, and the scales it is said on. */
import type { JudgementWord } from "../protocol/agreement.js";
import type { Rubric } from "../protocol/rubric.js";
import type { Breath } from "./agreement-figures.js";

export type Said = string | number | boolean;

/** One thing that may be judged: a rating axis of a reflection, the verdict of an attempt. */
export interface Subject {
  target: JudgementWord["target"];
  targetId: number;
  attemptId: number;
  problemId: number;
  kind: JudgementWord["kind"];
  axis: string;
  /** By person, in the order asked for. */
  said: (Said | undefined)[];
  /** The word itself, beside it; of a person against themselves only the repeat. */
  words: (JudgementWord | undefined)[];
}

/** Everything that two or more people said, or one person said twice. */
export interface Subjects {
  people: readonly string[];
  /** By row of the figures (`decision`, `rating:overall`, …); labels hold only those that were set. */
  byRow: Map<string, Subject[]>;
  /** Which people judged an attempt in any way, and its problem. */
  judged: Map<number, { problemId: number; by: boolean[] }>;
  /** Adjudicators' words by the subject's key. */
  adjudicated: Map<string, JudgementWord>;
}

export const keyOf = (of: { target: string; targetId: number; kind: string; axis: string }): string =>
  `${of.target}:${of.targetId}:${of.kind}:${of.axis}`;

export const rowOf = ({ kind, axis }: { kind: string; axis: string }): string =>
  kind === "rating" || kind === "label" ? `${kind}:${axis}` : kind;

/**
 * Sorts words by subject. `self`: the one person named, their word before a repeat against the repeat; otherwise what
 * stands of each person. Gives the thread away often enough for an editor.
 */
export async function sortWords(
  words: readonly JudgementWord[],
  people: readonly string[],
  self: boolean,
  breath: Breath,
): Promise<Subjects> {
  const places = new Map(people.map((who, i) => [who, i]));
  const byKey = new Map<string, Subject>();
  const found: Subjects = { people, byRow: new Map(), judged: new Map(), adjudicated: new Map() };
  for (const [i, word] of words.entries()) {
    if (i % 500 === 0 && breath.due) await breath.take();
    const place = places.get(word.who);
    const key = keyOf(word);
    if (word.who.startsWith("adjudicated:") && word.pass === 1) {
      const known = found.adjudicated.get(key);
      if (!known || known.at < word.at) found.adjudicated.set(key, word);
    }
    if (place === undefined || (self ? word.pass !== 2 : word.pass !== 1)) continue;
    const subject = byKey.get(key) ?? subjectOf(word, self ? 2 : people.length);
    if (!byKey.has(key)) {
      byKey.set(key, subject);
      const row = rowOf(word);
      const list = found.byRow.get(row);
      if (list) list.push(subject);
      else found.byRow.set(row, [subject]);
    }
    const at = self ? 1 : place;
    subject.said[at] = word.value;
    subject.words[at] = word;
    if (self && word.before !== null) subject.said[0] = word.before;
    const judged = found.judged.get(word.attemptId) ?? {
      problemId: word.problemId,
      by: new Array<boolean>(self ? 2 : people.length).fill(false),
    };
    judged.by[at] = true;
    if (self) judged.by[0] = true;
    found.judged.set(word.attemptId, judged);
  }
  return self ? withEarlierLabels(found, words, people[0] ?? "", byKey) : found;
}

/** A label that was set at first and not again is a change of mind, though the repeat says nothing of it. */
function withEarlierLabels(
  found: Subjects,
  words: readonly JudgementWord[],
  who: string,
  byKey: Map<string, Subject>,
): Subjects {
  for (const word of words) {
    if (word.who !== who || word.pass !== 1 || word.kind !== "label" || !found.judged.has(word.attemptId)) {
      continue;
    }
    const key = keyOf(word);
    const subject = byKey.get(key) ?? subjectOf(word, 2);
    subject.said[0] = word.value;
    if (byKey.has(key)) continue;
    byKey.set(key, subject);
    const row = rowOf(word);
    found.byRow.set(row, [...(found.byRow.get(row) ?? []), subject]);
  }
  return found;
}

function subjectOf(word: JudgementWord, people: number): Subject {
  const { target, targetId, attemptId, problemId, kind, axis } = word;
  return {
    ...{ target, targetId, attemptId, problemId, kind, axis },
    said: new Array<Said | undefined>(people).fill(undefined),
    words: new Array<JudgementWord | undefined>(people).fill(undefined),
  };
}

/** One scale that people judge on: what a row of the figures is about. */
export interface Scale {
  row: string;
  title: string;
  /** 1..5: neighbours are nearly right. */
  ordinal: boolean;
  categories: { value: Said; title: string }[];
}

const titled = (values: readonly Said[]): { value: Said; title: string }[] =>
  values.map((value) => ({ value, title: String(value) }));

const FIXED: Record<string, Omit<Scale, "row">> = {
  decision: { title: "Model’s correction", ordinal: false, categories: titled(["accepted", "rejected"]) },
  verdict: {
    title: "Overruled verdict",
    ordinal: false,
    categories: [...titled(["correct", "incorrect"]), { value: "unscored", title: "unscorable" }],
  },
};

/** The scale of a row; of error types and labels as the rubric names them, and what was said beside it. */
export function scaleOf(row: string, rubric: Rubric, subjects: readonly Subject[]): Scale {
  const fixed = FIXED[row];
  if (fixed) return { row, ...fixed };
  const axis = row.slice(row.indexOf(":") + 1);
  if (row.startsWith("rating:")) {
    const title = rubric.axes.find(({ id }) => id === axis)?.title ?? axis;
    return { row, title, ordinal: true, categories: titled([1, 2, 3, 4, 5]) };
  }
  if (row.startsWith("label:")) {
    const title = rubric.labels.find(({ id }) => id === axis)?.title ?? axis;
    const categories = [
      { value: true, title: "set" },
      { value: false, title: "not set" },
    ];
    return { row, title: `Label: ${title}`, ordinal: false, categories };
  }
  const known = rubric.errorTypes.map(({ id, title }) => ({ value: id as Said, title }));
  const said = new Set(subjects.flatMap((subject) => subject.said.filter((value) => value !== undefined)));
  for (const { value } of known) said.delete(value);
  return {
    ...{ row, title: "Error type", ordinal: false },
    categories: [...known, ...titled([...said].sort((a, b) => (String(a) < String(b) ? -1 : 1)))],
  };
}
