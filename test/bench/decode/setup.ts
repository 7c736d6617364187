import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { distFile, installationFolder } from "../../../src/protocol/paths.js";
import { PeerProcess } from "./process.js";
import type { Limits, Profile, WeightsInfo } from "./results.js";
import type { Workload } from "./workload.js";

/** Weights, packages that only this benchmark needs, and the last results: outside of Git, used again. 6 GB. */
export const CACHE = process.env.ERRATA_BENCH_CACHE ?? join(installationFolder(), ".cache/bench");
const PACKAGES = join(CACHE, "packages");
const NODE_LLAMA_CPP = "node-llama-cpp@3.22.1";
const GGUF = "gguf==0.19.0";
export const PYTHON = join(
  installationFolder(),
  process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python",
);
export const script = (name: string): string => join(installationFolder(), "test/bench/decode", name);

export const PEERS = ["errata", "transformers.js", "node-llama-cpp", "onnxruntime-genai"] as const;
export type PeerName = (typeof PEERS)[number];

/** Runs a command to its end. Returns its standard output; throws with its last lines. */
function run(command: string, args: string[]): string {
  const done = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 28,
    encoding: "utf8",
  });
  const words = () => `${done.stdout}${done.stderr}`.trim().split("\n").slice(-6).join("\n");
  if (done.status !== 0) throw new Error(done.error?.message ?? `${command} failed: ${words()}`);
  return done.stdout;
}

/** Installs what this peer needs into the cache. Throws when it cannot be had here. */
export function install(peer: PeerName): void {
  mkdirSync(PACKAGES, { recursive: true });
  if (peer === "node-llama-cpp" && !existsSync(join(PACKAGES, "node_modules/node-llama-cpp/package.json")))
    run("npm", [
      "install",
      "--prefix",
      PACKAGES,
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      NODE_LLAMA_CPP,
    ]);
  if (peer === "onnxruntime-genai") run(PYTHON, ["-c", "import onnxruntime_genai"]);
}

/** Makes the weights of these names, where they are not there yet. */
export function makeWeights(names: string[]): void {
  if (!existsSync(PYTHON))
    throw new Error("The weights are made with Python: run `npm run setup -- --python` first");
  const python = join(PACKAGES, "python");
  if (!existsSync(join(python, "gguf")))
    run(PYTHON, ["-m", "pip", "install", "--quiet", "--no-deps", "--target", python, GGUF]);
  const demo = join(installationFolder(), "demo/model");
  run(PYTHON, [script("make_weights.py"), CACHE, demo, ...names]);
}

export const weightsInfo = (name: string): WeightsInfo =>
  JSON.parse(readFileSync(join(weights(name), "info.json"), "utf8")) as WeightsInfo;

/** Where our own engine's time goes on these weights (profile.ts). */
export function profile(name: string, threads: number, workload: Workload, tokens: number): Profile {
  const file = distFile("bench/profile.cjs");
  const args = [file, weights(name), String(threads), JSON.stringify(workload), String(tokens)];
  return JSON.parse(run(process.execPath, args)) as Profile;
}

/** What the machine can do at best (limits.py). */
export function measureLimits(threads: number): Limits {
  return JSON.parse(run(PYTHON, [script("limits.py"), String(threads)])) as Limits;
}

export const weights = (name: string): string => join(CACHE, "weights", name);

/** A peer's process, nothing loaded yet. */
export function start(peer: PeerName, threads: number): PeerProcess {
  // numpy and the like must not start threads of their own.
  const env = { OMP_NUM_THREADS: String(threads), HF_HUB_OFFLINE: "1" };
  if (peer === "onnxruntime-genai") return new PeerProcess(PYTHON, [script("genai_peer.py")], env);
  const file = distFile(`bench/${peer.replace(".", "-")}.cjs`);
  return new PeerProcess(process.execPath, [file, join(PACKAGES, "node_modules")], env);
}
