import * as vscode from "vscode";
import type { ModelEntry } from "../../protocol/types.js";
import { command } from "../commands.js";
import type { Services } from "../services.js";
import { askModel } from "./ask.js";
import { registerEndpoints } from "./endpoint.js";
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
    const uri = folder instanceof vscode.Uri ? folder : await askFolder();
    if (!uri) return;
    const model = await services.models.add(uri.fsPath);
    tree.refresh();
    const weights = model.trainable
      ? "It has trainable weights: runs can start from it."
      : "It has no trainable weights beside it: it can sample and reflect, but not be trained.";
    void vscode.window.showInformationMessage(`${model.name} was added. ${weights}`);
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
    const chosen = await vscode.window.showWarningMessage(
      `Remove ${model.name} from this workspace's models?`,
      {
        modal: true,
        detail: `${model.endpoint ? "The server is not touched" : `Its files stay in ${model.folder}`}; its attempts stay in the pool.`,
      },
      "Remove",
    );
    if (chosen !== "Remove") return;
    await services.models.remove(model.id);
    tree.refresh();
  });
  registerEndpoints(services);
  return tree;
}

async function askFolder(): Promise<vscode.Uri | undefined> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: "Add Model: a folder with genai_config.json, or with onnx/model.onnx",
      canSelectFiles: false,
      canSelectFolders: true,
      openLabel: "Add Model",
    })) ?? [];
  return folder;
}
