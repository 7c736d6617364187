/**
 * Only what is near the screen is typeset: long texts are cut into chunks, typesetting takes a slice of each frame, and
 * what is far away is given back (its height is kept by `content-visibility`, so nothing moves).
 */
import type { Segment } from "../../src/protocol/math.js";

/** An element whose mathematics comes and goes with the screen. */
export interface Windowed extends HTMLElement {
  /** False: far away; what it holds can be given back. */
  near(on: boolean): void;
}

/** Pixels beyond the screen within which mathematics is typeset, and beyond which it is given back. */
const NEAR = 1200;
const FAR = 6000;
/** Milliseconds of a frame that typesetting may take. */
const SLICE = 6;

type Observing = IntersectionObserverInit & { scrollMargin?: string };
const margin = (pixels: number): Observing => ({
  // The second is for what scrolls inside the page, which the first does not reach into.
  rootMargin: `${pixels}px 0px`,
  scrollMargin: `${pixels}px 0px`,
});
const isWindowed = (element: Element): element is Windowed => "near" in element;

const coming = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries)
    if (isIntersecting && isWindowed(target)) target.near(true);
}, margin(NEAR));
const going = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries)
    if (!isIntersecting && isWindowed(target)) target.near(false);
}, margin(FAR));

/** Tells `element` when it comes near the screen and when it is far from it. */
export function watch(element: Windowed): void {
  coming.observe(element);
  going.observe(element);
}
export function unwatch(element: Windowed): void {
  coming.unobserve(element);
  going.unobserve(element);
}

const waiting = new Map<object, () => void>();
let scheduled = false;

/** Does `work` in one of the next frames, a slice of each: no key waits for more than one. The last word for `key` counts. */
export function inTime(key: object, work: () => void): void {
  waiting.set(key, work);
  schedule();
}
export function notAnyMore(key: object): void {
  waiting.delete(key);
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    const until = performance.now() + SLICE;
    for (const [key, work] of waiting) {
      waiting.delete(key);
      work();
      if (performance.now() >= until) break;
    }
    if (waiting.size > 0) schedule();
  });
}

/** Formulas that may be typeset at once, in the frame that shows them: a screen full. Cached ones cost a fifth. */
const AT_ONCE = 250;
const FRESH = 5;
let left = AT_ONCE;
let renewing = false;

/** Takes from this frame's allowance; false when it is used up, and the work must wait for its slice. */
export function allows(fresh: number, cached: number): boolean {
  if (left <= 0) return false;
  left -= FRESH * fresh + cached;
  if (!renewing) {
    renewing = true;
    requestAnimationFrame(() => {
      renewing = false;
      left = AT_ONCE;
    });
  }
  return true;
}

/** Characters after which a text goes on in another chunk. */
export const CHUNK = 2000;

export interface Chunk {
  start: number;
  end: number;
  segments: Segment[];
}

/** Cuts a long text into chunks, between words or formulas; a word without end is cut anywhere but in a character. */
export function chunksOf(segments: readonly Segment[]): Chunk[] {
  const chunks: Chunk[] = [];
  let now: Chunk = { start: 0, end: 0, segments: [] };
  const put = (segment: Segment): void => {
    now.segments.push(segment);
    now.end = segment.start + segment.source.length;
    if (now.end - now.start >= CHUNK) close();
  };
  const close = (): void => {
    if (now.segments.length > 0) chunks.push(now);
    now = { start: now.end, end: now.end, segments: [] };
  };
  for (const segment of segments) {
    if (segment.kind !== "text") {
      put(segment);
      continue;
    }
    let { source, start } = segment;
    while (now.end - now.start + source.length > CHUNK) {
      const room = Math.max(1, CHUNK - (now.end - now.start));
      const space = source.lastIndexOf(" ", room);
      let cut = space > room / 2 ? space + 1 : room;
      if (/[\uD800-\uDBFF]/.test(source[cut - 1] ?? "")) cut++;
      put({ kind: "text", body: source.slice(0, cut), source: source.slice(0, cut), start });
      close();
      source = source.slice(cut);
      start += cut;
    }
    if (source !== "") put({ kind: "text", body: source, source, start });
  }
  close();
  return chunks;
}
