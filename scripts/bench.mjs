// `npm run bench [decode|pool|grading|activation …] [--json FILE]`: every benchmark compares with a peer in one run
// and prints the ratio; above 1 means that Errata is better.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import esbuild from "esbuild";
import { ensureBuild, ensureNodePackages, root } from "./setup.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } });
await ensureNodePackages();
await ensureBuild();

const all = readdirSync(join(root, "test/bench"))
  .filter((f) => f.endsWith(".ts"))
  .map((f) => basename(f, ".ts"));
const unknown = positionals.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No benchmark called ${unknown.join(", ")}; there are: ${all.join(", ")}`);
  process.exit(2);
}
const answer = { ratios: {}, figures: {} };
mkdirSync(join(root, "dist/bench"), { recursive: true });
for (const name of positionals.length > 0 ? positionals : all) {
  const outfile = join(root, `dist/bench/${name}.cjs`);
  await esbuild.build({
    entryPoints: [join(root, `test/bench/${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    packages: "external",
    logLevel: "warning",
  });
  console.log(`— ${name}`);
  const { default: bench } = await import(pathToFileURL(outfile).href);
  const { ratios, figures } = await bench.bench();
  for (const [key, ratio] of Object.entries(ratios)) console.log(`  ${key}: ${ratio.toFixed(2)}x`);
  for (const [key, figure] of Object.entries(figures)) console.log(`  ${key}: ${JSON.stringify(figure)}`);
  Object.assign(answer.ratios, ratios);
  Object.assign(answer.figures, figures);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(answer, null, 2)}\n`);
process.exit(0);
