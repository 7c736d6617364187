// Bundles the extension, the command line, the workers and the webviews into dist/.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const watch = process.argv.includes("--watch");

const node = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  // Native modules stay files; `vscode` is the editor's own.
  external: ["vscode", "onnxruntime-node", "sqlite3"],
  absWorkingDir: root,
  sourcemap: "linked",
  minify: !watch,
  keepNames: true,
  logLevel: "warning",
  outdir: "dist",
};
const entries = {
  extension: "src/extension.ts",
  cli: "src/cli.ts",
  "inference-worker": "src/workers/inference.ts",
  "grading-thread": "src/workers/grading.ts",
};
const panels = {
  review: "webview/review/main.ts",
  run: "webview/run/main.ts",
  compare: "webview/compare/main.ts",
};
// The parts are built by different people: what is not there yet is skipped, loudly.
const present = (all) =>
  Object.fromEntries(
    Object.entries(all).filter(([, f]) => existsSync(join(root, f)) || console.warn(`missing: ${f}`)),
  );

const browser = {
  bundle: true,
  platform: "browser",
  target: "chrome128",
  format: "iife",
  loader: { ".woff2": "file", ".woff": "empty", ".ttf": "file" },
  assetNames: "fonts/[name]",
  absWorkingDir: root,
  sourcemap: watch ? "linked" : false,
  minify: !watch,
  logLevel: "warning",
  outdir: "dist/webview",
  tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
};

if (!watch) rmSync(join(root, "dist"), { recursive: true, force: true });
mkdirSync(join(root, "dist"), { recursive: true });
const builds = [
  { ...node, entryPoints: present(entries) },
  { ...browser, entryPoints: present(panels) },
];
if (watch) {
  for (const b of builds) await (await esbuild.context(b)).watch();
} else {
  for (const b of builds) await esbuild.build(b);
}
