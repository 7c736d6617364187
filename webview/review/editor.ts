import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { ReviewItem } from "../../src/protocol/review.js";
import type { Grade } from "../../src/protocol/types.js";
import { chip, icon, key } from "../shared/parts.js";
import { textControl, textOf } from "../shared/toolkit.js";
import { DifferenceView } from "./diff.js";
import { Preview } from "./draft-preview.js";
import { gradeLine } from "./grade-line.js";
import "./editor.css";

/** After the last key; the host waits a little longer still, and answers about the newest text alone. Milliseconds. */
const GRADE_MS = 60;
/** Work after a key that takes longer than this waits for a pause; a frame of 60 a second has 16. Milliseconds. */
const CHEAP_MS = 6;
const LONGEST_PAUSE_MS = 300;
/** A person who never pauses sees what they wrote all the same. Milliseconds. */
const LONGEST_WAIT_MS = 600;
const ROWS = { least: 8, most: 24 };
/** Keys that move the caret; after one that types, the text is followed anyway. */
const MOVES = /^(?:Arrow|Page|Home$|End$)/;
const MODIFIER = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl";

export interface CorrectionActions {
  /** The draft as it stands, once its key was painted. */
  typed(text: string): void;
  grade(text: string): void;
  save(goOn: boolean): void;
  leave(): void;
  openInEditor(): void;
}

type Side = "preview" | "failed" | "model";

/**
 * The correction as it is written: its source, beside it the typeset text or what it changed, under both what the
 * grader says. A key changes the text field alone; all else follows once the key was painted, and only where the
 * text changed.
 */
@customElement("errata-correction")
export class CorrectionEditor extends LitElement {
  @property({ attribute: false }) item: ReviewItem | null = null;
  /** The text to begin with. */
  @property({ attribute: false }) draft = "";
  @property({ attribute: false }) graded: { text: string; grade: Grade } | null = null;
  /** What stands in an editor of its own, where it is being written there. */
  @property({ attribute: false }) elsewhere: string | null = null;
  @property({ attribute: false }) readOnly: string | null = null;
  /** It was saved, and could not be stored. */
  @property({ attribute: false }) failed = false;
  @property({ attribute: false }) on: CorrectionActions | null = null;
  @state() private side: Side = "preview";
  private text = "";
  private rows = ROWS.least;
  private readonly preview = new Preview();
  private readonly difference = new DifferenceView();
  private asked: string | null = null;
  private painting = false;
  /** How long the work after the last key took, when that key was, and which key is not followed yet. */
  private cost = 0;
  private typedAt = 0;
  private behindSince = 0;
  private gradeTimer: ReturnType<typeof setTimeout> | undefined;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.gradeTimer);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get("item");
    const another = changed.has("item") && before?.attemptId !== this.item?.attemptId;
    if (another || (changed.has("draft") && this.draft !== this.text)) this.take(this.draft);
    if (changed.has("elsewhere")) this.take(this.elsewhere ?? this.draft);
    if (changed.has("graded")) this.preview.read(this.graded);
  }

  /** A text that was not typed here. */
  private take(text: string): void {
    this.text = text;
    const lines = text.split("\n", ROWS.most).length + 2;
    this.rows = Math.max(ROWS.least, Math.min(ROWS.most, lines));
    this.askGrade(0);
  }

  private input(event: Event): void {
    this.text = textOf(event);
    this.typedAt = performance.now();
    this.askGrade(GRADE_MS);
    if (this.painting) return;
    this.painting = true;
    this.behindSince = this.typedAt;
    // A task begun in a frame's callback runs when that frame was painted.
    requestAnimationFrame(() => setTimeout(() => this.follow()));
  }

  /** What was typed a moment ago may still wait for its frame. */
  tell(): void {
    if (this.painting) this.on?.typed(this.text);
  }

  /** Brings everything after the text. Dear work waits until nobody types. */
  private follow(): void {
    const pause = this.cost > CHEAP_MS ? Math.min(LONGEST_PAUSE_MS, 10 * this.cost) : 0;
    const due = Math.min(this.typedAt + pause, this.behindSince + LONGEST_WAIT_MS);
    const left = due - performance.now();
    if (left > 0) {
      setTimeout(() => this.follow(), left);
      return;
    }
    this.painting = false;
    const started = performance.now();
    this.on?.typed(this.text);
    this.requestUpdate();
    this.performUpdate();
    this.cost = performance.now() - started;
  }

  private askGrade(after: number): void {
    clearTimeout(this.gradeTimer);
    this.gradeTimer = setTimeout(() => {
      const { text } = this;
      if (!this.gradable || text.trim() === "" || text === this.asked || text === this.graded?.text) return;
      this.asked = text;
      this.on?.grade(text);
    }, after);
  }

  /** In blind mode a verdict would tell the gold answer. */
  private get gradable(): boolean {
    return this.readOnly === null && this.item?.hidden === false;
  }

  /** By the browser's own editing, so that Ctrl+Z takes it back. */
  private startFrom(text: string): void {
    const control = textControl(this.querySelector(".field"));
    if (!control) return;
    control.focus();
    control.select();
    document.execCommand(text === "" ? "delete" : "insertText", false, text);
  }

  private act(what: (on: CorrectionActions) => void): void {
    if (!this.on) return;
    // What was typed a moment ago may still wait for its frame.
    this.on.typed(this.text);
    what(this.on);
  }

  protected override updated(): void {
    this.followCaret();
  }

  private followCaret(): void {
    const control = textControl(this.querySelector(".field"));
    const focused = this.querySelector(".field") === document.activeElement;
    this.preview.reveal(this.querySelector(".preview"), focused ? (control?.selectionStart ?? null) : null);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { item, elsewhere } = this;
    if (!item) return nothing;
    const fixed = elsewhere !== null || this.readOnly !== null;
    return html`<section class="dock editor" aria-label="Your correction">
      <div class="line">
        <h2>Your correction</h2>
        ${this.standing(item)} ${elsewhere === null ? this.beginnings(item, fixed) : nothing}
        <span class="push"></span>
        <div class="switch" role="group" aria-label="Beside the source">
          ${this.choice("preview", "Preview")} ${this.choice("failed", "vs. failed solution")}
          ${item.reflection?.parsed ? this.choice("model", "vs. model’s correction") : nothing}
        </div>
      </div>
      <div class="sides">
        <vscode-text-area
          class="field"
          rows=${this.rows}
          ?readonly=${fixed}
          ?hidden=${elsewhere !== null}
          aria-label="Your correction, in LaTeX"
          .value=${this.text}
          @input=${(event: Event) => this.input(event)}
          @keydown=${(event: KeyboardEvent) => this.pressed(event)}
          @keyup=${({ key: name }: KeyboardEvent) => {
            if (MOVES.test(name)) this.followCaret();
          }}
          @click=${() => this.followCaret()}
        ></vscode-text-area>
        <div class="beside">${this.beside(item)}</div>
      </div>
      <div class="line foot">
        ${gradeLine({ item, text: this.text, graded: this.graded, readOnly: this.readOnly })}
        <span class="push"></span>
        ${elsewhere === null ? this.buttons() : this.buttonsElsewhere()}
      </div>
    </section>`;
  }

  /** What types nothing may end the editing: the text must be known before it is heard. */
  private pressed(event: KeyboardEvent): void {
    const types = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!types) this.on?.typed(this.text);
  }

  private standing(item: ReviewItem): TemplateResult {
    const { text: own, about } = item.mine.correction ?? {};
    if (this.elsewhere !== null) return chip("info", html`${icon("edit")}in an editor`);
    if (this.failed) {
      const words = "The text is kept here as a draft; save it again";
      return chip("bad", html`${icon("error")}<span role="alert">could not be stored</span>`, words);
    }
    if (own !== undefined && this.text === own)
      return chip("quiet", html`${icon("check")}saved${about ? `, ${about}` : ""}`);
    if (own === undefined && this.text === item.reflection?.corrected.text)
      return chip("quiet", "as the model wrote it");
    return chip("warn", html`${icon("circle-filled")}not saved`, "Kept as a draft when you leave");
  }

  private beginnings(item: ReviewItem, fixed: boolean): TemplateResult {
    const link = (words: string, text: string) =>
      html`<button
        type="button"
        class="link"
        ?disabled=${fixed || this.text === text}
        @click=${() => this.startFrom(text)}
      >
        ${words}
      </button>`;
    return html`<span class="read"
      >start from: ${link("failed solution", item.solution.text)}${
        item.reflection?.parsed ? html` · ${link("model’s", item.reflection.corrected.text)}` : nothing
      }</span
    >`;
  }

  private choice(side: Side, words: string): TemplateResult {
    return html`<button
      type="button"
      aria-pressed=${this.side === side ? "true" : "false"}
      @click=${() => {
        this.side = side;
      }}
    >
      ${words}
    </button>`;
  }

  private beside(item: ReviewItem): TemplateResult {
    if (this.side === "preview") {
      return html`<div class="preview" role="region" aria-label="Preview" tabindex="0">
        ${this.preview.template(this.text)}
      </div>`;
    }
    const failed = this.side === "failed" || !item.reflection;
    const against = failed ? "the failed solution" : "the model’s correction";
    const base = failed ? item.solution.text : (item.reflection?.corrected.text ?? "");
    return html`<div class="difference" role="region" aria-label="Changes against ${against}" tabindex="0">
      ${this.difference.template(base, this.text, against)}
    </div>`;
  }

  private buttons(): TemplateResult {
    const why = this.readOnly ?? "";
    return html`<div class="buttons">
      <vscode-button ?disabled=${why !== ""} title=${why} @click=${() => this.act((on) => on.save(true))}
        >Save and go on ${key(`${MODIFIER} ⏎`)}</vscode-button
      >
      <vscode-button
        appearance="secondary"
        ?disabled=${why !== ""}
        title=${why}
        @click=${() => this.act((on) => on.save(false))}
        >Save</vscode-button
      >
      <vscode-button
        appearance="secondary"
        title="Undo, find and your own keys; the preview stays here"
        @click=${() => this.act((on) => on.openInEditor())}
        >${icon("go-to-file")}Open in an editor</vscode-button
      >
      <vscode-button appearance="secondary" @click=${() => this.act((on) => on.leave())}
        >Leave ${key("Esc")}</vscode-button
      >
    </div>`;
  }

  private buttonsElsewhere(): TemplateResult {
    return html`<div class="buttons">
      <span class="read">saved there with ${key(`${MODIFIER} S`)}</span>
      <vscode-button @click=${() => this.act((on) => on.openInEditor())}
        >${icon("go-to-file")}Show the editor</vscode-button
      >
      <vscode-button appearance="secondary" @click=${() => this.on?.leave()}>Leave ${key("Esc")}</vscode-button>
    </div>`;
  }
}
