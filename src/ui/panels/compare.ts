import * as vscode from "vscode";
import type { CompareFromView, CompareMemory, CompareToView } from "../../protocol/compare-panel.js";
import type { Comparison } from "../../protocol/comparison.js";
import { PANELS } from "../names.js";
import type { Services } from "../services.js";
import { Page } from "./page.js";

const KEPT = "errata.comparisons";
/** Comparisons that survive a reload of the window; older ones are made again from the pool by comparing again. */
const MOST_KEPT = 8;
type Kept = Record<string, Comparison>;

/** One panel a comparison. */
export class ComparePanels implements vscode.Disposable {
  private readonly open = new Map<string, Page<CompareToView, CompareFromView>>();
  private readonly serializer: vscode.Disposable;

  constructor(
    private readonly services: Services,
    private readonly review: (attemptIds: number[]) => void,
  ) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(PANELS.compare, {
      deserializeWebviewPanel: async (panel, memory: CompareMemory | undefined) => {
        const comparison = memory && this.kept()[memory.key];
        if (comparison) this.adopt(panel, comparison);
        else panel.dispose();
      },
    });
  }

  async show(comparison: Comparison): Promise<void> {
    const key = keyOf(comparison);
    const known = this.open.get(key);
    if (known) {
      known.panel.reveal();
      return;
    }
    const kept = Object.entries({ ...this.kept(), [key]: comparison });
    await this.services.context.workspaceState.update(KEPT, Object.fromEntries(kept.slice(-MOST_KEPT)));
    const title = `${comparison.modelA} ↔ ${comparison.modelB}`;
    this.adopt(vscode.window.createWebviewPanel(PANELS.compare, title, vscode.ViewColumn.Active), comparison);
  }

  private kept(): Kept {
    return this.services.context.workspaceState.get<Kept>(KEPT, {});
  }

  private adopt(panel: vscode.WebviewPanel, comparison: Comparison): void {
    const key = keyOf(comparison);
    const page = new Page<CompareToView, CompareFromView>(
      panel,
      this.services.context.extensionUri,
      "compare",
      "compare",
      (message) => {
        if (message.type === "ready") page.post({ type: "comparison", comparison });
        else this.review(message.attemptIds);
      },
    );
    this.open.set(key, page);
    panel.onDidDispose(() => this.open.delete(key));
  }

  dispose(): void {
    this.serializer.dispose();
    for (const page of [...this.open.values()]) page.dispose();
  }
}

/** The view knows it too: it stores the key to be found again. */
function keyOf(comparison: Comparison): string {
  return comparison.createdAt;
}
