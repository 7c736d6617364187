import { beforeEach, describe, expect, it } from "vitest";
import type { ReviewAction, ReviewFromView, ReviewItem, ReviewState } from "../../src/protocol/review.js";
import { item, state } from "./review.fixture.js";
import { noBrowser, openPage, post as postTo } from "./webview.fixture.js";

const one = (n: number, more: Partial<ReviewItem> = {}): ReviewItem =>
  item({ attemptId: n, problem: { set: "s", id: `p${n}`, text: `Problem ${n}`, gold: "1" }, ...more });

describe.skipIf(noBrowser)("an item that is shown before the host says so", () => {
  const opened = openPage("review");
  const post = (message: unknown) => postTo(opened(), message);
  const shown = () => opened().locator(".problem .origin").textContent();
  const press = (key: string) => opened().keyboard.press(key);
  const said = async () =>
    ((await opened().evaluate("sent")) as ReviewFromView[]).flatMap((m) =>
      m.type === "ahead" ? [m.to?.attemptId ?? null] : [],
    );
  /** The host is at this item of four; both neighbours were read ahead. */
  const at = async (n: number, more: Partial<ReviewState> = {}): Promise<void> => {
    const foreseen = { next: n + 1, skip: n + 1, previous: n - 1 };
    await post({ type: "state", state: state(one(n), { position: n, total: 4, foreseen, ...more }) });
    for (const near of [n + 1, n - 1]) await post({ type: "prefetch", item: one(near) });
  };
  const pressed = (action: ReviewAction) => post({ type: "pressed", action });
  const done = (action: ReviewAction) => post({ type: "done", action });
  /** The page learns the key. */
  const learn = async (key: string, action: ReviewAction, to: number): Promise<void> => {
    await press(key);
    await pressed(action);
    await at(to);
    await done(action);
  };
  /** The page's clock stands, and what it does after seconds waits for `pass`: a slow machine changes nothing. */
  const stop = (): Promise<void> =>
    opened().evaluate(() => {
      const clock = { now: performance.now(), due: new Map<number, () => void>() };
      const begin = setTimeout.bind(window);
      const end = clearTimeout.bind(window);
      let ids = 1e9;
      Object.assign(window, {
        clock,
        setTimeout: (work: () => void, ms = 0) => {
          if (ms < 1000) return begin(work, ms);
          clock.due.set(++ids, work);
          return ids;
        },
        clearTimeout: (id: number) => {
          if (!clock.due.delete(id)) end(id);
        },
      });
      performance.now = () => clock.now;
    });
  /** So many milliseconds later. */
  const later = (ms: number): Promise<void> => opened().evaluate(`clock.now += ${ms}`);
  /** Longer than any command is waited for. */
  const pass = (): Promise<void> =>
    opened().evaluate(
      `clock.now += 60_000; for (const [id, work] of clock.due) { clock.due.delete(id); work(); }`,
    );
  const sent = async (type: string) =>
    ((await opened().evaluate("sent")) as ReviewFromView[]).filter((m) => m.type === type);
  beforeEach(async () => {
    await stop();
    await at(1);
    await opened().locator("main").focus();
  });

  it("comes with the key, once the page saw what that key does; the host's word then changes nothing", async () => {
    await press("j");
    expect(await shown()).toBe("s · p1");
    await pressed("next");
    await at(2);
    await done("next");
    expect(await said()).toEqual([]);

    await press("j");
    await expect.poll(shown).toBe("s · p3");
    expect(await said()).toEqual([3]);
    expect(await opened().locator(".bar .figures").textContent()).toContain("3 of 4");
    await pressed("next");
    await at(3, { reviewed: 5 });
    await done("next");
    expect(await shown()).toBe("s · p3");
    expect(await opened().locator(".bar .figures").textContent()).toContain("5 reviewed");
    expect(await said()).toEqual([3]);
  });

  it("goes back in the same way, by whatever key the person chose", async () => {
    await learn("j", "next", 2);
    await learn("h", "previous", 1);
    await learn("j", "next", 2);
    await press("h");
    await expect.poll(shown).toBe("s · p1");
    expect(await said()).toEqual([2, 1]);
  });

  it("comes with a judgement only where the host says that it goes on", async () => {
    await learn("j", "next", 2);
    await learn("a", "accept", 2);
    await press("a");
    await pressed("accept");
    await done("accept");
    expect(await shown()).toBe("s · p2");
    await at(2, { foreseen: { accept: 3 } });
    await press("a");
    await expect.poll(shown).toBe("s · p3");
  });

  it("stays while the host still says the item before; another item of its is the last word", async () => {
    await learn("j", "next", 2);
    await press("j");
    await expect.poll(shown).toBe("s · p3");
    await at(2, { reviewed: 9 });
    expect(await shown()).toBe("s · p3");
    await pressed("next");
    // A hint, or what was sampled meanwhile: the command is not carried out yet.
    await at(2, { reviewed: 10 });
    expect(await shown()).toBe("s · p3");
    expect(await said()).toEqual([3]);
    await at(4);
    expect(await shown()).toBe("s · p4");
    // Else the next word would be refused, as one on an item that was not the one shown.
    expect(await said()).toEqual([3, null]);
  });

  it("goes where the command led nowhere", async () => {
    await learn("j", "next", 2);
    await press("j");
    await expect.poll(shown).toBe("s · p3");
    await pressed("next");
    await at(2, { notice: "That was the last item." });
    await done("next");
    expect(await shown()).toBe("s · p2");
    expect(await opened().locator(".notice").textContent()).toContain("the last item");
    expect(await said()).toEqual([3, null]);
  });

  it("stays as long as a slow host needs, once it has the command", async () => {
    await learn("j", "next", 2);
    await press("j");
    await expect.poll(shown).toBe("s · p3");
    await pressed("next");
    await pass();
    expect(await shown()).toBe("s · p3");
    await at(3);
    expect(await said()).toEqual([3]);
  });

  it("goes where the key was bound to something else since, and is unlearned", async () => {
    await learn("j", "next", 2);
    await press("j");
    await expect.poll(shown).toBe("s · p3");
    await pressed("flag");
    expect(await shown()).toBe("s · p2");
    expect(await said()).toEqual([3, null]);
    await at(2);
    await done("flag");
    await press("j");
    expect(await shown()).toBe("s · p2");
  });

  it("goes, and the key is unlearned, where no command comes of it any more", async () => {
    await learn("j", "next", 2);
    await press("j");
    await expect.poll(shown).toBe("s · p3");
    await pass();
    expect(await shown()).toBe("s · p2");
    expect(await said()).toEqual([3, null]);
    await press("j");
    expect(await shown()).toBe("s · p2");
  });

  it("waits for a key before it, which may change what this one does", async () => {
    await learn("j", "next", 2);
    await press("q");
    await press("j");
    expect(await shown()).toBe("s · p2");
    expect(await said()).toEqual([]);
    await later(1_000);
    await press("j");
    await expect.poll(shown).toBe("s · p3");
  });

  it("is never taught by a key of VS Code's own, nor by one that came to nothing long ago", async () => {
    await press("F1");
    await pressed("next");
    await done("next");
    await press("Tab");
    await pressed("next");
    await done("next");
    await press("q");
    await later(1_000);
    await pressed("next");
    await done("next");
    await press("v");
    await opened().evaluate("window.dispatchEvent(new Event('blur'))");
    await pressed("next");
    await done("next");
    await at(2);
    await opened().locator("main").focus();
    for (const key of ["F1", "Tab", "q", "v"]) {
      await press(key);
      await later(1_000);
    }
    expect(await said()).toEqual([]);
    // A shifted key is learned by its own name.
    await opened().locator("main").focus();
    await press("Shift+J");
    await pressed("next");
    await at(3);
    await done("next");
    await press("Shift+J");
    await expect.poll(said).toEqual([4]);
  });

  it("never comes while letters are typed", async () => {
    await learn("j", "next", 2);
    await press("n");
    await opened().locator("vscode-text-area.field").waitFor();
    await opened().keyboard.type("jj");
    expect(await shown()).toBe("s · p2");
  });

  describe("a key that opens something at once", () => {
    const note = () => opened().locator(".note-field");
    const find = () => opened().locator("errata-find .find");
    const value = () => opened().evaluate("document.querySelector('.note-field .field').value");
    /** `y` opens a note, as VS Code's shortcuts have it; Escape leaves it. */
    async function learnedAnew(): Promise<void> {
      for (const [key, action] of [
        ["y", "note"],
        ["Escape", "leave"],
      ] as const) {
        await press(key);
        await pressed(action);
        await post({ type: "act", action });
        await done(action);
      }
    }

    it("is unlearned when it turns out to be another's: what it opened goes, what was typed is kept", async () => {
      await opened().keyboard.type("nk");
      expect(await note().count()).toBe(1);
      await pressed("flag");
      await done("flag");
      expect(await note().count()).toBe(0);
      expect(await opened().evaluate("document.activeElement.localName")).toBe("main");
      // Its echo is waited for no longer: the note's own command opens it.
      await post({ type: "act", action: "note" });
      expect(await value()).toBe("k");
      await press("Escape");
      await press("n");
      expect(await note().count()).toBe(0);
    });

    it.each([
      ["t", ".choices"],
      ["s", ".every"],
      ["ControlOrMeta+f", "errata-find .find"],
    ])("%s closes again, too", async (key, selector) => {
      const clusters = [{ answer: "1", verdict: "correct" as const, attemptIds: [1, 2] }];
      await post({ type: "state", state: state(one(1, { siblings: clusters })) });
      await press(key);
      expect(await opened().locator(selector).count()).toBe(1);
      await pressed("flag");
      await done("flag");
      expect(await opened().locator(selector).count()).toBe(0);
    });

    it("is learned: from then on the letters after it are text", async () => {
      await learnedAnew();
      await opened().keyboard.type("yjax");
      expect(await value()).toBe("jax");
      const forwarded = (await opened().evaluate("sent.filter((m) => m.type === 'forwarded')")) as {
        key: string;
      }[];
      expect(forwarded.map(({ key }) => key)).toEqual(["y", "Escape", "y"]);
    });

    it("gives way once another is seen to do the same, and VS Code is silent", async () => {
      await learnedAnew();
      await press("n");
      expect(await note().count()).toBe(1);
      await press("Escape");
      await pass();
      await press("n");
      expect(await note().count()).toBe(0);
    });

    it("stays, however slow VS Code is, while no other does the same", async () => {
      await press("n");
      await press("Escape");
      await pass();
      await opened().keyboard.type("njax");
      expect(await value()).toBe("jax");
    });

    it("keeps what was learned in a page that is made anew", async () => {
      await press("y");
      await pressed("note");
      await expect
        .poll(() => opened().evaluate("sessionStorage.getItem('kept') ?? ''"))
        .toContain('["y","note"]');
      await opened().reload();
      await at(1);
      await opened().locator("main").focus();
      await opened().keyboard.type("yjax");
      expect(await value()).toBe("jax");
    });

    it("saves and leaves by the keys that a person chose, at once, and once", async () => {
      await opened().keyboard.type("nwhy");
      await pressed("note");
      await post({ type: "act", action: "note" });
      await done("note");
      // Not known yet: its command comes back from VS Code.
      await press("Alt+w");
      await pressed("save");
      await post({ type: "act", action: "save" });
      await done("save");
      expect(await sent("text")).toHaveLength(1);
      await press("n");
      await opened().keyboard.type("!");
      await press("Alt+w");
      expect(await sent("text")).toHaveLength(2);
      expect(await note().count()).toBe(0);
      await opened().keyboard.press("n");
      await pressed("note");
      // The command of the second press: the note that was opened since stays open.
      await post({ type: "act", action: "save" });
      await post({ type: "act", action: "note" });
      expect(await note().count()).toBe(1);
      expect(await sent("text")).toHaveLength(2);
    });

    it("does not close twice by one Escape, whose command comes back", async () => {
      await press("ControlOrMeta+f");
      await post({ type: "act", action: "find" });
      await press("Escape");
      await press("n");
      await press("Escape");
      expect(await note().count()).toBe(0);
      await press("n");
      await post({ type: "act", action: "leave" });
      expect(await note().count()).toBe(1);
      expect(await find().count()).toBe(0);
    });
  });
});
