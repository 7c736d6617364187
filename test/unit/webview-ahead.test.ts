import { describe, expect, it } from "vitest";
import type { ReviewItem } from "../../src/protocol/review.js";
import { item, solution, state } from "./review.fixture.js";
import { hand, noBrowser, openPage } from "./webview.fixture.js";

const STEPS = 60;
const text = (n: number): string =>
  Array.from(
    { length: STEPS },
    (_, i) => `Step ${i}: $$\\frac{${n}x + ${i}}{${i + 2}} = \\sqrt{${n + i}}$$`,
  ).join("\n");
const one = (n: number, more: Partial<ReviewItem> = {}): ReviewItem =>
  item({
    attemptId: n,
    problem: { set: "s", id: `p${n}`, text: `Solve $x+${n}=2$`, gold: `${n}` },
    solution: solution(text(n)),
    siblings: [
      { answer: "1", verdict: "incorrect", attemptIds: [n] },
      { answer: "2", verdict: "correct", attemptIds: [n + 100] },
    ],
    ...more,
  });
/** Laid out, and out of sight. */
const KEPT = ".columns.kept";

describe.skipIf(noBrowser)("what may be asked for next, laid out ahead", () => {
  const page = openPage("review");
  const post = (message: unknown): Promise<void> => hand(page(), message);
  const show = (n: number, more: Parameters<typeof state>[1] = {}, of: Partial<ReviewItem> = {}) =>
    post({ type: "state", state: state(one(n, of), more) });
  const shows = (n: number) =>
    page()
      .locator(".problem .origin", { hasText: `p${n}` })
      .waitFor();
  const ahead = async (n: number, of: Partial<ReviewItem> = {}): Promise<void> => {
    await post({ type: "prefetch", item: one(n, of) });
    await page().locator(`${KEPT} .step`).first().waitFor({ state: "attached" });
  };

  it("shows on the key what was laid out before it, as the host says it is now", async () => {
    await show(1);
    await shows(1);
    await ahead(2);
    await page().evaluate((kept) => {
      const formula = document.querySelector(`${kept} .step .katex`);
      if (formula) formula.id = "laid-out-ahead";
    }, KEPT);
    await show(2, {}, { verdict: "unscored", mine: { ratings: {}, labels: [], firstWrong: 2 } });
    await shows(2);
    // The very formula: it was not set again.
    await page().locator(".solution .step:first-child #laid-out-ahead").waitFor();
    await page().locator(".solution .chip:has-text('unscored')").waitFor();
    await page().locator(".solution .step.wrong .number:text-is('2')").waitFor();
    expect(await page().locator(".solution").count()).toBe(1);
  });

  it("goes back to the item before in the same way", async () => {
    await show(1);
    await shows(1);
    await page().evaluate(() => {
      const formula = document.querySelector(".solution .step .katex");
      if (formula) formula.id = "shown-before";
    });
    await show(2);
    await shows(2);
    expect(await page().locator(".solution #shown-before").count()).toBe(0);
    await show(1);
    await shows(1);
    await page().locator(".solution .step:first-child #shown-before").waitFor();
  });

  it("draws all steps of what is shown in the end, none beyond the screen of what is not", async () => {
    await show(1);
    await page().waitForFunction((n) => document.querySelectorAll(".solution .step").length === n, STEPS);
    await ahead(2);
    expect(await page().locator(`${KEPT} .step`).count()).toBeLessThan(STEPS);
    await show(2);
    await shows(2);
    await page().waitForFunction((n) => document.querySelectorAll(".solution .step").length === n, STEPS);
    await page().waitForFunction(
      ([kept, n]) => document.querySelectorAll(`${kept} .step`).length < Number(n),
      [KEPT, STEPS] as const,
    );
  });

  it("lets nobody find, read or reach what is not shown", async () => {
    await show(1);
    await shows(1);
    await ahead(2, { verdict: "truncated" });
    expect(await page().locator(`${KEPT} .chip:has-text('truncated')`).isVisible()).toBe(false);
    expect(await page().locator("main").ariaSnapshot()).not.toContain("truncated");
    const reached = await page().evaluate((kept) => {
      const all = [...document.querySelectorAll<HTMLElement>(`${kept} button`)];
      for (const button of all) button.focus();
      return [all.length, all.includes(document.activeElement as HTMLElement)];
    }, KEPT);
    expect(reached[0]).toBeGreaterThan(0);
    expect(reached[1]).toBe(false);
    const copied = await page().evaluate(() => {
      getSelection()?.selectAllChildren(document.body);
      const event = new ClipboardEvent("copy", { clipboardData: new DataTransfer(), bubbles: true });
      document.dispatchEvent(event);
      return event.clipboardData?.getData("text/plain");
    });
    expect(copied).toContain("{1x + 3}");
    expect(copied).not.toContain("{2x + 3}");
    await post({ type: "act", action: "find" });
    await page().locator(".find input").fill("Step 3:");
    await page().locator(".find .count:has-text('1 of 1')").waitFor();
  });

  it("keeps nothing of other rules: blind mode takes away what was read before it", async () => {
    await show(1);
    await shows(1);
    await ahead(2, { reason: "laid out before" });
    await show(1, { blind: true }, { hidden: true, verdict: null, reason: null });
    await page().waitForFunction(() => document.querySelectorAll(".columns").length === 1);
  });

  it("gives the focus to the page when its button goes with the item", async () => {
    await show(1);
    await shows(1);
    await page().locator(".solution button:has-text('why')").focus();
    await show(2);
    await shows(2);
    await page().waitForFunction(() => document.activeElement?.localName === "main");
  });
});
