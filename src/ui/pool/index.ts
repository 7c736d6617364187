import type { AttemptQuery } from "../../pool/types.js";
import { ErrataError } from "../../protocol/types.js";
import { command } from "../commands.js";
import type { Panels } from "../panels/index.js";
import type { Services } from "../services.js";
import { askPoolFilter } from "./apply-filter.js";
import { askFilter, askGrouping } from "./filter.js";
import type { PoolNode } from "./nodes.js";
import { PoolTree } from "./tree.js";
import { PoolViewState } from "./view.js";

/** Rows that a tree command is for: the selection when the clicked row is in it, else the clicked row. */
export function rowsOf(args: unknown[], tree: PoolTree): PoolNode[] {
  const [clicked, selected] = args as [PoolNode | undefined, PoolNode[] | undefined];
  if (isNode(clicked)) return Array.isArray(selected) && selected.includes(clicked) ? selected : [clicked];
  return [...tree.view.selection];
}

function isNode(value: unknown): value is PoolNode {
  return typeof value === "object" && value !== null && "type" in value;
}

/** The attempts that rows stand for, each once, in the pool's order. */
export async function attemptsOf(
  rows: readonly PoolNode[],
  services: Services,
  tree: PoolTree,
): Promise<number[]> {
  const pool = await services.pool();
  const lists = await Promise.all(rows.map((row) => pool.attemptIds(tree.queryOf(row))));
  return [...new Set(lists.flat())];
}

export function registerPool(services: Services, panels: Panels): PoolTree {
  const state = new PoolViewState(services.context.workspaceState, () => tree.reset());
  const tree = new PoolTree(services, state);
  command(services, "filter", ["folder"], () => askFilter(state));
  command(services, "clearFilter", [], () => state.set({ query: {} }));
  command(services, "group", ["folder"], () => askGrouping(state));
  command(services, "loadMore", [], (node) =>
    tree.loadMore(isNode(node) && node.type === "more" ? node.parent : undefined),
  );
  command(services, "applyFilter", ["folder"], async () => {
    await needPool(services);
    await askPoolFilter(services);
  });
  command(services, "review", ["folder"], async (...args) => {
    const pool = await needPool(services);
    const target = args[0];
    const direct = typeof target === "object" && target !== null && "attemptId" in target;
    if (direct) return panels.review(Number(target.attemptId), state.query);
    const [row] = rowsOf(args, tree);
    if (row) {
      // One row opens what it stands for; the queue is what the tree shows around it.
      const query: AttemptQuery = row.type === "attempt" ? state.query : tree.queryOf(row);
      const [first] = row.type === "attempt" ? [row.attempt.id] : await pool.attemptIds(query);
      return panels.review(first, query);
    }
    const [unread] = await pool.attemptIds({ ...state.query, reviewed: false });
    const [any] = unread === undefined ? await pool.attemptIds(state.query) : [unread];
    if (any === undefined) {
      throw new ErrataError(
        "There is no attempt to review.",
        "Sample problems, or let more errors enter the pool.",
        "empty-pool",
      );
    }
    return panels.review(any, state.query);
  });
  return tree;
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
