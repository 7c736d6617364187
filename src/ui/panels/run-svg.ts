import { alarmWords } from "../../protocol/run-alarms.js";
import { bandsOf, downsample, type RunPoint, within, xAtStep, xOf } from "../../protocol/run-curve.js";
import type { PlotView } from "../../protocol/run-panel.js";
import { type Line, measuredLines, type Plot, smoothLine } from "../../protocol/run-plots.js";
import type { ExportedRun } from "./run-csv.js";
import { AXIS_WORDS, axisText, linearTicks, type Scale, scale, tickText } from "./svg-scale.js";

const WIDTH = 720;
/** The plot with its axes; the legend comes below. */
const HEIGHT = 380;
const LEFT = 62;
const TOP = 40;
const BOTTOM = 50;
const LEGEND_ROW = 18;
const LEGEND_COLUMNS = 3;
/** Told apart by colour-blind readers and in print (Okabe and Ito). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const DASHES = ["", "6 4", "2 3", "8 3 2 3"];
/** More points are not told apart at this size. */
const MOST = 1500;

interface Drawn {
  label: string;
  line: Line;
  colour: string;
  dash: string;
  width: number;
  x: number[];
  raw: (number | null)[];
  y: (number | null)[];
}
interface Paper {
  view: PlotView;
  right: number;
  x: Scale;
  left: Scale;
  /** Null when no line has the right scale. */
  other: Scale | null;
}

/** One plot as an SVG for papers: light, with axes and a legend; the runs, the range and the smoothing of the view. */
export function svg(plot: Plot, runs: readonly ExportedRun[], view: PlotView): string {
  const shown = runs.map(({ name, data }) => {
    const points = within(data.points, view.zoom, view.axis).filter((p) => xOf(p, view.axis) !== undefined);
    return { name, data, points: downsample(points, MOST).points, bands: bandsOf(points) ?? [] };
  });
  const lines = measuredLines(
    plot,
    shown.map(({ points }) => points),
  );
  const drawn = shown.flatMap(({ name, points }, run) =>
    lines
      .map((line, i) => draw(line, i, points, name, run, shown.length > 1, lines.length > 1, view))
      .filter(({ raw }) => raw.some((value) => value !== null)),
  );
  const twice = lines.some((line) => line.right) && lines.some((line) => !line.right);
  const right = WIDTH - (twice ? 62 : 20);
  const ys: [number, number] = [HEIGHT - BOTTOM, TOP];
  const of = (side: boolean): (number | null)[] =>
    drawn.filter(({ line }) => !twice || Boolean(line.right) === side).flatMap(({ y }) => y);
  const paper: Paper = {
    view,
    right,
    x: across(
      drawn.flatMap(({ x }) => x),
      view,
      right,
    ),
    left: scale(of(false), view.log ? null : (plot.range ?? null), view.log, ys),
    other: twice ? scale(of(true), null, view.log, ys) : null,
  };
  const [first] = shown;
  const height = HEIGHT + 6 + LEGEND_ROW * Math.ceil(drawn.length / LEGEND_COLUMNS);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="12" fill="#222222">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<clipPath id="box"><rect x="${LEFT}" y="${TOP - 1}" width="${right - LEFT}" height="${HEIGHT - TOP - BOTTOM + 2}"/></clipPath>`,
    `<text x="${LEFT}" y="22" font-size="15" font-weight="600">${escaped(plot.title)}</text>`,
    text(right, 22, plot.sub, "end"),
    ...(first ? bands(first.points, first.bands, paper) : []),
    ...frame(paper),
    `<g clip-path="url(#box)" fill="none" stroke-linejoin="round">`,
    ...drawn.flatMap((one) => curve(one, paper, twice)),
    "</g>",
    ...(first ? alarms(plot, first.data.someAlarms(), first.points, paper) : []),
    ...drawn.flatMap((one, i) => legend(one, i, right, twice)),
    "</svg>\n",
  ].join("\n");
}

function draw(
  line: Line,
  index: number,
  points: RunPoint[],
  name: string,
  run: number,
  manyRuns: boolean,
  manyLines: boolean,
  view: PlotView,
): Drawn {
  const raw = points.map((p) => line.of(p) ?? null);
  const pattern = manyRuns ? index : line.dashed ? 1 : 0;
  return {
    label: !manyRuns ? line.name : manyLines ? `${name}: ${line.name}` : name,
    line,
    colour: COLOURS[(manyRuns ? run : index) % COLOURS.length] ?? "#000000",
    dash: DASHES[pattern % DASHES.length] ?? "",
    width: run === 0 ? 1.8 : 1.2,
    x: points.map((p) => xOf(p, view.axis) ?? 0),
    raw,
    y: smoothLine(line, points, raw, view.smoothing),
  };
}

function across(xs: readonly number[], view: PlotView, right: number): Scale {
  const low = view.zoom?.from ?? 0;
  const high = view.zoom?.to ?? xs.reduce((a, b) => Math.max(a, b), 1);
  return { ...scale([], [low, high], false, [LEFT, right]), ticks: linearTicks(low, high, 7) };
}

function bands(points: RunPoint[], found: readonly (readonly [number, number])[], paper: Paper): string[] {
  const { x, view } = paper;
  return found.flatMap(([from, to]) => {
    const a = xAtStep(points, from - 0.5, view.axis);
    const b = xAtStep(points, to + 0.5, view.axis);
    if (a === undefined || b === undefined) return [];
    const [left, right] = [clamped(x, a), clamped(x, b)];
    if (right <= left) return [];
    return [
      `<rect x="${n(left)}" y="${TOP}" width="${n(right - left)}" height="${HEIGHT - TOP - BOTTOM}" fill="#eaf2fb"/>`,
    ];
  });
}

const clamped = (x: Scale, value: number): number => x.at(Math.max(x.min, Math.min(x.max, value))) ?? LEFT;

function frame({ x, left, other, right, view }: Paper): string[] {
  const base = HEIGHT - BOTTOM;
  return [
    ...left.ticks.flatMap((tick) => {
      const y = left.at(tick) ?? base;
      return [
        `<line x1="${LEFT}" x2="${right}" y1="${n(y)}" y2="${n(y)}" stroke="#e4e4e4"/>`,
        text(LEFT - 8, y + 4, tickText(tick), "end"),
      ];
    }),
    ...(other?.ticks ?? []).map((tick) =>
      text(right + 8, (other?.at(tick) ?? base) + 4, tickText(tick), "start"),
    ),
    ...x.ticks.flatMap((tick) => {
      const at = x.at(tick) ?? LEFT;
      return [
        `<line x1="${n(at)}" x2="${n(at)}" y1="${base}" y2="${base + 4}" stroke="#444444"/>`,
        text(at, base + 18, axisText(tick, view.axis), "middle"),
      ];
    }),
    `<path d="M${LEFT} ${TOP}V${base}H${right}" fill="none" stroke="#444444"/>`,
    text((LEFT + right) / 2, base + 36, AXIS_WORDS[view.axis], "middle"),
  ];
}

function curve(one: Drawn, { x, left, other, view }: Paper, twice: boolean): string[] {
  const y = twice && one.line.right && other ? other : left;
  const path = (values: readonly (number | null)[], opacity: number): string => {
    const places = values.flatMap((value, i) => {
      const at = value === null ? null : y.at(value);
      return at === null ? [] : [`${n(x.at(one.x[i] ?? 0) ?? 0)} ${n(at)}`];
    });
    const d = places.length === 1 ? `M${places[0]}h0.01` : `M${places.join("L")}`;
    return `<path d="${places.length === 0 ? "" : d}" stroke="${one.colour}" stroke-width="${one.width}"${opacity < 1 ? ` opacity="${opacity}"` : dashed(one)} stroke-linecap="round"/>`;
  };
  return view.smoothing > 0 ? [path(one.raw, 0.22), path(one.y, 1)] : [path(one.y, 1)];
}

function alarms(
  plot: Plot,
  all: readonly { step: number; kind: string; message: string }[],
  points: RunPoint[],
  { x, view }: Paper,
): string[] {
  return all.flatMap((alarm) => {
    if (!plot.alarms?.includes(alarm.kind)) return [];
    const at = xAtStep(points, alarm.step, view.axis);
    if (at === undefined || at < x.min || at > x.max) return [];
    const words = `${alarmWords(alarm.kind).name}, step ${alarm.step}: ${alarm.message}`;
    return [
      `<circle cx="${n(x.at(at) ?? 0)}" cy="${TOP + 6}" r="4" fill="#e69f00"><title>${escaped(words)}</title></circle>`,
    ];
  });
}

function legend(one: Drawn, index: number, right: number, twice: boolean): string[] {
  const x = LEFT + (index % LEGEND_COLUMNS) * ((right - LEFT) / LEGEND_COLUMNS);
  const y = HEIGHT - 2 + LEGEND_ROW * Math.floor(index / LEGEND_COLUMNS);
  const words = twice && one.line.right ? `${one.label} (right)` : one.label;
  return [
    `<line x1="${n(x)}" x2="${n(x + 22)}" y1="${y}" y2="${y}" stroke="${one.colour}" stroke-width="${one.width}"${dashed(one)}/>`,
    text(x + 28, y + 4, words.length > 32 ? `${words.slice(0, 31)}…` : words, "start"),
  ];
}

const dashed = ({ dash }: Drawn): string => (dash ? ` stroke-dasharray="${dash}"` : "");
const n = (value: number): string => String(Number(value.toFixed(1)));

function text(x: number, y: number, words: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

/** Names and messages come from files: none may become markup; what XML cannot hold is left out. */
function escaped(words: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 allows no control characters but these three
  const allowed = words.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
  return allowed.replace(
    /[&<>"]/g,
    (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? c,
  );
}
