import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import Ajv from "ajv";
import { build } from "esbuild";

/** An installation of its own, built from the sources: `dist/` may be being rebuilt at the same time. */
export interface Installation {
  folder: string;
  /** Starts `errata` with these words. */
  start(words: string[], cwd?: string): ChildProcess;
  run(words: string[], input?: string): Promise<{ status: number | null; out: string; err: string }>;
  remove(): void;
}

export async function install(): Promise<Installation> {
  const folder = mkdtempSync(join(tmpdir(), "errata-cli-"));
  cpSync("package.json", join(folder, "package.json"));
  for (const part of ["prompts", "demo", "schemas", "recipes", "trainer", "node_modules", ".venv"]) {
    symlinkSync(resolve(part), join(folder, part));
  }
  await build({
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    external: ["vscode", "onnxruntime-node", "sqlite3"],
    outdir: join(folder, "dist"),
    entryPoints: {
      cli: "src/cli.ts",
      "inference-worker": "src/workers/inference.ts",
      "grading-thread": "src/workers/grading.ts",
    },
    logLevel: "error",
  });
  const start = (words: string[], cwd = folder) =>
    spawn(process.execPath, [join(folder, "dist", "cli.js"), ...words], {
      cwd,
      env: { ...process.env, ERRATA_BACKEND: "cpu", NO_COLOR: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
  return {
    folder,
    start,
    async run(words, input = "") {
      const child = start(words);
      child.stdin?.end(input);
      const ended = new Promise<number | null>((done) => child.once("close", done));
      const [out, err] = await Promise.all([child.stdout, child.stderr].map((s) => (s ? text(s) : "")));
      return { status: await ended, out: out ?? "", err: err ?? "" };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Holds an answer against its schema. Returns what does not fit; empty when all does. */
export function against(schema: string, value: unknown): string {
  const ajv = new Ajv({ allErrors: true, strict: false });
  const check = ajv.compile(JSON.parse(readFileSync(`schemas/${schema}.schema.json`, "utf8")) as object);
  return check(value) ? "" : ajv.errorsText(check.errors);
}
