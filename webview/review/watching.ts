import type { ReactiveController, ReactiveControllerHost } from "lit";
import type { LiveMessage } from "../../src/protocol/live.js";
import { type LiveState, type LiveView, spokenVerdict } from "./live.js";
import { StepFlow } from "./stream.js";

/** Verdicts are said aloud no more often than this: a small model has ten a second. */
const SPOKEN_MS = 5000;
/** This near its end, a reader is at the end; an arrow key moves by more. Pixels. */
const NEAR = 30;
const LINE = 48;

/** What the panel knows of the sample under way, and where in it the reader is. */
export class Watching implements ReactiveController {
  on = false;
  private live: LiveState | null = null;
  private readonly flow = new StepFlow();
  private following = true;
  private held = false;
  /** What the host was told last. */
  private asked = false;
  /** Another sample came before the host had heard that this one is held: it is not shown, and this one comes back. */
  private passing = false;
  private spoken = "";
  private spokenAt = Number.NEGATIVE_INFINITY;
  private scrollTop = 0;

  constructor(
    private readonly host: ReactiveControllerHost & HTMLElement,
    private readonly ask: { leave(): void; hold(on: boolean, id: number | null): void; drawn(): void },
  ) {
    host.addController(this);
  }

  hostUpdated(): void {
    if (this.following) this.toEnd();
  }

  turn(on: boolean): void {
    this.on = on;
    this.live = null;
    this.following = true;
    this.held = false;
    this.asked = false;
    this.passing = false;
    this.flow.clear();
    this.host.requestUpdate();
  }

  take({ head, held, sample, delta, tokens, tokensPerSecond, end }: LiveMessage): void {
    requestAnimationFrame(() => this.ask.drawn());
    const before = this.live;
    const live = before ?? { head, sample: null, tokens: 0, tokensPerSecond: null, end: null };
    live.head = head;
    const another = sample !== undefined && sample.id !== live.sample?.id;
    this.passing = this.asked && !held && (this.passing || (another && live.sample !== null));
    if (this.passing) {
      this.host.requestUpdate();
      return;
    }
    if (sample) {
      this.flow.clear();
      if (another && !this.following) this.follow(true);
      Object.assign(live, { sample, end: null });
    }
    if (delta) this.flow.put(delta.at, delta.text);
    if (tokens !== undefined) live.tokens = tokens;
    if (tokensPerSecond !== undefined) live.tokensPerSecond = tokensPerSecond;
    if (end) {
      live.end = end;
      this.flow.end();
      this.speak(live);
    }
    this.live = live;
    this.host.requestUpdate();
  }

  /** True: the key was for what is watched. */
  pressed(key: string): boolean {
    const box = this.box();
    const page = (box?.clientHeight ?? 0) - LINE;
    const by = { ArrowDown: LINE, ArrowUp: -LINE, PageDown: page, PageUp: -page }[key];
    if (by !== undefined) box?.scrollBy(0, by);
    else if (key === "Home") box?.scrollTo(0, 0);
    else if (key === "End") this.follow(true);
    else if (key === " ") this.hold(!this.held);
    else return false;
    return true;
  }

  view(raw: boolean): LiveView {
    this.flow.raw = raw;
    return {
      ...{ live: this.live, steps: this.flow.element, raw, following: this.following },
      ...{ held: this.held, spoken: this.spoken },
      leave: () => this.ask.leave(),
      toggleHold: () => this.hold(!this.held),
      toLatest: () => this.follow(true),
      scrolled: () => this.scrolled(),
    };
  }

  private hold(on: boolean): void {
    this.held = on;
    this.tell();
    this.host.requestUpdate();
  }

  /** Who scrolled up is reading: the text stays where it is, and the sample too. */
  private follow(on: boolean): void {
    this.following = on;
    if (on) this.toEnd();
    this.tell();
    this.host.requestUpdate();
  }

  private tell(): void {
    this.asked = this.held || !this.following;
    this.ask.hold(this.asked, this.live?.sample?.id ?? null);
  }

  private scrolled(): void {
    const box = this.box();
    if (!box) return;
    const up = box.scrollTop < this.scrollTop - 1;
    this.scrollTop = box.scrollTop;
    const atEnd = box.scrollHeight - box.clientHeight - box.scrollTop < NEAR;
    // Only a person scrolls up; a text that grew is not one who left.
    if (atEnd !== this.following && (atEnd || up)) this.follow(atEnd);
  }

  private toEnd(): void {
    const box = this.box();
    if (!box) return;
    box.scrollTop = box.scrollHeight;
    this.scrollTop = box.scrollTop;
  }

  private box(): HTMLElement | null {
    return this.host.querySelector<HTMLElement>("main.live .flow");
  }

  private speak({ sample, end }: LiveState): void {
    const now = performance.now();
    if (!sample || !end || now - this.spokenAt < SPOKEN_MS) return;
    this.spokenAt = now;
    this.spoken = spokenVerdict(sample, end);
  }
}
