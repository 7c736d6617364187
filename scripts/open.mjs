// `npm run open [FOLDER]`: VS Code in the browser with the packaged extension, on the demo's workspace.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { packageExtension } from "./package.mjs";
import { ensureEditor, NODE, root, run } from "./setup.mjs";

const folder = resolve(process.argv[2] ?? join(root, ".demo/workspace"));
const port = process.env.PORT ?? "8377";
const home = join(root, ".demo/editor");
const server = join(root, "node_modules/code-server/out/node/entry.js");
const dirs = ["--user-data-dir", join(home, "data"), "--extensions-dir", join(home, "extensions")];

try {
  const vsix = await packageExtension();
  await ensureEditor();
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    console.log(`${folder} is new and empty; \`npm run demo\` fills it.`);
  }
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
const child = spawn(NODE, [server, ...options, ...dirs, folder], { cwd: root, stdio: "inherit" });
process.on("SIGINT", () => child.kill("SIGINT"));
child.on("exit", (code) => process.exit(code ?? 0));
