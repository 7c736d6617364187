import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InferenceClient } from "../../src/inference/client.js";
import type { GeneratedRow, GenerateJob } from "../../src/inference/types.js";
import { assetFile } from "../../src/protocol/paths.js";
import { ErrataError, type SamplingOptions } from "../../src/protocol/types.js";
import { bundleWorker } from "./inference.fixture.js";

const MODEL = assetFile("demo/model");
const OPTIONS: SamplingOptions = { temperature: 1, topP: 0.95, topK: 40, maxTokens: 100, seed: 5 };
const JOBS: GenerateJob[] = Array.from({ length: 12 }, (_, i) => ({
  key: `p${i}`,
  messages: [{ role: "user", content: `Solve for $x$: $3(x-${i + 1})+5=2x-16$` }],
  samples: [0, 1, 2, 3, 4, 5, 6, 7],
}));

function collect(rows: GeneratedRow[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

describe("the inference worker", () => {
  let worker: Awaited<ReturnType<typeof bundleWorker>>;
  let client: InferenceClient;
  let undisturbed: string[];
  const generate = async (on: (rows: GeneratedRow[]) => void = () => undefined) => {
    const rows: GeneratedRow[] = [];
    const row = (row: GeneratedRow) => {
      rows.push(row);
      on(rows);
    };
    await client.generate(JOBS, OPTIONS, { row });
    return rows;
  };

  beforeAll(async () => {
    worker = await bundleWorker("src/workers/inference.ts");
    client = new InferenceClient({ workerFile: worker.file, threads: 1, backend: "cpu" });
    const loaded = await client.load({ folder: MODEL });
    expect(loaded).toMatchObject({ backend: "cpu", vocabSize: 143, contextLength: 256, notTaken: [] });
    undisturbed = collect(await generate());
    expect(undisturbed).toHaveLength(12 * 8);
  });
  afterAll(async () => {
    await client?.dispose();
    worker?.remove();
  });

  test("killed in the middle, again and again, nothing is lost, doubled or different", async () => {
    const killed = new Set<number>();
    const kill = (rows: GeneratedRow[]) => {
      // After the 3rd, 23rd, 43rd … row.
      const { pid } = client;
      if (rows.length % 20 !== 3 || pid === undefined || killed.has(pid)) return;
      killed.add(pid);
      process.kill(pid, "SIGKILL");
    };
    const rows = await generate(kill);
    expect(killed.size).toBeGreaterThan(0);
    expect(collect(rows)).toEqual(undisturbed);
  });

  test("killed at moments of its own, too", async () => {
    const rows: GeneratedRow[] = [];
    const work = client.generate(JOBS, OPTIONS, { row: (row) => rows.push(row) });
    for (const after of [40, 150, 90]) {
      await new Promise((resolve) => setTimeout(resolve, after));
      if (client.pid !== undefined) process.kill(client.pid, "SIGKILL");
    }
    await work;
    expect(collect(rows)).toEqual(undisturbed);
  });

  test("a worker that dies before any row is given up after 5 restarts, and works again when asked again", async () => {
    const killed = new Set<number>();
    const timer = setInterval(() => {
      const { pid } = client;
      if (pid === undefined || killed.has(pid)) return;
      killed.add(pid);
      process.kill(pid, "SIGKILL");
    }, 2);
    const rows: GeneratedRow[] = [];
    const work = client.generate(JOBS, OPTIONS, { row: (row) => rows.push(row) });
    await expect(work).rejects.toMatchObject({
      code: "worker-died",
      message: expect.stringMatching(/SIGKILL/),
    });
    clearInterval(timer);
    expect(killed.size).toBe(6);
    expect(rows).toEqual([]);
    expect(collect(await generate())).toEqual(undisturbed);
  });

  test("progress is coalesced, counts every row and ends with the total", async () => {
    const seen: { at: number; rowsDone: number; rowsTotal: number; tokens: number }[] = [];
    const rows: GeneratedRow[] = [];
    await client.generate(JOBS, OPTIONS, {
      row: (row) => rows.push(row),
      progress: (p) => seen.push({ at: performance.now(), ...p }),
    });
    const tokens = rows.reduce((sum, row) => sum + row.tokenIds.length, 0);
    expect(seen.at(-1)).toMatchObject({ rowsDone: rows.length, rowsTotal: rows.length, tokens });
    const seconds = ((seen.at(-1)?.at ?? 0) - (seen[0]?.at ?? 0)) / 1000;
    // At most 10 a second, the first at once and the last when the work ends.
    expect(seen.length).toBeLessThanOrEqual(10 * seconds + 3);
  });

  test("abort rejects; what was reported stays, and the worker goes on living", async () => {
    const { pid } = client;
    const controller = new AbortController();
    // Work for minutes: a fast worker would be done with less before the abort reaches it.
    const samples = Array.from({ length: 5000 }, (_, i) => i);
    const jobs = JOBS.map((job) => ({ ...job, samples }));
    let count = 0;
    const row = () => {
      count++;
      controller.abort();
    };
    await expect(client.generate(jobs, OPTIONS, { row }, controller.signal)).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(jobs.length * samples.length);
    expect(client.pid).toBe(pid);
  });

  test("errors arrive as ErrataError with hint and code, and do not cost a worker", async () => {
    const { pid } = client;
    const error = await client.load({ folder: tmpdir() }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ErrataError);
    expect(error).toMatchObject({ code: "not-a-model", hint: expect.stringContaining("genai_config.json") });
    await expect(client.preview([{ role: "user", content: "x" }])).rejects.toMatchObject({
      code: "no-model",
    });
    await client.load({ folder: MODEL });
    const preview = await client.preview([{ role: "user", content: "$x$" }]);
    expect(preview.text).toBe("<q>$x$<a>");
    expect(preview.tokens.map((t) => t.text).join("")).toBe(preview.text);
    expect(client.pid).toBe(pid);
  });

  test("it ends with the process that started it, and after dispose", async () => {
    const other = new InferenceClient({ workerFile: worker.file, threads: 1, backend: "cpu" });
    await other.load({ folder: MODEL });
    const pid = other.pid ?? 0;
    await other.dispose();
    expect(() => process.kill(pid, 0)).toThrow();
    await expect(other.load({ folder: MODEL })).rejects.toMatchObject({ code: "disposed" });
  });

  test("accelerators that do not work here are named with their reason, and the CPU is taken", async () => {
    const other = new InferenceClient({ workerFile: worker.file, threads: 1 });
    const loaded = await other.load({ folder: MODEL });
    // On a machine with a GPU another backend may be right; what was not taken always has its reason.
    for (const { backend, why } of loaded.notTaken) {
      expect(backend).not.toBe("cpu");
      expect(why.length).toBeGreaterThan(5);
    }
    if (loaded.backend === "cpu") expect(loaded.notTaken.length).toBeGreaterThan(0);
    await other.dispose();
  });
});

describe("a worker that cannot live", () => {
  let folder: string;
  let file: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "errata-worker-"));
    file = join(folder, "worker.js");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is given up after 5 restarts, with its last words", async () => {
    writeFileSync(file, 'console.error("libfoo.so: cannot open"); process.exit(7);');
    const log: string[] = [];
    const client = new InferenceClient({ workerFile: file, log: (line) => log.push(line) });
    const error = await client.load({ folder: MODEL }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "worker-died" });
    expect((error as Error).message).toContain("libfoo.so: cannot open");
    expect((error as Error).message).toContain("exit status 7");
    expect(log.filter((line) => line.includes("starting it again"))).toHaveLength(5);
    await client.dispose();
  });

  test("of another version is refused with what to do", async () => {
    // It speaks JSON-RPC by hand: answers every greeting with another version.
    writeFileSync(
      file,
      'process.on("message", (m) => m.id !== undefined && process.send({ jsonrpc: "2.0", id: m.id, result: "inference/0" }));',
    );
    const client = new InferenceClient({ workerFile: file });
    await expect(client.load({ folder: MODEL })).rejects.toMatchObject({
      code: "version-mismatch",
      hint: expect.stringContaining("Reload"),
    });
    await client.dispose();
  });
});
