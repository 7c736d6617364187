import { DISPUTE_KINDS } from "../protocol/verdicts.js";
import { findPython } from "../runs/python.js";
import { askOpinions, LineGrader, MATH_VERIFY, mathVerify, type OpinionGrader } from "../verdicts/index.js";
import { answer, number, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";
import { queryOf, SELECTION } from "./selection.js";

const OPTIONS = {
  ...SELECTION,
  command: { type: "string" },
  name: { type: "string" },
  version: { type: "string" },
  timeout: { type: "string" },
  python: { type: "string" },
} as const;

/**
 * `errata opinions math-verify`, `errata opinions --command 'python my_grader.py' --name mine`: what another grader says,
 * beside ours. `errata opinions` alone: who said how much, and what is in dispute.
 */
export async function opinions(args: readonly string[], context: Context): Promise<void> {
  const own = args.some((word) => word === "--command" || word.startsWith("--command="));
  const named = !own && (args.includes(MATH_VERIFY) || /^[^-]/.test(args[0] ?? ""));
  const { values, words, json } = readArguments(args, OPTIONS, named ? ["GRADER"] : []);
  const pool = await context.existingPool(values.workspace);
  if (!own && !named) {
    const found = { graders: await pool.graders(), disputes: await pool.disputes() };
    if (await answer(json, found)) return;
    for (const { grader, version, attempts } of found.graders) {
      console.log(`${String(attempts).padStart(8)}  ${grader} ${version}`.trimEnd());
    }
    if (found.graders.length === 0) console.log("No other grader said anything yet.");
    console.log(disputeWords(found.disputes));
    return;
  }
  const grader = own ? command(values) : await byName(words[0] ?? "", values.python, context);
  try {
    const { signal, progress } = context;
    const query = queryOf(values) ?? { scope: "all" };
    const result = await askOpinions(pool, query, grader, { signal, report: progress.report });
    context.progress.close();
    const disputes = await pool.disputes();
    if (await answer(json, { ...result, disputes })) return;
    const { correct, incorrect, unscored, known, withoutGold } = result;
    console.log(
      `${grader.name} on ${correct + incorrect + unscored} attempts: ${correct} correct, ${incorrect} incorrect, ${unscored} unscored`,
    );
    if (known > 0) console.log(`  ${known} it had judged before`);
    if (withoutGold > 0) console.log(`  ${withoutGold} left out: without a gold answer`);
    if (result.bad > 0) console.log(`  ${result.bad} left out: of problems that somebody called bad`);
    console.log(disputeWords(disputes));
  } finally {
    await grader.close();
  }
}

async function byName(name: string, python: string | undefined, context: Context): Promise<OpinionGrader> {
  if (name !== MATH_VERIFY) {
    throw new UsageError(
      `"${name}" is no grader that Errata knows: ${MATH_VERIFY}, or one of your own with --command and --name.`,
    );
  }
  const found = await findPython(context.pythonPlaces(python));
  return mathVerify({ python: found.python, version: found.packages[MATH_VERIFY] ?? "" });
}

function command(values: {
  command?: string;
  name?: string;
  version?: string;
  timeout?: string;
}): OpinionGrader {
  const { name = "", version = "" } = values;
  if (name.trim() === "") throw new UsageError("--name NAME is missing: under which it gives its opinions.");
  if (name === MATH_VERIFY || name.startsWith("imported:")) {
    throw new UsageError(`--name ${name} is taken; choose another.`);
  }
  const seconds = number("timeout", values.timeout, 60, { min: 0.1 });
  return new LineGrader({ name, version, command: values.command ?? "", timeoutMs: 1000 * seconds });
}

const KINDS = {
  disagree: "graders disagree",
  imported: "the log's score differs",
  unsure: "unsure",
} as const;

function disputeWords(disputes: Record<(typeof DISPUTE_KINDS)[number], number>): string {
  const parts = DISPUTE_KINDS.filter((kind) => disputes[kind] > 0).map(
    (kind) => `${disputes[kind]} ${KINDS[kind]}`,
  );
  return parts.length === 0 ? "Nothing is in dispute." : `In dispute: ${parts.join(", ")}.`;
}
