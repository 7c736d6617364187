import { describe, expect, it } from "vitest";
import { item, solution, state } from "./review.fixture.js";
import { hand, noBrowser, openPage } from "./webview.fixture.js";

const nested = (open: string, depth: number, close = "}"): string =>
  `${open.repeat(depth)}x${close.repeat(depth)}`;

/** Each would run a browser out of stack, or make a box a million pixels wide or high. */
const TOO_MUCH = [
  nested("\\frac{1}{", 150),
  nested("\\sqrt{", 300),
  nested("^{", 200),
  nested("\\boxed{", 150),
  nested("\\widehat{", 150),
  nested("\\begin{matrix}", 60, "\\end{matrix}"),
  "\\kern{-100000em}x",
  "\\hspace{-100000em}x",
  "\\mkern{-9999999mu}x",
  "\\raisebox{-9999em}{x}",
  "\\def\\a{-99999em}\\kern\\a x",
];
const FINE = [
  nested("\\frac{1}{", 20),
  "\\kern{100000em}x",
  "\\rule{100000em}{100000em}",
  "a\\quad b\\!c\\hspace{-1em}d",
  `\\begin{matrix}${"1\\\\".repeat(60)}\\end{matrix}`,
];

describe.skipIf(noBrowser)("formulas beyond what can be laid out", () => {
  const page = openPage("review");
  const show = async (tex: string): Promise<{ source: string | null; width: number }> => {
    const shown = state(item({ solution: solution(`$${tex}$`) }));
    await hand(page(), { type: "state", state: shown });
    const step = page().locator(".solution .step errata-math").first();
    await step.locator(".math, .math-error").first().waitFor({ state: "attached" });
    return step.evaluate((element) => ({
      source: element.querySelector(".math-error")?.textContent ?? null,
      width: element.querySelector(".katex-html")?.scrollWidth ?? 0,
    }));
  };

  it.each(TOO_MUCH)("%s is shown as its source", async (tex) => {
    expect((await show(tex)).source).toBe(tex);
  });

  it.each(FINE)("%s is typeset", async (tex) => {
    const { source, width } = await show(tex);
    expect(source).toBeNull();
    expect(width).toBeLessThan(50_000);
  });
});
