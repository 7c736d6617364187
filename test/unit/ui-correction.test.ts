import { describe, expect, it } from "vitest";
import type { Pool } from "../../src/pool/types.js";
import { ErrataError } from "../../src/protocol/types.js";
import { CorrectionFiles, pathOf, placeOf } from "../../src/ui/correction-files.js";
import { PoolStore } from "../../src/ui/correction-store.js";
import { fill, open, workspace } from "./pool.fixture.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const MODELS = "$x=1$\n\\boxed{1}";

interface Window {
  files: CorrectionFiles;
  pool: Pool;
  id: number;
  path: string;
  trust: { given: boolean };
  read(): Promise<string>;
}

/** One window on a pool with errors, reflected on or not. */
async function window(folder: string, reflect = true): Promise<Window> {
  const pool = await open(folder);
  const trust = { given: true };
  if ((await pool.attemptIds({ scope: "all" })).length === 0) {
    await fill(pool, ["CCCIIIII"]);
    await pool.applyFilter({ kind: "mixed" });
    const ids = await pool.attemptIds({});
    if (reflect) {
      await pool.putReflections(
        ids.map((attemptId) => ({
          attemptId,
          modelId: "base",
          sample: 0,
          generation: { text: "…", tokenIds: [1], logprobs: [-1], finish: "stop" as const },
          analysis: "Line 1 is wrong.",
          correctedSolution: MODELS,
          parsed: true,
          grade: { verdict: "correct" as const, answer: "1", span: null, reason: "" },
        })),
      );
    }
  }
  const store = new PoolStore({
    get trusted() {
      return trust.given;
    },
    pool: async () => pool,
    poolIfAny: async () => pool,
    who: async () => "ada",
  });
  const files = new CorrectionFiles(store);
  const [id = -1] = await pool.attemptIds({});
  const path = pathOf({ kind: "correction", attemptId: id });
  return { files, pool, id, path, trust, read: async () => new TextDecoder().decode(await files.read(path)) };
}

const refusal = async (work: Promise<unknown>): Promise<ErrataError> => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ErrataError)) throw new Error(`no ErrataError: ${error}`);
  return error;
};

describe("a correction as a file", () => {
  it("is named by its attempt, and nothing else is one", () => {
    expect(placeOf(pathOf({ kind: "model", attemptId: 12 }))).toEqual({ kind: "model", attemptId: 12 });
    for (const path of [
      "/",
      "/correction-0.md",
      "/correction--1.md",
      "/x/correction-1.md",
      "/correction-1.md/..",
      "/correction-1e9.md",
    ]) {
      expect(placeOf(path), path).toBeUndefined();
    }
  });

  it("begins with the model's correction, and stores nothing before it is saved", async () => {
    const w = await window(workspace());
    expect(await w.read()).toBe(MODELS);
    expect(await w.files.changed()).toEqual([]);
    expect((await w.pool.detail(w.id)).annotations).toEqual([]);
  });

  it("begins empty where there is no reflection, and then belongs to the attempt", async () => {
    const w = await window(workspace(), false);
    expect(await w.read()).toBe("");
    await w.files.write(w.path, bytes("mine"));
    expect((await w.pool.annotations("attempt", w.id)).map((a) => a.value)).toEqual([
      { kind: "correction", value: "mine" },
    ]);
  });

  it("is saved as the panel saves it: trimmed, on the newest reflection, with its history", async () => {
    const w = await window(workspace());
    const text = "$x=2$\r\n\\boxed{2}\r\n";
    const before = await w.files.stat(w.path);
    await w.files.write(w.path, bytes(text));
    const reflection = (await w.pool.detail(w.id)).reflections[0]?.id ?? -1;
    expect((await w.pool.annotations("reflection", reflection)).map((a) => [a.who, a.value])).toEqual([
      ["ada", { kind: "correction", value: "$x=2$\n\\boxed{2}" }],
    ]);
    // The document is what was written, to the byte: VS Code must not find that it changed under its hands.
    expect(await w.read()).toBe(text);
    const after = await w.files.stat(w.path);
    expect(after.size).toBe(bytes(text).length);
    expect(after.mtime).toBeGreaterThanOrEqual(before.mtime);
    expect(await w.files.changed()).toEqual([]);
    // White space alone is no new word.
    await w.files.write(w.path, bytes(`${text}\n`));
    expect(await w.pool.annotations("reflection", reflection)).toHaveLength(1);
  });

  it("is taken back when all of it is deleted and saved, and stays empty until it is closed", async () => {
    const w = await window(workspace());
    await w.read();
    await w.files.write(w.path, bytes("mine"));
    await w.files.write(w.path, bytes(" \n"));
    const reflection = (await w.pool.detail(w.id)).reflections[0]?.id ?? -1;
    expect((await w.pool.annotations("reflection", reflection)).map((a) => a.value)).toEqual([
      { kind: "correction", value: "mine" },
      { kind: "correction", value: null },
    ]);
    expect(await w.read()).toBe(" \n");
    w.files.closed(w.id);
    expect(await w.read()).toBe(MODELS);
  });

  it("holds anything, to the character", async () => {
    const w = await window(workspace());
    const text = `\u202e<script>\u{1f600}\u0007${"\\frac{".repeat(20_000)}é`;
    await w.files.write(w.path, bytes(text));
    w.files.closed(w.id);
    expect(await w.read()).toBe(text);
  });

  it("comes back after a reload as it was saved", async () => {
    const folder = workspace();
    const first = await window(folder);
    await first.files.write(first.path, bytes("mine"));
    const { mtime } = await first.files.stat(first.path);
    const again = await window(folder);
    expect(await again.read()).toBe("mine");
    // A backup of unsaved text is held against this: another time would look like another person's save.
    expect((await again.files.stat(again.path)).mtime).toBe(mtime);
  });

  it("notices what another window saved, and does not overwrite it unasked: its time is newer", async () => {
    const folder = workspace();
    const [here, there] = [await window(folder), await window(folder)];
    await here.read();
    const before = await here.files.stat(here.path);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await there.files.write(there.path, bytes("theirs"));
    expect(await here.files.changed()).toEqual([here.path]);
    expect((await here.files.stat(here.path)).mtime).toBeGreaterThan(before.mtime);
    expect(await here.read()).toBe("theirs");
    expect(await here.files.changed()).toEqual([]);
  });

  it("is read-only in an untrusted workspace, until trust is given", async () => {
    const w = await window(workspace());
    w.trust.given = false;
    expect((await w.files.stat(w.path)).readOnly).toBe(true);
    const error = await refusal(w.files.write(w.path, bytes("mine")));
    expect(error.code).toBe("untrusted");
    expect((await w.pool.detail(w.id)).annotations).toEqual([]);
    w.trust.given = true;
    expect(await w.files.changed()).toEqual([w.path]);
    expect((await w.files.stat(w.path)).readOnly).toBe(false);
  });

  it("shows the model's and the failed solution for comparison, which nobody can write", async () => {
    const w = await window(workspace());
    for (const kind of ["model", "failed"] as const) {
      const path = pathOf({ kind, attemptId: w.id });
      expect((await w.files.stat(path)).readOnly).toBe(true);
      expect((await refusal(w.files.write(path, bytes("mine")))).code).toBe("read-only");
    }
    const failed = await w.files.read(pathOf({ kind: "failed", attemptId: w.id }));
    expect(new TextDecoder().decode(failed)).toBe((await w.pool.detail(w.id)).attempt.text);
  });

  it("says plainly what to do where its attempt is not in the pool", async () => {
    const w = await window(workspace());
    const error = await refusal(w.files.read("/correction-999999.md"));
    expect(error.message).toMatch(/no attempt 999999/);
    expect(error.hint).toMatch(/Review panel/);
    expect((await refusal(w.files.stat("/etc/passwd"))).code).toBe("no-attempt");
  });
});
