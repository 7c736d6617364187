import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Editor, until } from "./driver.js";

/** A model on a server, in a real VS Code: added with its key, sampled from, and no other server believed. */
const root = process.cwd();
const KEY = "sesame-7b";
const GROUP = 4;
const workspace = mkdtempSync(join(tmpdir(), "errata-remote-"));
const file = (name: string) => readFileSync(join(workspace, ".errata", name), "utf8");
const lines = readFileSync(join(root, "demo/problems/train.jsonl"), "utf8").trim().split("\n").slice(0, 8);
const golds = new Map(lines.map((line) => JSON.parse(line)).map(({ problem, answer }) => [problem, answer]));
const home = process.env.HOME;

/** What the server was asked: method and key. */
const asked: string[] = [];
const stranger: string[] = [];
let server: Server;
let other: Server;
let editor: Editor;

const port = (of: Server): number => (of.address() as AddressInfo).port;
const listen = (of: Server): Promise<void> => new Promise((done) => of.listen(0, "127.0.0.1", done));

beforeAll(async () => {
  server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.headers.authorization ?? "-"}`);
    const body = await text(request);
    const say = (answer: unknown, status = 200) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    if (request.headers.authorization !== `Bearer ${KEY}`) say({ error: { message: "Invalid key" } }, 401);
    else if (request.url !== "/v1/models" && request.method === "GET") say({ detail: "Not Found" }, 404);
    else if (request.method === "GET")
      say({ data: [{ id: "org/solver-7b", max_model_len: 8192 }, { id: "org/other" }] });
    else {
      const { n = 1, messages } = JSON.parse(body) as { n?: number; messages: { content: string }[] };
      const [problem] = [...golds.keys()].filter((each) => messages.some((m) => m.content.includes(each)));
      const choices = Array.from({ length: n }, (_, index) => {
        const answer = index % 2 === 0 ? golds.get(problem) : `${index}1`;
        const content = `Both sides by the same: $x=${answer}$\n\\boxed{${answer}}`;
        return { index, finish_reason: "stop", message: { role: "assistant", content } };
      });
      say({ choices, usage: { prompt_tokens: 20, completion_tokens: 12 * n } });
    }
  });
  other = createServer((request, response) => {
    stranger.push(request.url ?? "");
    response.end();
  });
  await Promise.all([listen(server), listen(other)]);
  writeFileSync(join(workspace, "some.jsonl"), `${lines.join("\n")}\n`);
  // What a person agreed to is kept in the home folder: not in the one of whoever runs the tests.
  process.env.HOME = mkdtempSync(join(tmpdir(), "errata-home-"));
  editor = await Editor.open({ workspace, settings: { "errata.group": GROUP } });
});

afterAll(async () => {
  await editor?.close();
  process.env.HOME = home;
  server?.close();
  other?.close();
});

test("a server's model is added through its address, its key and its list", async () => {
  await editor.openSidebar();
  await editor.command("Errata: Add Model");
  await editor.pick("Add Model", "OpenAI-compatible server");
  await editor.page.locator(".quick-input-widget:visible", { hasText: "1/2" }).waitFor();
  await editor.quickInput().fill(`http://127.0.0.1:${port(server)}`);
  await editor.page.keyboard.press("Enter");
  const keyBox = editor.page.locator(".quick-input-widget:visible", { hasText: "Key for http://127.0.0.1" });
  await keyBox.waitFor();
  expect(await keyBox.locator("input[type=password]").count()).toBe(1);
  await editor.page.keyboard.type(KEY);
  await editor.page.keyboard.press("Enter");
  await editor.pick("2/2", "org/solver-7b");
  const row = editor.rows("Models").filter({ hasText: "solver-7b" });
  await row.waitFor();
  expect(await row.textContent()).toContain(`server · 127.0.0.1:${port(server)}`);
  expect(await row.locator(".codicon-cloud, .custom-view-tree-node-item-icon").count()).toBeGreaterThan(0);
  expect(file("models.json")).not.toContain(KEY);
  expect(JSON.parse(file("models.json")).models).toMatchObject([
    {
      id: "solver-7b",
      folder: "",
      endpoint: { url: `http://127.0.0.1:${port(server)}/v1`, model: "org/solver-7b" },
    },
  ]);
});

test("sampling with it fills the pool", async () => {
  await editor.openFile("some.jsonl");
  await editor.command("Errata: Sample the Problems of This File");
  await editor.pick("Which Model Should Work?", "solver-7b");
  await until("every problem is in the tree", async () => (await editor.rows("Error Pool").count()) >= 8);
  expect(await editor.rows("Error Pool").first().textContent()).toContain("2/4 correct");
  expect(asked.filter((each) => each === "GET -")).toHaveLength(1);
  expect(asked.filter((each) => each === `POST Bearer ${KEY}`).length).toBeGreaterThanOrEqual(8);
  await editor.command("Notifications: Clear All Notifications");
  for (const theme of ["light", "dark"] as const) {
    await editor.theme(theme);
    await editor.screenshot(`server-${theme}`);
  }
});

test("a server that the workspace's files name gets nothing until a person agrees", async () => {
  const models = JSON.parse(file("models.json"));
  const [entry] = models.models;
  const endpoint = { url: `http://127.0.0.1:${port(other)}/v1`, model: "m" };
  models.models.push({ ...entry, id: "stranger", name: "stranger", endpoint });
  writeFileSync(join(workspace, ".errata/models.json"), JSON.stringify(models));
  await editor.rows("Models").filter({ hasText: "stranger" }).waitFor();
  await editor.openFile("some.jsonl");
  await editor.command("Errata: Sample the Problems of This File");
  await editor.pick("Which Model Should Work?", "stranger");
  const dialog = editor.page.locator(".monaco-dialog-box", { hasText: `127.0.0.1:${port(other)}` });
  await dialog.waitFor();
  await editor.screenshot("server-consent-dark");
  await editor.page.keyboard.press("Escape");
  await editor.notifications().filter({ hasText: "Nothing was sent to" }).waitFor();
  expect(stranger).toEqual([]);
});
