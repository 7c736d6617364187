import { join } from "node:path";
import * as vscode from "vscode";
import type { RunDeed, RunFromView, RunMemory, RunToView } from "../../protocol/run-panel.js";
import { PANELS } from "../names.js";
import type { Services } from "../services.js";
import { Page } from "./page.js";
import { RunFeed } from "./run-feed.js";

interface Shown {
  page: Page<RunToView, RunFromView>;
  feed: RunFeed;
}

/** One panel a run; each follows the run's own files, whoever started it. */
export class RunPanels implements vscode.Disposable {
  private readonly open = new Map<string, Shown>();
  private readonly serializer: vscode.Disposable;

  constructor(private readonly services: Services) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(PANELS.run, {
      deserializeWebviewPanel: async (panel, memory: RunMemory | undefined) => {
        if (memory?.runId) this.adopt(panel, memory.runId);
        else panel.dispose();
      },
    });
  }

  async show(runId: string): Promise<void> {
    const known = this.open.get(runId);
    if (known) {
      known.page.panel.reveal();
      return;
    }
    // A run that is not there is said before a panel opens for it.
    const info = await this.services.runs.get(runId);
    this.adopt(
      vscode.window.createWebviewPanel(PANELS.run, `Run: ${info.name}`, vscode.ViewColumn.Active),
      runId,
    );
  }

  close(runId: string): void {
    this.open.get(runId)?.page.dispose();
  }

  private adopt(panel: vscode.WebviewPanel, runId: string): void {
    const page = new Page<RunToView, RunFromView>(
      panel,
      this.services.context.extensionUri,
      "run",
      "run",
      (message) => {
        if (message.type === "ready") void feed.snapshot();
        else void this.perform(message.deed, runId, feed);
      },
    );
    const feed = new RunFeed(
      this.services.runs,
      runId,
      (message) => {
        if (feed.name !== null) panel.title = `Run: ${feed.name}`;
        page.post(message);
      },
      (error) => this.services.log.warn(`run ${runId} cannot be read`, error),
    );
    this.open.set(runId, { page, feed });
    panel.onDidDispose(() => {
      feed.dispose();
      this.open.delete(runId);
    });
  }

  private async perform(deed: RunDeed, runId: string, feed: RunFeed): Promise<void> {
    try {
      const { folder, models } = feed;
      if (deed === "stop") await this.services.runs.stop(runId);
      else if (deed === "resume") await vscode.commands.executeCommand("errata.resumeRun", runId);
      else if (deed === "compare") {
        const made = models?.made ? await this.services.models.get(models.made) : undefined;
        await vscode.commands.executeCommand("errata.compare", made);
      } else if (folder && deed === "folder") {
        await vscode.commands.executeCommand("revealInExplorer", vscode.Uri.file(folder));
      } else if (folder) {
        const file = join(folder, deed === "log" ? "log.txt" : "recipe.json");
        await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: true });
      }
    } catch (error) {
      this.services.fail(error);
    }
  }

  dispose(): void {
    this.serializer.dispose();
    for (const { page, feed } of [...this.open.values()]) {
      feed.dispose();
      page.dispose();
    }
  }
}
