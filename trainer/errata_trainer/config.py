"""From a recipe to TRL's configuration. Every field that the method names is set here, none left to TRL."""

from typing import Any

from trl import GRPOConfig

from errata_trainer.errors import TrainerError
from errata_trainer.recipe import Job


def grpo_config(job: Job, *, cuda: bool, world_size: int = 1) -> GRPOConfig:
    """GRPO of one update a batch (arXiv 2402.03300), with token-level normalisation (METHODS.md)."""
    recipe = job.recipe
    rollouts = recipe["problems_per_step"] * recipe["num_generations"] // world_size
    micro = recipe.get("micro_batch") or rollouts
    if rollouts % micro:
        raise TrainerError(
            f"recipe.json: micro_batch: {rollouts} rollouts a step cannot be cut into pieces of {micro}.",
            "Choose a divisor of problems_per_step times num_generations.",
        )
    # The reference model exists only when TRL sees a beta; each stage then sets its own.
    beta = max(recipe["beta"], recipe["correction"]["beta"]) if job.cycle[1] else recipe["beta"]
    objective: dict[str, Any] = {
        # dapo: the sum over tokens divided by their number in the whole batch, never per sequence.
        "loss_type": "dapo",
        "importance_sampling_level": "token",
        "scale_rewards": "group",
        "multi_objective_aggregation": "sum_then_normalize",
        "reward_weights": [1.0],
        "num_iterations": 1,
        "epsilon": recipe["epsilon"],
        "epsilon_high": recipe["epsilon_high"],
        "delta": None,
        "beta": beta,
        # The plain k3 estimator; TRL's default multiplies it by the probability ratio.
        "use_bias_correction_kl": False,
        "sync_ref_model": False,
        "mask_truncated_completions": False,
        "top_entropy_quantile": 1.0,
        "entropy_coef": 0.0,
        "use_adaptive_entropy": False,
        "off_policy_mask_threshold": None,
        "disable_dropout": True,
    }
    sampling: dict[str, Any] = {
        "num_generations": recipe["num_generations"],
        "max_completion_length": recipe["max_completion_length"],
        "temperature": recipe["temperature"],
        "top_p": recipe["top_p"],
        "top_k": recipe["top_k"],
        "min_p": None,
        "repetition_penalty": 1.0,
        "use_vllm": False,
        "use_transformers_continuous_batching": False,
    }
    optimiser: dict[str, Any] = {
        "optim": "adamw_torch",
        "learning_rate": recipe["learning_rate"],
        "lr_scheduler_type": "constant",
        "warmup_steps": 0,
        "adam_beta1": recipe["adam_beta1"],
        "adam_beta2": recipe["adam_beta2"],
        "adam_epsilon": 1e-8,
        "weight_decay": recipe["weight_decay"],
        "max_grad_norm": recipe["max_grad_norm"],
        "max_steps": recipe["max_steps"],
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": rollouts // micro,
        "gradient_checkpointing": False,
    }
    return GRPOConfig(
        output_dir=str(job.folder / "checkpoints"),
        seed=recipe["seed"],
        use_cpu=not cuda,
        bf16=cuda,
        save_strategy="steps",
        save_steps=recipe["checkpoint_every"],
        save_total_limit=2,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        log_completions=False,
        # Rows are places in a step, not problems: the order never depends on the loader (scrpo.py).
        shuffle_dataset=False,
        ignore_data_skip=True,
        dataloader_pin_memory=cuda,
        **objective,
        **sampling,
        **optimiser,
    )
