import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import {
  answerTitle,
  harmless,
  latexToText,
  mathToText,
  problemTitle,
  unlinked,
} from "../../src/protocol/latex.js";
import { cutSteps } from "../../src/protocol/steps.js";
import { HOSTILE, LARGE, SMALL } from "./hostile.fixture.js";
import { enter, panelStates } from "./panels.fixture.js";
import { noBrowser, openPage } from "./webview.fixture.js";

/** Elements that no text may bring into a page; our own icons are fonts. */
const FOREIGN =
  "script:not([nonce]), img, iframe, object, embed, video, audio, svg foreignObject, base, meta[http-equiv=refresh], form, marquee, template, details[ontoggle], a[href]:not([href^='#'])";

const SOME = SMALL.filter((_, i) => i % 5 === 0);
/** Several at once, where coming to a state takes a page made anew and a person's steps. */
const TOGETHER = SOME.flatMap((_, i) => {
  const few = i % 5 === 0 ? SOME.slice(i, i + 5) : [];
  return few.length > 0
    ? [{ name: `${few[0]?.name} and on`, text: few.map(({ text }) => text).join("\n") }]
    : [];
});

/** What is wrong with a page that holds a hostile text. */
const trouble = (page: Page): Promise<string[]> =>
  page.evaluate((foreign) => {
    const wrong = [...document.querySelectorAll(foreign)].map((e) => e.outerHTML.slice(0, 200));
    const on = [...document.querySelectorAll("*")].filter((e) =>
      e.getAttributeNames().some((n) => n.startsWith("on")),
    );
    const seen = window as unknown as { pwned?: unknown; violations: string[]; faults: string[] };
    return [
      ...wrong,
      ...on.map((e) => e.outerHTML.slice(0, 200)),
      ...(seen.pwned === undefined ? [] : ["it ran"]),
      ...seen.violations.map((v) => `policy: ${v}`),
      ...seen.faults,
    ];
  }, FOREIGN);

/** The page as it is before a person did anything in it. */
async function afresh(page: Page): Promise<void> {
  await page.evaluate(() => sessionStorage.clear());
  await page.reload();
  await page.waitForFunction("sent.some((m) => m.type === 'ready')");
  await watchFaults(page);
}

const watchFaults = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const seen = window as unknown as { faults: string[] };
    seen.faults = [];
    window.addEventListener("error", (event) => seen.faults.push(`fault: ${event.message}`));
    window.addEventListener("unhandledrejection", (event) => seen.faults.push(`fault: ${event.reason}`));
  });

describe("hostile texts", () => {
  it("are at least a hundred", () => {
    expect(new Set(HOSTILE.map(({ text }) => text)).size).toBeGreaterThanOrEqual(100);
  });

  it.each(HOSTILE)("a label in the tree: $name", ({ text }) => {
    const labels = [
      latexToText(text),
      mathToText(text),
      problemTitle(text),
      answerTitle(text, text),
      harmless(text),
      unlinked(text),
    ];
    for (const label of labels) {
      expect(label).not.toMatch(/\p{Cs}/u);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(label).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
      expect(label.length).toBeLessThanOrEqual(8_000);
    }
    expect(unlinked(text)).not.toMatch(/\]\(/);
  });

  it.each(HOSTILE)("steps keep the text whole: $name", ({ text }) => {
    const steps = cutSteps(text);
    for (const step of steps) expect(text.slice(step.start, step.start + step.text.length)).toBe(step.text);
  });
});

describe
  .skipIf(noBrowser)
  .each(["review", "run", "compare", "preview", "agreement", "regrade", "import"] as const)(
  "hostile texts in %s",
  (panel) => {
    const opened = openPage(panel);
    const states = panelStates().filter((one) => one.panel === panel);

    it.each(states)("$name shows them as text", async ({ name, then }) => {
      const page = opened();
      await watchFaults(page);
      const found: string[] = [];
      const texts = panel === "review" && name === "an item" ? SMALL : then ? TOGETHER : SOME;
      for (const { name: what, text } of texts) {
        const state = panelStates(text).find((one) => one.panel === panel && one.name === name);
        if (!state) throw new Error(name);
        if (then) await afresh(page);
        await enter(page, state);
        found.push(...(await trouble(page)).map((wrong) => `${what}: ${wrong}`));
      }
      expect(found).toEqual([]);
    });
  },
);

describe.skipIf(noBrowser)("large hostile texts in review", () => {
  const opened = openPage("review");

  it.each(LARGE)("$name", async ({ text }) => {
    const page = opened();
    await watchFaults(page);
    const state = panelStates(text).find((one) => one.panel === "review" && one.name === "an item");
    if (!state) throw new Error("no state");
    await enter(page, state);
    expect(await trouble(page)).toEqual([]);
  });
});
