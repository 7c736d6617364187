import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Frame,
  type Locator,
  type Page,
} from "playwright-core";

const root = process.cwd();
const node = join(root, "node_modules/.bin/node");
const server = join(root, "node_modules/code-server/out/node/entry.js");

export const THEMES = {
  light: "Light Modern",
  dark: "Dark Modern",
  "hc-dark": "Dark High Contrast",
  "hc-light": "Light High Contrast",
} as const;
export type Theme = keyof typeof THEMES;

function vsix(): string {
  const found = readdirSync(root).find((f) => f.endsWith(".vsix"));
  if (!found) throw new Error("No VSIX: run `npm run package` first");
  return join(root, found);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** Waits until `ask` gives something truthy; the error says what was awaited. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false>,
  ms = 60_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    let cause: unknown;
    const answer = await ask().catch((error: unknown) => {
      cause = error;
      return null;
    });
    if (answer) return answer;
    if (Date.now() > end) {
      const last =
        cause instanceof Error ? `; the last try: ${cause.message.split("\n").slice(0, 4).join(" ")}` : "";
      throw new Error(`Waited ${ms / 1000} s in vain: ${what}${last}`, { cause });
    }
    await new Promise((r) => setTimeout(r, 200));
  }
}

/** A real VS Code (code-server) with the packaged extension installed, driven through a real browser. */
export class Editor {
  readonly errors: string[] = [];
  /** The command that was run last, until its pick was answered. */
  private asked: string | undefined;

  private constructor(
    readonly home: string,
    readonly workspace: string,
    private readonly process: ChildProcess,
    private readonly browser: Browser,
    readonly context: BrowserContext,
    public page: Page,
    private readonly url: string,
  ) {}

  static async open(
    options: {
      workspace?: string;
      settings?: Record<string, unknown>;
      machine?: Record<string, unknown>;
      trust?: boolean;
      /** Further extensions beside ours: VSIX files. */
      beside?: string[];
      env?: Record<string, string>;
    } = {},
  ): Promise<Editor> {
    const home = mkdtempSync(join(tmpdir(), "errata-e2e-"));
    const workspace = options.workspace ?? join(home, "workspace");
    const data = join(home, "data");
    mkdirSync(workspace, { recursive: true });
    mkdirSync(join(data, "User"), { recursive: true });
    mkdirSync(join(data, "Machine"), { recursive: true });
    const settings = {
      "workbench.colorTheme": THEMES.dark,
      "workbench.startupEditor": "none",
      "workbench.tips.enabled": false,
      "window.commandCenter": false,
      "chat.commandCenter.enabled": false,
      "workbench.secondarySideBar.defaultVisibility": "hidden",
      "chat.disableAIFeatures": true,
      "telemetry.telemetryLevel": "off",
      "editor.minimap.enabled": false,
      "git.enabled": false,
      ...options.settings,
    };
    writeFileSync(join(data, "User/settings.json"), JSON.stringify(settings, null, 2));
    // Settings of machine scope (interpreters) are read from the machine that the extension host runs on.
    writeFileSync(join(data, "Machine/settings.json"), JSON.stringify(options.machine ?? {}, null, 2));
    const dirs = ["--user-data-dir", data, "--extensions-dir", join(home, "extensions")];
    const extensions = [vsix(), ...(options.beside ?? [])].flatMap((file) => ["--install-extension", file]);
    const install = spawnSync(node, [server, ...dirs, ...extensions, "--force"], { encoding: "utf8" });
    if (install.status !== 0)
      throw new Error(`Installing the VSIX failed:\n${install.stdout}\n${install.stderr}`);
    const port = await freePort();
    const flags = [
      "--auth",
      "none",
      "--bind-addr",
      `127.0.0.1:${port}`,
      "--disable-telemetry",
      "--disable-update-check",
    ];
    if (!options.trust) flags.push("--disable-workspace-trust");
    const child = spawn(node, [server, ...flags, ...dirs, workspace], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
    });
    let said = "";
    child.stdout?.on("data", (d) => {
      said += d;
    });
    child.stderr?.on("data", (d) => {
      said += d;
    });
    const listens = until("code-server listens", async () => {
      return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
    });
    const ended = new Promise<never>((_, reject) => {
      child.once("exit", (code) => reject(new Error(`code-server ended with ${code}:\n${said}`)));
    });
    // It ends later too, and nobody waits for that.
    ended.catch(() => undefined);
    await Promise.race([listens, ended]);
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const url = `http://127.0.0.1:${port}/?folder=${encodeURIComponent(workspace)}`;
    const editor = new Editor(home, workspace, child, browser, context, page, url);
    editor.listen();
    await editor.load();
    return editor;
  }

  private listen(): void {
    this.page.on("console", (m) => {
      const text = m.text();
      if (m.type() === "error" && /Content Security Policy|errata/i.test(text)) this.errors.push(text);
    });
  }

  private async load(): Promise<void> {
    await this.page.goto(this.url);
    await this.page.waitForSelector(".monaco-workbench .activitybar", { timeout: 120_000 });
  }

  /** A second window on the same workspace. */
  async secondWindow(): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.url);
    await page.waitForSelector(".monaco-workbench .activitybar", { timeout: 120_000 });
    return page;
  }

  async reload(): Promise<void> {
    await this.load();
  }

  /**
   * Resolves once VS Code has stored `text` of its editors' state, which it does every few seconds: a window that is
   * loaded anew before has none of it.
   */
  async isKept(text: string): Promise<void> {
    await until(`VS Code stores ${text}`, () =>
      this.page.evaluate(async (wanted) => {
        const answer = <T>(request: IDBRequest<T>): Promise<T> =>
          new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
          });
        for (const { name } of await indexedDB.databases()) {
          if (!name?.startsWith("vscode-web-state-db")) continue;
          const database = await answer(indexedDB.open(name));
          try {
            for (const store of database.objectStoreNames) {
              const values = await answer(database.transaction(store).objectStore(store).getAll());
              if (JSON.stringify(values).includes(wanted)) return true;
            }
          } finally {
            database.close();
          }
        }
        return false;
      }, text),
    );
  }

  /** Closes the window, and opens a new one on the same folder. */
  async reopen(): Promise<void> {
    await this.page.close();
    this.page = await this.context.newPage();
    this.listen();
    await this.load();
  }

  /**
   * Resolves once the Review page's keys are commands: VS Code learns a moment later that the page has the focus, or
   * that nothing is typed in it any more, and hears no key until then. The step cursor is where it was.
   */
  async keysAreHeard(frame: Frame): Promise<void> {
    const steps = frame.locator(".columns:not(.ahead):not(.kept) .solution .step");
    const at = async (): Promise<number> =>
      Number(await frame.locator(".solution .step.cursor .number").textContent());
    const [start, last] = [await at(), await steps.count()];
    let moved = false;
    await until("the review hears keys", async () => {
      const now = await at();
      moved ||= now !== start;
      if (moved && now === start) return true;
      await this.page.keyboard.press(now > start || now === last ? "ArrowUp" : "ArrowDown");
      return false;
    });
  }

  /** Runs a command by its title through the palette, as a person would. */
  async command(title: string): Promise<void> {
    // A palette that was opened before the editor knew the file's kind lists its commands no more, and a panel that
    // takes the focus a moment after it was shown closes it: then once more.
    this.asked = title;
    await until(`the command ${title}`, async () => {
      await this.openPalette();
      try {
        await this.quickInput().fill(`>${title}`, { timeout: 3_000 });
        await this.choose(title, 6_000);
        return true;
      } catch {
        await this.page.keyboard.press("Escape");
        return false;
      }
    });
  }

  /** Accepts the focused row of an open quick pick, once it is the one that is meant. */
  private async choose(text: string, timeout = 30_000): Promise<void> {
    await this.page
      .locator(".quick-input-widget:visible .monaco-list-row.focused", { hasText: text })
      .waitFor({ timeout });
    // Without the focus it closes, and Enter is for somebody else.
    const hears = () => document.activeElement?.matches(".quick-input-widget input");
    await this.page.waitForFunction(hears, undefined, { timeout });
    await this.page.keyboard.press("Enter");
  }

  private async openPalette(): Promise<void> {
    await until("the palette opens", async () => {
      await this.page.keyboard.press("F1");
      await this.quickInput().waitFor({ state: "visible", timeout: 2_000 });
      return true;
    });
  }

  quickInput(): Locator {
    return this.page.locator(".quick-input-widget:visible input[type=text]").first();
  }

  /**
   * Chooses a row of the quick pick with this title, by typing. What takes the focus late (a notification that goes)
   * closes the pick: then the command that asks is run again.
   */
  async pick(title: string, text: string): Promise<void> {
    const { asked } = this;
    this.asked = undefined;
    const box = this.page.locator(".quick-input-widget:visible", { hasText: title });
    await until(`${text} is chosen in ${title}`, async () => {
      await box.waitFor({ timeout: 20_000 });
      try {
        await this.quickInput().fill(text, { timeout: 5_000 });
        await this.choose(text, 10_000);
        return true;
      } catch (error) {
        if (asked === undefined) throw error;
        await this.page.keyboard.press("Escape");
        await this.command(asked);
        return false;
      }
    });
  }

  /**
   * Names a file in a dialog of this title. The dialog writes its first folder when it has read it, over what was typed
   * before that: then once more.
   */
  async file(title: string, path: string): Promise<void> {
    const dialog = this.page.locator(".quick-input-widget:visible", { hasText: title });
    await dialog.waitFor({ timeout: 20_000 });
    await until(`${path} is taken`, async () => {
      await this.quickInput().fill(path);
      await this.page.waitForTimeout(700);
      if ((await this.quickInput().inputValue()) !== path) return false;
      await this.page.keyboard.press("Enter");
      await dialog.waitFor({ state: "hidden", timeout: 4_000 });
      return true;
    });
  }

  /** Rows of one of our trees, by the view's title. */
  rows(view: string): Locator {
    return this.page
      .locator(".split-view-view", {
        has: this.page.locator(".pane-header", { hasText: new RegExp(`^${view}`, "i") }),
      })
      .locator(".monaco-list-row");
  }

  async openSidebar(): Promise<void> {
    const item = this.page.locator(".activitybar .action-item a[aria-label^='Errata']");
    await item.waitFor({ timeout: 30_000 });
    if (!(await this.page.locator(".sidebar .pane-header", { hasText: /error pool/i }).isVisible()))
      await item.click();
    await this.page.locator(".sidebar .pane-header", { hasText: /error pool/i }).waitFor({ timeout: 30_000 });
  }

  async openFile(name: string): Promise<void> {
    await until(`${name} is open`, async () => {
      await this.page.keyboard.press("Control+P");
      await this.quickInput().fill(name, { timeout: 3_000 });
      await this.choose(name, 6_000);
      await this.page.locator(".tab.active", { hasText: name }).waitFor({ timeout: 6_000 });
      return true;
    });
  }

  /** The frame of our webview that holds `selector`. */
  async webview(selector: string, ms = 60_000): Promise<Frame> {
    return until(
      `a webview with ${selector}`,
      async () => {
        for (const frame of this.page.frames()) {
          if (frame.name() !== "" && !frame.url().includes("webview")) continue;
          const found = await frame.$(selector).catch(() => null);
          if (found && frame !== this.page.mainFrame()) return frame;
        }
        return null;
      },
      ms,
    );
  }

  notifications(): Locator {
    return this.page.locator(".notification-list-item");
  }

  async theme(theme: Theme): Promise<void> {
    const kind = { light: "vs", dark: "vs-dark", "hc-dark": "hc-black", "hc-light": "hc-light" }[theme];
    await until(`the theme ${theme}`, async () => {
      await this.page.keyboard.press("Control+K");
      await this.page.keyboard.press("Control+T");
      await this.quickInput().fill(THEMES[theme], { timeout: 5_000 });
      await this.choose(THEMES[theme], 6_000);
      // A picker that was accepted before it had previewed the theme keeps the old one: then once more.
      return this.page.waitForSelector(`.monaco-workbench.${kind}`, { timeout: 4_000 });
    });
    await this.page.waitForTimeout(600);
  }

  /** Keeps a picture in media/screenshots/. */
  async screenshot(name: string): Promise<void> {
    const folder = process.env.ERRATA_SCREENSHOTS ?? join(root, "media/screenshots");
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** Pictures in several themes, with no notification over them. */
  async inThemes(name: string, themes: readonly Theme[] = ["light", "dark"]): Promise<void> {
    await this.command("Notifications: Clear All Notifications");
    for (const theme of themes) {
      await this.theme(theme);
      await this.page.waitForTimeout(400);
      await this.screenshot(`${name}-${theme}`);
    }
  }

  /** What a failed test leaves in test-results/: a picture, and the logs. */
  async evidence(task: { name: string; result?: { state?: string } | undefined }): Promise<void> {
    if (task.result?.state !== "fail") return;
    const folder = join(root, "test-results");
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `failed-${task.name.replace(/\W+/g, "-")}.png`) });
    const logs = join(this.home, "data/logs");
    if (existsSync(logs)) cpSync(logs, join(folder, "logs"), { recursive: true });
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.process.kill("SIGTERM");
    await new Promise((resolve) =>
      this.process.exitCode === null ? this.process.on("exit", resolve) : resolve(null),
    );
    if (existsSync(this.home)) rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
