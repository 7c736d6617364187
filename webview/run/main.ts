import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import type { Axis } from "../../src/protocol/run-curve.js";
import type { RunDeed, RunFromView, RunHead, RunMemory, RunToView } from "../../src/protocol/run-panel.js";
import { GROUPS, PLOTS, type Plot } from "../../src/protocol/run-plots.js";
import { SHADED, STAGE_NAMES } from "../../src/protocol/run-words.js";
import { Host } from "../shared/host.js";
import { icon } from "../shared/parts.js";
import { registerToolkit } from "../shared/toolkit.js";
import { alarmList } from "./alarms.js";
import type { Hover, PlotCard } from "./card.js";
import { linesOf } from "./chart-data.js";
import { examples, header, isAlive } from "./header.js";
import { remembered } from "./memory.js";
import { Model } from "./model.js";
import type { PlotActions, Scene } from "./shown.js";
import { toolbar } from "./toolbar.js";
import "./card.js";
import "./log.js";
import "./rollouts.js";
import "../shared/math.js";
import "./run.css";

registerToolkit();

/** A zoom asks the host for all points of its range, once the wheel and the keys have come to rest. */
const ASK_MS = 120;

/** Plots side by side in a wide panel. */
const ROW = 3;

@customElement("errata-run")
export class RunApp extends LitElement {
  @state() private model = new Model();
  @state() private memory: RunMemory;
  private hover: Hover | null = null;
  private scene: Scene | null = null;
  /** Nobody has looked at this run before. */
  private readonly fresh: boolean;
  private asking: number | undefined;
  private readonly host = new Host<RunToView, RunFromView, RunMemory>((m) => this.receive(m));

  constructor() {
    super();
    this.fresh = this.host.memory === undefined;
    this.memory = remembered(this.host.memory);
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const { others, rollouts, logOpen: log, zoom, axis } = this.memory;
    this.host.post({ type: "ready", others, rollouts, log, zoom, axis });
  }

  private receive(message: RunToView): void {
    const first = this.model.head === null;
    this.model = this.model.after(message, this.memory);
    if (message.type === "others") this.change({ others: message.others.map(({ id }) => id) });
    if (message.type === "snapshot") {
      this.change({ runId: message.head.id, others: message.others.map(({ id }) => id) });
      const bad = message.head.status === "failed" || message.head.status === "died";
      // The log of a run that failed is open at the first look; whoever closes it has seen it.
      if (bad && first && this.fresh) this.toggleLogTail(true);
      // What was zoomed into is no longer there in full.
      if (!first && this.memory.zoom) this.askRange();
    }
    if (first && this.memory.scroll > 0) {
      const { scroll } = this.memory;
      void this.updateComplete.then(() => this.querySelector("main")?.scrollTo(0, scroll));
    }
  }

  private change(part: Partial<RunMemory>): void {
    this.memory = { ...this.memory, ...part };
    if (this.memory.runId) this.host.memory = this.memory;
  }

  private toggled(list: readonly string[], id: string): string[] {
    return list.includes(id) ? list.filter((one) => one !== id) : [...list, id];
  }

  private readonly plots: PlotActions = {
    hover: (x, keyboard = false) => {
      this.hover = x === null ? null : { x, keyboard };
      // Only the plots draw anew for a cursor that moves, not the panel.
      for (const card of this.querySelectorAll<PlotCard>("errata-plot")) card.hover = this.hover;
    },
    zoom: (zoom) => {
      this.change({ zoom });
      this.model = this.model.withoutDetail();
      this.askRange();
    },
    pick: (step) => this.showStep(step),
    toggleTable: (id) => this.change({ tables: this.toggled(this.memory.tables, id) }),
    toggleLog: (id) => this.change({ logs: this.toggled(this.memory.logs, id) }),
    save: (plot) => this.save(plot),
  };

  private save(plot: string | null): void {
    const { axis, smoothing, zoom, logs } = this.memory;
    const log = plot !== null && logs.includes(plot);
    this.host.post({ type: "export", plot, view: { axis, smoothing, zoom, log } });
  }

  /** Averaged curves get their every step back in the range that is looked at. */
  private askRange(): void {
    clearTimeout(this.asking);
    const { zoom: range, axis } = this.memory;
    if (!range || !this.model.averaged) return;
    this.asking = window.setTimeout(() => this.host.post({ type: "range", axis, range }), ASK_MS);
  }

  private setAxis(axis: Axis): void {
    this.change({ axis, zoom: null });
    this.model = this.model.withoutDetail();
  }

  private ask(rollouts: RunMemory["rollouts"]): void {
    this.change({ rollouts });
    this.host.post({ type: "rollouts", query: rollouts });
  }

  private showStep(step: number): void {
    this.ask({ ...this.memory.rollouts, step });
    this.show("#rollouts");
  }

  /** `scrollIntoView` would scroll the page under its header as well. */
  private show(selector: string): void {
    const main = this.querySelector("main");
    const place = this.querySelector<HTMLElement>(selector);
    if (!main || !place) return;
    const by = place.getBoundingClientRect().top - main.getBoundingClientRect().top;
    main.scrollBy(0, by - 8);
    place.focus({ preventScroll: true });
  }

  private toggleLogTail(logOpen: boolean): void {
    this.change({ logOpen });
    this.host.post({ type: "log", follow: logOpen });
  }

  private readonly act = (deed: RunDeed): void => this.host.post({ type: "do", deed });

  protected override render(): TemplateResult {
    const { head, problem } = this.model;
    if (!head) {
      return problem === null
        ? html`<main aria-busy="true"></main>`
        : html`<main><div class="empty middle">${icon("circle-slash")}<h1>This run cannot be shown</h1><p>${problem}</p></div></main>`;
    }
    this.scene = this.sceneNow(head);
    return html`${header(head, this.act)}
      <main tabindex="-1" @scroll=${(event: Event) => this.scrolled(event)}>
        ${this.ending(head)} ${alarmList(this.model.alarms, (step) => this.showStep(step))}
        ${examples(head)} ${this.curves(this.scene)}
        <errata-rollouts
          .view=${this.model.rollouts}
          .query=${this.memory.rollouts}
          .open=${this.memory.open}
          .ask=${(query: RunMemory["rollouts"]) => this.ask(query)}
          .openRows=${(open: string[]) => this.change({ open: open.slice(-50) })}
          .openFile=${() => this.act("rollouts-file")}
        ></errata-rollouts>
        <errata-log
          .text=${this.model.log}
          .open=${this.memory.logOpen}
          .toggled=${(open: boolean) => this.toggleLogTail(open)}
          .openFile=${() => this.act("log")}
        ></errata-log>
      </main>`;
  }

  private scrolled({ target }: Event): void {
    if (!(target instanceof HTMLElement) || !target.matches("main") || !this.memory.runId) return;
    // Nothing is drawn anew for it.
    this.memory.scroll = target.scrollTop;
    this.host.memory = this.memory;
  }

  /** The same object as long as nothing in it changed: plots draw only what is new. */
  private sceneNow(head: RunHead): Scene {
    const { axis, smoothing, zoom } = this.memory;
    const { runs, alarms } = this.model;
    const now: Scene = { runs, alarms, axis, smoothing, zoom, steps: head.steps, alive: isAlive(head) };
    const before = this.scene;
    const same =
      before && (Object.keys(now) as (keyof Scene)[]).every((field) => before[field] === now[field]);
    return same ? before : now;
  }

  /** Why it ended, in its own words. */
  private ending(head: RunHead): TemplateResult | typeof nothing {
    const bad = head.status === "failed" || head.status === "died";
    if (!bad && !head.message) return nothing;
    return html`<section class="ending ${bad ? "bad" : ""}" role="status">
      <p>${icon(bad ? "error" : "info")}<span>${head.message ?? "The run ended and did not say why."}</span></p>
      ${
        bad
          ? html`<button
              type="button"
              class="link"
              @click=${() => {
                if (!this.memory.logOpen) this.toggleLogTail(true);
                void this.updateComplete.then(() => this.show("#log"));
              }}
            >
              See the end of its log
            </button>`
          : nothing
      }
    </section>`;
  }

  private curves(scene: Scene): TemplateResult {
    const plots = PLOTS.filter((plot) => linesOf(plot, scene).length > 0);
    if (plots.length === 0) {
      return html`<p class="none waiting">
        ${scene.alive ? "The first step is on its way; its curves appear here." : "No step was measured."}
      </p>`;
    }
    const groups = Object.entries(GROUPS)
      .map(([group, name]) => ({ name, plots: plots.filter((plot) => plot.group === group) }))
      .filter((group) => group.plots.length > 0);
    // Headings where the groups fill their rows; else they would leave more holes than they explain.
    const titled = groups.every(({ plots: some }) => some.length >= ROW);
    return html`${toolbar(scene, {
      axis: (axis) => this.setAxis(axis),
      smoothing: (smoothing) => this.change({ smoothing }),
      resetZoom: () => this.plots.zoom(null),
      addRuns: () => this.host.post({ type: "add-runs" }),
      removeRun: (id) => this.host.post({ type: "remove-run", id }),
      save: () => this.save(null),
    })}
    ${
      titled
        ? groups.map(
            ({ name, plots: some }) => html`<section class="group" aria-label=${name}>
              <h2>${name}</h2>
              <div class="plots">${some.map((plot) => this.plot(plot, scene))}</div>
            </section>`,
          )
        : html`<div class="plots group">
            ${groups.map(({ plots: some }) => some.map((plot) => this.plot(plot, scene)))}
          </div>`
    }
    ${this.legend(scene)}`;
  }

  private plot(plot: Plot, scene: Scene): TemplateResult {
    return html`<errata-plot
      .plot=${plot}
      .scene=${scene}
      .hover=${this.hover}
      .table=${this.memory.tables.includes(plot.id)}
      .log=${this.memory.logs.includes(plot.id)}
      .act=${this.plots}
    ></errata-plot>`;
  }

  private legend({ runs }: Scene): TemplateResult | typeof nothing {
    const [main] = runs;
    if (!main) return nothing;
    const shaded = [...SHADED].filter((stage) => main.curve.points.some((p) => p.stage === stage));
    const { bands } = main.detail ?? main.curve;
    const averaged = (main.detail ?? main.curve).averaged;
    const words = [
      ...(shaded.length > 0 && bands?.length
        ? [html`<span class="swatch"></span>${shaded.map((stage) => STAGE_NAMES[stage]).join(", ")}`]
        : []),
      ...(bands === null ? ["stages alternate too often to be shaded here: zoom in"] : []),
      ...(averaged > 1 ? [`each point is the mean of up to ${averaged} steps; zoom in for every step`] : []),
    ];
    if (words.length === 0) return nothing;
    return html`<p class="legend">${words.map((part, i) => html`${i > 0 ? " · " : ""}${part}`)}</p>`;
  }
}
