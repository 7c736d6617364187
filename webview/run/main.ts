import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import {
  downsample,
  MOST_POINTS,
  type RolloutsView,
  type RunAlarmView,
  type RunFromView,
  type RunHead,
  type RunMemory,
  type RunPoint,
  type RunToView,
} from "../../src/protocol/run-panel.js";
import { Host } from "../shared/host.js";
import { icon } from "../shared/parts.js";
import { registerToolkit } from "../shared/toolkit.js";
import { ErrataChart } from "./chart.js";
import { header, isAlive } from "./header.js";
import { latest, PLOTS, type Plot } from "./plots.js";
import { rollouts } from "./rollouts.js";
import "../shared/math.js";
import "./run.css";

registerToolkit();

@customElement("errata-run")
export class RunApp extends LitElement {
  @state() private head: RunHead | null = null;
  @state() private points: RunPoint[] = [];
  @state() private averaged = 1;
  @state() private alarms: RunAlarmView[] = [];
  @state() private latest: RolloutsView | null = null;
  @state() private log: string | null = null;
  @state() private tables: ReadonlySet<string> = new Set();
  @state() private hovered: RunPoint | null = null;
  private readonly host = new Host<RunToView, RunFromView, RunMemory>((m) => this.receive(m));

  constructor() {
    super();
    this.tables = new Set(this.host.memory?.tables);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.host.post({ type: "ready" });
  }

  private receive(message: RunToView): void {
    if (message.type === "rollouts") {
      this.latest = message.rollouts;
      return;
    }
    const first = this.head === null;
    this.head = message.head;
    if (message.type === "snapshot") {
      this.points = message.points;
      this.averaged = message.averaged;
      this.alarms = message.alarms;
      this.latest = message.rollouts;
      this.log = message.log;
    } else {
      if (message.points.length > 0) this.add(message.points);
      if (message.alarms.length > 0) this.alarms = [...this.alarms, ...message.alarms];
    }
    const scroll = this.host.memory?.scroll ?? 0;
    if (first && scroll > 0) {
      void this.updateComplete.then(() => this.querySelector("main")?.scrollTo(0, scroll));
    }
    this.remember();
  }

  private add(points: RunPoint[]): void {
    const all = [...this.points, ...points];
    if (all.length > 1.2 * MOST_POINTS) {
      const fewer = downsample(all);
      this.points = fewer.points;
      this.averaged *= fewer.averaged;
    } else this.points = all;
  }

  private remember(): void {
    if (!this.head) return;
    this.host.memory = {
      runId: this.head.id,
      tables: [...this.tables],
      scroll: this.querySelector("main")?.scrollTop ?? 0,
    };
  }

  private toggleTable(id: string): void {
    const tables = new Set(this.tables);
    if (!tables.delete(id)) tables.add(id);
    this.tables = tables;
    this.remember();
  }

  protected override updated(): void {
    for (const chart of this.querySelectorAll("errata-chart")) {
      if (chart instanceof ErrataChart) chart.update();
    }
  }

  protected override render(): TemplateResult {
    const { head } = this;
    if (!head) return html`<main aria-busy="true"></main>`;
    return html`${header(head, (deed) => this.host.post({ type: "do", deed }))}
      <main tabindex="-1" @scroll=${() => this.remember()}>
        ${this.ending(head)} ${this.warnings()}
        ${
          this.points.length === 0
            ? html`<p class="none waiting">
                ${isAlive(head) ? "The first step is on its way; its curves appear here." : "No step was measured."}
              </p>`
            : html`<div class="plots">${PLOTS.map((plot) => this.plot(plot))}</div>
                <p class="legend">
                  <span class="swatch"></span>self-correction
                  ${this.averaged > 1 ? html`· each point is the mean of up to ${this.averaged} steps` : nothing}
                </p>`
        }
        ${rollouts(this.latest)}
      </main>`;
  }

  /** Why it ended, in its own words. */
  private ending(head: RunHead): TemplateResult | typeof nothing {
    const bad = head.status === "failed" || head.status === "died";
    if (!bad && !head.message) return nothing;
    return html`<section class="ending ${bad ? "bad" : ""}" role="status">
      ${head.message ? html`<p>${icon(bad ? "error" : "info")}<span>${head.message}</span></p>` : nothing}
      ${
        this.log
          ? html`<details ?open=${bad}>
              <summary>End of the log</summary>
              <pre tabindex="0">${this.log}</pre>
              <button type="button" class="link" @click=${() => this.host.post({ type: "do", deed: "log" })}>
                Open the whole log
              </button>
            </details>`
          : nothing
      }
    </section>`;
  }

  private warnings(): TemplateResult | typeof nothing {
    if (this.alarms.length === 0) return nothing;
    // The newest of each kind, with since when.
    const kinds = new Map<string, { since: number; last: RunAlarmView }>();
    for (const alarm of this.alarms) {
      kinds.set(alarm.kind, { since: kinds.get(alarm.kind)?.since ?? alarm.step, last: alarm });
    }
    return html`<ul class="alarms" aria-label="Alarms">
      ${[...kinds.values()].map(
        ({ since, last }) =>
          html`<li>${icon("warning")}<span>${last.message}</span>
            <span class="read">step ${since === last.step ? since : `${since}–${last.step}`}</span></li>`,
      )}
    </ul>`;
  }

  private plot(plot: Plot): TemplateResult {
    const point = this.hovered;
    const table = this.tables.has(plot.id);
    const values = plot.lines.flatMap((line) => {
      const value = point ? (line.of(point) ?? null) : latest(line, this.points);
      return value === null ? [] : [{ line, text: line.write(value) }];
    });
    return html`<section class="plot" aria-label=${plot.title}>
      <div class="line">
        <h3>${plot.title}</h3>
        <span class="read">${point ? `step ${point.step}` : plot.sub}</span>
        <span class="push"></span>
        <span class="now">
          ${values.map(({ line, text }, i) => html`${i > 0 ? " · " : ""}<b class="plot-${line.colour}" title=${line.name}>${text}</b>`)}
        </span>
        <button
          type="button"
          class="plain"
          aria-pressed=${table ? "true" : "false"}
          title=${table ? "Show the plot" : "Show the table"}
          @click=${() => this.toggleTable(plot.id)}
        >
          ${icon(table ? "graph-line" : "table")}<span class="hidden">${table ? "Plot" : "Table"}</span>
        </button>
      </div>
      ${
        table
          ? dataTable(plot, this.points)
          : html`<errata-chart
              role="img"
              aria-label=${`${plot.title}: ${values.map((v) => `${v.line.name} ${v.text}`).join(", ") || "nothing measured yet"}`}
              .plot=${plot}
              .steps=${this.head?.steps ?? 0}
              .alive=${this.head !== null && isAlive(this.head)}
              .points=${this.points}
              .alarms=${this.alarms}
              @hover=${(event: CustomEvent<RunPoint | null>) => {
                this.hovered = event.detail;
              }}
            ></errata-chart>`
      }
    </section>`;
  }
}

/** The plot's figures as a table, the newest first. */
function dataTable(plot: Plot, points: RunPoint[]): TemplateResult {
  return html`<div class="data" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Step</th>
          <th scope="col">Stage</th>
          ${plot.lines.map((line) => html`<th scope="col" class="number">${line.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${[...points]
          .reverse()
          .slice(0, 500)
          .map(
            (p) =>
              html`<tr>
              <td>${p.step}</td>
              <td>${p.stage === "correction" ? "self-correction" : "trial"}</td>
              ${plot.lines.map((line) => {
                const value = line.of(p);
                return html`<td class="number">${value === undefined ? "" : line.write(value)}</td>`;
              })}
            </tr>`,
          )}
      </tbody>
    </table>
  </div>`;
}
