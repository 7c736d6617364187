import { basename } from "node:path";
import * as vscode from "vscode";
import { readProblemSet } from "../problems/index.js";
import type { Comparison } from "../protocol/comparison.js";
import { ErrataError, type ModelEntry } from "../protocol/types.js";
import { compareModels, keptComparisons, type Measures } from "../runs/compare.js";
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
    const group = services.setting("group");
    const measure = await askMeasures(services, models, limit * group);
    if (!measure) return;
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
          ...{ modelA, modelB, problemSet, limit, group, measure },
          options: samplingOptions(services),
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
  command(services, "openComparison", ["folder"], async () => {
    const kept = await keptComparisons(services.workspace);
    if (kept.length === 0) {
      throw new ErrataError(
        "No two models have been compared in this folder yet.",
        "Compare two: what comes out is kept.",
        "no-comparison",
      );
    }
    const items = kept.map((comparison) => ({
      label: `${comparison.modelA} ↔ ${comparison.modelB}`,
      description: `${comparison.problems} · ${count(comparison.fixed.length, "problem")} fixed, ${comparison.regressed.length} regressed`,
      detail: new Date(comparison.createdAt).toLocaleString(),
      comparison,
    }));
    const options = { title: "Open Comparison", placeHolder: "Comparison", matchOnDescription: true };
    const chosen = await vscode.window.showQuickPick(items, options);
    if (chosen) await panels.compare(chosen.comparison);
  });
}

type Measure = keyof Measures;
const MEASURES: readonly { measure: Measure; label: string; cost: number; detail: string }[] = [
  {
    measure: "intrinsic",
    label: "Second look",
    cost: 1,
    detail: "Intrinsic: after every first attempt a neutral instruction. Acc@t1, Acc@t2, Δ, changed answers",
  },
  {
    measure: "verify",
    label: "Verification",
    cost: 1,
    detail: "Each model judges its own first attempts: accuracy, error recall, correct precision",
  },
  {
    measure: "lift",
    label: "Reflection lift",
    cost: 2,
    detail: "What the analysis is worth: a neutral text, or another problem's analysis, in its place",
  },
];
const LAST_MEASURES = "errata.comparisons.measures";

/** What to measure beside first attempts, reflection and retry; undefined when the person went away. */
async function askMeasures(
  services: Services,
  models: readonly ModelEntry[],
  samples: number,
): Promise<Measures | undefined> {
  const { workspaceState } = services.context;
  const last = workspaceState.get<Measure[]>(LAST_MEASURES, ["intrinsic"]);
  const remote = models.some(({ endpoint }) => endpoint !== undefined);
  const items = MEASURES.filter(({ measure }) => measure !== "lift" || !remote).map(
    ({ measure, label, cost, detail }) => ({
      ...{ measure, label, detail },
      description: `${cost > 1 ? "at most " : ""}${count(cost * samples, "more sample")} of each model`,
      picked: last.includes(measure),
    }),
  );
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Compare: What to Measure",
    placeHolder: "Beside first attempts, reflection and plain retry",
    canPickMany: true,
    ignoreFocusOut: true,
  });
  if (!chosen) return undefined;
  const measures = chosen.map(({ measure }) => measure);
  await workspaceState.update(LAST_MEASURES, measures);
  return Object.fromEntries(measures.map((measure) => [measure, true]));
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
