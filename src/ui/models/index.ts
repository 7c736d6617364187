import * as vscode from "vscode";
import type { ModelEntry } from "../../protocol/types.js";
import { command } from "../commands.js";
import type { Services } from "../services.js";
import { addModel } from "./add.js";
import { askModel } from "./ask.js";
import { registerEndpoints } from "./endpoint.js";
import { removeModel } from "./remove.js";
import { ModelsTree } from "./tree.js";

export function isModel(value: unknown): value is ModelEntry {
  return typeof value === "object" && value !== null && "folder" in value && "addedAt" in value;
}

export function registerModels(services: Services): ModelsTree {
  const tree = new ModelsTree(services);
  services.context.subscriptions.push(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("errata.model")) tree.refresh();
    }),
  );
  command(services, "addModel", ["folder", "trust"], async (folder) => {
    await addModel(services, folder);
    tree.refresh();
  });
  command(services, "useModel", ["folder"], async (picked) => {
    const model = isModel(picked)
      ? picked
      : await askModel(services, "Sample and Reflect With", { always: true });
    if (!model) return;
    await vscode.workspace
      .getConfiguration("errata")
      .update("model", model.id, vscode.ConfigurationTarget.Workspace);
  });
  command(services, "removeModel", ["folder"], async (picked) => {
    const model = isModel(picked) ? picked : await askModel(services, "Remove Model", { always: true });
    if (!model) return;
    if (await removeModel(services, model)) tree.refresh();
  });
  registerEndpoints(services);
  return tree;
}
