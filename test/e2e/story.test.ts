import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Editor, until } from "./driver.js";

/**
 * The loop as a person goes through it, in a real VS Code with the packaged extension: each test goes on where the
 * one before it stopped. Pictures are kept in media/screenshots/, in light and dark.
 */
const root = process.cwd();
const PROBLEMS = 48;
const HELD_OUT = 16;
/** Enough that a fast machine cannot be at the end before Stop is pressed. */
const STEPS = 60;
const CORRECTION = "$x=7$\n\\boxed{7}";

const workspace = mkdtempSync(join(tmpdir(), "errata-story-"));
let editor: Editor;

/** Some of the demo's problems, so that the story takes minutes. */
function someProblems(from: string, to: string, count: number): void {
  const lines = readFileSync(join(root, "demo/problems", from), "utf8")
    .trim()
    .split("\n")
    .slice(0, count);
  writeFileSync(join(workspace, to), `${lines.join("\n")}\n`);
}

const review = (): Promise<Frame> => editor.webview("errata-review .problem");
const poolRows = () => editor.rows("Error Pool");

beforeAll(async () => {
  mkdirSync(workspace, { recursive: true });
  someProblems("train.jsonl", "linear-train.jsonl", PROBLEMS);
  someProblems("heldout.jsonl", "linear-heldout.jsonl", HELD_OUT);
  const recipe = {
    name: "story",
    method: "scrpo",
    model: "demo-base",
    problems: "linear-train.jsonl",
    max_steps: STEPS,
    problems_per_step: 4,
    num_generations: 8,
    checkpoint_every: 20,
    correction: { cycle: [3, 2] },
  };
  writeFileSync(join(workspace, "story.errata.json"), `${JSON.stringify(recipe, null, 2)}\n`);
  editor = await Editor.open({
    workspace,
    settings: { "errata.annotator": "reader" },
    machine: { "errata.python": join(root, ".venv/bin/python") },
  });
});

afterEach(({ task }) => editor?.evidence(task));

afterAll(async () => {
  await editor?.close();
});

describe("the loop in a real VS Code", () => {
  test("an empty folder says what to do", async () => {
    await editor.openSidebar();
    await editor.page.getByText("Try the Demo").first().waitFor();
    await editor.inThemes("welcome");
  });

  test("sampling from the palette fills the tree", async () => {
    await editor.openFile("linear-train.jsonl");
    await editor.command("Errata: Sample the Problems of This File");
    await until("the pool has problems", async () => (await poolRows().count()) > 2, 180_000);
    await until("sampling ended", async () => (await attempts()).length === PROBLEMS * 8, 240_000);
  });

  test("the model reflects on the whole pool", async () => {
    await editor.command("Errata: Reflect on the Whole Pool");
    await until(
      "reflections are stored",
      async () => {
        const { inPool, reflected } = await pool();
        return inPool > 0 && reflected === inPool;
      },
      240_000,
    );
  });

  test("a failed solution is typeset beside the reflection", async () => {
    await editor.openSidebar();
    const rows = poolRows();
    await rows.first().click();
    await editor.page.keyboard.press("ArrowRight");
    await until(
      "attempts under the first problem",
      async () => (await rows.nth(1).getAttribute("aria-level")) === "2",
    );
    await rows.nth(1).click();
    const frame = await review();
    await frame.waitForSelector(".solution .katex");
    await frame.waitForSelector(".reflection .katex");
    expect(await frame.locator(".katex-error, .math-error").count()).toBe(0);
    await editor.inThemes("review", ["light", "hc-light", "hc-dark", "dark"]);
  });

  test("a key rates the reflection, the correction is edited, a note is a note", async () => {
    const frame = await review();
    await frame.locator(".problem").click();
    await editor.keysAreHeard(frame);
    await editor.page.keyboard.press("4");
    await frame.waitForSelector("[role=radio][aria-checked=true]:has-text('4')");
    await editor.page.keyboard.press("n");
    await frame.waitForSelector("vscode-text-area.field");
    await editor.page.keyboard.type("jax");
    await editor.page.keyboard.press("Control+Enter");
    await frame.waitForSelector("text=jax");
    await editor.keysAreHeard(frame);
    await editor.page.keyboard.press("e");
    await frame.waitForSelector("vscode-text-area.field");
    await editor.page.keyboard.press("Control+a");
    await editor.page.keyboard.type(CORRECTION);
    await editor.inThemes("edit");
    await frame.locator("vscode-text-area.field").click();
    const before = await standing();
    await editor.page.keyboard.press("Control+Enter");
    const after = await until("the correction is stored", async () => {
      const now = await standing();
      return now.length > before.length ? now : null;
    });
    expect(after.map((a) => a.kind).sort()).toEqual(["correction", "note", "rating"]);
    expect(JSON.parse(after.find((a) => a.kind === "correction")?.value ?? "null")).toBe(CORRECTION);
  });

  test("after a reload of the window both are there", async () => {
    await editor.reload();
    await editor.openSidebar();
    await editor.command("Errata: Open Review");
    const frame = await review();
    await frame.locator(".problem").click();
    await editor.keysAreHeard(frame);
    const place = (): Promise<string | null> => frame.locator("header.bar").textContent();
    for (let i = 0; i < 5 && !(await frame.$("text=jax")); i++) {
      const before = await place();
      await editor.page.keyboard.press("k");
      await until("the item before", async () => (await place()) !== before);
    }
    await frame.waitForSelector("text=jax");
    await frame.waitForSelector("[role=radio][aria-checked=true]:has-text('4')");
    await editor.page.keyboard.press("e");
    const field = frame.locator("vscode-text-area.field");
    await field.waitFor();
    expect(await field.evaluate((element) => (element as HTMLTextAreaElement).value)).toBe(CORRECTION);
    await editor.page.keyboard.press("Escape");
  });

  test("before it starts, the run says what it takes and which tokens receive what", async () => {
    await editor.openFile("story.errata.json");
    await editor.inThemes("recipe");
    await editor.page.locator(".codelens-decoration a", { hasText: "Preview" }).first().click();
    const frame = await editor.webview("errata-preview header");
    // The trainer's own code is asked: loading it takes a while.
    await frame.waitForSelector("[role=tabpanel] .tokens .token.b", { timeout: 240_000 });
    expect(await frame.locator(".count").first().textContent()).toMatch(/\d+\s+errors? to reflect on/);
    await editor.inThemes("preview");
    await frame.locator("header h1").click();
    await editor.page.keyboard.press("j");
    await frame.waitForSelector(".at:has-text('2 of')");
    await editor.page.keyboard.press("x");
    await frame.waitForSelector(".says:has-text('No token gets the reward')");
    expect(existsSync(join(workspace, ".errata/runs"))).toBe(false);
  });

  test("it starts from its preview, its curves move, and it is stopped with a checkpoint", async () => {
    const preview = await editor.webview("errata-preview header");
    await preview.locator("vscode-button", { hasText: "Start Run" }).click();
    const frame = await editor.webview("errata-run");
    await until("steps are drawn", async () => (await step(frame)) >= 4, 240_000);
    await frame.getByText(/^Stop/).first().click();
    const end = await until("the run has ended", () => lastEvent("end"), 180_000);
    expect(end.reason).toBe("stopped");
  });

  test("it survives a reload, and is resumed to its end", async () => {
    await editor.reload();
    await editor.openSidebar();
    await editor.rows("Runs").first().waitFor();
    await editor.command("Errata: Resume Run");
    const frame = await editor.webview("errata-run");
    await until("its curves go on", async () => (await step(frame)) >= STEPS / 2, 240_000);
    await editor.inThemes("run");
    await until("the run has finished", async () => (await lastEvent("end"))?.reason === "finished", 400_000);
    const losses = events()
      .filter((e) => e.type === "metrics")
      .map((e) => e.step);
    expect(losses).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
  });

  test("the checkpoint is a model, and the comparison shows what was fixed and what regressed", async () => {
    await editor.openSidebar();
    await until("two models", async () => (await editor.rows("Models").count()) >= 2);
    await editor.command("Errata: Compare Two Models");
    await editor.pick("Before", "Demo base");
    await editor.pick("After", "story");
    await editor.pick("Compare On", "linear-heldout");
    const measures = editor.page.locator(".quick-input-widget:visible", { hasText: "What to Measure" });
    await measures.locator(".monaco-list-row", { hasText: "Second look" }).waitFor({ timeout: 20_000 });
    await editor.page.keyboard.press("Enter");
    const frame = await editor.webview("errata-compare table", 240_000);
    await frame.waitForSelector("text=/McNemar/");
    await frame.waitForSelector("text=/regressed/i");
    await frame.waitForSelector("text=/fixed/i");
    await editor.inThemes("compare");
    await frame.getByRole("tab", { name: "Second look" }).click();
    await frame.waitForSelector("text=/Acc@t2 − Acc@t1/");
    await editor.inThemes("compare-intrinsic");
  });

  test("a changed problem opens both models' attempts side by side", async () => {
    const frame = await editor.webview("errata-compare table");
    for (const name of ["Regressed", "Fixed"]) {
      await frame.getByRole("tab", { name }).click();
      if ((await frame.locator("tr.open").count()) > 0) break;
    }
    await frame.locator("tr.open").first().click();
    await frame.waitForSelector(".side .step .katex");
    expect(await frame.locator(".side").count()).toBe(2);
    const shown = () => frame.locator(".side.active .chips .here").textContent();
    const before = await shown();
    await editor.page.keyboard.press("ArrowRight");
    await until("another attempt", async () => (await shown()) !== before);
    await editor.inThemes("compare-pair");
    await frame.locator(".pair-problem").click();
    await editor.page.keyboard.press("Escape");
    await frame.waitForSelector("[role=tab]");
  });

  test("the model knows the run and the recipe that it came from", async () => {
    const row = editor.rows("Models").filter({ hasText: "from demo-base" });
    // VS Code takes no click on a menu in its first moment, which is longer on a busy machine.
    const choose = async (name: string) => {
      const item = editor.page.locator(".monaco-menu .action-label", { hasText: name });
      await row.click({ button: "right" });
      await item.waitFor();
      await until(name, async () => {
        await item.click({ timeout: 1000 }).catch(() => undefined);
        return (await item.count()) === 0;
      });
    };
    await choose("Open Recipe");
    await editor.page.locator(".tab.active", { hasText: "recipe.json" }).waitFor({ timeout: 20_000 });
    await choose("Open Run");
    await editor.page.locator(".tab.active", { hasText: "Run: story" }).waitFor({ timeout: 20_000 });
    await editor.command("Errata: Open Comparison");
    await editor.pick("Open Comparison", "demo-base");
    await editor.page.locator(".tab.active", { hasText: "demo-base ↔" }).waitFor({ timeout: 20_000 });
  });

  test("our own code broke no content security policy", () => {
    expect(editor.errors.filter((e) => /Content Security Policy/.test(e) && !/inline style/.test(e))).toEqual(
      [],
    );
  });
});

/** The pool as another process sees it: our own command line, on the same file. */
async function pool(): Promise<{ attempts: number; inPool: number; reflected: number }> {
  const { all } = await sql();
  const one = async (query: string) => Number((await all<{ n: number }>(query))[0]?.n ?? 0);
  return {
    attempts: await one("SELECT count(*) n FROM attempts"),
    inPool: await one("SELECT count(*) n FROM attempts WHERE in_pool = 1"),
    reflected: await one(
      "SELECT count(DISTINCT attempt_id) n FROM reflections JOIN attempts ON attempts.id = attempt_id WHERE in_pool = 1",
    ),
  };
}
const attempts = async () => await (await sql()).all<{ id: number }>("SELECT id FROM attempts");
const standing = async () =>
  (await sql()).all<{ kind: string; value: string }>("SELECT kind, value FROM annotations ORDER BY id");

async function sql(): Promise<{ all<T>(query: string): Promise<T[]> }> {
  const { default: sqlite3 } = await import("sqlite3");
  return {
    all: <T>(query: string) =>
      new Promise<T[]>((resolve, reject) => {
        const db = new sqlite3.Database(
          join(workspace, ".errata/pool.sqlite"),
          sqlite3.OPEN_READONLY,
          (error) => {
            if (error) reject(error);
          },
        );
        db.all(query, (error: Error | null, rows: T[]) => {
          db.close();
          if (error) reject(error);
          else resolve(rows);
        });
      }),
  };
}

interface Event {
  type: string;
  step?: number;
  reason?: string;
}
function events(): Event[] {
  const runs = join(workspace, ".errata/runs");
  const id = existsSync(runs) ? require("node:fs").readdirSync(runs).sort().at(-1) : undefined;
  const file = id && join(runs, id, "events.jsonl");
  if (!file || !existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
const lastEvent = async (type: string) =>
  events()
    .filter((e) => e.type === type)
    .at(-1);
async function step(_frame: Frame): Promise<number> {
  return (
    events()
      .filter((e) => e.type === "metrics")
      .at(-1)?.step ?? 0
  );
}
