import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

export type PageName = "review" | "run" | "compare";

/** Where the build puts what webviews may load; nothing else is reachable from them. */
export function pageRoot(extension: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extension, "dist", "webview");
}

/**
 * The page of one panel. Scripts run only with this page's nonce; styles and fonts come from our folder alone; no
 * image, frame, connection or form. What the models wrote arrives as messages and becomes text nodes, never HTML.
 */
export function pageHtml(webview: vscode.Webview, extension: vscode.Uri, name: PageName): string {
  const nonce = randomBytes(18).toString("base64url");
  // The toolkit's base library probes the browser with one empty <style>, and looks for this nonce to do it with.
  const styleNonce = randomBytes(18).toString("base64url");
  const file = (leaf: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(pageRoot(extension), leaf)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${styleNonce}'`,
    `font-src ${webview.cspSource}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta property="csp-nonce" content="${styleNonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${file(`${name}.css`)}">
<title>Errata</title>
</head>
<body>
<errata-${name}></errata-${name}>
<script nonce="${nonce}" src="${file(`${name}.js`)}"></script>
</body>
</html>`;
}

/** Gives `panel` its page and typed messages. Posting to a hidden panel is dropped: it asks again when it shows. */
export class Page<ToView, FromView> implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[] = [];
  private alive = true;

  constructor(
    readonly panel: vscode.WebviewPanel,
    extension: vscode.Uri,
    name: PageName,
    icon: string,
    on: (message: FromView) => void,
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
    panel.webview.html = pageHtml(panel.webview, extension, name);
  }

  post(message: ToView): void {
    if (this.alive && this.panel.visible) void this.panel.webview.postMessage(message);
  }

  dispose(): void {
    for (const subscription of this.subscriptions.splice(0)) subscription.dispose();
    if (this.alive) this.panel.dispose();
  }
}
