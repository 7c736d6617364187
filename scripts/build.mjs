// Bundles the extension, the command line, the workers and the webviews into dist/.
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
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
/**
 * Packages that few commands need. Beside the extension they are files of their own, compiled when the first of those
 * commands runs: in its one bundle they were half of what every start of it compiles. The command line stays one file,
 * which also goes to the nodes of a cluster.
 */
const LATE =
  /^(?:@huggingface\/(?:hub|jinja|tokenizers)|ajv|csv-parse|fzstd|hyparquet(?:-\w+)?|protobufjs|vscode-jsonrpc|yauzl)(?:\/|$)/;
const late = new Map();
const apart = {
  name: "late",
  setup: (build) =>
    build.onResolve({ filter: LATE }, ({ path }) => {
      const leaf = path.replace(/\.js$/, "").replace(/\W+/g, "-").replace(/^-/, "");
      late.set(leaf, path);
      return { path: `./late/${leaf}.js`, external: true };
    }),
};
const entries = {
  cli: "src/cli.ts",
  "inference-worker": "src/workers/inference.ts",
  "grading-thread": "src/workers/grading.ts",
};
/** KaTeX brings each font three times; every browser that VS Code runs in reads the smallest. */
const woff2 = {
  name: "woff2",
  setup: (build) =>
    build.onLoad({ filter: /katex(?:\.min)?\.css$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/,\s*url\([^)]+\.(?:woff|ttf)\)\s*format\("\w+"\)/g, ""),
      loader: "css",
    })),
};
const panels = {
  review: "webview/review/main.ts",
  run: "webview/run/main.ts",
  compare: "webview/compare/main.ts",
  preview: "webview/preview/main.ts",
  agreement: "webview/agreement/main.ts",
  regrade: "webview/regrade/main.ts",
  import: "webview/import/main.ts",
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
  loader: { ".woff2": "file", ".ttf": "file" },
  plugins: [woff2],
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
  { ...node, entryPoints: ["src/extension.ts"], plugins: [apart] },
  { ...node, entryPoints: present(entries) },
  { ...browser, entryPoints: present(panels) },
];
for (const b of builds) await esbuild.build(b);
await esbuild.build({ ...node, entryPoints: Object.fromEntries(late), outdir: "dist/late" });
if (watch) {
  for (const b of builds) await (await esbuild.context(b)).watch();
}
