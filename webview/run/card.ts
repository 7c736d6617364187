import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { xOf } from "../../src/protocol/run-curve.js";
import { type Line, latest, type Plot } from "../../src/protocol/run-plots.js";
import { icon } from "../shared/parts.js";
import { ErrataChart } from "./chart.js";
import { linesOf } from "./chart-data.js";
import { along } from "./chart-options.js";
import { indexAt, nearest, type PlotActions, pointsOf, type Scene, type ShownRun } from "./shown.js";
import "./figures.js";

/** Where the cursor is, on the x axis of all plots; read out when it was moved by keyboard. */
export interface Hover {
  x: number;
  keyboard: boolean;
}

/** `<errata-plot>`: one plot with its figures, and the same figures as a table. */
@customElement("errata-plot")
export class PlotCard extends LitElement {
  @property({ attribute: false }) plot: Plot | null = null;
  @property({ attribute: false }) scene: Scene | null = null;
  @property({ attribute: false }) hover: Hover | null = null;
  @property({ type: Boolean }) table = false;
  @property({ type: Boolean }) log = false;
  @property({ attribute: false }) act: PlotActions | null = null;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override updated(changed: PropertyValues<this>): void {
    // The cursor moves far more often than the curve.
    if (changed.size === 1 && changed.has("hover")) return;
    const chart = this.querySelector("errata-chart");
    if (chart instanceof ErrataChart) chart.update();
  }

  protected override render(): TemplateResult | typeof nothing {
    const { plot, scene, act } = this;
    if (!plot || !scene || !act) return nothing;
    const lines = linesOf(plot, scene);
    const [main, ...others] = scene.runs;
    const values = main ? figures(main, lines, scene, this.hover) : [];
    const where = this.place(scene);
    // Where the figure of the title was not measured, the plot says what it shows instead.
    const [only] = lines;
    const sub = only && lines.length === 1 && only !== plot.lines[0] ? only.name : plot.sub;
    const said = values.map(({ line, text }) => `${line.name} ${text}`).join(", ") || "nothing measured";
    return html`<section class="plot" aria-label=${plot.title}>
      <div class="line">
        <h3>${plot.title}</h3>
        <span class="read" title=${sub}>${where ?? sub}</span>
        ${this.buttons(plot, act)}
        <span class="now">
          ${
            // Several runs say their values below the plot.
            others.length > 0 && !this.table
              ? nothing
              : values.map(
                  ({ line, text }, i) =>
                    html`${i > 0 ? " · " : ""}<b class="plot-${line.colour}" title=${line.name}>${text}</b>`,
                )
          }
        </span>
      </div>
      ${
        this.table
          ? html`<errata-figures .plot=${plot} .scene=${scene}></errata-figures>`
          : html`<errata-chart
              role="group"
              aria-roledescription="plot"
              aria-label=${`${plot.title}: ${said}. Arrow keys read the curve, Enter opens the rollouts of a step, plus and minus zoom.`}
              .plot=${plot}
              .scene=${scene}
              .log=${this.log}
              .act=${act}
            ></errata-chart>`
      }
      ${others.length > 0 && !this.table ? this.legend(lines, scene) : nothing}
      ${
        this.hover?.keyboard && this.contains(document.activeElement)
          ? html`<span class="hidden" role="status">${where ?? ""}: ${said}</span>`
          : nothing
      }
    </section>`;
  }

  private place({ axis, runs }: Scene): string | null {
    if (!this.hover) return null;
    const [main] = runs;
    if (axis !== "step") return along(this.hover.x, axis) + (axis === "tokens" ? " tokens" : "");
    const point = main && nearest(pointsOf(main), this.hover.x, axis);
    return point ? `step ${point.step}` : null;
  }

  private buttons(plot: Plot, act: PlotActions): TemplateResult {
    const button = (
      name: string,
      words: string,
      pressed: boolean | null,
      press: () => void,
    ): TemplateResult =>
      html`<button
        type="button"
        class="plain"
        aria-pressed=${pressed === null ? nothing : String(pressed)}
        title=${words}
        aria-label=${`${words}: ${plot.title}`}
        @click=${press}
      >
        ${name === "log" ? html`<span class="log">log</span>` : icon(name)}
      </button>`;
    return html`<span class="tools ${this.log || this.table ? "kept" : ""}">
      ${
        this.table
          ? nothing
          : button("log", this.log ? "Linear scale" : "Logarithmic scale", this.log, () =>
              act.toggleLog(plot.id),
            )
      }
      ${button("export", "Export as CSV or SVG…", null, () => act.save(plot.id))}
      ${button(
        this.table ? "graph-line" : "table",
        this.table ? "Show the plot" : "Show the table",
        this.table,
        () => act.toggleTable(plot.id),
      )}
    </span>`;
  }

  /** The runs by their colours, with their values; lines of a run are told apart by their dashes. */
  private legend(lines: Line[], scene: Scene): TemplateResult {
    return html`<ul class="runs">
      ${scene.runs.map((run) => {
        const values = figures(run, lines, scene, this.hover);
        return html`<li class="run-${run.colour}">
          <span class="name">${run.name}</span>
          <b>${values.length > 0 ? values.map(({ text }) => text).join(" · ") : "–"}</b>
        </li>`;
      })}
      ${
        lines.length > 1
          ? html`<li class="faint">${lines.map(({ name }, i) => html`<span class="dash-${i}">${name}</span>${i < lines.length - 1 ? ", " : ""}`)}</li>`
          : nothing
      }
    </ul>`;
  }
}

/** A run's values at the cursor, else its newest. A stage that is not going on there shows its last value. */
function figures(
  run: ShownRun,
  lines: Line[],
  scene: Scene,
  hover: Hover | null,
): { line: Line; text: string }[] {
  const points = pointsOf(run);
  const last = points.at(-1);
  let end = points.length;
  if (hover) {
    const step = nearest(points, hover.x, scene.axis)?.step;
    end = points.findIndex((p) => p.step === step) + 1;
    // A run that ended before has nothing to say there.
    if (last && hover.x > (xOf(last, scene.axis) ?? 0) * 1.02 + 1) end = 0;
    else end = Math.max(end, indexAt(points, hover.x, scene.axis) + 1);
  }
  return lines.flatMap((line) => {
    const value = latest(line.of, points, end);
    return value === null ? [] : [{ line, text: line.write(value) }];
  });
}
