import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openPool } from "../../src/pool/pool.js";
import { Editor, until } from "./driver.js";
import { errata } from "./errata.js";

/** Five hundred a day: reviewing in a real VS Code with the keyboard alone. */
const root = process.cwd();
const workspace = mkdtempSync(join(tmpdir(), "errata-review-"));
const TRIAGE = 20;
/** What is pressed in triage, item after item: each is one judgement and goes on at once. */
const KEYS = ["a", "x", "4", "2", "a", "5", "x"] as const;
let editor: Editor;
/** The queue as stored: row ids of attempts. */
let queue: number[] = [];

interface Said {
  attempt: number;
  kind: string;
  axis: string;
  value: unknown;
}
/** What the keys said, in order; what was undone is said again as nothing. */
const pressed: Said[] = [];

beforeAll(async () => {
  const lines = readFileSync(join(root, "demo/problems/train.jsonl"), "utf8").trim().split("\n").slice(0, 60);
  const file = join(workspace, "linear.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n`);
  errata(workspace, "sample", file, "--model", "demo-base", "--group", "8", "--max-tokens", "110");
  errata(workspace, "reflect", "--model", "demo-base");
  const pool = await openPool(workspace);
  queue = await pool.attemptIds({});
  await pool.close();
  editor = await Editor.open({
    workspace,
    settings: { "errata.annotator": "reader", "errata.review.repeats": 0 },
  });
});

afterEach(({ task }) => editor?.evidence(task));

afterAll(async () => {
  await editor?.close();
});

const review = (): Promise<Frame> => editor.webview("errata-review .problem");
const enter = async (frame: Frame): Promise<void> => {
  await frame.locator(".problem").click();
  await editor.keysAreHeard(frame);
};
const press = (key: string): Promise<void> => editor.page.keyboard.press(key);

async function place(frame: Frame): Promise<number> {
  const text = (await frame.locator("header.bar").textContent()) ?? "";
  return Number(/(\d+) of \d+/.exec(text)?.[1] ?? -1);
}
const at = (frame: Frame, position: number) =>
  until(`item ${position}`, async () => (await place(frame)) === position);

function say(position: number, key: string): void {
  const attempt = queue[position - 1] ?? -1;
  if (key === "a" || key === "x") {
    pressed.push({ attempt, kind: "decision", axis: "", value: key === "a" ? "accepted" : "rejected" });
  } else pressed.push({ attempt, kind: "rating", axis: "overall", value: Number(key) });
}

async function triage(frame: Frame, from: number, to: number): Promise<void> {
  for (let position = from; position < to; position++) {
    await at(frame, position);
    const key = KEYS[(position - 1) % KEYS.length] ?? "a";
    await press(key);
    say(position, key);
    // A command that is used for the first time in a window is overtaken by one that was used before.
    await until("it is stored", async () => (await stored()).length === pressed.length);
  }
  await at(frame, to);
}

async function reviewed(folder: string): Promise<number> {
  const pool = await openPool(folder, { readOnly: true });
  try {
    return (await pool.stats()).reviewed;
  } finally {
    await pool.close();
  }
}

/** What people said, as the pool's file has it, oldest first. */
async function stored(): Promise<Said[]> {
  const pool = await openPool(workspace, { readOnly: true });
  try {
    const said: (Said & { id: number })[] = [];
    for (const attempt of queue) {
      const { reflections } = await pool.detail(attempt);
      const words = await Promise.all([
        pool.annotations("attempt", attempt),
        ...reflections.map(({ id }) => pool.annotations("reflection", id)),
      ]);
      for (const { id, value } of words.flat())
        said.push({
          id,
          attempt,
          kind: value.kind,
          axis: "axis" in value ? value.axis : "",
          value: value.value,
        });
    }
    return said.sort((a, b) => a.id - b.id).map(({ id: _, ...rest }) => rest);
  } finally {
    await pool.close();
  }
}

/** Problems that are called bad. */
async function left(): Promise<number> {
  const pool = await openPool(workspace, { readOnly: true });
  try {
    return await pool.badProblems();
  } finally {
    await pool.close();
  }
}

describe("reviewing with the keyboard alone in a real VS Code", () => {
  test("x pressed in the tree rejects nothing", async () => {
    const inTree = editor.page.locator(".sidebar .monaco-list:focus-within .monaco-list-row.focused");
    await editor.openSidebar();
    await until("the pool is listed", async () => (await editor.rows("Error Pool").count()) > 3);
    await editor.command("Errata: Open Review");
    const frame = await review();
    // A page that is just opened gets the focus when it is loaded: only after that can it be taken elsewhere.
    await enter(frame);
    await editor.command("Errata: Focus on Error Pool View");
    await until("a row of the tree has the focus", async () => {
      if ((await inTree.count()) === 1) return true;
      await press("ArrowDown");
      return false;
    });
    await press("x");
    await press("a");
    expect(await inTree.count()).toBe(1);
    await press("Escape");
    await editor.page.waitForTimeout(500);
    expect(await stored()).toEqual([]);
  });

  test("triage: one key, next item; the window is closed in the middle and goes on where it was", async () => {
    await editor.command("Errata: Open Review");
    let frame = await review();
    await enter(frame);
    if (!(await frame.getByRole("button", { name: "Triage", pressed: true }).count())) await press("m");
    await frame.getByRole("button", { name: "Triage", pressed: true }).waitFor();
    // That there is a Review tab at all is VS Code's to store; the place in it is ours, at every key.
    await editor.isKept("mainThreadWebview-errata.review");
    await triage(frame, 1, 13);
    await until("all is stored", async () => (await stored()).length === pressed.length);
    await editor.reopen();
    frame = await review();
    await at(frame, 13);
    await frame.getByRole("button", { name: "Triage", pressed: true }).waitFor();
    await enter(frame);
    await triage(frame, 13, TRIAGE + 1);
    await until("all is stored", async () => (await stored()).length === pressed.length);
    expect(await stored()).toEqual(pressed);
  });

  test("three are undone, each with its item", async () => {
    const frame = await review();
    for (let i = 0; i < 3; i++) {
      await press("Backspace");
      await at(frame, TRIAGE - i);
      const last = pressed[TRIAGE - 1 - i];
      if (last) pressed.push({ ...last, value: null });
    }
    await until("the undoing is stored", async () => (await stored()).length === pressed.length);
    expect(await stored()).toEqual(pressed);
    await triage(frame, TRIAGE - 2, TRIAGE + 1);
  });

  test("localise: steps, axes, error types, corrections", async () => {
    const frame = await review();
    await press("m");
    await frame.getByRole("button", { name: "Localise", pressed: true }).waitFor();
    for (let i = 0; i < 5; i++) {
      const position = TRIAGE + 1 + i;
      await at(frame, position);
      const attempt = queue[position - 1] ?? -1;
      const saw = async (kind: string, axis: string, value: unknown): Promise<void> => {
        pressed.push({ attempt, kind, axis, value });
        await until(`${kind} is stored`, async () => (await stored()).length === pressed.length);
      };
      // VS Code carries out a command that was never used before a moment later than one that was: a person's pause.
      await press("ArrowDown");
      await frame.locator(".solution .step.cursor .number", { hasText: "2" }).waitFor();
      await press("w");
      await saw("firstWrongStep", "", 2);
      await press("3");
      await saw("rating", "overall", 3);
      await press("]");
      await frame.locator(".axis.current", { hasText: "Locates the error" }).waitFor();
      await press("5");
      await saw("rating", "locates", 5);
      await editor.page.keyboard.type("ts");
      await saw("errorType", "", "sign");
      if (i === 0) {
        await editor.page.keyboard.type("njax");
        await press("Control+Enter");
        await saw("note", "", "jax");
      }
      if (i === 1) {
        await press("e");
        await frame.waitForSelector("vscode-text-area.field");
        await press("Control+a");
        await editor.page.keyboard.type("$x=7$");
        await press("Control+Enter");
        await saw("correction", "", "$x=7$");
      } else await press("j");
    }
    await at(frame, TRIAGE + 6);
    expect(await stored()).toEqual(pressed);
  });

  test("find, attempts side by side, blind mode, filter, order, and a bad problem taken back", async () => {
    const frame = await review();
    await frame.locator(".problem").click();
    await press("Control+f");
    await frame.locator(".find input").waitFor();
    await editor.page.keyboard.type("x");
    await frame.locator(".find .count", { hasText: /^1 of \d/ }).waitFor();
    // Found, not rejected: the letter was the search's.
    await press("Escape");
    await frame.locator(".find").waitFor({ state: "detached" });
    await editor.keysAreHeard(frame);

    await press("s");
    await frame.locator('.every [role="listbox"]').waitFor();
    await press("ArrowDown");
    await press("Enter");
    await frame.locator(".sibling .step .katex").first().waitFor();
    for (const open of [".every", ".sibling"]) {
      await until(`${open} closes`, async () => {
        if ((await frame.locator(open).count()) === 0) return true;
        await press("Escape");
        await frame.locator(open).waitFor({ state: "detached", timeout: 3_000 });
        return true;
      });
    }
    await editor.keysAreHeard(frame);

    await press("Shift+B");
    await frame.locator("header.bar .withheld").waitFor();
    expect(await frame.locator(".solution").textContent()).not.toMatch(/gold [^a]|incorrect/i);
    await press("4");
    pressed.push({ attempt: queue[TRIAGE + 5] ?? -1, kind: "rating", axis: "overall", value: 4 });
    await frame.locator("header.bar .withheld").waitFor({ state: "detached" });
    await press("Shift+B");

    await press("/");
    await editor.page.locator(".quick-input-widget:visible", { hasText: "Filter" }).waitFor();
    await press("Escape");
    await enter(frame);

    for (const order of ["random.", "problems that", "as stored"]) {
      await press("o");
      await frame.locator(".notice", { hasText: `Order: ${order}` }).waitFor();
    }

    const before = await place(frame);
    await press("b");
    await until("the problem is left out", async () => (await left()) === 1);
    await press("Backspace");
    await until("it is back", async () => (await left()) === 0);
    await at(frame, before);
    expect(await stored()).toEqual(pressed);
  });

  test("what is exported is what was pressed", async () => {
    await editor.command("Errata: Export…");
    await editor.pick("Export (1/3)", "Errata");
    await editor.pick("Export (2/3)", "Every Attempt");
    const file = join(workspace, "out.jsonl");
    await editor.file("Export (3/3)", file);
    await until("the file is there", async () => existsSync(file));
    const lines = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const said = lines.filter((line) => line.type === "annotation" && line.kind !== "badProblem");
    expect(said.map(({ kind, axis, value }) => ({ kind, axis, value }))).toEqual(
      pressed.map(({ kind, axis, value }) => ({ kind, axis, value })),
    );
    for (const one of said) expect(one.who).toBe("reader");
    expect(readdirSync(workspace).filter((name) => name.startsWith("out."))).toEqual(["out.jsonl"]);
  });

  test("every state, to be looked at", async () => {
    const frame = await review();
    await enter(frame);
    await editor.inThemes("localise", ["light", "dark"]);
    await press("m");
    await editor.inThemes("triage", ["light", "dark"]);
  });

  test("our own code broke no content security policy", () => {
    expect(editor.errors.filter((e) => /Content Security Policy/.test(e) && !/inline style/.test(e))).toEqual(
      [],
    );
  });
});

describe("a folder that is not trusted", () => {
  test("can be read, and nothing starts in it", async () => {
    const strange = mkdtempSync(join(tmpdir(), "errata-strange-"));
    cpSync(workspace, strange, { recursive: true });
    const before = readdirSync(join(strange, ".errata")).toSorted();
    const window = await Editor.open({ workspace: strange, trust: true });
    try {
      await window.page
        .locator(".statusbar-item", { hasText: "Restricted Mode" })
        .waitFor({ timeout: 60_000 });
      await window.openSidebar();
      await until("the pool can be read", async () => (await window.rows("Error Pool").count()) > 3);
      await window.command("Errata: Reflect on the Whole Pool");
      await window.notifications().filter({ hasText: "Restricted Mode" }).waitFor();
      await window.command("Errata: Open Review");
      const frame = await window.webview("errata-review .problem");
      await frame.waitForSelector("text=/Restricted Mode/");
      await frame.locator(".problem").click();
      await window.keysAreHeard(frame);
      await window.page.keyboard.press("a");
      await window.page.waitForTimeout(1000);
      const wal = /^pool\.sqlite-(wal|shm)$/;
      expect(
        readdirSync(join(strange, ".errata"))
          .filter((name) => !wal.test(name))
          .toSorted(),
      ).toEqual(before.filter((name) => !wal.test(name)));
      expect(await reviewed(strange)).toBe(await reviewed(workspace));
    } catch (error) {
      mkdirSync(join(root, "test-results"), { recursive: true });
      await window.page.screenshot({ path: join(root, "test-results/failed-untrusted.png") });
      throw error;
    } finally {
      await window.close();
    }
  });
});
