import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { download, missingBytes, variantFolder } from "../../src/inference/hub/download.js";
import {
  hubAccess,
  parseRepository,
  type Repository,
  readRepository,
} from "../../src/inference/hub/repository.js";
import { type Variant, variants } from "../../src/inference/hub/variants.js";
import { readOrigin } from "../../src/inference/store.js";
import type { Progress } from "../../src/protocol/types.js";
import { type Content, StandInHub } from "./hub.fixture.js";

const ID = "someone/tiny-math";
const TOKEN = "hf_standin";
/** Bytes that repeat nowhere, so that a wrong splice shows. */
const noise = (seed: string, length: number): Buffer => {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) =>
    createHash("sha256").update(`${seed}${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
};
const CONTENT: Content = {
  "README.md": Buffer.from("# A model\n"),
  "config.json": Buffer.from('{"model_type":"qwen2"}'),
  "tokenizer.json": noise("tokenizer", 5000),
  "tokenizer_config.json": Buffer.from("{}"),
  "pytorch_model.bin": noise("pickle", 100),
  "onnx/model.onnx": noise("fp32", 1000),
  "onnx/model.onnx_data": noise("fp32 data", 400_000),
  "onnx/model.onnx_data_1": noise("fp32 more", 100_000),
  "onnx/model_q4.onnx": noise("q4", 300_000),
  "onnx/model_quantized.onnx": noise("q8", 200_000),
  "model.safetensors": noise("weights", 350_000),
  "cpu/cpu-int4-block-32/genai_config.json": Buffer.from("{}"),
  "cpu/cpu-int4-block-32/model.onnx": noise("genai", 2000),
  "cpu/cpu-int4-block-32/model.onnx.data": noise("genai data", 90_000),
  "cpu/cpu-int4-block-32/run.py": Buffer.from("print()"),
};

let hub: StandInHub;
let store: string;
beforeAll(async () => {
  hub = await StandInHub.start();
});
afterAll(() => hub.stop());
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), "errata-store-"));
  hub.requests.length = 0;
});
afterEach(() => {
  Object.assign(hub.faults, { cuts: 0, cutAfter: undefined, ignoreRange: false, corrupt: 0, refusals: 0 });
  hub.faults.pace = undefined;
  hub.gated.clear();
  rmSync(store, { recursive: true });
});

const access = (token?: string) => hubAccess({ HF_ENDPOINT: `${hub.url}/` }, token);
async function choose(id: string, label: string): Promise<[Repository, Variant]> {
  const repository = await readRepository(access(), id);
  const variant = variants(repository).find((one) => one.label === label);
  if (!variant) throw new Error(`no variant ${label}`);
  return [repository, variant];
}
const fetched = (host: "hub" | "storage" = "storage") =>
  hub.requests.filter((request) => request.host === host);

describe("what a repository offers", () => {
  test("graphs with their data, exports and weights, with sizes, what is good for a CPU first", async () => {
    const commit = hub.put(ID, CONTENT);
    const repository = await readRepository(access(), ID);
    expect(repository).toMatchObject({ id: ID, commit, revision: "main" });
    expect(repository.files).toHaveLength(Object.keys(CONTENT).length);
    const found = variants(repository);
    expect(found.map(({ label, kind }) => [label, kind])).toEqual([
      ["cpu-int4-block-32", "genai"],
      ["q4", "onnx"],
      ["fp32", "onnx"],
      ["q8", "onnx"],
      ["weights", "weights"],
    ]);
    const [genai, q4, fp32, , weights] = found;
    const beside = ["config.json", "tokenizer.json", "tokenizer_config.json"];
    expect(fp32?.files.map(({ path }) => path)).toEqual([
      ...beside,
      "onnx/model.onnx",
      "onnx/model.onnx_data",
      "onnx/model.onnx_data_1",
    ]);
    expect(q4?.bytes).toBe(300_000 + 5000 + 22 + 2);
    expect(genai?.files.map(({ path }) => path)).not.toContain("cpu/cpu-int4-block-32/run.py");
    expect(weights?.files.map(({ path }) => path)).toEqual([...beside, "model.safetensors"]);
    for (const { words } of found) expect(words).toMatch(/.{10}/);
  });

  test.each([
    [{ "pytorch_model.bin": noise("p", 9) }, /pickles/],
    [{ "model-q4.gguf": noise("g", 9) }, /llama\.cpp/],
    [{ "../model.onnx": noise("x", 9), "onnx/../../model.onnx": noise("x", 9) }, /onnx\/model/],
  ])("a repository without a usable model says why (%#)", async (content, hint) => {
    hub.put("someone/other", content as Content);
    const repository = await readRepository(access(), "someone/other");
    expect(() => variants(repository)).toThrow(
      expect.objectContaining({ code: "hub-no-model", hint: expect.stringMatching(hint) }),
    );
  });

  test("ids and addresses of pages", () => {
    expect(parseRepository(" Qwen/Qwen2.5-0.5B ")).toEqual({ id: "Qwen/Qwen2.5-0.5B" });
    expect(parseRepository("hf:Qwen/Qwen2.5-0.5B")).toEqual({ id: "Qwen/Qwen2.5-0.5B" });
    expect(parseRepository("https://huggingface.co/a/b/tree/v1.0/onnx")).toEqual({
      id: "a/b",
      revision: "v1.0",
    });
    expect(parseRepository(`${hub.url}/a/b`, hub.url)).toEqual({ id: "a/b" });
    for (const text of ["qwen", "a/b/c", "../b", "https://example.com/a/b", "a b/c", ""])
      expect(parseRepository(text), text).toBeUndefined();
  });
});

describe("downloading", () => {
  test("the variant's files alone, whole and in place, with what they came from; again costs nothing", async () => {
    const commit = hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "fp32");
    const progress: Progress[] = [];
    const folder = await download(access(), repository, variant, store, {
      report: (now) => progress.push(now),
    });
    expect(folder).toBe(variantFolder(store, repository, variant));
    for (const { path } of variant.files)
      expect(readFileSync(join(folder, path)).equals(CONTENT[path] as Buffer)).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(
      ["config.json", "errata-origin.json", "onnx", "tokenizer.json", "tokenizer_config.json"].sort(),
    );
    expect(await readOrigin(folder)).toMatchObject({
      repository: ID,
      commit,
      variant: "onnx/model.onnx",
      precision: "fp32",
    });
    expect(progress.at(-1)).toMatchObject({ stage: "Downloading (MB)", done: 0.5, total: 0.5 });
    hub.requests.length = 0;
    expect(await missingBytes(store, repository, variant)).toBe(0);
    expect(await download(access(), repository, variant, store)).toBe(folder);
    expect(hub.requests).toEqual([]);
    expect(readdirSync(join(folder, ".."))).toEqual(["fp32"]);
  });

  test("an export's folder becomes the model's own", async () => {
    hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "cpu-int4-block-32");
    const folder = await download(access(), repository, variant, store);
    expect(readdirSync(folder).sort()).toEqual([
      "errata-origin.json",
      "genai_config.json",
      "model.onnx",
      "model.onnx.data",
    ]);
  });

  test("cut connections are taken up where they broke, until it is whole", async () => {
    hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "q4");
    Object.assign(hub.faults, { cutAfter: 70_000, cuts: 4 });
    const folder = await download(access(), repository, variant, store, { pauseMs: 1 });
    expect(
      readFileSync(join(folder, "onnx/model_q4.onnx")).equals(CONTENT["onnx/model_q4.onnx"] as Buffer),
    ).toBe(true);
    const ranges = fetched().map(({ range }) => Number(/\d+/.exec(range ?? "0")?.[0]));
    expect(ranges).toHaveLength(5);
    expect(ranges[0]).toBe(0);
    for (let i = 1; i < ranges.length; i++) expect(ranges[i]).toBeGreaterThanOrEqual(ranges[i - 1] as number);
    expect(ranges.at(-1)).toBeGreaterThan(100_000);
  });

  test("cancelled, then called again: only the rest is asked for, and the size shown before counts what is there", async () => {
    hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "q4");
    hub.faults.pace = 1_000_000;
    const controller = new AbortController();
    const report = ({ done }: Progress) => {
      if (done >= 0.1) controller.abort();
    };
    const work = download(access(), repository, variant, store, { report, signal: controller.signal });
    await expect(work).rejects.toMatchObject({ name: "AbortError" });
    const folder = variantFolder(store, repository, variant);
    expect(existsSync(folder)).toBe(false);
    const missing = await missingBytes(store, repository, variant);
    expect(missing).toBeGreaterThan(0);
    expect(missing).toBeLessThan(250_000);
    hub.faults.pace = undefined;
    hub.requests.length = 0;
    await download(access(), repository, variant, store);
    expect(fetched().map(({ range }) => range)).toEqual([`bytes=${300_000 - missing}-`]);
    expect(fetched("hub").filter(({ path }) => !path.endsWith(".onnx"))).toEqual([]);
    expect(
      readFileSync(join(folder, "onnx/model_q4.onnx")).equals(CONTENT["onnx/model_q4.onnx"] as Buffer),
    ).toBe(true);
  });

  test("a file that changed meanwhile is not glued to the old one's beginning", async () => {
    hub.put(ID, CONTENT);
    const [old, variant] = await choose(ID, "q4");
    Object.assign(hub.faults, { cutAfter: 70_000, cuts: 1 });
    const first = download(access(), old, variant, store, {
      pauseMs: 60_000,
      signal: AbortSignal.timeout(1500),
    });
    await expect(first).rejects.toThrow();
    const changed = { ...CONTENT, "onnx/model_q4.onnx": noise("new q4", 300_000) };
    hub.put(ID, changed);
    const [repository, now] = await choose(ID, "q4");
    hub.requests.length = 0;
    const folder = await download(access(), repository, now, store);
    expect(fetched().map(({ range }) => range)).toEqual([undefined]);
    expect(
      readFileSync(join(folder, "onnx/model_q4.onnx")).equals(changed["onnx/model_q4.onnx"] as Buffer),
    ).toBe(true);
  });

  test("a newer commit replaces the older one, and what did not change is not fetched again", async () => {
    hub.put(ID, CONTENT);
    await download(access(), ...(await choose(ID, "fp32")), store);
    const commit = hub.put(ID, { ...CONTENT, "onnx/model.onnx": noise("mended", 1000) });
    hub.requests.length = 0;
    const folder = await download(access(), ...(await choose(ID, "fp32")), store);
    expect(fetched().map(({ path }) => path.split("/").at(-1))).toEqual(["model.onnx"]);
    expect(await readOrigin(folder)).toMatchObject({ commit });
    expect(readdirSync(join(folder, ".."))).toEqual(["fp32"]);
  });

  test("a server that ignores Range sends it whole; a busy one is asked again", async () => {
    hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "q4");
    Object.assign(hub.faults, { cutAfter: 70_000, cuts: 1, ignoreRange: true, refusals: 2 });
    const folder = await download(access(), repository, variant, store, { pauseMs: 1 });
    expect(
      readFileSync(join(folder, "onnx/model_q4.onnx")).equals(CONTENT["onnx/model_q4.onnx"] as Buffer),
    ).toBe(true);
  });

  test("a connection that falls silent is given up and taken up again", async () => {
    hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "q4");
    // 20 pieces a second of one byte: far too slow, then normal.
    hub.faults.pace = 20;
    setTimeout(() => {
      hub.faults.pace = undefined;
    }, 300);
    const folder = await download(access(), repository, variant, store, { pauseMs: 300, stallMs: 20 });
    expect(existsSync(join(folder, "onnx/model_q4.onnx"))).toBe(true);
    expect(fetched().length).toBeGreaterThan(1);
  });

  test("damaged on the way: fetched once more; damaged again: told, and nothing of it stays", async () => {
    hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "q4");
    hub.faults.corrupt = 1;
    const folder = await download(access(), repository, variant, store);
    expect(
      readFileSync(join(folder, "onnx/model_q4.onnx")).equals(CONTENT["onnx/model_q4.onnx"] as Buffer),
    ).toBe(true);
    hub.faults.corrupt = 2;
    const [again, other] = await choose(ID, "q8");
    const fails = download(access(), again, other, store);
    await expect(fails).rejects.toMatchObject({
      code: "hub-damaged",
      message: expect.stringContaining("model_quantized.onnx"),
    });
    expect(readdirSync(`${variantFolder(store, again, other)}.incomplete/onnx`)).toEqual([]);
  });
});

describe("what goes wrong is told", () => {
  test("no such model, no such revision, nobody there, no token", async () => {
    hub.put(ID, CONTENT);
    await expect(readRepository(access(), "someone/nothing")).rejects.toMatchObject({
      code: "hub-auth",
      message: expect.stringContaining("no such model"),
    });
    await expect(readRepository(access(), ID, "v9")).rejects.toMatchObject({
      code: "hub-not-found",
      message: expect.stringContaining("no such revision"),
    });
    await expect(readRepository({ url: "http://127.0.0.1:9" }, ID)).rejects.toMatchObject({
      code: "hub-unreachable",
    });
    expect(() => access("secret")).toThrow(expect.objectContaining({ code: "hub-auth" }));
  });

  test("a gated model asks for a token, which goes to the hub alone", async () => {
    hub.put(ID, CONTENT);
    hub.gated.set(ID, TOKEN);
    const [repository, variant] = await choose(ID, "q4");
    const fails = download(access(), repository, variant, store);
    await expect(fails).rejects.toMatchObject({
      code: "hub-auth",
      hint: expect.stringContaining(`${hub.url}/${ID}`),
    });
    await expect(download(access("hf_wrong"), repository, variant, store)).rejects.toMatchObject({
      code: "hub-auth",
    });
    hub.requests.length = 0;
    await download(access(TOKEN), repository, variant, store);
    expect(fetched("hub").every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
    expect(fetched().length).toBe(1);
    expect(fetched().every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  test("a disk without room is told before anything is fetched", async () => {
    hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "fp32");
    hub.requests.length = 0;
    const fails = download(access(), repository, variant, store, { free: async () => 200e6 + 1000 });
    await expect(fails).rejects.toMatchObject({
      code: "no-space",
      message: expect.stringMatching(/200 MB free; 50\d kB/),
    });
    expect(hub.requests).toEqual([]);
  });

  test("two at once: the second is told that the first is at it; a lock of a dead process is nothing", async () => {
    hub.put(ID, CONTENT);
    const [repository, variant] = await choose(ID, "q4");
    hub.faults.pace = 2_000_000;
    const first = download(access(), repository, variant, store);
    const lock = `${variantFolder(store, repository, variant)}.lock`;
    while (!existsSync(lock)) await new Promise((resolve) => setTimeout(resolve, 2));
    const second = download(access(), repository, variant, store);
    await expect(second).rejects.toMatchObject({ code: "busy" });
    const folder = await first;
    rmSync(folder, { recursive: true });
    writeFileSync(`${folder}.lock`, "4194305");
    hub.faults.pace = undefined;
    expect(await download(access(), repository, variant, store)).toBe(folder);
    expect(existsSync(`${folder}.lock`)).toBe(false);
  });
});
