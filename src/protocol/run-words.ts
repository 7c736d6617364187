import type { RunPhase, Stage } from "./events.js";

/** Methods as the papers write them. */
export const METHOD_NAMES: Readonly<Record<string, string>> = {
  scrpo: "ScRPO",
  grpo: "GRPO",
  dapo: "DAPO",
  dr_grpo: "Dr. GRPO",
  s2r: "S²R",
  score: "SCoRe",
  rrr: "Reflect, Retry, Reward",
  sft: "SFT",
  dpo: "DPO",
};

/** What a step does, for people. */
export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  trial: "trial and error",
  correction: "self-correction",
  "stage-1": "stage I",
  "stage-2": "stage II",
  outcome: "outcome rewards",
  process: "process rewards",
  supervised: "supervised",
  preference: "preferences",
};

export const PHASE_NAMES: Readonly<Record<RunPhase["phase"], string>> = {
  loading: "loading the model",
  collecting: "collecting examples",
  training: "training",
  saving: "saving a checkpoint",
  exporting: "exporting the model",
};

/** What Resume does with a run, by the step of its last checkpoint. */
export function resumeWords(checkpoint: number | null): string {
  return checkpoint === null
    ? "No checkpoint was kept: Resume begins again at step 0"
    : `Resume goes on from the checkpoint of step ${checkpoint}`;
}

/** The stages that are shaded on the curves: the second of the two that a method alternates or goes through. */
export const SHADED: ReadonlySet<Stage> = new Set(["correction", "stage-2"]);
