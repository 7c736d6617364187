import type { LiveText } from "../inference/types.js";
import type { LiveEnd, LiveHead, LiveMessage, LiveSample } from "../protocol/live.js";
import type { Verdict } from "../protocol/types.js";
import type { Ending, Subject, Watcher, WatchProgress } from "../reflection/watch.js";

/** Ten messages a second at most. */
const COALESCE_MS = 100;
/** A sample stays at least this long, and its verdict at least that long: small models write fifty a second. */
const SHOWN_MS = 2500;
const VERDICT_MS = 700;
/** A rate over less than this is noise. */
const RATE_MS = 1000;

interface Shown {
  sample: LiveSample;
  key: string;
  text: string;
  tokens: number;
  end: LiveEnd | null;
  /** When it was first heard of here, and with how many tokens. */
  from: { at: number; tokens: number };
  rate: number | null;
  /** It may be replaced from then on. */
  leave: number;
}

interface View {
  post(message: LiveMessage): void;
  /** It has not drawn the message that it was sent last; `behind`: something has changed since. */
  drawing: boolean;
  behind: boolean;
  /** What the view has of which sample: as many characters, of which the first `right` are still so. */
  id: number;
  has: number;
  right: number;
  ended: boolean;
}

/**
 * What people who watch a sampling see: one sample at a time, followed to its verdict, which stays for a moment; what
 * comes and goes meanwhile is counted, not kept. Without a view it only remembers the newest text. It knows nothing
 * of webviews.
 */
export class LiveFeed implements Watcher {
  private head: LiveHead | null = null;
  private shown: Shown | null = null;
  /** The one that was shown before it. */
  private before: Shown | null = null;
  /** The newest one, while another is still to be read. */
  private next: Shown | null = null;
  private held = false;
  private ids = 0;
  private readonly views = new Set<View>();
  private readonly listeners = new Set<() => void>();
  private timer: NodeJS.Timeout | undefined;
  /** When the next sample's time has come. */
  private turn: NodeJS.Timeout | undefined;
  private flushed = Number.NEGATIVE_INFINITY;

  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Something is being sampled that can be watched. */
  get active(): boolean {
    return this.head !== null && this.head.outcome === null;
  }

  /** Fires when `active` changes. */
  onDidChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Posts everything that is known, now, then what changed, each time when the message before it was `drawn`: a busy
   * window shows fewer samples, not those of some seconds ago. Returns what ends it.
   */
  attach(post: (message: LiveMessage, drawn: () => void) => void): () => void {
    const view: View = {
      ...{ id: 0, has: 0, right: 0, ended: false, drawing: false, behind: false },
      post: (message) => post(message, () => this.drawn(view)),
    };
    this.views.add(view);
    this.advance(this.now());
    if (this.head) this.send(view, this.head);
    return () => {
      this.views.delete(view);
      if (this.views.size > 0) return;
      this.held = false;
      this.rest();
    };
  }

  /**
   * Somebody is reading sample `id`: it stays after its verdict too. It comes back where it was replaced while the word
   * was on its way.
   */
  hold(on: boolean, id: number | null): void {
    // The word of a view that has gone meanwhile must not hold what the next one shows.
    if (this.views.size === 0) return;
    this.held = on;
    if (on && id !== null && this.shown?.sample.id !== id) {
      if (this.before?.sample.id === id) {
        this.next = this.shown;
        this.shown = this.before;
        this.before = null;
        if (this.head) this.head.shown--;
      }
      for (const view of this.views) view.id = 0;
    }
    this.wake();
  }

  progress(now: WatchProgress): void {
    const began = !this.active;
    if (began || this.head?.stage !== now.stage || this.head.model !== now.model) {
      this.head = { ...now, tally: nothingYet(), shown: 0, outcome: null };
      this.shown = null;
      this.before = null;
      this.next = null;
    } else Object.assign(this.head, now);
    if (began) this.changed();
    this.wake();
  }

  text(subject: Subject, { text, tokens }: LiveText): void {
    const key = keyOf(subject);
    if (this.shown?.key === key) this.grow(this.shown, text, tokens);
    else if (this.next?.key === key) this.grow(this.next, text, tokens);
    else this.next = this.entry(subject, key, text, tokens);
    this.wake();
  }

  ended(subject: Subject, ending: Ending): void {
    if (!this.head) return;
    this.head.tally[ending.verdict]++;
    const key = keyOf(subject);
    const entry = this.shown?.key === key ? this.shown : this.next?.key === key ? this.next : null;
    if (!entry) return;
    const { verdict, answer, reason } = ending;
    this.grow(entry, ending.text, ending.tokens);
    entry.end = { verdict, answer, reason };
    entry.leave = Math.max(entry.leave, this.now() + VERDICT_MS);
    this.wake();
  }

  /** What came out of the work, in words; the view says so when the work ends. */
  close(outcome: string): void {
    if (!this.head || !this.active) return;
    this.head.outcome = outcome;
    this.next = null;
    if (this.shown && !this.shown.end)
      this.shown.end = {
        verdict: null,
        answer: null,
        reason: "The work was stopped before this sample ended.",
      };
    this.changed();
    this.wake();
  }

  dispose(): void {
    this.views.clear();
    this.listeners.clear();
    this.rest();
  }

  private rest(): void {
    clearTimeout(this.timer);
    clearTimeout(this.turn);
    this.timer = undefined;
  }

  private entry(subject: Subject, key: string, text: string, tokens: number): Shown {
    const sample = { ...subject, id: 0, sample: subject.sample + 1 };
    const from = { at: this.now(), tokens };
    return { sample, key, text, tokens, end: null, from, rate: null, leave: 0 };
  }

  private grow(entry: Shown, text: string, tokens: number): void {
    if (!text.startsWith(entry.text)) {
      const kept = common(entry.text, text);
      for (const view of this.views) if (view.id === entry.sample.id) view.right = Math.min(view.right, kept);
    }
    entry.text = text;
    entry.tokens = tokens;
    const ms = this.now() - entry.from.at;
    if (ms >= RATE_MS) entry.rate = ((tokens - entry.from.tokens) * 1000) / ms;
  }

  /** Puts the next sample in the place of one that was seen to its end. */
  private advance(now: number): void {
    const { next, shown } = this;
    if (!next || !this.head) return;
    if (shown && (this.held || !shown.end || now < shown.leave)) return;
    this.before = shown;
    this.shown = next;
    this.next = null;
    next.sample.id = ++this.ids;
    next.leave = now + SHOWN_MS;
    this.head.shown++;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }

  /** Tells the views soon; nobody there, nothing to do. */
  private wake(): void {
    if (this.timer !== undefined || this.views.size === 0) return;
    const wait = Math.max(0, this.flushed + COALESCE_MS - this.now());
    this.timer = setTimeout(() => this.flush(), wait);
  }

  private drawn(view: View): void {
    view.drawing = false;
    if (!view.behind || !this.views.has(view)) return;
    view.behind = false;
    this.wake();
  }

  private flush(): void {
    this.timer = undefined;
    const free = [...this.views].filter((view) => !view.drawing);
    for (const view of this.views) view.behind ||= view.drawing;
    if (free.length === 0) return;
    const now = this.now();
    this.flushed = now;
    this.advance(now);
    if (this.head) for (const view of free) this.send(view, this.head);
    // The one that waits is shown when its time has come, whether or not anything is heard until then.
    const { shown, next } = this;
    clearTimeout(this.turn);
    if (next && shown?.end && !this.held && this.views.size > 0)
      this.turn = setTimeout(() => this.wake(), Math.max(0, shown.leave - now));
  }

  private send(view: View, head: LiveHead): void {
    const { shown } = this;
    const { held } = this;
    const message: LiveMessage = { type: "live", head: { ...head, tally: { ...head.tally } }, held };
    if (shown) {
      if (view.id !== shown.sample.id) {
        Object.assign(view, { id: shown.sample.id, has: 0, right: 0, ended: false });
        message.sample = shown.sample;
      }
      const { length } = shown.text;
      if (view.right < length || view.has > length)
        message.delta = { at: view.right, text: shown.text.slice(view.right) };
      view.has = length;
      view.right = length;
      message.tokens = shown.tokens;
      message.tokensPerSecond = shown.rate;
      if (shown.end && !view.ended) {
        message.end = shown.end;
        view.ended = true;
      }
    }
    view.drawing = true;
    view.post(message);
  }
}

function nothingYet(): Record<Verdict, number> {
  return { correct: 0, incorrect: 0, unscored: 0, truncated: 0 };
}

function keyOf({ what, of, origin, problem, sample }: Subject): string {
  return [what, of, sample, origin, problem].join("\u0000");
}

function common(a: string, b: string): number {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
}
