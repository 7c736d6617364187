import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { ReviewItem, ReviewState, ReviewToView } from "../../src/protocol/review.js";
import { DEFAULT_RUBRIC } from "../../src/protocol/rubric.js";
import { item, solution, state } from "./review.fixture.js";
import { hand, noBrowser, openPage, post as postTo } from "./webview.fixture.js";

const siblings: ReviewItem["siblings"] = [
  { answer: "1", verdict: "correct", attemptIds: [2, 3] },
  { answer: "-2", verdict: "incorrect", attemptIds: [1, 4] },
];
const reflection: ReviewItem["reflection"] = {
  ...{ id: 1, modelId: "base", text: "", parsed: true, analysis: "Line 1." },
  ...{ corrected: solution("$x=1$"), verdict: "correct", reason: "equal", count: 1, fixed: 1 },
};

describe.skipIf(noBrowser)("the Review page: what a person presses and sees", () => {
  const opened = openPage("review");
  let page: Page;
  beforeEach(() => {
    page = opened();
  });

  const post = (message: ReviewToView): Promise<void> => postTo(page, message);
  const show = (shown: Partial<ReviewItem> = {}, more: Partial<ReviewState> = {}): Promise<void> =>
    post({ type: "state", state: state(item(shown), more) });
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const sent = () =>
    page.evaluate("sent") as Promise<{ type: string; key?: string; typing?: boolean; id?: string }[]>;
  const forwarded = async () => (await sent()).filter((m) => m.type === "forwarded").map((m) => m.key);
  const typing = async () => (await sent()).filter((m) => m.type === "focus").at(-1)?.typing;
  const focus = () => page.locator("main").focus();
  const text = (selector: string) => page.locator(selector).innerText();

  describe("the rubric", () => {
    it("shows all axes and the written anchors of the current one; in triage that one alone", async () => {
      await show({ mine: { ratings: { locates: 2 }, labels: [] } }, { axis: "locates" });
      expect(await page.locator(".axis .title").allInnerTexts()).toEqual(
        DEFAULT_RUBRIC.axes.map((axis) => axis.title),
      );
      const current = DEFAULT_RUBRIC.axes[1];
      expect(await text(".axis.current .title")).toBe(current?.title);
      expect(await page.locator(".anchors li span:last-child").allInnerTexts()).toEqual(current?.anchors);
      expect(await text(".anchors li.on")).toContain(current?.anchors[1]);
      await show({}, { axis: "valid", mode: "triage" });
      expect(await page.locator(".axis .title").allInnerTexts()).toEqual(["Correction is valid"]);
      expect(await text(".axis-keys")).toContain("axis 4 of 5");
    });

    it("takes a workspace's own axes, and rates any of them by mouse", async () => {
      const anchors = ["a", "b", "c", "d", "e"] as const;
      const axes = [...DEFAULT_RUBRIC.axes.slice(0, 1), { id: "my axis", title: "Tone <b>", anchors }];
      await show({}, { rubric: { ...DEFAULT_RUBRIC, axes }, axis: "my axis" });
      await page.getByRole("radio", { name: "4: d" }).click();
      await page.locator(".anchors li").first().click();
      expect((await sent()).filter((m) => m.type === "rate")).toEqual([
        { type: "rate", axis: "my axis", value: 4 },
        { type: "rate", axis: "my axis", value: 1 },
      ]);
    });

    it("leaves the reflection on the screen beside five axes", async () => {
      await show({ reflection }, { axis: "valid" });
      const dock = await page.locator(".judgement").boundingBox();
      const said = await page.locator(".reflection .callout").boundingBox();
      expect((said?.y ?? 999) + (said?.height ?? 999)).toBeLessThan(dock?.y ?? 0);
    });

    it("keeps its place and its height beside a long solution, wherever that is scrolled", async () => {
      const dock = () => page.locator(".judgement").evaluate((e) => [e.clientHeight, e.scrollHeight]);
      const long = solution(Array.from({ length: 60 }, (_, i) => `line ${i}: $x=${i}$`).join("\n"));
      await show({ solution: long, reflection });
      const [before] = [await page.locator(".judgement").boundingBox()];
      expect((await dock())[0]).toBe((await dock())[1]);
      await page.locator("main").evaluate((e) => e.scrollTo(0, 900));
      expect(await page.locator(".judgement").boundingBox()).toEqual(before);
      const foot = await page.locator("footer").boundingBox();
      expect((before?.y ?? 0) + (before?.height ?? 0)).toBeCloseTo(foot?.y ?? -1, 0);
    });
  });

  describe("lists", () => {
    it("takes letters typed right after t for the list, tells that its keys are its own, and picks", async () => {
      await show();
      await focus();
      await page.keyboard.type("ts");
      expect(await sent()).toContainEqual({ type: "errorType", id: "sign" });
      expect(await forwarded()).toEqual(["t"]);
      expect(await page.locator('[role="listbox"]').count()).toBe(0);
      expect((await sent()).filter((m) => m.type === "focus").map((m) => m.typing)).toContain(true);
      expect(await typing()).toBe(false);
    });

    it("does not open again when the command of the same key arrives", async () => {
      await show();
      await focus();
      await page.keyboard.type("tsts");
      await post({ type: "act", action: "errorType" });
      await post({ type: "act", action: "errorType" });
      expect(await page.locator('[role="listbox"]').count()).toBe(0);
      await post({ type: "act", action: "errorType" });
      expect(await page.locator('[role="listbox"]').count()).toBe(1);
    });

    it("goes by arrows and Enter, begins at what is set, and closes on Escape", async () => {
      await show({ mine: { ratings: {}, labels: [], errorType: "sign" } });
      await focus();
      await press("t");
      const at = () => page.evaluate("document.activeElement.dataset.id");
      expect(await at()).toBe("sign");
      expect(await page.locator('[role="option"][aria-selected="true"]').count()).toBe(1);
      await press("ArrowDown", "ArrowDown", "ArrowUp", "End", "ArrowDown");
      expect(await at()).toBe("arithmetic");
      await press("Enter");
      expect(await sent()).toContainEqual({ type: "errorType", id: "arithmetic" });
      await press("t", "x", "Escape");
      expect(await page.locator('[role="listbox"]').count()).toBe(0);
      expect((await sent()).filter((m) => m.type === "errorType").length).toBe(1);
      expect(await page.evaluate("document.activeElement.localName")).toBe("main");
      // What closes a list is a command, which anyone may bind differently.
      expect(await forwarded()).toEqual(["t", "t", "Escape"]);
      await post({ type: "act", action: "leave" });
    });

    it("sets several labels before it closes, and says where labels come from when there are none", async () => {
      const labels = [
        { id: "nice", title: "Nice", key: "k" },
        { id: "odd", title: "Odd", key: "o" },
      ];
      await show({}, { rubric: { ...DEFAULT_RUBRIC, labels } });
      await focus();
      await page.keyboard.type("lko");
      expect((await sent()).filter((m) => m.type === "label").map((m) => m.id)).toEqual(["nice", "odd"]);
      await press("Escape");
      await show({ mine: { ratings: {}, labels: ["odd"] } }, { rubric: { ...DEFAULT_RUBRIC, labels } });
      expect(await page.getByRole("button", { name: "Labels: Odd" }).count()).toBe(1);
      await show();
      await page.getByRole("button", { name: "Labels" }).click();
      expect(await text(".choices")).toContain(".errata/rubric.json");
      expect(await typing()).toBe(true);
      await page.locator(".choices button").click();
      expect(await page.locator(".choices").count()).toBe(0);
    });

    it("closes when the item goes", async () => {
      await show();
      await focus();
      await press("t");
      await show({ attemptId: 2 });
      expect(await page.locator('[role="listbox"]').count()).toBe(0);
    });
  });

  describe("blind mode", () => {
    const hidden: Partial<ReviewItem> = {
      ...{ hidden: true, verdict: null, reason: null, group: null },
      problem: { set: "s", id: "p", text: "Solve $x+1=2$", gold: null },
    };

    it("shows nothing of what is withheld, says so, and moves no line when it comes", async () => {
      await show({ ...hidden, reflection }, { blind: true });
      expect(await page.getByRole("button", { name: "Blind mode" }).getAttribute("aria-pressed")).toBe(
        "true",
      );
      const places = () =>
        page
          .locator(".problem, .solution .step, .callout")
          .evaluateAll((all) => all.map((e) => e.getBoundingClientRect().y));
      const words = await text("errata-review");
      expect(words).not.toMatch(/failed|incorrect\s*\n.*read|gold 1|passed/i);
      expect(await page.locator(".withheld").count()).toBe(3);
      const before = await places();
      await show(
        { siblings, reflection, others: [{ who: "g", at: "2026-01-01", machine: false, words: "w" }] },
        { blind: true },
      );
      expect(await page.locator(".withheld").count()).toBe(0);
      expect(await places()).toEqual(before);
    });

    it("opens no list of attempts, and says why until the next key", async () => {
      await show(hidden, { blind: true });
      await focus();
      await press("s");
      expect(await page.locator('[role="listbox"]').count()).toBe(0);
      expect(await page.evaluate("document.activeElement.localName")).toBe("main");
      await page.getByText("other attempts are hidden until you have judged this one").waitFor();
      await press("v");
      await expect.poll(() => text(".notice")).toBe("");
    });
  });

  describe("attempts side by side", () => {
    const other = solution("$x=-2$\n$x=1$");

    it("opens on s, shows one on Enter with the lines that differ, and goes on Escape", async () => {
      await show({ siblings });
      await focus();
      await press("s", "ArrowDown", "Enter");
      expect(await sent()).toContainEqual({ type: "sibling", of: 1, attemptId: 3 });
      await post({
        type: "sibling",
        attemptId: 1,
        sibling: {
          ...{ attemptId: 3, solution: other, verdict: "correct", reason: "", modelId: "m", sample: 2 },
        },
      });
      // Their text as such: what is off the screen may not be drawn yet, and then has no inner text.
      expect(await page.locator(".sibling .step.differs .number").allTextContents()).toEqual(["2"]);
      expect(await page.locator(".solution .step.differs .number").allTextContents()).toEqual(["2"]);
      const [left, right] = await Promise.all(
        [".solution", ".sibling"].map((selector) => page.locator(selector).boundingBox()),
      );
      expect(right?.x).toBeGreaterThan((left?.x ?? 0) + (left?.width ?? 0) - 1);
      await press("Escape");
      expect(await page.locator(".every").count()).toBe(0);
      expect(await page.locator(".sibling").count()).toBe(1);
      await press("Escape");
      expect(await page.locator(".sibling").count()).toBe(0);
      expect(await forwarded()).not.toContain("Enter");
    });

    it("says so where there is no other attempt, and its button says it before", async () => {
      await show({ siblings: [{ answer: "-2", verdict: "incorrect", attemptIds: [1] }] });
      await focus();
      await press("s");
      await page.getByText("There is no other attempt at this problem.").waitFor();
      expect(await page.evaluate("document.activeElement.localName")).toBe("main");
      const passed = page.getByRole("button", { name: "passed 2 of 8" });
      expect(await passed.isDisabled()).toBe(true);
      expect(await passed.getAttribute("title")).toContain("no other attempt");
      await show({ attemptId: 2, siblings });
      await expect.poll(() => text(".notice")).toBe("");
      expect(await passed.isDisabled()).toBe(false);
    });

    it("goes round a cluster by mouse, never to the attempt under review", async () => {
      await show({ siblings });
      const chips = page.locator(".siblings button.chip");
      await chips.nth(1).click();
      expect(await sent()).toContainEqual({ type: "sibling", of: 1, attemptId: 4 });
      await show({ siblings: siblings.map((c) => ({ ...c, attemptIds: c.attemptIds.slice(0, 1) })) });
      expect(await chips.nth(1).isDisabled()).toBe(true);
    });

    it("leaves a sibling of an item that is gone unshown", async () => {
      await show({ attemptId: 9, siblings });
      await post({
        type: "sibling",
        attemptId: 1,
        sibling: {
          ...{ attemptId: 3, solution: other, verdict: "correct", reason: "", modelId: "m", sample: 2 },
        },
      });
      expect(await page.locator(".sibling").count()).toBe(0);
    });
  });

  describe("the note", () => {
    const field = () => page.locator(".note-field .field");

    it("comes back when it could not be stored, and says so, until it is", async () => {
      await show();
      await focus();
      await page.keyboard.type("nwhy");
      await press("ControlOrMeta+Enter");
      expect(await field().count()).toBe(0);
      await post({ type: "stored", field: "note", attemptId: 1, text: "why", ok: false });
      expect(await text(".note-field [role=alert]")).toContain("could not be stored");
      expect(await field().evaluate((e: HTMLInputElement) => e.value)).toBe("why");
      // What is pressed next is meant for the review.
      expect(await page.evaluate("document.activeElement.localName")).toBe("main");
      await page.keyboard.type("n!");
      await press("ControlOrMeta+Enter");
      expect((await sent()).filter((m) => m.type === "text")).toMatchObject([
        { text: "why" },
        { text: "why!" },
      ]);
      await press("n");
      expect(await page.locator("[role=alert]").count()).toBe(0);
      expect(await field().evaluate((e: HTMLInputElement) => e.value)).toBe("why!");
    });

    it("comes back on its own attempt alone: another that is shown by then is left as it is", async () => {
      await show();
      await focus();
      await page.keyboard.type("nwhy");
      await press("ControlOrMeta+Enter");
      await show({ attemptId: 2 });
      await post({ type: "stored", field: "note", attemptId: 1, text: "why", ok: false });
      expect(await field().count()).toBe(0);
      await show({ attemptId: 1 });
      await press("n");
      expect(await text(".note-field [role=alert]")).toContain("could not be stored");
    });

    it("is a draft until the host has stored it, and what was typed since stays one", async () => {
      await show();
      await focus();
      await page.keyboard.type("na");
      await press("ControlOrMeta+Enter", "n", "b", "Escape");
      await post({ type: "stored", field: "note", attemptId: 1, text: "a", ok: true });
      await press("n");
      expect(await field().evaluate((e: HTMLInputElement) => e.value)).toBe("ab");
      const unsaved = (await sent()).filter((m) => m.type === "unsaved");
      expect(unsaved).not.toContainEqual({ type: "unsaved", name: "note 1", text: null });
    });

    it("is filled with what the host kept, also where it was opened before that came", async () => {
      await show();
      await focus();
      await press("n");
      await post({ type: "unsaved", texts: [["note 1", "kept"]] });
      expect(await field().evaluate((e: HTMLInputElement) => e.value)).toBe("kept");
      await page.keyboard.press("End");
      await page.keyboard.type("!");
      await post({ type: "unsaved", texts: [["note 1", "kept"]] });
      expect(await field().evaluate((e: HTMLInputElement) => e.value)).toBe("kept!");
    });

    it("is read alone in Restricted Mode, where nothing is stored", async () => {
      const said = { ratings: {}, labels: [], note: "before" };
      await show({ mine: said }, { readOnly: "Restricted Mode." });
      await focus();
      await page.keyboard.type("nx");
      await press("ControlOrMeta+Enter");
      expect(await field().evaluate((e: HTMLInputElement) => e.value)).toBe("before");
      expect((await sent()).filter((m) => m.type === "text")).toEqual([]);
      const save = page.locator("vscode-button", { hasText: "Save note" });
      expect(await save.getAttribute("disabled")).not.toBeNull();
      expect(await save.getAttribute("title")).toBe("Restricted Mode.");
      await press("Escape");
      expect(await field().count()).toBe(0);
    });
  });

  it("disables what would be refused, and says why", async () => {
    await show({ refuses: { accept: "Nothing to accept." } });
    const [accept, reject] = ["Accept", "Reject"].map((hasText) =>
      page.locator("vscode-button", { hasText }),
    );
    expect(await accept?.getAttribute("title")).toBe("Nothing to accept.");
    expect(await accept?.getAttribute("disabled")).not.toBeNull();
    expect(await reject?.getAttribute("disabled")).toBeNull();
    await accept?.click({ force: true });
    expect((await sent()).filter((m) => m.type === "act")).toEqual([]);
  });

  it("says what undo would take back, and nothing when there is nothing", async () => {
    await show();
    const undo = page.getByRole("button", { name: /undo/ });
    expect(await undo.isDisabled()).toBe(true);
    await show({}, { canUndo: true, undoes: "rating 4", notice: "Undone: flag" });
    expect(await undo.textContent()).toMatch(/undo: rating 4/);
    expect(await text(".notice")).toContain("Undone: flag");
    await undo.click();
    expect(await sent()).toContainEqual({ type: "act", action: "undo" });
  });

  it("shows place, pace and what is left, and asks the host for filter and order", async () => {
    await show({}, { position: 12, total: 1345, pace: 4.24, reviewed: 37, order: "uncertain" });
    expect(await text(".bar .figures")).toBe("12 of 1,345 · 37 reviewed · 4.2 s each · 1 h 34 min left");
    await page.getByRole("button", { name: "Order the queue: most uncertain first" }).click();
    await page.getByRole("button", { name: /Filter the queue/ }).click();
    expect((await sent()).filter((m) => m.type === "act")).toEqual([
      { type: "act", action: "order" },
      { type: "act", action: "filter" },
    ]);
  });

  it("says what a bad problem and a flag do, and who said what before", async () => {
    await show({
      mine: { ratings: {}, labels: [], flag: true, badProblem: true },
      others: [{ who: "Grace", at: "2026-01-01T00:00:00Z", machine: false, words: "rated Overall 4" }],
      overrules: [{ who: "Ada", at: "2026-01-01T00:00:00Z", verdict: null }],
    });
    expect(await text(".remarks")).toMatch(/out of the pool[\s\S]*Flagged/);
    await page.getByText("1 other says").click();
    await page.getByText("overruled once").click();
    expect(await text(".remarks")).toMatch(/Grace\s*rated Overall 4[\s\S]*Ada\s*took it back/);
  });

  it("speaks one short sentence a key, and none of the figures", async () => {
    await show();
    const says = () => page.locator("p[role=status]").textContent();
    expect(await says()).toBe("Item 1 of 2");
    await show({ mine: { ratings: { overall: 4 }, labels: [] } }, { pace: 3, reviewed: 1 });
    expect(await says()).toBe("Overall 4: right place and cause, small gaps");
    await show({ mine: { ratings: { overall: 4 }, labels: [] } }, { pace: 3, reviewed: 1, cursor: 2 });
    expect(await says()).toBe("Step 2: \\boxed{-2}");
    expect(await page.locator(".figures [aria-live], .figures[aria-live]").count()).toBe(0);
  });

  it("keeps the keys in the table of keys while it is open", async () => {
    await show();
    await focus();
    await post({ type: "act", action: "help" });
    expect(await typing()).toBe(true);
    await press("j", "a");
    expect(await forwarded()).toEqual([]);
    await press("?");
    expect(await page.locator(".help").count()).toBe(0);
    expect(await typing()).toBe(false);
  });

  it("reflows in a narrow column: nothing is wider than it", async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    const long = "W".repeat(300);
    await show(
      {
        ...{ reflection, siblings, modelId: long, errorType: long },
        problem: { set: long, id: long, text: long, gold: long },
        solution: { ...solution(`${long}\n$${"x+".repeat(200)}1$`), answer: long },
        mine: { ratings: { overall: 1 }, labels: [long], note: long, flag: true, badProblem: true },
        others: [{ who: long, at: long, machine: true, words: long }],
      },
      { scope: long, undoes: long, canUndo: true, notice: long },
    );
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll("errata-review *")]
        .filter((e) => !e.closest(".katex, .unseen, vscode-button") && e.getBoundingClientRect().right > 401)
        .map((e) => `${e.localName}.${e.className}`),
    );
    await page.setViewportSize({ width: 1280, height: 720 });
    expect(wide).toEqual([]);
  });
});

describe.skipIf(noBrowser)("the Review page, read by a screen reader", () => {
  const opened = openPage("review", undefined, ["--force-renderer-accessibility"]);

  it("gives it the MathML, though that is not laid out, and not its source as well", async () => {
    const page = opened();
    const shown = item({ solution: solution("Then $\\frac{1}{\\sqrt{2}}$.") });
    await hand(page, { type: "state", state: state(shown) });
    const fraction = page.locator(".solution mfrac");
    await expect
      .poll(() => fraction.evaluate((e) => e.checkVisibility({ contentVisibilityAuto: true })))
      .toBe(false);
    const session = await page.context().newCDPSession(page);
    const heard = async (): Promise<string[]> => {
      const { nodes } = await session.send("Accessibility.getFullAXTree");
      return nodes.filter(({ ignored }) => !ignored).map(({ role, name }) => `${role?.value} ${name?.value}`);
    };
    await expect.poll(heard).toContainEqual(expect.stringContaining("MathMLSquareRoot"));
    expect(await heard()).toContainEqual(expect.stringContaining("MathMLFraction"));
    expect(await heard()).not.toContainEqual(expect.stringContaining("\\frac"));
  });
});
