import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AxeResults, RunOptions } from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { installationFolder } from "../../src/protocol/paths.js";
import { enter, panelStates } from "./panels.fixture.js";
import { THEMES, wear } from "./theme.fixture.js";
import { noBrowser, openPage } from "./webview.fixture.js";

/** Every state of every panel, in VS Code's four themes, under the rules of axe-core. */
const axe = readFileSync(join(installationFolder(), "node_modules/axe-core/axe.min.js"), "utf8");
const OPTIONS: RunOptions = {
  resultTypes: ["violations"],
  // A webview's document is VS Code's: it has its own title and landmarks around it.
  rules: {
    "document-title": { enabled: false },
    region: { enabled: false },
    "page-has-heading-one": { enabled: false },
  },
};
const SIZE = { width: 1200, height: 900 };
/** A long solution has thousands of elements, which axe-core looks at in each theme. Milliseconds. */
const SLOW = 180_000;
/** A folder for a picture of every state in every theme, to be looked at. */
const SHEETS = process.env.ERRATA_SHEETS;
const PANELS = ["review", "run", "compare", "preview", "agreement", "regrade", "import"] as const;

describe.skipIf(noBrowser).each(PANELS)("the %s page is accessible", (panel) => {
  const opened = openPage(panel, SIZE);
  const states = panelStates().filter((one) => one.panel === panel);

  it.each(states)(
    "$name: axe-core finds nothing",
    async (one) => {
      const page = opened();
      await enter(page, one);
      await page.evaluate(axe);
      const found: string[] = [];
      for (const theme of THEMES) {
        await wear(page, theme);
        const name = `${panel}-${one.name.replace(/\W+/g, "-")}-${theme}.png`;
        if (SHEETS) await page.screenshot({ path: join(SHEETS, name) });
        const { violations } = (await page.evaluate(
          (options) => (window as unknown as { axe: { run(o: unknown): unknown } }).axe.run(options),
          OPTIONS,
        )) as AxeResults;
        for (const { id, nodes } of violations)
          for (const node of nodes)
            found.push(`${theme}: ${id}: ${node.target.join(" ")}: ${node.failureSummary}`);
      }
      expect(found).toEqual([]);
    },
    SLOW,
  );

  it.each(states)("$name: reflows in a narrow column and at 200 %", async (one) => {
    const page = opened();
    try {
      await enter(page, one);
      for (const size of [
        { width: 420, height: 700 },
        { width: 600, height: 450 },
      ]) {
        await page.setViewportSize(size);
        await twoFrames(page);
        expect(await page.evaluate(sticksOut), `${size.width} px`).toEqual([]);
      }
    } finally {
      await page.setViewportSize(SIZE);
    }
  });

  it.each(states)(
    "$name: by keyboard, with a focus that is seen; formulas keep their MathML",
    async (one) => {
      const page = opened();
      await page.emulateMedia({ reducedMotion: "reduce" });
      await enter(page, one);
      await wear(page, "dark");
      expect(
        await page.evaluate(() => document.getAnimations().filter((a) => a.playState === "running").length),
      ).toBe(0);
      expect(await page.locator(".katex:not(:has(math))").count()).toBe(0);
      const unseen: string[] = [];
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        const found = await page.evaluate(focusShown);
        if (found === "end") break;
        if (found !== "seen") unseen.push(found);
      }
      expect(unseen).toEqual([]);
    },
  );
});

const twoFrames = (page: Page): Promise<unknown> =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** What reaches beyond the right edge and cannot be scrolled to within a box of its own. */
function sticksOut(): string[] {
  // The page itself must not scroll sideways; a table or a long formula may, in a box of its own.
  const scrolls = (element: Element): boolean => {
    for (
      let box = element.parentElement;
      box && !box.matches("main, body, body > *");
      box = box.parentElement
    )
      if (getComputedStyle(box).overflowX !== "visible") return true;
    return false;
  };
  return [...document.querySelectorAll("body *")]
    .filter((element) => {
      const { right, width, height } = element.getBoundingClientRect();
      return width > 0 && height > 0 && right > innerWidth + 1 && !scrolls(element);
    })
    .map((element) => `${element.tagName} ${element.className}`.slice(0, 80));
}

/** Is it seen where the focus is? `end` where the page has no more stops. */
function focusShown(): string {
  const active = document.activeElement;
  if (!active || active === document.body) return "end";
  const inner = active.shadowRoot?.activeElement ?? null;
  const marks = (element: Element): boolean => {
    const style = getComputedStyle(element);
    return (
      (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0) ||
      style.boxShadow !== "none" ||
      element.classList.contains("cursor")
    );
  };
  const parts = [active, ...(inner ? [inner] : []), ...(active.shadowRoot?.querySelectorAll("*") ?? [])];
  // The page itself takes the keys; nothing on it is pressed.
  return active.matches("main, [role=dialog]") || parts.some(marks)
    ? "seen"
    : `${active.tagName} ${active.className} ${active.textContent?.trim().slice(0, 30)}`;
}
