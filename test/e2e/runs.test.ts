import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { scrpoStep } from "../unit/run.fixture.js";
import { Editor, until } from "./driver.js";

/** The Run panel in a real VS Code, on two runs that have ended: compared, zoomed, gone through, cloned. */
const workspace = mkdtempSync(join(tmpdir(), "errata-runs-"));
const STEPS = 40;
let editor: Editor;

/** A run's folder as a trainer leaves it. */
function ended(id: string, method: string): void {
  const folder = join(workspace, ".errata/runs", id);
  mkdirSync(join(folder, "rollouts"), { recursive: true });
  const recipe = { name: id, method, model: "demo-base", problems: join(workspace, "problems.jsonl") };
  writeFileSync(join(folder, "recipe.json"), JSON.stringify(recipe));
  writeFileSync(join(folder, "log.txt"), "loading the model\n");
  const events: object[] = [
    {
      type: "start",
      time: 1000,
      run: id,
      method,
      steps: STEPS,
      resumedFrom: 0,
      device: "cpu",
      model: "demo-base",
      pid: 1,
    },
  ];
  for (let step = 1; step <= STEPS; step++) {
    const { stage, time } = scrpoStep(step);
    events.push(scrpoStep(step), { type: "rollouts", time, step, file: `rollouts/step-${step}.jsonl` });
    const rows = ["correct", "incorrect"].map((verdict) => ({
      problem_id: `p${step}`,
      problem: `Solve $x+${step}=0$.`,
      gold: `-${step}`,
      stage,
      completion: `$x=-${step}$`,
      answer: `-${step}`,
      verdict,
      reward: verdict === "correct" ? 1 : 0,
      advantage: 0,
      tokens: 9,
      learning_tokens: 9,
    }));
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
    writeFileSync(join(folder, `rollouts/step-${step}.jsonl`), lines.join(""));
  }
  const message = "92% of the groups are all right or all wrong.";
  events.push({ type: "alarm", time: 1050, step: 24, kind: "zero-variance", message });
  events.push({ type: "end", time: 1100, reason: "finished" });
  writeFileSync(join(folder, "events.jsonl"), events.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

beforeAll(async () => {
  writeFileSync(join(workspace, "problems.jsonl"), '{"id":"p","problem":"$x+1=0$","answer":"-1"}\n');
  ended("scrpo-01", "scrpo");
  ended("grpo-01", "grpo");
  editor = await Editor.open({ workspace });
});

afterEach(({ task }) => editor?.evidence(task));

afterAll(async () => {
  await editor?.close();
});

const panel = (): Promise<Frame> => editor.webview("errata-run .u-over");

async function dragOverFirstPlot(frame: Frame): Promise<void> {
  const box = await frame.locator(".u-over").first().boundingBox();
  if (!box) throw new Error("no plot");
  const { mouse } = editor.page;
  await mouse.move(box.x + box.width * 0.25, box.y + 60);
  await mouse.down();
  await mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 5 });
  await mouse.up();
}

describe("the Run panel in a real VS Code", () => {
  test("a run from the tree is compared with another", async () => {
    await editor.openSidebar();
    const row = editor.rows("Runs").filter({ hasText: "scrpo-01" });
    await row.waitFor();
    await row.click();
    const frame = await panel();
    await frame.getByRole("button", { name: "Compare with…" }).click();
    const other = editor.page.locator(".quick-input-widget:visible .monaco-list-row", { hasText: "grpo-01" });
    await other.click();
    await editor.page.keyboard.press("Enter");
    await frame.waitForSelector(".toolbar .runs li:nth-child(2):has-text('grpo-01')");
    await frame.waitForSelector(".plot .runs li:nth-child(2):has-text('grpo-01')");
  });

  test("a drag zooms all plots; zoom and runs outlive a reload of the window", async () => {
    const before = await panel();
    await until("the zoom", async () => {
      if ((await before.locator(".zoomed").count()) === 0) await dragOverFirstPlot(before);
      return (await before.locator(".zoomed").count()) === 1;
    });
    const zoom = await before.locator(".zoomed").textContent();
    // VS Code stores what panels remember when its editors change, and every five seconds.
    await editor.openFile("problems.jsonl");
    await editor.page.waitForTimeout(6_000);
    await editor.reload();
    await editor.page.locator(".tab", { hasText: "Run: scrpo-01" }).click({ timeout: 60_000 });
    const frame = await panel();
    await frame.waitForSelector(".toolbar .runs li:nth-child(2):has-text('grpo-01')");
    expect(await frame.locator(".zoomed").textContent()).toBe(zoom);
    await frame.locator(".zoomed").click();
    await frame.waitForSelector(".zoomed", { state: "detached" });
  });

  test("an alarm on a curve opens the rollouts of its step; those of another step follow", async () => {
    const frame = await panel();
    const mark = frame.locator(".mark").first();
    await mark.focus();
    await frame.waitForSelector(".tip:has-text('No variance')");
    await mark.click();
    await frame.waitForSelector("#rollouts[aria-label='Rollouts at step 24']");
    await frame.getByRole("button", { name: "Step before" }).click();
    await frame.waitForSelector("#rollouts[aria-label='Rollouts at step 23']");
    await frame.waitForSelector("#rollouts .katex");
    const verdicts = await frame
      .locator("#rollouts tbody .chip")
      .evaluateAll((chips) => chips.map((chip) => chip.getAttribute("title")));
    expect(verdicts).toEqual(["incorrect; gold -23", "correct; gold -23"]);
  });

  test("its recipe is cloned into a new file", async () => {
    const frame = await panel();
    await frame.getByText("Clone recipe").click();
    await editor.page.locator(".tab.active", { hasText: "scrpo-02.errata.json" }).waitFor();
    const recipe = JSON.parse(readFileSync(join(workspace, "scrpo-02.errata.json"), "utf8"));
    expect(recipe).toMatchObject({ name: "scrpo-02", method: "scrpo", problems: "problems.jsonl" });
  });

  test("our own code broke no content security policy", () => {
    expect(editor.errors.filter((e) => /Content Security Policy/.test(e) && !/inline style/.test(e))).toEqual(
      [],
    );
  });
});
