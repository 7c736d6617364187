// `npm run open [FOLDER]`: VS Code in the browser with the packaged extension, on the demo's workspace.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { packageExtension } from "./package.mjs";
import { ensureEditor, NODE, PYTHON, root, run } from "./setup.mjs";

const demo = join(root, ".demo/workspace");
const folder = resolve(process.argv[2] ?? demo);
const port = process.env.PORT ?? "8377";
const home = join(root, ".demo/editor");
const server = join(root, "node_modules/code-server/out/node/entry.js");
const dirs = ["--user-data-dir", join(home, "data"), "--extensions-dir", join(home, "extensions")];

/** Written once, so that what a person changes stays. */
function settings(place, values) {
  const file = join(home, "data", place, "settings.json");
  mkdirSync(join(home, "data", place), { recursive: true });
  if (!existsSync(file)) writeFileSync(file, `${JSON.stringify(values, null, 2)}\n`);
}

try {
  const vsix = await packageExtension();
  await ensureEditor();
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    console.log(`${folder} is new and empty; \`npm run demo\` fills it.`);
  }
  settings("User", {
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": true,
  });
  // The environment that `npm run demo` made serves the editor too.
  if (existsSync(PYTHON)) settings("Machine", { "errata.python": PYTHON });
  await run(NODE, [server, ...dirs, "--install-extension", vsix, "--force"]);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
console.log(`\nOpen http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}   (Ctrl+C ends it)\n`);
const options = [
  "--auth",
  "none",
  "--bind-addr",
  `127.0.0.1:${port}`,
  "--disable-telemetry",
  "--disable-update-check",
];
// The demo's workspace is our own; any other folder is trusted by whoever opens it.
if (folder === demo) options.push("--disable-workspace-trust");
const child = spawn(NODE, [server, ...options, ...dirs, folder], { cwd: root, stdio: "inherit" });
process.on("SIGINT", () => child.kill("SIGINT"));
child.on("exit", (code) => process.exit(code ?? 0));
