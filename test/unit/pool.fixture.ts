import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { openPool, type PoolOptions } from "../../src/pool/pool.js";
import type { NewAttempt, Pool, SamplingPurpose } from "../../src/pool/types.js";
import type { AnnotationValue, Verdict } from "../../src/protocol/types.js";

const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

export function workspace(): string {
  const folder = mkdtempSync(join(tmpdir(), "errata-pool-"));
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function open(folder: string, options?: PoolOptions): Promise<Pool> {
  const pool = await openPool(folder, options);
  cleanUp.push(() => pool.close());
  return pool;
}

/** An attempt whose verdict the pool will store: C correct, I incorrect, U unscored, T truncated. */
export function attempt(groupId: number, sample: number, letter: string): NewAttempt {
  const verdict =
    ({ C: "correct", I: "incorrect", U: "unscored", T: "unscored" } as const)[letter] ?? "unscored";
  const answer = letter === "T" ? null : letter === "C" ? "1" : `${2 + (sample % 2)}`;
  return {
    groupId,
    sample,
    generation: {
      text: `solution ${sample} of group ${groupId}`,
      tokenIds: [5, 70_000, sample],
      logprobs: [-0.5, -1.25, -0.125],
      finish: letter === "T" ? "length" : "stop",
    },
    grade: { verdict, answer, span: answer === null ? null : [3, 4], reason: "compared as numbers" },
  };
}

/** One problem per string; each letter is one attempt, e.g. "CCIIIIIU". Returns row ids and attempt ids. */
export async function fill(
  pool: Pool,
  groups: string[],
  purpose: SamplingPurpose = "sample",
): Promise<{ rowIds: number[]; groupIds: number[]; attemptIds: number[][]; samplingId: number }> {
  const rowIds = await pool.putProblems(
    "set",
    groups.map((_, i) => ({
      id: `p${i}`,
      problem: `Problem ${i}`,
      gold: "1",
      level: String((i % 12) + 1),
      ...(i % 2 === 0 ? { kind: "even" } : {}),
    })),
  );
  const group = Math.max(...groups.map((letters) => letters.length));
  const sampling = await pool.openSampling(spec(purpose, group), rowIds);
  const groupIds = sampling.groups.map((g) => g.groupId);
  const attemptIds: number[][] = [];
  for (const [i, letters] of groups.entries()) {
    attemptIds.push(
      await pool.putAttempts(
        [...letters].map((letter, sample) => attempt(groupIds[i] ?? -1, sample, letter)),
      ),
    );
  }
  return { rowIds, groupIds, attemptIds, samplingId: sampling.samplingId };
}

export function spec(purpose: SamplingPurpose = "sample", group = 8, seed = 1) {
  return {
    modelId: "base",
    modelHash: "1",
    purpose,
    group,
    options: { temperature: 1, topP: 1, topK: 0, maxTokens: 64, seed },
    prompt: "{{ problem }}",
  };
}

export const verdicts = async (pool: Pool): Promise<Record<Verdict, number>> => {
  const { correct, incorrect, unscored, truncated } = await pool.stats();
  return { correct, incorrect, unscored, truncated };
};

/** Says the same of several attempts. */
export const sayAll = (
  pool: Pool,
  attemptIds: readonly number[],
  who: string,
  value: AnnotationValue,
): Promise<number[]> =>
  pool.annotateEach(
    who,
    attemptIds.map((targetId) => ({ target: "attempt", targetId, value })),
  );
