import { basename } from "node:path";
import * as vscode from "vscode";
import { describeModel } from "../../inference/model/describe.js";
import { hostOf } from "../../inference/remote/endpoint.js";
import { size } from "../../inference/store.js";
import type { ModelEntry } from "../../protocol/types.js";
import { setContext } from "../commands.js";
import { CONTEXT, VIEWS } from "../names.js";
import type { Services } from "../services.js";

/** Models of this workspace; a model that a run made stands below the one it was trained from. */
export class ModelsTree implements vscode.TreeDataProvider<ModelEntry> {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<ModelEntry>;

  private all: ModelEntry[] = [];
  /** "int4 · 0.4 GB", by id. */
  private facts = new Map<string, string>();
  private following: (() => void) | undefined;

  constructor(private readonly services: Services) {
    this.view = vscode.window.createTreeView(VIEWS.models, { treeDataProvider: this, canSelectMany: true });
    services.context.subscriptions.push(this.view, this.changed, { dispose: () => this.following?.() });
  }

  refresh(): void {
    this.changed.fire(undefined);
  }

  getTreeItem(model: ModelEntry): vscode.TreeItem {
    const used = this.services.setting("model") === model.id;
    const item = new vscode.TreeItem(
      model.name,
      this.children(model).length > 0
        ? vscode.TreeItemCollapsibleState.Expanded
        : vscode.TreeItemCollapsibleState.None,
    );
    item.id = model.id;
    item.iconPath = new vscode.ThemeIcon(
      model.endpoint ? "cloud" : model.base ? "git-commit" : "circuit-board",
      used ? new vscode.ThemeColor("charts.green") : undefined,
    );
    item.description = [
      used ? "in use" : "",
      this.facts.get(model.id) ?? "",
      model.endpoint ? `server · ${hostOf(model.endpoint.url)}` : "",
      model.name === model.id ? "" : model.id,
      model.base ? `from ${model.base}` : "",
      model.trainable || model.endpoint ? "" : "samples, cannot be trained",
    ]
      .filter(Boolean)
      .join(" · ");
    item.tooltip = [
      model.endpoint
        ? `${model.id}: ${model.endpoint.model} at ${model.endpoint.url}`
        : `${model.id} in ${model.folder}`,
      model.endpoint
        ? "A server makes its samples: prompts are sent there as plain text. No run can start from it."
        : model.trainable
          ? `Trainable weights: ${basename(model.trainable)}`
          : "No trainable weights beside it: it can sample and reflect, but no run can start from it.",
      model.run ? `Made by run ${model.run}` : "",
      model.addedAt ? `Added ${new Date(model.addedAt).toLocaleString()}` : "Comes with Errata",
    ]
      .filter(Boolean)
      .join("\n");
    item.contextValue = `model${model.endpoint ? ".remote" : ""}${model.trainable ? ".trainable" : ""}${model.addedAt ? ".added" : ""}`;
    return item;
  }

  async getChildren(model?: ModelEntry): Promise<ModelEntry[]> {
    if (model) return this.children(model);
    if (!vscode.workspace.workspaceFolders?.length) return [];
    try {
      this.following ??= this.services.models.onDidChange(() => this.refresh());
      this.all = await this.services.models.list();
      this.facts = new Map(
        await Promise.all(this.all.map(async (one) => [one.id, await facts(one)] as const)),
      );
      setContext(CONTEXT.anyModels, this.all.length > 0);
      this.view.message = "";
      const ids = new Set(this.all.map(({ id }) => id));
      return this.all.filter(({ base }) => base === undefined || !ids.has(base));
    } catch (error) {
      this.services.log.error(error instanceof Error ? error : String(error));
      this.view.message = error instanceof Error ? error.message : String(error);
      return [];
    }
  }

  private children(model: ModelEntry): ModelEntry[] {
    return this.all.filter(({ base, id }) => base === model.id && id !== model.id);
  }
}

/** What the row says of the model's files; a folder that has gone says so. */
async function facts(model: ModelEntry): Promise<string> {
  try {
    const { precision, bytes } = await describeModel(model);
    return [precision, bytes === undefined ? "" : size(bytes)].filter(Boolean).join(" · ");
  } catch {
    return "files missing";
  }
}
