import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import type { ImportFromView, ImportMemory, ImportToView } from "../../protocol/import.js";
import { ImportSession } from "../import-session.js";
import { importTools } from "../import-tools.js";
import { PANELS, VIEWS } from "../names.js";
import { inform, warn } from "../say.js";
import type { Services } from "../services.js";
import { isSecond, Page } from "./page.js";

/** Progress comes oftener than anybody reads it. Milliseconds. */
const PAUSE = 100;

/** What a file holds, and on a word its attempts taken into the pool: one panel a file. */
export class ImportPanels implements vscode.Disposable {
  private readonly open = new Map<string, Import>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly services: Services) {
    this.subscriptions = [
      vscode.window.registerWebviewPanelSerializer(PANELS.import, {
        deserializeWebviewPanel: async (panel, memory: ImportMemory | undefined) => {
          if (!memory) panel.dispose();
          else if (!isSecond(this.open.get(memory.file)?.page, panel)) this.adopt(panel, memory.file, memory);
        },
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        for (const one of this.open.values()) one.draw();
      }),
    ];
  }

  show(file: string): void {
    const known = this.open.get(file);
    if (known?.page) known.page.panel.reveal();
    else {
      const title = `Import: ${basename(file)}`;
      this.adopt(vscode.window.createWebviewPanel(PANELS.import, title, vscode.ViewColumn.Active), file);
    }
  }

  /** A panel that was closed while its file was imported finds it as it goes. */
  private adopt(panel: vscode.WebviewPanel, file: string, memory?: ImportMemory): void {
    const one = this.open.get(file) ?? new Import(file, this.services, memory);
    this.open.set(file, one);
    one.adopt(panel, () => this.open.delete(file));
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    for (const { page } of [...this.open.values()]) page?.dispose();
  }
}

class Import {
  page: Page<ImportToView, ImportFromView> | undefined;
  private readonly session: ImportSession;
  private drawing: NodeJS.Timeout | undefined;
  private looked = false;

  constructor(
    file: string,
    private readonly services: Services,
    memory: ImportMemory | undefined,
  ) {
    const choices = memory && {
      ...{ mapping: memory.mapping, set: memory.set, model: memory.model },
      ...{ companion: memory.companion, problems: memory.problems ?? null },
    };
    this.session = new ImportSession(file, importTools(services), () => this.draw(), choices);
  }

  /** `gone`: nothing is shown or imported any more. */
  adopt(panel: vscode.WebviewPanel, gone: () => void): void {
    const { session, services } = this;
    this.page = new Page(panel, services.context.extensionUri, "import", "import", (message) => {
      this.receive(message).catch((error: unknown) => services.fail(error));
    });
    panel.onDidDispose(() => {
      this.page = undefined;
      clearTimeout(this.drawing);
      this.drawing = undefined;
      if (!session.importing) {
        session.stopLooking();
        gone();
        return;
      }
      services.work.surface(session.title);
      void session.idle.then(() => {
        if (!this.page) gone();
      });
    });
  }

  draw(): void {
    this.drawing ??= setTimeout(() => {
      this.drawing = undefined;
      this.page?.post({ type: "state", state: this.session.state });
    }, PAUSE);
  }

  private async receive(message: ImportFromView): Promise<void> {
    const { session } = this;
    switch (message.type) {
      case "ready":
        this.draw();
        if (this.looked) return;
        this.looked = true;
        return session.look();
      case "again":
        return session.look();
      case "mapping":
        return session.choose({ mapping: message.mapping });
      case "names":
        return session.choose({ set: message.set, model: message.model });
      case "sample":
        return vscode.commands.executeCommand("errata.sampleFile", vscode.Uri.file(session.file));
      case "companion":
        return this.ask("companion", `The Requests That ${basename(session.file)} Answers`);
      case "problems":
        return this.ask("problems", `The Problem Set That ${basename(session.file)} Was Sampled From`);
      case "import":
        return this.take();
      case "cancel":
        return session.cancel();
      case "showPool":
        return vscode.commands.executeCommand(`${VIEWS.pool}.focus`);
    }
  }

  private async ask(which: "companion" | "problems", title: string): Promise<void> {
    const { file } = this.session;
    const [chosen] =
      (await vscode.window.showOpenDialog({
        title,
        openLabel: "Choose",
        defaultUri: vscode.Uri.file(dirname(file)),
        filters: { "JSON, CSV, Parquet": ["jsonl", "ndjson", "json", "csv", "parquet"], "All files": ["*"] },
      })) ?? [];
    if (chosen) await this.session.choose({ [which]: chosen.fsPath });
  }

  /** Who does not look at the panel is told how it ended. */
  private async take(): Promise<void> {
    const { session, services } = this;
    await session.start();
    const { ended, preview } = session.state;
    // What is left is counted anew; what was not counted to its end as well.
    if (this.page && (ended?.ok === false || preview?.complete === false)) void session.look();
    if (!ended) return;
    services.log.info(`${session.file}: ${ended.words}`);
    if (ended.ok) services.done("sampled");
    if (this.page?.panel.visible || session.cancelled) return;
    const show = "Show Error Pool";
    const [first = ""] = ended.words.split("\n", 1);
    if ((await (ended.ok ? inform : warn)(first, show)) === show) {
      await vscode.commands.executeCommand(`${VIEWS.pool}.focus`);
    }
  }
}
