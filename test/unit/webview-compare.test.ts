import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { CompareFromView } from "../../src/protocol/compare-panel.js";
import type { Comparison } from "../../src/protocol/comparison.js";
import type { Verdict } from "../../src/protocol/types.js";
import { attempts, compared, looks } from "./compare.fixture.js";
import { hand, kept, noBrowser, openPage } from "./webview.fixture.js";

describe.skipIf(noBrowser)("the Compare page in a browser", () => {
  const opened = openPage("compare");
  let page: Page;
  beforeEach(() => {
    page = opened();
  });

  const post = (message: unknown) => hand(page, message);
  const show = async (comparison: Comparison): Promise<void> => {
    await post({ type: "comparison", comparison });
    await page.waitForSelector("[role=tab]");
  };
  const sent = () =>
    page.evaluate("sent") as Promise<(CompareFromView | { type: "forwarded"; key: string })[]>;
  const tab = (name: string) => page.getByRole("tab", { name });
  const open = async (): Promise<void> => {
    await show(compared());
    await tab("Fixed").click();
    await page.locator("tr.open").first().click();
    const verdicts: Verdict[] = ["incorrect", "incorrect", "correct", "incorrect"];
    await post({
      type: "attempts",
      attempts: {
        problemRowId: 1,
        a: attempts(1, ["incorrect", "incorrect", "incorrect", "incorrect"]),
        b: attempts(1, verdicts, 1000),
      },
    });
    await page.waitForSelector(".side .steps");
  };

  it("labels both protocols, states the seed, and violates nothing of its policy", async () => {
    await show(compared([{ looks: looks("incorrect") }, { looks: looks("correct") }]));
    expect(await page.locator("header").textContent()).toContain("seed 7 for both");
    expect(await page.locator(".top .chip").textContent()).toBe("oracle-gated");
    await tab("Second look").click();
    expect(await page.locator("[role=tabpanel] .chip").allTextContents()).toEqual(["intrinsic", "intrinsic"]);
    const delta = page.locator("[role=tabpanel] tr", { hasText: "Acc@t2 − Acc@t1" });
    expect(await delta.locator("td").nth(1).textContent()).toMatch(/^\s*1\s/);
    await tab("First attempts").click();
    expect(await page.locator(".histogram rect").count()).toBe(12);
    expect(await page.locator(".migration td b").allTextContents()).toEqual([
      ...["0", "0", "1"],
      ...["0", "1", "0"],
      ...["0", "0", "1"],
    ]);
    expect(await page.evaluate("violations")).toEqual([]);
  });

  it("says what was not measured, and offers to", async () => {
    await show(compared());
    await tab("Verification").click();
    await page.getByText("Measure…").click();
    expect((await sent()).at(-1)).toEqual({ type: "measure" });
  });

  it("walks its tabs with the arrow keys", async () => {
    await show(compared());
    await tab("Fixed").focus();
    await tab("Fixed").click();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("[role=tab][aria-selected=true]").textContent()).toContain("First attempts");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator("[role=tab][aria-selected=true]").textContent()).toContain("Verification");
  });

  it("opens both models' attempts side by side, each at one that tells why", async () => {
    await open();
    expect((await sent()).filter(({ type }) => type === "attempts")).toEqual([
      { type: "attempts", problemRowId: 1 },
    ]);
    expect(await page.locator(".side .line .chip").allTextContents()).toEqual(["incorrect", "correct"]);
    expect(await page.locator(".side .chips .here").allTextContents()).toEqual([
      expect.stringMatching(/^\s*1\s*$/),
      expect.stringMatching(/^\s*3\s*$/),
    ]);
    expect(await page.locator(".side").first().textContent()).toContain("0 of 4 right");
    expect(await page.locator(".side .step .katex").count()).toBeGreaterThan(4);
    expect(await page.locator(".side").nth(1).locator(".step", { hasText: "first difference" }).count()).toBe(
      1,
    );
  });

  it("goes through attempts, sides and problems by key, and forwards none of them", async () => {
    await open();
    const here = () => page.locator(".side .chips .here").allTextContents();
    const at = async () => (await here()).map((text) => Number(text));
    await page.keyboard.press("ArrowRight");
    expect(await at()).toEqual([2, 3]);
    await page.keyboard.press("2");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    expect(await at()).toEqual([2, 4]);
    await page.keyboard.press("r");
    expect(await page.locator(".side .katex").count()).toBe(0);
    await page.keyboard.press("o");
    const review = (await sent()).find(({ type }) => type === "open");
    expect(review).toMatchObject({ attemptIds: [1013, 1010, 1011, 1012, 10, 11, 12, 13] });
    await page.keyboard.press("j");
    expect((await sent()).at(-1)).toEqual({ type: "attempts", problemRowId: 3 });
    expect((await kept<{ problem?: number }>(page)).problem).toBe(3);
    await page.keyboard.press("Escape");
    await page.waitForSelector("[role=tab]");
    expect(await page.evaluate("document.activeElement.dataset.problem")).toBe("3");
    expect(await kept(page)).not.toHaveProperty("problem");
    expect((await sent()).filter(({ type }) => type === "forwarded")).toEqual([]);
  });

  it("reflows when narrow, without a page that scrolls sideways", async () => {
    await page.setViewportSize({ width: 420, height: 800 });
    await open();
    const tops = await page
      .locator(".side")
      .evaluateAll((sides) => sides.map((side) => side.getBoundingClientRect().left));
    expect(new Set(tops).size).toBe(1);
    await page.keyboard.press("Escape");
    await page.waitForSelector("[role=tab]");
    for (const name of ["First attempts", "Reflection"]) {
      await tab(name).click();
      expect(await page.evaluate("document.querySelector('main').scrollWidth <= innerWidth")).toBe(true);
    }
    await page.setViewportSize({ width: 1280, height: 720 });
  });
});
