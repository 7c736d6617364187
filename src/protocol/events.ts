/** `events.jsonl` of a run: one JSON object a line, append-only. Times are seconds since the epoch. */

/**
 * What a step does. trial, correction: ScRPO and reflect-retry-reward (every step of GRPO, DAPO and Dr. GRPO is a
 * trial); stage-1, stage-2: SCoRe; outcome, process: S²R; supervised: SFT and S²R's behaviour initialisation;
 * preference: DPO.
 */
export type Stage =
  | "trial"
  | "correction"
  | "stage-1"
  | "stage-2"
  | "outcome"
  | "process"
  | "supervised"
  | "preference";

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
  /** collecting: sampling what supervised training is made of. */
  phase: "loading" | "collecting" | "training" | "saving" | "exporting";
}
/** Keys are our names where docs/methods.md defines them, TRL's own otherwise. Absent means not measured at this step. */
export interface RunMetrics {
  type: "metrics";
  time: number;
  step: number;
  stage: Stage;
  /** Mean reward of the scored rollouts; absent where nothing is sampled (SFT, DPO). */
  reward?: number;
  /** Share of scored rollouts whose (last) answer is right. */
  accuracy?: number;
  /** Shares of all rollouts: those that nobody can judge are in no accuracy, those that were cut off are failures. */
  unscored?: number;
  truncated?: number;
  loss?: number;
  kl?: number;
  entropy?: number;
  clip_ratio?: number;
  grad_norm?: number;
  learning_rate?: number;
  /** Median tokens of the analyses (correction stage). */
  analysis_length?: number;
  completion_length?: number;
  /** Mean of p(1-p) over groups. */
  variance?: number;
  /** Share of groups whose scored rewards are all equal (S²R's process RL: those of every action). */
  zero_variance?: number;
  pool_size?: number;
  /** Unique problems in the pool over its size. */
  pool_unique?: number;
  pool_admitted?: number;
  pool_evicted?: number;
  /** Mean steps since the pool's errors were admitted. */
  pool_age?: number;
  /** Share of the pool that its commonest problem has. */
  pool_top?: number;
  /** Share of a trial step's wrong answers that the pool already held. */
  pool_repeats?: number;
  /** Entropy of the error types of the pool's errors that have one (bits), and the share of those. */
  pool_type_entropy?: number;
  pool_typed?: number;
  /** SCoRe (intrinsic): shares of all episodes; delta = delta_i2c - delta_c2i = acc_t2 - acc_t1. */
  acc_t1?: number;
  acc_t2?: number;
  delta_i2c?: number;
  delta_c2i?: number;
  /** Share of episodes whose second answer differs from the first. */
  changed?: number;
  /** SCoRe: share of episodes whose first attempt left no room for a second. They are in none of the shares above. */
  one_attempt?: number;
  /** S²R: share of parsed verifications that tell the truth; of wrong solutions found wrong; of "right" that are. */
  verification_accuracy?: number;
  error_recall?: number;
  correct_precision?: number;
  /** S²R: share of verifications without a verdict. */
  unparsed?: number;
  /** S²R: mean solutions of an episode. (`acc_t1` holds its first solutions, `accuracy` the last ones.) */
  solutions?: number;
  /** DAPO: generation batches that the step took, and the share of its groups that were thrown away. */
  generation_batches?: number;
  discarded?: number;
  /** DAPO: share of the step's groups that the filter did not keep, taken where max_batches brought no better ones. */
  filled?: number;
  /** DAPO: share of rollouts that were penalised for their length. */
  overlong?: number;
  /** SFT: share of learning tokens that the model would have chosen. */
  token_accuracy?: number;
  /** DPO: summed log-probabilities, their margin times beta, and the share of pairs with a positive margin. */
  chosen_logp?: number;
  rejected_logp?: number;
  margin?: number;
  margin_accuracy?: number;
  step_seconds?: number;
  /** Generated tokens so far. */
  tokens?: number;
  tokens_per_second?: number;
  /** Most memory that tensors ever took on the first rank's GPU, in GiB. */
  gpu_memory?: number;
}
export interface RunRollouts {
  type: "rollouts";
  time: number;
  step: number;
  /** Relative to the run's folder. */
  file: string;
}
/** SFT, DPO and S²R's initialisation: what they learn from, counted by kind, before the first step. */
export interface RunExamples {
  type: "examples";
  time: number;
  counts: Record<string, number>;
  /** Candidates that were left out, by reason, in words. */
  left_out: Record<string, number>;
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
export type RunEvent =
  | RunStart
  | RunPhase
  | RunMetrics
  | RunRollouts
  | RunExamples
  | RunCheckpoint
  | RunAlarm
  | RunEnd;

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
  /** null: nobody can tell. */
  reward: number | null;
  advantage: number;
  tokens: number;
  /** Tokens that receive a policy gradient. */
  learning_tokens: number;
  /** Those of them that are a reflection's analysis; absent in files of older versions. */
  learning_analysis?: number;
  /** What was said in turn, where a rollout has several model turns (SCoRe, S²R, reflect-retry-reward). */
  turns?: RolloutTurn[];
}

/** One model turn of a rollout. */
export interface RolloutTurn {
  kind: "solution" | "verification" | "reflection";
  text: string;
  answer: string | null;
  /** Of a solution by its answer; of a verification: does it tell the truth? */
  verdict: "correct" | "incorrect" | "unscored" | "truncated";
  reward: number | null;
  tokens: number;
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
