import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openPool } from "../../src/pool/pool.js";
import type { Pool } from "../../src/pool/types.js";
import { Editor, until } from "./driver.js";
import { errata } from "./errata.js";

/** Several people on one pool, corrections in editors of their own, and judging in the tree, in a real VS Code. */
const root = process.cwd();
const workspace = mkdtempSync(join(tmpdir(), "errata-people-"));
const other = mkdtempSync(join(tmpdir(), "errata-others-"));
let editor: Editor;
let queue: number[] = [];

async function withPool<T>(folder: string, work: (pool: Pool) => Promise<T>, readOnly = true): Promise<T> {
  const pool = await openPool(folder, { readOnly });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}

/** What Ada and Bob said of the first twelve reflections: of every third they differ. */
async function judge(pool: Pool): Promise<void> {
  for (const [i, attempt] of queue.slice(0, 12).entries()) {
    const { reflections } = await pool.detail(attempt);
    const reflection = reflections[0]?.id ?? -1;
    for (const who of ["ada", "bob"]) {
      const differs = who === "bob" && i % 3 === 0;
      await pool.annotate("reflection", reflection, who, {
        kind: "decision",
        value: (i % 2 === 0) !== differs ? "accepted" : "rejected",
      });
      await pool.annotate("reflection", reflection, who, {
        kind: "rating",
        axis: "overall",
        value: differs ? 1 : (i % 5) + 1,
      });
      await pool.annotate("attempt", attempt, who, { kind: "firstWrongStep", value: differs ? 1 : 2 });
    }
  }
}

beforeAll(async () => {
  const lines = readFileSync(join(root, "demo/problems/train.jsonl"), "utf8").trim().split("\n").slice(0, 40);
  const file = join(workspace, "linear.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n`);
  errata(workspace, "sample", file, "--model", "demo-base", "--group", "8", "--max-tokens", "110");
  errata(workspace, "reflect", "--model", "demo-base");
  // The others begin with the same attempts, and say something of their own.
  errata(workspace, "pool", "backup", join(other, ".errata/pool.sqlite"));
  queue = await withPool(workspace, (pool) => pool.attemptIds({}));
  await withPool(workspace, judge, false);
  await withPool(
    other,
    (pool) =>
      pool.annotate("attempt", queue[20] ?? -1, "carol", { kind: "note", value: "from another pool" }),
    false,
  );
  editor = await Editor.open({
    workspace,
    settings: {
      "errata.annotator": "eve",
      "errata.review.repeats": 0,
      "files.simpleDialog.enable": true,
      "files.autoSave": "off",
    },
  });
});
afterEach(({ task }) => editor?.evidence(task));
afterAll(async () => {
  await editor?.close();
});

const notes = () =>
  withPool(workspace, (pool) => pool.annotations("attempt", queue[20] ?? -1)).then((said) =>
    said.filter(({ value }) => value.kind === "note"),
  );

describe("several people on one pool", () => {
  test("another's pool is looked at, then merged; twice adds nothing", async () => {
    for (const again of [false, true]) {
      await editor.command("Errata: Merge Another Pool…");
      await editor.file("Merge Another Pool", join(other, ".errata/pool.sqlite"));
      const dialog = editor.page.locator(".monaco-dialog-box");
      await dialog.waitFor({ timeout: 60_000 });
      if (again) {
        await dialog.getByText("There is nothing new in this pool.").waitFor();
        await editor.page.keyboard.press("Escape");
      } else await dialog.getByRole("button", { name: "Merge", exact: true }).click();
      await dialog.waitFor({ state: "hidden" });
      const found = await until("the word is there", async () => {
        const said = await notes();
        return said.length > 0 ? said : null;
      });
      expect(found.map(({ who }) => who)).toEqual(["carol"]);
    }
  });

  test("their agreement has figures with intervals; a difference is settled beside both words", async () => {
    await editor.command("Errata: Show Agreement…");
    const frame = await editor.webview("errata-agreement .figures-table");
    await frame.waitForSelector("text=/Cohen/");
    await editor.inThemes("agreement");
    await frame.locator(".entry").first().click();
    await frame.waitForSelector(".adjudication .step .katex");
    await editor.inThemes("adjudication");
    await frame.locator(".adjudication").first().click();
    await editor.page.keyboard.press("1");
    const settled = await until("it is settled", async () => {
      const people = await withPool(workspace, (pool) => pool.people());
      return people.find(({ who }) => who === "adjudicated:eve");
    });
    expect(settled.who).toBe("adjudicated:eve");
  });
});

describe("a correction in an editor of its own", () => {
  let attempt = -1;
  const corrections = async () => {
    const { annotations } = await withPool(workspace, (pool) => pool.detail(attempt));
    return annotations.filter(({ who, value }) => who === "eve" && value.kind === "correction");
  };

  test("is typed with the person's keys, saved into the pool, and taken back when nothing is left", async () => {
    await editor.command("View: Close All Editors");
    await editor.command("Errata: Open Review");
    const frame = await editor.webview("errata-review .problem");
    await frame.locator(".problem").click();
    await editor.command("Errata: Edit the Correction in an Editor");
    const tab = editor.page.locator(".tab.active", { hasText: /correction-\d+/ });
    attempt = Number(/correction-(\d+)/.exec((await tab.textContent()) ?? "")?.[1]);
    const said = () => withPool(workspace, (pool) => pool.judgements(0, 10_000));
    const before = await said();
    await editor.page.locator(".monaco-editor.focused").waitFor();
    await editor.page.keyboard.press("Control+A");
    await editor.page.keyboard.type("so x = 7, jax");
    await frame.waitForSelector("text=/in an editor/i");
    await editor.inThemes("correction-editor");
    await editor.page.keyboard.press("Control+S");
    const [stored] = await until("it is stored", async () => {
      const found = await corrections();
      return found.length > 0 ? found : null;
    });
    expect(stored?.value.value).toBe("so x = 7, jax");
    // Not a letter of it was a command of the review.
    const others = (words: typeof before) => words.filter(({ who }) => who === "eve");
    expect(others(await said())).toEqual(others(before));
    await editor.page.keyboard.press("Control+A");
    await editor.page.keyboard.press("Delete");
    await editor.page.keyboard.press("Control+S");
    await until("it is taken back", async () => (await corrections()).length === 0);
  });
});

describe("a correction that is not saved yet", () => {
  const mine = () =>
    withPool(workspace, async (pool) => {
      const details = await Promise.all(queue.map((id) => pool.detail(id)));
      return details
        .flatMap(({ annotations }) => annotations)
        .filter(({ who, value }) => who === "eve" && value.kind === "correction");
    });

  test("outlives the window, as any editor's text does, and is thrown away only when a person says so", async () => {
    const before = (await mine()).length;
    await editor.page
      .locator(".tab", { hasText: /Review/ })
      .first()
      .click();
    const frame = await editor.webview("errata-review .problem");
    await frame.locator(".problem").click();
    await editor.command("Errata: Edit the Correction in an Editor");
    const tab = editor.page.locator(".tab.active", { hasText: /correction-\d+/ });
    await tab.waitFor();
    await editor.page.locator(".monaco-editor.focused").waitFor();
    await editor.page.keyboard.press("Control+A");
    await editor.page.keyboard.type("kept in the meantime");
    await editor.page.locator(".tab.active.dirty", { hasText: /correction-\d+/ }).waitFor();
    // VS Code backs up what is not saved about a second after the last key.
    await editor.page.waitForTimeout(3_000);
    await editor.reopen();
    const dirty = editor.page.locator(".tab.dirty", { hasText: /correction-\d+/ });
    await dirty.waitFor({ timeout: 60_000 });
    await dirty.click();
    await editor.page.locator(".view-line", { hasText: "kept in the meantime" }).waitFor();
    expect((await mine()).length).toBe(before);
    await dirty.locator(".tab-actions a").click();
    const dialog = editor.page.locator(".monaco-dialog-box");
    await dialog.getByRole("button", { name: "Don't Save" }).click();
    await dirty.waitFor({ state: "detached" });
    expect((await mine()).length).toBe(before);
  });
});

describe("judging in the tree", () => {
  const types = () => withPool(workspace, (pool) => pool.attemptIds({ errorType: "sign" }));

  test("what is said of a selection is said of every attempt in it, and taken back in one", async () => {
    await editor.openSidebar();
    const rows = editor.rows("Error Pool");
    await until("the pool is listed", async () => (await rows.count()) > 5);
    await rows.nth(0).click();
    await rows.nth(2).click({ modifiers: ["Shift"] });
    await editor.command("Errata: Judge the Selected Attempts…");
    await editor.pick("Judge", "Sign");
    const said = await until("it is said", async () => {
      const found = await types();
      return found.length > 0 ? found : null;
    });
    expect(said.length).toBeGreaterThanOrEqual(3);
    const undo = editor.notifications().getByRole("button", { name: "Undo" });
    await undo.click();
    // A notification gives the focus back when it goes.
    await undo.waitFor({ state: "hidden" });
    await until("it is taken back", async () => (await types()).length === 0);
  });

  test("the tree is grouped by what people said", async () => {
    await editor.command("Errata: Group the Error Pool By…");
    await editor.pick("Group the Error Pool By", "Rating");
    await until(
      "buckets of ratings",
      async () =>
        (await editor
          .rows("Error Pool")
          .filter({ hasText: /Rated 5|Not rated/ })
          .count()) >= 2,
    );
    await editor.inThemes("tree", ["light", "dark"]);
  });

  test("an export of the pool is taken in by another folder", async () => {
    const file = join(workspace, "all.jsonl");
    errata(workspace, "export", "jsonl", "--out", file);
    const fresh = mkdtempSync(join(tmpdir(), "errata-fresh-"));
    errata(fresh, "import", file);
    const [here, there] = await Promise.all(
      [workspace, fresh].map((folder) => withPool(folder, (pool) => pool.stats())),
    );
    expect(there).toEqual(here);
    expect(existsSync(join(fresh, ".errata/pool.sqlite"))).toBe(true);
  });

  test("our own code broke no content security policy", () => {
    expect(editor.errors.filter((e) => /Content Security Policy/.test(e) && !/inline style/.test(e))).toEqual(
      [],
    );
  });
});
