/** Several people on one pool: who said what, how far they agree, and what the Agreement panel and its host say. */
import type { Change } from "./diff.js";
import type { SolutionView } from "./review.js";
import type { AnnotationKind, AnnotationTarget, Verdict } from "./types.js";

/** Words of a machine and of an adjudicator carry these before the name; a plain name is a person's own word. */
export const MACHINE = "machine:";
export const ADJUDICATED = "adjudicated:";

export type Role = "person" | "machine" | "adjudicator";

/** Whose word it is: `adjudicated:ann` is Ann's word as an adjudicator, beside and never instead of her own. */
export function roleOf(who: string): { name: string; role: Role } {
  if (who.startsWith(MACHINE)) return { name: who.slice(MACHINE.length), role: "machine" };
  if (who.startsWith(ADJUDICATED)) return { name: who.slice(ADJUDICATED.length), role: "adjudicator" };
  return { name: who, role: "person" };
}

/** Who said how much in this pool. */
export interface Annotator {
  /** As stored beside the words. */
  who: string;
  name: string;
  role: Role;
  /** Words by kind, the whole history; without repeats. */
  words: Partial<Record<AnnotationKind, number>>;
  total: number;
  /** Words on items that came back unseen (pass 2). */
  repeats: number;
  /** ISO 8601, UTC. */
  first: string;
  last: string;
}

/** One word as agreement counts it. Of a repeat (`pass` 2), `before` is what the same person had said until then. */
export interface JudgementWord {
  /** Of the annotation. */
  id: number;
  target: AnnotationTarget;
  targetId: number;
  attemptId: number;
  problemId: number;
  who: string;
  /** ISO 8601, UTC. */
  at: string;
  kind: "rating" | "decision" | "verdict" | "firstWrongStep" | "errorType" | "label";
  /** Of a rating or a label; else "". */
  axis: string;
  value: string | number | boolean;
  pass: 1 | 2;
  before: string | number | boolean | null;
}

/** A figure with its 95 % interval; `why` says why it, or its interval, is not defined. Never NaN. */
export interface AgreementFigure {
  value: number | null;
  low: number | null;
  high: number | null;
  why: string | null;
}

/** The figures of a row, in the order in which they are shown. */
export const AGREEMENT_FIGURES = ["percent", "kappa", "ac1", "weightedKappa", "ac2", "alpha"] as const;
export type AgreementFigureName = (typeof AGREEMENT_FIGURES)[number];

/** How far people agree on one subject. Figures that make no sense for it are absent. */
export interface AgreementRow {
  /** `decision`, `verdict`, `errorType`, `rating:<axis>`, `label:<id>`, `step:any`, `step:exact`, `step:near`. */
  id: string;
  title: string;
  /** Items that at least two of them judged, and how many problems these belong to. */
  n: number;
  problems: number;
  figures: Partial<Record<AgreementFigureName, AgreementFigure>>;
  /** Titles, in the order of the matrix. */
  categories: string[];
  /** Rows: the first person's word, columns: the second's. Null for more than two people and for `step:near`. */
  matrix: number[][] | null;
}

export interface AgreementReport {
  /** `pair`: two people; `self`: one person, before and when the item came back; `all`: everybody. */
  kind: "pair" | "self" | "all";
  /** As stored beside the words. */
  people: string[];
  rows: AgreementRow[];
  /** Attempts that at least two of them judged in any way. */
  attempts: number;
  resamples: number;
  seed: number;
}

/** Two words on the same thing that differ. */
export interface Difference {
  /** The row of the figures that it counts in. */
  row: string;
  target: AnnotationTarget;
  targetId: number;
  kind: JudgementWord["kind"];
  axis: string;
  /** Null: did not set this label. */
  a: string | number | boolean | null;
  b: string | number | boolean | null;
  /** Annotation ids of the words that there are. */
  of: number[];
  /** 0..1: how far apart the two are; the list begins with the largest. */
  distance: number;
  /** The adjudicator's word, where one is newer than both. */
  settled: string | null;
}

/** An attempt on which two people differ. */
export interface Disagreement {
  attemptId: number;
  problemId: number;
  differences: Difference[];
}

/** One line of the panel's list. */
export interface DisagreementLine {
  attemptId: number;
  problem: string;
  /** "Overall 2 ↔ 5", the most instructive first. */
  words: string[];
  settled: boolean;
}

/** One subject of an attempt with both people's words, as it is adjudicated. */
export interface AdjudicatedSubject {
  /** Names it in messages. */
  key: string;
  title: string;
  /** In words; null: said nothing of it. */
  a: string | null;
  b: string | null;
  differs: boolean;
  /** Who settled it, and how, in words. */
  settled: { who: string; words: string } | null;
  /** What can be said instead, with its words; empty where only one of the two can be taken. */
  choices: { value: string; words: string }[];
}

/** A person's text beside the other's. */
export interface PersonsText {
  correction: SolutionView | null;
  note: string | null;
}

export interface AdjudicationItem {
  attemptId: number;
  problem: { set: string; id: string; text: string; gold: string };
  modelId: string;
  verdict: Verdict;
  solution: SolutionView;
  /** Of the newest reflection; null where there is none. */
  reflection: { analysis: string; corrected: SolutionView } | null;
  /** Step that each calls the first wrong one; 0: none is wrong; null: said nothing. */
  steps: { a: number | null; b: number | null };
  subjects: AdjudicatedSubject[];
  texts: { a: PersonsText; b: PersonsText };
  /** From the first's correction to the second's, where both wrote one. */
  change: Change[] | null;
}

export interface AgreementState {
  people: Annotator[];
  /** As stored beside the words; `b` is `a` for a person against themselves, "" for everybody. */
  chosen: { a: string; b: string } | null;
  /** Titles of people by what is stored: names, told apart where two are the same. */
  names: Record<string, string>;
  report: AgreementReport | null;
  lines: DisagreementLine[];
  /** Of all disagreements, those after `lines` too. */
  total: number;
  open: number;
  busy: boolean;
  /** Problems that somebody called bad: what was said of their attempts is in no figure. */
  leftOut: number;
  /** Who adjudicates here. */
  me: string;
  /** Why nothing can be said here; null when it can. */
  readOnly: string | null;
}

export type AgreementToView =
  | { type: "state"; state: AgreementState }
  | { type: "item"; item: AdjudicationItem };

export type AgreementFromView =
  | { type: "ready" }
  | { type: "choose"; a: string; b: string }
  /** More lines of the list. */
  | { type: "more" }
  /** Wants the attempt side by side. */
  | { type: "open"; attemptId: number }
  /** `from`: the person whose word is taken; else `value` is one of the subject's choices. */
  | { type: "take"; attemptId: number; key: string; from: "a" | "b" | null; value: string | null }
  /** Takes the adjudicator's word back. */
  | { type: "reopen"; attemptId: number; key: string }
  | { type: "review"; attemptId: number }
  | { type: "merge" }
  | { type: "setName" };

/** What the panel keeps in `setState`. */
export interface AgreementMemory {
  a: string;
  b: string;
  scroll: number;
  /** The row whose matrix is shown. */
  row: string | null;
  attemptId: number | null;
}
