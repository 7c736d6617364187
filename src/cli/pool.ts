import { resolve } from "node:path";
import type { AttemptDetail } from "../pool/types.js";
import type { Attempt } from "../protocol/types.js";
import { answer, number, readArguments, tellLeftOut, UsageError } from "./arguments.js";
import type { Context } from "./context.js";
import { agreement, mergePool } from "./people.js";

const LIMITS = { limit: { type: "string" }, all: { type: "boolean" } } as const;

/** `errata pool list|show ID|stats|backup FILE|merge FILE|agreement`. */
export async function pool([what = "", ...args]: readonly string[], context: Context): Promise<void> {
  switch (what) {
    case "stats":
      return stats(args, context);
    case "list":
      return list(args, context);
    case "show":
      return show(args, context);
    case "backup":
      return backup(args, context);
    case "merge":
      return mergePool(args, context);
    case "agreement":
      return agreement(args, context);
    default:
      throw new UsageError(
        `"${what}" is no part of \`errata pool\`: list, show, stats, backup, merge or agreement.`,
      );
  }
}

async function stats(args: readonly string[], context: Context): Promise<void> {
  const { values, json } = readArguments(args, {});
  const pool = await context.existingPool(values.workspace);
  const [found, badProblems] = [await pool.stats(), await pool.badProblems()];
  if (await answer(json, { ...found, badProblems })) return;
  const width = Math.max(...Object.values(found).map((count) => String(count).length));
  const names: Record<keyof typeof found, string> = {
    problems: "problems",
    attempts: "attempts",
    correct: "  correct",
    incorrect: "  incorrect",
    unscored: "  unscored",
    truncated: "  truncated",
    inPool: "in the error pool",
    reviewed: "  of them reviewed",
  };
  for (const [key, name] of Object.entries(names)) {
    console.log(`${String(found[key as keyof typeof found]).padStart(width)} ${name}`);
  }
  tellLeftOut(badProblems);
}

async function list(args: readonly string[], context: Context): Promise<void> {
  const { values, json } = readArguments(args, LIMITS);
  const pool = await context.existingPool(values.workspace);
  const limit = number("limit", values.limit, 50, { min: 1, whole: true });
  const attempts = await pool.attempts({ scope: values.all ? "all" : "pool" }, { limit });
  const rows: (Attempt & { problem: string; gold: string })[] = [];
  for (const attempt of attempts) {
    const { problem, gold } = await pool.problem(attempt.problemId);
    rows.push({ ...attempt, problem, gold });
  }
  if (await answer(json, rows)) return;
  for (const row of rows) {
    const said = (row.answer ?? "–").slice(0, 16).padEnd(16);
    const kind = (row.errorType ?? "").padEnd(14);
    console.log(
      `${String(row.id).padStart(7)}  ${row.verdict.padEnd(9)}  ${said}  ${kind}  ${oneLine(row.problem)}`,
    );
  }
  if (rows.length === limit) console.log(`… the first ${limit}; --limit N shows more`);
}

async function show(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, {}, ["ID"]);
  const id = number("ID", words[0], 0, { min: 1, whole: true });
  const detail = await (await context.existingPool(values.workspace)).detail(id);
  if (await answer(json, detail)) return;
  console.log(describe(detail));
}

async function backup(args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, {}, ["FILE"]);
  const file = resolve(words[0] ?? "");
  const pool = await context.existingPool(values.workspace);
  await pool.backup(file);
  if (!(await answer(json, { file }))) console.log(`The pool was copied to ${file}.`);
}

function describe({ attempt, problem, reflections, annotations, correct, scored }: AttemptDetail): string {
  const read = `read “${attempt.answer ?? "nothing"}”, gold “${problem.gold}”`;
  const parts = [
    `${problem.problem}\n`,
    `Attempt ${attempt.id} by ${attempt.modelId}: ${attempt.verdict} (${read}; ${attempt.reason})`,
    `${correct} of ${scored} in its group are right${attempt.errorType ? ` · ${attempt.errorType}` : ""}\n`,
    indent(attempt.text),
  ];
  for (const reflection of reflections) {
    parts.push(`\nReflection ${reflection.id} by ${reflection.modelId}: ${reflection.verdict}`);
    parts.push(indent(reflection.text));
  }
  for (const { who, at, value } of annotations) {
    parts.push(`\n${at.slice(0, 10)} ${who}: ${value.kind} ${JSON.stringify(value.value)}`);
  }
  return parts.join("\n");
}

const indent = (text: string) => text.replaceAll(/^/gm, "    ");
const oneLine = (text: string) => text.replaceAll(/\s+/g, " ").slice(0, 60);
