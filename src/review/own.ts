import type { AttemptDetail, Pool } from "../pool/types.js";
import type { Annotation, AnnotationKind, AnnotationTarget, AnnotationValue } from "../protocol/types.js";

/** What measures a person: on an item that came back unseen these are stored as a second pass, which never stands. */
const MEASURED: ReadonlySet<AnnotationKind> = new Set([
  "rating",
  "decision",
  "verdict",
  "firstWrongStep",
  "errorType",
  "label",
]);

/** Having said any of these, a person has judged the item: blind mode shows what it withheld. */
const JUDGEMENTS: ReadonlySet<AnnotationKind> = new Set([
  "rating",
  "decision",
  "correction",
  "verdict",
  "firstWrongStep",
  "errorType",
]);

/** The pool counts an attempt as reviewed once a person said one of these. */
const REVIEWS: ReadonlySet<AnnotationKind> = new Set([
  "rating",
  "decision",
  "correction",
  "verdict",
  "firstWrongStep",
]);

/**
 * How an item is read: for the first time, or again, unknowing. `since` is the newest annotation of the pool when it
 * was chosen to come back: earlier words are not shown.
 */
export type Pass = { pass: 1 } | { pass: 2; since: number };

export const passOf = (kind: AnnotationKind, { pass }: Pass): 1 | 2 =>
  pass === 2 && MEASURED.has(kind) ? 2 : 1;

const isMachine = (who: string): boolean => who.startsWith("machine:");

/** What a rating, a decision or a correction is about: the newest reflection, or the attempt where there is none. */
export function judged(detail: AttemptDetail): { target: AnnotationTarget; id: number } {
  const reflection = detail.reflections[0];
  return reflection
    ? { target: "reflection", id: reflection.id }
    : { target: "attempt", id: detail.attempt.id };
}

/** An attempt, and what a person said of it. */
export interface Read {
  detail: AttemptDetail;
  own: readonly Annotation[];
}

/**
 * A person's correction of the attempt: the newest one, whichever of its reflections it was written on, as the export
 * has it. Another reflection does not take it away.
 */
export function ownCorrection(own: readonly Annotation[]): Annotation | undefined {
  return own
    .filter(({ value }) => value.kind === "correction" && value.value !== null)
    .reduce<Annotation | undefined>((a, b) => (a && isBefore(b, a) ? a : b), undefined);
}

const isBefore = (a: Annotation, b: Annotation): boolean => (a.at === b.at ? a.id < b.id : a.at < b.at);

/** What a word is about. A correction is taken back where it stands, be it on an earlier reflection. */
export function targetOf(value: AnnotationValue, { detail, own }: Read): [AnnotationTarget, number] {
  if (value.kind === "badProblem") return ["problem", detail.problem.rowId];
  if (value.kind === "rating" || value.kind === "decision" || value.kind === "correction") {
    const old = value.kind === "correction" && value.value === null ? ownCorrection(own) : undefined;
    if (old) return [old.target, old.targetId];
    const at = judged(detail);
    return [at.target, at.id];
  }
  return ["attempt", detail.attempt.id];
}

/** It was said before: the same key takes it back. */
export function stands(read: Read, value: AnnotationValue): boolean {
  const [target, id] = targetOf(value, read);
  return read.own.some(
    (a) =>
      a.target === target &&
      a.targetId === id &&
      sameSubject(a.value, value) &&
      a.value.value === value.value,
  );
}

/** Words on an earlier reflection, or on the attempt before there was one, that are not on what is shown. */
export function isEarlier({ target, targetId, value }: Annotation, detail: AttemptDetail): boolean {
  if (value.kind !== "rating" && value.kind !== "decision") return false;
  const at = judged(detail);
  return target !== at.target || targetId !== at.id;
}

/** Do two words speak of the same thing, so that the newer stands for the older? */
export function sameSubject(a: AnnotationValue, b: AnnotationValue): boolean {
  return a.kind === b.kind && ("axis" in a ? a.axis : "") === ("axis" in b ? b.axis : "");
}

export const isMeasured = ({ kind }: AnnotationValue): boolean => MEASURED.has(kind);

/** Does saying this make an attempt a reviewed one? */
export const isReview = ({ kind }: AnnotationValue): boolean => REVIEWS.has(kind);

/** Did a person review the attempt, as the pool counts it? */
export function isReviewed(detail: AttemptDetail): boolean {
  return detail.annotations.some((a) => REVIEWS.has(a.value.kind) && !isMachine(a.who));
}

/** What a pool answers after this was said, where nothing but the words on the item depends on it. */
export function withWord(detail: AttemptDetail, said: Annotation): AttemptDetail {
  const isOlder = (a: Annotation): boolean =>
    a.who === said.who &&
    a.target === said.target &&
    a.targetId === said.targetId &&
    sameSubject(a.value, said.value);
  const others = detail.annotations.filter((a) => !isOlder(a));
  return { ...detail, annotations: said.value.value === null ? others : [...others, said] };
}

export interface Own {
  /** What this person said of the item in this pass, and did not take back. */
  words: Annotation[];
  /** Also when it was taken back since. */
  judged: boolean;
}

/**
 * What `who` said of an item. The history is read only where what stands does not tell: on a second pass, whose words
 * never stand, and (`history`) where a judgement that was taken back counts.
 */
export async function ownWords(
  pool: Pool,
  detail: AttemptDetail,
  who: string,
  read: Pass,
  history: boolean,
): Promise<Own> {
  const standing = detail.annotations.filter((a) => a.who === who);
  if (read.pass === 1) {
    const now = standing.some((a) => JUDGEMENTS.has(a.value.kind));
    if (now || !history) return { words: standing, judged: now };
    const said = await allOf(pool, detail, who);
    return { words: standing, judged: said.some((a) => a.pass === 1 && JUDGEMENTS.has(a.value.kind)) };
  }
  const here = (await allOf(pool, detail, who)).filter((a) => a.pass === 2 || isSince(a, read));
  return { words: newest(here), judged: here.some((a) => JUDGEMENTS.has(a.value.kind)) };
}

const isSince = (a: Annotation, read: Pass): boolean =>
  read.pass === 2 && a.id > read.since && !MEASURED.has(a.value.kind);

async function allOf(pool: Pool, detail: AttemptDetail, who: string): Promise<Annotation[]> {
  const places: [AnnotationTarget, number][] = [
    ["attempt", detail.attempt.id],
    ["problem", detail.problem.rowId],
    ...detail.reflections.map(({ id }): [AnnotationTarget, number] => ["reflection", id]),
  ];
  const said = await Promise.all(places.map(([target, id]) => pool.annotations(target, id)));
  return said.flat().filter((a) => a.who === who);
}

/** The newest of each subject, without what was taken back. */
function newest(said: readonly Annotation[]): Annotation[] {
  const kept: Annotation[] = [];
  for (const a of said.toSorted((x, y) => x.id - y.id)) {
    const old = kept.findIndex(
      (b) => b.target === a.target && b.targetId === a.targetId && sameSubject(a.value, b.value),
    );
    if (old >= 0) kept.splice(old, 1);
    kept.push(a);
  }
  return kept.filter((a) => a.value.value !== null);
}
