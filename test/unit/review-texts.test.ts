import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Pool } from "../../src/pool/types.js";
import type { ReviewToView } from "../../src/protocol/review.js";
import { ReviewPanel } from "../../src/ui/panels/review.js";
import type { Services } from "../../src/ui/services.js";
import { sitting, until } from "./review-session.fixture.js";
import { seen, vscode } from "./vscode.fixture.js";

const inform = vi.hoisted(() => vi.fn(async () => undefined));
vi.mock("../../src/ui/say.js", () => ({ inform }));
vi.mock("vscode", async () => (await import("./vscode.fixture.js")).vscode);

/** A window with a folder of its own, on a pool that can be made to store nothing. */
async function opened(folder: string) {
  const { pool, ids } = await sitting();
  const failed: string[] = [];
  const full = { now: false };
  const handler: ProxyHandler<Pool> = {
    get: (target, name) => {
      if (name === "annotate" && full.now) return () => Promise.reject(new Error("disk full"));
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  };
  const stored = new Proxy(pool, handler);
  const services = {
    context: { extensionUri: "extension", storageUri: folder },
    log: { warn: (line: string) => failed.push(line) },
    trusted: true,
    pool: async () => stored,
    poolIfAny: async () => stored,
    who: async () => "ada",
    setting: () => 0,
    grader: () => ({ equal: async () => ({ equal: false }), equalities: () => [] }),
    onDidChangePool: () => ({ dispose: () => {} }),
    work: { onDidChange: () => ({ dispose: () => {} }) },
    live: { onDidChange: () => () => {}, active: false },
    done: () => {},
    fail: (error: unknown) => failed.push(String(error)),
  } as unknown as Services;
  const review = new ReviewPanel(services);
  const last = <T extends ReviewToView["type"]>(type: T) =>
    (seen.panels.at(-1)?.posted as ReviewToView[] | undefined)?.findLast(
      (m): m is Extract<ReviewToView, { type: T }> => m.type === type,
    );
  return {
    review,
    failed,
    full,
    last,
    attemptId: ids[0] ?? -1,
    say: (m: unknown) => seen.panels.at(-1)?.say(m),
  };
}

let folder: string;
/** What is kept for the next window: the page hears that something is stored a moment before. */
const isKept = (text: string) =>
  until(`${text} is kept`, () => {
    const file = join(folder, "unsaved.json");
    return existsSync(file) && readFileSync(file, "utf8") === text;
  });
beforeEach(() => {
  seen.panels.length = 0;
  vscode.Uri = { joinPath: (...parts: unknown[]) => ({ fsPath: parts.join("/") }) as unknown as string };
  folder = mkdtempSync(join(tmpdir(), "errata-texts-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe("what is written in the Review page", () => {
  it("is said to be stored only once it is; what could not be stored is kept for the next window", async () => {
    const s = await opened(folder);
    const { attemptId } = s;
    await s.review.show(attemptId);
    const name = `note ${attemptId}`;
    const note = { type: "text", field: "note", attemptId, text: "why?", goOn: false };
    s.say({ type: "unsaved", name, text: "why?" });
    s.full.now = true;
    s.say(note);
    await until("the page knows", () => s.last("stored") !== undefined);
    expect(s.last("stored")).toMatchObject({ field: "note", attemptId, text: "why?", ok: false });
    expect(s.failed).toEqual(["Error: disk full"]);
    await isKept(JSON.stringify([[name, "why?"]]));

    const next = await opened(folder);
    await next.review.show(attemptId);
    next.say({ type: "ready", drawn: false });
    await until("it came back", () => next.last("unsaved") !== undefined);
    expect(next.last("unsaved")?.texts).toEqual([[name, "why?"]]);

    next.say(note);
    await until("it is stored", () => next.last("stored")?.ok === true);
    expect(next.last("state")?.state.item?.mine.note).toBe("why?");
    await isKept("[]");
    const third = await opened(folder);
    await third.review.show(attemptId);
    third.say({ type: "unsaved", name: "note 0", text: "x" });
    third.say({ type: "ready", drawn: false });
    await until("it came back", () => third.last("unsaved") !== undefined);
    expect(third.last("unsaved")?.texts).toEqual([["note 0", "x"]]);
    await isKept(JSON.stringify([["note 0", "x"]]));
    expect([...next.failed, ...third.failed]).toEqual([]);
  });
});

describe("a review command", () => {
  it("has its end told after what it changed", async () => {
    const s = await opened(folder);
    await s.review.show(s.attemptId);
    await s.review.press("flag");
    const posted = (seen.panels.at(-1)?.posted ?? []) as ReviewToView[];
    const types = posted.slice(posted.findIndex(({ type }) => type === "pressed")).map(({ type }) => type);
    expect(types.at(-1)).toBe("done");
    expect(types).toContain("state");
    await s.review.press("raw");
    expect(s.last("act")).toEqual({ type: "act", action: "raw" });
    expect(s.last("done")).toEqual({ type: "done", action: "raw" });
    expect(s.failed).toEqual([]);
  });

  it("without a panel says so, once", async () => {
    const s = await opened(folder);
    await s.review.press("accept");
    await s.review.press("next");
    expect(inform.mock.calls).toEqual([[expect.stringContaining("not open"), "Open Review"]]);
  });
});
