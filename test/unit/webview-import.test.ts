import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { ImportMemory, ImportState } from "../../src/protocol/import.js";
import {
  barred,
  goldWords,
  importWords,
  isStored,
  size,
  stem,
  storedWords,
  troubleWords,
} from "../../webview/import/words.js";
import { importState, LOG, OWN } from "./import.fixture.js";
import { hand, kept, noBrowser, openPage } from "./webview.fixture.js";

describe("what the Import page says", () => {
  it("the button says what it would do, and no figure while it is counted", () => {
    expect(importWords(LOG)).toBe("Import 10,552 Attempts");
    expect(importWords({ ...LOG, attempts: 1 })).toBe("Import 1 Attempt");
    expect(importWords({ ...LOG, complete: false })).toBe("Import");
    expect(importWords({ ...LOG, attempts: 0 })).toBeNull();
    expect(importWords({ ...LOG, stored: { attempts: 4000, complete: false } })).toBe(
      "Go On: 6,552 More Attempts",
    );
    expect(importWords({ ...LOG, complete: false, stored: { attempts: 4000, complete: false } })).toBe(
      "Go On",
    );
    expect(importWords({ ...LOG, stored: { attempts: 10_552, complete: true } })).toBeNull();
  });

  it("a file that was imported whole and has grown since is gone on with", () => {
    const grown = { ...LOG, stored: { attempts: 10_000, complete: true } };
    expect(isStored(grown)).toBe(false);
    expect(importWords(grown)).toBe("Go On: 552 More Attempts");
    expect(storedWords(grown)).toContain("has grown");
    expect(storedWords({ ...LOG, stored: { attempts: 10_552, complete: true } })).toContain("add nothing");
    expect(storedWords(LOG)).toBeNull();
  });

  it("says why nothing can be imported", () => {
    expect(barred(importState({ preview: LOG }))).toBeNull();
    expect(barred(importState({ preview: LOG, readOnly: "Restricted Mode" }))).toBe("Restricted Mode");
    expect(barred(importState({ preview: null }))).toContain("being read");
    const unnamed = {
      ...OWN,
      trouble: "(--map text=COLUMN)",
      mapping: { columns: ["a"], chosen: { problem: "a" } },
    };
    expect(barred(importState({ preview: unnamed }))).toContain("No column looks like a solution");
    expect(troubleWords({ ...unnamed, mapping: { columns: ["a"], chosen: { text: "a" } } })).toContain(
      "problems",
    );
    expect(troubleWords({ ...LOG, trouble: "as it is" })).toBe("as it is");
  });

  it("how attempts without a gold answer are judged", () => {
    expect(goldWords(LOG)).toBeNull();
    expect(goldWords({ ...LOG, withoutGold: 1 })).toBe(
      "1 attempt has no gold answer: their own score is their verdict.",
    );
    expect(goldWords({ ...LOG, withoutGold: LOG.attempts, scores: [] })).toBe(
      "No attempt has a gold answer: they stay unscored.",
    );
    expect(goldWords({ ...LOG, withoutGold: 12, complete: false })).toMatch(/^At least 12 attempts have/);
  });

  it("sizes and names", () => {
    expect([0, 812, 1400, 999_600, 48_200_000, 2e9].map(size)).toEqual([
      ...["0 B", "812 B", "1.4 kB", "1 MB", "48 MB", "2 GB"],
    ]);
    expect(["/w/a.b.jsonl", "C:\\w\\a.csv", "/w/.eval", "/w/none"].map(stem)).toEqual([
      ...["a.b", "a", ".eval", "none"],
    ]);
  });
});

describe.skipIf(noBrowser)("the Import page in a browser", () => {
  const opened = openPage("import");
  let page: Page;
  beforeEach(() => {
    page = opened();
  });

  const names = { set: "", model: "" };
  const show = async (more: Partial<ImportState> = {}, from = LOG): Promise<void> => {
    const state = importState({ names, file: from.file, preview: from, ...more });
    await hand(page, { type: "state", state });
    await page.waitForSelector("errata-import header");
    await page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
  };
  const sent = async (): Promise<Record<string, unknown>[]> =>
    ((await page.evaluate("sent")) as Record<string, unknown>[]).filter(({ type }) => type !== "forwarded");
  const text = async (selector: string): Promise<string> =>
    ((await page.locator(selector).textContent()) ?? "").replace(/\s+/g, " ").trim();

  it("says what was found and imports nothing before it is told to, by keyboard", async () => {
    await show();
    expect(await text("header")).toContain("lm-evaluation-harness samples · 48 MB");
    const found = await text("main");
    for (const words of [
      "1,319",
      "10,552",
      "doc.question",
      "flexible-extract",
      "10,555",
      "Qwen/Qwen2.5",
      "Not taken: doc_hash.",
    ])
      expect(found).toContain(words);
    await page.locator("summary").first().click();
    expect(await text("details[open]")).toContain("The first: line 1320");
    expect(await sent()).toEqual([{ type: "ready" }]);
    await page.locator("vscode-button", { hasText: "Import 10,552 Attempts" }).focus();
    await page.keyboard.press("Enter");
    expect(await sent()).toEqual([{ type: "ready" }, { type: "import" }]);
    expect(await page.evaluate("violations")).toEqual([]);
  });

  it("shows the first attempts as they will look, one after the other, and raw", async () => {
    await show();
    expect(await page.locator(".first .step").count()).toBe(4);
    expect(await page.locator(".first .step .katex").count()).toBeGreaterThan(3);
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    expect(await text(".first .at")).toBe("2 of 2");
    expect(await text(".first .problem")).toContain("A robe takes");
    expect((await kept<ImportMemory>(page)).at).toBe(1);
    await page.keyboard.press("r");
    await page.waitForSelector(".first .step errata-math.raw");
    await page.keyboard.press("k");
    expect(await text(".first .at")).toBe("1 of 2");
  });

  it("columns are chosen with proposals marked; what is chosen is sent and kept for a reload", async () => {
    await show({}, OWN);
    expect(await page.locator(".column", { hasText: "proposed" }).count()).toBe(4);
    await page.getByLabel("Gold answer").selectOption("step");
    await page.getByLabel("Its own score").selectOption("");
    expect((await sent()).slice(1)).toEqual([
      { type: "mapping", mapping: { gold: "step" } },
      { type: "mapping", mapping: { gold: "step", score: "" } },
    ]);
    // What cannot be a choice stays as the host says it.
    expect(await page.getByLabel("Problem’s id").count()).toBe(0);
    await page.getByRole("button", { name: "More" }).click();
    await page.getByLabel("Problem’s id").selectOption("split");
    const chosen = { gold: "step", score: "", id: "split" };
    await show({ preview: { ...OWN, mapping: { columns: OWN.mapping?.columns ?? [], chosen } } });
    expect(await page.locator(".column", { hasText: "proposed" }).count()).toBe(0);
    expect(await kept(page)).toEqual({
      ...{ file: LOG.file, mapping: chosen, set: null, model: null, companion: null, problems: null, at: 0 },
    });
    await page.reload();
    await page.waitForFunction("sent.some((m) => m.type === 'ready')");
    await show({}, OWN);
    expect(await page.locator(".column", { hasText: "proposed" }).count()).toBe(2);
  });

  it("names are asked for where the log has none", async () => {
    await show();
    expect(await page.getByLabel("Model").count()).toBe(0);
    await page.getByLabel("Problem set").fill("gsm8k");
    await page.keyboard.press("Enter");
    expect((await sent()).at(-1)).toEqual({ type: "names", set: "gsm8k", model: null });
    // A key of the page is a letter in a field.
    await page.getByLabel("Problem set").press("r");
    expect(await page.locator("errata-math.raw").count()).toBe(0);
    await show({}, OWN);
    await page.locator("#model").fill("mine");
    await page.locator("#model").blur();
    expect((await sent()).at(-1)).toMatchObject({ type: "names", model: "mine" });
    await show({ preview: { ...OWN, stored: { attempts: 5, complete: false } } });
    expect(await page.locator("#set").count()).toBe(0);
  });

  it("a missing column is asked for, and problems alone can be sampled", async () => {
    const mapping = { columns: ["question", "answer"], chosen: { problem: "question" } };
    const none = { attempts: 0, problems: 0, groups: 0, first: [], models: [] };
    await show({ preview: { ...OWN, ...none, mapping, trouble: "no solutions" } }, OWN);
    expect(await text("[role=alert]")).toContain("No column looks like a solution");
    expect(await page.locator("select[aria-invalid=true]").count()).toBe(1);
    expect(await page.locator("header vscode-button").getAttribute("disabled")).not.toBeNull();
    await page.locator("vscode-button", { hasText: "Sample These Problems…" }).click();
    expect((await sent()).at(-1)).toEqual({ type: "sample" });
    const trouble = { message: "The requests are missing.", advice: "Name them.", code: "needs-requests" };
    await show({ preview: null, trouble });
    await page.locator("vscode-button", { hasText: "Choose the Requests…" }).click();
    expect((await sent()).at(-1)).toEqual({ type: "companion" });
  });

  it("attempts without gold answers can be given a problem set, until some of them are stored", async () => {
    const ask = page.locator("vscode-button", { hasText: "Choose the Problem Set…" });
    await show({ preview: { ...LOG, withoutGold: 3 } });
    await ask.click();
    expect((await sent()).at(-1)).toEqual({ type: "problems" });
    await show({ preview: { ...LOG, withoutGold: 3, stored: { attempts: 2, complete: false } } });
    expect(await ask.count()).toBe(0);
  });

  it("goes on while it is imported, can be cancelled, and ends in words", async () => {
    await show({}, OWN);
    await show({ progress: { done: 4320, total: 10_552, stage: "Importing", secondsLeft: 21 } }, OWN);
    expect(await text(".meter")).toBe("Importing 4,320 of 10,552 · 21 s left");
    expect(
      await page.locator("progress").evaluate((bar) => (bar as HTMLProgressElement).position),
    ).toBeCloseTo(4320 / 10_552);
    expect(await page.locator("select:not([disabled]), input:not([disabled])").count()).toBe(0);
    await page.locator("vscode-button", { hasText: "Cancel" }).click();
    expect((await sent()).at(-1)).toEqual({ type: "cancel" });
    await show({ progress: { done: 0, total: null, stage: "Starting" } });
    expect(await text(".meter")).toBe("Starting");
    expect(await page.locator("progress").getAttribute("value")).toBeNull();
    await show({
      ended: { words: "Cancelled.", ok: false },
      preview: { ...LOG, stored: { attempts: 4320, complete: false } },
    });
    expect(await text(".callout.warn")).toBe("Cancelled.");
    await page.locator("vscode-button", { hasText: "Go On: 6,232 More Attempts" }).click();
    expect((await sent()).at(-1)).toEqual({ type: "import" });
    await show({ ended: { words: "Imported 10,552 attempts.", ok: true } });
    expect(await text("[role=status]")).toBe("Imported 10,552 attempts.");
    await page.locator("vscode-button", { hasText: "Show Error Pool" }).click();
    expect((await sent()).at(-1)).toEqual({ type: "showPool" });
  });

  it("a file that cannot be read says why, and can be read again", async () => {
    await show({
      preview: null,
      trouble: { message: "a.parquet ends too early.", advice: "Copy it again." },
    });
    expect(await text("[role=alert]")).toContain("ends too early. Copy it again.");
    expect(await page.locator("header vscode-button").count()).toBe(0);
    await page.locator("vscode-button", { hasText: "Read It Again" }).click();
    expect((await sent()).at(-1)).toEqual({ type: "again" });
  });

  it("where nothing may be written it is looked at all the same, and says why nothing is imported", async () => {
    await show({ readOnly: "This workspace is in Restricted Mode." });
    expect(await text("main")).toContain("Restricted Mode");
    expect(await page.locator(".first .step").count()).toBe(4);
    expect(await page.locator("header vscode-button").getAttribute("disabled")).not.toBeNull();
  });
});
