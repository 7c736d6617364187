import "./copy.js";
import { html, nothing, render, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import type { SolutionView, StepHint } from "../../src/protocol/review.js";
import type { Step } from "../../src/protocol/steps.js";
import { type Hint, hintWords } from "./hints.js";
import { ErrataMath, type Found, type Reading } from "./math.js";
import { unwatch, type Windowed, watch } from "./virtual.js";

/** Steps of one list: a longer solution is several, and those that are out of sight cost nothing. */
const GROUP = 32;
/** More lists than this are not made; their steps are the more. */
const MOST_GROUPS = 400;
/** The first steps are typeset with the page, without waiting for where they are on the screen: a screen full. */
const first = (): number => Math.ceil(window.innerHeight / 48);
/** Steps that are drawn while nothing else is to be done; what lies beyond waits until it comes near. */
const DRAWN_IDLY = 4000;
/** What a step is taken to be high before it was seen, and how much text goes into one line of it. Pixels, characters. */
const ROW = 34;
const LINE = { height: 21, characters: 90 };
/** At least so high is a step with a formula of its own, in pixels; and so much of the window steps can take. */
const DISPLAYED = 46;
const SCREEN = 0.75;

export interface StepsOptions {
  raw: boolean;
  /** What stands at the right of a step. */
  remark?: (step: Step) => TemplateResult | typeof nothing;
  /** Classes of a step. */
  tone?: (step: Step) => string;
  cursor?: number;
  choose?: (step: number) => void;
  label: string;
  /** So many screens full are drawn for now, the rest when there is time; all of it unless told. */
  screens?: number;
  /** What computer algebra says; offsets count in the solution's text. */
  hints?: readonly StepHint[];
  /** Where several graders read the answer, in place of the one mark; offsets count in the solution's text. */
  readings?: readonly Reading[];
}

interface Shown {
  solution: SolutionView;
  options: StepsOptions;
}

/** A solution in numbered typeset steps: `<errata-steps>`, which draws of a long one only what is near the screen. */
export function steps(solution: SolutionView, options: StepsOptions): TemplateResult {
  return html`<errata-steps .shown=${{ solution, options } satisfies Shown}></errata-steps>`;
}

/** One list of steps, as it comes and goes with the screen. */
class StepGroup extends HTMLOListElement implements Windowed {
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

interface Group {
  steps: readonly Step[];
  filled: boolean;
  near: boolean;
  /** Pixels. */
  height: number;
}

const NO_HITS: readonly Found[] = [];
const NO_HINTS: readonly Hint[] = [];
const NO_READINGS: readonly Reading[] = [];

export class ErrataSteps extends HTMLElement {
  private now: Shown | null = null;
  private groups: Group[] = [];
  private hits = new Map<number, Found[]>();
  private hintsOf: { from: readonly StepHint[] | undefined; by: Map<number, Hint[]> } = {
    from: undefined,
    by: new Map(),
  };
  private idle = 0;
  /** Something in it was asked for: it is drawn whole. */
  private whole = false;

  set shown(value: Shown) {
    const before = this.now?.solution;
    this.now = value;
    const { text, steps: all } = value.solution;
    if (before?.text !== text || before.steps.length !== all.length) {
      this.hits = new Map();
      this.whole = false;
      this.cut(all);
    }
    this.draw();
  }

  disconnectedCallback(): void {
    cancelIdleCallback(this.idle);
  }
  connectedCallback(): void {
    this.fillIdly();
  }

  /** The text that a search looks through. */
  get searched(): string {
    return this.now?.solution.text ?? "";
  }

  /** Marks the hits of a search (in order, offsets in `searched`), and takes earlier ones away. */
  find(hits: readonly Found[]): void {
    const by = new Map<number, Found[]>();
    const all = this.now?.solution.steps ?? [];
    let at = 0;
    for (const hit of hits) {
      while (at < all.length - 1 && (all[at + 1]?.start ?? 0) <= hit.start) at++;
      const step = all[at];
      if (!step || hit.end <= step.start || hit.start >= step.start + step.text.length) continue;
      const found = { ...hit, start: hit.start - step.start, end: hit.end - step.start };
      const known = by.get(step.n);
      if (known) known.push(found);
      else by.set(step.n, [found]);
      if (hit.current) this.fill(Math.floor(at / this.size));
    }
    if (by.size === 0 && this.hits.size === 0) return;
    this.whole = true;
    this.hits = by;
    this.draw();
  }

  /** The element of a step, drawn if it was not yet. */
  element(n: number): HTMLElement | null {
    const at = this.now?.solution.steps.findIndex((step) => step.n === n) ?? -1;
    if (at < 0) return null;
    const group = Math.floor(at / this.size);
    if (this.fill(group) || !this.whole) {
      this.whole = true;
      this.draw();
    }
    const list = this.children[group];
    return list?.children[at - group * this.size] instanceof HTMLElement
      ? (list.children[at - group * this.size] as HTMLElement)
      : null;
  }

  private get size(): number {
    return Math.max(GROUP, Math.ceil((this.now?.solution.steps.length ?? 0) / MOST_GROUPS));
  }

  private cut(all: readonly Step[]): void {
    const before = this.groups;
    this.groups = [];
    for (let from = 0; from < all.length; from += this.size) {
      const own = all.slice(from, from + this.size);
      // Lists stay where they are on the screen when another solution takes this one's place.
      const near = before[this.groups.length]?.near ?? false;
      const height = own.reduce((sum, { text }) => sum + heightOf(text), 0);
      this.groups.push({ steps: own, filled: this.groups.length < 2 || near, near, height });
    }
    this.fillIdly();
  }

  /** True when it was not filled before. */
  private fill(index: number): boolean {
    const group = this.groups[index];
    if (!group || group.filled) return false;
    group.filled = true;
    return true;
  }

  private fillIdly(): void {
    cancelIdleCallback(this.idle);
    if (!this.isConnected || this.groups.every(({ filled }) => filled)) return;
    const work = (deadline: IdleDeadline): void => {
      // A busy page has no idle time: then one list a turn.
      do {
        const next = this.groups.findIndex(({ filled }) => !filled);
        if (next < 0 || next * this.size >= DRAWN_IDLY) return;
        this.fill(next);
        this.draw();
      } while (deadline.timeRemaining() > 4);
      this.fillIdly();
    };
    this.idle = requestIdleCallback(work, { timeout: 100 });
  }

  private bring(index: number, near: boolean): void {
    const group = this.groups[index];
    if (!group || group.near === near) return;
    group.near = near;
    if (near && this.fill(index)) this.draw();
    this.tellMath(index, near);
    if (this.hits.size > 0) this.draw();
  }

  private tellMath(index: number, near: boolean): void {
    for (const math of this.children[index]?.querySelectorAll("errata-math") ?? []) {
      if (math instanceof ErrataMath) math.near(near);
    }
  }

  private draw(): void {
    if (!this.now) return;
    const { solution, options } = this.now;
    if (this.hintsOf.from !== options.hints) {
      this.hintsOf = { from: options.hints, by: hintsByStep(solution.steps, options.hints ?? []) };
    }
    const cursor = solution.steps.findIndex(({ n }) => n === options.cursor);
    if (cursor >= 0) this.fill(Math.floor(cursor / this.size));
    let left = this.whole ? solution.steps.length : inScreens(solution.steps, options.screens);
    render(
      this.groups.map((group, i) => {
        const most = Math.max(0, left);
        left -= group.steps.length;
        return this.list(group, i, this.now as Shown, most);
      }),
      this,
    );
    // Steps that were drawn into a list on the screen have not been told.
    if (this.groups.length < 2) return;
    this.groups.forEach(({ near }, i) => {
      if (near) this.tellMath(i, true);
    });
  }

  /** `most`: of its steps so many are drawn for now. */
  private list(group: Group, index: number, { solution, options }: Shown, most: number): TemplateResult {
    const [first, last] = [group.steps[0]?.n ?? 0, group.steps.at(-1)?.n ?? 0];
    const filled = group.filled && most > 0;
    const own = group.steps.slice(0, most);
    const label = this.groups.length > 1 ? `${options.label}, ${first} to ${last}` : options.label;
    // Only a list in which something changed is drawn again.
    const remarks = filled ? own.map((step) => options.remark?.(step) ?? nothing) : [];
    const deps = [
      ...[solution.text, own.length, filled, options.raw, label, options.choose === undefined],
      own.some(({ n }) => n === options.cursor) ? options.cursor : 0,
      filled ? own.map((step) => options.tone?.(step) ?? "").join("|") : "",
      this.hintsOf.by,
      options.readings,
      this.marked(group) ? this.hits : null,
      remarks.some((remark) => remark !== nothing) ? {} : null,
    ];
    return html`<ol
      is="errata-step-group"
      class="steps ${this.groups.length > 1 ? "windowed" : ""}"
      ?data-windowed=${this.groups.length > 1}
      aria-label=${label}
      .style=${this.groups.length < 2 ? "" : filled ? `contain-intrinsic-height: auto ${group.height}px` : `height: ${group.height}px`}
      .tell=${(on: boolean) => this.bring(index, on)}
    >
      ${guard(deps, () => (filled ? own.map((step, i) => this.step(step, remarks[i] ?? nothing)) : nothing))}
    </ol>`;
  }

  /** Hits are drawn where they can be seen, and where the search stands. */
  private marked(group: Group): boolean {
    return (
      this.hits.size > 0 &&
      group.steps.some(({ n }) => this.hits.get(n)?.some(({ current }) => group.near || current))
    );
  }

  private step(step: Step, remark: TemplateResult | typeof nothing): TemplateResult {
    const { solution, options } = this.now as Shown;
    const current = options.cursor === step.n;
    const hints = this.hintsOf.by.get(step.n) ?? NO_HINTS;
    const long = this.groups.length > 1;
    return html`<li
      class="step ${options.tone?.(step) ?? ""} ${current ? "cursor" : ""}"
      aria-current=${current ? "step" : nothing}
      @click=${options.choose ? () => options.choose?.(step.n) : nothing}
    >
      <span class="number" aria-hidden="true">${step.n}</span>
      <errata-math
        .text=${step.text}
        .raw=${options.raw}
        .lazy=${long && step.n > first() && !current}
        .mark=${options.readings ? null : within(solution.span, step)}
        .readings=${options.readings ? readingsOf(options.readings, step) : NO_READINGS}
        .hints=${hints}
        .found=${this.hits.get(step.n) ?? NO_HITS}
      ></errata-math>
      <span class="remark">${remark}</span>
      ${current ? hintWords(hints) : nothing}
    </li>`;
  }
}
customElements.define("errata-step-group", StepGroup, { extends: "ol" });
customElements.define("errata-steps", ErrataSteps);

/** How many of these steps so many screens full are, at least. */
function inScreens(all: readonly Step[], screens = Number.POSITIVE_INFINITY): number {
  if (screens === Number.POSITIVE_INFINITY) return all.length;
  let room = screens * SCREEN * window.innerHeight;
  const last = all.findIndex(({ text }) => {
    room -= /\$\$|\\\[/.test(text) ? Math.max(DISPLAYED, heightOf(text)) : heightOf(text);
    return room < 0;
  });
  return last < 0 ? all.length : last + 1;
}

function heightOf(text: string): number {
  return Math.max(ROW, 12 + LINE.height * Math.ceil(text.length / LINE.characters));
}

function hintsByStep(all: readonly Step[], hints: readonly StepHint[]): Map<number, Hint[]> {
  const starts = new Map(all.map(({ n, start }) => [n, start]));
  const by = new Map<number, Hint[]>();
  for (const { step, ...hint } of hints) {
    const start = starts.get(step);
    if (start === undefined) continue;
    const own = by.get(step) ?? [];
    own.push({ ...hint, start: hint.start - start, end: hint.end - start });
    by.set(step, own);
  }
  return by;
}

function within(span: [number, number] | null, step: Step): [number, number] | null {
  if (!span || span[1] <= step.start || span[0] >= step.start + step.text.length) return null;
  return [Math.max(0, span[0] - step.start), Math.min(step.text.length, span[1] - step.start)];
}

function readingsOf(all: readonly Reading[], step: Step): readonly Reading[] {
  const here = all.flatMap((one) => {
    const at = within([one.start, one.end], step);
    return at ? [{ ...one, start: at[0], end: at[1] }] : [];
  });
  return here.length > 0 ? here : NO_READINGS;
}
