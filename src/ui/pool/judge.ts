import * as vscode from "vscode";
import type { Pool, StandingWord } from "../../pool/types.js";
import { ErrataError } from "../../protocol/types.js";
import { command } from "../commands.js";
import { VIEWS } from "../names.js";
import { inform, warn } from "../say.js";
import type { Services } from "../services.js";
import { count } from "../words.js";
import { readCatalogue } from "./catalogue.js";
import { SAYINGS, type Said, type Saying, type SayingKind, toSay, toUndo, unchanged } from "./judge-plan.js";
import { CHOICES } from "./pages.js";
import { chosenAttempts, needPool } from "./selection.js";
import { inPick } from "./text.js";
import type { PoolTree } from "./tree.js";

/** Over so many attempts a person is asked first. */
const ASK_OVER = 50;

/** What people say of many attempts at once. What is said of corrections is said in Review, one by one. */
export function registerJudging(services: Services, tree: PoolTree): void {
  const judge =
    (title: string, kinds: readonly SayingKind[], more?: typeof deeds) =>
    async (...args: unknown[]): Promise<void> => {
      const pool = await needPool(services);
      const attempts = await chosenAttempts(args, services, tree);
      const problems = await problemsOf(pool, attempts);
      const rows = [
        ...(await sayings(services, pool, kinds)),
        ...((await more?.(services, pool, attempts, args)) ?? []),
      ];
      const of = `${count(attempts.length, "attempt")} of ${count(problems.length, "problem")}`;
      const chosen = await vscode.window.showQuickPick<Row>(rows, {
        title: `${title}: ${of}`,
        placeHolder: "Nothing is overwritten: your word is added, and can be taken back",
        matchOnDescription: true,
      });
      await chosen?.run?.();
      if (chosen?.saying) await say(services, pool, chosen.saying, attempts, problems);
    };
  const needs = ["folder", "trust"] as const;
  const all = Object.keys(SAYINGS) as SayingKind[];
  command(services, "judgeSelection", needs, judge("Judge", all, deeds));
  command(services, "judgeErrorType", needs, judge("Error Type", ["errorType"]));
  command(services, "judgeLabel", needs, judge("Label", ["label"]));
  command(services, "judgeVerdict", needs, judge("Overrule the Grader", ["verdict"]));
  command(services, "judgeFlag", needs, judge("Flag", ["flag"]));
  command(services, "judgeProblem", needs, judge("Bad Problem", ["badProblem"]));
}

/** Row ids; one question, whatever the number of attempts. */
async function problemsOf(pool: Pool, attempts: readonly number[]): Promise<number[]> {
  const buckets = await pool.buckets("problem", { ids: [...attempts], scope: "all" });
  return buckets.map(({ key }) => Number(key));
}

const HEADINGS: Readonly<Record<SayingKind, string>> = {
  errorType: "Error type",
  label: "Label",
  verdict: "Verdict",
  flag: "Attempt",
  badProblem: "Problem",
};

type Row = vscode.QuickPickItem & { saying?: Saying; run?: () => Thenable<unknown> };
const heading = (label: string): Row => ({ label, kind: vscode.QuickPickItemKind.Separator });

async function sayings(services: Services, pool: Pool, kinds: readonly SayingKind[]): Promise<Row[]> {
  const { rubric } = await readCatalogue(services, "problem");
  const used = kinds.includes("label")
    ? (await pool.buckets("label", { scope: "all" }, { limit: CHOICES })).map(({ key }) => key)
    : [];
  const rows = kinds.flatMap((kind): Row[] => {
    const list = kind === "label" ? SAYINGS.label(rubric, used) : SAYINGS[kind](rubric);
    const shown = list.map((saying): Row => {
      const { title, description } = saying;
      // Headings go away while something is typed, so a row says by itself what it is of.
      return {
        saying,
        label: inPick(title),
        description: inPick(description ?? HEADINGS[kind].toLowerCase()),
      };
    });
    return shown.length === 0 ? [] : [heading(HEADINGS[kind]), ...shown];
  });
  if (rows.length > 0) return rows;
  throw new ErrataError(
    "There are no labels yet.",
    "Name some under “labels” in .errata/rubric.json; error types are there without.",
    "no-labels",
  );
}

/** What can be done with the selection beside judging it; each is a command of its own. */
async function deeds(
  services: Services,
  pool: Pool,
  attempts: readonly number[],
  args: readonly unknown[],
): Promise<Row[]> {
  const [models, known, commands] = await Promise.all([
    pool.buckets("model", { ids: [...attempts], scope: "all" }, { limit: 3 }),
    services.models.list().catch(() => []),
    vscode.commands.getCommands(true),
  ]);
  const pair = models.flatMap(({ key }) => known.find(({ id }) => id === key) ?? []);
  const deed = (label: string, id: string, ...passed: unknown[]): Row[] =>
    commands.includes(id) ? [{ label, run: () => vscode.commands.executeCommand(id, ...passed) }] : [];
  return [
    heading("Do with them"),
    ...deed("$(book) Review Them…", "errata.review", ...args),
    ...deed("$(sparkle) Reflect on Them…", "errata.reflect", attempts),
    ...deed("$(graph-line) Train on Them…", "errata.trainOnSelection", ...args),
    ...deed("$(export) Export Them…", "errata.export", { ids: attempts }),
    ...(models.length === 2 && pair.length === 2
      ? deed("$(compare-changes) Compare Their Two Models…", "errata.compare", pair[0], pair)
      : []),
  ];
}

async function say(
  services: Services,
  pool: Pool,
  saying: Saying,
  attempts: readonly number[],
  problems: readonly number[],
): Promise<void> {
  const who = await services.who();
  const targets = saying.of === "problem" ? problems : attempts;
  const of = `${count(attempts.length, "attempt")} of ${count(problems.length, "problem")}`;
  const whom = saying.of === "problem" ? count(problems.length, "problem") : of;
  if (attempts.length > ASK_OVER && !(await agreed(saying, whom, who))) return;
  const said = await store(pool, who, saying, targets);
  if (said.words.length === 0) {
    void inform(`${saying.words}: nothing to change. ${unchanged(saying, who)}`);
    return;
  }
  services.log.info(`${saying.words}: ${said.words.length} annotations by ${who}`);
  const already = targets.length - said.words.length;
  const rest = already > 0 ? `; ${already} of them needed no change` : "";
  const undo = "Undo";
  const chosen = await inform(`${saying.words}: ${whom}${rest}.`, undo);
  if (chosen === undo) await takeBack(services, pool, who, saying, said);
}

async function agreed(saying: Saying, whom: string, who: string): Promise<boolean> {
  const go = "Say So";
  const detail = `Each gets an annotation by ${who}. You can take all of them back at once afterwards.`;
  const question = `Say of ${whom}: ${saying.words}?`;
  return (await warn(question, { modal: true, detail }, go)) === go;
}

/** All of it in one transaction. */
async function store(pool: Pool, who: string, saying: Saying, targets: readonly number[]): Promise<Said> {
  return vscode.window.withProgress({ location: { viewId: VIEWS.pool } }, async () => {
    const before = await standing(pool, who, saying, targets);
    const words = toSay(saying, targets, before);
    return { words, before, ids: await pool.annotateEach(who, words) };
  });
}

function standing(
  pool: Pool,
  who: string,
  { of: target, value }: Saying,
  ids: readonly number[],
): Promise<Map<number, StandingWord>> {
  const axis = "axis" in value ? { axis: value.axis } : {};
  return pool.standing({ target, ids, who, kind: value.kind, ...axis });
}

async function takeBack(
  services: Services,
  pool: Pool,
  who: string,
  saying: Saying,
  said: Said,
): Promise<void> {
  const now = await standing(
    pool,
    who,
    saying,
    said.words.map(({ targetId }) => targetId),
  );
  const words = toUndo(said, now);
  await pool.annotateEach(who, words);
  const kept = said.words.length - words.length;
  const since = kept > 0 ? ` ${kept} had been judged again since, and stay.` : "";
  services.log.info(`Undone: ${saying.words}, ${words.length} annotations by ${who}`);
  vscode.window.setStatusBarMessage(`$(discard) Undone: ${inPick(saying.words)}.${since}`, 8000);
}
