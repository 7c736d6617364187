import { basename } from "node:path";
import * as vscode from "vscode";
import { describeModel } from "../../inference/model/describe.js";
import { hostOf } from "../../inference/remote/endpoint.js";
import { size } from "../../inference/store.js";
import { METHOD_NAMES } from "../../protocol/run-words.js";
import type { ModelEntry } from "../../protocol/types.js";
import { setContext } from "../commands.js";
import { CONTEXT, type CommandName, VIEWS } from "../names.js";
import type { Services } from "../services.js";
import { count } from "../words.js";

/** Models of this workspace; a model that a run made stands below the one it was trained from. */
export class ModelsTree implements vscode.TreeDataProvider<ModelEntry> {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<ModelEntry>;

  private all: ModelEntry[] = [];
  /** "int4 · 0.4 GB", by id. */
  private facts = new Map<string, string>();
  /** How the run that made it did so: "ScRPO, 60 steps", by the model's id. */
  private runs = new Map<string, string>();
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
    const made = this.children(model).length;
    const { Expanded, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(model.name, made > 0 ? Expanded : None);
    // VS Code remembers by id what was open, and takes a model that had none below it for a closed one: the model that
    // a run has just made would not be seen.
    item.id = made > 0 ? `${model.id}+${made}` : model.id;
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
    item.tooltip = this.tooltip(model);
    item.contextValue = `model${model.endpoint ? ".remote" : ""}${model.trainable ? ".trainable" : ""}${model.run ? ".made" : ""}${model.addedAt ? ".added" : ""}`;
    return item;
  }

  /** What it is and where it came from, with ways to its run and recipe. */
  private tooltip(model: ModelEntry): vscode.MarkdownString {
    const said = new vscode.MarkdownString();
    said.isTrusted = { enabledCommands: ["errata.openRun", "errata.openRecipe"] };
    const facts = [
      model.endpoint
        ? `${model.id}: ${model.endpoint.model} at ${model.endpoint.url}`
        : `${model.id} in ${model.folder}`,
      model.endpoint
        ? "A server makes its samples: prompts are sent there as plain text. No run can start from it."
        : model.trainable
          ? `Trainable weights: ${basename(model.trainable)}`
          : "No trainable weights beside it: it can sample and reflect, but no run can start from it.",
      model.addedAt ? `Added ${new Date(model.addedAt).toLocaleString()}` : "Comes with Errata",
    ];
    // As text, escaped: names and paths come from files.
    for (const fact of facts) said.appendText(fact).appendMarkdown("\n\n");
    const { base, run } = model;
    if (run === undefined) return said;
    said.appendText(`Trained from ${base ?? "a model that is not known"} by run ${run}`);
    const how = this.runs.get(model.id);
    if (how) said.appendText(`: ${how}`);
    const link = (words: string, name: CommandName): string =>
      `[${words}](command:errata.${name}?${encodeURIComponent(JSON.stringify([run]))})`;
    return said.appendMarkdown(`\n\n${link("Open Run", "openRun")} · ${link("Open Recipe", "openRecipe")}`);
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
      this.runs = new Map(
        await Promise.all(this.all.map(async (one) => [one.id, await this.howMade(one)] as const)),
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

  /** Empty where no run made it, or the run has been deleted. */
  private async howMade({ run }: ModelEntry): Promise<string> {
    if (run === undefined) return "";
    const info = await this.services.runs.get(run).catch(() => undefined);
    return info ? `${METHOD_NAMES[info.method] ?? info.method}, ${count(info.step, "step")}` : "";
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
