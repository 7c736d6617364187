import type { GroupCard } from "../protocol/verdicts.js";
import { groupCard, groupCards } from "../verdicts/index.js";
import { answer, number, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";

const OPTIONS = {
  problem: { type: "string" },
  "wrong-majority": { type: "boolean" },
  limit: { type: "string" },
} as const;

/**
 * `errata group ATTEMPT`, `errata group --problem N`: answers clustered by equivalence, majority against gold, pass@k.
 * `errata group --wrong-majority`: problems whose attempts agree on a wrong answer.
 */
export async function group(args: readonly string[], context: Context): Promise<void> {
  const listing = args.includes("--wrong-majority");
  const ofProblem = args.some((word) => word === "--problem" || word.startsWith("--problem="));
  const { values, words, json } = readArguments(args, OPTIONS, listing || ofProblem ? [] : ["ATTEMPT"]);
  if (listing && ofProblem) throw new UsageError("--problem and --wrong-majority exclude each other.");
  const pool = await context.existingPool(values.workspace);
  if (listing) {
    const limit = number("limit", values.limit, 50, { min: 1, whole: true });
    const problems = await pool.buckets("problem", { scope: "all", wrongMajority: true }, { limit });
    const rows = problems.map(({ key, label, attempts }) => ({
      problem: Number(key),
      text: label,
      attempts,
    }));
    if (await answer(json, rows)) return;
    for (const row of rows) console.log(`${String(row.problem).padStart(7)}  ${oneLine(row.text)}`);
    if (rows.length === limit) console.log(`… the first ${limit}; --limit N shows more`);
    if (rows.length === 0) console.log("No group agrees on a wrong answer.");
    return;
  }
  const grader = context.grader();
  const equal = async (a: string, b: string) => (await grader.equal(a, b)).equal;
  const id = number(ofProblem ? "problem" : "ATTEMPT", ofProblem ? values.problem : words[0], 0, {
    ...{ min: 1, whole: true },
  });
  const cards = ofProblem ? await groupCards(pool, id, equal) : [await groupCard(pool, id, equal)];
  if (await answer(json, cards)) return;
  console.log(cards.length === 0 ? "It has no attempts yet." : cards.map(describe).join("\n\n"));
}

function describe(card: GroupCard): string {
  const { modelId, gold, size, correct, scored, clusters, majority, majorityWrong, passAtK, bad } = card;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return [
    `${size} attempts by ${modelId}: ${correct} of ${scored} right; gold ${gold === "" ? "none" : oneLine(gold)}`,
    ...(bad ? ["A person called this problem bad: it is in no figure."] : []),
    ...clusters.map(
      ({ answer: text, verdict, attemptIds }) =>
        `${String(attemptIds.length).padStart(5)}  ${verdict.padEnd(9)}  ${oneLine(text ?? "no answer")}`,
    ),
    majority
      ? `Majority: ${oneLine(majority.answer)} (${percent(majority.share)}), ${majority.verdict}${majorityWrong ? ": wrong and consistent" : ""}`
      : "No majority.",
    ...(passAtK.length === 0
      ? []
      : [passAtK.map(({ k, value }) => `pass@${k} ${percent(value)}`).join("  ")]),
  ].join("\n");
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, 60);
