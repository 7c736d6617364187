import { resolve } from "node:path";
import { openMerge } from "../pool/merge.js";
import { countWords, previewWords } from "../pool/merge-words.js";
import { AGREEMENT_FIGURES, type AgreementReport, type Annotator } from "../protocol/agreement.js";
import { share } from "../protocol/figures.js";
import { ErrataError } from "../protocol/types.js";
import { agreement as agree, everybody } from "../review/agreement.js";
import { allJudgements } from "../review/agreement-read.js";
import { readRubric } from "../review/rubric.js";
import { answer, number, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";

/** `errata pool merge FILE [--dry-run]`: another pool's rows beside ours, nothing lost. */
export async function mergePool(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, { "dry-run": { type: "boolean" } }, ["FILE"]);
  const dry = values["dry-run"] === true;
  const pool = dry ? await context.existingPool(values.workspace) : await context.pool(values.workspace);
  const merging = await openMerge(pool, resolve(words[0] ?? ""));
  try {
    if (json === undefined) for (const line of previewWords(merging.preview)) console.log(line);
    const added = dry ? null : await merging.apply(context.progress.report, context.signal);
    context.progress.close();
    if (await answer(json, { ...merging.preview, added })) return;
    console.log(added ? `Merged: ${countWords(added)}.` : "Nothing was written.");
  } finally {
    await merging.close();
  }
}

/** `errata pool agreement [--a NAME --b NAME | --all]`: how far people agree, with 95 % intervals by problem. */
export async function agreement(args: readonly string[], context: Context): Promise<void> {
  const { values, json } = readArguments(args, {
    ...{ a: { type: "string" }, b: { type: "string" }, all: { type: "boolean" } },
    ...{ seed: { type: "string" }, resamples: { type: "string" } },
  });
  if (values.all && (values.a ?? values.b) !== undefined) {
    throw new UsageError("--all is everybody; --a and --b are two people, or one twice.");
  }
  const seed = number("seed", values.seed, 0, { min: 0, whole: true });
  const resamples = number("resamples", values.resamples, 2000, { min: 10, max: 100_000, whole: true });
  const pool = await context.existingPool(values.workspace);
  const people = chosen(await pool.people(), values);
  const kind = values.all ? "all" : people[0] === people[1] ? "self" : "pair";
  const rubric = await readRubric(context.workspace(values.workspace));
  const words = await allJudgements(pool, context.signal);
  const { report } = await agree(words, { people, kind, rubric, seed, resamples, signal: context.signal });
  if (await answer(json, report)) return;
  for (const line of table(report)) console.log(line);
}

function chosen(all: readonly Annotator[], of: { a?: string; b?: string; all?: boolean }): string[] {
  const persons = all.filter(({ role }) => role === "person");
  const known = all.filter(({ role }) => role !== "machine").map(({ who }) => who);
  for (const name of [of.a, of.b]) {
    if (name === undefined || known.includes(name)) continue;
    const there = known.length === 0 ? "nobody" : known.join(", ");
    throw new ErrataError(
      `Nobody named ${name} has said anything in this pool.`,
      `There is: ${there}.`,
      "nobody",
    );
  }
  if (of.all && persons.length > 1) return everybody(all);
  const a = of.a ?? persons.find(({ who }) => who !== of.b)?.who;
  const b = of.b ?? persons.find(({ who }) => who !== a)?.who;
  if (a !== undefined && b !== undefined) return [a, b];
  throw new ErrataError(
    persons.length === 0
      ? "Nobody has judged anything in this pool."
      : "Only one person has judged in this pool.",
    "Agreement needs two: merge another's pool with `errata pool merge FILE`, or give --a and --b the same name to hold a person against themselves.",
    "nobody",
  );
}

const NAMES = {
  ...{ percent: "agreement", kappa: "kappa", ac1: "AC1", weightedKappa: "quadratic kappa" },
  ...{ ac2: "AC2", alpha: "alpha" },
} as const;

function table({ people, kind, rows, attempts }: AgreementReport): string[] {
  const who = kind === "self" ? `${people[0]}, at first and again` : people.join(" and ");
  const lines = [`${who}: ${attempts} attempts judged by ${kind === "self" ? "them twice" : "two or more"}`];
  if (rows.length === 0) lines.push("Nothing was judged in common.");
  for (const { title, n, problems, figures } of rows) {
    lines.push("", `${title} (${n} items of ${problems} problems)`);
    for (const name of AGREEMENT_FIGURES) {
      const figure = figures[name];
      if (!figure) continue;
      const interval =
        figure.low === null || figure.high === null ? "" : ` [${share(figure.low)}, ${share(figure.high)}]`;
      const value = figure.value === null ? "undefined" : `${share(figure.value)}${interval}`;
      lines.push(`  ${NAMES[name].padEnd(16)} ${value}${figure.why === null ? "" : ` (${figure.why})`}`);
    }
  }
  return lines;
}
