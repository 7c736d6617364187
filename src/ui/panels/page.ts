import * as vscode from "vscode";
import { type PageName, pageHtml } from "./page-html.js";

/** Where the build puts what webviews may load; nothing else is reachable from them. */
export function pageRoot(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, "dist", "webview");
}

/**
 * VS Code revives a tab of the last window when it is first shown. Another panel of the same may be open by then: that
 * one is shown, with all that it knows, and the tab closed. True where it was so.
 */
export function isSecond(
  open: { panel: vscode.WebviewPanel } | undefined,
  revived: vscode.WebviewPanel,
): boolean {
  if (!open) return false;
  revived.dispose();
  open.panel.reveal();
  return true;
}

/**
 * Gives `panel` its page and typed messages. Posting to a hidden panel is dropped: it asks again when it shows. `first`
 * is there when the page's script begins; a page that comes back after it was hidden passes it over.
 */
export class Page<ToView, FromView> implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[] = [];
  private alive = true;

  constructor(
    readonly panel: vscode.WebviewPanel,
    extension: vscode.Uri,
    name: PageName,
    icon: string,
    on: (message: FromView) => void,
    first?: ToView,
  ) {
    panel.webview.options = { enableScripts: true, localResourceRoots: [pageRoot(extension)] };
    panel.iconPath = {
      light: vscode.Uri.joinPath(extension, "media", "panels", `${icon}-light.svg`),
      dark: vscode.Uri.joinPath(extension, "media", "panels", `${icon}-dark.svg`),
    };
    this.subscriptions.push(
      panel.webview.onDidReceiveMessage((message: FromView) => on(message)),
      panel.onDidDispose(() => {
        this.alive = false;
        this.dispose();
      }),
    );
    const { webview } = panel;
    const uri = (leaf: string): string =>
      webview.asWebviewUri(vscode.Uri.joinPath(pageRoot(extension), leaf)).toString();
    webview.html = pageHtml(name, webview.cspSource, uri, first);
  }

  post(message: ToView): void {
    if (this.alive && this.panel.visible) void this.panel.webview.postMessage(message);
  }

  dispose(): void {
    for (const subscription of this.subscriptions.splice(0)) subscription.dispose();
    if (this.alive) this.panel.dispose();
  }
}
