import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Editor, until } from "./driver.js";

/** Watching a sampling in a real VS Code: minutes of work, watched, left, watched again and stopped. */
const root = process.cwd();
const workspace = mkdtempSync(join(tmpdir(), "errata-live-"));
let editor: Editor;

beforeAll(async () => {
  const lines = readFileSync(join(root, "demo/problems/train.jsonl"), "utf8").trim().split("\n");
  writeFileSync(join(workspace, "few.jsonl"), `${lines.slice(0, 8).join("\n")}\n`);
  // The hardest at the end have the longest solutions.
  writeFileSync(join(workspace, "many.jsonl"), `${lines.slice(-300).join("\n")}\n`);
  editor = await Editor.open({ workspace, settings: { "errata.group": 256, "errata.threads": 1 } });
});

afterEach(({ task }) => editor?.evidence(task));

afterAll(async () => {
  await editor?.close();
});

const live = (): Promise<Frame> => editor.webview("errata-review main.live");
const name = (frame: Frame) => frame.locator(".line.sample h2").textContent();
/** The status bar while something is sampled. */
const status = () => editor.page.locator(".statusbar-item[id$='errata.work'] a", { hasText: /Sampling \d/ });

async function back(frame: Frame): Promise<void> {
  await frame.locator("main.live").click();
  await editor.page.keyboard.press("Escape");
  await editor.webview("errata-review .problem ~ .columns:not(.ahead)");
}

async function sample(file: string): Promise<void> {
  await editor.openFile(file);
  await editor.command("Errata: Sample the Problems of This File");
  await status().waitFor({ timeout: 120_000 });
}

describe("watching a sampling in a real VS Code", () => {
  test("a review is left alone when a sampling begins", async () => {
    await editor.openSidebar();
    await sample("few.jsonl");
    await until("attempts in the tree", async () => (await editor.rows("Error Pool").count()) > 2, 120_000);
    await status().waitFor({ state: "detached", timeout: 120_000 });
    await editor.command("Errata: Open Review");
    await editor.webview("errata-review .problem");
    await sample("many.jsonl");
    await editor.page.locator(".tab", { hasText: "Review" }).first().click();
    const review = await editor.webview("errata-review .problem");
    await review.locator("vscode-button", { hasText: "Watch" }).waitFor();
    await editor.page.waitForTimeout(1500);
    expect(await review.locator("main.live").count()).toBe(0);
  });

  test("who asks for it sees one sample, typeset as it is written", async () => {
    const review = await editor.webview("errata-review .problem");
    await review.locator("vscode-button", { hasText: "Watch" }).click();
    const frame = await live();
    await frame.waitForSelector(".problem .katex");
    await frame.waitForSelector(".flowing .step .katex");
    await frame.locator(".live-bar .figures", { hasText: /Sampling .* tok\/s/ }).waitFor();
    expect(await name(frame)).toMatch(/Sample \d+ of 256/);
  });

  test("verdicts appear, one sample follows the other, and one that is held stays", async () => {
    const frame = await live();
    const shown = await frame.locator(".flowing").textContent();
    await until("another sample", async () => (await frame.locator(".flowing").textContent()) !== shown);
    await frame.locator("main.live").click();
    await editor.page.keyboard.press(" ");
    await frame.locator(".line.sample button", { hasText: "held" }).waitFor();
    await frame.locator(".line.sample .chip:is(.good, .bad, .warn)").waitFor();
    const held = await name(frame);
    const text = await frame.locator(".flowing").textContent();
    // The progress message lies over the panel; Escape in the sidebar hides it.
    await editor.page.keyboard.press("Control+0");
    await editor.page.waitForFunction(() => document.activeElement?.closest(".sidebar"));
    await editor.page.keyboard.press("Escape");
    await editor.inThemes("live", ["light", "hc-light", "hc-dark", "dark"]);
    expect([await name(frame), await frame.locator(".flowing").textContent()]).toEqual([held, text]);
    await frame.locator("main.live").click();
    await editor.page.keyboard.press(" ");
    await until("the next sample", async () => (await frame.locator(".flowing").textContent()) !== text);
  });

  test("Escape goes back to the review; the tree's button and the status bar watch again", async () => {
    await back(await live());
    await editor.page.locator(".pane-header", { hasText: /error pool/i }).hover();
    await editor.page.locator(".pane-header a[aria-label*='Watch Sampling']").click();
    await back(await live());
    await status().click();
    // The editor gives it the focus a moment after it is shown.
    await (await live()).waitForFunction(() => document.hasFocus());
  });

  test("when it is stopped, the view says so, and opens the review", async () => {
    await editor.command("Errata: Stop What Is Running");
    const frame = await live();
    await frame.locator(".outcome", { hasText: "What was finished is kept" }).waitFor({ timeout: 60_000 });
    await frame.locator(".outcome vscode-button").click();
    await editor.webview("errata-review .solution");
    expect(await editor.page.locator(".pane-header a[aria-label*='Watch Sampling']").count()).toBe(0);
  });

  test("our own code broke no content security policy", () => {
    expect(editor.errors.filter((e) => /Content Security Policy/.test(e) && !/inline style/.test(e))).toEqual(
      [],
    );
  });
});
