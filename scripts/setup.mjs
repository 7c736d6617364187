// Sets up a checkout: Node packages, native modules, the build, the Python environment. Each part is skipped when
// it is there already. `node scripts/setup.mjs [--python] [--editor]`; other scripts import its functions.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Node 24 from the registry: code-server needs it. */
export const NODE = join(root, "node_modules/.bin/node");
export const PYTHON = join(root, ".venv/bin/python");
const stamps = join(root, "node_modules/.errata");

/** What the native modules are compiled with, and what the test of the editor needs (Debian's names). */
const COMPILER = ["g++", "make"];
const EDITOR = ["chromium", "libkrb5-dev", "libsecret-1-dev", "libx11-dev", "libxkbfile-dev", "pkg-config"];

/** Runs a command with its output shown; resolves when it succeeds. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", ...options });
    child.on("error", reject);
    child.on("exit", (code, signal) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.join(" ")}: ended with ${signal ?? code}`)),
    );
  });
}

/** Runs a command quietly; its output is shown only when it fails, and then its end alone. */
async function quiet(label, command, args, env = {}) {
  process.stderr.write(`${label} … `);
  const start = Date.now();
  const out = [];
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.on("data", (d) => out.push(d));
    child.stderr.on("data", (d) => out.push(d));
    child.on("error", reject);
    child.on("exit", resolve);
  });
  process.stderr.write(`${code === 0 ? "done" : "failed"} (${Math.round((Date.now() - start) / 1000)} s)\n`);
  if (code !== 0)
    throw new Error(`${label} failed:\n${Buffer.concat(out).toString().split("\n").slice(-40).join("\n")}`);
}

function hashOf(...files) {
  const hash = createHash("sha256");
  for (const f of files) hash.update(readFileSync(join(root, f)));
  return hash.digest("hex");
}
const stamped = (name, hash) =>
  existsSync(join(stamps, name)) && readFileSync(join(stamps, name), "utf8") === hash;
function stamp(name, hash) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), hash);
}

/** Installs Debian packages in CI or when a person says yes; otherwise names them and ends. */
async function ensureSystem(packages, why) {
  const installed = (p) => spawnSync("dpkg", ["-s", p], { stdio: "ignore" }).status === 0;
  const missing = packages.filter((p) => !installed(p));
  if (missing.length === 0) return;
  const command = `apt-get install -y ${missing.join(" ")}`;
  let may = process.env.CI === "true";
  if (!may && process.stdin.isTTY) {
    const ask = createInterface({ input: process.stdin, output: process.stderr });
    may = /^y/i.test(
      await ask.question(`${why} needs system packages: ${missing.join(" ")}. Install them now? [y/N] `),
    );
    ask.close();
  }
  if (!may) throw new Error(`${why} needs system packages. Install them and try again:\n  ${command}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await quiet("System package lists", "apt-get", ["update"], env);
  await quiet(
    `System packages (${missing.join(" ")})`,
    "apt-get",
    ["install", "-y", "--no-install-recommends", ...missing],
    env,
  );
}

/**
 * node_modules as the lock file says; `npm ci` would refuse where a registry lacks other platforms' optional packages.
 * Install scripts run only for what we need, so nothing is fetched behind npm.
 */
export async function ensureNodePackages() {
  const hash = hashOf("package-lock.json");
  if (stamped("packages", hash)) return;
  const env = { ONNXRUNTIME_NODE_INSTALL: "skip" };
  if (spawnSync("sh", ["-c", "command -v g++ && command -v make"]).status !== 0)
    await ensureSystem(COMPILER, "Compiling sqlite3");
  await quiet(
    "Node packages",
    "npm",
    ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"],
    env,
  );
  await quiet("Node itself", "npm", ["rebuild", "node", "esbuild"], env);
  await quiet("Native modules", "npm", ["rebuild", "sqlite3", "onnxruntime-node"], { ...env, ...headers() });
  stamp("packages", hash);
}

/** The headers that come with the npm package of Node; else node-gyp fetches them, or takes another Node's. */
function headers() {
  const folder = join(root, `node_modules/node/node_modules/node-${process.platform}-${process.arch}`);
  return existsSync(join(folder, "include/node/node_api.h")) ? { npm_config_nodedir: folder } : {};
}

/** code-server's own dependencies, compiled here; only opening or testing the editor needs them. */
export async function ensureEditor() {
  await ensureSystem(EDITOR, "VS Code in the browser");
  const hash = hashOf("node_modules/code-server/package.json");
  if (stamped("editor", hash)) return;
  await quiet(
    "VS Code in the browser (code-server, about two minutes)",
    "npm",
    ["rebuild", "code-server", "argon2"],
    {
      PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
      // Its check reads this, which an outer npm on another Node has set for its own children.
      npm_config_user_agent: undefined,
      ...headers(),
    },
  );
  stamp("editor", hash);
}

function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true, recursive: true })) {
    if (entry.isFile())
      time = Math.max(time, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
  }
  return time;
}

/** dist/ when a source is newer than it. */
export async function ensureBuild() {
  const built = join(root, "dist/cli.js");
  const sources = Math.max(...["src", "webview", "scripts"].map(newest));
  if (existsSync(built) && statSync(built).mtimeMs > sources) return;
  await quiet("Build", NODE, ["scripts/build.mjs"]);
}

/** The trainer's Python environment, made by the same code that the extension uses. */
export async function ensurePython() {
  await run(NODE, ["dist/cli.js", "setup", "--folder", join(root, ".venv")]);
}

/** pytest, ruff and a local Ray, which only a checkout needs. */
export async function ensurePythonTools() {
  const lists = ["trainer/requirements-dev.txt", "trainer/requirements-ray.txt"];
  const hash = hashOf(...lists);
  if (stamped("python-tools", hash) && existsSync(join(root, ".venv/bin/ruff"))) return;
  const named = lists.flatMap((list) => ["-r", list]);
  await quiet("Python test tools", PYTHON, ["-m", "pip", "install", "--quiet", ...named]);
  stamp("python-tools", hash);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await ensureNodePackages();
    await ensureBuild();
    if (process.argv.includes("--python")) await ensurePython();
    if (process.argv.includes("--editor")) await ensureEditor();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
