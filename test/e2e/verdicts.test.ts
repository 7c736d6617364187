import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openPool } from "../../src/pool/pool.js";
import type { Pool } from "../../src/pool/types.js";
import { Editor, until } from "./driver.js";

/** A second opinion, the disputes that come of it, settled by key, and a re-grading with its undo, in a real VS Code. */
const workspace = mkdtempSync(join(tmpdir(), "errata-verdicts-"));
const PROBLEMS = 3;
const GROUP = 8;
let editor: Editor;

async function withPool<T>(work: (pool: Pool) => Promise<T>, readOnly = true): Promise<T> {
  const pool = await openPool(workspace, { readOnly });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}

/** Of every group, two right answers, three that are right to four places, and three that are plainly wrong. */
async function fill(pool: Pool): Promise<void> {
  const rows = await pool.putProblems(
    "circles",
    Array.from({ length: PROBLEMS }, (_, i) => ({
      id: `c${i + 1}`,
      problem: `What is the area of a circle of radius $${i + 1}$, to five places?`,
      gold: gold(i),
    })),
  );
  const options = { temperature: 1, topP: 1, topK: 0, maxTokens: 64, seed: 1 };
  const { groups } = await pool.openSampling(
    { modelId: "base", modelHash: "1", purpose: "sample", group: GROUP, options, prompt: "" },
    rows,
  );
  for (const [i, { groupId }] of groups.entries()) {
    await pool.putAttempts(
      Array.from({ length: GROUP }, (_, sample) => {
        const answer = sample < 2 ? gold(i) : sample < 5 ? Number(gold(i)).toFixed(4) : "4";
        const text = `The area is $\\pi r^2$.\nSo it is $${answer}$.\n$\\boxed{${answer}}$`;
        const at = text.indexOf("boxed{") + "boxed{".length;
        return {
          ...{ groupId, sample },
          generation: { text, tokenIds: [1], logprobs: [-1], finish: "stop" as const },
          grade: {
            verdict: sample < 2 ? ("correct" as const) : ("incorrect" as const),
            ...{ answer, span: [at, at + answer.length] as [number, number] },
            reason: "Compared as numbers; read from \\boxed{}.",
          },
        };
      }),
    );
  }
}

const gold = (i: number): string => (Math.PI * (i + 1) ** 2).toFixed(5);

/** A grader of a person's own: whoever is right to four places is right for it. */
const GRADER = `
const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { id, gold, text, answer } = JSON.parse(line);
  const close = Math.abs(Number(gold) - Number(answer)) < 1e-3;
  const at = text.indexOf("So it is $") + "So it is $".length;
  const said = { id, verdict: close ? "correct" : "incorrect", answer, span: [at, at + answer.length], reason: "to four places" };
  process.stdout.write(JSON.stringify(said) + "\\n");
});
`;

beforeAll(async () => {
  await withPool(fill, false);
  const script = join(workspace, "four-places.cjs");
  writeFileSync(script, GRADER);
  editor = await Editor.open({
    workspace,
    settings: { "errata.annotator": "eve", "errata.review.repeats": 0 },
    machine: { "errata.graders": { "four places": `"${process.execPath}" "${script}"` } },
  });
});
afterEach(({ task }) => editor?.evidence(task));
afterAll(async () => {
  await editor?.close();
});

const disputes = () => withPool((pool) => pool.disputes());
const correct = () => withPool((pool) => pool.stats()).then((stats) => stats.correct);
/** Three of each group: what the other grader takes for right and ours does not. */
const CLOSE = 3 * PROBLEMS;

describe("verdicts that can be disputed and redone", () => {
  test("nothing in dispute says what to do", async () => {
    await editor.command("Errata: Review Disputes");
    await editor.notifications().filter({ hasText: "Nothing is in dispute" }).waitFor();
    await editor.notifications().getByRole("button", { name: "Ask Another Grader…" }).click();
    await editor.pick("Ask Another Grader (1/2)", "four places");
    await editor.pick("Ask Another Grader (2/2)", "Every Attempt");
    const done = editor.notifications().filter({ hasText: `Graders disagree on ${CLOSE} of them` });
    await done.waitFor({ timeout: 60_000 });
    expect(await disputes()).toEqual({ disagree: CLOSE, imported: 0, unsure: 0 });
    await done.getByRole("button", { name: "Review Disputes" }).click();
  });

  test("both words stand beside each other, each marked where it read; one key settles and goes on", async () => {
    const frame = await editor.webview("errata-review .dispute");
    // Items that come next are laid out ahead, unseen.
    const shown = frame.locator(".columns:not(.ahead)");
    await shown.getByText("four places says correct; ours incorrect").waitFor();
    expect(await shown.locator(".solution errata-steps .read-by").count()).toBe(2);
    await editor.inThemes("dispute");
    const first = await frame.locator(".problem errata-math").textContent();
    await frame.locator(".problem").click();
    await editor.keysAreHeard(frame);
    for (const [i, key] of ["c", "i", "c"].entries()) {
      await editor.page.keyboard.press(key);
      await until(`${key} settled`, async () => (await disputes()).disagree === CLOSE - i - 1);
      await frame.waitForSelector(`text=/${i + 2} of ${CLOSE}/`);
    }
    expect(await frame.locator(".problem errata-math").textContent()).not.toBe(first);
    await editor.page.keyboard.press("Backspace");
    await until("it is in dispute again", async () => (await disputes()).disagree === CLOSE - 2);
  });

  test("the group's card opens by key and says what the majority is", async () => {
    const frame = await editor.webview("errata-review .problem");
    await frame.locator(".problem").click();
    await editor.keysAreHeard(frame);
    await editor.page.keyboard.press("s");
    await frame.locator(".columns:not(.ahead) .every .headline").waitFor();
    await frame.waitForSelector("text=/pass@8/");
    await editor.inThemes("group-card");
    await editor.page.keyboard.press("Escape");
  });

  test("re-graded with a tolerance: previewed, applied, undone as one", async () => {
    const before = await correct();
    await editor.command("Errata: Re-grade…");
    await editor.pick("Re-grade (1/4)", "Every Attempt");
    const asked = (step: string) => editor.page.locator(".quick-input-widget:visible", { hasText: step });
    await asked("Re-grade (2/4)").waitFor();
    await editor.page.keyboard.press("Enter");
    await asked("Re-grade (3/4)").waitFor();
    await editor.quickInput().fill("0.001");
    await editor.page.keyboard.press("Enter");
    await editor.pick("Re-grade (4/4)", "Forgive a missing unit");
    const frame = await editor.webview("errata-regrade .changes");
    await frame.waitForSelector(".entry");
    const list = frame.getByRole("button", { name: "List incorrect to correct" });
    await list.click();
    await until("all of them are listed", async () => (await frame.locator(".entry").count()) === CLOSE);
    await editor.inThemes("regrade");
    expect(await correct()).toBe(before);
    await frame.locator("vscode-button", { hasText: "Apply" }).click();
    // Where a person has settled it, that person's word stands.
    await until("the verdicts are other ones", async () => (await correct()) > before);
    expect(await disputes()).toEqual({ disagree: 0, imported: 0, unsure: 0 });
    await frame.locator("vscode-button", { hasText: "Undo all of it" }).click();
    await until("they are as before", async () => (await correct()) === before);
    await frame.waitForSelector("text=/undone/");
  });

  test("our own code broke no content security policy", () => {
    expect(editor.errors.filter((e) => /Content Security Policy/.test(e) && !/inline style/.test(e))).toEqual(
      [],
    );
  });
});
