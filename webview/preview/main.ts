import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type {
  MaskPart,
  MaskPreview,
  MaskSource,
  MaskTrouble,
  PreviewFromView,
  PreviewMemory,
  PreviewToView,
  RunOutline,
} from "../../src/protocol/run-preview.js";
import { Host } from "../shared/host.js";
import { icon } from "../shared/parts.js";
import { isPressable, registerToolkit } from "../shared/toolkit.js";
import { type MaskActions, masks, type Shown } from "./masks.js";
import { outline } from "./outline.js";
import "../shared/math.js";
import "./preview.css";

registerToolkit();

@customElement("errata-preview")
export class PreviewApp extends LitElement {
  @state() private outline: RunOutline | null = null;
  @state() private refused: MaskTrouble | null = null;
  @state() private masks: MaskPreview | null = null;
  @state() private trouble: MaskTrouble | null = null;
  @state() private source: MaskSource = "run";
  @state() private at: Shown = { item: 0, part: 0, when: "correct" };
  private file = "";
  private readonly host = new Host<PreviewToView, PreviewFromView, PreviewMemory>((message) =>
    this.take(message),
  );

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const memory = this.host.memory;
    if (memory) this.at = { item: memory.item, part: memory.part, when: memory.when };
    document.addEventListener("keydown", this.pressed);
    this.host.post({ type: "ready" });
  }

  override disconnectedCallback(): void {
    document.removeEventListener("keydown", this.pressed);
    super.disconnectedCallback();
  }

  private take(message: PreviewToView): void {
    switch (message.type) {
      case "outline":
        // What was shown of the masks stays until the new ones are there.
        this.outline = message.outline;
        this.refused = null;
        this.file = message.outline.file;
        break;
      case "refused":
        this.refused = message.trouble;
        this.file = message.file;
        break;
      case "masks":
        this.masks = message.masks;
        this.trouble = null;
        this.source = message.source;
        this.show(this.at.item);
        break;
      case "trouble":
        this.masks = null;
        this.trouble = message.trouble;
        this.source = message.source;
    }
    this.remember();
  }

  private remember(): void {
    if (this.file) this.host.memory = { file: this.file, ...this.at };
  }

  private parts(item = this.at.item): MaskPart[] {
    return this.masks?.items[item]?.parts ?? [];
  }

  /** An item that there is, and of it the same kind of part as before, where it has one. */
  private show(item: number): void {
    const { part, when } = this.at;
    const stage = this.parts()[part]?.stage;
    const there = Math.max(0, Math.min((this.masks?.items.length ?? 1) - 1, item));
    const same = this.parts(there).findIndex((other) => other.stage === stage);
    this.at = { item: there, part: Math.max(0, same), when };
    this.remember();
  }

  private readonly act: MaskActions = {
    go: (by) => this.show(this.at.item + by),
    part: (part) => {
      this.at = { ...this.at, part };
      this.remember();
    },
    when: (when) => {
      this.at = { ...this.at, when };
      this.remember();
    },
    open: (attempt) => this.host.post({ type: "open", attempt }),
  };

  private readonly pressed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isPressable(document.activeElement) && (event.key === " " || event.key === "Enter")) return;
    switch (event.key) {
      case "j":
      case "ArrowRight":
        this.act.go(1);
        break;
      case "k":
      case "ArrowLeft":
        this.act.go(-1);
        break;
      case "c":
        this.act.when("correct");
        break;
      case "x":
        this.act.when("incorrect");
        break;
      case "p":
        this.act.part((this.at.part + 1) % Math.max(1, this.parts().length));
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  private mends({ mends }: MaskTrouble): TemplateResult {
    return html`<div class="buttons">
      ${mends.map(
        ({ title, command }) =>
          html`<vscode-button
            appearance="secondary"
            @click=${() => this.host.post({ type: "mend", command })}
            >${title}</vscode-button
          >`,
      )}
    </div>`;
  }

  protected override render(): TemplateResult {
    const { outline: o, refused } = this;
    if (!o && !refused) return html`<main aria-busy="true"></main>`;
    const name = o?.name ?? this.file.split(/[\\/]/).at(-1) ?? "";
    return html`<header class="bar">
        <h1>${name}</h1>
        <span class="figures">${o ? html`${o.model} · ${o.problems.count} problems` : nothing}</span>
        <vscode-button appearance="secondary" @click=${() => this.host.post({ type: "recipe" })}
          >${icon("json")}Recipe</vscode-button
        >
        <vscode-button ?disabled=${refused !== null} @click=${() => this.host.post({ type: "start" })}
          >${icon("play")}Start Run</vscode-button
        >
      </header>
      <main tabindex="-1">
        ${
          refused
            ? html`<div class="refusal" role="alert">
                <p>${icon("error")}${refused.message}</p>
                ${refused.hint ? html`<p class="faint">${refused.hint}</p>` : nothing} ${this.mends(refused)}
              </div>`
            : o
              ? html`${outline(o, this.masks?.fit ?? null)} ${this.maskSection(o)}`
              : nothing
        }
      </main>`;
  }

  private maskSection(o: RunOutline): TemplateResult {
    const { trouble, masks: found, source } = this;
    const from = (which: MaskSource, words: string): TemplateResult =>
      html`<button
        type="button"
        role="radio"
        aria-checked=${source === which ? "true" : "false"}
        @click=${() => {
          this.source = which;
          this.host.post({ type: "from", source: which });
        }}
      >
        ${words}
      </button>`;
    return html`<section class="masks">
      <div class="line">
        <h2>What every token receives</h2>
        <span class="push"></span>
        <div class="choice" role="radiogroup" aria-label="Which attempts">
          ${from("run", "First of the run")} ${from("tree", "Selected in the tree")}
        </div>
      </div>
      ${
        trouble
          ? html`<div class="trouble" role="status">
              <p>${icon("info")}${trouble.message}</p>
              ${trouble.hint ? html`<p class="faint">${trouble.hint}</p>` : nothing} ${this.mends(trouble)}
            </div>`
          : found
            ? masks(found, o.data.counts.length > 0, this.at, this.act)
            : html`<p class="busy" role="status">
                <vscode-progress-ring></vscode-progress-ring>Asking the trainer; of ${o.model} it loads the
                tokenizer alone
              </p>`
      }
    </section>`;
  }
}
