import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { RunAlarmView, RunPoint } from "../../src/protocol/run-panel.js";
import type { Line, Plot } from "./plots.js";

/** Height of a plot, axis included, in CSS pixels. */
const HEIGHT = 158;
/** All plots of the panel share one cursor: a step is looked at everywhere at once. */
const SYNC = "errata-run";

/** `<errata-chart>`: one uPlot, drawn in the theme's colours, with correction stages shaded and alarms marked. */
export class ErrataChart extends HTMLElement {
  plot: Plot | null = null;
  /** Steps in all, and whether there are more to come. */
  steps = 0;
  alive = false;
  points: RunPoint[] = [];
  alarms: RunAlarmView[] = [];
  private chart: uPlot | null = null;
  private drawn: RunPoint[] | null = null;
  private drawnSteps = -1;
  private drawnAlive = false;
  private drawnAlarms: RunAlarmView[] | null = null;
  private readonly resize = new ResizeObserver(() => this.fit());
  private readonly theme = new MutationObserver(() => this.rebuild());

  connectedCallback(): void {
    this.resize.observe(this);
    this.theme.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.rebuild();
  }
  disconnectedCallback(): void {
    this.resize.disconnect();
    this.theme.disconnect();
    this.chart?.destroy();
    this.chart = null;
  }

  /** Called after its properties were set. */
  update(): void {
    if (!this.chart) this.rebuild();
    else if (
      this.drawn !== this.points ||
      this.drawnSteps !== this.steps ||
      this.drawnAlarms !== this.alarms ||
      this.drawnAlive !== this.alive
    ) {
      this.remember();
      this.chart.setData(this.data());
    }
  }

  private fit(): void {
    if (this.chart && this.clientWidth > 0 && this.clientWidth !== this.chart.width) {
      this.chart.setSize({ width: this.clientWidth, height: HEIGHT });
    } else if (!this.chart) this.rebuild();
  }

  private rebuild(): void {
    this.chart?.destroy();
    this.chart = null;
    if (!this.plot || !this.isConnected || this.clientWidth === 0) return;
    this.chart = new uPlot(this.options(this.plot), this.data(), this);
    this.remember();
  }

  private remember(): void {
    this.drawn = this.points;
    this.drawnSteps = this.steps;
    this.drawnAlarms = this.alarms;
    this.drawnAlive = this.alive;
  }

  private data(): uPlot.AlignedData {
    const lines = this.plot?.lines ?? [];
    return [
      this.points.map((p) => p.step),
      ...lines.map((line) => this.points.map((p) => line.of(p) ?? null)),
    ];
  }

  private options(plot: Plot): uPlot.Options {
    const quiet = this.colour("--quiet");
    const grid = this.colour("--grid");
    const font = `10px ${getComputedStyle(document.body).fontFamily}`;
    const fixed = plot.range;
    return {
      width: this.clientWidth,
      height: HEIGHT,
      padding: [8, plot.lines.some((l) => l.right) ? 0 : 12, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC }, drag: { setScale: false, x: false, y: false }, points: { size: 6 } },
      scales: {
        x: { time: false, range: () => [0, this.width()] },
        y: fixed ? { range: fixed } : { range: roomy },
        right: { range: roomy },
      },
      axes: [
        axis({ stroke: quiet, font, size: 20, space: 60, grid: { show: false } }),
        axis({
          stroke: quiet,
          font,
          size: 34,
          space: 36,
          grid: { stroke: grid, width: 1 },
          values: (_u, splits) => splits.map(tick),
        }),
        ...(plot.lines.some((l) => l.right)
          ? [
              axis({
                scale: "right",
                side: 1,
                stroke: quiet,
                font,
                size: 34,
                space: 36,
                grid: { show: false },
                values: (_u, splits) => splits.map(tick),
              }),
            ]
          : []),
      ],
      series: [{}, ...plot.lines.map((line) => this.series(line))],
      hooks: {
        drawClear: [(u) => this.shade(u)],
        draw: [(u) => this.mark(u)],
        setCursor: [(u) => this.hover(u)],
      },
    };
  }

  private series(line: Line): uPlot.Series {
    return {
      label: line.name,
      scale: line.right ? "right" : "y",
      stroke: this.colour(`--plot-${line.colour}`),
      width: 1.6,
      spanGaps: true,
      // A line needs two points; before that, a dot says that there is something.
      points: { show: (u, series) => measured(u.data[series]) < 3, size: 5 },
      ...(line.dashed ? { dash: [4, 3] } : {}),
    };
  }

  /**
   * Steps on the x axis: room that doubles as a living run needs it, so that the first curves are not a sliver at
   * the left of a long run; exactly what was measured when it has ended.
   */
  private width(): number {
    const last = this.points.at(-1)?.step ?? 0;
    if (!this.alive) return Math.max(1, last);
    let room = 20;
    while (room < last * 1.1) room *= 2;
    return Math.max(1, last, Math.min(room, this.steps || room));
  }

  /** Bands behind the correction stages. */
  private shade(u: uPlot): void {
    u.ctx.save();
    u.ctx.fillStyle = this.colour("--band");
    const half = 0.5;
    let from: number | null = null;
    const close = (to: number): void => {
      if (from === null) return;
      const left = Math.max(u.bbox.left, u.valToPos(from - half, "x", true));
      const right = Math.min(u.bbox.left + u.bbox.width, u.valToPos(to + half, "x", true));
      u.ctx.fillRect(left, u.bbox.top, Math.max(1, right - left), u.bbox.height);
      from = null;
    };
    let before = 0;
    for (const point of this.points) {
      if (point.stage === "correction") from ??= point.step;
      else close(before);
      before = point.step;
    }
    close(before);
    u.ctx.restore();
  }

  private mark(u: uPlot): void {
    u.ctx.save();
    u.ctx.fillStyle = this.colour("--plot-warn");
    for (const alarm of this.alarms) {
      if (!this.plot?.alarms?.includes(alarm.kind)) continue;
      const x = u.valToPos(alarm.step, "x", true);
      u.ctx.beginPath();
      u.ctx.arc(x, u.bbox.top + 5 * devicePixelRatio, 3.5 * devicePixelRatio, 0, 2 * Math.PI);
      u.ctx.fill();
    }
    u.ctx.restore();
  }

  private hover(u: uPlot): void {
    const index = u.cursor.idx;
    const point = typeof index === "number" ? this.points[index] : undefined;
    this.dispatchEvent(new CustomEvent("hover", { detail: point ?? null }));
  }

  /** Canvas cannot read `var()`: the colour that a role has right now. */
  private colour(name: string): string {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    this.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }
}
customElements.define("errata-chart", ErrataChart);

function measured(values: ArrayLike<number | null | undefined> | undefined): number {
  let n = 0;
  for (let i = 0; i < (values?.length ?? 0); i++) if (values?.[i] != null) n++;
  return n;
}

function axis(options: uPlot.Axis): uPlot.Axis {
  return { ticks: { show: false }, gap: 4, ...options };
}

/** Some air around the curve; a flat one lies in the middle, figures that are never negative start at zero. */
function roomy(_u: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const bottom = low >= 0 ? 0 : low * 1.1;
  return [bottom, high > bottom ? bottom + (high - bottom) * 1.12 : bottom + 1];
}

function tick(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) < 0.001) return value.toExponential(0);
  return String(Number(value.toPrecision(3))).replace(/^(-?)0\./, "$1.");
}
