import type { Page } from "playwright-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { RolloutsView, RunFromView, RunMemory, RunToView } from "../../src/protocol/run-panel.js";
import { snapshot } from "./run.fixture.js";
import { hand, kept, noBrowser, openPage } from "./webview.fixture.js";

describe.skipIf(noBrowser)("the Run page in a browser", () => {
  const opened = openPage("run", { width: 1200, height: 800 });
  let page: Page;
  beforeEach(() => {
    page = opened();
  });

  const tell = (message: RunToView) => hand(page, message);
  const sent = <T extends RunFromView["type"]>(type: T) =>
    page.evaluate(
      (t) => (window as unknown as { sent: { type: string }[] }).sent.filter((m) => m.type === t),
      type,
    ) as Promise<(RunFromView & { type: T })[]>;
  const memory = () => kept<RunMemory>(page);
  const drag = async (from: number, to: number) => {
    const box = await page.locator(".u-over").first().boundingBox();
    if (!box) throw new Error("no plot");
    await page.mouse.move(box.x + box.width * from, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * to, box.y + 80, { steps: 4 });
    await page.mouse.up();
    return box;
  };

  it("shows the plots that were measured, and breaks no policy", async () => {
    await tell(snapshot(60));
    await page.waitForSelector(".u-over");
    expect(await page.locator(".plot h3").allTextContents()).toEqual([
      "Reward",
      "Accuracy",
      "Loss",
      "Variance",
      "Pool",
      "Pool traffic",
      "Entropy, KL",
      "Clip share",
      "Gradient norm",
      "Analysis length",
      "Answer length",
      "Pace",
    ]);
    expect(await page.evaluate(() => (window as unknown as { violations: string[] }).violations)).toEqual([]);
  });

  it.each([
    [null, "stopped, no checkpoint", "Resume from the start", "begins again at step 0"],
    [7, "stopped, checkpoint kept", "Resume", "from the checkpoint of step 7"],
  ])(
    "says of a run that was stopped what was kept: checkpoint %s",
    async (checkpoint, chip, button, title) => {
      const shown = snapshot(60);
      if (shown.type !== "snapshot") return;
      await tell({ ...shown, head: { ...shown.head, status: "stopped", step: checkpoint ?? 0, checkpoint } });
      await page.getByText(chip, { exact: true }).waitFor();
      const resume = page.locator("vscode-button", { hasText: "Resume" });
      expect((await resume.textContent())?.trim()).toBe(button);
      expect(await resume.getAttribute("title")).toContain(title);
    },
  );

  it("draws a plot when it comes near, with what changed in the meantime", async () => {
    await tell(snapshot(60));
    await page.waitForSelector(".u-over");
    const last = page.locator(".plot").last();
    expect(await last.locator("canvas").count()).toBe(0);
    await page.locator(".smoothing input").fill("0.5");
    await page.locator("main").evaluate((main) => main.scrollTo(0, main.scrollHeight));
    await last.locator("canvas").waitFor();
    await page.locator("main").evaluate((main) => main.scrollTo(0, 0));
    await page.locator(".plot").first().locator("canvas").waitFor();
  });

  it("zooms all plots by a drag, asks for every step of the range, and lets go by a double click", async () => {
    await tell(snapshot(4000));
    await page.waitForSelector(".u-over");
    const box = await drag(0.25, 0.5);
    await page.waitForSelector(".zoomed");
    await expect.poll(() => sent("range")).toHaveLength(1);
    const [{ range } = { range: null }] = await sent("range");
    expect(range?.from).toBeCloseTo(1000, -2);
    expect(range?.to).toBeCloseTo(2000, -2);
    await page.mouse.dblclick(box.x + 60, box.y + 80);
    await expect.poll(() => page.locator(".zoomed").count()).toBe(0);
    expect(await sent("rollouts")).toEqual([]);
  });

  it("opens the rollouts of a step by a click on a curve, and of an alarm's by a click on its mark", async () => {
    await tell(snapshot(60));
    await page.waitForSelector(".mark");
    const box = await page.locator(".u-over").first().boundingBox();
    await page.mouse.click((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + 80);
    await expect.poll(async () => (await sent("rollouts")).at(-1)?.query.step).toBe(30);
    const mark = page.locator(".mark[aria-label*='No variance']");
    await mark.focus();
    expect(await page.locator(".tip").textContent()).toContain("these steps cost time and teach nothing");
    await mark.click();
    await expect.poll(async () => (await sent("rollouts")).at(-1)?.query.step).toBe(24);
  });

  it("reads a plot out by keyboard", async () => {
    await tell(snapshot(60));
    await page.waitForSelector(".u-over");
    await page.locator("errata-chart").nth(1).focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await expect
      .poll(() => page.locator("[role=status]").textContent())
      .toContain("step 2: first attempts .50");
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await sent("rollouts")).at(-1)?.query.step).toBe(2);
  });

  it("shades an analysis that learns, and claims nothing of files that do not say", async () => {
    const row = (
      learning: number,
      analysis: number | undefined,
      n: number,
    ): RolloutsView["rows"][number] => ({
      ...{ problem_id: "p", problem: "q", gold: "2", stage: "correction", wrong: "w", answer: "2" },
      ...{ completion: `Analysis: ${n}`, analysis: `said ${n}`, verdict: "correct", reward: 1, advantage: 1 },
      ...{ tokens: 9, learning_tokens: learning, times: 1 },
      ...(analysis === undefined ? {} : { learning_analysis: analysis }),
    });
    const show = (rows: RolloutsView["rows"]) =>
      tell({
        type: "rollouts",
        rollouts: {
          ...{ step: 1, following: true, first: 1, last: 1, previous: null, next: null, rows },
          ...{ shown: rows.length, matching: rows.length, total: rows.length, counts: {} },
        },
      });
    const heads = () => page.locator(".rollouts th").allTextContents();
    const shaded = () =>
      page
        .locator(".rollouts tbody tr")
        .evaluateAll((all) => all.map((tr) => tr.querySelector(".learns") !== null));
    await tell(snapshot(60));
    await show([
      row(5, 5, 1),
      row(5, 0, 2),
      row(0, 0, 3),
      { ...row(0, 0, 4), verdict: "unscored", reward: null },
    ]);
    await expect.poll(shaded).toEqual([true, false, false, false]);
    expect(await heads()).toContain("Analysis (shaded: receives gradient)");
    expect(await page.locator(".rollouts tbody tr td.number").allTextContents()).toContain("–");
    expect(
      await page.locator("[title$='tokens receive a policy gradient, none of them in the analysis']").count(),
    ).toBe(1);
    await show([row(5, undefined, 1)]);
    await expect.poll(shaded).toEqual([false]);
    expect(await heads()).toContain("Analysis");
  });

  it("draws several runs, says each one's value, and gives a colour back when one is removed", async () => {
    await tell(snapshot(60, ["a", "b"]));
    await page.waitForSelector(".u-over");
    const legend = page.locator(".plot").first().locator(".runs");
    expect((await legend.textContent())?.replace(/\s+/g, " ")).toMatch(/scrpo-01 \.30 .*a \.30 .*b \.30/);
    await page.getByRole("button", { name: "Remove a" }).click();
    expect(await sent("remove-run")).toEqual([{ type: "remove-run", id: "a" }]);
    const [, b] = (snapshot(60, ["a", "b"]) as RunToView & { type: "snapshot" }).others;
    await tell({ type: "others", others: b ? [b] : [] });
    await expect.poll(() => page.locator(".toolbar .runs li").count()).toBe(2);
    // It keeps the colour that it had.
    expect(await page.locator(".toolbar .runs li").nth(1).getAttribute("class")).toBe("run-2");
    expect((await memory()).others).toEqual(["b"]);
  });

  it("is as it was after a reload", async () => {
    await tell(snapshot(4000, ["a"]));
    await page.waitForSelector(".u-over");
    await page.locator(".smoothing input").fill("0.8");
    await page.getByRole("radio", { name: "Tokens" }).check();
    await drag(0.25, 0.5);
    await page.locator(".plot").nth(2).hover();
    await page.getByRole("button", { name: "Logarithmic scale: Loss" }).click();
    await page.locator(".plot").nth(0).hover();
    await page.getByRole("button", { name: "Show the table: Reward" }).click();
    await page.locator("#log summary").click();
    const before = await memory();
    expect(before).toMatchObject({
      runId: "r",
      smoothing: 0.8,
      axis: "tokens",
      logs: ["loss"],
      tables: ["reward"],
    });
    await page.reload();
    const [ready] = await sent("ready");
    expect(ready).toMatchObject({ others: ["a"], log: true, axis: "tokens", zoom: before.zoom });
    await tell(snapshot(4000, ["a"]));
    await page.waitForSelector("errata-figures td");
    expect(await page.locator(".smoothing output").textContent()).toBe(".80");
    expect(await page.locator(".zoomed").textContent()).toMatch(/to 2M tokens/);
    await page.locator(".plot").nth(2).hover();
    expect(await page.getByRole("button", { name: "Linear scale: Loss" }).count()).toBe(1);
  });
});
