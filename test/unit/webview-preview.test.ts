import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  contextWords,
  countMask,
  maskSentence,
  type PreviewToView,
  tooLong,
} from "../../src/protocol/run-preview.js";
import { item, outline } from "./preview.fixture.js";
import { hand, kept, noBrowser, openPage } from "./webview.fixture.js";

it("sentences say how many tokens get what, and which way", () => {
  const [part] = item(1).parts;
  const [right, wrong] = part?.cases ?? [];
  if (!part || !right || !wrong) throw new Error("no part");
  expect(countMask(right.classes)).toEqual({ said: 6, reward: 4, klAlone: 0, nothing: 2 });
  expect(maskSentence(part, right)).toBe("4 of 6 tokens get the reward: they become likelier.");
  expect(maskSentence(part, wrong)).toBe("No token gets the reward; 4 are only held to the base model (KL).");
  expect(maskSentence({ stage: "supervised" }, right)).toBe("4 of 6 tokens learn: they become likelier.");
});

it("says whether prompts and turns fit the model's context", () => {
  const fit = { prompt: 72, completion: 110, context: 256, turns: 1 };
  expect(contextWords(fit)).toBe("longest prompt 72 + 110 new = 182 tokens of the model's 256");
  expect(contextWords({ ...fit, turns: 2 })).toContain(
    "= 292 tokens at most, and the model holds 256: episodes end",
  );
  expect([tooLong(fit), tooLong({ ...fit, prompt: 147 }), tooLong({ ...fit, context: null })]).toEqual([
    ...[false, true, false],
  ]);
});

describe.skipIf(noBrowser)("the Run Preview page in a browser", () => {
  const opened = openPage("preview");
  let page: Page;
  beforeEach(() => {
    page = opened();
  });

  const post = (message: PreviewToView) => hand(page, message);
  const sent = () => page.evaluate("sent") as Promise<Record<string, unknown>[]>;
  const show = async (): Promise<void> => {
    await post({ type: "outline", outline });
    const fit = { prompt: 72, completion: 110, context: 256, turns: 1 };
    await post({ type: "masks", masks: { fit, items: [item(7), item(8)] }, source: "run" });
    await page.waitForSelector(".tokens .token.b");
  };
  const text = async (selector: string): Promise<string> =>
    ((await page.locator(selector).textContent()) ?? "").replace(/\s+/g, " ").trim();
  const classesOf = () =>
    page.locator(".tokens .token").evaluateAll((all) => all.map((one) => one.className.split(" ")[1]));

  it("shows what the run does and takes before the trainer has answered", async () => {
    await post({ type: "outline", outline });
    await page.waitForSelector("vscode-progress-ring");
    const shown = await text("main");
    for (const words of ["57", "errors to reflect on", "4 on a problem that is not in", "do not last"])
      expect(shown).toContain(words);
    await page.locator("vscode-button", { hasText: "Start Run" }).click();
    expect(await sent()).toContainEqual({ type: "start" });
  });

  it("colours tokens by their class, under either verdict, and violates nothing of its policy", async () => {
    await show();
    expect(await classesOf()).toEqual([..."tbbbbnn"]);
    await page.keyboard.press("x");
    expect(await classesOf()).toEqual([..."tkkkknn"]);
    expect(await text(".legend")).toBe("token KL onlytoken nothingtoken told");
    expect(await text(".says")).toContain("No token gets the reward");
    await page.locator("[role=tab]", { hasText: "Trial and error" }).click();
    expect(await classesOf()).toEqual([..."tr"]);
    // Every class has a line of its own below it, not a colour alone.
    const styles = await page.evaluate(() =>
      ["n", "r", "b", "k"].map((letter) => {
        const chip = document.createElement("span");
        chip.className = `token ${letter}`;
        document.querySelector(".tokens")?.append(chip);
        return getComputedStyle(chip).borderBottomStyle;
      }),
    );
    expect(new Set(styles).size).toBe(4);
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(await page.evaluate("violations")).toEqual([]);
  });

  it("goes from item to item by keys, keeps the stage, and remembers where it was", async () => {
    await show();
    await page.keyboard.press("p");
    await page.keyboard.press("j");
    expect(await text(".at")).toBe("2 of 2");
    expect(await text("[role=tab][aria-selected=true]")).toBe("Trial and error");
    await page.keyboard.press("j");
    expect(await text(".at")).toBe("2 of 2");
    expect(await kept(page)).toEqual({ file: outline.file, item: 1, part: 1, when: "correct" });
    await page.locator("button", { hasText: "Attempt 8" }).click();
    expect(await sent()).toContainEqual({ type: "open", attempt: 8 });
  });

  it("says what a token is on hover, and shows a part of a character by its bytes", async () => {
    await show();
    const split = page.locator(".token.bytes");
    expect(await text(".token.bytes")).toBe("E2 88");
    expect(await split.getAttribute("title")).toContain("token 42, bytes E2 88 of a character");
    expect(await page.locator(".tokens .token.b").first().getAttribute("title")).toContain(
      "held to the base model",
    );
  });

  it("says why there is no mask preview and offers what mends it; a recipe that cannot run cannot be started", async () => {
    await post({ type: "outline", outline });
    const mends = [{ title: "Set Up Training", command: "errata.setUpTraining" }];
    const trouble = { message: "No Python was found.", hint: "Set it up once.", mends };
    await post({ type: "trouble", trouble, source: "run" });
    await page.locator(".trouble vscode-button").click();
    expect(await sent()).toContainEqual({ type: "mend", command: "errata.setUpTraining" });
    await post({ type: "refused", trouble: { ...trouble, message: "no such model" }, file: outline.file });
    await page.waitForSelector("[role=alert]");
    expect(
      await page.locator("vscode-button", { hasText: "Start Run" }).getAttribute("disabled"),
    ).not.toBeNull();
  });
});
