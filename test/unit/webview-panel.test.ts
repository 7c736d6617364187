import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LiveHead, LiveMessage, LiveSample } from "../../src/protocol/live.js";
import { installationFolder } from "../../src/protocol/paths.js";
import type { ReviewItem, ReviewState } from "../../src/protocol/review.js";
import { cutSteps } from "../../src/protocol/steps.js";
import { pageHtml } from "../../src/ui/panels/page-html.js";

/** The Review page as built, under its own policy, in a browser; VS Code is played by a few lines. */
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
const VSCODE = `window.sent = []; window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective));
window.acquireVsCodeApi = () => ({ postMessage: (m) => sent.push(m), getState: () => undefined, setState() {} });
window.addEventListener("keydown", (e) => sent.push({ type: "forwarded", key: e.key }));`;

const solution = (text: string) => ({ text, steps: cutSteps(text), answer: "-2", span: null });
const item = (more: Partial<ReviewItem> = {}): ReviewItem => ({
  attemptId: 1,
  problem: { set: "s", id: "p", text: "Solve $x+1=2$ for $5 and $6", gold: "1" },
  modelId: "base",
  solution: solution("$x=-2$\n\\boxed{-2}"),
  verdict: "incorrect",
  reason: "compared as numbers",
  finish: "stop",
  tokens: 9,
  inPool: true,
  errorType: null,
  reflection: null,
  group: { correct: 2, scored: 8, size: 8 },
  siblings: [],
  mine: {},
  ...more,
});
const state = (shown: ReviewItem): ReviewState => ({
  item: shown,
  position: 1,
  total: 2,
  reviewed: 0,
  order: "as stored",
  scope: "",
  pace: null,
  cursor: 1,
  mode: "localise",
  notice: null,
  canUndo: false,
  busy: null,
  watchable: false,
  readOnly: null,
});

describe.skipIf(!existsSync(BROWSER))("the Review page in a browser", () => {
  const folder = mkdtempSync(join(tmpdir(), "errata-webview-"));
  let server: Server;
  let browser: Browser;
  let page: Page;
  let address = "";

  beforeAll(async () => {
    await build({
      absWorkingDir: installationFolder(),
      entryPoints: { review: "webview/review/main.ts" },
      outdir: folder,
      bundle: true,
      format: "iife",
      loader: { ".woff2": "file", ".woff": "empty", ".ttf": "file" },
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
      logLevel: "error",
    });
    server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://x").pathname;
      const file = join(folder, path);
      if (path === "/") {
        response.setHeader("content-type", "text/html");
        response.end(pageHtml("review", address, (leaf) => `/${leaf}`));
      } else if (existsSync(file)) {
        response.setHeader("content-type", path.endsWith(".css") ? "text/css" : "text/javascript");
        response.end(readFileSync(file));
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const at = server.address();
    address = typeof at === "object" && at ? `http://127.0.0.1:${at.port}` : "";
    browser = await chromium.launch({
      executablePath: BROWSER,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"],
    });
    page = await browser.newPage();
    await page.addInitScript(VSCODE);
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await page.goto(address);
    await page.waitForFunction("sent.some((m) => m.type === 'ready')");
  });

  const show = async (shown: ReviewItem): Promise<void> => {
    await page.evaluate((m) => window.postMessage(m, "*"), { type: "state", state: state(shown) });
    await page.waitForSelector(".problem");
  };
  const sent = () => page.evaluate("sent") as Promise<{ type: string; key?: string; typing?: boolean }[]>;

  it("typesets mathematics, leaves money alone, and violates nothing of its policy", async () => {
    await show(item());
    expect(await page.locator(".solution .step .katex").count()).toBe(2);
    expect(await page.locator(".problem .katex").count()).toBe(1);
    expect(await page.locator(".problem").textContent()).toContain("$5 and $6");
    expect(await page.evaluate("violations")).toEqual([]);
  });

  it("shows hostile text as text, and what cannot be typeset as its marked source", async () => {
    const text =
      '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\n$\\frac{1$\n$\\def\\a{\\a\\a}\\a$\n$\\href{javascript:window.pwned=1}{x}$';
    await show(item({ solution: solution(text) }));
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(await page.locator("img, a[href]").count()).toBe(0);
    expect(await page.locator(".solution .step").first().textContent()).toContain("<script>");
    expect(await page.locator(".solution .math-error").allTextContents()).toEqual([
      "\\frac{1",
      "\\def\\a{\\a\\a}\\a",
      "\\href{javascript:window.pwned=1}{x}",
    ]);
    expect(await page.evaluate("violations")).toEqual([]);
  });

  it("keeps what is typed right after n a note, and forwards none of it", async () => {
    await show(item());
    await page.locator(".problem").click();
    await page.keyboard.type("nold");
    // Caps Lock turns it into "A"; either way VS Code must not select again, later, what was typed since.
    await page.keyboard.press("Control+A");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("jax");
    expect(await page.evaluate("document.querySelector('vscode-text-area').value")).toBe("jax");
    await page.keyboard.press("Control+Enter");
    const messages = await sent();
    expect(messages.filter((m) => m.type === "forwarded").map((m) => m.key)).toEqual([
      "n",
      "Control",
      "Control",
      "Control",
    ]);
    expect(messages).toContainEqual({ type: "text", field: "note", attemptId: 1, text: "jax", goOn: false });
    expect(messages).toContainEqual({ type: "focus", focused: true, typing: true });
  });

  it("keeps a draft that was left, and previews it typeset", async () => {
    await show(item());
    await page.locator(".problem").click();
    await page.keyboard.press("e");
    await page.keyboard.type("$x=1$");
    expect(await page.locator(".preview .katex").count()).toBe(1);
    await page.keyboard.press("Escape");
    expect(await page.locator("vscode-text-area").count()).toBe(0);
    await page.keyboard.press("e");
    expect(await page.evaluate("document.querySelector('vscode-text-area').value")).toBe("$x=1$");
    expect((await sent()).filter((m) => m.type === "text")).toEqual([]);
  });

  it("presses a focused button with Space without skipping the item", async () => {
    await show(item());
    await page.locator(".rating button").nth(2).focus();
    await page.keyboard.press(" ");
    const messages = await sent();
    expect(messages).toContainEqual({ type: "act", action: "rate3" });
    expect(messages.filter((m) => m.type === "forwarded")).toEqual([]);
  });

  it("typesets of a long solution only what is near the screen", async () => {
    const long = Array.from({ length: 1200 }, (_, i) => `$x_{${i}}=\\frac{${i}}{7}$`).join("\n");
    await show(item({ solution: solution(long) }));
    await page.waitForSelector(".solution .katex");
    expect(await page.locator(".solution .step").count()).toBe(1200);
    expect(await page.locator(".solution .katex").count()).toBeLessThan(300);
    await page.locator(".solution .step").last().scrollIntoViewIfNeeded();
    await page.locator(".solution .step").last().locator(".katex").waitFor();
  });

  it("marks the span that the grader read, in raw text too", async () => {
    const text = "So the answer is 12.";
    await show(item({ solution: { ...solution(text), span: [17, 19] } }));
    expect(await page.locator("mark.answer-read").allTextContents()).toEqual(["12"]);
    await page.evaluate(() => window.postMessage({ type: "act", action: "raw" }, "*"));
    await page.waitForSelector("errata-math.raw mark.answer-read");
  });

  describe("watching a sample as it is written", () => {
    const head: LiveHead = {
      ...{ stage: "Sampling", model: "Demo base", backend: "cpu", done: 3, total: 16 },
      ...{ tokensPerSecond: 1234, secondsLeft: 90, shown: 1, outcome: null },
      tally: { correct: 2, incorrect: 1, unscored: 0, truncated: 0 },
    };
    const sample: LiveSample = {
      ...{ id: 1, what: "attempt", problem: "Solve $x+1=2$", gold: "1", origin: "s · p", sample: 3, of: 8 },
    };
    const say = (more: Partial<LiveMessage>): Promise<void> =>
      page.evaluate(
        async (m) => {
          window.postMessage(m, "*");
          await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        },
        { type: "live", head, ...more },
      );
    const grow = async (text: string, by: number): Promise<void> => {
      for (let at = 0; at < text.length; at += by)
        await say({ delta: { at, text: text.slice(at, at + by) }, tokens: at });
    };
    const watch = async (): Promise<void> => {
      await show(item({ solution: solution(Array.from({ length: 60 }, (_, i) => `line ${i}`).join("\n")) }));
      await page.evaluate((m) => window.postMessage(m, "*"), { type: "watch", on: true });
      await page.waitForSelector("main.live");
      await say({ sample });
    };
    const steps = () => page.locator(".flowing .step .flow-text");

    it("typesets what is complete, shows the rest as source, and never touches what it typeset", async () => {
      await watch();
      await grow("First $3x$\nthen $$\nx", 1);
      expect(await steps().count()).toBe(2);
      expect(await page.locator(".flowing .tail").textContent()).toBe("$$\nx");
      await page.evaluate(() => {
        const math = document.querySelector(".flowing .katex");
        Object.assign(window, { kept: math, changes: 0 });
        const row = math?.closest(".step");
        const count = (list: MutationRecord[]) => Object.assign(window, { changes: list.length });
        if (row)
          new MutationObserver(count).observe(row, { childList: true, subtree: true, characterData: true });
      });
      const rest = "First $3x$\nthen $$\nx";
      await say({ delta: { at: rest.length, text: "=1\n$$\nso \\boxed{1}" } });
      await say({ end: { verdict: "correct", answer: "1", reason: "equal" } });
      expect(await page.evaluate("kept.isConnected && changes === 0")).toBe(true);
      expect(await page.locator(".flowing .tail").count()).toBe(0);
      expect(await page.locator(".flowing .katex-display").count()).toBe(1);
      expect(await page.locator(".flowing .number").allTextContents()).toEqual(["1", "2", "3"]);
      expect(await page.locator(".line.sample").textContent()).toMatch(
        /Sample 3 of 8[\s\S]*correct[\s\S]*read/,
      );
      expect(await page.locator("[aria-live=polite]").textContent()).toBe("Sample 3 of 8: correct");
      expect(await page.evaluate("violations")).toEqual([]);
    });

    it("shows hostile text as text", async () => {
      await watch();
      const text =
        '<img src=x onerror="window.pwned=1">\n$\\href{javascript:window.pwned=1}{x}$\n$\\frac{1$ \n';
      await grow(text, 7);
      await say({ end: { verdict: "incorrect", answer: "<b>", reason: "<i>no</i>" } });
      expect(await page.evaluate("window.pwned")).toBeUndefined();
      expect(await page.locator("main img, main b, main a").count()).toBe(0);
      expect(await page.locator(".flowing .math-error").count()).toBe(2);
      expect(await page.evaluate("violations")).toEqual([]);
    });

    it("follows the newest line, stays where the reader scrolled to, and holds the sample meanwhile", async () => {
      await watch();
      const lines = (n: number) => Array.from({ length: n }, (_, i) => `line ${i}, $x=${i}$`).join("\n");
      await say({ delta: { at: 0, text: lines(200) } });
      const flow = page.locator(".flow");
      const place = () => flow.evaluate((e) => [e.scrollTop, e.scrollHeight - e.clientHeight - e.scrollTop]);
      await expect.poll(async () => (await place())[1]).toBeLessThan(30);
      await page.locator("main.live").focus();
      for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowUp");
      await page.waitForSelector(".latest");
      expect(await sent()).toContainEqual({ type: "hold", on: true });
      const [before] = await place();
      await say({ delta: { at: lines(200).length, text: `\n${lines(50)}` } });
      expect(Math.abs(((await place())[0] ?? 0) - (before ?? 0))).toBeLessThan(3);
      await page.keyboard.press("End");
      await expect.poll(async () => (await place())[1]).toBeLessThan(30);
      expect((await sent()).filter((m) => m.type === "hold").at(-1)).toEqual({ type: "hold", on: false });
    });

    it("goes back to the review where it was, and judges nothing meanwhile", async () => {
      await show(item({ solution: solution(Array.from({ length: 60 }, (_, i) => `line ${i}`).join("\n")) }));
      await page.locator("main").evaluate((e) => e.scrollTo(0, 300));
      await page.evaluate((m) => window.postMessage(m, "*"), { type: "watch", on: true });
      await page.waitForSelector("main.live");
      await page.locator("main.live").focus();
      await page.keyboard.press("e");
      expect(await page.locator("vscode-text-area").count()).toBe(0);
      await page.keyboard.press(" ");
      expect(await sent()).toContainEqual({ type: "hold", on: true });
      await page.keyboard.press("Escape");
      expect(await sent()).toContainEqual({ type: "watch", on: false });
      await page.evaluate((m) => window.postMessage(m, "*"), { type: "watch", on: false });
      await page.waitForSelector(".solution");
      await expect.poll(() => page.locator("main").evaluate((e) => e.scrollTop)).toBe(300);
    });

    it("takes 30,000 tokens without growing slower, with line ends or without", async () => {
      for (const gap of ["\n", " "]) {
        await watch();
        const words = "which follows from the line before by adding the same to both sides,";
        const lines = (n: number) =>
          Array.from({ length: n }, (_, i) => `${words} $x_{${i}}=\\frac{${i}}{7}$${gap}`).join("");
        const times: number[] = [];
        // As it is written, then much at once, then as it is written: the work must be what is new, not what is there.
        const sizes = [...Array(12).fill(8), ...Array(10).fill(100), ...Array(12).fill(8)];
        let at = 0;
        for (const size of sizes) {
          const text = lines(size);
          times.push(
            await page.evaluate(
              async (m) => {
                const start = performance.now();
                window.postMessage(m, "*");
                await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
                return performance.now() - start;
              },
              { type: "live", head, delta: { at, text } },
            ),
          );
          at += text.length;
        }
        expect(at).toBeGreaterThan(100_000);
        const median = (list: number[]) => list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0;
        const [early, late] = [median(times.slice(2, 12)), median(times.slice(-10))];
        expect(late).toBeLessThan(early * 4 + 50);
        expect(await page.locator(".flowing .step").count()).toBeGreaterThan(20);
      }
    });
  });
});
