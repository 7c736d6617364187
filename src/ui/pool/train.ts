import { ErrataError } from "../../protocol/types.js";
import { command } from "../commands.js";
import { newRecipe } from "../recipes/new-recipe.js";
import type { Services } from "../services.js";
import { filterAsData } from "./filter-data.js";
import { chosenAttempts, needPool } from "./selection.js";
import type { PoolTree } from "./tree.js";
import type { PoolViewState } from "./view.js";

export function registerTraining(services: Services, tree: PoolTree, state: PoolViewState): void {
  command(services, "trainOnSelection", ["folder", "trust"], async (...args) => {
    await needPool(services);
    const attempts = await chosenAttempts(args, services, tree);
    await newRecipe(services, { data: { take: "selection", attempts } });
  });
  command(services, "trainOnFilter", ["folder", "trust"], async () => {
    const pool = await needPool(services);
    const data = filterAsData(state.query);
    if (data) return newRecipe(services, { data });
    const attempts = await pool.attemptIds(state.query);
    if (attempts.length === 0) {
      throw new ErrataError("Nothing in the pool matches the filter.", "Change the filter.", "empty-pool");
    }
    return newRecipe(services, { data: { take: "selection", attempts } });
  });
}
