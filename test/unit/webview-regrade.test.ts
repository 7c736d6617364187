import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  REGRADE_PAGE,
  type RegradeFromView,
  type RegradeMemory,
  type RegradeState,
  type RegradeToView,
} from "../../src/protocol/regrade.js";
import { change, regrade, regradeState } from "./verdicts.fixture.js";
import { kept, noBrowser, openPage, post as postTo } from "./webview.fixture.js";

const FLIPS = { from: "incorrect", to: "correct" } as const;

describe.skipIf(noBrowser)("the Re-grade page", () => {
  const opened = openPage("regrade");
  let page: Page;
  beforeEach(() => {
    page = opened();
  });
  const post = (message: RegradeToView): Promise<void> => postTo(page, message);
  const show = (more: Partial<RegradeState> = {}) => post({ type: "state", state: regradeState(more) });
  const sent = async <T extends RegradeFromView["type"]>(type: T) =>
    ((await page.evaluate("sent")) as RegradeFromView[]).filter((m) => m.type === type);
  const rows = (ids: readonly number[], after: number, kind: typeof FLIPS = FLIPS) =>
    post({ type: "rows", regradeId: 3, kind, after, rows: ids.map((id) => change(id)) });

  it("says what would change, by kind, and what stays", async () => {
    await show();
    expect(await page.locator(".sum").textContent()).toMatch(
      /48 verdicts would change\s+· 3 keep theirs .*1,149 stay/s,
    );
    expect(await page.locator(".changes tbody tr").allInnerTexts()).toEqual([
      expect.stringMatching(/incorrect[\s\S]*correct[\s\S]*41[\s\S]*3\.4 %/),
      expect.stringMatching(/unscored[\s\S]*incorrect[\s\S]*7/),
      expect.stringMatching(/correct stays[\s\S]*3/),
    ]);
    expect(await page.locator(".bar").textContent()).toContain("3 problems left out");
  });

  it("lists each kind, with both answers and reasons, and opens an attempt in Review", async () => {
    await show();
    expect(await sent("rows")).toEqual([{ type: "rows", regradeId: 3, kind: FLIPS, after: 0 }]);
    await rows([4, 9], 0);
    expect(await page.locator(".entry").first().textContent()).toMatch(
      /area of a circle[\s\S]*gold[\s\S]*incorrect[\s\S]*is not 3\.14159[\s\S]*correct[\s\S]*within a tolerance/,
    );
    await page.getByRole("button", { name: "List unscored to incorrect" }).click();
    expect((await sent("rows")).at(-1)).toMatchObject({
      kind: { from: "unscored", to: "incorrect" },
      after: 0,
    });
    // What was asked for before comes too late.
    await rows([4, 9], 0);
    expect(await page.locator(".entry").count()).toBe(0);
    await page.getByRole("button", { name: "List incorrect to correct" }).click();
    await rows([4, 9], 0);
    await page.locator("main").focus();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    expect(await sent("review")).toEqual([{ type: "review", regradeId: 3, attemptId: 9, kind: FLIPS }]);
  });

  it("reads on as one scrolls, and gives back what is far away", async () => {
    await show({ regrade: regrade({ changes: [{ ...FLIPS, count: 500 }] }) });
    const ids = (at: number) => Array.from({ length: REGRADE_PAGE }, (_, i) => at + i + 1);
    for (let at = 0; at < 500; at += REGRADE_PAGE) {
      await expect
        .poll(async () => (await sent("rows")).at(-1), { timeout: 15_000 })
        .toMatchObject({ after: at });
      await rows(ids(at), at);
      await page.locator("main").evaluate((e) => e.scrollTo(0, e.scrollHeight));
    }
    await expect.poll(() => page.locator(".rows").count(), { timeout: 15_000 }).toBe(5);
    await expect
      .poll(() => page.locator(".entry").count(), { timeout: 15_000 })
      .toBeLessThan(4 * REGRADE_PAGE);
    const height = await page.locator("main").evaluate((e) => e.scrollHeight);
    expect(height).toBeGreaterThan(500 * 40);
    await page.locator("main").evaluate((e) => e.scrollTo(0, 0));
    await expect.poll(() => page.locator('[data-attempt="1"]').count(), { timeout: 15_000 }).toBe(1);
  });

  it("applies and drops a preview; what stands last can be undone, once applied", async () => {
    await show();
    await page.locator("vscode-button", { hasText: "Apply 51 changes" }).click();
    await page.locator("vscode-button", { hasText: "Drop" }).click();
    expect(await sent("apply")).toEqual([{ type: "apply", regradeId: 3 }]);
    expect(await sent("drop")).toEqual([{ type: "drop", regradeId: 3 }]);
    await show({ busy: "Applying…" });
    expect(await page.locator("vscode-button").count()).toBe(0);
    const applied = regrade({ state: "applied" });
    await show({ regrade: applied, history: [applied, ...regradeState().history.slice(1)] });
    await page.locator("vscode-button", { hasText: "Undo all of it" }).click();
    expect(await sent("undo")).toEqual([{ type: "undo", regradeId: 3 }]);
    // The one before it stands on what it left: not before this one.
    expect(await page.getByRole("button", { name: "Undo re-grading 2" }).count()).toBe(0);
    await page.getByRole("button", { name: "Show re-grading 2" }).click();
    expect(await sent("show")).toEqual([{ type: "show", regradeId: 2 }]);
  });

  it("in Restricted Mode can be read and changes nothing", async () => {
    await show({ readOnly: "This workspace is in Restricted Mode." });
    expect(await page.locator("vscode-button").count()).toBe(0);
    expect(await page.locator(".notice").textContent()).toContain("Restricted Mode");
  });

  it("says so where nothing was graded again, and comes back to the same list after a reload", async () => {
    await show({ regrade: null, history: [] });
    await page.locator("vscode-button", { hasText: "Re-grade…" }).click();
    expect(await sent("again")).toHaveLength(1);
    await show();
    await page.getByRole("button", { name: "List unscored to incorrect" }).click();
    const memory = await kept<RegradeMemory>(page);
    expect(memory).toMatchObject({ regradeId: 3, kind: { from: "unscored", to: "incorrect" } });
    await page.reload();
    await page.waitForFunction("sent.some((m) => m.type === 'ready')");
    await show();
    expect((await sent("rows")).at(-1)).toMatchObject({ kind: { from: "unscored", to: "incorrect" } });
  });
});
