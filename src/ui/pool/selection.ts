import { ErrataError } from "../../protocol/types.js";
import type { Services } from "../services.js";
import type { PoolNode } from "./nodes.js";
import type { PoolTree } from "./tree.js";

/** Rows that a tree command is for: the selection when the clicked row is in it, else the clicked row. */
export function rowsOf(args: unknown[], tree: Pick<PoolTree, "view">): PoolNode[] {
  const [clicked, selected] = args as [PoolNode | undefined, PoolNode[] | undefined];
  if (isNode(clicked)) return Array.isArray(selected) && selected.includes(clicked) ? selected : [clicked];
  return [...tree.view.selection];
}

/**
 * Rows that Review is opened on: those that it was called on, or several that are selected. One row that is selected
 * asks for nothing: it is the attempt that was read an hour ago, or a problem that was only opened.
 */
export function rowsToReview(args: unknown[], tree: Pick<PoolTree, "view">): PoolNode[] {
  const rows = rowsOf(args, tree).filter(({ type }) => type !== "more");
  return isNode(args[0]) || rows.length > 1 ? rows : [];
}

export function isNode(value: unknown): value is PoolNode {
  return typeof value === "object" && value !== null && "type" in value;
}

/** The attempts that rows stand for, each once, in the order of the rows. Rows of attempts ask the pool nothing. */
export async function attemptsOf(
  rows: readonly PoolNode[],
  services: Services,
  tree: PoolTree,
): Promise<number[]> {
  const pool = await services.pool();
  // "Load more…" stands for no attempts, though it can be selected among them.
  const real = rows.filter((row) => row.type !== "more");
  const lists = await Promise.all(
    real.map((row) => (row.type === "attempt" ? [row.attempt.id] : pool.attemptIds(tree.queryOf(row)))),
  );
  return [...new Set(lists.flat())];
}

/** The same, or an error that says what to do where nothing is selected. */
export async function chosenAttempts(args: unknown[], services: Services, tree: PoolTree): Promise<number[]> {
  const ids = await attemptsOf(rowsOf(args, tree), services, tree);
  if (ids.length > 0) return ids;
  throw new ErrataError(
    "No attempt is selected.",
    "Select attempts, problems or groups in the Error Pool.",
    "nothing-selected",
  );
}

/** The pool, or an error that says how to get one: reading must not make an empty pool. */
export async function needPool(services: Services) {
  const pool = await services.poolIfAny();
  if (!pool) {
    throw new ErrataError(
      "This folder has no error pool yet.",
      "Sample a problem set; its failed attempts become the pool.",
      "no-pool",
    );
  }
  return pool;
}

/** Ids that another part passes: `{ ids }`. */
export function idsOf(value: unknown): number[] | undefined {
  if (typeof value !== "object" || value === null || !("ids" in value) || !Array.isArray(value.ids))
    return undefined;
  return value.ids.every((id) => Number.isSafeInteger(id)) ? value.ids : undefined;
}
