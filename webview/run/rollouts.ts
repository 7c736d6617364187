import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import {
  ROLLOUT_PAGE,
  type RolloutsQuery,
  type RolloutsView,
  VERDICTS,
  type Verdict,
} from "../../src/protocol/run-panel.js";
import { STAGE_NAMES } from "../../src/protocol/run-words.js";
import { icon, TONE } from "../shared/parts.js";
import { rolloutRows } from "./rollout-rows.js";

/** `<errata-rollouts>`: what the model wrote at a step, wrong first; every step's are kept. */
@customElement("errata-rollouts")
export class Rollouts extends LitElement {
  @property({ attribute: false }) view: RolloutsView | null = null;
  @property({ attribute: false }) query: RolloutsQuery = { step: null, verdicts: [], rows: ROLLOUT_PAGE };
  /** Keys of the rows that are shown in full. */
  @property({ attribute: false }) open: readonly string[] = [];
  @property({ attribute: false }) ask: (query: RolloutsQuery) => void = () => {};
  @property({ attribute: false }) openRows: (keys: string[]) => void = () => {};
  @property({ attribute: false }) openFile: () => void = () => {};

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { view } = this;
    if (!view) return nothing;
    const correction = view.rows.some((row) => row.stage === "correction" || row.wrong !== undefined);
    const stage = view.rows[0]?.stage;
    // Older files do not say of which part the learning tokens are.
    const shaded = view.rows.some((row) => row.learning_analysis !== undefined);
    return html`<section class="rollouts" id="rollouts" tabindex="-1" aria-label="Rollouts at step ${view.step}">
      <div class="line">
        <h2>Rollouts at step ${view.step}</h2>
        <span class="read">
          ${stage ? `${STAGE_NAMES[stage] ?? stage} · ` : ""}wrong first · ${view.shown} of
          ${view.matching === view.total ? view.total : `${view.matching}, ${view.total} in all`}
        </span>
        <span class="push"></span>
        ${this.steps(view)}
      </div>
      ${this.filter(view)}
      ${
        view.rows.length === 0
          ? html`<p class="none">No rollout of this step has that verdict.</p>`
          : html`<div class="scroll" role="group" aria-label="Rollouts of the step" tabindex="0">
              <table class=${correction ? "correction" : "trial"}>
                <thead>
                  <tr>
                    <th scope="col"><span class="hidden">Whole text</span></th>
                    <th scope="col">Problem</th>
                    <th scope="col">${correction ? "Wrong solution" : "Solution"}</th>
                    ${correction ? html`<th scope="col">Analysis${shaded ? " (shaded: receives gradient)" : ""}</th>` : nothing}
                    <th scope="col">Answer</th>
                    <th scope="col" class="number">Reward</th>
                    <th scope="col" class="number">Advantage</th>
                    <th scope="col" class="number">Learning</th>
                  </tr>
                </thead>
                <tbody>
                  ${rolloutRows(view, correction, new Set(this.open), (key) => this.toggle(key))}
                </tbody>
              </table>
            </div>`
      }
      <div class="line">
        ${
          view.shown < view.matching
            ? html`<vscode-button appearance="secondary" @click=${() => this.change({ rows: this.query.rows + ROLLOUT_PAGE })}>
                Show more
              </vscode-button>`
            : nothing
        }
        <button type="button" class="link" @click=${this.openFile}>Open the step's file</button>
      </div>
    </section>`;
  }

  private steps(view: RolloutsView): TemplateResult {
    const go = (step: number | null): void => this.change({ step, rows: ROLLOUT_PAGE });
    const number = (event: Event): void => {
      if (event.target instanceof HTMLInputElement && event.target.value !== "")
        go(event.target.valueAsNumber);
    };
    const arrow = (name: string, words: string, step: number | null): TemplateResult =>
      html`<button
        type="button"
        class="plain step"
        title=${words}
        aria-label=${words}
        ?disabled=${step === null}
        @click=${() => go(step)}
      >
        ${icon(name)}
      </button>`;
    return html`<div class="steps" role="group" aria-label="Step">
      <input
        type="range"
        aria-label="Step"
        .min=${String(view.first)}
        .max=${String(view.last)}
        .value=${String(view.step)}
        @change=${number}
      />
      ${arrow("chevron-left", "Step before", view.previous)}
      <input
        type="number"
        aria-label="Step number"
        .min=${String(view.first)}
        .max=${String(view.last)}
        .value=${String(view.step)}
        @change=${number}
      />
      ${arrow("chevron-right", "Step after", view.next)}
      <label class="latest" title="Go on to every new step">
        <input
          type="checkbox"
          .checked=${view.following}
          @change=${(event: Event) => {
            if (event.target instanceof HTMLInputElement) go(event.target.checked ? null : view.step);
          }}
        />
        latest
      </label>
    </div>`;
  }

  private filter(view: RolloutsView): TemplateResult {
    const chosen = new Set(this.query.verdicts);
    const toggle = (verdict: Verdict): void => {
      if (!chosen.delete(verdict)) chosen.add(verdict);
      this.change({ verdicts: [...chosen], rows: ROLLOUT_PAGE });
    };
    const there = VERDICTS.filter((verdict) => (view.counts[verdict] ?? 0) > 0 || chosen.has(verdict));
    return html`<div class="verdicts" role="group" aria-label="Only these verdicts">
      ${there.map(
        (verdict) => html`<button
          type="button"
          class="chip ${TONE[verdict]}"
          aria-pressed=${String(chosen.has(verdict))}
          @click=${() => toggle(verdict)}
        >
          ${verdict} ${view.counts[verdict] ?? 0}
        </button>`,
      )}
    </div>`;
  }

  private change(part: Partial<RolloutsQuery>): void {
    this.ask({ ...this.query, ...part });
  }

  private toggle(key: string): void {
    this.openRows(this.open.includes(key) ? this.open.filter((k) => k !== key) : [...this.open, key]);
  }
}
