import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Editor, type Theme, until } from "./driver.js";

/**
 * The loop as a person goes through it, in a real VS Code with the packaged extension: each test goes on where the
 * one before it stopped. Pictures are kept in media/screenshots/, in light and dark.
 */
const root = process.cwd();
const PROBLEMS = 48;
const HELD_OUT = 16;
const STEPS = 30;
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

async function inThemes(name: string, themes: readonly Theme[] = ["light", "dark"]): Promise<void> {
  await editor.command("Notifications: Clear All Notifications");
  for (const theme of themes) {
    await editor.theme(theme);
    await editor.page.waitForTimeout(400);
    await editor.screenshot(`${name}-${theme}`);
  }
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
    checkpoint_every: 5,
    correction: { cycle: [3, 2] },
  };
  writeFileSync(join(workspace, "story.errata.json"), `${JSON.stringify(recipe, null, 2)}\n`);
  editor = await Editor.open({
    workspace,
    settings: { "errata.annotator": "reader" },
    machine: { "errata.python": join(root, ".venv/bin/python") },
  });
});

afterEach(async (context) => {
  if (context.task.result?.state !== "fail" || !editor) return;
  mkdirSync(join(root, "test-results"), { recursive: true });
  const name = context.task.name.replace(/\W+/g, "-");
  await editor.page.screenshot({ path: join(root, "test-results", `failed-${name}.png`) });
  const logs = join(editor.home, "data/logs");
  if (existsSync(logs)) cpSync(logs, join(root, "test-results/logs"), { recursive: true });
});

afterAll(async () => {
  await editor?.close();
});

describe("the loop in a real VS Code", () => {
  test("an empty folder says what to do", async () => {
    await editor.openSidebar();
    await editor.page.getByText("Try the Demo").first().waitFor();
    await inThemes("welcome");
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
    await inThemes("review", ["light", "hc-light", "hc-dark", "dark"]);
  });

  test("a key rates the reflection, the correction is edited, a note is a note", async () => {
    const frame = await review();
    await frame.locator(".problem").click();
    await editor.page.keyboard.press("4");
    await frame.waitForSelector("[role=radio][aria-checked=true]:has-text('4')");
    await editor.page.keyboard.press("n");
    await frame.waitForSelector("vscode-text-area.field");
    await editor.page.keyboard.type("jax");
    await editor.page.keyboard.press("Control+Enter");
    await frame.waitForSelector("text=jax");
    await editor.page.keyboard.press("e");
    await frame.waitForSelector("vscode-text-area.field");
    await editor.page.keyboard.press("Control+a");
    await editor.page.keyboard.type(CORRECTION);
    await inThemes("edit");
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
    for (let i = 0; i < 5 && !(await frame.$("text=jax")); i++) {
      await frame.locator(".problem").click();
      await editor.page.keyboard.press("k");
      await editor.page.waitForTimeout(500);
    }
    await frame.waitForSelector("text=jax");
    await frame.waitForSelector("[role=radio][aria-checked=true]:has-text('4')");
    await editor.page.keyboard.press("e");
    const field = frame.locator("vscode-text-area.field");
    await field.waitFor();
    expect(await field.evaluate((element) => (element as HTMLTextAreaElement).value)).toBe(CORRECTION);
    await editor.page.keyboard.press("Escape");
  });

  test("a run starts from the CodeLens above its recipe, and its curves move", async () => {
    await editor.openFile("story.errata.json");
    await inThemes("recipe");
    await editor.page.locator(".codelens-decoration a", { hasText: /start/i }).first().click();
    const frame = await editor.webview("errata-run");
    await until("steps are drawn", async () => (await step(frame)) >= 4, 240_000);
    await inThemes("run");
  });

  test("it is stopped with a checkpoint, survives a reload, and is resumed to its end", async () => {
    const frame = await editor.webview("errata-run");
    await frame.getByText(/^Stop/).first().click();
    await until("the run has stopped", async () => (await lastEvent("end"))?.reason === "stopped", 180_000);
    await editor.reload();
    await editor.openSidebar();
    await editor.rows("Runs").first().waitFor();
    await editor.command("Errata: Resume Run");
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
    const frame = await editor.webview("errata-compare table", 240_000);
    await frame.waitForSelector("text=/McNemar/");
    await frame.waitForSelector("text=/regressed/i");
    await frame.waitForSelector("text=/fixed/i");
    await inThemes("compare");
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
