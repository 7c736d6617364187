import { randomBytes } from "node:crypto";

export type PageName = "review" | "run" | "compare";

/**
 * The page of one panel. Scripts run only with this page's nonce; styles and fonts come from our folder alone; no
 * image, frame, connection or form. What the models wrote arrives as messages and becomes text nodes, never HTML.
 * `source` is the webview's own origin for policies, `uri` the address of a built file.
 */
export function pageHtml(name: PageName, source: string, uri: (leaf: string) => string): string {
  const nonce = randomBytes(18).toString("base64url");
  // The toolkit's base library probes the browser with one empty <style>, and looks for this nonce to do it with.
  const styleNonce = randomBytes(18).toString("base64url");
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source} 'nonce-${styleNonce}'`,
    `font-src ${source}`,
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
<link rel="stylesheet" href="${uri(`${name}.css`)}">
<title>Errata</title>
</head>
<body>
<errata-${name}></errata-${name}>
<script nonce="${nonce}" src="${uri(`${name}.js`)}"></script>
</body>
</html>`;
}
