import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assetFile } from "../../src/protocol/paths.js";
import type { ChatMessage } from "../../src/protocol/types.js";

/** What transformers answers to one chat, greedily, in float32. */
export interface Answer {
  prompt: number[];
  tokens: number[];
  logprobs: number[];
  entropies: number[];
  margins: number[];
}
export interface Layouts {
  /** Holds FAMILY/hf, FAMILY/genai, FAMILY/genai-int4, FAMILY/hub and FAMILY/old. */
  folder: string;
  chats: ChatMessage[][];
  newTokens: number;
  families: Record<string, Answer[]>;
}

const PYTHON = assetFile(process.platform === "win32" ? ".venv/Scripts/python.exe" : ".venv/bin/python");

/** Without the trainer's Python the models cannot be built: then these tests are left out, but never in CI. */
export const withPython = existsSync(PYTHON) || process.env.CI !== undefined;

/** Builds the models of test/fixtures/layouts.py in a temporary folder; about 10 s. */
export function buildLayouts(): Layouts {
  const folder = mkdtempSync(join(tmpdir(), "errata-layouts-"));
  const script = assetFile("test/fixtures/layouts.py");
  const { status, stderr, error } = spawnSync(PYTHON, [script, folder], {
    encoding: "utf8",
    env: { ...process.env, OMP_NUM_THREADS: "1", HF_HUB_OFFLINE: "1" },
  });
  if (status !== 0) throw new Error(`layouts.py failed: ${error?.message ?? stderr.slice(-2000)}`);
  const reference = JSON.parse(readFileSync(join(folder, "reference.json"), "utf8"));
  return { folder, ...reference };
}
