import type { RunEvent, Stage } from "../protocol/events.js";
import type { Report } from "../protocol/types.js";
import type { PreviewedRun } from "./preview.js";

export type RunStatus = "starting" | "running" | "stopping" | "stopped" | "finished" | "failed" | "died";

/** A run as its folder tells it. */
export interface RunInfo {
  id: string;
  folder: string;
  name: string;
  method: string;
  model: string;
  status: RunStatus;
  step: number;
  steps: number;
  /** Step of the last checkpoint, from which Resume goes on; null: there is none, and Resume begins at step 0. */
  checkpoint: number | null;
  stage: Stage | null;
  phase: string | null;
  startedAt: string;
  secondsLeft: number | null;
  /** Why it ended, with the last lines of its log that matter. */
  message: string | null;
  /** Id in Models, once registered. */
  modelId: string | null;
}

/** Runs of one workspace: everything is read from `.errata/runs/<id>/`. */
export interface Runs {
  list(): Promise<RunInfo[]>;
  get(id: string): Promise<RunInfo>;
  /** What a run of this recipe would be given and would learn from. Leaves no trace. */
  preview(recipeFile: string, report?: Report): Promise<PreviewedRun>;
  /** Checks the recipe, writes the run's folder, starts the detached trainer. Returns the run's id. */
  start(recipeFile: string, report?: Report): Promise<string>;
  /** Asks the trainer to save a checkpoint and end (through control.json). */
  stop(id: string): Promise<void>;
  resume(id: string, report?: Report): Promise<void>;
  /** Refuses while it is alive. */
  remove(id: string): Promise<void>;
  /** Every event so far at once, then new ones as they are appended. */
  watch(id: string, on: (events: RunEvent[]) => void): () => void;
  onDidChange(listener: () => void): () => void;
  dispose(): void;
}
