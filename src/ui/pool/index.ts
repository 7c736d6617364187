import type { AttemptQuery } from "../../pool/types.js";
import { ErrataError } from "../../protocol/types.js";
import { command } from "../commands.js";
import { registerExchange } from "../exchange.js";
import type { Panels } from "../panels/index.js";
import type { Services } from "../services.js";
import { registerVerdicts } from "../verdicts.js";
import { askPoolFilter } from "./apply-filter.js";
import { askFilter } from "./filter.js";
import { askGrouping } from "./grouping.js";
import { registerJudging } from "./judge.js";
import { askSavedFilter, askSaveFilter } from "./save-filter.js";
import { SavedFilters } from "./saved-filters.js";
import { registerSearchIndex } from "./search-index.js";
import { attemptsOf, isNode, needPool, rowsOf, rowsToReview } from "./selection.js";
import { registerTraining } from "./train.js";
import { PoolTree } from "./tree.js";
import { PoolViewState } from "./view.js";

export { attemptsOf, needPool, rowsOf };

export function registerPool(services: Services, panels: Panels): PoolTree {
  const { workspaceState } = services.context;
  const state = new PoolViewState(workspaceState, () => tree.reset());
  const saved = new SavedFilters(workspaceState);
  const tree = new PoolTree(services, state);
  panels.selection(() => attemptsOf(tree.view.selection, services, tree));
  registerTraining(services, tree, state);
  registerJudging(services, tree);
  registerSearchIndex(services);
  registerExchange(services, tree, state);
  registerVerdicts(services, panels, tree, state);
  const filter = (): Promise<AttemptQuery | undefined> => askFilter(services, state, saved, tree);
  panels.filter(filter);
  command(services, "filter", ["folder"], filter);
  command(services, "clearFilter", [], () => state.set({ query: {} }));
  command(services, "saveFilter", ["folder"], () => askSaveFilter(saved, state.query));
  command(services, "useFilter", ["folder"], async () => {
    const chosen = await askSavedFilter(saved, tree.catalogue);
    if (chosen) await state.set({ query: chosen.query });
  });
  command(services, "group", ["folder"], () => askGrouping(state));
  command(services, "loadMore", [], (node) =>
    tree.loadMore(isNode(node) && node.type === "more" ? node.parent : undefined),
  );
  command(services, "applyFilter", ["folder"], async () => {
    await needPool(services);
    await askPoolFilter(services);
  });
  command(services, "review", ["folder"], async (...args) => {
    const target = args[0];
    const direct = typeof target === "object" && target !== null && "attemptId" in target;
    await needPool(services);
    if (direct) return panels.review(Number(target.attemptId), state.query);
    const { any, at, query } = await queue(services, state, tree, args);
    if (any) return panels.review(at, query);
    throw new ErrataError(
      "There is no attempt to review.",
      "Sample problems, or let more errors enter the pool.",
      "empty-pool",
    );
  });
  return tree;
}

/**
 * What Review goes through: the rows that were chosen, or what the tree shows. Where it begins is for Review to know
 * (where the last sitting stopped, or the first that nobody judged), unless one attempt was chosen (`at`).
 */
async function queue(
  services: Services,
  state: PoolViewState,
  tree: PoolTree,
  args: unknown[],
): Promise<{ any: boolean; at?: number; query: AttemptQuery }> {
  const pool = await needPool(services);
  const [row, ...others] = rowsToReview(args, tree);
  if (row && others.length > 0) {
    const ids = await attemptsOf([row, ...others], services, tree);
    return { any: ids.length > 0, query: { scope: "all", ids } };
  }
  // One row opens what it stands for; the queue of an attempt is what the tree shows around it.
  if (row?.type === "attempt") return { any: true, at: row.attempt.id, query: state.query };
  const query = row ? tree.queryOf(row) : state.query;
  return { any: (await pool.attemptIds(query, undefined, 1)).length > 0, query };
}
