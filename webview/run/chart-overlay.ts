import type uPlot from "uplot";
import { alarmWords } from "../../src/protocol/run-alarms.js";
import { xAtStep } from "../../src/protocol/run-curve.js";
import type { RunAlarmView } from "../../src/protocol/run-panel.js";
import { curveOfRun, pointsOf, type Scene } from "./shown.js";

/** Bands behind the shaded stages of the panel's own run. */
export function shade(u: uPlot, scene: Scene, colour: string): void {
  const [run] = scene.runs;
  const bands = run && curveOfRun(run).bands;
  if (!bands) return;
  const points = pointsOf(run);
  const place = (step: number): number | undefined => {
    const x = xAtStep(points, step, scene.axis);
    return x === undefined ? undefined : u.valToPos(x, "x", true);
  };
  const [low, high] = [u.bbox.left, u.bbox.left + u.bbox.width];
  u.ctx.save();
  u.ctx.fillStyle = colour;
  for (const [from, to] of bands) {
    const [a, b] = [place(from - 0.5), place(to + 0.5)];
    if (a === undefined || b === undefined || b < low || a > high) continue;
    const left = Math.max(low, a);
    u.ctx.fillRect(left, u.bbox.top, Math.max(1, Math.min(high, b) - left), u.bbox.height);
  }
  u.ctx.restore();
}

/** Alarms of one kind that lie so near that their marks would touch. */
export interface Mark {
  kind: string;
  /** The first of them. */
  step: number;
  last: RunAlarmView;
  times: number;
  left: number;
}
const MARK = 14;

/** The marks of a plot's alarms, in CSS pixels of the plotting area. */
export function marksOf(u: uPlot, scene: Scene, kinds: readonly string[]): Mark[] {
  const [run] = scene.runs;
  if (!run) return [];
  const points = pointsOf(run);
  const marks: Mark[] = [];
  const newest = new Map<string, Mark>();
  for (const alarm of scene.alarms) {
    if (!kinds.includes(alarm.kind)) continue;
    const x = xAtStep(points, alarm.step, scene.axis);
    const left = x === undefined ? -1 : u.valToPos(x, "x");
    if (left < 0 || left > u.over.clientWidth + 1) continue;
    const before = newest.get(alarm.kind);
    if (before && left - before.left < MARK) {
      before.last = alarm;
      before.times++;
      continue;
    }
    const mark: Mark = { kind: alarm.kind, step: alarm.step, last: alarm, times: 1, left };
    newest.set(alarm.kind, mark);
    marks.push(mark);
  }
  return marks;
}

/** One mark as a button over the curve: its words on hover and focus, the step's rollouts on a click. */
export function markButton(
  mark: Mark,
  row: number,
  on: { tell(mark: Mark | null): void; open(): void },
): HTMLElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "mark";
  button.style.left = `${mark.left}px`;
  button.style.top = `${row * MARK}px`;
  button.setAttribute("aria-label", `${sentence(mark)} Opens the rollouts of step ${mark.last.step}.`);
  const icon = document.createElement("span");
  icon.className = "codicon codicon-warning";
  icon.setAttribute("aria-hidden", "true");
  button.append(icon);
  // The plot under it must not take the press for the start of a zoom.
  for (const type of ["mousedown", "mouseup", "click", "dblclick", "keydown"]) {
    button.addEventListener(type, (event) => event.stopPropagation());
  }
  button.addEventListener("click", on.open);
  for (const type of ["mouseenter", "focus"]) button.addEventListener(type, () => on.tell(mark));
  for (const type of ["mouseleave", "blur"]) button.addEventListener(type, () => on.tell(null));
  return button;
}

/** What a mark says, in an element that is laid over the plot. */
export function tip(mark: Mark, width: number): HTMLElement {
  const words = alarmWords(mark.kind);
  const box = document.createElement("div");
  box.className = "tip";
  box.setAttribute("role", "tooltip");
  const title = document.createElement("b");
  title.textContent = words.name;
  const when = document.createElement("span");
  when.className = "faint";
  when.textContent = ` ${steps(mark)}`;
  const said = document.createElement("p");
  said.textContent = mark.last.message;
  const means = document.createElement("p");
  means.className = "faint";
  means.textContent = words.means;
  box.append(title, when, said, means);
  const room = Math.min(280, width);
  box.style.width = `${room}px`;
  box.style.left = `${Math.max(0, Math.min(width - room, mark.left - room / 2))}px`;
  return box;
}

function steps({ step, last, times }: Mark): string {
  return times === 1 ? `step ${step}` : `${times} times, steps ${step} to ${last.step}`;
}

function sentence(mark: Mark): string {
  const { name, means } = alarmWords(mark.kind);
  return `Alarm: ${name}, ${steps(mark)}. ${mark.last.message} ${means}`;
}
