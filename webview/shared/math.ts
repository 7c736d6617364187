import katex from "katex";
import { segmentMath } from "../../src/protocol/math.js";

/** Longer sources are shown as they are: nobody reads such a formula, and it could stall the view. */
const LONGEST_TEX = 4000;
const KEPT = 600;
/** Links, images and HTML: KaTeX without trust would swallow what they enclose. */
const UNTRUSTED = /\\(href|url|includegraphics|html(?:Class|Id|Style|Data))(?![a-zA-Z])/;
const cache = new Map<string, HTMLElement>();

/**
 * Typesets one formula. What KaTeX cannot read is shown as its source, marked, with KaTeX's own words as the
 * tooltip. Never HTML from outside: KaTeX builds DOM nodes, with `trust` off and bounded expansion.
 */
export function typeset(tex: string, display: boolean): HTMLElement {
  const key = `${display ? "D" : "I"}${tex}`;
  const known = cache.get(key);
  if (known) {
    // Moves it to the young end: the oldest entry is the first to go.
    cache.delete(key);
    cache.set(key, known);
    return known.cloneNode(true) as HTMLElement;
  }
  const made = document.createElement("span");
  made.className = display ? "math math-display" : "math";
  try {
    if (tex.length > LONGEST_TEX) throw new Error(`longer than ${LONGEST_TEX} characters`);
    const outside = UNTRUSTED.exec(tex)?.[0];
    if (outside) throw new Error(`${outside} is not followed here`);
    katex.render(tex, made, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: "ignore",
      maxExpand: 400,
      maxSize: 10,
      output: "htmlAndMathml",
    });
  } catch (error) {
    made.className = "math-error";
    made.textContent = tex;
    made.title = `Not typeset: ${error instanceof Error ? error.message.replace(/^KaTeX parse error: /, "") : "unreadable"}`;
  }
  cache.set(key, made);
  if (cache.size > KEPT) {
    const oldest = cache.keys().next().value;
    if (oldest !== undefined) cache.delete(oldest);
  }
  return made.cloneNode(true) as HTMLElement;
}

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

/** Typesets what comes near the screen; one observer serves every element. */
const nearby = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting && target instanceof ErrataMath) target.reveal();
    }
  },
  { rootMargin: "800px 0px" },
);

/** `<errata-math>`: a text with its mathematics typeset, or raw; `mark` is the span that the grader read. */
export class ErrataMath extends HTMLElement {
  private source = "";
  private isRaw = false;
  private isLazy = false;
  private span: readonly [number, number] | null = null;
  private seen = false;
  private queued = false;

  set text(value: string) {
    if (value !== this.source) this.queue(() => (this.source = value));
  }
  set raw(value: boolean) {
    if (value !== this.isRaw) this.queue(() => (this.isRaw = value));
  }
  /** Waits until it is near the screen: for long solutions. */
  set lazy(value: boolean) {
    if (value !== this.isLazy) this.queue(() => (this.isLazy = value));
  }
  set mark(value: readonly [number, number] | null) {
    if (value?.[0] !== this.span?.[0] || value?.[1] !== this.span?.[1]) this.queue(() => (this.span = value));
  }

  connectedCallback(): void {
    this.draw();
  }
  disconnectedCallback(): void {
    nearby.unobserve(this);
  }

  reveal(): void {
    nearby.unobserve(this);
    this.seen = true;
    this.draw();
  }

  private queue(change: () => void): void {
    change();
    if (this.queued || !this.isConnected) return;
    this.queued = true;
    queueMicrotask(() => {
      this.queued = false;
      this.draw();
    });
  }

  private draw(): void {
    this.classList.toggle("raw", this.isRaw);
    if (this.isRaw) this.replaceChildren(...this.marked(this.source, 0));
    else if (this.isLazy && !this.seen) {
      this.replaceChildren(this.source);
      nearby.observe(this);
    } else this.replaceChildren(...this.typesetParts());
  }

  private typesetParts(): Node[] {
    return segmentMath(this.source).flatMap((s) => {
      if (s.kind === "text") return this.marked(s.source, s.start);
      const node = typeset(s.body, s.kind === "display");
      if (this.span && s.start < this.span[1] && s.start + s.source.length > this.span[0]) {
        node.title = "The grader read the answer here.";
        // A box that the text drew itself is mark enough.
        if (!s.body.includes("\\boxed")) node.classList.add("answer-read");
      }
      return [node];
    });
  }

  /** `text`, which begins at `offset` of the source, with the part inside the span marked. */
  private marked(text: string, offset: number): Node[] {
    const from = Math.max(0, (this.span?.[0] ?? 0) - offset);
    const to = Math.min(text.length, (this.span?.[1] ?? 0) - offset);
    if (!this.span || from >= to) return [document.createTextNode(text)];
    const mark = document.createElement("mark");
    mark.className = "answer-read";
    mark.title = "The grader read the answer here.";
    mark.textContent = text.slice(from, to);
    return [document.createTextNode(text.slice(0, from)), mark, document.createTextNode(text.slice(to))];
  }
}
customElements.define("errata-math", ErrataMath);
