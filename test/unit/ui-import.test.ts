import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { exportPool } from "../../src/exchange/export.js";
import { openPool } from "../../src/pool/pool.js";
import type { Pool } from "../../src/pool/types.js";
import type { ImportState } from "../../src/protocol/import.js";
import type { Report } from "../../src/protocol/types.js";
import { type ImportChoices, ImportSession } from "../../src/ui/import-session.js";
import { importTools } from "../../src/ui/import-tools.js";
import type { Services } from "../../src/ui/services.js";
import { builtGrader } from "./grading.fixture.js";

/** What the Import panel does, without a window: real files, a real pool, the real grader. */
let folder = "";
let pool: Pool;
const { grader } = builtGrader();
let trusted = true;
let busy = false;
/** What the window's work was asked for. */
let started: string[] = [];
let states: ImportState[] = [];

const services = (): Services =>
  ({
    get trusted() {
      return trusted;
    },
    pool: async () => pool,
    poolIfAny: async () => pool,
    grader,
    work: {
      start: async (job: { title: string; run(report: Report, signal: AbortSignal): Promise<void> }) => {
        if (busy) return false;
        started.push(job.title);
        await job.run(() => undefined, new AbortController().signal);
        return true;
      },
    },
  }) as unknown as Services;

function open(file: string, choices?: ImportChoices): ImportSession {
  const session: ImportSession = new ImportSession(
    file,
    importTools(services()),
    () => states.push(session.state),
    choices,
  );
  return session;
}

const row = (i: number, more: object = {}): string =>
  JSON.stringify({
    question: `What is ${Math.floor(i / 4)}+1?`,
    response: `\\boxed{${(i % 4) + 1}}`,
    ref: `${Math.floor(i / 4) + 1}`,
    ...more,
  });

function write(name: string, lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "errata-import-"));
  pool = await openPool(folder);
  [trusted, busy, started, states] = [true, false, [], []];
  return async () => {
    await pool.close();
    rmSync(folder, { recursive: true, force: true });
  };
});

describe("the Import panel's work", () => {
  it("looks first and writes nothing; imports on a word; the same file again adds nothing", async () => {
    const file = write(
      "rollouts.jsonl",
      Array.from({ length: 40 }, (_, i) => row(i)),
    );
    const session = open(file);
    await session.look();
    const { preview, busy: reading } = session.state;
    expect(reading).toBe(false);
    expect(preview).toMatchObject({
      attempts: 40,
      problems: 10,
      largestGroup: 4,
      complete: true,
      trouble: null,
    });
    expect(preview?.mapping?.chosen).toMatchObject({ problem: "question", text: "response" });
    expect(await pool.stats()).toMatchObject({ problems: 0, attempts: 0 });
    await session.start();
    expect(started).toEqual(["Importing rollouts.jsonl"]);
    expect(session.state.ended).toMatchObject({ ok: true });
    expect(session.state.ended?.words).toContain("40 attempts");
    expect(states.some(({ progress }) => progress !== null)).toBe(true);
    expect(session.state.progress).toBeNull();
    expect(await pool.stats()).toMatchObject({ problems: 10, attempts: 40 });

    const again = open(file);
    await again.look();
    expect(again.state.preview?.stored).toEqual({ attempts: 40, complete: true });
    await again.start();
    expect(await pool.stats()).toMatchObject({ problems: 10, attempts: 40 });
  });

  it("a column that a person chooses changes the preview, and is remembered for the next such file", async () => {
    const lines = Array.from({ length: 8 }, (_, i) =>
      JSON.stringify({ q1: `Say ${i}`, w: `\\boxed{${i}}`, g: `${i}` }),
    );
    const session = open(write("odd.jsonl", lines));
    await session.look();
    expect(session.state.preview?.trouble).toContain("cannot be told");
    // Nothing starts where something is wrong.
    await session.start();
    expect(started).toEqual([]);
    await session.choose({ mapping: { problem: "q1", text: "w", gold: "g" } });
    expect(session.state.preview).toMatchObject({ trouble: null, attempts: 8, withoutGold: 0 });
    await session.choose({ mapping: { problem: "q1", text: "w", gold: "" } });
    expect(session.state.preview).toMatchObject({ attempts: 8, withoutGold: 8 });
    await session.choose({ mapping: { problem: "q1", text: "w", gold: "g" }, set: "mine", model: "m7" });
    await session.start();
    expect((await pool.stats()).correct).toBe(8);
    const [problem] = await pool.problems([1]);
    expect(problem?.set).toBe("mine");

    const next = open(
      write(
        "next.jsonl",
        lines.map((line) => line.replace("Say", "Tell")),
      ),
    );
    await next.look();
    expect(next.state.preview?.mapping?.chosen).toMatchObject({ problem: "q1", text: "w", gold: "g" });
    expect(next.state.preview?.trouble).toBeNull();
  });

  it("cancelled, it says what is left; going on completes it", async () => {
    const file = write(
      "many.jsonl",
      Array.from({ length: 6000 }, (_, i) => row(i)),
    );
    const session = open(file);
    await session.look();
    const stop = new ImportSession(file, importTools(services()), () => {
      if ((stop.state.progress?.done ?? 0) > 0) stop.cancel();
    });
    await stop.look();
    await stop.start();
    expect(stop.state.ended).toMatchObject({ ok: false });
    expect(stop.state.ended?.words).toContain("Cancelled");
    expect(stop.cancelled).toBe(true);
    await stop.look();
    const stored = stop.state.preview?.stored;
    expect(stored?.complete).toBe(false);
    expect(stored?.attempts).toBeGreaterThan(0);
    expect(stored?.attempts).toBeLessThan(6000);
    expect((await pool.stats()).attempts).toBe(stored?.attempts);
    await session.start();
    expect(session.state.ended).toMatchObject({ ok: true });
    expect((await pool.stats()).attempts).toBe(6000);
  });

  it("a newer look ends an older one", async () => {
    const file = write(
      "two.jsonl",
      Array.from({ length: 3000 }, (_, i) => row(i)),
    );
    const session = open(file);
    const first = session.look();
    const second = session.choose({ mapping: { gold: "" } });
    await Promise.all([first, second]);
    expect(session.state).toMatchObject({ busy: false, trouble: null });
    expect(session.state.preview?.withoutGold).toBe(3000);
  });

  it("what cannot be read says why; another job that runs leaves all as it was", async () => {
    const none = open(join(folder, "none.jsonl"));
    await none.look();
    expect(none.state.trouble?.message).toContain("does not exist");
    const strange = open(write("strange.jsonl", ["\u0001\u0002 no json"]));
    await strange.look();
    const { trouble, preview } = strange.state;
    expect(trouble?.message ?? preview?.trouble).toBeTruthy();
    const file = write("ok.jsonl", [row(1)]);
    const session = open(file);
    await session.look();
    busy = true;
    await session.start();
    expect(session.state).toMatchObject({ ended: null, progress: null });
    expect(session.state.preview?.attempts).toBe(1);
  });

  it("in Restricted Mode a file is looked at, and nothing is imported", async () => {
    trusted = false;
    const session = open(write("r.jsonl", [row(1)]));
    await session.look();
    expect(session.state.preview?.attempts).toBe(1);
    expect(session.state.readOnly).toContain("Restricted Mode");
    await session.start();
    expect(started).toEqual([]);
    expect((await pool.stats()).attempts).toBe(0);
  });

  it("an export of Errata's own goes the same way", async () => {
    const session = open(
      write(
        "mine.jsonl",
        Array.from({ length: 8 }, (_, i) => row(i)),
      ),
    );
    await session.look();
    await session.start();
    const file = join(folder, "export.jsonl");
    await exportPool(pool, { format: "jsonl", file });
    const other = await openPool(mkdtempSync(join(folder, "other-")));
    const mine = pool;
    pool = other;
    try {
      const own = open(file);
      await own.look();
      expect(own.state.preview).toMatchObject({ format: "errata", trouble: null });
      await own.start();
      expect(own.state.ended).toMatchObject({ ok: true });
      expect(await other.stats()).toEqual(await mine.stats());
    } finally {
      pool = mine;
      await other.close();
    }
  });

  it("takes gold answers from the problem set that a person names", async () => {
    const bare = write(
      "bare.jsonl",
      ["What is 0+1?", "What is 1+1?"].map((question) =>
        JSON.stringify({ question, response: "\\boxed{1}" }),
      ),
    );
    const set = write(
      "set.jsonl",
      ["1", "2"].map((answer, i) => JSON.stringify({ id: `q${i}`, problem: `What is ${i}+1?`, answer })),
    );
    const session = open(bare);
    await session.look();
    expect(session.state.preview?.withoutGold).toBe(2);
    await session.choose({ problems: set });
    expect(session.state.preview?.withoutGold).toBe(0);
    await session.start();
    const { correct, incorrect } = await pool.stats();
    expect([correct, incorrect]).toEqual([1, 1]);
  });
});
