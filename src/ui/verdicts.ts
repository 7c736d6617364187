import * as vscode from "vscode";
import type { AttemptQuery, Pool } from "../pool/types.js";
import { ErrataError } from "../protocol/types.js";
import { askGrader } from "./ask-grader.js";
import { command } from "./commands.js";
import type { Panels } from "./panels/index.js";
import { askScope } from "./pool/scope.js";
import { needPool, rowsOf } from "./pool/selection.js";
import type { PoolTree } from "./pool/tree.js";
import type { PoolViewState } from "./pool/view.js";
import { askSettings, regrade } from "./regrade.js";
import { inform } from "./say.js";
import type { Services } from "./services.js";
import { count } from "./words.js";

/** What graders say, and what becomes of it: disputes, second opinions, re-grading, groups. */
export function registerVerdicts(
  services: Services,
  panels: Panels,
  tree: PoolTree,
  state: PoolViewState,
): void {
  command(services, "reviewDisputes", ["folder"], async () => {
    await reviewDisputes(services, panels, state);
  });
  command(services, "askGrader", ["folder", "trust"], async (...args) => {
    await needPool(services);
    const { reviewed } = panels;
    await askGrader(services, (title) => askScope(services, tree, state, { args, title, reviewed }));
  });
  command(services, "regrade", ["folder", "trust"], async (...args) => {
    await needPool(services);
    const { reviewed } = panels;
    const title = "Re-grade (1/4): Which Attempts";
    const scope = await askScope(services, tree, state, { args, title, reviewed });
    const settings = scope && (await askSettings(scope.words));
    if (scope && settings) await regrade(services, panels, scope, settings);
  });
  command(services, "showRegrades", ["folder"], async () => {
    await needPool(services);
    panels.regrade();
  });
  command(services, "showGroup", ["folder"], async (...args) => {
    const pool = await needPool(services);
    const row = rowsOf(args, tree).find(({ type }) => type === "attempt" || type === "problem");
    if (row?.type === "attempt") return panels.group(row.attempt.id, tree.queryOf(row.parent));
    if (row?.type === "problem") {
      const query = tree.queryOf(row);
      const [first] = await pool.attemptIds(query, undefined, 1);
      if (first !== undefined) return panels.group(first, query);
    }
    throw new ErrataError(
      "No problem is selected.",
      "Select a problem or an attempt in the Error Pool.",
      "no-problem",
    );
  });
}

/** The queue is what is in dispute among what the tree shows; wherever nothing is, it says what to do. */
async function reviewDisputes(services: Services, panels: Panels, state: PoolViewState): Promise<void> {
  const pool = await needPool(services);
  // What is in dispute is often outside the pool: called right by ours, or by nobody.
  const all: AttemptQuery = { scope: "all", dispute: "any" };
  const filtered: AttemptQuery = { ...state.query, scope: "all", dispute: state.query.dispute ?? "any" };
  if (state.filtered && (await some(pool, filtered))) return panels.review(undefined, filtered);
  if (await some(pool, all)) {
    if (!state.filtered) return panels.review(undefined, all);
    const disputes = await pool.disputes();
    const n = disputes.disagree + disputes.imported + disputes.unsure;
    const show = "Review All of Them";
    const words = `Nothing that the filter shows is in dispute; ${count(n, "attempt")} elsewhere ${n === 1 ? "is" : "are"}.`;
    if ((await inform(words, show)) === show) await panels.review(undefined, all);
    return;
  }
  const graders = (await pool.graders()).filter(({ grader }) => !grader.startsWith("imported:"));
  const ask = "Ask Another Grader…";
  const words =
    graders.length === 0
      ? "Nothing is in dispute. Ask another grader for a second opinion: where it says something else, the attempt comes here."
      : `Nothing is in dispute: ${graders.map(({ grader }) => grader).join(", ")} and ours agree, or a person has settled it.`;
  if ((await inform(words, ask)) === ask) await vscode.commands.executeCommand("errata.askGrader");
}

async function some(pool: Pool, query: AttemptQuery): Promise<boolean> {
  return (await pool.attemptIds(query, undefined, 1)).length > 0;
}
