import { large, whole } from "../../protocol/figures.js";
import type { Axis } from "../../protocol/run-curve.js";

/** From values to a place on the paper. */
export interface Scale {
  ticks: number[];
  min: number;
  max: number;
  /** Pixel of a value; null where it has none (zero and below on a logarithmic scale). */
  at(value: number): number | null;
}

export const AXIS_WORDS: Readonly<Record<Axis, string>> = {
  step: "step",
  tokens: "generated tokens",
  time: "time of work (h:mm)",
};

export function axisText(value: number, axis: Axis): string {
  if (axis === "step" && value < 1e6) return whole(value);
  if (axis !== "time") return large(value);
  const minutes = Math.floor(value / 60);
  const seconds = Math.round(value % 60);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}${seconds ? `:${two(seconds)}` : ""}`;
}

/** As papers write them, with the leading zero. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size >= 10_000) return large(value);
  if (value !== 0 && size < 0.001) return value.toExponential(0).replaceAll("-", "−");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/** A scale for `values` over the pixels from `start` to `end`; `fixed` overrides what the values span. */
export function scale(
  values: readonly (number | null)[],
  fixed: readonly [number, number] | null,
  log: boolean,
  [start, end]: readonly [number, number],
): Scale {
  const [low, high] = fixed ?? spanned(values, log);
  const move = log ? Math.log10 : (v: number) => v;
  const [a, b] = [move(low), move(high)];
  return {
    min: low,
    max: high,
    ticks: log ? logTicks(low, high) : linearTicks(low, high, 5),
    at: (value) => (log && value <= 0 ? null : start + ((move(value) - a) / (b - a)) * (end - start)),
  };
}

/** What the values span, with some air; figures that are never negative start at zero. */
function spanned(values: readonly (number | null)[], log: boolean): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === null || (log && value <= 0)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return log ? [0.1, 1] : [0, 1];
  if (log)
    return [
      10 ** Math.floor(Math.log10(low)),
      10 ** Math.max(Math.ceil(Math.log10(high)), Math.floor(Math.log10(low)) + 1),
    ];
  const bottom = low >= 0 ? 0 : low - (high - low) * 0.06;
  const top = high <= 0 ? 0 : high + (high - bottom) * 0.06;
  return top > bottom ? [bottom, top] : [bottom, bottom + 1];
}

/** About `count` round values from `min` to `max`. */
export function linearTicks(min: number, max: number, count: number): number[] {
  const raw = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((m) => m * power >= raw * 0.999) ?? 10) * power;
  const out: number[] = [];
  for (let v = Math.ceil(min / step - 1e-9) * step; v <= max + step * 1e-9; v += step) {
    out.push(Number(v.toPrecision(12)));
  }
  return out;
}

function logTicks(min: number, max: number): number[] {
  const [a, b] = [Math.round(Math.log10(min)), Math.round(Math.log10(max))];
  const every = Math.max(1, Math.ceil((b - a) / 6));
  return Array.from({ length: Math.floor((b - a) / every) + 1 }, (_, i) => 10 ** (a + i * every));
}
