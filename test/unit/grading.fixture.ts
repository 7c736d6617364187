import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { equalAnswers } from "../../src/grading/equal.js";
import { createGrader, type Grader } from "../../src/grading/index.js";
import { equalSymbolically } from "../../src/grading/symbolic.js";

type Pair = [gold: string, answer: string, equal: boolean | null];

/** A test for each pair: what a careful mathematician says; null where nobody can know. */
export function judged(pairs: Pair[]): void {
  it.each(pairs)("%s against %s is %s", (gold, answer, equal) => {
    expect(equalAnswers(gold, answer, equalSymbolically)).toMatchObject({ equal });
  });
}

/** The grader on a thread built from the sources, for the tests of one file: `dist/` may be being rebuilt meanwhile. */
export function builtGrader(): { grader: () => Grader; workerFile: () => string } {
  const folder = mkdtempSync(join(tmpdir(), "errata-grading-"));
  const workerFile = join(folder, "grading-thread.js");
  let grader: Grader | undefined;
  beforeAll(async () => {
    await build({
      entryPoints: [resolve("src/workers/grading.ts")],
      outfile: workerFile,
      bundle: true,
      platform: "node",
      format: "cjs",
      logLevel: "error",
    });
    grader = createGrader({ workerFile });
  });
  afterAll(async () => {
    await grader?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    grader: () => {
      if (!grader) throw new Error("asked for the grader before the tests began");
      return grader;
    },
    workerFile: () => workerFile,
  };
}

/** Milliseconds of processor time: the least of three times, since other work of the process counts too. */
export function processorTime(work: () => void): number {
  const taken = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...taken);
}
