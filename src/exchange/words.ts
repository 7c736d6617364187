import type { ExportedAnnotation, ExportedAttempt } from "../pool/export.js";
import { axisOf } from "../pool/rows.js";
import { roleOf } from "../protocol/agreement.js";
import type { AnnotationKind, AnnotationValue, Reflection } from "../protocol/types.js";

/** A word that stands, of one kind, in its own type. */
export type Word<K extends AnnotationKind> = Omit<ExportedAnnotation, "value"> & {
  kind: K;
  value: Exclude<Extract<AnnotationValue, { kind: K }>["value"], null>;
  axis: string;
};

/** Where several people's words would have to be one. */
export type Agreed<T> = T | "none" | "conflict";

/**
 * What people say now of an attempt (or one of its reflections, or its problem), oldest first: of each person the newest
 * word on a target and axis, unless it took the earlier one back. Never a machine's word, never one given unknowing for
 * the second time. @param annotator this person's words alone; an adjudicator's are theirs, too
 */
export function wordsOf<K extends AnnotationKind>(
  { annotations }: ExportedAttempt,
  kind: K,
  annotator?: string,
): Word<K>[] {
  const newest = new Map<string, ExportedAnnotation>();
  for (const word of annotations) {
    const { name, role } = roleOf(word.who);
    if (word.value.kind !== kind || word.pass === 2 || role === "machine") continue;
    if (annotator !== undefined && word.who !== annotator && name !== annotator) continue;
    const key = JSON.stringify([word.target, word.targetId, word.who, axisOf(word.value)]);
    const before = newest.get(key);
    // By time, as the pool decides it; of one moment, by arrival.
    if (!before || word.at >= before.at) newest.set(key, word);
  }
  return [...newest.values()]
    .filter(({ value }) => value.value !== null)
    .sort((a, b) => (a.at === b.at ? a.id - b.id : a.at < b.at ? -1 : 1))
    .map((word) => {
      const { value, ...about } = word;
      return { ...about, kind, value: value.value, axis: axisOf(value) } as unknown as Word<K>;
    });
}

/**
 * One word out of several people's: an adjudicator's newest before everybody's; else what all say alike, told by the one
 * who said it last. What people say differently, and nobody has decided, is a conflict.
 */
export function agreed<K extends AnnotationKind>(words: readonly Word<K>[]): Agreed<Word<K>> {
  const last = words.at(-1);
  if (!last) return "none";
  const decided = words.findLast(({ who }) => roleOf(who).role === "adjudicator");
  if (decided) return decided;
  return words.every(({ value }) => value === last.value) ? last : "conflict";
}

export interface Ruling {
  verdict: ExportedAttempt["graded"];
  /** Who said so: a person, or null for the grader. */
  by: Word<"verdict"> | null;
}

/** What an attempt counts as: people's word first, then the grader's. */
export function rulingOf(record: ExportedAttempt, annotator?: string): Ruling | "conflict" {
  const by = agreed(wordsOf(record, "verdict", annotator));
  if (by === "conflict") return by;
  return by === "none" ? { verdict: record.graded, by: null } : { verdict: by.value, by };
}

/** A right solution in the place of a wrong one, as people have it. */
export interface Correction {
  text: string;
  /** Who wrote it, or who accepted the model's. */
  by: { who: string; at: string };
  /** `edited`: a person's own text; `accepted`: the reflection's, as the model wrote it, also where that was saved. */
  how: "edited" | "accepted";
  /** The reflection that it mends, or was accepted of; null for a correction of the attempt itself. */
  reflection: { id: number; modelId: string } | null;
}

/**
 * The correction that people stand by: an edited one (an adjudicator's, else the newest), else the reflection that was
 * accepted. Where some accept and others reject the same, and nobody mended or decided it, that is a conflict.
 */
export function correctionOf(record: ExportedAttempt, annotator?: string): Agreed<Correction> {
  const edits = wordsOf(record, "correction", annotator).filter(({ value }) => value.trim() !== "");
  const edit = edits.findLast(({ who }) => roleOf(who).role === "adjudicator") ?? edits.at(-1);
  if (edit) {
    const unchanged = writtenBefore(record, edit);
    const reflection = unchanged ?? (edit.target === "reflection" ? byId(record, edit.targetId) : undefined);
    return {
      ...{ text: edit.value, by: { who: edit.who, at: edit.at }, how: unchanged ? "accepted" : "edited" },
      reflection: reflection ? { id: reflection.id, modelId: reflection.modelId } : null,
    };
  }
  const decisions = wordsOf(record, "decision", annotator);
  let conflict = false;
  for (const reflection of record.reflections) {
    const said = agreed(
      decisions.filter(({ target, targetId }) => target === "reflection" && targetId === reflection.id),
    );
    if (said === "conflict") conflict = true;
    else if (said !== "none" && said.value === "accepted" && reflection.correctedSolution.trim() !== "") {
      return {
        ...{ text: reflection.correctedSolution, by: { who: said.who, at: said.at }, how: "accepted" },
        reflection: { id: reflection.id, modelId: reflection.modelId },
      };
    }
  }
  return conflict ? "conflict" : "none";
}

const byId = ({ reflections }: ExportedAttempt, id: number): Reflection | undefined =>
  reflections.find((one) => one.id === id);

/** The reflection that had this text already: who saves it without a change accepts it, and did not write it. */
function writtenBefore(record: ExportedAttempt, word: Word<"correction">): Reflection | undefined {
  const own = word.target === "reflection" ? byId(record, word.targetId) : undefined;
  const others = record.reflections.filter(({ createdAt }) => createdAt <= word.at);
  return [...(own ? [own] : []), ...others].find(
    ({ correctedSolution }) => correctedSolution.trim() === word.value.trim(),
  );
}

/** Corrections of the model's that people rejected, each with who did. */
export function rejectedOf(
  record: ExportedAttempt,
  annotator?: string,
): { text: string; modelId: string; id: number; by: Word<"decision"> }[] {
  const decisions = wordsOf(record, "decision", annotator);
  return record.reflections.flatMap(({ id, correctedSolution, modelId }) => {
    const by = agreed(decisions.filter(({ target, targetId }) => target === "reflection" && targetId === id));
    const rejected = by !== "none" && by !== "conflict" && by.value === "rejected";
    return rejected && correctedSolution.trim() !== "" ? [{ text: correctedSolution, modelId, id, by }] : [];
  });
}
