/** The points of a run's curves: their place on the x axis, fewer of them for a screen, and their smoothing. */
import type { RunMetrics, Stage } from "./events.js";
import { SHADED } from "./run-words.js";

/** One step's metrics; a mean over neighbours of the same stage where a curve's `averaged` says so. */
export interface RunPoint extends RunMetrics {
  /** Seconds of work since the run began; the pauses between Stop and Resume do not count. */
  elapsed: number;
}

/** First and last step of a stretch of shaded stages. */
export type Band = readonly [from: number, to: number];

export interface Curve {
  points: RunPoint[];
  /** Steps per point: 1 unless the curve is very long. */
  averaged: number;
  /** Stretches of shaded stages; null where they are too many to be told apart. */
  bands: Band[] | null;
}

export const AXES = ["step", "tokens", "time"] as const;
export type Axis = (typeof AXES)[number];

/** A stretch of the x axis, in its unit: steps, generated tokens, or seconds of work. */
export interface Range {
  from: number;
  to: number;
}

/** More points than this are not told apart on a plot; zooming in brings the others back. */
export const MOST_POINTS = 2000;
/** Narrower than about two pixels, bands are one grey. */
const MOST_BANDS = 200;

export function curveOf(points: RunPoint[], most = MOST_POINTS): Curve {
  return { ...downsample(points, most), bands: bandsOf(points) };
}

/** What a curve becomes when its run goes on. */
export function extended(curve: Curve, more: RunPoint[], most = MOST_POINTS): Curve {
  const points = [...curve.points, ...more];
  const bands = curve.bands && bandsOf(more, curve.bands);
  if (points.length <= 1.2 * most) return { points, averaged: curve.averaged, bands };
  const fewer = downsample(points, most);
  return { points: fewer.points, averaged: curve.averaged * fewer.averaged, bands };
}

/** Undefined where the run does not measure that axis: supervised training generates no tokens. */
export function xOf(point: RunPoint, axis: Axis): number | undefined {
  return axis === "step" ? point.step : axis === "tokens" ? point.tokens : point.elapsed;
}

/** Where a step lies on the axis, between its neighbours when it is not a point of the curve itself. */
export function xAtStep(points: readonly RunPoint[], step: number, axis: Axis): number | undefined {
  if (axis === "step") return step;
  const after = firstAt(points, (p) => p.step >= step);
  const b = points[after];
  const a = points[after - 1];
  const xb = b && xOf(b, axis);
  const xa = a && xOf(a, axis);
  if (!a || xa === undefined) return xb;
  if (!b || xb === undefined) return xa;
  return xa + ((xb - xa) * (step - a.step)) / (b.step - a.step);
}

/** Index of the first point of which `is` holds (it holds of all later ones too); the length when of none. */
export function firstAt(points: readonly RunPoint[], is: (point: RunPoint) => boolean): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const point = points[middle];
    if (point && is(point)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The points of a range, and one more at each side so that lines leave the plot at its edges. */
export function within(points: RunPoint[], range: Range | null, axis: Axis): RunPoint[] {
  if (!range) return points;
  const first = firstAt(points, (p) => (xOf(p, axis) ?? 0) >= range.from);
  const last = firstAt(points, (p) => (xOf(p, axis) ?? 0) > range.to);
  return points.slice(Math.max(0, first - 1), last + 1);
}

/**
 * At most `most` points: in each stretch of neighbours, those of one stage become their mean, field by field, at the
 * last one's step. Stages that alternate at every step keep a curve each. `averaged` is the stretch's steps.
 */
export function downsample(points: RunPoint[], most = MOST_POINTS): { points: RunPoint[]; averaged: number } {
  if (points.length <= most) return { points, averaged: 1 };
  const stages = new Set(points.map((p) => p.stage)).size;
  const size = Math.ceil(points.length / Math.max(1, Math.floor(most / stages)));
  const out: RunPoint[] = [];
  for (let start = 0; start < points.length; start += size) {
    const groups = new Map<Stage, RunPoint[]>();
    for (const point of points.slice(start, start + size)) {
      const group = groups.get(point.stage);
      if (group) group.push(point);
      else groups.set(point.stage, [point]);
    }
    out.push(...[...groups.values()].map(meanOf).sort((a, b) => a.step - b.step));
  }
  return { points: out, averaged: size };
}

/** Mean of every measured field; step, tokens and time are the last one's. The group has at least one point. */
function meanOf(group: RunPoint[]): RunPoint {
  const last = group.at(-1) as RunPoint;
  const sums = new Map<string, { sum: number; n: number }>();
  for (const point of group as unknown as Record<string, unknown>[]) {
    for (const field in point) {
      const value = point[field];
      if (typeof value !== "number") continue;
      const so = sums.get(field);
      if (so) {
        so.sum += value;
        so.n++;
      } else sums.set(field, { sum: value, n: 1 });
    }
  }
  const mean: Record<string, unknown> = {};
  // Five digits that count are more than a plot shows, and half of what a message would weigh.
  for (const [field, { sum, n }] of sums) mean[field] = Number((sum / n).toPrecision(5));
  const { type, time, step, stage, elapsed, tokens } = last;
  Object.assign(mean, { type, time, step, stage, elapsed }, tokens === undefined ? {} : { tokens });
  return mean as unknown as RunPoint;
}

/** Stretches of shaded stages, after those found `before`; null when they are too many. */
export function bandsOf(points: readonly RunPoint[], before: readonly Band[] = []): Band[] | null {
  const bands = [...before];
  let open = false;
  for (const { step, stage } of points) {
    const shaded = SHADED.has(stage);
    const last = bands.at(-1);
    // The first point may go on with what was found before.
    if (shaded && last && (open || last[1] === step - 1)) {
      bands[bands.length - 1] = [last[0], step];
    } else if (shaded) bands.push([step, step]);
    if (bands.length > MOST_BANDS) return null;
    open = shaded;
  }
  return bands;
}

/**
 * Exponential moving average with its start corrected (as in Adam), so that the first values are not drawn towards
 * zero. `weight` in [0, 1): 0 leaves the values alone. What was not measured stays so. Each stage has a mean of its own:
 * one over stages that alternate would be of neither.
 */
export function smooth(
  values: readonly (number | null)[],
  weight: number,
  stages: readonly Stage[] = [],
): (number | null)[] {
  if (weight <= 0) return [...values];
  const means = new Map<Stage | undefined, { sum: number; norm: number }>();
  return values.map((value, i) => {
    if (value === null) return null;
    const before = means.get(stages[i]) ?? { sum: 0, norm: 0 };
    const sum = weight * before.sum + (1 - weight) * value;
    const norm = weight * before.norm + (1 - weight);
    means.set(stages[i], { sum, norm });
    return sum / norm;
  });
}
