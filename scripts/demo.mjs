// `npm run demo`: sets up what is missing, then runs the whole loop on the embedded model.
import { spawn } from "node:child_process";
import { ensureBuild, ensureNodePackages, ensurePython, NODE, root } from "./setup.mjs";

try {
  await ensureNodePackages();
  await ensureBuild();
  await ensurePython();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
const child = spawn(NODE, ["dist/cli.js", "demo", ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });
// Ctrl+C reaches the child too, which stops cleanly; wait for its word.
process.on("SIGINT", () => {});
child.on("exit", (code) => process.exit(code ?? 1));
