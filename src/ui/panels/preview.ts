import { basename } from "node:path";
import * as vscode from "vscode";
import type {
  MaskSource,
  MaskTrouble,
  PreviewFromView,
  PreviewMemory,
  PreviewToView,
} from "../../protocol/run-preview.js";
import { ErrataError } from "../../protocol/types.js";
import type { PreviewedRun } from "../../runs/preview.js";
import { MENDS } from "../errors.js";
import { PANELS } from "../names.js";
import type { Services } from "../services.js";
import { isSecond, Page } from "./page.js";

type View = Page<PreviewToView, PreviewFromView>;

const MENDING = new Set<string>(Object.values(MENDS).flatMap((mends) => mends.map(({ command }) => command)));

/** Attempts that the tree's selection stands for, at most: the trainer is asked about each. */
const MOST = 50;

/** What a recipe's run would do, take and learn from, before it starts: one panel a recipe. */
export class PreviewPanels implements vscode.Disposable {
  private readonly open = new Map<string, Preview>();
  private readonly subscriptions: vscode.Disposable[] = [];
  /** Attempts selected in the Error Pool. */
  selected: () => Promise<number[]> = async () => [];

  constructor(
    private readonly services: Services,
    private readonly review: (attemptIds: number[]) => void,
  ) {
    this.subscriptions.push(
      vscode.window.registerWebviewPanelSerializer(PANELS.preview, {
        deserializeWebviewPanel: async (panel, memory: PreviewMemory | undefined) => {
          if (!memory) panel.dispose();
          else if (!isSecond(this.open.get(memory.file)?.page, panel)) this.adopt(panel, memory.file);
        },
      }),
      // What is shown is the file as it lies there.
      vscode.workspace.onDidSaveTextDocument(({ uri }) => this.open.get(uri.fsPath)?.refresh()),
    );
  }

  show(file: string): void {
    const known = this.open.get(file);
    if (known) {
      known.page.panel.reveal();
      known.refresh();
      return;
    }
    const title = `Preview: ${basename(file)}`;
    this.adopt(vscode.window.createWebviewPanel(PANELS.preview, title, vscode.ViewColumn.Active), file);
  }

  private adopt(panel: vscode.WebviewPanel, file: string): void {
    const { services, review } = this;
    const preview = new Preview(panel, file, services, review, () => this.selected());
    this.open.set(file, preview);
    panel.onDidDispose(() => {
      preview.stop();
      this.open.delete(file);
    });
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    for (const { page } of [...this.open.values()]) page.dispose();
  }
}

class Preview {
  readonly page: View;
  private controller = new AbortController();
  private source: MaskSource = "run";

  constructor(
    panel: vscode.WebviewPanel,
    private readonly file: string,
    private readonly services: Services,
    review: (attemptIds: number[]) => void,
    private readonly selected: () => Promise<number[]>,
  ) {
    const { extensionUri } = services.context;
    this.page = new Page(panel, extensionUri, "preview", "preview", (message: PreviewFromView) => {
      if (message.type === "open") review([message.attempt]);
      else this.answer(message).catch((error: unknown) => services.fail(error));
    });
  }

  refresh(): void {
    this.look().catch((error: unknown) => this.services.fail(error));
  }

  stop(): void {
    this.controller.abort();
  }

  private async answer(message: Exclude<PreviewFromView, { type: "open" }>): Promise<void> {
    const uri = vscode.Uri.file(this.file);
    switch (message.type) {
      case "ready":
      case "again":
        return this.look();
      case "from":
        this.source = message.source;
        return this.look();
      case "start":
        await vscode.commands.executeCommand("errata.startRun", uri);
        return;
      case "recipe":
        await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.Active });
        return;
      case "mend":
        // Of the page only what an error's buttons can say is carried out.
        if (!MENDING.has(message.command)) return;
        await vscode.commands.executeCommand(message.command);
        return this.look();
    }
  }

  /** The outline at once, the masks when the trainer has answered; a newer look ends an older one. */
  private async look(): Promise<void> {
    this.controller.abort();
    this.controller = new AbortController();
    const { signal } = this.controller;
    const { page, source } = this;
    let previewed: PreviewedRun;
    try {
      previewed = await this.services.runs.preview(this.file);
    } catch (error) {
      if (!signal.aborted) page.post({ type: "refused", trouble: trouble(error), file: this.file });
      return;
    }
    if (signal.aborted) return;
    page.post({ type: "outline", outline: previewed.outline });
    try {
      const attempts = source === "tree" ? await this.chosen() : [];
      const masks = await previewed.masks({ attempts, signal });
      if (!signal.aborted) page.post({ type: "masks", masks, source });
    } catch (error) {
      if (!signal.aborted) page.post({ type: "trouble", trouble: trouble(error), source });
    }
  }

  private async chosen(): Promise<number[]> {
    const ids = await this.selected();
    if (ids.length > 0) return ids.slice(0, MOST);
    throw new ErrataError(
      "No attempt is selected in the Error Pool.",
      "Select attempts, problems or groups there, then choose this again.",
      "none-selected",
    );
  }
}

function trouble(error: unknown): MaskTrouble {
  if (!(error instanceof ErrataError)) return { message: String(error), hint: null, mends: [] };
  return { message: error.message, hint: error.hint ?? null, mends: [...(MENDS[error.code ?? ""] ?? [])] };
}
