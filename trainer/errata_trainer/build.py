"""Puts a trainer together from a job."""

import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import gather_object
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from trl.trainer.utils import disable_dropout_in_model

from errata_trainer.errors import TrainerError
from errata_trainer.events import EventLog
from errata_trainer.grader import Grader, MathVerifyGrader, NodeGrader
from errata_trainer.recipe import Job
from errata_trainer.recorder import Recorder

METHODS = {
    "scrpo": ("scrpo", "ScRPOTrainer"),
    "grpo": ("online", "OnlineTrainer"),
    "dr_grpo": ("online", "OnlineTrainer"),
    "dapo": ("dapo", "DAPOTrainer"),
    "score": ("score", "SCoReTrainer"),
    "s2r": ("s2r", "S2RTrainer"),
    "rrr": ("rrr", "ReflectRetryTrainer"),
    "sft": ("sft", "FineTuning"),
    "dpo": ("dpo", "PreferenceTrainer"),
}
"""Module and class of every method; a class says what TRL's configuration is (`configure`)."""


def trainer_class(recipe: dict[str, Any]) -> Any:
    """The class that a recipe asks for."""
    module, name = METHODS[recipe["method"]]
    if recipe["method"] == "s2r" and recipe["s2r"]["stage"] == "initialise":
        module, name = "s2r_initialise", "BehaviourTrainer"
    return getattr(import_module(f"errata_trainer.{module}"), name)


def build_trainer(job: Job, log: EventLog, *, cuda: bool) -> Any:
    """Model, tokenizer, grader and TRL's configuration, in a trainer that is ready to train."""
    tokenizer = load_tokenizer(job)
    model = load_model(job)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    trainer = trainer_class(job.recipe)
    return trainer(
        job,
        model,
        tokenizer,
        trainer.configure(job, cuda=cuda, world_size=world),
        make_grader(job, log),
        Recorder(log),
        peft_config=lora_config(job, model),
    )


def load_model(job: Job) -> PreTrainedModel:
    """The base model in float32: on a GPU autocast computes in bfloat16, the weights that learn stay exact.

    Without dropout of its own. It is taken away here, before there are adapters: TRL would take theirs away, too.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(job.trainable, dtype=torch.float32)
    except (OSError, ValueError, RuntimeError) as error:
        raise TrainerError(
            f"The trainable weights in {job.trainable} cannot be loaded: {error}.",
            "Choose another model, or fetch this one anew.",
        ) from error
    disable_dropout_in_model(model)
    return model


def lora_config(job: Job, model: PreTrainedModel) -> LoraConfig | None:
    """PEFT's configuration; None trains all weights. Raises TrainerError for modules that there are not."""
    lora = job.recipe["lora"]
    if lora is None:
        return None
    # The head is computed in pieces by TRL, past any adapter on it.
    known = {name.rpartition(".")[2] for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)}
    known -= {"lm_head"}
    if lora["targets"] != "all-linear" and not set(lora["targets"]) <= known:
        unknown = ", ".join(sorted(set(lora["targets"]) - known))
        raise TrainerError(
            f"recipe.json: lora.targets: {job.model} has no linear layer {unknown} that adapters could learn.",
            f"It has {', '.join(sorted(known))}.",
        )
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=lora["rank"],
        lora_alpha=lora["alpha"],
        lora_dropout=lora["dropout"],
        target_modules=lora["targets"],
        bias="none",
    )


def load_tokenizer(job: Job) -> PreTrainedTokenizerBase:
    """The base model's tokenizer. Raises TrainerError when it cannot render a chat."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(job.trainable, padding_side="left")
    except (OSError, ValueError) as error:
        raise TrainerError(
            f"The tokenizer in {job.trainable} cannot be loaded: {error}.", "Fetch the model anew."
        ) from error
    if tokenizer.chat_template is None:
        raise TrainerError(
            f"The tokenizer in {job.trainable} has no chat template.", "Choose an instruction-tuned model."
        )
    return tokenizer


def make_grader(job: Job, log: EventLog) -> Grader:
    """The pool's own grader; where a rank's machine has none, math-verify for all, and an alarm that says so."""
    # Ranks may be on other machines than the one that wrote launch.json; one grader gives all the rewards.
    if job.grader and all(gather_object([is_there(job.grader)])):
        return NodeGrader(job.grader)
    message = "Node is missing here: math-verify grades this run, whose verdicts may differ from the pool's."
    log.emit("alarm", step=0, kind="grader", message=message)
    return MathVerifyGrader()


def is_there(command: list[str]) -> bool:
    """Has this machine the program, and the files that its words name?"""
    paths = [Path(word) for word in command[1:]]
    return shutil.which(command[0]) is not None and all(path.exists() for path in paths if path.is_absolute())
