import type { WebviewPanel } from "vscode";

class Emitter<T> {
  private readonly heard = new Set<(event: T) => void>();
  readonly event = (on: (event: T) => void): { dispose(): void } => {
    this.heard.add(on);
    return { dispose: () => this.heard.delete(on) };
  };
  fire(event: T): void {
    for (const on of [...this.heard]) on(event);
  }
  dispose(): void {
    this.heard.clear();
  }
}

/** A tab with a page in it, as the extension's side sees it. */
export class FakePanel {
  visible = true;
  active = true;
  open = true;
  title = "Review";
  revealed = 0;
  /** Messages to the page, oldest first. */
  readonly posted: { type: string }[] = [];
  private readonly closed = new Emitter<void>();
  private readonly seen = new Emitter<void>();
  private readonly said = new Emitter<unknown>();
  readonly onDidDispose = this.closed.event;
  readonly onDidChangeViewState = this.seen.event;
  readonly webview = {
    options: {},
    html: "",
    cspSource: "source",
    asWebviewUri: (uri: unknown) => uri,
    onDidReceiveMessage: this.said.event,
    postMessage: async (message: { type: string }) => this.posted.push(message) > 0,
  };

  reveal(): void {
    this.revealed++;
  }
  dispose(): void {
    if (!this.open) return;
    this.open = false;
    this.closed.fire();
  }
  /** What the page says to the extension. */
  say(message: unknown): void {
    this.said.fire(message);
  }
  get real(): WebviewPanel {
    return this as unknown as WebviewPanel;
  }
}

type Revive = (panel: WebviewPanel, memory: unknown) => Promise<void>;

/** What happened in the window. */
export const seen = {
  panels: [] as FakePanel[],
  revive: new Map<string, Revive>(),
  context: new Map<string, unknown>(),
  commands: [] as string[],
  /** A watched file changed. */
  fileChanged: (): void => {},
};

const nothing = { dispose: () => {} };

/** As much of the module `vscode` as the panels need: `vi.mock("vscode", …)`. */
export const vscode = {
  EventEmitter: Emitter,
  ViewColumn: { Active: -1 },
  Uri: { joinPath: (...parts: unknown[]) => parts.join("/") },
  window: {
    createWebviewPanel: () => {
      const panel = new FakePanel();
      seen.panels.push(panel);
      return panel;
    },
    registerWebviewPanelSerializer: (kind: string, serializer: { deserializeWebviewPanel: Revive }) => {
      seen.revive.set(kind, serializer.deserializeWebviewPanel);
      return nothing;
    },
    showInformationMessage: async () => undefined,
    showWarningMessage: async () => undefined,
    showErrorMessage: async () => undefined,
  },
  workspace: {
    workspaceFolders: undefined as { uri: string }[] | undefined,
    createFileSystemWatcher: () => {
      const hear = (on: () => void) => {
        seen.fileChanged = on;
        return nothing;
      };
      return { onDidChange: hear, onDidCreate: hear, onDidDelete: hear, ...nothing };
    },
  },
  RelativePattern: class {},
  commands: {
    executeCommand: async (name: string, key?: string, value?: unknown) => {
      if (name === "setContext" && key !== undefined) seen.context.set(key, value);
      else seen.commands.push(name);
    },
  },
};
