import { join } from "node:path";
import * as vscode from "vscode";
import { resumeWords } from "../../protocol/run-words.js";
import { ErrataError } from "../../protocol/types.js";
import type { RunInfo } from "../../runs/types.js";
import { command } from "../commands.js";
import { isModel } from "../models/index.js";
import type { Panels } from "../panels/index.js";
import { newRecipe } from "../recipes/new-recipe.js";
import { complain, inform, warn } from "../say.js";
import type { Services } from "../services.js";
import { cloneRun } from "./clone.js";
import { registerClusters } from "./cluster.js";
import { isAlive, isResumable, RunsTree, runWords } from "./tree.js";

export function registerRuns(services: Services, panels: Panels): RunsTree {
  const tree = new RunsTree(services);
  registerClusters(services);
  services.context.subscriptions.push(
    tree.onDidEnd((run) => {
      tellEnd(run, panels).catch((error: unknown) => services.fail(error));
    }),
  );
  const ask = (title: string, which: (run: RunInfo) => boolean, none: string, args: unknown[]) =>
    pickRun(services, title, which, none, args);

  command(services, "newRecipe", ["folder", "trust"], (model) =>
    newRecipe(services, isModel(model) ? { model } : {}),
  );
  command(services, "startRun", ["folder", "trust"], async (uri) => {
    const recipe = uri instanceof vscode.Uri ? uri : await askRecipe(services, "Start Run");
    if (!recipe) return;
    const document = vscode.workspace.textDocuments.find((open) => open.uri.toString() === recipe.toString());
    if (document?.isDirty && !(await document.save())) return;
    let id: string | undefined;
    await services.work.start({
      title: `Starting ${vscode.workspace.asRelativePath(recipe)}`,
      run: async (report) => {
        id = await services.runs.start(recipe.fsPath, report);
      },
    });
    tree.refresh();
    if (id !== undefined) await panels.run(id);
  });
  command(services, "stopRun", ["folder", "trust"], async (...args) => {
    const run = await ask("Stop Run", isAlive, "No run is running.", args);
    if (!run) return;
    await services.runs.stop(run.id);
    tree.refresh();
    vscode.window.setStatusBarMessage(
      `$(debug-stop) ${run.name} ends after this step, with a checkpoint`,
      5000,
    );
  });
  command(services, "resumeRun", ["folder", "trust"], async (...args) => {
    const run = await ask("Resume Run", isResumable, "No run has stopped before its end.", args);
    if (!run) return;
    await services.work.start({
      title: run.checkpoint === null ? `Starting ${run.name} again at step 0` : `Resuming ${run.name}`,
      run: (report) => services.runs.resume(run.id, report),
    });
    tree.refresh();
    await panels.run(run.id);
  });
  command(services, "openRun", ["folder"], async (...args) => {
    const run = await ask("Open Run", () => true, "There is no run yet.", args);
    if (run) await panels.run(run.id);
  });
  command(services, "openRunLog", ["folder"], async (...args) => {
    const run = await ask("Open the Log of", () => true, "There is no run yet.", args);
    if (run) await vscode.window.showTextDocument(vscode.Uri.file(join(run.folder, "log.txt")));
  });
  command(services, "openRecipe", ["folder"], async (...args) => {
    const run = await ask("Open the Recipe of", () => true, "There is no run yet.", args);
    if (run) await vscode.window.showTextDocument(vscode.Uri.file(join(run.folder, "recipe.json")));
  });
  command(services, "cloneRecipe", ["folder", "trust"], async (...args) => {
    const run = await ask("Clone the Recipe of", () => true, "There is no run yet.", args);
    if (run) await cloneRun(services, run);
  });
  command(services, "deleteRun", ["folder", "trust"], async (...args) => {
    const run = await ask("Delete Run", (one) => !isAlive(one), "There is no run that has ended.", args);
    if (!run) return;
    const chosen = await warn(
      `Delete the run “${run.name}”?`,
      {
        modal: true,
        detail: `${run.folder} is deleted, with its curves, rollouts and checkpoints${run.modelId ? `, and the model ${run.modelId} that it made` : ""}. This cannot be undone.`,
      },
      "Delete",
    );
    if (chosen !== "Delete") return;
    try {
      await services.runs.remove(run.id);
      panels.closeRun(run.id);
      if (run.modelId) await services.models.remove(run.modelId);
    } finally {
      tree.refresh();
    }
  });
  return tree;
}

/** A person has waited for this. A run that was asked to stop is no news. */
async function tellEnd(run: RunInfo, panels: Panels): Promise<void> {
  if (run.status === "finished") {
    const model = run.modelId ? ` Its model is ${run.modelId}.` : "";
    const chosen = await inform(
      `${run.name} has finished its ${run.steps} steps.${model}`,
      "Compare Two Models…",
      "Open Run",
    );
    if (chosen === "Open Run") await panels.run(run.id);
    else if (chosen) await vscode.commands.executeCommand("errata.compare");
  } else if (run.status === "failed" || run.status === "died") {
    const why = run.message?.trim().split("\n").at(-1) ?? "";
    const chosen = await complain(
      `${run.name} ${runWords(run)}. ${why} ${resumeWords(run.checkpoint)}.`,
      "Open the Log",
      "Resume",
    );
    if (chosen === "Resume") await vscode.commands.executeCommand("errata.resumeRun", run.id);
    else if (chosen) await vscode.commands.executeCommand("errata.openRunLog", run.id);
  }
}

/** The run that a command is for: the row it was called on, the panel's id, else one chosen among those it fits. */
async function pickRun(
  services: Services,
  title: string,
  which: (run: RunInfo) => boolean,
  none: string,
  [given]: unknown[],
): Promise<RunInfo | undefined> {
  if (typeof given === "string") return services.runs.get(given);
  if (isModel(given) && given.run !== undefined) return services.runs.get(given.run);
  if (typeof given === "object" && given !== null && "status" in given && "id" in given) {
    return services.runs.get(String(given.id));
  }
  const runs = (await services.runs.list()).filter(which);
  const [only] = runs;
  if (!only) throw new ErrataError(none, "Write a recipe and start it: Errata: New Run Recipe…", "no-run");
  if (runs.length === 1) return only;
  const items = runs.map((run) => ({ label: run.name, description: runWords(run), detail: run.id, run }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: "Run", matchOnDetail: true }))?.run;
}

/** The recipe in the active editor, else one of the workspace's. */
export async function askRecipe(services: Services, title: string): Promise<vscode.Uri | undefined> {
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active?.path.endsWith(".errata.json")) return active;
  const pattern = new vscode.RelativePattern(services.workspace, "**/*.errata.json");
  const found = await vscode.workspace.findFiles(pattern, "**/{node_modules,.errata,.git,.venv}/**", 200);
  if (found.length === 0) {
    throw new ErrataError(
      "There is no recipe in this folder.",
      "Make one: it describes the run.",
      "no-recipe",
    );
  }
  const items = found.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: "Recipe" }))?.uri;
}
