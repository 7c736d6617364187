"""From a recipe to TRL's configuration. Every field that the method names is set here, none left to TRL."""

from importlib.util import find_spec
from typing import Any

from trl import DPOConfig, GRPOConfig, SFTConfig

from errata_trainer.errors import TrainerError
from errata_trainer.recipe import Job


def grpo_config(job: Job, *, cuda: bool, world_size: int = 1) -> GRPOConfig:
    """GRPO of one update a batch (arXiv 2402.03300), with token-level normalisation (docs/methods.md)."""
    recipe = job.recipe
    # The reference model exists only when TRL sees a beta; each stage and token then has its own.
    others = {
        "scrpo": recipe["correction"]["beta"] if job.cycle[1] else 0.0,
        "rrr": recipe["correction"]["beta"],
        "score": recipe["score"]["beta_first"] if recipe["score"]["stage_one_steps"] else 0.0,
    }
    beta = max(recipe["beta"], others.get(recipe["method"], 0.0))
    objective: dict[str, Any] = {
        # dapo: the sum over tokens divided by their number in the whole batch; dr_grpo: by a constant.
        "loss_type": {"tokens": "dapo", "constant": "dr_grpo"}[recipe["normalise"]],
        "importance_sampling_level": "token",
        "scale_rewards": recipe["scale_rewards"],
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
        # Of adapters, too: the base model's own is off before (build.py).
        "disable_dropout": False,
    }
    sampling: dict[str, Any] = {
        "num_generations": recipe["num_generations"],
        "max_completion_length": recipe["max_completion_length"],
        "temperature": recipe["temperature"],
        "top_p": recipe["top_p"],
        "top_k": recipe["top_k"],
        "min_p": None,
        "repetition_penalty": 1.0,
        **vllm_config(recipe),
        "use_transformers_continuous_batching": False,
    }
    rows = recipe["problems_per_step"] * recipe["num_generations"]
    return GRPOConfig(
        log_completions=False,
        # Rows are places in a step, not problems: the order never depends on the loader (online.py).
        shuffle_dataset=False,
        ignore_data_skip=True,
        **objective,
        **sampling,
        **common(job, rows, "rollouts", cuda, world_size),
    )


def sft_config(job: Job, *, cuda: bool, world_size: int = 1) -> SFTConfig:
    """Supervised fine-tuning on the tokens of a mask: the mean over all of a step's, whatever the pieces."""
    return SFTConfig(
        loss_type="nll",
        # Examples come with their tokens and labels; one that is too long is left out, never cut.
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
        packing=False,
        padding_free=False,
        pad_to_multiple_of=None,
        average_tokens_across_devices=True,
        **in_order(),
        **common(job, job.recipe["problems_per_step"], "examples", cuda, world_size),
    )


def dpo_config(job: Job, *, cuda: bool, world_size: int = 1) -> DPOConfig:
    """DPO (arXiv 2305.18290), or its IPO loss (arXiv 2310.12036), against the base model."""
    recipe = job.recipe
    return DPOConfig(
        beta=recipe["beta"],
        loss_type=[recipe["dpo"]["loss"]],
        label_smoothing=0.0,
        use_weighting=False,
        f_divergence_type="reverse_kl",
        precompute_ref_log_probs=False,
        sync_ref_model=False,
        disable_dropout=False,
        max_length=None,
        padding_free=False,
        pad_to_multiple_of=None,
        **in_order(),
        **common(job, recipe["problems_per_step"], "pairs", cuda, world_size),
    )


def in_order() -> dict[str, Any]:
    """Rows stand in the order in which they are learnt (offline.py); a resumed run skips those of earlier steps."""
    return {"train_sampling_strategy": "sequential", "ignore_data_skip": False, "dataloader_drop_last": True}


def common(job: Job, rows: int, what: str, cuda: bool, world_size: int) -> dict[str, Any]:
    """Optimiser, batch and bookkeeping, of every method. `rows` are those of a step, of all ranks together.

    Raises TrainerError where they cannot be cut into the recipe's pieces.
    """
    recipe = job.recipe
    own = rows // world_size
    micro = recipe.get("micro_batch") or own
    if own * world_size != rows or own == 0:
        raise TrainerError(
            f"recipe.json: {rows} {what} a step cannot be shared by {world_size} processes.",
            "Choose a multiple of their number as problems_per_step.",
        )
    if own % micro:
        raise TrainerError(
            f"recipe.json: micro_batch: {own} {what} a step cannot be cut into pieces of {micro}.",
            f"Choose a divisor of {own}.",
        )
    return {
        "output_dir": str(job.folder / "checkpoints"),
        "seed": recipe["seed"],
        "use_cpu": not cuda,
        "bf16": cuda,
        "save_strategy": "steps",
        "save_steps": recipe["checkpoint_every"],
        "save_total_limit": 2,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": cuda,
        # They are constants, and ranks may take unlike many passes a step (shared_prompts.py).
        "ddp_broadcast_buffers": False,
        "optim": "adamw_torch",
        # The trainer sets each step's own rate: stages differ, and a resumed run must not depend on a scheduler.
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
        "gradient_accumulation_steps": own // micro,
        "gradient_checkpointing": recipe["gradient_checkpointing"],
    }


def vllm_config(recipe: dict[str, Any]) -> dict[str, Any]:
    """TRL's vLLM fields. Raises TrainerError where vLLM is not installed."""
    rollouts = recipe["rollouts"]
    if rollouts["engine"] != "vllm":
        return {"use_vllm": False}
    if find_spec("vllm") is None:
        raise TrainerError(
            "recipe.json: rollouts.engine is vllm, and vLLM is not installed beside the trainer.",
            "Install it into the trainer's Python environment, or set rollouts.engine to transformers.",
        )
    return {
        "use_vllm": True,
        "vllm_mode": rollouts["mode"],
        "vllm_server_base_url": rollouts["server"] if rollouts["mode"] == "server" else None,
        "vllm_gpu_memory_utilization": rollouts["gpu_memory"],
        # vLLM rounds differently from the trainer: truncated importance weights make up for it.
        "vllm_importance_sampling_correction": True,
        "vllm_importance_sampling_mode": "token_truncate",
    }
