import { type Segment, segmentMath } from "../../src/protocol/math.js";
import { type Decoration, decorated, dress } from "./decorate.js";
import { asDecoration, type Hint, typesetWithHints } from "./hints.js";
import { isCached, LONGEST_TEX, typeset } from "./typeset.js";
import { allows, CHUNK, chunksOf, inTime, notAnyMore, unwatch, type Windowed, watch } from "./virtual.js";

/** Typesets ahead of time what the next item will need. */
export function warm(text: string): void {
  for (const s of segmentMath(text)) if (s.kind !== "text") typeset(s.body, s.kind === "display");
}

const SMALL_FRACTION = /^(-?)\\[dt]?frac\{(-?)(\w{1,4})\}\{(\w{1,4})\}$/;

/**
 * An answer on its own is TeX without delimiters, unless it is words. A small fraction is set with a slash, as in
 * running text: stacked, it would be too small to read there.
 */
export function answerText(answer: string): string {
  if (answer.includes("$") || /[a-z]{2,}\s+[a-z]{2,}/i.test(answer.replace(/\\[a-z]+/gi, ""))) return answer;
  const slashed = answer.trim().replace(SMALL_FRACTION, "$1$2$3/$4");
  return `$${slashed.startsWith("--") ? answer : slashed}$`;
}

/** A hit of a search; offsets within the text. */
export interface Found {
  start: number;
  end: number;
  current: boolean;
}

/** Where one of several graders read the answer; offsets within the text. `n` tells them apart, 0 is our own. */
export interface Reading {
  start: number;
  end: number;
  n: number;
  title: string;
}

const NONE: readonly never[] = [];

/** One stretch of the text, which is typeset and given back as a whole. */
interface Piece {
  host: HTMLElement;
  segments: readonly Segment[];
  /** Near the screen, or to be typeset whatever the screen shows. */
  near: boolean;
  /** As it stands in `host` now. */
  typeset: boolean;
}

/** A chunk of a long text; it tells its text when it comes near. */
class ErrataChunk extends HTMLElement implements Windowed {
  tell: ((on: boolean) => void) | null = null;
  connectedCallback(): void {
    watch(this);
  }
  disconnectedCallback(): void {
    unwatch(this);
  }
  near(on: boolean): void {
    this.tell?.(on);
  }
}
customElements.define("errata-chunk", ErrataChunk);

/**
 * `<errata-math>`: a text with its mathematics typeset, or raw. `mark` is the span that the grader read, `readings` those
 * of several graders, `found` the hits of a search, `hints` what computer algebra says. A long text is cut into chunks, each typeset near the screen.
 */
export class ErrataMath extends HTMLElement implements Windowed {
  private source = "";
  private isRaw = false;
  private isLazy = false;
  private span: readonly [number, number] | null = null;
  private hits: readonly Found[] = NONE;
  private hinted: readonly Hint[] = NONE;
  private read: readonly Reading[] = NONE;
  private isNear = false;
  /** Another text than was drawn last. */
  private isNew = true;
  private watched = false;
  private queued = false;
  private pieces: Piece[] = [];
  /** Formulas that are shown as their source. */
  private tooLong: Decoration[] = [];

  set text(value: string) {
    if (value === this.source) return;
    this.isNew = true;
    this.queue(() => (this.source = value));
  }
  set raw(value: boolean) {
    if (value !== this.isRaw) this.queue(() => (this.isRaw = value));
  }
  /** Waits until it is near the screen: for long solutions. Within a windowed list, that tells it. */
  set lazy(value: boolean) {
    if (value !== this.isLazy) this.queue(() => (this.isLazy = value));
  }
  set mark(value: readonly [number, number] | null) {
    if (value?.[0] !== this.span?.[0] || value?.[1] !== this.span?.[1]) this.queue(() => (this.span = value));
  }
  set found(value: readonly Found[]) {
    if (value !== this.hits && value.length + this.hits.length > 0) this.queue(() => (this.hits = value));
  }
  set readings(value: readonly Reading[]) {
    if (value !== this.read && value.length + this.read.length > 0) this.queue(() => (this.read = value));
  }
  set hints(value: readonly Hint[]) {
    if (value !== this.hinted && value.length + this.hinted.length > 0) {
      this.queue(() => (this.hinted = value));
    }
  }

  /** The text that a search looks through, and its hits. */
  get searched(): string {
    return this.source;
  }
  find(hits: readonly Found[]): void {
    this.found = hits;
  }

  connectedCallback(): void {
    this.draw();
  }
  disconnectedCallback(): void {
    unwatch(this);
    this.watched = false;
    for (const piece of this.pieces) notAnyMore(piece);
  }

  near(on: boolean): void {
    if (on === this.isNear) return;
    this.isNear = on;
    const [only] = this.pieces;
    if (this.isLazy && this.pieces.length === 1 && only) this.bring(only, on);
  }

  private queue(change: () => void): void {
    change();
    if (this.queued || !this.isConnected) return;
    this.queued = true;
    queueMicrotask(() => {
      this.queued = false;
      if (this.isConnected) this.draw();
    });
  }

  private draw(): void {
    this.classList.toggle("raw", this.isRaw);
    for (const piece of this.pieces) notAnyMore(piece);
    const segments = this.segments();
    if (this.source.length <= CHUNK + CHUNK / 2) {
      const piece = { host: this, segments, near: !this.isLazy || this.isNear, typeset: false };
      this.pieces = [piece];
      this.fill(piece, this.begins(piece));
      this.isNew = false;
      this.observe(this.isLazy && !this.closest("[data-windowed]"));
      return;
    }
    this.observe(false);
    this.pieces = chunksOf(segments).map((chunk, i) => {
      const host = new ErrataChunk();
      const piece = { host, segments: chunk.segments, near: i === 0 && !this.isLazy, typeset: false };
      host.tell = (on) => this.bring(piece, on);
      this.fill(piece, this.begins(piece));
      return piece;
    });
    this.isNew = false;
    this.replaceChildren(...this.pieces.map(({ host }) => host));
  }

  private observe(on: boolean): void {
    if (on === this.watched) return;
    this.watched = on;
    if (on) watch(this);
    else unwatch(this);
  }

  private segments(): Segment[] {
    this.tooLong = [];
    if (this.isRaw) return [{ kind: "text", body: this.source, source: this.source, start: 0 }];
    return segmentMath(this.source).map((s) => {
      if (s.kind === "text" || s.body.length <= LONGEST_TEX) return s;
      const { start, source } = s;
      const title = `Not typeset: longer than ${LONGEST_TEX} characters`;
      this.tooLong.push({ start, end: start + source.length, className: "math-error", title });
      return { ...s, kind: "text" };
    });
  }

  /** May it be typeset at once? Else it waits for its slice of a frame, its source in its place. */
  private begins(piece: Piece): boolean {
    const formulas = piece.segments.filter(({ kind }) => kind !== "text");
    if (formulas.length === 0) return true;
    if (!piece.near) return false;
    // What is new beyond the first steps is not what a key waits for: the frame after shows it.
    const later = this.isLazy && this.isNew;
    const cached = formulas.filter(({ kind, body }) => isCached(body, kind === "display")).length;
    if (!later && allows(formulas.length - cached, cached)) return true;
    inTime(piece, () => this.fill(piece, true));
    return false;
  }

  private bring(piece: Piece, near: boolean): void {
    if (piece.near === near) return;
    piece.near = near;
    if (piece.segments.every(({ kind }) => kind === "text")) return;
    if (near && !piece.typeset) inTime(piece, () => this.fill(piece, true));
    else notAnyMore(piece);
    if (!near && piece.typeset) this.fill(piece, false);
  }

  private fill(piece: Piece, typesetNow: boolean): void {
    piece.typeset = typesetNow;
    const marks = this.decorations();
    piece.host.replaceChildren(
      ...piece.segments.flatMap((s) =>
        s.kind === "text" || !typesetNow ? decorated(s.source, s.start, marks) : this.formula(s, marks),
      ),
    );
  }

  private formula(s: Segment, marks: readonly Decoration[]): Node[] {
    const end = s.start + s.source.length;
    const hints = this.hinted.filter((hint) => hint.start < end && hint.end > s.start);
    const nodes = hints.length > 0 ? typesetWithHints(s, hints) : [typeset(s.body, s.kind === "display")];
    const [node] = nodes;
    if (!(node instanceof HTMLElement)) return nodes;
    // What is copied is the source.
    node.dataset.source = s.source;
    const over = marks.filter((m) => m.start < end && m.end > s.start && !m.className.startsWith("hint"));
    // A box that the text drew itself is mark enough for an answer.
    const boxed = s.body.includes("\\boxed");
    dress(
      node,
      over.map((m) => (boxed && m.className === READ ? { ...m, className: "answer-boxed" } : m)),
    );
    return nodes;
  }

  private decorations(): Decoration[] {
    const title = "The grader read the answer here.";
    return [
      ...this.tooLong,
      ...(this.span ? [{ start: this.span[0], end: this.span[1], className: READ, title }] : []),
      ...this.read.map(({ n, ...at }) => ({ ...at, className: `read-by read-by-${n}` })),
      ...this.hinted.filter(({ verdict }) => verdict === "false" || this.isRaw).map(asDecoration),
      ...this.hits.map(({ start, end, current }) => ({
        ...{ start, end, title: "" },
        className: current ? "found current" : "found",
      })),
    ];
  }
}
const READ = "answer-read";
customElements.define("errata-math", ErrataMath);
