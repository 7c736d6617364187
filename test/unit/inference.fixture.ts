import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { installationFolder } from "../../src/protocol/paths.js";

/** Bundles one worker's entry point as the build does, beside node_modules, so that native modules are found. */
export async function bundleWorker(entry: string): Promise<{ file: string; remove(): void }> {
  const folder = mkdtempSync(join(installationFolder(), "node_modules", ".errata-worker-"));
  const file = join(folder, "worker.js");
  await build({
    entryPoints: [join(installationFolder(), entry)],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["onnxruntime-node"],
    outfile: file,
    logLevel: "warning",
  });
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}
