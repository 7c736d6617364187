import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium, type Page } from "playwright-core";
import { installationFolder } from "../../src/protocol/paths.js";
import { pageHtml } from "../../src/ui/panels/page-html.js";

const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const noBrowser = !existsSync(BROWSER);

/**
 * VS Code, played by a few lines: what the page sends stands in `sent` (keys that are forwarded too), breaches of its
 * policy in `violations`, and what it keeps comes back after a reload.
 */
const VSCODE = `window.sent = []; window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective));
window.acquireVsCodeApi = () => ({
  postMessage: (m) => sent.push(m),
  getState: () => JSON.parse(sessionStorage.getItem("kept") ?? "null") ?? undefined,
  setState: (s) => sessionStorage.setItem("kept", JSON.stringify(s)),
});
window.addEventListener("keydown", (e) => sent.push({ type: "forwarded", key: e.key }));`;

export interface Served {
  page: Page;
  address: string;
  /** What the page is made with from now on. */
  first(message: unknown): void;
  close(): Promise<void>;
}

/** A panel's page as built, under its own policy, in a browser. `entry` replaces its script; `args` are the browser's. */
export async function servePage(
  name: Parameters<typeof pageHtml>[0],
  viewport = { width: 1280, height: 720 },
  entry = `webview/${name}/main.ts`,
  args: readonly string[] = [],
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), `errata-webview-${name}-`));
  await build({
    absWorkingDir: installationFolder(),
    entryPoints: { [name]: entry },
    outdir: folder,
    bundle: true,
    format: "iife",
    loader: { ".woff2": "file", ".woff": "empty", ".ttf": "file" },
    assetNames: "fonts/[name]",
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
    logLevel: "error",
  });
  let address = "";
  let first: unknown;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    const file = join(folder, path);
    if (path === "/") {
      response.setHeader("content-type", "text/html");
      response.end(pageHtml(name, address, (leaf) => `/${leaf}`, first));
    } else if (existsSync(file)) {
      response.setHeader("content-type", path.endsWith(".css") ? "text/css" : "text/javascript");
      response.end(readFileSync(file));
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const at = server.address();
  address = typeof at === "object" && at ? `http://127.0.0.1:${at.port}` : "";
  const browser = await chromium.launch({
    executablePath: BROWSER,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", ...args],
  });
  const page = await browser.newPage({ viewport });
  await page.addInitScript(VSCODE);
  return {
    page,
    address,
    first: (message) => {
      first = message;
    },
    close: async () => {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
