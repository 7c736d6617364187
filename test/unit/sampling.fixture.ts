import { readFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { createGrader, type Grader } from "../../src/grading/index.js";
import { InferenceClient } from "../../src/inference/client.js";
import { findPrompt } from "../../src/inference/prompts.js";
import type { Engine } from "../../src/inference/types.js";
import type { Pool } from "../../src/pool/types.js";
import { assetFile } from "../../src/protocol/paths.js";
import type { ModelEntry, Problem, SamplingOptions } from "../../src/protocol/types.js";
import { bundleWorker } from "./inference.fixture.js";

export const MODEL: ModelEntry = {
  ...{ id: "demo-base", name: "Demo base", folder: assetFile("demo/model"), prompts: "demo" },
  addedAt: "2026-01-01T00:00:00.000Z",
};
export const OPTIONS: SamplingOptions = { temperature: 1, topP: 1, topK: 0, maxTokens: 110, seed: 3 };
export const prompt = (name: "solve" | "reflect") => findPrompt(name, { family: "demo" });

/** The real worker on the embedded model, and the real grader (the demo's answers need no grading thread). */
export function tools(): { engine: Engine & { pid: number | undefined }; grader: Grader } {
  const made: { engine?: InferenceClient; remove?: () => void } = {};
  const grader = createGrader();
  beforeAll(async () => {
    const worker = await bundleWorker("src/workers/inference.ts");
    made.remove = worker.remove;
    made.engine = new InferenceClient({ workerFile: worker.file, threads: 1, backend: "cpu" });
  });
  afterAll(async () => {
    await made.engine?.dispose();
    await grader.dispose();
    made.remove?.();
  });
  return {
    get engine() {
      if (!made.engine) throw new Error("Only inside a test");
      return made.engine;
    },
    grader,
  };
}

export function problems(n: number): Problem[] {
  const lines = readFileSync(assetFile("demo/problems/train.jsonl"), "utf8").trim().split("\n").slice(0, n);
  return lines.map((line) => {
    const { id, problem, answer, level } = JSON.parse(line);
    return { id, problem, gold: answer, level };
  });
}

export async function stored(pool: Pool, n: number): Promise<number[]> {
  return pool.putProblems("train", problems(n));
}
