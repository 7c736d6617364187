import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { installationFolder } from "../../src/protocol/paths.js";

export const THEMES = ["light", "dark", "hc-light", "hc-dark"] as const;
export type Theme = (typeof THEMES)[number];

interface Recorded {
  classes: string;
  id: string;
  variables: Record<string, string>;
}

/** test/fixtures/themes.json: what a webview of VS Code 1.139.1 was given in each theme (the colours our pages may use). */
const recorded: Record<Theme, Recorded> = JSON.parse(
  readFileSync(join(installationFolder(), "test/fixtures/themes.json"), "utf8"),
);

/** The styles that VS Code gives every webview, as far as our pages meet them. */
const DEFAULTS = `@layer vscode-default {
  body { background-color: var(--vscode-editor-background); color: var(--vscode-editor-foreground);
    font-family: var(--vscode-font-family); font-weight: var(--vscode-font-weight); font-size: var(--vscode-font-size);
    margin: 0; padding: 0 20px; }
  a, a code { color: var(--vscode-textLink-foreground); }
  code { color: var(--vscode-textPreformat-foreground); background-color: var(--vscode-textPreformat-background); }
  blockquote { background: var(--vscode-textBlockQuote-background); border-color: var(--vscode-textBlockQuote-border); }
  kbd { background-color: var(--vscode-keybindingLabel-background); color: var(--vscode-keybindingLabel-foreground);
    border: 1px solid var(--vscode-keybindingLabel-border); border-radius: 3px; padding: 1px 3px; vertical-align: middle; }
}`;

/** Dresses a page of ours as VS Code does in this theme. */
export async function wear(page: Page, theme: Theme): Promise<void> {
  await page.evaluate(
    ({ classes, id, variables, defaults }) => {
      const root = document.documentElement;
      for (const name of [...root.style]) if (name.startsWith("--vscode")) root.style.removeProperty(name);
      for (const [name, value] of Object.entries(variables)) root.style.setProperty(name, value);
      document.body.className = classes;
      document.body.dataset.vscodeThemeId = id;
      document.body.dataset.vscodeThemeKind = classes.split(" ")[0];
      // Beside the toolkit's own sheet, and once.
      if (document.documentElement.dataset.dressed) return;
      document.documentElement.dataset.dressed = "yes";
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(defaults);
      document.adoptedStyleSheets.push(sheet);
    },
    { ...recorded[theme], defaults: DEFAULTS },
  );
  // Two frames: the toolkit follows the theme in the first.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}
