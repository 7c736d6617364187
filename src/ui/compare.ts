import { basename } from "node:path";
import { readProblemSet } from "../problems/index.js";
import type { Comparison } from "../protocol/comparison.js";
import type { ModelEntry } from "../protocol/types.js";
import { compareModels } from "../runs/compare.js";
import { command } from "./commands.js";
import { askModel } from "./models/ask.js";
import { isModel } from "./models/index.js";
import { samplingOptions } from "./options.js";
import type { Panels } from "./panels/index.js";
import { askHowMany, askProblemSet } from "./problem-sets.js";
import type { Services } from "./services.js";
import { count } from "./words.js";

export function registerComparison(services: Services, panels: Panels): void {
  command(services, "compare", ["folder", "trust"], async (...args) => {
    const models = await askPair(services, args);
    if (!models) return;
    const [modelA, modelB] = models;
    const problemSet = await askProblemSet(services, "Compare On: Problems That Neither Was Trained On");
    if (!problemSet) return;
    const { problems } = await readProblemSet(problemSet);
    const limit = await askHowMany(problems.length);
    if (limit === 0) return;
    let comparison: Comparison | undefined;
    const done = await services.work.start({
      title: `Comparing ${modelA.name} and ${modelB.name} on ${count(limit, "problem")} of ${basename(problemSet)}`,
      watch: true,
      run: async (report, signal) => {
        const { workspace } = services;
        const pool = await services.pool();
        const watch = services.live;
        const tools = { engine: services.engine(), grader: services.grader(), pool, workspace, watch };
        const job = {
          ...{ modelA, modelB, problemSet, limit },
          ...{ group: services.setting("group"), options: samplingOptions(services) },
        };
        comparison = await compareModels(tools, job, report, signal);
        watch.close(
          `${count(comparison.fixed.length, "problem")} fixed, ${comparison.regressed.length} regressed.`,
        );
      },
    });
    if (!done || !comparison) return;
    services.done("compared");
    await panels.compare(comparison);
  });
}

/** Two selected rows; or the row that was clicked after the model it came from; or two that are asked for. */
async function askPair(
  services: Services,
  [clicked, selected]: unknown[],
): Promise<[ModelEntry, ModelEntry] | undefined> {
  if (Array.isArray(selected) && selected.length === 2 && selected.every(isModel)) {
    const [first, second] = selected as [ModelEntry, ModelEntry];
    return first.base === second.id ? [second, first] : [first, second];
  }
  if (isModel(clicked) && clicked.base !== undefined) {
    const base = (await services.models.list()).find(({ id }) => id === clicked.base);
    if (base) return [base, clicked];
  }
  const before = isModel(clicked)
    ? clicked
    : await askModel(services, "Compare (1/3): Before", { always: true, atLeast: 2 });
  const after =
    before &&
    (await askModel(services, "Compare (2/3): After", { always: true, except: before.id, atLeast: 1 }));
  return before && after ? [before, after] : undefined;
}
