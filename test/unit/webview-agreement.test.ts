import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { AgreementFromView, AgreementMemory, AgreementState } from "../../src/protocol/agreement.js";
import { adjudicationItem, agreementState, PEOPLE, words } from "./agreement.fixture.js";
import { hand, kept, noBrowser, openPage } from "./webview.fixture.js";

describe.skipIf(noBrowser)("the Agreement page in a browser", () => {
  const opened = openPage("agreement");
  let page: Page;
  beforeEach(() => {
    page = opened();
  });
  const post = (message: unknown) => hand(page, message);
  const sent = () =>
    page.evaluate("sent") as Promise<(AgreementFromView | { type: "forwarded"; key: string })[]>;
  const show = async (more: Partial<AgreementState> = {}) => {
    const state = await agreementState(words(40), more);
    await post({ type: "state", state });
    await page.waitForSelector("header h1");
    return state;
  };
  const open = async () => {
    const state = await show();
    const attemptId = state.lines[0]?.attemptId ?? -1;
    await page.locator(".entry").first().click();
    await post({ type: "item", item: adjudicationItem(attemptId) });
    await page.waitForSelector(".adjudication .step .katex");
    return { state, attemptId };
  };
  const current = () => page.locator("tr.current th").textContent();

  it("shows every figure as text with its interval, items and problems, and violates nothing of its policy", async () => {
    const { report } = await show();
    const row = page.locator(".figures-table tbody tr", { hasText: "Overall" });
    const figures = report?.rows.find(({ id }) => id === "rating:overall");
    expect(await row.textContent()).toContain(`${figures?.n} items of ${figures?.problems} problems`);
    expect(await row.locator("td b").count()).toBe(5);
    expect(await row.locator("svg.interval-bar").count()).toBe(5);
    expect(await page.locator(".figures-table thead th").allTextContents()).toEqual([
      ...["What", "Agreement", "Cohen’s κ", "Gwet’s AC1", "Quadratic κ", "Gwet’s AC2"],
    ]);
    expect(await page.evaluate("violations")).toEqual([]);
  });

  it("shows who said what of the row that is chosen", async () => {
    const { report } = await show();
    await page.getByRole("button", { name: "Overall", exact: true }).click();
    expect(await page.locator(".matrix caption").textContent()).toContain("Down: Ann Lee. Across: Bob.");
    const cells = await page.locator(".matrix tbody td").allTextContents();
    const matrix = report?.rows.find(({ id }) => id === "rating:overall")?.matrix;
    expect(cells.map(Number)).toEqual(matrix?.flat());
    expect((await kept<AgreementMemory>(page)).row).toBe("rating:overall");
  });

  it("says why a figure is undefined", async () => {
    const said = words(10).map((word) => (word.kind === "decision" ? { ...word, value: "rejected" } : word));
    await post({ type: "state", state: await agreementState(said) });
    const row = page.locator(".figures-table tbody tr", { hasText: "Model’s correction" });
    await row.waitFor();
    expect(await row.textContent()).toContain("both said the same on every item: kappa is undefined");
    expect(await page.locator("main").textContent()).not.toContain("NaN");
  });

  it("chooses people: another, oneself, everybody", async () => {
    await show();
    const second = page.getByLabel("Second person");
    expect(await second.locator("option").allTextContents()).toEqual([
      ...["Bob", "Cy", "themselves, when items came back", "everybody"],
    ]);
    await second.selectOption({ label: "everybody" });
    await second.selectOption({ label: "themselves, when items came back" });
    await page.getByLabel("First person").selectOption({ label: "Bob" });
    const chosen = (await sent()).filter(({ type }) => type === "choose");
    expect(chosen).toEqual([
      { type: "choose", a: "Ann Lee", b: "" },
      { type: "choose", a: "Ann Lee", b: "Ann Lee" },
      { type: "choose", a: "Bob", b: "Ann Lee" },
    ]);
  });

  it("adjudicates by keys alone, and forwards none of them", async () => {
    const { state, attemptId } = await open();
    expect(await current()).toContain("Model’s correction");
    await page.keyboard.press("2");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await current()).toContain("First wrong step");
    await page.keyboard.press("1");
    await page.keyboard.press("b");
    expect(await current()).toContain("Overall");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Backspace");
    const key = (subject: string) => ({ attemptId, key: subject });
    expect((await sent()).slice(-3)).toEqual([
      { type: "take", ...key("reflection:1:decision:"), from: "b", value: null },
      { type: "take", ...key("attempt:1:firstWrongStep:"), from: "a", value: null },
      { type: "reopen", ...key("reflection:1:correction:") },
    ]);
    await page.keyboard.press("j");
    const next = state.lines[1]?.attemptId;
    expect((await sent()).at(-1)).toEqual({ type: "open", attemptId: next });
    expect((await kept<AgreementMemory>(page)).attemptId).toBe(next);
    await page.keyboard.press("Escape");
    await page.waitForSelector(".disagreements");
    expect(await page.evaluate("document.activeElement.dataset.attempt")).toBe(String(next));
    expect((await sent()).filter(({ type }) => type === "forwarded")).toEqual([]);
  });

  it("takes a word of one's own, goes to the next that is open, and marks both people's steps", async () => {
    const { attemptId } = await open();
    expect(await page.locator(".step.wrong .remark").allTextContents()).toEqual(["Ann Lee", "Bob"]);
    expect(await page.locator(".change ins").textContent()).toContain("$2x=4$");
    await page.locator("tr", { hasText: "Overall" }).click();
    await page.getByRole("button", { name: "4", exact: true }).click();
    const said = { attemptId, key: "reflection:1:rating:overall", from: null, value: "4" };
    expect((await sent()).at(-1)).toEqual({ type: "take", ...said });
    const item = adjudicationItem(attemptId);
    const settled = { who: "Ann Lee", words: "4" };
    const subjects = item.subjects.map((one) => (one.title === "Overall" ? { ...one, settled } : one));
    await post({ type: "item", item: { ...item, subjects } });
    await page.waitForSelector("tr.current >> text=Model’s correction");
    await page.locator("tr", { hasText: "First wrong step" }).click();
    await page.locator(".own select").selectOption({ label: "none wrong" });
    expect((await sent()).at(-1)).toMatchObject({ type: "take", value: '"none wrong"' });
  });

  it("settles nothing where one person stands against themselves, or nothing may be written", async () => {
    await show({ readOnly: "Restricted." });
    await page.locator(".entry").first().click();
    const state = await agreementState(words(40));
    await post({ type: "item", item: adjudicationItem(state.lines[0]?.attemptId ?? -1) });
    await page.waitForSelector(".adjudication");
    await page.keyboard.press("1");
    expect((await sent()).filter(({ type }) => type === "take")).toEqual([]);
    expect(await page.locator(".said-side").textContent()).toContain("Restricted.");
    expect(await page.locator("tr.decide").count()).toBe(0);
  });

  it("says what to do where there is nobody, or only one", async () => {
    const nobody = { chosen: null, report: null, lines: [], total: 0 };
    await show({ ...nobody, people: PEOPLE.slice(0, 1) });
    expect(await page.locator(".empty h1").textContent()).toBe("Only Ann Lee has judged here");
    await page.getByText("Merge Another Pool…").click();
    await page.getByText("Set the Annotator’s Name").click();
    expect((await sent()).slice(-2)).toEqual([{ type: "merge" }, { type: "setName" }]);
    await show({ ...nobody, people: [] });
    expect(await page.locator(".empty").textContent()).toContain("Nobody has judged anything yet");
  });

  it("reflows when narrow, without a page that scrolls sideways", async () => {
    await page.setViewportSize({ width: 420, height: 800 });
    await show();
    const fits = "document.querySelector('main').scrollWidth <= innerWidth";
    expect(await page.evaluate(fits)).toBe(true);
    await open();
    expect(await page.evaluate(fits)).toBe(true);
    await page.setViewportSize({ width: 1280, height: 720 });
  });
});
