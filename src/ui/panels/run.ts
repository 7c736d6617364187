import * as vscode from "vscode";
import type { RunFromView, RunMemory, RunToView } from "../../protocol/run-panel.js";
import { PANELS } from "../names.js";
import type { Services } from "../services.js";
import { isSecond, Page } from "./page.js";
import { RunFeed } from "./run-feed.js";
import { answer } from "./run-messages.js";

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
        if (!memory?.runId) panel.dispose();
        else if (!isSecond(this.open.get(memory.runId)?.page, panel)) this.adopt(panel, memory.runId);
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
      (message) => void answer(this.services, feed, message),
    );
    const feed = new RunFeed(
      this.services.runs,
      runId,
      (message) => {
        if (feed.run) panel.title = `Run: ${feed.run.name}`;
        page.post(message);
      },
      (error) => this.services.log.warn(`run ${runId} cannot be read`, error),
      () => panel.visible,
    );
    this.open.set(runId, { page, feed });
    panel.onDidDispose(() => {
      feed.dispose();
      this.open.delete(runId);
    });
  }

  dispose(): void {
    this.serializer.dispose();
    for (const { page, feed } of [...this.open.values()]) {
      feed.dispose();
      page.dispose();
    }
  }
}
