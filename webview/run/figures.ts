import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { within } from "../../src/protocol/run-curve.js";
import { type Line, measuredLines, type Plot } from "../../src/protocol/run-plots.js";
import { STAGE_NAMES } from "../../src/protocol/run-words.js";
import { pointsOf, type Scene, type ShownRun } from "./shown.js";

/** Rows at first, and at every "Show more". */
const PAGE = 200;

/** `<errata-figures>`: a plot's figures as a table, the newest first, a part for each run. */
@customElement("errata-figures")
export class PlotFigures extends LitElement {
  @property({ attribute: false }) plot: Plot | null = null;
  @property({ attribute: false }) scene: Scene | null = null;
  @state() private rows = PAGE;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { plot, scene } = this;
    if (!plot || !scene) return nothing;
    return html`<div class="data" tabindex="0" role="region" aria-label="${plot.title}, figures">
      ${scene.runs.map((run) => this.table(plot, scene, run))}
    </div>`;
  }

  private table(plot: Plot, scene: Scene, run: ShownRun): TemplateResult | typeof nothing {
    const all = within(pointsOf(run), scene.zoom, scene.axis);
    const lines = measuredLines(plot, [all]);
    const points = all.filter((p) => lines.some((line) => line.of(p) !== undefined));
    if (points.length === 0) return nothing;
    return html`<table>
        ${scene.runs.length > 1 ? html`<caption class="run-${run.colour}">${run.name}</caption>` : nothing}
        <thead>
          <tr>
            <th scope="col" class="number">Step</th>
            <th scope="col">Stage</th>
            ${lines.map((line) => html`<th scope="col" class="number">${line.name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${points
            .slice(-this.rows)
            .reverse()
            .map(
              (p) => html`<tr>
                <td class="number">${p.step}</td>
                <td>${STAGE_NAMES[p.stage] ?? p.stage}</td>
                ${lines.map((line) => html`<td class="number">${written(line, line.of(p))}</td>`)}
              </tr>`,
            )}
        </tbody>
      </table>
      ${
        points.length > this.rows
          ? html`<button type="button" class="link" @click=${() => (this.rows += PAGE)}>
              Show more (${points.length - this.rows} earlier)
            </button>`
          : nothing
      }`;
  }
}

const written = (line: Line, value: number | undefined): string =>
  value === undefined ? "" : line.write(value);
