import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { folderContent, StandInHub } from "../unit/hub.fixture.js";
import { Editor, until } from "./driver.js";

/** Models are added and removed in a real VS Code: from a stand-in for the hub, and from a folder. */
const root = process.cwd();
const ID = "someone/tiny-math";
const home = mkdtempSync(join(tmpdir(), "errata-add-model-"));
const workspace = join(home, "workspace");
const store = join(home, "models");
const endpoint = process.env.HF_ENDPOINT;
let hub: StandInHub;
let editor: Editor;

beforeAll(async () => {
  hub = await StandInHub.start();
  const base = join(root, "demo/model");
  const content = {
    ...folderContent(join(base, "hf")),
    ...folderContent(base, "cpu/cpu-fp32"),
    "onnx/model_q4.onnx": Buffer.alloc(240_000, 4),
    "onnx/model.onnx": Buffer.alloc(1_100_000, 32),
  };
  hub.put(ID, content);
  hub.gated.set(ID, "hf_standin");
  mkdirSync(workspace, { recursive: true });
  cpSync(base, join(workspace, "my-model"), { recursive: true });
  rmSync(join(workspace, "my-model/errata.json"));
  process.env.HF_ENDPOINT = hub.url;
  editor = await Editor.open({
    workspace,
    machine: { "errata.modelFolder": store, "errata.python": join(root, ".venv/bin/python") },
  });
});

afterEach(({ task }) => editor?.evidence(task));

afterAll(async () => {
  await editor?.close();
  if (endpoint === undefined) delete process.env.HF_ENDPOINT;
  else process.env.HF_ENDPOINT = endpoint;
  await hub?.stop();
  rmSync(home, { recursive: true, force: true });
});

const listed = (): { id: string; folder: string }[] => {
  const file = join(workspace, ".errata/models.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).models : [];
};
const button = (text: string | RegExp) =>
  editor.page.locator(".monaco-dialog-box").getByRole("button", { name: text });

test("from the hub: its variants with sizes, a token where it is gated, and a model in the tree", async () => {
  await editor.openSidebar();
  await editor.command("Errata: Add Model");
  await editor.pick("Add Model", "From Hugging Face");
  await editor.page.locator(".quick-input-widget:visible", { hasText: "OWNER/NAME" }).waitFor();
  await editor.quickInput().fill(ID);
  await editor.page.keyboard.press("Enter");
  const pick = editor.page.locator(".quick-input-widget:visible", { hasText: `Which of ${ID}?` });
  await pick.waitFor({ timeout: 30_000 });
  await pick.locator(".monaco-list-row", { hasText: "trainable" }).waitFor();
  await editor.screenshot("add-model-dark");
  await editor.pick(`Which of ${ID}?`, "cpu-fp32");
  await button("Download").click({ timeout: 20_000 });
  await editor.notifications().getByText("Give a Token…").click({ timeout: 30_000 });
  const secret = editor.page.locator(".quick-input-widget:visible input[type=password]");
  await secret.fill("hf_standin");
  await secret.press("Enter");
  await until("the model is on the list", async () => listed().some(({ id }) => id === "tiny-math-cpu-fp32"));
  const row = editor.rows("Models").filter({ hasText: "tiny-math" });
  await row.filter({ hasText: "fp32 · 918 kB" }).waitFor({ timeout: 20_000 });
  expect(existsSync(join(store, "someone--tiny-math/cpu-fp32/model.onnx.data"))).toBe(true);
});

test("from a folder, through the dialog", async () => {
  const dialog = editor.page.locator(".quick-input-widget:visible", {
    hasText: "a folder with genai_config",
  });
  const path = `${join(workspace, "my-model")}/`;
  const added = () => listed().some(({ id }) => id === "my-model");
  await until("the folder is on the list", async () => {
    if (added()) return true;
    if (!(await dialog.isVisible())) {
      await editor.command("Errata: Add Model");
      await editor.pick("Add Model", "A folder on this machine");
      await dialog.waitFor({ timeout: 20_000 });
    }
    // The dialog writes its first folder when it has read it, over what was typed before that.
    await editor.quickInput().fill(path);
    await editor.page.waitForTimeout(1000);
    if ((await editor.quickInput().inputValue()) !== path) return false;
    await dialog.locator(".quick-input-action", { hasText: "Add Model" }).click({ timeout: 5_000 });
    await editor.page.waitForTimeout(1500);
    return added();
  });
  await editor.rows("Models").filter({ hasText: "my-model" }).waitFor({ timeout: 20_000 });
});

test("removed: what Errata downloaded with its files, a folder of one's own never", async () => {
  await editor.command("Errata: Remove Model");
  await editor.pick("Remove Model", "tiny-math");
  await button("Remove, Keep Files").waitFor({ timeout: 20_000 });
  await button(/Remove and Delete Files/).click();
  await until("it is off the list", async () => listed().every(({ id }) => id !== "tiny-math-cpu-fp32"));
  await until("its files are gone", async () => !existsSync(join(store, "someone--tiny-math/cpu-fp32")));
  await editor.command("Errata: Remove Model");
  await editor.pick("Remove Model", "my-model");
  expect(await button(/Delete Files/).count()).toBe(0);
  await button("Remove").click();
  await until("the list is empty", async () => listed().length === 0);
  expect(existsSync(join(workspace, "my-model/model.onnx"))).toBe(true);
});
