import { copyFileSync, existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openPool } from "../../src/pool/pool.js";
import type { PoolStats } from "../../src/pool/types.js";
import { Editor, until } from "./driver.js";

/** Attempts from elsewhere: looked at, named, imported, gone on with, in a real VS Code. */
const root = process.cwd();
const workspace = mkdtempSync(join(tmpdir(), "errata-import-"));
const LOG = "samples_errata_gsm8k_2026-11-21T12-00-00.000000.jsonl";
/** Enough to be cancelled on the way, on a fast machine too. */
const MANY = 60_000;
let editor: Editor;

/** What the pool holds, as another process reads it; null before there is one. */
async function stats(): Promise<PoolStats | null> {
  if (!existsSync(join(workspace, ".errata/pool.sqlite"))) return null;
  const pool = await openPool(workspace, { readOnly: true });
  try {
    return await pool.stats();
  } finally {
    await pool.close();
  }
}

const rows = (n: number, row: (i: number) => object): string =>
  Array.from({ length: n }, (_, i) => `${JSON.stringify(row(i))}\n`).join("");

/** Opens a file from the explorer's context menu. */
async function fromExplorer(name: string): Promise<void> {
  await editor.command("View: Show Explorer");
  const entry = editor.page.locator(".explorer-folders-view .monaco-list-row", { hasText: name });
  await entry.waitFor({ timeout: 30_000 });
  await until("the context menu offers it", async () => {
    await entry.click({ button: "right" });
    const item = editor.page.locator(".monaco-menu .action-item", { hasText: "Open in Error Pool" });
    await item.waitFor({ timeout: 5_000 });
    // A menu takes no click in the moment in which it opens.
    await editor.page.waitForTimeout(500);
    await item.click({ timeout: 5_000 });
    await item.waitFor({ state: "detached", timeout: 2_000 });
    return true;
  });
}

beforeAll(async () => {
  // Columns with names of somebody's own, and one right answer in four.
  writeFileSync(
    join(workspace, "mine.jsonl"),
    rows(64, (i) => {
      const n = Math.floor(i / 4);
      return {
        q1: `What is $${n}+1$?`,
        wrote: `$${n}+1=${n + 1}$\n\\boxed{${n + 1 + (i % 4)}}`,
        g: String(n + 1),
      };
    }),
  );
  writeFileSync(
    join(workspace, "many.jsonl"),
    rows(MANY, (i) => ({
      ...{ problem: `What is $${Math.floor(i / 8)}+1$?`, response: `It is \\boxed{${i % 8}}` },
      answer: String(Math.floor(i / 8) + 1),
    })),
  );
  copyFileSync(join(root, "test/fixtures/logs/lm-eval/mock__tiny-math", LOG), join(workspace, LOG));
  editor = await Editor.open({ workspace, settings: { "files.simpleDialog.enable": true } });
});
afterEach(({ task }) => editor?.evidence(task));
afterAll(async () => {
  await editor?.close();
});

describe("attempts from elsewhere", () => {
  test("the empty pool offers it; a file is looked at, and nothing is written", async () => {
    await editor.openSidebar();
    await editor.page.locator(".sidebar .monaco-button", { hasText: "Import Attempts…" }).click();
    await editor.file("Import Attempts", join(workspace, "mine.jsonl"));
    const frame = await editor.webview("errata-import select");
    // No name of a column says what it holds.
    await frame.locator("[role=alert]", { hasText: "Which column holds the problems" }).waitFor();
    await frame.locator("#role-problem").selectOption("q1");
    await frame.locator("#role-text").selectOption("wrote");
    await frame.locator("#role-gold").selectOption("g");
    await frame.locator("vscode-button", { hasText: "Import 64 Attempts" }).waitFor();
    await frame.locator(".first .step .katex").first().waitFor();
    expect(await stats()).toBeNull();
    await editor.inThemes("import-columns");
  });

  test("a reload keeps what was chosen; Enter on the button imports it, and the tree fills", async () => {
    await editor.isKept("wrote");
    await editor.reload();
    const frame = await editor.webview("errata-import .first");
    const button = frame.locator("vscode-button", { hasText: "Import 64 Attempts" });
    await button.waitFor();
    await button.focus();
    await editor.page.keyboard.press("Enter");
    await frame.locator(".callout.good", { hasText: "64 attempts" }).waitFor({ timeout: 60_000 });
    await frame.locator("vscode-button", { hasText: "Show Error Pool" }).click();
    await until("the tree lists them", async () => (await editor.rows("Error Pool").count()) >= 5);
    expect(await stats()).toMatchObject({ problems: 16, attempts: 64, correct: 16, incorrect: 48 });
  });

  test("a log of the harness says itself what it holds; the same file twice adds nothing", async () => {
    await editor.command("View: Close All Editors");
    await fromExplorer(LOG);
    const frame = await editor.webview("errata-import .fields");
    await frame.locator("header", { hasText: "lm-evaluation-harness" }).waitFor();
    await frame.locator(".scores").waitFor();
    await editor.inThemes("import");
    await frame.locator("vscode-button", { hasText: /^\s*Import [\d,]+ Attempts/ }).click();
    await frame.locator(".callout.good").waitFor({ timeout: 60_000 });
    const once = await stats();
    expect(once?.attempts).toBeGreaterThan(64);
    await editor.command("View: Close All Editors");
    await fromExplorer(LOG);
    const again = await editor.webview("errata-import .counts");
    await again.locator(".callout", { hasText: "in the pool already" }).waitFor();
    await again.locator("vscode-button", { hasText: "Show Error Pool" }).waitFor();
    expect(await stats()).toEqual(once);
  });

  test("its panel closed, an import goes on in a notification; cancelled, it keeps what it has and can go on", async () => {
    const before = (await stats())?.attempts ?? 0;
    await editor.command("View: Close All Editors");
    await fromExplorer("many.jsonl");
    const frame = await editor.webview("errata-import .counts");
    await frame
      .locator("vscode-button", { hasText: `Import ${MANY.toLocaleString("en-US")} Attempts` })
      .click({ timeout: 120_000 });
    await frame.locator(".meter", { hasText: /Importing [\d,]+ of/ }).waitFor({ timeout: 60_000 });
    await editor.command("View: Close All Editors");
    const notification = editor.notifications().filter({ hasText: "Importing many.jsonl" });
    await notification.waitFor();
    await notification.getByRole("button", { name: "Cancel" }).click();
    await notification.waitFor({ state: "hidden", timeout: 60_000 });
    await fromExplorer("many.jsonl");
    const again = await editor.webview("errata-import .counts");
    const goOn = again.locator("vscode-button", { hasText: /Go On: [\d,]+ More Attempts/ });
    await goOn.waitFor({ timeout: 120_000 });
    // Counted now: what was being stored when it was cancelled is kept, too.
    const stored = ((await stats())?.attempts ?? 0) - before;
    expect(stored).toBeGreaterThan(0);
    expect(stored).toBeLessThan(MANY);
    expect(await goOn.textContent()).toContain(`Go On: ${(MANY - stored).toLocaleString("en-US")} More`);
    await editor.screenshot("import-go-on-dark");
  });

  test("our own code broke no content security policy", () => {
    expect(editor.errors.filter((e) => /Content Security Policy/.test(e) && !/inline style/.test(e))).toEqual(
      [],
    );
  });
});
