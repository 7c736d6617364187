import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type {
  ReviewAction,
  ReviewFromView,
  ReviewItem,
  ReviewMemory,
  ReviewState,
  ReviewToView,
  SiblingView,
  StepHint,
} from "../../src/protocol/review.js";
import { ErrataFind } from "../shared/find.js";
import { Host } from "../shared/host.js";
import { watchKeys } from "../shared/keys.js";
import { bringIntoView } from "../shared/scroll.js";
import { registerToolkit } from "../shared/toolkit.js";
import { content, SEARCHED } from "./content.js";
import type { OpenList, View } from "./context.js";
import { Echoes } from "./echoes.js";
import { CorrectionEditor } from "./editor.js";
import { emptyQueue } from "./empty.js";
import { Fields } from "./fields.js";
import { Foresight } from "./foresight.js";
import { footer, header } from "./header.js";
import { help } from "./help.js";
import { ACTS_AT_ONCE, LearnedKeys } from "./learned-keys.js";
import { choiceList } from "./lists.js";
import { livePanel } from "./live.js";
import { Pages } from "./pages.js";
import { noSiblings } from "./siblings.js";
import { spoken } from "./spoken.js";
import { Watching } from "./watching.js";
import "./review.css";
import "./opinions.css";

registerToolkit();

/** They act at once in a text field or a list, too. */
const WHILE_TYPING: ReadonlySet<ReviewAction> = new Set(["save", "leave", "find"]);
/** What is remembered is written no more often than this while a person scrolls. Milliseconds. */
const REMEMBER_MS = 200;
/** Of the item that is shown, and gone with it. */
interface Extras {
  hints: StepHint[];
  sibling: SiblingView | null;
}
const NO_EXTRAS: Extras = { hints: [], sibling: null };

@customElement("errata-review")
export class ReviewApp extends LitElement {
  @state() private shown: ReviewState | null = null;
  @state() private extras: Extras = NO_EXTRAS;
  @state() private raw = false;
  @state() private list: OpenList | null = null;
  @state() private showWhy = false;
  @state() private showHelp = false;
  @state() private words = "";
  /** Why the last key did nothing here. */
  @state() private remark: string | null = null;
  private readonly echoes = new Echoes();
  private readonly keys: LearnedKeys;
  private readonly pages = new Pages(() => this.requestUpdate());
  private readonly foresight = new Foresight({
    state: () => this.shown,
    read: (attemptId) => this.pages.read(attemptId),
    draw: (state) => this.show(state),
    tell: (to) => this.host.post({ type: "ahead", to }),
    unlearn: (key) => this.keys.unlearn(key),
  });
  private readonly fields: Fields;
  private readonly watching = new Watching(this, {
    leave: () => this.host.post({ type: "watch", on: false }),
    hold: (on, id) => this.host.post({ type: "hold", on, id }),
    drawn: () => this.host.post({ type: "drawn" }),
  });
  /** Where the review was when something else was watched. */
  private keptScroll = 0;
  /** Where the page is scrolled to, in pixels. */
  private scrolled = 0;
  private remembering: ReturnType<typeof setTimeout> | undefined;
  private readonly host = new Host<ReviewToView, ReviewFromView, ReviewMemory>((m) => this.receive(m));
  constructor() {
    super();
    this.raw = this.host.memory?.raw ?? false;
    this.keys = new LearnedKeys(this.host.memory?.keys);
    const page = {
      item: () => this.shown?.item ?? null,
      readOnly: () => (this.shown?.readOnly ?? null) !== null,
      post: (message: ReviewFromView) => this.host.post(message),
      draw: () => this.requestUpdate(),
      focusOn: (selector: string) => this.focusOn(selector),
    };
    this.fields = new Fields(page);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    watchKeys({
      focus: (focused, typing) => this.host.post({ type: "focus", focused, typing }),
      pressed: (key, typing) => (this.watching.on ? this.pressedLive(key) : this.pressed(key, typing)),
    });
    // A tab that is hidden takes its page away, and a window that closes everything.
    window.addEventListener("blur", () => {
      this.keys.drop();
      this.handOver();
    });
    document.addEventListener("visibilitychange", () => this.handOver());
    const { first } = this.host;
    if (first) this.receive(first);
    this.host.post({ type: "ready", drawn: first !== undefined });
  }

  /** To the host: what is written here and not saved. */
  private handOver(): void {
    const editor = this.querySelector("errata-correction");
    if (editor instanceof CorrectionEditor) editor.tell();
    this.fields.flush();
  }

  private receive(message: ReviewToView): void {
    const shown = this.shown?.item?.attemptId ?? null;
    if (message.type === "prefetch") this.pages.add(message.item);
    else if (message.type === "live") this.watching.take(message);
    else if (message.type === "watch") this.watch(message.on);
    else if (message.type === "state") this.show(this.foresight.take(message.state));
    else if (message.type === "pressed") this.answer(message.action);
    else if (message.type === "done") {
      this.keys.done(message.action);
      this.foresight.done(message.action);
    } else if (message.type === "stored") this.fields.saved(message);
    else if (message.type === "unsaved") this.fields.restore(message.texts);
    else if (message.type === "act") {
      if (!this.echoes.takes(message.action)) this.perform(message.action);
    } else if (message.type === "draft") this.fields.writtenElsewhere(message.attemptId, message.text);
    else if (message.attemptId !== shown) return;
    else if (message.type === "group") this.openGroup();
    else if (message.type === "hints") this.extras = { ...this.extras, hints: message.hints };
    else if (message.type === "sibling") this.extras = { ...this.extras, sibling: message.sibling };
    else {
      this.fields.graded = message;
      this.requestUpdate();
    }
  }

  private show(state: ReviewState): void {
    const before = this.shown;
    const now = { ...state, rubric: sameAs(before?.rubric, state.rubric) };
    const attemptId = now.item?.attemptId ?? null;
    const another = attemptId !== (before?.item?.attemptId ?? null);
    if (another) {
      this.fields.turnTo(attemptId);
      this.list = null;
      this.remark = null;
      this.extras = NO_EXTRAS;
      this.showWhy = false;
      const memory = before?.item ? undefined : this.host.memory;
      this.keptScroll = memory?.attemptId === attemptId ? memory.scroll : 0;
    }
    if (before && (before.blind !== now.blind || before.rubric !== now.rubric)) this.pages.clear();
    // `focus` takes it from the tree, too: only where the page has it.
    const held = another && document.hasFocus() && document.activeElement?.closest(".columns");
    this.pages.show(now.item, this.keptScroll > 0);
    this.shown = now;
    this.words = spoken(before, now) || this.words;
    void this.updateComplete.then(() => {
      // What had the focus went with the item.
      if (held) this.querySelector("main")?.focus();
      // Where nobody scrolled there is nothing to do, and asking would lay out the page before its formulas are set.
      if (another && this.scrolled !== this.keptScroll)
        this.querySelector("main")?.scrollTo(0, this.keptScroll);
      if (another) return;
      if (before?.cursor !== now.cursor) this.revealCursor();
    });
    this.remember();
  }

  private watch(on: boolean): void {
    const before = this.watching.on;
    // Asked here: the event of a scroll comes a frame after it.
    if (on && !before) this.keptScroll = this.querySelector("main")?.scrollTop ?? 0;
    this.watching.turn(on);
    if (on === before) return;
    void this.updateComplete.then(() => {
      const main = this.querySelector("main");
      if (!on) {
        this.scrolled = this.keptScroll;
        main?.scrollTo(0, this.keptScroll);
      }
      if (document.hasFocus()) main?.focus();
    });
  }

  /** True: it acted here at once; VS Code makes its command of the same key a moment later. */
  private pressed(key: string, typing: boolean): boolean {
    const { quiet } = this.keys;
    const action = this.keys.press(key);
    this.remark = null;
    // The table of keys lies over everything.
    if (!action || (this.showHelp && action !== "leave")) return false;
    if (quiet && !typing) this.foresight.press(key, action);
    if (!ACTS_AT_ONCE.has(action) || (typing && !WHILE_TYPING.has(action))) return false;
    this.echoes.expect(action);
    this.perform(action);
    return true;
  }

  /** VS Code made this of a key. What the page took the key for is taken back where that was something else. */
  private answer(action: ReviewAction): void {
    const taken = this.keys.answer(action);
    this.remember();
    this.foresight.answer(action);
    if (!taken || !ACTS_AT_ONCE.has(taken)) return;
    this.echoes.withdraw(taken);
    if (this.fields.open === taken) this.fields.leave();
    else if (this.list === taken) this.toggleList(taken);
    else if (taken === "find") this.finder?.close();
  }

  /** The keys of the review are VS Code's, and off while something else is shown. */
  private pressedLive(key: string): boolean {
    if (key === "Escape") this.leave();
    else if (key === "r") this.perform("raw");
    else return this.watching.pressed(key);
    return true;
  }

  /** Carries out what has its effect here alone; false for what the host is to do. */
  private perform(action: ReviewAction): boolean {
    if (action === "edit" || action === "note") this.openField(action);
    else if (action === "errorType" || action === "label" || action === "siblings") this.toggleList(action);
    else if (action === "save") this.save();
    else if (action === "leave") this.leave();
    else if (action === "editInEditor") this.fields.openInEditor();
    else if (action === "help") this.toggleHelp();
    else if (action === "find") this.finder?.open();
    else if (action === "raw") {
      this.raw = !this.raw;
      this.remember();
    } else return false;
    return true;
  }

  private act(action: ReviewAction): void {
    this.remark = null;
    if (!this.perform(action)) this.host.post({ type: "act", action });
  }

  private toggleHelp(): void {
    this.showHelp = !this.showHelp;
    this.focusOn(this.showHelp ? ".help" : "main");
  }

  private toggleList(list: OpenList): void {
    const item = this.shown?.item;
    if (!item) return;
    const none = list === "siblings" && this.list !== list ? noSiblings(item) : null;
    this.remark = none;
    if (none !== null) return;
    this.fields.leave();
    this.list = this.list === list ? null : list;
    if (this.list === null) this.focusOn("main");
    else {
      const options = '[role="listbox"] [role="option"]:not([aria-disabled="true"])';
      this.focusOn(`${options}[aria-selected="true"]`, options, ".choices .none");
      if (list === "siblings")
        this.querySelector(".solution .siblings")?.scrollIntoView({ block: "nearest" });
    }
  }

  private openGroup(): void {
    if (this.list !== "siblings") this.toggleList("siblings");
  }

  private pick(id: string): void {
    if (this.list === "errorType") {
      this.host.post({ type: "errorType", id });
      this.toggleList("errorType");
    } else if (this.list === "label") this.host.post({ type: "label", id });
    else this.beside(Number(id));
  }

  private beside(attemptId: number | null): void {
    const of = this.shown?.item?.attemptId;
    if (attemptId === null) this.extras = { ...this.extras, sibling: null };
    else if (of !== undefined) this.host.post({ type: "sibling", of, attemptId });
  }

  private openField(field: "edit" | "note"): void {
    if (!this.shown?.item) return;
    this.list = null;
    this.fields.show(field);
    // The field draws itself once it is there. One that is open already has the focus again.
    void this.updateComplete.then(() => {
      const area = this.querySelector<HTMLElement>("vscode-text-area.field");
      area?.focus();
      area?.scrollIntoView({ block: "nearest" });
    });
    // The field exists after the next microtask; the focus must be there before the next key.
    this.performUpdate();
  }

  /** A correction that was saved by its key is done with: the next item comes. */
  private save(): void {
    this.fields.save(this.fields.open === "edit");
  }

  /** Escape: takes away what lies uppermost. */
  private leave(): void {
    if (this.finder?.close()) return;
    if (this.watching.on) this.host.post({ type: "watch", on: false });
    else if (this.showHelp) this.toggleHelp();
    else if (this.list) this.toggleList(this.list);
    else if (!this.fields.leave() && this.extras.sibling) this.beside(null);
  }

  /** The first of these that is there, drawn at once: the next key must find it. */
  private focusOn(...selectors: string[]): void {
    this.performUpdate();
    const found = selectors.map((selector) => this.querySelector<HTMLElement>(selector));
    found.find((element) => element !== null)?.focus();
  }

  private get finder(): ErrataFind | null {
    const found = this.querySelector("errata-find");
    return found instanceof ErrataFind ? found : null;
  }

  private revealCursor(): void {
    bringIntoView(() => this.querySelector(".solution .step.cursor"), "nearest");
  }

  private readonly scrolledTo = (event: Event): void => {
    if (!(event.target instanceof HTMLElement)) return;
    this.scrolled = event.target.scrollTop;
    this.remember();
  };

  /** Soon, and once for many changes: it crosses to the host. */
  private remember(): void {
    this.remembering ??= setTimeout(() => {
      this.remembering = undefined;
      if (this.watching.on) return;
      this.host.memory = {
        attemptId: this.shown?.item?.attemptId ?? null,
        scroll: this.scrolled,
        raw: this.raw,
        keys: this.keys.all,
      };
    }, REMEMBER_MS);
  }

  private view(shown: ReviewState): View {
    return {
      state: shown,
      raw: this.raw,
      open: this.fields.open,
      draft: this.fields.began,
      hints: this.extras.hints,
      list: this.list,
      sibling: this.extras.sibling,
      remark: this.remark,
      failed: this.fields.failed,
      showWhy: this.showWhy,
      screens: Number.POSITIVE_INFINITY,
      act: (action) => this.act(action),
      rate: (axis, value) => this.host.post({ type: "rate", axis, value }),
      pick: (id) => this.pick(id),
      toggleList: (list) => this.toggleList(list),
      cursor: (step) => this.host.post({ type: "cursor", step }),
      openAttempt: (attemptId) => this.host.post({ type: "open", attemptId }),
      beside: (attemptId) => this.beside(attemptId),
      typed: (text) => this.fields.typed(text),
      save: (goOn) => this.fields.save(goOn),
      leave: () => this.leave(),
      watch: () => this.host.post({ type: "watch", on: true }),
      toggleWhy: () => {
        this.showWhy = !this.showWhy;
      },
    };
  }

  protected override render(): TemplateResult {
    if (this.watching.on) return livePanel(this.watching.view(this.raw));
    if (!this.shown) return html`<main class="blank" aria-busy="true"></main>`;
    const view = this.view(this.shown);
    const item = this.shown.item;
    return html`${header(view)}
      <errata-find
        .within=${SEARCHED}
        .of=${item?.attemptId}
        @closed=${() => this.focusOn("main")}
      ></errata-find>
      <main
        class=${this.fields.open === "edit" ? "editing" : ""}
        tabindex="-1"
        @scroll=${this.scrolledTo}
      >
        <h1 class="unseen">Review</h1>
        ${item ? content({ ...view, item }, this.pages, this.scrolled) : emptyQueue(view)}
      </main>
      ${item && this.fields.open === "edit" ? this.correction(item) : nothing}
      <p class="unseen" role="status">${this.words}</p>
      ${footer(view)} ${item ? choiceList({ ...view, item }) : nothing}
      ${this.showHelp ? help(() => this.toggleHelp()) : nothing}`;
  }

  private correction(item: ReviewItem): TemplateResult {
    return html`<errata-correction
      .item=${item}
      .draft=${this.fields.began}
      .graded=${this.fields.graded}
      .elsewhere=${this.fields.elsewhere}
      .failed=${this.fields.failed}
      .readOnly=${this.shown?.readOnly ?? null}
      .on=${this.fields.actions}
    ></errata-correction>`;
  }
}

/** `before`, where it says the same: what was drawn from it need not be drawn again. */
function sameAs<T>(before: T | undefined, now: T): T {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}
