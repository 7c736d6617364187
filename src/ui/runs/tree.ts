import * as vscode from "vscode";
import { latexToText } from "../../protocol/latex.js";
import { STAGE_NAMES } from "../../protocol/run-words.js";
import type { RunInfo, RunStatus } from "../../runs/types.js";
import { VIEWS } from "../names.js";
import type { Services } from "../services.js";
import { duration } from "../words.js";

const ICONS: Readonly<Record<RunStatus, { name: string; color?: string }>> = {
  starting: { name: "loading~spin" },
  running: { name: "loading~spin" },
  stopping: { name: "loading~spin" },
  stopped: { name: "debug-pause", color: "charts.yellow" },
  finished: { name: "pass", color: "testing.iconPassed" },
  failed: { name: "error", color: "testing.iconFailed" },
  died: { name: "error", color: "testing.iconFailed" },
};

export const isAlive = (run: RunInfo): boolean =>
  run.status === "starting" || run.status === "running" || run.status === "stopping";
/** There is something left to do, and nothing doing it. */
export const isResumable = (run: RunInfo): boolean =>
  run.status === "stopped" || run.status === "died" || run.status === "failed";

/** "step 34/60 · self-correction · 1 min left" */
export function runWords(run: RunInfo): string {
  const step = run.steps > 0 ? `step ${run.step}/${run.steps}` : "";
  const stage = run.stage ? STAGE_NAMES[run.stage] : "";
  switch (run.status) {
    case "starting":
      return ["starting", run.phase].filter(Boolean).join(" · ");
    case "running":
    case "stopping": {
      const doing = run.phase && run.phase !== "training" ? run.phase : stage;
      const left = run.secondsLeft === null ? "" : `${duration(run.secondsLeft)} left`;
      return [step, run.status === "stopping" ? "saving a checkpoint" : doing, left]
        .filter(Boolean)
        .join(" · ");
    }
    case "stopped":
      return `stopped at ${step}${run.checkpoint === null ? ", no checkpoint" : ""}`;
    case "finished":
      return [`${run.steps} steps`, run.modelId ? `model ${run.modelId}` : ""].filter(Boolean).join(" · ");
    case "failed":
    case "died":
      return `${run.status === "died" ? "ended unexpectedly" : "failed"} at ${step}`;
  }
}

/** Runs, the newest first. */
export class RunsTree implements vscode.TreeDataProvider<RunInfo> {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<RunInfo>;
  private following: (() => void) | undefined;
  private readonly alive = new Set<string>();
  private readonly ended = new vscode.EventEmitter<RunInfo>();
  /** A run that this window saw alive has ended. */
  readonly onDidEnd = this.ended.event;

  constructor(private readonly services: Services) {
    this.view = vscode.window.createTreeView(VIEWS.runs, { treeDataProvider: this });
    services.context.subscriptions.push(this.view, this.changed, this.ended, {
      dispose: () => this.following?.(),
    });
  }

  refresh(): void {
    this.changed.fire(undefined);
  }

  /** From the first look on, runs are followed, in the status bar too when the tree is hidden. */
  private follow(): void {
    if (this.following) return;
    this.following = this.services.runs.onDidChange(() => {
      this.refresh();
      if (!this.view.visible) this.list().catch((error: unknown) => this.services.log.debug("runs", error));
    });
  }

  private async list(): Promise<RunInfo[]> {
    const runs = await this.services.runs.list();
    const alive = runs.filter(isAlive);
    const [first] = alive;
    this.services.work.background(
      first && { text: `${first.name}: ${runWords(first)}`, command: "errata.openRun", argument: first.id },
    );
    for (const run of runs) {
      if (this.alive.delete(run.id) && !isAlive(run)) this.ended.fire(run);
      if (isAlive(run)) this.alive.add(run.id);
    }
    if (runs.some((run) => run.step > 0)) this.services.done("trained");
    return runs;
  }

  getTreeItem(run: RunInfo): vscode.TreeItem {
    const item = new vscode.TreeItem(latexToText(run.name) || run.id);
    const { name, color } = ICONS[run.status];
    item.id = run.id;
    item.iconPath = new vscode.ThemeIcon(name, color ? new vscode.ThemeColor(color) : undefined);
    item.description = runWords(run);
    item.tooltip = [
      `${run.id}: ${run.method} from ${run.model}`,
      runWords(run),
      `started ${new Date(run.startedAt).toLocaleString()}`,
      run.message ?? "",
    ]
      .filter(Boolean)
      .join("\n");
    item.contextValue = isAlive(run) ? "run.alive" : isResumable(run) ? "run.resumable" : "run.ended";
    item.command = { command: "errata.openRun", title: "Open Run", arguments: [run] };
    return item;
  }

  async getChildren(run?: RunInfo): Promise<RunInfo[]> {
    if (run || !vscode.workspace.workspaceFolders?.length) return [];
    try {
      this.follow();
      const runs = await this.list();
      this.view.message = "";
      return runs;
    } catch (error) {
      this.services.log.error(error instanceof Error ? error : String(error));
      this.view.message = error instanceof Error ? error.message : String(error);
      return [];
    }
  }
}
