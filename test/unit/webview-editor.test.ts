import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import { installationFolder } from "../../src/protocol/paths.js";
import type { ReviewFromView, ReviewItem, ReviewState } from "../../src/protocol/review.js";
import type { Grade } from "../../src/protocol/types.js";
import { Drafts } from "../../webview/review/draft.js";
import { Rows } from "../../webview/review/rows.js";
import { item, solution, state } from "./review.fixture.js";
import { THEMES, wear } from "./theme.fixture.js";
import { hand, noBrowser, openPage } from "./webview.fixture.js";

const axe = readFileSync(join(installationFolder(), "node_modules/axe-core/axe.min.js"), "utf8");
const FAILED = "$2x=26$\n$x=13$\n\\boxed{13}";
const MODELS = "$2x=20$\n$x=10$\n\\boxed{10}";
const reflected = (more: Partial<ReviewItem> = {}): ReviewItem =>
  item({
    solution: solution(FAILED),
    reflection: {
      ...{ id: 1, modelId: "base", text: "…", parsed: true, analysis: "Line 1.", count: 1, fixed: 1 },
      ...{ corrected: solution(MODELS), verdict: "correct", reason: "the same number" },
    },
    ...more,
  });
const grade = (more: Partial<Grade> = {}): Grade => ({
  ...{ verdict: "correct", answer: "10", span: null, reason: "the same number" },
  ...more,
});

describe.skipIf(noBrowser)("the correction editor in a browser", () => {
  const opened = openPage("review", { width: 1100, height: 800 });
  let page: Page;
  beforeEach(() => {
    page = opened();
  });

  const send = (message: unknown): Promise<void> => hand(page, message);
  /** The page's policy forbids it to poll a string itself. */
  const until = (truth: string): Promise<void> => expect.poll(() => page.evaluate(truth)).toBe(true);
  /** By the page's own clock, in whose order its timers run: what it was going to do after a key is done. */
  const settled = (): Promise<void> => page.evaluate(() => new Promise((done) => setTimeout(done, 700)));
  const edit = async (shown = reflected(), more: Partial<ReviewState> = {}): Promise<void> => {
    await send({ type: "state", state: state(shown, more) });
    await page.waitForSelector(".problem");
    await page.locator("main").focus();
    await page.keyboard.press("e");
    await page.waitForSelector(".dock .field", { state: "attached" });
  };
  const sent = async <T extends ReviewFromView["type"]>(type: T) =>
    ((await page.evaluate("sent")) as ReviewFromView[]).filter(
      (m): m is Extract<ReviewFromView, { type: T }> => m.type === type,
    );
  const value = (): Promise<string> =>
    page.evaluate("document.querySelector('.dock .field').value") as Promise<string>;
  const steps = (): Promise<string[]> =>
    page.locator(".preview .step .number").evaluateAll((all) => all.map((n) => n.textContent ?? ""));
  const beside = (words: string): Promise<void> =>
    page.locator(`.dock .switch button:has-text("${words}")`).click();

  it("begins with the model's correction, typeset beside its source", async () => {
    await edit();
    expect(await value()).toBe(MODELS);
    expect(await steps()).toEqual(["1", "2", "3"]);
    expect(await page.locator(".preview .katex").count()).toBe(3);
    const [source, preview] = await Promise.all(
      [".dock .field", ".dock .preview"].map((place) => page.locator(place).boundingBox()),
    );
    expect(preview?.x).toBeGreaterThanOrEqual((source?.x ?? 0) + (source?.width ?? 0));
    expect(Math.abs((preview?.y ?? 0) - (source?.y ?? 99))).toBeLessThan(2);
    // Narrow, they stand one above the other.
    await page.setViewportSize({ width: 480, height: 800 });
    const below = await page.locator(".dock .preview").boundingBox();
    const above = await page.locator(".dock .field").boundingBox();
    expect(below?.y).toBeGreaterThanOrEqual((above?.y ?? 0) + (above?.height ?? 0));
    expect(await page.evaluate("document.body.scrollWidth <= innerWidth")).toBe(true);
    await page.setViewportSize({ width: 1100, height: 800 });
    expect(await page.evaluate("violations")).toEqual([]);
  });

  it("typesets what is typed, and leaves every other step as it stands", async () => {
    await edit();
    await page.evaluate(() => {
      for (const step of document.querySelectorAll(".preview .step")) step.setAttribute("data-old", "");
    });
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.type("Since $a=1$,");
    await until("document.querySelectorAll('.preview .step').length === 4");
    expect(await steps()).toEqual(["1", "2", "3", "4"]);
    await page.waitForSelector(".preview .step:first-child .katex");
    expect(await page.locator(".preview .step[data-old]").count()).toBe(3);
    // The step that is being written is marked.
    expect(await page.locator(".preview .step.cursor .number").textContent()).toBe("1");
  });

  it("forwards none of what is typed to VS Code's keys", async () => {
    await edit();
    await page.keyboard.type("jxa1 e?/");
    const forwarded = ((await page.evaluate("sent")) as { type: string; key?: string }[]).filter(
      (m) => m.type === "forwarded",
    );
    expect(forwarded.map((m) => m.key)).toEqual(["e"]);
    expect(await value()).toContain("jxa1 e?/");
  });

  it("shows what changed, word by word, against the failed solution and against the model's", async () => {
    await edit();
    await beside("vs. failed");
    expect(await page.locator(".difference .source del").allTextContents()).toEqual(
      ["26", "13", "13"].map((text) => ` removed: ${text} end. `),
    );
    expect(await page.locator(".difference .source ins").allTextContents()).toEqual(
      ["20", "10", "10"].map((text) => ` added: ${text} end. `),
    );
    const line = (tag: string): Promise<string> =>
      page
        .locator(`.difference .source ${tag}`)
        .first()
        .evaluate((e) => getComputedStyle(e).textDecorationLine);
    expect([await line("ins"), await line("del")]).toEqual(["underline", "line-through"]);
    await beside("vs. model");
    expect(await page.locator(".difference").textContent()).toContain("The same text");
    await page.locator(".dock .field").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\nso");
    const added = page.locator(".difference .source ins");
    await expect.poll(() => added.allTextContents()).toEqual([" added: ↵ end. ", " added: so end. "]);
  });

  it("asks the grader once a person pauses, and forgets an answer about an earlier text", async () => {
    await edit();
    await until("sent.some((m) => m.type === 'grade')");
    expect((await sent("grade")).map((m) => m.text)).toEqual([MODELS]);
    await page.keyboard.press("Control+End");
    await page.keyboard.type("\n$x=1$");
    const text = `${MODELS}\n$x=1$`;
    await expect
      .poll(async () => (await sent("grade")).at(-1))
      .toEqual({ type: "grade", attemptId: 1, text });
    await send({ type: "graded", attemptId: 1, text: MODELS, grade: grade({ answer: "stale" }) });
    await page.waitForSelector(".grade.stale");
    expect(await page.locator(".grade").textContent()).toContain("grading…");
    await send({
      type: "graded",
      attemptId: 1,
      text,
      grade: grade({ verdict: "incorrect", answer: "1", reason: "1 is not 10" }),
    });
    await page.waitForSelector(".grade:not(.stale) .chip");
    const said = await page.locator(".grade").textContent();
    expect(said).toContain("incorrect");
    expect(said).toContain("1 is not 10");
    await page.keyboard.type("0");
    await page.waitForSelector(".grade.stale");
  });

  it("marks in the preview what the grader read", async () => {
    await edit();
    await send({ type: "graded", attemptId: 1, text: MODELS, grade: grade({ span: [8, 15] }) });
    await page.waitForSelector(".preview .step:nth-child(2) .answer-read");
  });

  it("asks nothing in blind mode, where a verdict would tell the gold answer, nor in Restricted Mode", async () => {
    await edit(reflected({ hidden: true }));
    await page.keyboard.type("1");
    await settled();
    expect(await page.locator(".grade").textContent()).toContain("once you have judged");
    await page.keyboard.press("Escape");
    await edit(reflected({ attemptId: 2 }), { readOnly: "Restricted Mode" });
    await page.keyboard.type("1");
    await settled();
    expect(await value()).toBe(MODELS);
    expect(await sent("grade")).toEqual([]);
    await page.keyboard.press("Control+Enter");
    expect(await sent("text")).toEqual([]);
    expect(await page.locator(".dock vscode-button[disabled]").count()).toBe(2);
  });

  it("saves the text as it stands and goes on with Ctrl+Enter, however soon", async () => {
    await edit();
    await page.evaluate(() => {
      const field = document.querySelector(".dock .field")?.shadowRoot?.querySelector("textarea");
      field?.setSelectionRange(0, field.value.length);
      document.execCommand("insertText", false, "$x=9$");
      field?.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, composed: true }),
      );
    });
    expect(await sent("text")).toEqual([
      { type: "text", field: "correction", attemptId: 1, text: "$x=9$", goOn: true },
    ]);
    expect(await page.locator(".dock").count()).toBe(0);
  });

  it("keeps the draft when it is left with Escape, and after a reload of the window", async () => {
    await edit();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("$x=2$");
    await page.keyboard.press("Escape");
    expect(await page.locator(".dock").count()).toBe(0);
    expect(await sent("text")).toEqual([]);
    await page.keyboard.press("e");
    expect(await value()).toBe("$x=2$");
    await page.keyboard.type("3");
    await expect
      .poll(async () => (await sent("unsaved")).at(-1))
      .toEqual({ type: "unsaved", name: "edit 1", text: "$x=2$3" });
    await page.reload();
    await until("sent.some((m) => m.type === 'ready')");
    await send({ type: "unsaved", texts: [["edit 1", "$x=2$3"]] });
    await edit();
    expect(await value()).toBe("$x=2$3");
    await page.keyboard.press("Control+Enter");
    expect(await sent("text")).toHaveLength(1);
    // It is a draft until the host has stored it.
    expect(await sent("unsaved")).toEqual([]);
    await send({ type: "stored", field: "correction", attemptId: 1, text: "$x=2$3", ok: true });
    await expect.poll(() => sent("unsaved")).toEqual([{ type: "unsaved", name: "edit 1", text: null }]);
  });

  it("hands the draft to the host at once when the window loses the focus, though its key was not followed yet", async () => {
    await edit();
    await page.evaluate(() => {
      const field = document.querySelector(".dock .field")?.shadowRoot?.querySelector("textarea");
      field?.setSelectionRange(0, field.value.length);
      document.execCommand("insertText", false, "$x=5$");
      window.dispatchEvent(new Event("blur"));
    });
    expect(await sent("unsaved")).toEqual([{ type: "unsaved", name: "edit 1", text: "$x=5$" }]);
  });

  it("gives the draft back when it could not be stored, says so, and takes no keys for it", async () => {
    await edit();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("$x=4$");
    await page.keyboard.press("Control+Enter");
    expect(await page.locator(".dock").count()).toBe(0);
    await send({ type: "stored", field: "correction", attemptId: 1, text: "$x=4$", ok: false });
    await page.getByText("could not be stored").waitFor();
    expect(await value()).toBe("$x=4$");
    expect(await page.evaluate("document.activeElement.localName")).toBe("main");
    await page.keyboard.press("e");
    await page.keyboard.press("Control+Enter");
    expect(await sent("text")).toHaveLength(2);
    await send({ type: "stored", field: "correction", attemptId: 1, text: "$x=4$", ok: true });
    await page.keyboard.press("e");
    expect(await value()).toBe(MODELS);
    expect(await page.getByText("could not be stored").count()).toBe(0);
  });

  it("starts from either text again, and the browser's undo takes it back", async () => {
    await edit();
    await page.keyboard.type("!");
    await page.locator(".dock .link:has-text('failed solution')").click();
    expect(await value()).toBe(FAILED);
    await page.keyboard.press("Control+z");
    expect(await value()).toBe(`${MODELS}!`);
    await page.locator(".dock .link:has-text('model’s')").click();
    expect(await value()).toBe(MODELS);
  });

  it("hands the draft to an editor of its own, follows it there, and takes no keys meanwhile", async () => {
    await edit();
    await page.keyboard.press("Control+End");
    await page.keyboard.type("!");
    await page.locator(".dock vscode-button:has-text('Open in an editor')").click();
    expect(await sent("openCorrection")).toEqual([
      { type: "openCorrection", attemptId: 1, text: `${MODELS}!` },
    ]);
    await send({ type: "draft", attemptId: 1, text: "$y=1$\n$y=2$" });
    await until("document.querySelectorAll('.preview .step').length === 2");
    await until("sent.some((m) => m.type === 'grade' && m.text.includes('y=2'))");
    // The source stands there alone; here is what comes of it.
    expect(await page.locator(".dock .field").isVisible()).toBe(false);
    await page.locator(".dock .preview").click();
    await page.keyboard.type("9");
    await page.keyboard.press("Control+Enter");
    expect(await value()).toBe("$y=1$\n$y=2$");
    expect(await sent("text")).toEqual([]);
    // Another item, and back: it is still written there.
    await send({ type: "state", state: state(reflected({ attemptId: 2 })) });
    await until("document.querySelector('.dock') === null");
    await edit();
    expect(await value()).toBe("$y=1$\n$y=2$");
    await send({ type: "draft", attemptId: 1, text: null });
    await until("document.querySelector('.dock') === null");
    await page.locator("main").focus();
    await page.keyboard.press("e");
    expect(await value()).toBe(MODELS);
  });

  it("shows what is written in an editor of its own, not an older draft that the host kept", async () => {
    await send({ type: "state", state: state(reflected()) });
    await send({ type: "draft", attemptId: 1, text: "$y=1$" });
    await page.waitForSelector(".dock .field", { state: "attached" });
    await send({ type: "unsaved", texts: [["edit 1", "$x=older$"]] });
    await expect.poll(() => sent("unsaved")).toEqual([{ type: "unsaved", name: "edit 1", text: null }]);
    expect(await value()).toBe("$y=1$");
    await send({ type: "draft", attemptId: 1, text: null });
    await until("document.querySelector('.dock') === null");
    await page.locator("main").focus();
    await page.keyboard.press("e");
    expect(await value()).toBe(MODELS);
  });

  it.each(["vs. failed solution", "vs. model’s correction", "in an editor", "Restricted Mode"])(
    "is accessible in every theme: %s",
    async (which) => {
      const readOnly = which === "Restricted Mode" ? "Nothing is stored here." : null;
      await edit(reflected(), { readOnly });
      if (which.startsWith("vs.")) {
        await page.keyboard.type("more");
        await beside(which);
      }
      if (which === "in an editor") await send({ type: "draft", attemptId: 1, text: "$y=1$" });
      await send({ type: "graded", attemptId: 1, text: await value(), grade: grade() });
      await page.evaluate(axe);
      for (const theme of THEMES) {
        await wear(page, theme);
        const found = (await page.evaluate(
          "axe.run('errata-correction', { resultTypes: ['violations'] })",
        )) as AxeResults;
        const told = found.violations.flatMap(({ id, nodes }) =>
          nodes.map((n) => `${id}: ${n.failureSummary}`),
        );
        expect(told, theme).toEqual([]);
      }
    },
  );

  it("shows hostile text as text, in source, preview and differences", async () => {
    const text = `<img src=x onerror="window.pwned=1">\n$\\href{javascript:window.pwned=1}{x}$\n\u202eabc\u0000\ud800\n$\\def\\a{\\a\\a}\\a$\n${"{".repeat(3000)}`;
    await edit(
      reflected({
        solution: solution("x"),
        mine: { ratings: {}, labels: [], correction: { ...solution(text), verdict: null, reason: "" } },
      }),
    );
    expect(await page.locator(".preview .math-error").count()).toBeGreaterThan(0);
    await beside("vs. failed");
    expect(await page.locator(".difference .source").textContent()).toContain("<img src=x");
    expect(await page.locator("img, a[href]").count()).toBe(0);
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(await page.evaluate("violations")).toEqual([]);
  });
});

describe("rows of a text that changes", () => {
  it("keep their ids while others come, go and are rewritten", () => {
    const rows = new Rows();
    expect(rows.take(["a", "b", "c"])).toEqual([0, 1, 2]);
    expect(rows.take(["a", "B", "c"])).toEqual([0, 1, 2]);
    expect(rows.take(["a", "B", "new", "c"])).toEqual([0, 1, 3, 2]);
    expect(rows.take(["B", "new", "c"])).toEqual([1, 3, 2]);
    expect(rows.take([])).toEqual([]);
    expect(new Set(rows.take(["x", "x", "x"])).size).toBe(3);
    const grown = rows.take(["x", "x", "x", "x"]);
    expect(new Set(grown).size).toBe(4);
  });
});

describe("drafts", () => {
  it("are kept by field and attempt, are none when they say what is stored, and go to the host", () => {
    const sent: [string, string | null][] = [];
    const drafts = new Drafts((name, text) => sent.push([name, text]));
    drafts.put("edit", 1, "a", "");
    drafts.put("note", 1, "b", "");
    drafts.put("edit", 1, "a2", "");
    drafts.flush();
    expect(sent).toEqual([
      ["edit 1", "a2"],
      ["note 1", "b"],
    ]);
    drafts.put("edit", 1, "stored", "stored");
    expect(drafts.get("edit", 1)).toBeUndefined();
    expect(drafts.get("note", 1)).toBe("b");
    drafts.flush();
    drafts.flush();
    expect(sent.slice(2)).toEqual([["edit 1", null]]);
  });

  it("that the host kept come back, but not over what was written since", () => {
    const drafts = new Drafts(() => {});
    drafts.put("edit", 1, "newer", "");
    drafts.put("note", 1, "saved", "");
    drafts.delete("note", 1);
    drafts.take([
      ["edit 1", "older"],
      ["note 1", "older"],
      ["edit 2", "kept"],
    ]);
    drafts.flush();
    expect([drafts.get("edit", 1), drafts.get("note", 1), drafts.get("edit", 2)]).toEqual([
      "newer",
      undefined,
      "kept",
    ]);
  });
});
