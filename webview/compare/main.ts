import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { CompareFromView, CompareMemory, CompareToView } from "../../src/protocol/compare-panel.js";
import type { Comparison } from "../../src/protocol/comparison.js";
import { Host } from "../shared/host.js";
import { chip, icon } from "../shared/parts.js";
import { figures } from "./figures.js";
import { problems } from "./problems.js";
import { square } from "./table.js";
import "../shared/math.js";
import "./compare.css";

@customElement("errata-compare")
export class CompareApp extends LitElement {
  @state() private shown: Comparison | null = null;
  @state() private list: "regressed" | "fixed" = "regressed";
  private readonly host = new Host<CompareToView, CompareFromView, CompareMemory>((m) => {
    this.shown = m.comparison;
    if (m.comparison.regressed.length === 0 && m.comparison.fixed.length > 0) this.list = "fixed";
    const scroll = this.host.memory?.scroll ?? 0;
    void this.updateComplete.then(() => {
      this.querySelector("main")?.scrollTo(0, scroll);
      this.remember();
    });
  });

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.host.post({ type: "ready" });
  }

  private remember(): void {
    if (!this.shown) return;
    this.host.memory = { key: this.shown.createdAt, scroll: this.querySelector("main")?.scrollTop ?? 0 };
  }

  protected override render(): TemplateResult {
    const c = this.shown;
    if (!c) return html`<main aria-busy="true"></main>`;
    const total = c.table.both + c.table.onlyA + c.table.onlyB + c.table.neither;
    const open = (attemptIds: number[]): void => this.host.post({ type: "open", attemptIds });
    return html`<header class="bar">
        <h1>${c.modelA} → ${c.modelB}</h1>
        <span class="figures">${c.problems} · ${total} problems · ${c.group} samples each</span>
        ${
          c.unscored.a + c.unscored.b > 0
            ? chip(
                "warn",
                html`${icon("question")}${c.unscored.a} and ${c.unscored.b} unscored`,
                "Samples that the grader could not decide; they leave the denominator",
              )
            : nothing
        }
        <span class="faint">${when(c.createdAt)}</span>
      </header>
      <main tabindex="-1" @scroll=${() => this.remember()}>
        <div class="top">${square(c)} ${figures(c)}</div>
        <div class="tabs" role="tablist" aria-label="Changed problems">
          ${this.tab("regressed", c.regressed.length, "bad")} ${this.tab("fixed", c.fixed.length, "good")}
        </div>
        <div role="tabpanel">${problems(c, this.list, open)}</div>
      </main>`;
  }

  private tab(which: "regressed" | "fixed", n: number, tone: string): TemplateResult {
    const on = this.list === which;
    return html`<button
      type="button"
      role="tab"
      aria-selected=${on ? "true" : "false"}
      @click=${() => {
        this.list = which;
      }}
    >
      ${which === "regressed" ? "Regressed" : "Fixed"} ${chip(n > 0 ? tone : "quiet", n)}
    </button>`;
  }
}

function when(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime())
    ? ""
    : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
