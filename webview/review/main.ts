import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type {
  ReviewAction,
  ReviewFromView,
  ReviewItem,
  ReviewMemory,
  ReviewState,
  ReviewToView,
} from "../../src/protocol/review.js";
import { Host } from "../shared/host.js";
import { watchKeys } from "../shared/keys.js";
import { warm } from "../shared/math.js";
import { icon } from "../shared/parts.js";
import { registerToolkit } from "../shared/toolkit.js";
import type { ItemView, View } from "./context.js";
import { footer, header } from "./header.js";
import { help } from "./help.js";
import { judgement } from "./judgement.js";
import { livePanel } from "./live.js";
import { reflection } from "./reflection.js";
import { solution } from "./solution.js";
import { Watching } from "./watching.js";
import "./review.css";

registerToolkit();

/** Steps from which a solution is longer than a screen. */
const LONG = 14;
/** Until VS Code's keybinding answers, the letters that follow would be commands: these open their field at once. */
const OPENERS: Record<string, "edit" | "note"> = { e: "edit", n: "note" };

/** Milliseconds within which a key's command comes back from VS Code, a busy machine included. */
const ECHO = 3_000;

@customElement("errata-review")
export class ReviewApp extends LitElement {
  @state() private shown: ReviewState | null = null;
  @state() private raw = false;
  @state() private open: "edit" | "note" | null = null;
  @state() private draft = "";
  @state() private showWhy = false;
  @state() private showSiblings = false;
  @state() private showHelp = false;
  /** The field that a key opened here at once: the same key's command follows and must not open it again. */
  private openedByKey: { field: "edit" | "note"; until: number } | null = null;
  /** Texts that were left unsaved, by field and attempt. */
  private readonly drafts = new Map<string, string>();
  private readonly watching = new Watching(this, {
    leave: () => this.host.post({ type: "watch", on: false }),
    hold: (on) => this.host.post({ type: "hold", on }),
  });
  /** Where the review was when something else was watched. */
  private keptScroll = 0;
  private readonly host = new Host<ReviewToView, ReviewFromView, ReviewMemory>((m) => this.receive(m));

  constructor() {
    super();
    this.raw = this.host.memory?.raw ?? false;
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    watchKeys({
      focus: (focused, typing) => this.host.post({ type: "focus", focused, typing }),
      save: () => this.save(this.open === "edit"),
      leave: () => this.leave(),
      pressed: (key) => {
        if (this.watching.on) return this.pressedLive(key);
        const opener = OPENERS[key];
        if (!opener || this.showHelp) return false;
        this.openedByKey = { field: opener, until: performance.now() + ECHO };
        this.openField(opener);
        return true;
      },
    });
    this.host.post({ type: "ready" });
  }

  private receive(message: ReviewToView): void {
    if (message.type === "prefetch") this.typesetAhead(message.item);
    else if (message.type === "live") this.watching.take(message);
    else if (message.type === "watch") this.watch(message.on);
    else if (message.type === "act") {
      if (!this.isEcho(message.action)) this.perform(message.action);
    } else {
      const before = this.shown?.item?.attemptId ?? null;
      const now = message.state.item?.attemptId ?? null;
      if (before !== now) {
        this.keepDraft();
        this.open = null;
        this.showWhy = false;
        const scroll = before === null && this.host.memory?.attemptId === now ? this.host.memory?.scroll : 0;
        this.keptScroll = scroll ?? 0;
        void this.updateComplete.then(() => this.querySelector("main")?.scrollTo(0, scroll ?? 0));
      }
      const moved = before === now && this.shown?.cursor !== message.state.cursor;
      this.shown = message.state;
      if (moved) void this.updateComplete.then(() => this.revealCursor());
      this.remember();
    }
  }

  private watch(on: boolean): void {
    const before = this.watching.on;
    if (on && !before) this.keptScroll = this.querySelector("main")?.scrollTop ?? 0;
    this.watching.turn(on);
    if (on === before) return;
    void this.updateComplete.then(() => {
      const main = this.querySelector("main");
      if (!on) main?.scrollTo(0, this.keptScroll);
      main?.focus();
    });
  }

  /** The keys of the review are VS Code's, and off while something else is shown. */
  private pressedLive(key: string): boolean {
    if (key !== "r") return this.watching.pressed(key);
    this.perform("raw");
    return true;
  }

  private isEcho(action: ReviewAction): boolean {
    const opened = this.openedByKey;
    if (action !== opened?.field) return false;
    this.openedByKey = null;
    return performance.now() < opened.until;
  }

  /** Actions whose effect is here alone; they arrive as commands, or from a button. */
  private perform(action: ReviewAction): void {
    if (action === "edit" || action === "note") this.openField(action);
    else if (action === "save") this.save(this.open === "edit");
    else if (action === "leave") this.leave();
    else if (action === "raw") {
      this.raw = !this.raw;
      this.remember();
    } else if (action === "siblings") this.showSiblings = !this.showSiblings;
    else if (action === "help") this.toggleHelp();
  }

  private act(action: ReviewAction): void {
    if (["edit", "note", "save", "leave", "raw", "siblings", "help"].includes(action)) this.perform(action);
    else this.host.post({ type: "act", action });
  }

  private toggleHelp(): void {
    this.showHelp = !this.showHelp;
    if (this.showHelp) {
      void this.updateComplete.then(() => this.querySelector<HTMLElement>(".help")?.focus());
    }
  }

  private openField(field: "edit" | "note"): void {
    const item = this.shown?.item;
    if (!item || this.open === field) return;
    this.keepDraft();
    this.open = field;
    this.draft = this.drafts.get(`${field} ${item.attemptId}`) ?? stored(item, field);
    void this.updateComplete.then(() => {
      const area = this.querySelector<HTMLElement>("vscode-text-area.field");
      area?.focus();
      area?.scrollIntoView({ block: "nearest" });
    });
    // The field exists after the next microtask; the focus must be there before the next key.
    this.performUpdate();
  }

  private save(goOn: boolean): void {
    const item = this.shown?.item;
    if (!item || !this.open) return;
    const field = this.open === "edit" ? "correction" : "note";
    this.host.post({ type: "text", field, attemptId: item.attemptId, text: this.draft, goOn });
    this.drafts.delete(`${this.open} ${item.attemptId}`);
    this.close();
  }

  private leave(): void {
    if (this.watching.on) {
      this.host.post({ type: "watch", on: false });
      return;
    }
    if (this.showHelp) this.showHelp = false;
    if (!this.open) return;
    this.keepDraft();
    this.close();
  }

  private close(): void {
    this.open = null;
    this.draft = "";
    void this.updateComplete.then(() => this.querySelector("main")?.focus());
  }

  private keepDraft(): void {
    const item = this.shown?.item;
    if (!item || !this.open) return;
    const key = `${this.open} ${item.attemptId}`;
    if (this.draft !== stored(item, this.open)) this.drafts.set(key, this.draft);
    else this.drafts.delete(key);
  }

  private revealCursor(): void {
    this.querySelector(".solution .step.cursor")?.scrollIntoView({ block: "nearest" });
  }

  private typesetAhead(item: ReviewItem): void {
    const idle = window.requestIdleCallback ?? ((work: () => void) => setTimeout(work, 20));
    idle(() => {
      warm(item.problem.text);
      for (const step of item.solution.steps.slice(0, 40)) warm(step.text);
      if (item.reflection) {
        warm(item.reflection.analysis);
        for (const step of item.reflection.corrected.steps.slice(0, 40)) warm(step.text);
      }
    });
  }

  private remember(): void {
    if (this.watching.on) return;
    this.host.memory = {
      attemptId: this.shown?.item?.attemptId ?? null,
      scroll: this.querySelector("main")?.scrollTop ?? 0,
      raw: this.raw,
    };
  }

  private view(shown: ReviewState): View {
    return {
      state: shown,
      raw: this.raw,
      open: this.open,
      draft: this.draft,
      showWhy: this.showWhy,
      showSiblings: this.showSiblings,
      act: (action) => this.act(action),
      cursor: (step) => this.host.post({ type: "cursor", step }),
      openAttempt: (attemptId) => this.host.post({ type: "open", attemptId }),
      typed: (text) => {
        this.draft = text;
      },
      save: (goOn) => this.save(goOn),
      leave: () => this.leave(),
      watch: () => this.host.post({ type: "watch", on: true }),
      toggle: (what) => {
        if (what === "why") this.showWhy = !this.showWhy;
        else this.showSiblings = !this.showSiblings;
      },
    };
  }

  protected override render(): TemplateResult {
    if (this.watching.on) return livePanel(this.watching.view(this.raw));
    if (!this.shown) return html`<main class="blank" aria-busy="true"></main>`;
    const view = this.view(this.shown);
    const item = this.shown.item;
    return html`${header(view)}
      <main tabindex="-1" @scroll=${() => this.remember()}>
        ${item ? content({ ...view, item }) : emptyQueue(view)}
      </main>
      ${footer(view)} ${this.showHelp ? help(() => this.toggleHelp()) : nothing}`;
  }
}

function stored(item: ReviewItem, field: "edit" | "note"): string {
  if (field === "note") return item.mine.note ?? "";
  return item.mine.correction?.text ?? item.reflection?.corrected.text ?? "";
}

function content(view: ItemView): TemplateResult {
  const { problem } = view.item;
  return html`<div class="problem">
      <errata-math .text=${problem.text} .raw=${view.raw}></errata-math>
      <span class="origin">${[problem.set, problem.id, problem.level && `level ${problem.level}`, problem.kind].filter(Boolean).join(" · ")}</span>
    </div>
    <div class="columns ${view.item.solution.steps.length > LONG ? "long" : ""}">
      ${solution(view)}
      <div class="right">${reflection(view)} ${judgement(view)}</div>
    </div>`;
}

function emptyQueue(view: View): TemplateResult {
  const { state } = view;
  if (state.watchable) {
    return html`<div class="empty middle">
      ${icon("eye")}
      <h1>Nothing to review yet</h1>
      <p>The model is at work; what it gets wrong at the edge of its knowledge appears here.</p>
      <vscode-button @click=${view.watch}>${icon("eye")}Watch it write</vscode-button>
    </div>`;
  }
  return html`<div class="empty middle">
    ${icon("beaker")}
    <h1>Nothing to review${state.scope ? html` in ${state.scope}` : nothing}</h1>
    <p>Sample a problem set first (command <b>Errata: Sample Problems</b>); what the model gets wrong at the edge of
      its knowledge appears here.</p>
  </div>`;
}
