import type uPlot from "uplot";
import { xOf } from "../../src/protocol/run-curve.js";
import { indexAt, type PlotActions, pointsOf, type Scene } from "./shown.js";

/** A plot by keyboard: arrows read it out, Enter opens a step, plus and minus zoom. False: not one of its keys. */
export function chartKey(event: KeyboardEvent, u: uPlot, scene: Scene, act: PlotActions): boolean {
  const [run] = scene.runs;
  const points = (run ? pointsOf(run) : []).filter((p) => xOf(p, scene.axis) !== undefined);
  const { min = 0, max = 1 } = u.scales.x ?? {};
  const [low, high] = [min ?? 0, max ?? 1];
  const { left } = u.cursor;
  const here = left === undefined || left < 0 ? high : u.posToVal(left, "x");
  const at = Math.max(0, indexAt(points, here + (high - low) * 1e-6, scene.axis));

  const go = (index: number): true => {
    const point = points[Math.max(0, Math.min(points.length - 1, index))];
    const x = point && xOf(point, scene.axis);
    if (x === undefined) return true;
    u.setCursor({ left: u.valToPos(x, "x"), top: u.over.clientHeight / 2 });
    act.hover(x, true);
    return true;
  };
  const zoom = (by: number): true => {
    const half = ((high - low) * by) / 2;
    act.zoom({ from: Math.max(0, here - half), to: here + half });
    return true;
  };
  switch (event.key) {
    case "ArrowLeft":
      return go(at - (event.shiftKey ? 10 : 1));
    case "ArrowRight":
      return go(at + (event.shiftKey ? 10 : 1));
    case "Home":
      return go(0);
    case "End":
      return go(points.length - 1);
    case "Enter": {
      const point = points[at];
      if (point) act.pick(point.step);
      return true;
    }
    case "+":
    case "=":
      return zoom(0.5);
    case "-":
      return scene.zoom ? zoom(2) : true;
    case "0":
    case "Escape":
      if (!scene.zoom) return false;
      act.zoom(null);
      return true;
    default:
      return false;
  }
}
