import * as vscode from "vscode";
import type { AttemptQuery } from "../../pool/types.js";
import { ErrataError } from "../../protocol/types.js";
import type { Services } from "../services.js";
import { count } from "../words.js";
import { filterWords } from "./filter-words.js";
import { attemptsOf, idsOf, isNode, rowsOf } from "./selection.js";
import { inPick } from "./text.js";
import type { PoolTree } from "./tree.js";
import type { PoolViewState } from "./view.js";

/** Which attempts something is done with. */
export interface Scope {
  query: AttemptQuery;
  /** For people, and for the record: "the error pool", "3 attempts". */
  words: string;
}

/**
 * Ids that another part passes (`{ ids }`) and clicked rows are taken as they are; else a person is asked. `reviewed` is
 * the attempt that Review shows.
 */
export async function askScope(
  services: Services,
  tree: PoolTree,
  state: PoolViewState,
  { args, title, reviewed }: { args: unknown[]; title: string; reviewed: number | null },
): Promise<Scope | undefined> {
  const [first] = args;
  const ids = given(first);
  if (ids) return chosen(ids);
  const rows = rowsOf(args, tree).filter(({ type }) => type !== "more");
  if (isNode(first) && rows.length > 0) return chosen(await attemptsOf(rows, services, tree));
  const pool = await services.pool();
  const filter = filterWords(state.query, tree.catalogue);
  const [stats, disputes] = await Promise.all([pool.stats(), pool.disputes()]);
  const disputed = disputes.disagree + disputes.imported + disputes.unsure;
  type Item = vscode.QuickPickItem & { scope: Scope | "rows" };
  const items: Item[] = [
    {
      ...{ label: "$(bug) The Error Pool", description: count(stats.inPool, "attempt") },
      scope: { query: { scope: "pool" }, words: "the error pool" },
    },
    {
      ...{
        label: "$(database) Every Attempt",
        description: `${count(stats.attempts, "attempt")}, right ones too`,
      },
      scope: { query: { scope: "all" }, words: "every attempt" },
    },
  ];
  if (state.filtered) {
    items.push({
      ...{ label: "$(filter) What the Tree Shows", description: inPick(filter) },
      scope: { query: state.query, words: `filter: ${filter}` },
    });
  }
  if (rows.length > 0) {
    const label = "$(list-selection) What Is Selected in the Tree";
    items.push({ label, description: count(rows.length, "row"), scope: "rows" });
  }
  if (reviewed !== null) {
    const scope: Scope = { query: { scope: "all", ids: [reviewed] }, words: "the attempt in Review" };
    items.push({ label: "$(book) The Attempt in Review", description: `attempt ${reviewed}`, scope });
  }
  if (disputed > 0) {
    items.push({
      ...{ label: "$(law) What Is in Dispute", description: count(disputed, "attempt") },
      scope: { query: { scope: "all", dispute: "any" }, words: "what is in dispute" },
    });
  }
  const picked = await vscode.window.showQuickPick(items, {
    ...{ title, placeHolder: "Which attempts", ignoreFocusOut: true },
  });
  if (picked?.scope === "rows") return chosen(await attemptsOf(rows, services, tree));
  return picked?.scope;
}

function chosen(ids: number[]): Scope {
  if (ids.length > 0) return { query: { scope: "all", ids }, words: count(ids.length, "attempt") };
  throw new ErrataError(
    "No attempt is selected.",
    "Select attempts, problems or groups in the Error Pool.",
    "nothing-selected",
  );
}

/** `{ ids }`, or the id of one attempt (`{ attemptId }`). */
function given(value: unknown): number[] | undefined {
  const one =
    typeof value === "object" && value !== null && "attemptId" in value ? value.attemptId : undefined;
  return Number.isSafeInteger(one) ? [Number(one)] : idsOf(value);
}
