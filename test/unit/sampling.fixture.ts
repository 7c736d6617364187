import { readFileSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import type { Grader } from "../../src/grading/types.js";
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

/** The real worker on the embedded model; the demo's answers are integers in a box, compared as text. */
export function tools(): { engine: Engine & { pid: number | undefined }; grader: Grader } {
  const made: Partial<ReturnType<typeof tools>> & { remove?: () => void } = {};
  beforeAll(async () => {
    const worker = await bundleWorker("src/workers/inference.ts");
    made.remove = worker.remove;
    made.engine = new InferenceClient({ workerFile: worker.file, threads: 1, backend: "cpu" });
  });
  afterAll(async () => {
    await made.engine?.dispose();
    made.remove?.();
  });
  return {
    get engine() {
      if (!made.engine) throw new Error("Only inside a test");
      return made.engine;
    },
    grader: {
      grade,
      equal: async (a, b) => ({ equal: a === b, why: "as text" }),
      dispose: async () => undefined,
    },
  };
}

const grade: Grader["grade"] = async (text, gold) => {
  const box = [...text.matchAll(/\\boxed\{([^}]*)\}/g)].at(-1);
  if (!box?.[1]) return { verdict: "unscored", answer: null, span: null, reason: "no answer was found" };
  const start = box.index + "\\boxed{".length;
  return {
    verdict: box[1] === gold ? "correct" : "incorrect",
    answer: box[1],
    span: [start, start + box[1].length],
    reason: "compared as text",
  };
};

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
