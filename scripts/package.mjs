// Packages the VSIX for this platform: native modules of this platform alone, copied beside the bundles.
import { cpSync, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureBuild, ensureNodePackages, NODE, root, run } from "./setup.mjs";

export const target = `${process.platform}-${process.arch}`;
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
export const vsix = join(root, `errata-${target}-${version}.vsix`);

/** Native modules go to dist/node_modules: `require` from a bundle finds them there first, and vsce takes them. */
function copyNative() {
  const from = (path) => join(root, "node_modules", path);
  const to = (path) => join(root, "dist/node_modules", path);
  rmSync(to(""), { recursive: true, force: true });
  const platform = join("onnxruntime-node/bin/napi-v6", process.platform, process.arch);
  const files = [
    "onnxruntime-node/package.json",
    "onnxruntime-node/dist",
    platform,
    "onnxruntime-common/package.json",
    "onnxruntime-common/dist/cjs",
    "sqlite3/package.json",
    "sqlite3/lib",
    "sqlite3/build/Release/node_sqlite3.node",
    "bindings/package.json",
    "bindings/bindings.js",
    "file-uri-to-path/package.json",
    "file-uri-to-path/index.js",
  ];
  for (const file of files) {
    if (!existsSync(from(file))) throw new Error(`missing: node_modules/${file}`);
    cpSync(from(file), to(file), {
      recursive: true,
      filter: (f) => !f.endsWith(".map") && !f.endsWith(".d.ts"),
    });
  }
}

/** Builds and packages; returns the VSIX's path. */
export async function packageExtension() {
  await ensureNodePackages();
  await ensureBuild();
  copyNative();
  const vsce = join(root, "node_modules/@vscode/vsce/vsce");
  await run(NODE, [
    vsce,
    "package",
    "--target",
    target,
    "--no-dependencies",
    "--no-rewrite-relative-links",
    "--allow-missing-repository",
    "--out",
    vsix,
  ]);
  console.log(`${vsix}: ${(statSync(vsix).size / 2 ** 20).toFixed(1)} MiB`);
  return vsix;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await packageExtension();
