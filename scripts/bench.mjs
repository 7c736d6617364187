// `npm run bench [decode|pool|grading|activation …] [--json FILE]`: every benchmark compares with a peer in one run
// and prints the ratio; above 1 means that Errata is better.
// `npm run bench:decode [--quick] [--only PEER,…] [--models MODEL,…] [--repeats N] [--threads N] [--from RESULTS]
// [--json FILE]`: a whole run writes docs/performance.md, about 25 minutes; so does `--from`, from results kept in
// .cache/bench/results.json.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import esbuild from "esbuild";
import { ensureBuild, ensureNodePackages, root } from "./setup.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "string" },
    quick: { type: "boolean" },
    only: { type: "string" },
    models: { type: "string" },
    repeats: { type: "string" },
    threads: { type: "string" },
    from: { type: "string" },
    rows: { type: "string" },
  },
});
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
const list = (text) => text?.split(",").map((name) => name.trim());
const options = {
  ...(values.quick && { quick: true }),
  ...(values.only && { only: list(values.only) }),
  ...(values.models && { models: list(values.models) }),
  ...(values.repeats && { repeats: Number(values.repeats) }),
  ...(values.from && { from: values.from }),
  ...(values.rows && { rows: Number(values.rows) }),
  ...(values.threads && { threads: Number(values.threads) }),
};
const answer = { ratios: {}, figures: {} };
mkdirSync(join(root, "dist/bench"), { recursive: true });
for (const name of positionals.length > 0 ? positionals : all) {
  // A benchmark's folder holds what it starts in processes of their own.
  const parts = join(root, "test/bench", name);
  await esbuild.build({
    entryPoints: [
      join(root, `test/bench/${name}.ts`),
      ...(existsSync(parts) ? readdirSync(parts) : [])
        .filter((f) => f.endsWith(".ts"))
        .map((f) => join(parts, f)),
    ],
    outdir: join(root, "dist/bench"),
    entryNames: "[name]",
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    packages: "external",
    logLevel: "warning",
  });
  console.log(`— ${name}`);
  const { default: bench } = await import(pathToFileURL(join(root, `dist/bench/${name}.cjs`)).href);
  const { ratios, figures } = await bench.bench(options);
  for (const [key, ratio] of Object.entries(ratios)) console.log(`  ${key}: ${ratio.toFixed(2)}x`);
  // What the decode benchmark measured stands in its page.
  for (const [key, figure] of Object.entries(name === "decode" ? {} : figures))
    console.log(`  ${key}: ${JSON.stringify(figure)}`);
  Object.assign(answer.ratios, ratios);
  Object.assign(answer.figures, figures);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(answer, null, 2)}\n`);
process.exit(0);
