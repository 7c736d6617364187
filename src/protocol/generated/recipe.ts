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
   * scrpo: trial and error (GRPO whose wrong answers fill the pool), then self-correction on that pool, alternating (arXiv 2511.06065). grpo: first attempts alone (arXiv 2402.03300). dapo: GRPO with dynamic sampling, a higher upper clip and no KL (arXiv 2503.14476). dr_grpo: GRPO without its length and difficulty biases (arXiv 2503.20783). s2r: solve, verify, solve again in one trajectory (arXiv 2502.12853). score: two attempts with a bonus for progress (arXiv 2409.12917). rrr: reflect, retry, reward: on errors that trial steps collected without learning, the reflection alone learns, from whether a retry after it is right (arXiv 2505.24726). sft: supervised fine-tuning. dpo: right against wrong attempts (arXiv 2305.18290).
   */
  method: "scrpo" | "grpo" | "dapo" | "dr_grpo" | "s2r" | "score" | "rrr" | "sft" | "dpo";
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
   * Optimiser steps, all stages together.
   */
  max_steps?: number;
  /**
   * Problems (or pool errors, or examples) in one step; where the model samples, each gets num_generations rollouts.
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
   * Less memory for about a third more time.
   */
  gradient_checkpointing?: boolean;
  /**
   * Low-rank adapters instead of all weights; merged into the model at export.
   */
  lora?: null | {
    /**
     * Rank of the adapters.
     */
    rank?: number;
    /**
     * Scale: updates are multiplied by alpha / rank.
     */
    alpha?: number;
    /**
     * Dropout on the adapters' input.
     */
    dropout?: number;
    /**
     * Which modules: all linear layers, or names such as q_proj.
     */
    targets?: "all-linear" | [string, ...string[]];
  };
  /**
   * What samples during training.
   */
  rollouts?: {
    /**
     * transformers works everywhere; vllm needs vLLM beside the trainer, on a GPU.
     */
    engine?: "transformers" | "vllm";
    /**
     * vLLM within the trainer's processes, or a server that `trl vllm-serve` started.
     */
    mode?: "colocate" | "server";
    /**
     * Address of the vLLM server.
     */
    server?: string;
    /**
     * Share of the GPU's memory that a colocated vLLM may take.
     */
    gpu_memory?: number;
  };
  /**
   * Where the run runs.
   */
  target?:
    | {
        /**
         * This machine.
         */
        kind: "local";
        /**
         * Training processes; several start through torchrun, one a GPU.
         */
        processes?: number;
        /**
         * An accelerate configuration, relative to this file; the run starts through accelerate launch.
         */
        accelerate?: string;
      }
    | {
        /**
         * A Ray cluster, through its Jobs API.
         */
        kind: "ray";
        /**
         * Of the cluster's dashboard, such as http://127.0.0.1:8265.
         */
        address: string;
        /**
         * Training processes (Ray Train).
         */
        workers?: number;
        /**
         * CPUs of one worker.
         */
        cpus_per_worker?: number;
        /**
         * GPUs of one worker.
         */
        gpus_per_worker?: number;
        /**
         * Folder of the model's weights (its Hugging Face folder) on every node, where they are too large to travel (500 MiB).
         */
        weights?: string;
        /**
         * Folder that every node sees: checkpoints too large to travel (256 MiB) stay there for Resume.
         */
        storage?: string;
      };
  /**
   * New tokens at most, of one turn of the model.
   */
  max_completion_length?: number;
  temperature?: number;
  top_p?: number;
  /**
   * 0 is off.
   */
  top_k?: number;
  /**
   * Of every stage that has none of its own.
   */
  learning_rate?: number;
  /**
   * After the warm-up.
   */
  lr_schedule?: "constant" | "linear" | "cosine";
  /**
   * Steps in which the learning rate rises from 0.
   */
  warmup_steps?: number;
  /**
   * Weight of the KL to the base model (k3; in the trial stage of ScRPO). S²R folds it into the reward. In DPO: how strongly the reference holds.
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
  /**
   * Advantages divided by the group's standard deviation, or not (Dr. GRPO).
   */
  scale_rewards?: "group" | "none";
  /**
   * The loss is summed over tokens and divided by their number in the step, or by a constant (rollouts times max_completion_length, Dr. GRPO). Never per sequence: that would pay for shorter texts.
   */
  normalise?: "tokens" | "constant";
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
   * Stage 2 of ScRPO (question and wrong solution in, analysis and corrected solution out), and the reflections of rrr.
   */
  correction?: {
    /**
     * Steps of trial, then steps of correction, repeated. [0, n] is correction alone (the pool must then be seeded). In rrr a trial step only collects errors: nothing learns in it.
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
   * Which groups' wrong answers enter the pool; of DAPO's and DPO's groups, which are kept. Computed on correctness.
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
   * The run's own error pool (scrpo, rrr).
   */
  pool?: {
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
   * What the run takes from the workspace's error pool, and which of people's annotations it goes by.
   */
  data?: {
    /**
     * pool: errors of the error pool. all: every stored attempt. selection: those named by attempts. none: nothing, the run samples for itself.
     */
    take?: "pool" | "all" | "selection" | "none";
    /**
     * Ids of the attempts of a selection (the tree's Train on Selection writes them).
     */
    attempts?: number[];
    /**
     * Only problems of these levels; none named means all.
     */
    levels?: string[];
    /**
     * Only problems of these kinds; none named means all.
     */
    kinds?: string[];
    /**
     * Of wrong attempts, only those with these error types; none named means all.
     */
    error_types?: string[];
    /**
     * Only attempts of these models; none named means all.
     */
    models?: string[];
    /**
     * Of wrong attempts. any: whatever the model's correction is worth. right: only those with a right correction; a person's word goes before the grader's. accepted: only those whose correction a person accepted or mended; a person's text stands for the model's.
     */
    corrections?: "any" | "right" | "accepted";
    /**
     * Of wrong attempts, only those with a reflection that people rated at least so on an axis; the newest rating stands.
     */
    min_rating?: null | {
      /**
       * Rubric axis.
       */
      axis?: string;
      /**
       * 1 to 5.
       */
      value: number;
    };
    /**
     * Of wrong attempts, any, or only those whose first wrong step a person marked.
     */
    first_wrong_step?: "any" | "marked";
    /**
     * Of sft, dpo and S²R's initialisation: what the workspace has stored, or what the run samples first.
     */
    examples?: "stored" | "sampled";
  };
  /**
   * DAPO's own (arXiv 2503.14476).
   */
  dapo?: {
    /**
     * Sample on until the step holds problems_per_step groups that the filter keeps.
     */
    dynamic_sampling?: boolean;
    /**
     * Generation batches of one step at most.
     */
    max_batches?: number;
    /**
     * Soft punishment begins this many tokens before max_completion_length; 0 is off.
     */
    overlong_buffer?: number;
    /**
     * Taken off the reward at max_completion_length. Rewards are 0 and 1; the paper's are -1 and 1 and its penalty 1, which is 0.5 here.
     */
    overlong_penalty?: number;
  };
  /**
   * SCoRe (arXiv 2409.12917): two attempts in one conversation, the instruction between them neutral.
   */
  score?: {
    /**
     * Steps of stage I: only the second attempt is rewarded and the first is held to the base model.
     */
    stage_one_steps?: number;
    /**
     * Stage I: weight of the KL on the first attempt (the paper's beta 2).
     */
    beta_first?: number;
    /**
     * Stage II: the second attempt's bonus is alpha times (its reward minus the first's).
     */
    alpha?: number;
    /**
     * Leave-one-out over the group, or its mean and standard deviation.
     */
    baseline?: "leave-one-out" | "group";
  };
  /**
   * S²R (arXiv 2502.12853): solve, verify, solve again until a verification says right.
   */
  s2r?: {
    /**
     * initialise: supervised fine-tuning on trajectories built from the model's own attempts. outcome: reward for the last solution. process: reward for every solution and every verification.
     */
    stage?: "initialise" | "outcome" | "process";
    /**
     * Solutions in one trajectory at most.
     */
    max_solutions?: number;
    /**
     * initialise: verifications sampled of each attempt; one that tells the truth is kept.
     */
    verifications?: number;
    /**
     * initialise: harder problems get more failed tries; problems whose success rate lies outside keep one solution.
     *
     * @minItems 2
     * @maxItems 2
     */
    band?: [number, number];
  };
  /**
   * Supervised fine-tuning.
   */
  sft?: {
    /**
     * gold: the problem set's own solutions. rejection: the model's right attempts. corrections: the right correction of a wrong attempt, as a first answer. pairs: a wrong attempt, and the analysis and right correction of it.
     *
     * @minItems 1
     */
    examples?: [
      "gold" | "rejection" | "corrections" | "pairs",
      ...("gold" | "rejection" | "corrections" | "pairs")[]
    ];
    /**
     * Examples of one problem and kind at most.
     */
    per_problem?: number;
    /**
     * Of pairs: which tokens learn.
     */
    pairs_mask?: "analysis" | "solution" | "all";
  };
  /**
   * DPO (arXiv 2305.18290); beta is the recipe's.
   */
  dpo?: {
    /**
     * Pairs of one problem at most, each a right against a wrong attempt of one group.
     */
    per_problem?: number;
    /**
     * Sigmoid is the paper's; ipo does not overfit to certain preferences (arXiv 2310.12036).
     */
    loss?: "sigmoid" | "ipo";
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
