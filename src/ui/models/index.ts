import * as vscode from "vscode";
import { hostOf } from "../../inference/remote-endpoint.js";
import type { ModelEntry } from "../../protocol/types.js";
import { command } from "../commands.js";
import type { Services } from "../services.js";
import { askModel } from "./ask.js";
import { addEndpoint, registerEndpoints } from "./endpoint.js";
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
    const way = folder instanceof vscode.Uri ? "folder" : await askWay();
    if (way === undefined) return;
    const uri = folder instanceof vscode.Uri ? folder : way === "folder" ? await askFolder() : undefined;
    const model =
      way === "server" ? await addEndpoint(services) : uri && (await services.models.add(uri.fsPath));
    if (!model) return;
    tree.refresh();
    const weights = model.endpoint
      ? `${hostOf(model.endpoint.url)} samples and reflects with it.`
      : model.trainable
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

async function askWay(): Promise<"folder" | "server" | undefined> {
  const ways = [
    {
      label: "$(folder) A folder",
      detail: "An onnxruntime-genai export, or a folder with onnx/model.onnx.",
      way: "folder",
    },
    {
      label: "$(cloud) A server",
      detail: "OpenAI-compatible: vLLM, SGLang, llama.cpp, LM Studio, …",
      way: "server",
    },
  ] as const;
  return (await vscode.window.showQuickPick(ways, { title: "Add Model", ignoreFocusOut: true }))?.way;
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
