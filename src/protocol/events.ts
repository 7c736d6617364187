/** `events.jsonl` of a run: one JSON object a line, append-only. Times are seconds since the epoch. */

export type Stage = "trial" | "correction";

export interface RunStart {
  type: "start";
  time: number;
  run: string;
  method: string;
  /** Steps in all. */
  steps: number;
  /** Step it resumes after; 0 for a new run. */
  resumedFrom: number;
  device: string;
  model: string;
  pid: number;
}
/** What the trainer is doing between and around steps. */
export interface RunPhase {
  type: "phase";
  time: number;
  phase: "loading" | "training" | "saving" | "exporting";
}
/** Keys are our names where METHODS.md defines them, TRL's own otherwise. Absent means not measured at this step. */
export interface RunMetrics {
  type: "metrics";
  time: number;
  step: number;
  stage: Stage;
  reward: number;
  /** Share of rollouts whose answer is right. */
  accuracy: number;
  loss?: number;
  kl?: number;
  entropy?: number;
  clip_ratio?: number;
  grad_norm?: number;
  learning_rate?: number;
  /** Median tokens of the analyses (correction stage). */
  analysis_length?: number;
  completion_length?: number;
  zero_variance?: number;
  pool_size?: number;
  /** Unique problems in the pool over its size. */
  pool_unique?: number;
  pool_admitted?: number;
  pool_evicted?: number;
  step_seconds?: number;
  /** Generated tokens so far. */
  tokens?: number;
  tokens_per_second?: number;
}
export interface RunRollouts {
  type: "rollouts";
  time: number;
  step: number;
  /** Relative to the run's folder. */
  file: string;
}
export interface RunCheckpoint {
  type: "checkpoint";
  time: number;
  step: number;
  path: string;
}
export interface RunAlarm {
  type: "alarm";
  time: number;
  step: number;
  kind: string;
  message: string;
}
export interface RunEnd {
  type: "end";
  time: number;
  reason: "finished" | "stopped" | "failed";
  message?: string;
  /** Where the exported model lies, relative to the run's folder; absent when nothing was exported. */
  model?: string;
}
export type RunEvent = RunStart | RunPhase | RunMetrics | RunRollouts | RunCheckpoint | RunAlarm | RunEnd;

/** One line of `rollouts/step-N.jsonl`. */
export interface Rollout {
  problem_id: string;
  problem: string;
  gold: string;
  stage: Stage;
  /** The wrong solution that was reflected on (correction stage). */
  wrong?: string;
  completion: string;
  analysis?: string;
  answer: string | null;
  verdict: "correct" | "incorrect" | "unscored" | "truncated";
  reward: number;
  advantage: number;
  tokens: number;
  /** Tokens that receive a policy gradient. */
  learning_tokens: number;
}

/** `heartbeat.json`, rewritten every 2 seconds while the trainer lives. `started` tells a reused pid apart. */
export interface Heartbeat {
  pid: number;
  /** Start time of the process, seconds since the epoch. */
  started: number;
  time: number;
}
/** `control.json`, written by us, read by the trainer between steps. */
export interface Control {
  command: "stop";
}
