import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AttemptQuery, Pool } from "../../src/pool/types.js";
import type { ReviewState } from "../../src/protocol/review.js";
import { CONTEXT, PANELS } from "../../src/ui/names.js";
import { isSecond } from "../../src/ui/panels/page.js";
import { ReviewPanel } from "../../src/ui/panels/review.js";
import { rowsToReview } from "../../src/ui/pool/selection.js";
import type { Services } from "../../src/ui/services.js";
import { sitting, until } from "./review-session.fixture.js";
import { FakePanel, seen } from "./vscode.fixture.js";

vi.mock("vscode", async () => (await import("./vscode.fixture.js")).vscode);

beforeEach(() => {
  seen.panels.length = 0;
  seen.context.clear();
});

/** The services of a window on this pool. */
function services(pool: Pool, poolIfAny = async () => pool): Services {
  return {
    context: { extensionUri: "extension", storageUri: undefined },
    log: { warn: (line: string) => expect.fail(line) },
    trusted: true,
    pool: async () => pool,
    poolIfAny,
    who: async () => "ada",
    setting: () => 0,
    grader: () => ({
      grade: async () => undefined,
      equal: async () => ({ equal: false }),
      equalities: () => [],
    }),
    onDidChangePool: () => ({ dispose: () => {} }),
    work: { onDidChange: () => ({ dispose: () => {} }) },
    live: { onDidChange: () => () => {}, active: false },
    done: () => {},
    fail: (error: unknown) => expect.fail(String(error)),
  } as unknown as Services;
}

interface Shown {
  review: ReviewPanel;
  ids: number[];
  /** The newest state that this panel's page was sent. */
  state(panel: FakePanel | undefined): ReviewState | undefined;
}

async function shown(): Promise<Shown> {
  const { pool, ids } = await sitting();
  return {
    review: new ReviewPanel(services(pool)),
    ids,
    state: (panel) => {
      const told = panel?.posted.filter(({ type }) => type === "state").at(-1);
      return (told as { state: ReviewState } | undefined)?.state;
    },
  };
}

/** A tab of the last window is shown for the first time. */
async function revive(): Promise<FakePanel> {
  const old = new FakePanel();
  await seen.revive.get(PANELS.review)?.(old.real, undefined);
  return old;
}

describe("the one Review panel of a window", () => {
  it("stays the one when a tab of the last window is shown: its queue, its place and its keys", async () => {
    const s = await shown();
    const [, , third = -1, fourth = -1, fifth = -1] = s.ids;
    await s.review.show(fourth, { scope: "all", ids: [third, fourth, fifth] });
    const [ours] = seen.panels;
    const old = await revive();
    expect(old.open).toBe(false);
    expect(ours).toMatchObject({ open: true, revealed: 1 });
    ours?.say({ type: "focus", focused: true, typing: false });
    await s.review.press("flag");
    expect(s.state(ours)).toMatchObject({
      position: 2,
      total: 3,
      item: { attemptId: fourth, mine: { flag: true } },
    });
    expect(seen.context.get(CONTEXT.reviewFocused)).toBe(true);
  });

  it("is the tab of the last window where none is open", async () => {
    const s = await shown();
    const old = await revive();
    expect(s.state(old)?.item?.attemptId).toBe(s.ids[0]);
    await s.review.show(s.ids[1]);
    expect(seen.panels).toEqual([]);
    expect(s.state(old)?.item?.attemptId).toBe(s.ids[1]);
  });

  it("that was closed and comes back goes on with the sitting", async () => {
    const s = await shown();
    const [, second = -1, third = -1] = s.ids;
    const query: AttemptQuery = { scope: "all", ids: [second, third] };
    await s.review.show(third, query);
    seen.panels[0]?.dispose();
    const old = await revive();
    expect(old.open).toBe(true);
    expect(s.state(old)).toMatchObject({ position: 2, total: 2, item: { attemptId: third } });
  });

  it("closes a second one at once, and never what is open alone", () => {
    const ours = new FakePanel();
    const other = new FakePanel();
    expect(isSecond(undefined, other.real)).toBe(false);
    expect(other.open).toBe(true);
    expect(isSecond({ panel: ours.real }, other.real)).toBe(true);
    expect([ours.open, other.open]).toEqual([true, false]);
  });
});

describe("a tab of the last window that is still being read", () => {
  it("gives way to what is asked for meanwhile", async () => {
    const { pool, ids } = await sitting();
    let release = (): void => {};
    const late = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    const poolIfAny = async (): Promise<Pool> => {
      if (asked++ === 0) await late;
      return pool;
    };
    const review = new ReviewPanel(services(pool, poolIfAny));
    const reviving = revive();
    await review.show(ids[4], {});
    release();
    await reviving;
    expect(review.attemptId).toBe(ids[4]);
  });
});

describe("the filter, asked for in Review", () => {
  it("left as it was leaves the queue as it is; chosen, it is the queue", async () => {
    const s = await shown();
    const [, second = -1, third = -1] = s.ids;
    const query: AttemptQuery = { scope: "all", ids: [second, third] };
    await s.review.show(third, query);
    const page = seen.panels[0];
    let answer: AttemptQuery | undefined;
    s.review.askFilter = async () => answer;
    await s.review.press("filter");
    expect(s.state(page)).toMatchObject({ position: 2, total: 2, item: { attemptId: third } });
    answer = {};
    await s.review.press("filter");
    await until("the pool is the queue", () => s.state(page)?.total === s.ids.length);
    expect(s.state(page)).toMatchObject({ position: 3, item: { attemptId: third } });
  });
});

describe("rows that Review is opened on", () => {
  const row = (id: number) => ({ type: "attempt", attempt: { id } });
  const tree = (...selection: unknown[]) =>
    ({ view: { selection } }) as unknown as Parameters<typeof rowsToReview>[1];

  it("are those that it was called on, or several that are selected; never the one that is selected by chance", () => {
    const [one, two] = [row(1), row(2)];
    const more = { type: "more" };
    expect(rowsToReview([], tree(one))).toEqual([]);
    expect(rowsToReview([undefined], tree(one, more))).toEqual([]);
    expect(rowsToReview([], tree(one, two))).toEqual([one, two]);
    expect(rowsToReview([two], tree(one))).toEqual([two]);
    expect(rowsToReview([one, [one, two]], tree(one, two))).toEqual([one, two]);
  });
});
