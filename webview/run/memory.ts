import { AXES } from "../../src/protocol/run-curve.js";
import { ROLLOUT_PAGE, type RunMemory } from "../../src/protocol/run-panel.js";

/** What is remembered, with defaults for what an older version did not keep. */
export function remembered(memory: Partial<RunMemory> | undefined): RunMemory {
  const { axis } = memory ?? {};
  return {
    runId: "",
    tables: [],
    logs: [],
    smoothing: 0,
    zoom: null,
    others: [],
    rollouts: { step: null, verdicts: [], rows: ROLLOUT_PAGE },
    open: [],
    logOpen: false,
    scroll: 0,
    ...memory,
    axis: axis && AXES.includes(axis) ? axis : "step",
  };
}
