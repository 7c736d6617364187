import { type Axis, type Curve, firstAt, type RunPoint, xOf } from "../../src/protocol/run-curve.js";
import type { OtherRun, RunAlarmView, RunHead } from "../../src/protocol/run-panel.js";

/** A run whose curves are drawn; the panel's own is the first. */
export interface ShownRun {
  id: string;
  name: string;
  /** Place in the palette. */
  colour: number;
  curve: Curve;
  /** The zoomed range in full, once the host has sent it. */
  detail: Curve | null;
}

/** What all plots of the panel have in common. */
export interface Scene {
  runs: ShownRun[];
  alarms: RunAlarmView[];
  axis: Axis;
  smoothing: number;
  zoom: { from: number; to: number } | null;
  /** Steps in all, and whether there are more to come. */
  steps: number;
  alive: boolean;
}

/** What a person does on a plot. */
export interface PlotActions {
  /** `keyboard`: it is to be read out. Null: the pointer left. */
  hover(x: number | null, keyboard?: boolean): void;
  zoom(range: Scene["zoom"]): void;
  /** Opens the rollouts of a step. */
  pick(step: number): void;
  toggleTable(plot: string): void;
  toggleLog(plot: string): void;
  save(plot: string): void;
}

export const PALETTE = 6;

export const curveOfRun = (run: ShownRun): Curve => run.detail ?? run.curve;
export const pointsOf = (run: ShownRun): RunPoint[] => curveOfRun(run).points;

export function own(head: RunHead, curve: Curve): ShownRun {
  return { id: head.id, name: head.name, colour: 0, curve, detail: null };
}

/** The other runs as drawn: a run that is shown already keeps its colour, a new one takes the first that is free. */
export function withColours(others: readonly OtherRun[], before: readonly ShownRun[]): ShownRun[] {
  const kept = new Map(before.map((run) => [run.id, run.colour]));
  const taken = new Set([0, ...others.flatMap(({ id }) => kept.get(id) ?? [])]);
  return others.map(({ id, name, curve }) => {
    let colour = kept.get(id) ?? 1;
    if (!kept.has(id)) {
      while (taken.has(colour) && colour < PALETTE) colour++;
      colour %= PALETTE;
    }
    taken.add(colour);
    return { id, name, colour, curve, detail: null };
  });
}

/** Index of the last point at or before `x`; -1 when there is none. */
export function indexAt(points: readonly RunPoint[], x: number, axis: Axis): number {
  return firstAt(points, (p) => (xOf(p, axis) ?? 0) > x) - 1;
}

/** The point nearest to `x`. */
export function nearest(points: readonly RunPoint[], x: number, axis: Axis): RunPoint | undefined {
  const before = indexAt(points, x, axis);
  const [a, b] = [points[before], points[before + 1]];
  if (!a || !b) return a ?? b;
  return x - (xOf(a, axis) ?? 0) <= (xOf(b, axis) ?? 0) - x ? a : b;
}
