import { userInfo } from "node:os";
import { settingsWords } from "../grading/settings.js";
import type { Pool } from "../pool/types.js";
import type { Regrade } from "../protocol/verdicts.js";
import { previewRegrade } from "../verdicts/index.js";
import { answer, number, readArguments, UsageError } from "./arguments.js";
import type { Context } from "./context.js";
import { settingsOf } from "./grade.js";
import { queryOf, queryWords, SELECTION } from "./selection.js";

const OPTIONS = {
  ...SELECTION,
  tolerance: { type: "string" },
  readers: { type: "string" },
  units: { type: "string" },
  who: { type: "string" },
  apply: { type: "boolean" },
  undo: { type: "boolean" },
} as const;

/** Changes that are shown of each kind. */
const SHOWN = 5;

/**
 * `errata regrade`: grades attempts anew with other settings, and says what would change; `--apply` changes it.
 * `errata regrade list | show ID | apply ID | undo ID | drop ID`; `--undo` takes the one applied last back.
 */
export async function regrade(args: readonly string[], context: Context): Promise<void> {
  const [first = ""] = args;
  if (first === "list") return list(args.slice(1), context);
  if (["show", "apply", "undo", "drop"].includes(first)) return one(first, args.slice(1), context);
  const { values, json } = readArguments(args, OPTIONS);
  const pool = await context.existingPool(values.workspace);
  if (values.undo) {
    const last = (await pool.regrades()).find(({ state }) => state === "applied");
    if (!last) throw new UsageError("No re-grading is applied: there is nothing to undo.");
    return told(pool, last.id, await pool.undoRegrade(last.id), json);
  }
  const settings = settingsOf(values);
  const query = queryOf(values) ?? { scope: "all" };
  const made = await previewRegrade(pool, query, context.grader(settings), {
    who: values.who ?? userInfo().username,
    settings: settingsWords(settings),
    scope: queryWords(query),
    ...{ report: context.progress.report, signal: context.signal },
  });
  context.progress.close();
  if (values.apply) return told(pool, made.id, await pool.applyRegrade(made.id), json);
  if (await answer(json, made)) return;
  await describe(pool, made);
  if (made.changes.length > 0) {
    console.log(
      `Nothing is changed yet. To change it: errata regrade apply ${made.id}; to forget it: drop ${made.id}`,
    );
  }
}

async function list(args: readonly string[], context: Context): Promise<void> {
  const { values, json } = readArguments(args, {});
  const all = await (await context.existingPool(values.workspace)).regrades();
  if (await answer(json, all)) return;
  for (const one of all) {
    console.log(
      `${String(one.id).padStart(4)}  ${one.state.padEnd(8)}  ${one.at.slice(0, 16)}  ${one.who}  ${one.scope}; ${one.settings}`,
    );
  }
  if (all.length === 0) console.log("Nothing was graded anew yet.");
}

async function one(what: string, args: readonly string[], context: Context): Promise<void> {
  const { values, words, json } = readArguments(args, {}, ["ID"]);
  const id = number("ID", words[0], 0, { min: 1, whole: true });
  const pool = await context.existingPool(values.workspace);
  if (what === "apply") return told(pool, id, await pool.applyRegrade(id), json);
  if (what === "undo") return told(pool, id, await pool.undoRegrade(id), json);
  if (what === "drop") {
    await pool.dropRegrade(id);
    if (!(await answer(json, await pool.regrade(id)))) console.log(`Re-grading ${id} is dropped.`);
    return;
  }
  const found = await pool.regrade(id);
  if (await answer(json, found)) return;
  await describe(pool, found);
}

async function told(
  pool: Pool,
  id: number,
  { changed, skipped }: { changed: number; skipped: number },
  json: string | true | undefined,
): Promise<void> {
  const now = await pool.regrade(id);
  if (await answer(json, { ...now, changed, skipped })) return;
  await describe(pool, now);
  console.log(
    now.state === "applied"
      ? `Applied to ${changed} attempts; people's verdicts stand. To take all of it back: errata regrade undo ${id}`
      : `Undone: ${changed} attempts are as they were.`,
  );
  if (skipped > 0)
    console.log(`${skipped} were changed by something else meanwhile and are left as they are.`);
}

async function describe(pool: Pool, { id, state, settings, scope, graded, changes }: Regrade): Promise<void> {
  console.log(`Re-grading ${id} (${state}): ${graded} attempts of ${scope}. ${settings}`);
  if (changes.length === 0) console.log("Nothing would change.");
  for (const { from, to, count } of changes) {
    console.log(
      `${String(count).padStart(8)}  ${from === to ? `${from}, read or reasoned otherwise` : `${from} → ${to}`}`,
    );
    if (from === to) continue;
    for (const change of await pool.regradeChanges(id, { from, to, limit: SHOWN })) {
      const answers = [change.fromAnswer, change.toAnswer].map((text) => oneLine(text ?? "–"));
      console.log(
        `            attempt ${change.attemptId}: ${answers.join(" → ")}; ${oneLine(change.toReason)}`,
      );
    }
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, 60);
