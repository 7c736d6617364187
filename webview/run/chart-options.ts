import type uPlot from "uplot";
import { large, whole } from "../../src/protocol/figures.js";
import type { Axis } from "../../src/protocol/run-curve.js";
import type { Plot } from "../../src/protocol/run-plots.js";
import type { ChartData, Drawn } from "./chart-data.js";

/** Height of a plot, axis included, in CSS pixels. */
export const HEIGHT = 158;
/** All plots of the panel share one cursor: a step is looked at everywhere at once. */
const SYNC = "errata-run";
/** What is synchronised: a drag that zooms is told by its own plot. */
const SHARED = new Set(["mousemove", "mouseleave"]);

/** There is no half step. */
const WHOLE = [0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));

export interface ChartLook {
  colour(name: string): string;
  width: number;
  axis: Axis;
  log: boolean;
  across(): [number, number];
  hooks: uPlot.Hooks.Arrays;
}

export function chartOptions(plot: Plot, { drawn }: ChartData, look: ChartLook): uPlot.Options {
  const quiet = look.colour("--quiet");
  const font = `10px ${getComputedStyle(document.body).fontFamily}`;
  // A figure of another size has its own scale only where both sizes are shown.
  const twice = drawn.some(({ line }) => line.right) && drawn.some(({ line }) => !line.right);
  const log = look.log ? ({ distr: 3, log: 10 } as const) : null;
  const y: uPlot.Axis = {
    stroke: quiet,
    font,
    size: 36,
    gap: 4,
    space: look.log ? 18 : 36,
    ticks: { show: false },
    values: (_u, splits) => splits.map((v) => (look.log ? power(v) : tick(v))),
  };
  return {
    width: look.width,
    height: HEIGHT,
    padding: [8, twice ? 0 : 12, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: SYNC, scales: ["x", null], filters: { pub: (type) => SHARED.has(type), sub: () => true } },
      drag: { setScale: false, x: true, y: false, dist: 4 },
      points: { size: (_u, i) => (drawn[i - 1]?.faint ? 0 : 6) },
      // The panel zooms all its plots together.
      bind: { dblclick: () => () => null },
    },
    scales: {
      x: { time: false, range: () => look.across() },
      y: log
        ? { ...log, range: decades }
        : plot.range && !looksRight(drawn)
          ? { range: plot.range }
          : { range: roomy },
      right: log ? { ...log, range: decades } : { range: roomy },
    },
    axes: [
      {
        stroke: quiet,
        font,
        gap: 4,
        size: 20,
        space: 60,
        grid: { show: false },
        ticks: { show: false },
        ...(look.axis === "step" ? { incrs: WHOLE } : {}),
        values: (_u, splits) => splits.map((v) => along(v, look.axis)),
      },
      { ...y, grid: { stroke: look.colour("--grid"), width: 1 } },
      ...(twice ? [{ ...y, scale: "right", side: 1 as const, grid: { show: false } }] : []),
    ],
    series: [{}, ...drawn.map((one) => series(one, drawn, twice, look))],
    hooks: look.hooks,
  };
}

const DASHES: Readonly<Record<number, number[]>> = { 1: [5, 3], 2: [2, 3], 3: [8, 3, 2, 3] };

function series(one: Drawn, all: readonly Drawn[], twice: boolean, look: ChartLook): uPlot.Series {
  const { run, line, index, faint } = one;
  const several = all.some((other) => other.run.id !== run.id);
  const first = all[0]?.run.id === run.id;
  const colour = look.colour(several ? `--run-${run.colour}` : `--plot-${line.colour}`);
  const dash = several ? DASHES[index] : line.dashed ? DASHES[1] : undefined;
  return {
    label: line.name,
    scale: line.right && twice ? "right" : "y",
    stroke: colour,
    alpha: faint ? 0.28 : 1,
    width: faint || (several && !first) ? 1.1 : 1.7,
    spanGaps: true,
    // A line needs two points; before that, a dot says that there is something.
    points: { show: (u, i) => !faint && fewerThan(3, u.data[i]), size: 5 },
    ...(dash && !faint ? { dash } : {}),
  };
}

function fewerThan(n: number, values: ArrayLike<number | null | undefined> | undefined): boolean {
  let found = 0;
  for (let i = 0; i < (values?.length ?? 0) && found < n; i++) if (values?.[i] != null) found++;
  return found < n;
}

const looksRight = (drawn: readonly Drawn[]): boolean => drawn.every(({ line }) => line.right);

/** Some air around the curve; a flat one lies in the middle, figures that are never negative start at zero. */
function roomy(_u: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (low >= 0) return [0, high > 0 ? high * 1.12 : 1];
  const air = 0.08 * (Math.max(high, 0) - low);
  return [low - air, high <= 0 && high > low * 0.5 ? 0 : high + air];
}

function decades(_u: uPlot, low: number | null, high: number | null): [number, number] {
  if (low === null || high === null || low <= 0) return [0.1, 1];
  const bottom = Math.floor(Math.log10(low));
  return [10 ** bottom, 10 ** Math.max(bottom + 1, Math.ceil(Math.log10(high)))];
}

function tick(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 10_000) return large(value);
  if (Math.abs(value) < 0.001) return value.toExponential(0).replaceAll("-", "−");
  return String(Number(value.toPrecision(3)))
    .replace(/^(-?)0\./, "$1.")
    .replace("-", "−");
}

/** On a logarithmic scale only the powers of ten are written. */
function power(value: number | null): string {
  if (value === null) return "";
  const exponent = Math.log10(value);
  return Math.abs(exponent - Math.round(exponent)) < 1e-9 ? tick(value) : "";
}

/** `1:20` are hours and minutes of work. */
export function along(value: number, axis: Axis): string {
  if (axis === "step" && value < 1e6) return whole(value);
  if (axis !== "time") return large(value);
  if (value < 60) return `${Math.round(value)} s`;
  const minutes = value / 60;
  if (minutes < 60) return `${Number(minutes.toFixed(1))} min`;
  return `${Math.floor(minutes / 60)}:${String(Math.round(minutes % 60)).padStart(2, "0")} h`;
}
