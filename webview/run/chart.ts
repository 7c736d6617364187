import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Plot } from "../../src/protocol/run-plots.js";
import { acrossOf, type ChartData, chartData, shapeOf } from "./chart-data.js";
import { chartKey } from "./chart-keys.js";
import { chartOptions, HEIGHT } from "./chart-options.js";
import { type Mark, markButton, marksOf, shade, tip } from "./chart-overlay.js";
import { nearest, type PlotActions, pointsOf, type Scene } from "./shown.js";

/** A click may be the first of two: two take the zoom back. */
const DOUBLE_MS = 240;

/** `<errata-chart>`: one uPlot, drawn in the theme's colours, with correction stages shaded and alarms marked. */
export class ErrataChart extends HTMLElement {
  plot: Plot | null = null;
  scene: Scene | null = null;
  log = false;
  act: PlotActions | null = null;
  private chart: uPlot | null = null;
  private made: ChartData | null = null;
  private shape = "";
  private drawn: { scene: Scene | null; log: boolean } = { scene: null, log: false };
  private readonly colours = new Map<string, string>();
  private clicked: number | undefined;
  private pressed: { x: number; y: number } | null = null;
  /** Within or close to the screen: plots that nobody sees are drawn when they come near. */
  private near = false;
  private readonly sight = new IntersectionObserver(
    (entries) => {
      this.near = entries.at(-1)?.isIntersecting ?? false;
      if (this.near) this.update();
    },
    { rootMargin: "200px 0px" },
  );
  private readonly resize = new ResizeObserver(() => this.fit());
  private readonly theme = new MutationObserver(() => this.rebuild());

  connectedCallback(): void {
    this.tabIndex = 0;
    this.sight.observe(this);
    this.resize.observe(this);
    this.theme.observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.addEventListener("keydown", this.onKey);
    this.addEventListener("blur", this.onBlur);
  }
  disconnectedCallback(): void {
    this.sight.disconnect();
    this.near = false;
    this.resize.disconnect();
    this.theme.disconnect();
    this.removeEventListener("keydown", this.onKey);
    this.removeEventListener("blur", this.onBlur);
    clearTimeout(this.clicked);
    this.chart?.destroy();
    this.chart = null;
  }

  /** Called after its properties were set. */
  update(): void {
    if (!this.near) return;
    if (!this.chart) this.rebuild();
    else if (this.drawn.scene !== this.scene || this.drawn.log !== this.log) {
      const made = this.make();
      if (!made) return;
      if (shapeOf(made.drawn, this.axis, this.log) !== this.shape) this.rebuild();
      else {
        this.made = made;
        this.drawn = { scene: this.scene, log: this.log };
        this.chart.setData(made.data);
      }
    }
  }

  private get axis(): Scene["axis"] {
    return this.scene?.axis ?? "step";
  }

  private make(): ChartData | null {
    return this.plot && this.scene ? chartData(this.plot, this.scene, this.log) : null;
  }

  private fit(): void {
    if (this.chart && this.clientWidth > 0 && this.clientWidth !== this.chart.width) {
      this.chart.setSize({ width: this.clientWidth, height: HEIGHT });
    } else if (!this.chart) this.rebuild();
  }

  private rebuild(): void {
    this.chart?.destroy();
    this.chart = null;
    this.colours.clear();
    if (!this.plot || !this.scene || !this.near || this.clientWidth === 0) return;
    this.made = this.make();
    if (!this.made) return;
    this.shape = shapeOf(this.made.drawn, this.axis, this.log);
    this.drawn = { scene: this.scene, log: this.log };
    const look = {
      colour: (name: string) => this.colour(name),
      width: this.clientWidth,
      axis: this.axis,
      log: this.log,
      across: (): [number, number] => (this.scene ? acrossOf(this.scene) : [0, 1]),
      hooks: {
        drawClear: [(u: uPlot) => this.scene && shade(u, this.scene, this.colour("--band"))],
        draw: [(u: uPlot) => this.mark(u)],
        setCursor: [(u: uPlot) => this.hover(u)],
        setSelect: [(u: uPlot) => this.select(u)],
      },
    };
    this.chart = new uPlot(chartOptions(this.plot, this.made, look), this.made.data, this);
    this.listen(this.chart);
  }

  /** A click opens the rollouts of its step; a drag zooms, a double click takes the zoom back. */
  private listen({ over }: uPlot): void {
    over.addEventListener("mousedown", ({ clientX, clientY }) => {
      this.pressed = { x: clientX, y: clientY };
    });
    over.addEventListener("click", ({ clientX, clientY, detail }) => {
      const from = this.pressed;
      if (!from || detail > 1 || Math.hypot(clientX - from.x, clientY - from.y) > 3) return;
      const x = this.chart?.posToVal(clientX - over.getBoundingClientRect().left, "x");
      clearTimeout(this.clicked);
      this.clicked = window.setTimeout(() => x !== undefined && this.pick(x), DOUBLE_MS);
    });
    over.addEventListener("dblclick", () => {
      clearTimeout(this.clicked);
      this.act?.zoom(null);
    });
    over.addEventListener("mouseleave", () => this.act?.hover(null));
  }

  private pick(x: number): void {
    const [run] = this.scene?.runs ?? [];
    const point = run && nearest(pointsOf(run), x, this.axis);
    if (point) this.act?.pick(point.step);
  }

  private select(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 4) return;
    const [from, to] = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.act?.zoom({ from: Math.max(0, from), to });
  }

  /** Only the plot under the pointer says where it is; the others follow through uPlot. */
  private hover(u: uPlot): void {
    const { left } = u.cursor;
    if (!u.over.matches(":hover") || left === undefined || left < 0) return;
    this.act?.hover(u.posToVal(left, "x"));
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    if (!this.chart || !this.scene || !this.act || event.target !== this) return;
    if (!chartKey(event, this.chart, this.scene, this.act)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  private readonly onBlur = (): void => {
    this.chart?.setCursor({ left: -10, top: -10 });
    this.act?.hover(null);
  };

  private mark(u: uPlot): void {
    const { scene, plot } = this;
    const kept =
      document.activeElement instanceof HTMLElement ? document.activeElement.dataset.mark : undefined;
    for (const old of u.over.querySelectorAll(".mark")) old.remove();
    if (!scene || !plot?.alarms) return;
    const kinds = plot.alarms;
    for (const mark of marksOf(u, scene, kinds)) {
      const row = kinds.filter((kind) => scene.alarms.some((a) => a.kind === kind)).indexOf(mark.kind);
      const button = markButton(mark, row, {
        tell: (one) => this.tell(u, one),
        open: () => this.act?.pick(mark.last.step),
      });
      button.dataset.mark = `${plot.id}/${mark.kind}/${mark.step}`;
      u.over.append(button);
      // A living run draws again while somebody reads.
      if (button.dataset.mark === kept) button.focus();
    }
  }

  private tell(u: uPlot, mark: Mark | null): void {
    this.querySelector(".tip")?.remove();
    if (mark) u.over.append(tip(mark, u.over.clientWidth));
  }

  /** Canvas cannot read `var()`: the colour that a role has right now. */
  private colour(name: string): string {
    const known = this.colours.get(name);
    if (known !== undefined) return known;
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    this.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    this.colours.set(name, color);
    return color;
  }
}
customElements.define("errata-chart", ErrataChart);
