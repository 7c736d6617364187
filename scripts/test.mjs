// `npm test`: everything that must hold, on a fresh machine too: set-up, linters, units, the trainer's tests, and the
// end-to-end test in a real VS Code. `--full` adds what takes too long for that. `--only units|trainer|e2e|lint`.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { packageExtension } from "./package.mjs";
import {
  ensureBuild,
  ensureEditor,
  ensureNodePackages,
  ensurePython,
  ensurePythonTools,
  NODE,
  PYTHON,
  root,
  run,
} from "./setup.mjs";

const { values } = parseArgs({ options: { full: { type: "boolean" }, only: { type: "string" } } });
const wanted = (part) => values.only === undefined || values.only === part;
const results = join(root, "test-results");
const bin = (name) => join(root, "node_modules/.bin", name);
const env = {
  ...process.env,
  PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
  ...(values.full && { ERRATA_TEST_FULL: "1" }),
};
const count = { passed: 0, failed: 0 };
const parts = [];

/** Runs one part; a failure is counted and the rest goes on, so that one run tells everything. */
async function part(name, work) {
  const start = Date.now();
  console.log(`\n── ${name}`);
  let failure = "";
  try {
    await work();
  } catch (error) {
    failure = error.message.split("\n")[0].replaceAll(`${root}/`, "");
    console.error(error.message);
    count.failed++;
  }
  const seconds = Math.round((Date.now() - start) / 1000);
  console.log(`── ${name}: ${seconds} s`);
  parts.push({ name, seconds, ...(failure ? { failure } : {}) });
}

async function vitest(report, args) {
  const file = join(results, `${report}.json`);
  try {
    await run(
      NODE,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        ...args,
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${file}`,
      ],
      { env },
    );
  } finally {
    if (existsSync(file)) {
      const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, "utf8"));
      count.passed += numPassedTests;
      // The failing command adds one more; what counts is that it is not zero.
      count.failed += numFailedTests;
    }
  }
}

async function pytest() {
  const file = join(results, "pytest.xml");
  const args = ["-m", "pytest", "-q", "trainer/tests", "demo", `--junitxml=${file}`];
  // The default of trainer/pyproject.toml leaves them out.
  if (values.full) args.push("-m", "");
  try {
    await run(PYTHON, args, { env: { ...env, PYTHONPATH: join(root, "trainer"), OMP_NUM_THREADS: "1" } });
  } finally {
    if (existsSync(file)) {
      const [, errors, failures, skipped, tests] =
        /errors="(\d+)" failures="(\d+)" skipped="(\d+)" tests="(\d+)"/.exec(readFileSync(file, "utf8")) ??
        [];
      count.failed += Number(errors) + Number(failures);
      count.passed += Number(tests) - Number(errors) - Number(failures) - Number(skipped);
    }
  }
}

rmSync(results, { recursive: true, force: true });
mkdirSync(results, { recursive: true });
try {
  await ensureNodePackages();
  await ensureBuild();
  await ensurePython();
  await ensurePythonTools();
  if (wanted("e2e")) await ensureEditor();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
if (wanted("lint")) {
  await part("lint", async () => {
    await run(bin("biome"), ["check", "."], { env });
    await run(bin("tsc"), ["--noEmit", "-p", "."], { env });
    await run(join(root, ".venv/bin/ruff"), ["check", "trainer", "demo", "experiments"]);
    await run(join(root, ".venv/bin/ruff"), ["format", "--check", "trainer", "demo", "experiments"]);
  });
}
if (wanted("units")) await part("units", () => vitest("units", []));
if (wanted("trainer")) await part("trainer and demo (pytest)", pytest);
if (wanted("e2e")) {
  await part("a real VS Code", async () => {
    await packageExtension();
    await vitest("e2e", ["--config", "test/e2e/vitest.config.mts"]);
  });
}
console.log(`\n${count.passed} passed, ${count.failed} failed`);
if (values.full && values.only === undefined) {
  const rows = parts.map(({ name, seconds, failure }) => `| ${name} | ${seconds} | ${failure ?? "passed"} |`);
  const machine = `${process.platform} ${process.arch}, ${availableParallelism()} cores, Node ${process.version}`;
  const lines = [
    "# The full tests",
    "",
    "Written by `npm run test:full`, which adds to `npm test` what takes too long for it.",
    "",
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, ${machine}: ${count.passed} passed, ${count.failed} failed.`,
    "",
    "| part | seconds | |",
    "|---|---|---|",
    ...rows,
  ];
  writeFileSync(join(root, "docs/test-full.md"), `${lines.join("\n")}\n`);
}
process.exit(count.failed === 0 ? 0 : 1);
