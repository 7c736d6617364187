import { randomBytes } from "node:crypto";

export type PageName = "review" | "run" | "compare" | "preview" | "agreement" | "regrade" | "import";

/** Nearly every formula needs these. The browser would ask for them only when it lays out the first, and wait then. */
const FONTS = ["KaTeX_Main-Regular", "KaTeX_Math-Italic"];

/**
 * The page of one panel. Scripts run only with this page's nonce; styles and fonts come from our folder alone; no
 * image, frame, connection or form. What the models wrote arrives as messages and becomes text nodes, never HTML.
 * `source` is the webview's own origin for policies, `uri` the address of a built file. `first` is a message that the
 * page finds in itself, so that it need not wait for its first one: data, which the browser never runs.
 */
export function pageHtml(
  name: PageName,
  source: string,
  uri: (leaf: string) => string,
  first?: unknown,
): string {
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
<script nonce="${nonce}" defer src="${uri(`${name}.js`)}"></script>
<link rel="stylesheet" href="${uri(`${name}.css`)}">
${FONTS.map((font) => `<link rel="preload" as="font" type="font/woff2" crossorigin href="${uri(`fonts/${font}.woff2`)}">`).join("\n")}
<title>Errata</title>
</head>
<body>
<errata-${name}></errata-${name}>${first === undefined ? "" : dataBlock(first)}
</body>
</html>`;
}

/** JSON writes a null byte and half a surrogate as escapes; a `<`, which could end the block, becomes one too. */
function dataBlock(message: unknown): string {
  return `\n<script type="application/json" id="first">${JSON.stringify(message).replaceAll("<", "\\u003c")}</script>`;
}
