// `npm test`: everything that must hold, on a fresh machine too: set-up, linters, units, the trainer's tests, and the
// end-to-end tests in a real VS Code. `--full` adds what takes too long for that. `--only units|trainer|e2e|lint`.
// What fails is run once more, alone, and named at the end where it passes then.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
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
/** What failed and then passed when it was run once more: said at the end, for it is a weakness all the same. */
const onlyAgain = [];
/** What failed both times, with its error: said last, where a log that keeps only its end still has it. */
const failures = [];

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

/** Runs vitest once: what passed and failed, the files that failed, and the error that it ended with. */
async function vitestOnce(report, args) {
  const file = join(results, `${report}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  let error;
  try {
    await run(NODE, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...args, ...reporters], { env });
  } catch (failure) {
    error = failure;
  }
  if (!existsSync(file)) throw error ?? new Error(`vitest wrote no ${file}`);
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, "utf8"));
  const failing = testResults.filter(({ status }) => status === "failed");
  const said = (messages) => messages.join("\n").split("\n").slice(0, 8).join("\n    ");
  const errors = failing.flatMap(({ name, message, assertionResults }) => {
    const tests = assertionResults.filter((t) => t.status === "failed");
    const lines = tests.map((t) => `${relative(root, name)} › ${t.fullName}\n    ${said(t.failureMessages)}`);
    // A file that fails as a whole (an import, a hook) has no failing test.
    return lines.length > 0 ? lines : [`${relative(root, name)}\n    ${said([message])}`];
  });
  return {
    error,
    passed: numPassedTests,
    failed: numFailedTests,
    errors,
    files: failing.map(({ name }) => name),
    passedInThem: failing.flatMap((f) => f.assertionResults).filter((t) => t.status === "passed").length,
  };
}

/** Runs vitest; the files that failed once more, alone, for what only a busy machine makes fail. */
async function vitest(report, args) {
  const first = await vitestOnce(report, args);
  count.passed += first.passed;
  if (!first.error) return;
  if (first.files.length === 0) throw first.error;
  console.log(`\n── once more, alone: ${first.files.map((name) => relative(root, name)).join(", ")}`);
  const second = await vitestOnce(`${report}-again`, [...args, ...first.files, "--maxWorkers=1"]);
  count.passed += second.passed - first.passedInThem;
  // The failing command adds one more; what counts is that it is not zero.
  count.failed += second.failed;
  failures.push(...second.errors);
  if (second.error) throw second.error;
  onlyAgain.push(...first.files.map((name) => relative(root, name)));
}

/** A failed test in pytest's report: its module, its name, the beginning of its error. */
const FAILED = /<testcase classname="([^"]+)" name="([^"]+)"[^>]*><(?:failure|error) message="([^"]{0,800})/g;

async function pytestOnce(report, ...options) {
  const file = join(results, `${report}.xml`);
  const args = ["-m", "pytest", "-q", "trainer/tests", "demo", `--junitxml=${file}`, ...options];
  // The default of trainer/pyproject.toml leaves them out.
  if (values.full) args.push("-m", "");
  let error;
  try {
    await run(PYTHON, args, { env: { ...env, PYTHONPATH: join(root, "trainer"), OMP_NUM_THREADS: "1" } });
  } catch (failure) {
    error = failure;
  }
  if (!existsSync(file)) throw error ?? new Error(`pytest wrote no ${file}`);
  const xml = readFileSync(file, "utf8");
  const [, broken, untrue, skipped, tests] =
    /errors="(\d+)" failures="(\d+)" skipped="(\d+)" tests="(\d+)"/.exec(xml) ?? [];
  const failed = Number(broken) + Number(untrue);
  const errors = Array.from(
    xml.matchAll(FAILED),
    ([, module, name, message]) => `${module} › ${name}\n    ${message}`,
  );
  return { error, failed, errors, passed: Number(tests) - failed - Number(skipped) };
}

async function pytest() {
  const first = await pytestOnce("pytest");
  count.passed += first.passed;
  if (!first.error) return;
  console.log("\n── once more, alone: what failed");
  const second = await pytestOnce("pytest-again", "--last-failed", "--last-failed-no-failures", "none");
  count.passed += second.passed;
  count.failed += second.failed;
  failures.push(...second.errors);
  if (second.error) throw second.error;
  onlyAgain.push(`${first.failed} of pytest's`);
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
    const failed = [];
    for (const file of readdirSync(join(root, "test/e2e")).filter((name) => name.endsWith(".test.ts"))) {
      try {
        await vitest(`e2e-${file}`, ["--config", "test/e2e/vitest.config.mts", `test/e2e/${file}`]);
      } catch (error) {
        console.error(error.message);
        failed.push(file);
      }
    }
    if (failed.length > 0) throw new Error(`failed: ${failed.join(", ")}`);
  });
}
console.log(`\n${count.passed} passed, ${count.failed} failed`);
for (const { name, failure } of parts) if (failure) console.log(`  ${name}: ${failure}`);
for (const failure of failures) console.log(`  ${failure}`);
if (onlyAgain.length > 0) console.log(`Passed only when run once more: ${onlyAgain.join(", ")}`);
if (values.full && values.only === undefined) {
  const rows = parts.map(({ name, seconds, failure }) => `| ${name} | ${seconds} | ${failure ?? "passed"} |`);
  const machine = `${process.platform} ${process.arch}, ${availableParallelism()} cores, Node ${process.version}`;
  const lines = [
    "# The full tests",
    "",
    "Written by `npm run test:full`, which adds to `npm test` what takes too long for it.",
    "",
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, ${machine}: ${count.passed} passed, ${count.failed} failed.`,
    ...(onlyAgain.length > 0 ? ["", `Passed only when run once more: ${onlyAgain.join(", ")}.`] : []),
    "",
    "| part | seconds | |",
    "|---|---|---|",
    ...rows,
  ];
  writeFileSync(join(root, "docs/test-full.md"), `${lines.join("\n")}\n`);
}
process.exit(count.failed === 0 ? 0 : 1);
