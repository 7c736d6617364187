import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGrader } from "../../src/grading/index.js";
import { outOfMemory } from "../../src/inference/backend/memory.js";
import { InferenceClient } from "../../src/inference/client.js";
import type { GeneratedRow, GenerateJob } from "../../src/inference/types.js";
import { INFERENCE_VERSION } from "../../src/inference/wire.js";
import { openPool } from "../../src/pool/pool.js";
import { assetFile } from "../../src/protocol/paths.js";
import type { Report } from "../../src/protocol/types.js";
import { samplePipeline } from "../../src/sampling/pipeline.js";
import { bundleWorker } from "./inference.fixture.js";
import { MODEL, OPTIONS, prompt, stored } from "./sampling.fixture.js";

/** `npm run test:full` kills ten times as often. */
const KILLS = process.env.ERRATA_TEST_FULL ? 50 : 5;
const PROBLEMS = process.env.ERRATA_TEST_FULL ? 240 : 60;
const FOLDER = assetFile("demo/model");

let worker: Awaited<ReturnType<typeof bundleWorker>>;
let folder: string;
beforeAll(async () => {
  worker = await bundleWorker("src/workers/inference.ts");
  folder = mkdtempSync(join(tmpdir(), "errata-faults-"));
});
afterAll(() => {
  worker.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe("a worker that is killed", () => {
  /** The whole pipeline into a pool of its own; every attempt as stored, in an order of its own. */
  async function sampled(
    name: string,
    engine: InferenceClient,
    report: Report = () => undefined,
  ): Promise<string[]> {
    mkdirSync(join(folder, name));
    const pool = await openPool(join(folder, name));
    const grader = createGrader();
    try {
      const rows = await stored(pool, PROBLEMS);
      const job = {
        pool,
        model: MODEL,
        problems: rows,
        group: 8,
        options: OPTIONS,
        prompt: await prompt("solve"),
      };
      const result = await samplePipeline({ engine, grader }, job, report);
      const attempts = await pool.attemptsOfSampling(result.samplingId);
      expect(result).toMatchObject({ attempts: PROBLEMS * 8, made: PROBLEMS * 8 });
      return attempts
        .map((a) =>
          JSON.stringify([a.problemId, a.sample, a.text, a.tokens, a.finish, a.verdict, a.answer, a.inPool]),
        )
        .sort();
    } finally {
      await grader.dispose();
      await pool.close();
    }
  }

  test(
    `${KILLS} times at random moments: the pool is that of an undisturbed sampling, row by row`,
    async () => {
      const calm = new InferenceClient({ workerFile: worker.file, threads: 1, backend: "cpu" });
      const start = performance.now();
      const undisturbed = await sampled("calm", calm);
      const took = performance.now() - start;
      await calm.dispose();

      const log: string[] = [];
      const engine = new InferenceClient({
        ...{ workerFile: worker.file, threads: 1, backend: "cpu" },
        log: (line) => log.push(line),
      });
      let killed = 0;
      let done = 0;
      let doneBefore = 0;
      let timer: NodeJS.Timeout | undefined;
      // A fixed sequence of moments that looks random (Knuth's multiplicative hash), so that a failure comes again.
      const wait = (n: number) => 60 + (((n * 2654435761) % 2 ** 32) / 2 ** 32) * Math.min(400, took / 4);
      const strike = () => {
        if (killed >= KILLS) return;
        // Six in a row without a finished row are given up, by design: two of three wait for one, the third strikes
        // where it may, also while the model is loaded.
        if (killed % 3 !== 0 && done === doneBefore) {
          timer = setTimeout(strike, 15);
          return;
        }
        if (engine.pid !== undefined) {
          process.kill(engine.pid, "SIGKILL");
          killed++;
          doneBefore = done;
        }
        timer = setTimeout(strike, wait(killed));
      };
      timer = setTimeout(strike, wait(0));
      const disturbed = await sampled("disturbed", engine, (now) => {
        done = now.done;
      });
      clearTimeout(timer);
      await engine.dispose();
      expect(new Set(disturbed.map((row) => JSON.parse(row).slice(0, 2).join())).size).toBe(disturbed.length);
      expect(disturbed).toEqual(undisturbed);
      expect(killed).toBe(KILLS);
      expect(log.filter((line) => line.includes("starting it again")).length).toBeGreaterThanOrEqual(
        KILLS - 1,
      );
    },
    process.env.ERRATA_TEST_FULL ? 600_000 : 60_000,
  );
});

const SAMPLES = 80;
const JOBS: GenerateJob[] = Array.from({ length: 6 }, (_, i) => ({
  key: `p${i}`,
  messages: [{ role: "user", content: `Solve for $x$: $3(x-${i + 1})+5=2x-16$` }],
  samples: Array.from({ length: SAMPLES }, (_, n) => n),
}));

async function generate(client: InferenceClient): Promise<{ rows: string[]; notes: string[] }> {
  const rows: GeneratedRow[] = [];
  const notes: string[] = [];
  await client.generate(JOBS, OPTIONS, { row: (row) => rows.push(row), note: (text) => notes.push(text) });
  return { rows: rows.map((row) => JSON.stringify(row)).sort(), notes };
}

describe("memory that runs out", () => {
  test.skipIf(process.platform !== "linux")(
    "under a real limit: fewer sequences at once, said so, and the same samples",
    async () => {
      const wide = { slots: 480, cacheBytes: 1e12, threads: 1, backend: "cpu" };
      const free = new InferenceClient({ ...wide, workerFile: worker.file });
      await free.load({ folder: FOLDER });
      const memory = (name: string) => {
        const status = readFileSync(`/proc/${free.pid}/status`, "utf8");
        return 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]);
      };
      const before = memory("VmSize");
      const wanted = await generate(free);
      const peak = memory("VmPeak");
      await free.dispose();
      expect(wanted.notes).toEqual([]);

      // The same with an address space that holds few sequences, not all.
      const limited = join(dirname(worker.file), "limited.js");
      const bytes = Math.round(before + (peak - before) / 3);
      writeFileSync(
        limited,
        `require("node:child_process").execFileSync("prlimit", ["--pid", String(process.pid), "--as=${bytes}"]);\nrequire("./worker.js");\n`,
      );
      const log: string[] = [];
      const client = new InferenceClient({ ...wide, workerFile: limited, log: (line) => log.push(line) });
      await client.load({ folder: FOLDER });
      const got = await generate(client);
      await client.dispose();
      expect(got.notes.length).toBeGreaterThan(0);
      expect(got.notes.at(-1)).toMatch(/went on with \d+ sequences at once$/);
      expect(log).toContain(got.notes[0]);
      expect(got.rows).toEqual(wanted.rows);
    },
    60_000,
  );

  /** A worker that speaks the protocol by hand and holds as many sequences as the test says. */
  function pretending(holds: number, how: string): InferenceClient {
    const file = join(folder, `pretending-${holds}.js`);
    writeFileSync(
      file,
      `const slots = JSON.parse(process.argv[2]).slots ?? 16;
const source = { folder: "f" };
const info = { source, backend: "cpu", notTaken: [], vocabSize: 1, contextLength: 1, decoding: "steps", slots };
process.on("message", (m) => {
  if (m.id === undefined) return;
  const answer = (result) => process.send({ jsonrpc: "2.0", id: m.id, result });
  if (m.method === "load") return answer(info);
  if (m.method !== "generate") return answer("${INFERENCE_VERSION}");
  const { id, jobs } = m.params;
  const rows = jobs.flatMap((job) => job.samples.map((sample) => ({ key: job.key, sample, text: "t", tokenIds: [1], logprobs: [0], finish: "stop", promptTokens: 1 })));
  if (slots > ${holds}) {
    process.send({ jsonrpc: "2.0", method: "rows", params: { id, rows: rows.slice(0, 2) } });
    ${how}
  }
  process.send({ jsonrpc: "2.0", method: "rows", params: { id, rows } });
  answer(null);
});`,
    );
    return new InferenceClient({ workerFile: file });
  }
  const failing = (message: string) =>
    `return process.send({ jsonrpc: "2.0", id: m.id, error: { code: -32603, message: ${JSON.stringify(message)}, data: { name: "Error" } } });`;

  test.each([
    [
      "ONNX Runtime says so",
      failing(
        "Non-zero status code returned while running Loop node: bfc_arena.cc:359 Failed to allocate memory for requested buffer of size 8589934592",
      ),
    ],
    ["C++ does", failing("std::bad_alloc")],
    ["CUDA does", failing("CUDA failure 2: out of memory ; GPU=0")],
    ["JavaScript does", failing("Array buffer allocation failed")],
    [
      "the process ends with the word on its lips",
      "console.error(\"terminate called after throwing an instance of 'std::bad_alloc'\"); process.abort();",
    ],
  ])("%s: halved until it fits, nothing lost or doubled", async (_, how) => {
    const client = pretending(4, how);
    await client.load({ folder: "f" });
    const { rows, notes } = await generate(client);
    await client.dispose();
    expect(notes).toEqual([
      "Memory ran out: went on with 8 sequences at once",
      "Memory ran out: went on with 4 sequences at once",
    ]);
    expect(new Set(rows).size).toBe(rows.length);
    expect(rows).toHaveLength(JOBS.length * SAMPLES);
  });

  test("not even one sequence: an error that says what to do; what was finished is kept", async () => {
    const client = pretending(0, failing("std::bad_alloc"));
    await client.load({ folder: "f" });
    const rows: GeneratedRow[] = [];
    const work = client.generate(JOBS, OPTIONS, { row: (row) => rows.push(row) });
    await expect(work).rejects.toMatchObject({
      code: "out-of-memory",
      message: expect.stringContaining("one sequence at a time: std::bad_alloc"),
      hint: expect.stringContaining("smaller or quantised model"),
    });
    await client.dispose();
    // Two with each of 16, 8, 4, 2 and 1 at once.
    expect(rows).toHaveLength(10);
  });

  test("other failures are not taken for it", () => {
    for (const said of [
      "Invalid Argument",
      "Load model failed: Protobuf parsing failed.",
      "SIGKILL",
      "memory",
    ])
      expect(outOfMemory(said), said).toBe(false);
  });
});
