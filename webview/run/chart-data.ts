import uPlot from "uplot";
import { type Axis, xOf } from "../../src/protocol/run-curve.js";
import { type Line, measuredLines, type Plot, smoothLine } from "../../src/protocol/run-plots.js";
import { pointsOf, type Scene, type ShownRun } from "./shown.js";

/** One series of a chart: a line of a run, as measured or smoothed. */
export interface Drawn {
  run: ShownRun;
  line: Line;
  /** Its place among the plot's measured lines. */
  index: number;
  /** The raw values behind a smoothed line. */
  faint: boolean;
}
export interface ChartData {
  drawn: Drawn[];
  data: uPlot.AlignedData;
}

/** What uPlot draws: the runs' lines on one x axis, raw ones before the smoothed that are drawn over them. */
export function chartData(plot: Plot, scene: Scene, log: boolean): ChartData {
  const lines = linesOf(plot, scene);
  const drawn: Drawn[] = [];
  const tables = scene.runs.map((run): uPlot.AlignedData => {
    const points = pointsOf(run).filter((p) => xOf(p, scene.axis) !== undefined);
    const raw = lines.map((line) => points.map((p) => positive(line.of(p), log)));
    const columns: (number | null)[][] = [];
    const add = (values: (number | null)[][], faint: boolean): void => {
      values.forEach((column, index) => {
        const line = lines[index];
        if (!line) return;
        drawn.push({ run, line, index, faint });
        columns.push(column);
      });
    };
    if (scene.smoothing > 0) add(raw, true);
    const drawnAs = (line: Line | undefined, values: (number | null)[]) =>
      line ? smoothLine(line, points, values, scene.smoothing) : values;
    add(
      raw.map((values, i) => drawnAs(lines[i], values)),
      false,
    );
    return [points.map((p) => xOf(p, scene.axis) ?? 0), ...columns];
  });
  const [only] = tables;
  return { drawn, data: tables.length === 1 && only ? only : uPlot.join(tables) };
}

const found = new WeakMap<readonly ShownRun[], Map<string, Line[]>>();

/** Lines that one of the shown runs measures: asked for at every move of the cursor, looked for once. */
export function linesOf(plot: Plot, { runs }: Scene): Line[] {
  const known = found.get(runs) ?? new Map<string, Line[]>();
  found.set(runs, known);
  const lines =
    known.get(plot.id) ??
    measuredLines(
      plot,
      runs.map(({ curve }) => curve.points),
    );
  known.set(plot.id, lines);
  return lines;
}

/** What stays the same as long as a chart can be kept and given new data. */
export function shapeOf(drawn: readonly Drawn[], axis: Axis, log: boolean): string {
  const series = drawn.map(({ run, line, faint }) => [run.id, run.colour, line.name, faint]);
  return JSON.stringify([axis, log, series]);
}

/** Zero and below have no place on a logarithmic scale. */
function positive(value: number | undefined, log: boolean): number | null {
  if (value === undefined || (log && value <= 0)) return null;
  return value;
}

/** The x axis: the zoomed range, or room that doubles as a living run needs it, so that its start is no sliver. */
export function acrossOf(scene: Scene): [number, number] {
  if (scene.zoom) return [scene.zoom.from, scene.zoom.to];
  let last = 0;
  for (const { curve } of scene.runs) {
    const point = curve.points.at(-1);
    last = Math.max(last, (point && xOf(point, scene.axis)) ?? 0);
  }
  if (scene.axis !== "step" || !scene.alive) return [0, last || 1];
  let room = 20;
  while (room < last * 1.1) room *= 2;
  return [0, Math.max(1, last, Math.min(room, scene.steps || room))];
}
