import * as vscode from "vscode";

const PAGE = `<!DOCTYPE html><html><head>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'"></head>
<body><p class="empty">Nothing but these words.</p></body></html>`;

/** An extension whose panel holds one line and loads nothing: what any panel of VS Code takes to come up. */
export function activate(context: vscode.ExtensionContext): void {
  context.subscriptions.push(
    vscode.commands.registerCommand("errataBench.open", () => {
      const panel = vscode.window.createWebviewPanel("errataBench", "Empty", vscode.ViewColumn.Active, {
        enableScripts: true,
      });
      panel.webview.html = PAGE;
    }),
  );
}
