import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { LiveMessage } from "../../src/protocol/live.js";
import type { Verdict } from "../../src/protocol/types.js";
import type { Subject } from "../../src/reflection/watch.js";
import { LiveFeed } from "../../src/ui/live-feed.js";

const about = (sample: number): Subject => ({
  ...{ what: "attempt", problem: "Solve $x=1$", gold: "1", origin: "set · p1", sample, of: 8 },
});
const PROGRESS = {
  ...{ stage: "Sampling", model: "Demo base", backend: "cpu", done: 0, total: 16 },
  ...{ tokensPerSecond: 100, secondsLeft: 9 },
};

/** What a view that applies every message would show. */
class Screen {
  readonly messages: LiveMessage[] = [];
  readonly samples: number[] = [];
  text = "";
  ended: Verdict | null | undefined;
  /** Of the message that came last; a slow screen says it when it is done. */
  drawn = (): void => {};
  constructor(private readonly slow = false) {}
  readonly post = (message: LiveMessage, drawn: () => void): void => {
    if (this.slow) this.drawn = drawn;
    else drawn();
    this.messages.push(structuredClone(message));
    if (message.sample) {
      this.samples.push(message.sample.sample);
      this.text = "";
      this.ended = undefined;
    }
    if (message.delta) this.text = this.text.slice(0, message.delta.at) + message.delta.text;
    if (message.end) this.ended = message.end.verdict;
  };
}

let feed: LiveFeed;
let screen: Screen;
const says = (sample: number, text: string): void =>
  feed.text(about(sample), { key: "1", sample, text, tokens: text.length });
const ends = (sample: number, text: string, verdict: Verdict = "correct"): void =>
  feed.ended(about(sample), { text, tokens: text.length, verdict, answer: "1", reason: "equal" });

beforeEach(() => {
  vi.useFakeTimers();
  feed = new LiveFeed();
  screen = new Screen();
  feed.progress(PROGRESS);
});
afterEach(() => {
  feed.dispose();
  vi.useRealTimers();
});

describe("what people who watch a sampling see", () => {
  test("a sample grows by what is new, ten times a second at most, and ends with its verdict", () => {
    feed.attach(screen.post);
    let text = "";
    for (let i = 0; i < 100; i++) {
      text += `line ${i}\n`;
      says(0, text);
      vi.advanceTimersByTime(10);
    }
    expect(screen.messages.length).toBeLessThanOrEqual(12);
    const sent = screen.messages.reduce((sum, { delta }) => sum + (delta?.text.length ?? 0), 0);
    ends(0, `${text}end`, "incorrect");
    vi.advanceTimersByTime(200);
    expect(screen.text).toBe(`${text}end`);
    expect(screen.ended).toBe("incorrect");
    expect(sent).toBeLessThanOrEqual(text.length);
    expect(screen.messages.at(-1)?.head.tally).toEqual({
      correct: 0,
      incorrect: 1,
      truncated: 0,
      unscored: 0,
    });
  });

  test("nothing is said while nobody watches; who comes late sees all of the text so far", () => {
    says(0, "one\n");
    says(0, "one\ntwo\n");
    expect(vi.getTimerCount()).toBe(0);
    feed.attach(screen.post);
    expect(screen.text).toBe("one\ntwo\n");
    const other = new Screen();
    const leave = feed.attach(other.post);
    leave();
    says(0, "one\ntwo\nthree");
    vi.advanceTimersByTime(500);
    expect(screen.text).toBe("one\ntwo\nthree");
    expect(other.text).toBe("one\ntwo\n");
  });

  test("of fifty samples a second, each that is shown stays long enough to be read", () => {
    feed.attach(screen.post);
    const shownAt: number[] = [];
    let seen = 0;
    for (let i = 0; i < 500; i++) {
      says(i, "part");
      vi.advanceTimersByTime(10);
      ends(i, "part and the rest");
      vi.advanceTimersByTime(10);
      if (screen.samples.length > seen) {
        seen = screen.samples.length;
        shownAt.push(i * 20);
      }
    }
    expect(shownAt.length).toBeGreaterThan(2);
    for (const [i, at] of shownAt.slice(1).entries())
      expect(at - (shownAt[i] ?? 0)).toBeGreaterThanOrEqual(2400);
    const { head } = screen.messages.at(-1) ?? { head: null };
    expect(head?.shown).toBe(screen.samples.length);
    expect(head?.tally.correct).toBeGreaterThan(490);
  });

  test("a slow sample is followed to its end though another one is told meanwhile, and its verdict stays", () => {
    feed.attach(screen.post);
    says(0, "slow");
    vi.advanceTimersByTime(10_000);
    says(1, "next");
    vi.advanceTimersByTime(500);
    expect(screen.samples).toEqual([1]);
    ends(0, "slow, done");
    vi.advanceTimersByTime(400);
    expect([screen.text, screen.ended]).toEqual(["slow, done", "correct"]);
    vi.advanceTimersByTime(600);
    expect([screen.samples, screen.text]).toEqual([[1, 2], "next"]);
  });

  test("how the whole goes is told also while a sample waits for its turn", () => {
    feed.attach(screen.post);
    says(0, "read me");
    vi.advanceTimersByTime(200);
    ends(0, "read me");
    says(1, "next");
    vi.advanceTimersByTime(200);
    feed.progress({ ...PROGRESS, done: 7 });
    vi.advanceTimersByTime(200);
    expect([screen.samples, screen.messages.at(-1)?.head.done]).toEqual([[1], 7]);
  });

  test("who reads is not disturbed: a held sample stays until it is let go", () => {
    feed.attach(screen.post);
    says(0, "read me");
    vi.advanceTimersByTime(200);
    feed.hold(true, 1);
    ends(0, "read me");
    for (let i = 1; i < 50; i++) {
      says(i, "other");
      vi.advanceTimersByTime(200);
    }
    expect(screen.samples).toEqual([1]);
    feed.hold(false, 1);
    vi.advanceTimersByTime(300);
    expect(screen.samples).toEqual([1, 50]);
  });

  test("the word of a reader who has left holds nothing for the next one", () => {
    feed.attach(screen.post)();
    feed.hold(true, null);
    const next = new Screen();
    feed.attach(next.post);
    says(0, "read me");
    ends(0, "read me");
    vi.advanceTimersByTime(4000);
    says(1, "other");
    vi.advanceTimersByTime(200);
    expect(next.samples).toEqual([1, 2]);
  });

  test("a sample that was replaced while its reader's word was on its way comes back whole, and stays", () => {
    feed.attach(screen.post);
    says(0, "read me");
    ends(0, "read me");
    vi.advanceTimersByTime(4000);
    says(1, "other");
    vi.advanceTimersByTime(200);
    feed.hold(true, 1);
    says(1, "other, longer");
    vi.advanceTimersByTime(200);
    expect([screen.samples, screen.text, screen.ended]).toEqual([[1, 2, 1], "read me", "correct"]);
    expect(screen.messages.at(-1)).toMatchObject({ held: true, head: { shown: 1 } });
    feed.hold(false, 1);
    vi.advanceTimersByTime(200);
    expect([screen.samples, screen.text]).toEqual([[1, 2, 1, 2], "other, longer"]);
  });

  test("a screen that draws slowly shows what is so then, and may hold what it shows", () => {
    const slow = new Screen(true);
    feed.attach(slow.post);
    for (let i = 0; i < 50; i++) {
      says(i, "text");
      ends(i, "text and the rest");
      vi.advanceTimersByTime(400);
    }
    expect([slow.messages.length, slow.samples]).toEqual([1, []]);
    slow.drawn();
    vi.advanceTimersByTime(200);
    expect([slow.messages.length, slow.samples]).toEqual([2, [50]]);
    says(50, "other");
    vi.advanceTimersByTime(9000);
    feed.hold(true, 1);
    slow.drawn();
    vi.advanceTimersByTime(9000);
    expect([slow.samples, slow.text, slow.ended]).toEqual([[50], "text and the rest", "correct"]);
    expect(slow.messages.at(-1)).toMatchObject({ held: true });
    slow.drawn();
    feed.hold(false, 1);
    vi.advanceTimersByTime(9000);
    expect([slow.samples, slow.text]).toEqual([[50, 51], "other"]);
  });

  test("what cannot come back gives way to what is there, told whole", () => {
    feed.attach(screen.post);
    says(0, "read me");
    vi.advanceTimersByTime(200);
    feed.hold(true, 7);
    vi.advanceTimersByTime(200);
    expect([screen.samples, screen.text]).toEqual([[1, 1], "read me"]);
  });

  test("a text that ends otherwise than it grew is put right", () => {
    feed.attach(screen.post);
    says(0, "the answer is 6\nQ:");
    vi.advanceTimersByTime(200);
    ends(0, "the answer is 6");
    vi.advanceTimersByTime(200);
    expect(screen.text).toBe("the answer is 6");
  });

  test("the end of the work is told with what came out, and an open sample is not left open", () => {
    const changes: boolean[] = [];
    feed.onDidChange(() => changes.push(feed.active));
    feed.attach(screen.post);
    says(0, "half a");
    vi.advanceTimersByTime(200);
    feed.close("128 attempts");
    feed.close("said twice");
    vi.advanceTimersByTime(200);
    expect(screen.messages.at(-1)?.head.outcome).toBe("128 attempts");
    expect(screen.ended).toBeNull();
    feed.progress(PROGRESS);
    expect(changes).toEqual([false, true]);
    vi.advanceTimersByTime(200);
    expect(screen.messages.at(-1)?.head).toMatchObject({ outcome: null, shown: 0 });
  });
});
