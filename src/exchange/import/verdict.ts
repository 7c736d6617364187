import { extractAnswer } from "../../grading/index.js";
import type { Grader } from "../../grading/types.js";
import type { ForeignGraded } from "../../pool/import-foreign.js";
import type { ForeignScore } from "../../protocol/import.js";
import type { Grade } from "../../protocol/types.js";

/** What a log's own score says: 1 and `true` are right, 0 and `false` wrong, all else nothing. */
export function verdictOfScore({ value }: ForeignScore): "correct" | "incorrect" | "unscored" {
  const number = Number(value);
  return number === 1 ? "correct" : number === 0 ? "incorrect" : "unscored";
}

/** A log's scores as opinions beside ours. */
export function opinionsOf(scores: readonly ForeignScore[]): ForeignGraded["opinions"] {
  return scores.map((score) => ({
    ...{ grader: `imported: ${score.name}`, version: "" },
    ...{ verdict: verdictOfScore(score), answer: score.answer ?? null },
    reason: `The log says ${score.name} = ${String(score.value)}.`,
  }));
}

/**
 * Our grader's word, where the problem has a gold answer. Without, the log's own score is the verdict, where its scores
 * agree; with neither the attempt is unscored.
 */
export async function gradeForeign(
  grader: Grader,
  text: string,
  gold: string,
  scores: readonly ForeignScore[],
): Promise<Grade> {
  if (gold !== "") return grader.grade(text, gold);
  const found = text.length > LONGEST ? null : extractAnswer(text);
  const read = { answer: found?.answer ?? null, span: found?.span ?? null };
  const said = scores.filter((score) => verdictOfScore(score) !== "unscored");
  const verdicts = new Set(said.map(verdictOfScore));
  const [verdict] = verdicts;
  const words = said.map(({ name, value }) => `${name} = ${String(value)}`).join(", ");
  if (verdict && verdicts.size === 1) {
    return { ...read, verdict, reason: `The problem has no gold answer; the log says ${words}.` };
  }
  const why = verdicts.size === 0 ? "and the log no score" : `and the log's scores differ: ${words}`;
  return { ...read, verdict: "unscored", reason: `The problem has no gold answer, ${why}.` };
}

/** Texts beyond this are no solutions; looking for an answer in them would only take time. */
const LONGEST = 4_000_000;
