/** Generated from schemas/recipe.schema.json by scripts/generate-types.mjs: do not edit. */

/**
 * A self-correction fine-tune run. With its seed, a recipe repeats a run.
 */
export interface Recipe {
  $schema?: string;
  /**
   * Name of the run; by default the method's.
   */
  name?: string;
  /**
   * scrpo: trial and error (GRPO whose wrong answers fill the pool), then self-correction on that pool, alternating (arXiv 2511.06065). grpo: first attempts alone (arXiv 2402.03300).
   */
  method: "scrpo" | "grpo";
  /**
   * Id of a model in the Models view, or its folder. It needs trainable weights.
   */
  model: string;
  /**
   * Problem set (JSONL), relative to this file. Never put held-out problems here.
   */
  problems: string;
  /**
   * Use only the first so many problems.
   */
  limit?: number;
  seed?: number;
  /**
   * Optimiser steps, both stages together.
   */
  max_steps?: number;
  /**
   * Problems (or pool errors) in one step; each gets num_generations rollouts.
   */
  problems_per_step?: number;
  /**
   * G: rollouts of one problem, and of one pool error.
   */
  num_generations?: number;
  /**
   * Rollouts in one forward and backward pass; 0 is all of a step at once. Fewer need less memory and give the same result.
   */
  micro_batch?: number;
  /**
   * New tokens at most.
   */
  max_completion_length?: number;
  temperature?: number;
  top_p?: number;
  /**
   * 0 is off.
   */
  top_k?: number;
  /**
   * Of the trial stage.
   */
  learning_rate?: number;
  /**
   * Weight of the KL (k3) to the base model in the trial stage.
   */
  beta?: number;
  /**
   * Lower clip of the probability ratio.
   */
  epsilon?: number;
  /**
   * Upper clip of the probability ratio.
   */
  epsilon_high?: number;
  adam_beta1?: number;
  adam_beta2?: number;
  weight_decay?: number;
  max_grad_norm?: number;
  /**
   * Steps between checkpoints; Stop saves one more.
   */
  checkpoint_every?: number;
  /**
   * CPU threads of the trainer; 0 leaves one core to the editor.
   */
  threads?: number;
  /**
   * Stage 2 of ScRPO: question and wrong solution in, analysis and corrected solution out.
   */
  correction?: {
    /**
     * Steps of trial, then steps of correction, repeated. [0, n] is correction alone (the pool must then be seeded).
     *
     * @minItems 2
     * @maxItems 2
     */
    cycle?: [number, number];
    learning_rate?: number;
    /**
     * Weight of the KL in this stage. Without it small models collapsed.
     */
    beta?: number;
    /**
     * Tokens that receive the policy gradient. analysis: through the last token of the Corrected Solution marker.
     */
    mask?: "analysis" | "solution" | "all";
    /**
     * Tokens that receive the KL: those of mask, or all.
     */
    kl_mask?: "mask" | "all";
    /**
     * skip: wrong corrections give no policy term (the literal reading of ScRPO); signed: their advantage on the mask; all: on every token.
     */
    on_failure?: "skip" | "signed" | "all";
    /**
     * Do tokens of <think> before the analysis learn?
     */
    think_mask?: 0 | 1;
  };
  /**
   * Which groups' wrong answers enter the pool. Computed on correctness.
   */
  filter?:
    | {
        kind: "variance";
        /**
         * p(1-p) over its largest value at this G.
         */
        min?: number;
      }
    | {
        kind: "mixed";
      }
    | {
        kind: "band";
        low: number;
        high: number;
      }
    | {
        kind: "all";
      };
  /**
   * The run's own error pool.
   */
  pool?: {
    /**
     * Errors to begin with: none, the workspace's error pool, or only those whose correction a person accepted.
     */
    seed_from?: "none" | "pool" | "accepted";
    max_size?: number;
    /**
     * Wrong answers admitted per problem and visit.
     */
    per_problem?: number;
    /**
     * Times one error is reflected on before it leaves.
     */
    max_uses?: number;
  };
  /**
   * Cut <think>…</think> from a wrong solution before it is reflected on.
   */
  strip_thinking?: boolean;
  /**
   * Precision of the ONNX model the run ends with.
   */
  export?: "fp32" | "fp16" | "int4" | "none";
}
